data <- transform(grouped_data(), between2 = 2 * between)
data$x[c(3, 10)] <- NA
fit <- suppressMessages(relm(y ~ x + f + between + between2 + (1 + x || g), data, weights = w,
                             subset = v > -1, seed = 1, chains = 1, draws = 5))
used <- subset(data, v > -1 & !is.na(x))

test_that("formula() and terms() are those of the model", {
  expect_identical(formula(fit), y ~ x + f + between + between2 + (1 + x || g),
                   ignore_formula_env = TRUE)
  expect_identical(attr(terms(fit), "term.labels"), c("x", "f", "between", "between2"))
  expect_equal(attr(terms(fit), "response"), 1)
})

based <- transform(grouped_data(), f = factor(f))
with_bases <- relm(scale(y) ~ poly(x, 2) * f + splines::ns(v, 3) + offset(log(w)) + (1 | g), based,
                   contrasts = list(f = "contr.sum"), weights = w, seed = 1, chains = 1, draws = 50)
by_lm <- lm(scale(y) ~ poly(x, 2) * f + splines::ns(v, 3) + offset(log(w)), based, weights = w,
            contrasts = list(f = "contr.sum"))

test_that("as.formula() and update.formula() take a fit", {
  fit <- relm(log(mercury) ~ length + (1 | station), bass, chains = 1, draws = 5, seed = 1)
  expect_identical(as.formula(fit), formula(fit))
  expect_equal(update.formula(fit, . ~ . - length), log(mercury) ~ (1 | station),
               ignore_formula_env = TRUE)
})

test_that("terms() has what predictions by hand and other packages need, as lm's has", {
  without <- function(x) attributes(x)[setdiff(names(attributes(x)), ".Environment")]
  expect_equal(without(terms(with_bases)), without(terms(by_lm)))
  rows <- based[c(7, 3), c("x", "v", "f", "w")]
  side <- delete.response(terms(with_bases))
  X <- model.matrix(side, model.frame(side, rows), contrasts.arg = list(f = "contr.sum"))
  draws <- as.matrix(with_bases, "^b_", regex = TRUE)
  expect_equal(unname(draws %*% t(X)) + rep(log(rows$w), each = 50),
               unname(posterior_epred(with_bases, rows, re_formula = NA)))
  dotted <- relm(y ~ ., based[c("y", "x", "v")], seed = 1, chains = 1, draws = 5)
  expect_identical(attr(terms(dotted), "term.labels"), c("x", "v"))
})

test_that("model.matrix() has the attributes that lm's has", {
  expect_equal(model.matrix(with_bases), model.matrix(by_lm))
  expect_identical(attr(model.matrix(fit), "assign"), c(0L, 1L, 2L, 2L, 3L))
})

test_that("the fixed and the random part can be had alone, as in lme4", {
  expect_identical(formula(fit, fixed.only = TRUE), y ~ x + f + between + between2,
                   ignore_formula_env = TRUE)
  expect_identical(formula(fit, random.only = TRUE), y ~ (1 | g) + (0 + x | g),
                   ignore_formula_env = TRUE)
  expect_identical(names(model.frame(fit, fixed.only = TRUE)),
                   c("y", "x", "f", "between", "between2"))
  expect_identical(attr(terms(fit, fixed.only = FALSE), "term.labels"),
                   c("x", "f", "between", "between2", "g"))
  expect_identical(attr(terms(fit, random.only = TRUE), "term.labels"), c("g", "x"))
  plain <- relm(y ~ (1 | g), based, seed = 1, chains = 1, draws = 5)
  expect_identical(formula(plain, fixed.only = TRUE), y ~ 1, ignore_formula_env = TRUE)
  expect_identical(names(model.frame(plain, fixed.only = TRUE)), "y")
  expect_error(formula(fit, fixed.only = TRUE, random.only = TRUE), "both", class = "relm_error")
  skip_if_not_installed("lme4")
  merMod <- lme4::lmer(y ~ x + f + (1 + x || g), based)
  ours <- relm(y ~ x + f + (1 + x || g), based, seed = 1, chains = 1, draws = 5)
  expect_identical(formula(ours, fixed.only = TRUE), formula(merMod, fixed.only = TRUE),
                   ignore_formula_env = TRUE)
  expect_identical(names(model.frame(ours, fixed.only = TRUE)),
                   names(model.frame(merMod, fixed.only = TRUE)))
  expect_identical(attr(terms(ours), "predvars"), attr(terms(merMod), "predvars"))
})

test_that("weights are ones where there are none, and go with rows that na.exclude left out", {
  expect_identical(weights(relm(y ~ x, based, chains = 1, draws = 2)), rep(1, nrow(based)))
  based$x[2] <- NA
  excluded <- suppressMessages(relm(y ~ x, based, weights = w, na.action = na.exclude,
                                    chains = 1, draws = 2))
  expect_equal(weights(excluded), replace(based$w, 2, NA), ignore_attr = TRUE)
})

test_that("getData() has the rows used, of the columns that the formula names", {
  expect_identical(getData(fit), used[c("y", "x", "f", "between", "between2", "g", "w", "v")],
                   ignore_attr = "row.names")
  y <- based$y
  x <- based$x
  expect_identical(names(getData(relm(y ~ x, chains = 1, draws = 2))), c("y", "x"))
})

test_that("model.frame() holds the rows used, with their weights", {
  frame <- model.frame(fit)
  expect_identical(nobs(fit), nrow(used))
  expect_identical(rownames(frame), rownames(used))
  expect_identical(as.character(frame$g), used$g)
  expect_identical(model.weights(frame), used$w)
})

test_that("model.matrix() is X without aliased columns, or Z", {
  X <- model.matrix(~ x + f + between, used)
  expect_equal(model.matrix(fit), X, ignore_attr = c("assign", "contrasts"))
  expect_equal(unname(model.matrix(fit, "random")), unname(cbind(1, used$x)))
  expect_identical(colnames(model.matrix(fit, "random")), c("(Intercept)", "x"))
  expect_error(model.matrix(fit, "Z"), "`type`", class = "relm_error")
})

test_that("model.matrix() has the contrasts and the basis of the fit", {
  fit <- relm(y ~ poly(v, 2) + f, grouped_data(), contrasts = list(f = "contr.sum"), seed = 1,
              chains = 1, draws = 5)
  expect_equal(model.matrix(fit), ignore_attr = TRUE,
               model.matrix(~ poly(v, 2) + f, grouped_data(), contrasts.arg = list(f = contr.sum)))
})

test_that("prior_summary() has a row for each parameter that has a prior", {
  table <- prior_summary(relm(y ~ x + (1 + x | g), grouped_data(), sigma = ~ f, seed = 1,
                              chains = 1, draws = 5, prior = relm_prior(cor = lkj(2))))
  expect_identical(table$parameter, c("b_Intercept", "b_x", "sd_g__Intercept", "sd_g__x",
                                      "cor_g(Intercept,x)", "sigma_f"))
  expect_identical(table$prior, c("flat()", "flat()", "uniform()", "uniform()", "lkj(2)",
                                  "jeffreys()"))
})

test_that("prior_summary() works when rstantools's stands before this package's", {
  skip_if_not_installed("rstantools")
  expect_identical(rstantools::prior_summary(fit), prior_summary(fit))
})

test_that("a fit of cross-products has its formula and priors, but no data", {
  small <- relm(crossprods(y ~ x + (1 | g), data = grouped_data()), seed = 1, chains = 1,
                draws = 5)
  expect_identical(formula(small), y ~ x + (1 | g), ignore_formula_env = TRUE)
  expect_identical(nobs(small), nrow(grouped_data()))
  expect_identical(prior_summary(small)$parameter,
                   c("b_Intercept", "b_x", "sd_g__Intercept", "sigma"))
  for (method in list(terms, model.frame, model.matrix)) {
    expect_error(method(small), "needs the data", class = "relm_error")
  }
})

test_that("what stats would answer with NULL is refused, and weights are told", {
  data <- grouped_data()
  fit <- relm(y ~ x, data, weights = w, chains = 1, draws = 2)
  expect_equal(weights(fit), data$w)
  for (method in list(deviance, df.residual, logLik, AIC)) {
    expect_error(method(fit), "for fits of `relm", class = "relm_error")
  }
})

test_that("weights() are ones where none were given, and the prior ones where they were", {
  fit <- relm(y ~ x + (1 | g), grouped_data(), chains = 1, draws = 2)
  expect_identical(weights(fit), rep(1, nobs(fit)))
  expect_identical(weights(fit, type = "prior"), weights(fit))
  expect_error(weights(fit, type = "working"), "`type`", class = "relm_error")
})

test_that("arguments that a method does not know are refused", {
  for (method in c("formula", "terms", "model.frame", "model.matrix", "family", "prior_summary",
                   "weights")) {
    expect_error(do.call(method, list(fit, nonsense = 1)), paste0(method, ".*`nonsense`"),
                 class = "relm_error")
    expect_error(do.call(method, list(fit, nonsense = 1, "prior")), class = "relm_error")
  }
  expect_error(model.matrix(fit, typ0 = "random"), "`type`", class = "relm_error")
})

test_that("the parts of terms() are chosen by TRUE and FALSE alone", {
  fit <- suppressMessages(relm(y ~ x + (1 | g), grouped_data(), chains = 1, draws = 5, seed = 1))
  for (wrong in list(quote(x), NA, c(TRUE, FALSE), "a", list(), NULL)) {
    expect_error(terms(fit, random.only = wrong), "random.only", class = "relm_error")
    expect_error(terms(fit, fixed.only = wrong), "fixed.only", class = "relm_error")
  }
})

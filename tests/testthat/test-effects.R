fit <- relm(y ~ x + f + (1 + v | g), grouped_data(), seed = 1, chains = 2, draws = 100)
quantiles <- function(draws) apply(draws, 2, quantile, c(0.5, 0.025, 0.975), names = FALSE)

# Groups so far apart, and readings so close, that each group's coefficient is its mean.
far_apart <- function() {
  set.seed(4)
  levels <- c("z", "10", "b", "9", "a")
  g <- factor(sample(rep(levels, 8)), levels)
  data.frame(g = g, y = c(5, -3, 8, 1, -6)[g] + rnorm(40, sd = 1e-6))
}

test_that("fixef() has medians, or brms's table, of the draws by column", {
  draws <- as.matrix(fit, "^b_", regex = TRUE)
  expect_equal(fixef(fit), setNames(apply(draws, 2, median), c("(Intercept)", "x", "fb", "fc")))
  table <- fixef(fit, summary = TRUE)
  expect_identical(dimnames(table), list(c("(Intercept)", "x", "fb", "fc"),
                                         c("Estimate", "Est.Error", "Q2.5", "Q97.5")))
  expect_equal(unname(t(table[, c(1, 3, 4)])), unname(quantiles(draws)))
  expect_equal(unname(table[, "Est.Error"]), unname(apply(draws, 2, sd)))
})

test_that("columns are summarized as stats summarizes them", {
  set.seed(3)
  for (n in c(1, 2, 3, 40, 601, 4001)) {
    draws <- cbind(rnorm(n), 1e8 + rnorm(n), round(rnorm(n)), rexp(n), rep(2, n), sort(rnorm(n)))
    probs <- c(0, 0.5, 0.025, 1, 0.9999, 0.5)
    summaries <- summarize_columns(draws, probs)
    expect_equal(summaries$quantiles, t(apply(draws, 2, quantile, probs, names = FALSE)),
                 tolerance = 1e-15)
    expect_equal(summaries$sd, apply(draws, 2, sd), tolerance = 1e-13)
  }
  expect_true(all(is.na(unlist(summarize_columns(cbind(c(1, NaN, 2)), 0.5)))))
})

test_that("vcov() is the covariance of the coefficients' draws", {
  draws <- as.matrix(fit, "^b_", regex = TRUE)
  expect_equal(unname(vcov(fit)), unname(cov(draws)))
  expect_equal(unname(vcov(fit, correlation = TRUE)), unname(cor(draws)))
  expect_identical(dimnames(vcov(fit)), rep(list(names(fixef(fit))), 2))
})

test_that("a model without coefficients has none to show", {
  none <- relm(y ~ 0 + (1 | g), grouped_data(), seed = 1, chains = 1, draws = 5)
  expect_length(fixef(none), 0)
  expect_identical(dim(fixef(none, summary = TRUE)), c(0L, 4L))
})

test_that("ranef() and coef() have a row for each group and a column for each effect", {
  levels <- sort(unique(grouped_data()$g))
  effects <- ranef(fit)
  expect_named(effects, "g")
  expect_identical(dimnames(effects$g), list(levels, c("(Intercept)", "v")))
  expect_identical(dimnames(coef(fit)$g), list(levels, c("v", "(Intercept)", "x", "fb", "fc")))
  expect_identical(coef(fit)$g$fb, rep(fixef(fit)[["fb"]], 7))
  draws <- as.matrix(fit, c("r_g[g4,v]", "coef_g[g4,Intercept]"))
  expect_equal(effects$g["g4", "v"], median(draws[, 1]))
  expect_equal(coef(fit)$g["g4", "(Intercept)"], median(draws[, 2]))
  table <- ranef(fit, summary = TRUE)$g
  expect_identical(dim(table), c(7L, 4L, 2L))
  expect_equal(unname(table["g4", c("Estimate", "Q2.5", "Q97.5"), "v"]),
               unname(quantiles(draws)[, 1]))
  expect_equal(table["g4", "Est.Error", "v"], sd(draws[, 1]))
})

test_that("rows are the factor's levels, whatever the order of the data", {
  data <- far_apart()
  means <- tapply(data$y, data$g, mean)
  for (order in list(1:40, 40:1, order(data$y))) {
    fit <- relm(y ~ (1 | g), data[order, ], sampler = "centered", seed = 1, chains = 1, draws = 50)
    groups <- coef(fit)$g
    expect_identical(rownames(groups), levels(data$g))
    expect_equal(groups[[1]], unname(means[levels(data$g)]), tolerance = 1e-5,
                 ignore_attr = TRUE)
    expect_identical(grep("^r_", variables(fit), value = TRUE),
                     sprintf("r_g[%s,Intercept]", levels(data$g)))
  }
})

test_that("cross-products that are added keep the order of levels", {
  data <- far_apart()
  whole <- crossprods(y ~ (1 | g), data[data$g != "b", ]) +
    crossprods(y ~ (1 | g), data[data$g == "b", ])
  fit <- relm(whole, seed = 1, chains = 1, draws = 5)
  expect_identical(rownames(ranef(fit)$g), levels(data$g))
  numbered <- transform(data, g = rep(1:20, 2))
  whole <- crossprods(y ~ (1 | g), numbered[1:20, ]) + crossprods(y ~ (1 | g), numbered[21:40, ])
  fit <- relm(whole, seed = 1, chains = 1, draws = 5)
  expect_identical(rownames(ranef(fit)$g), as.character(1:20))
})

test_that("sigma(), ngrps() and nobs() count and name as in lme4", {
  by_factor <- relm(y ~ x, grouped_data()[46:1, ], sigma = ~ f, seed = 1, chains = 1, draws = 9)
  draws <- as.matrix(by_factor, sprintf("sigma_f[%s]", c("a", "b", "c")))
  expect_equal(sigma(by_factor), setNames(apply(draws, 2, median), c("a", "b", "c")))
  expect_equal(sigma(fit), median(as.matrix(fit, "sigma")))
  expect_identical(ngrps(fit), c(g = 7L))
  expect_identical(nobs(fit), nrow(grouped_data()))
  expect_length(ngrps(by_factor), 0)
  expect_error(ranef(by_factor), "none", class = "relm_error")
  expect_identical(coef(by_factor), fixef(by_factor))
})

test_that("ngrps() works when lme4's stands before this package's", {
  skip_if_not_installed("lme4")
  expect_identical(lme4::ngrps(fit), c(g = 7L))
})

test_that("tables have what brms asks for, and are given where it is asked for", {
  draws <- as.matrix(fit, "^b_", regex = TRUE)
  table <- fixef(fit, probs = c(0.1, 0.5, 0.9), robust = FALSE)
  expect_identical(colnames(table), c("Estimate", "Est.Error", "Q10", "Q50", "Q90"))
  expect_equal(unname(table[, 1:2]), unname(cbind(colMeans(draws), apply(draws, 2, sd))))
  expect_equal(unname(table[, 4]), unname(apply(draws, 2, median)))
  robust <- fixef(fit, summary = TRUE, robust = TRUE)
  expect_equal(unname(robust[, 1:2]),
               unname(cbind(apply(draws, 2, median), apply(draws, 2, mad))))
  expect_identical(unname(fixef(fit, summary = FALSE)), unname(draws))
  expect_identical(colnames(fixef(fit, summary = FALSE)), names(fixef(fit)))
  expect_error(fixef(fit, summary = FALSE, probs = 0.5), "`probs`", class = "relm_error")
  expect_error(fixef(fit, probs = 5), "`probs`", class = "relm_error")
  expect_error(ranef(fit, robust = 1), "`robust`", class = "relm_error")
})

test_that("means and standard deviations that do not exist are not in tables", {
  few <- subset(grouped_data(), g %in% c("g1", "g2", "g3"))
  heavy <- relm(y ~ x + (1 | g), few, seed = 1, chains = 1, draws = 50)
  expect_true(all(is.na(ranef(heavy, robust = FALSE)$g[, 1:2, ])))
  expect_false(anyNA(ranef(heavy, robust = TRUE)$g))
  expect_true(all(is.na(attr(ranef(heavy)$g, "postVar"))))
  own <- fixef(heavy, robust = FALSE)
  expect_identical(is.na(own[, "Estimate"]), setNames(tails_in(heavy$posterior)[1:2] <= 2,
                                                      rownames(own)))
})

test_that("coefficients and effects are chosen by their names, or as brms spells them", {
  expect_identical(fixef(fit, pars = c("fb", "Intercept")), fixef(fit)[c("(Intercept)", "fb")])
  expect_identical(fixef(fit, pars = "x", summary = TRUE),
                   fixef(fit, summary = TRUE)["x", , drop = FALSE])
  expect_identical(ranef(fit, pars = "v", summary = TRUE)$g,
                   ranef(fit, summary = TRUE)$g[, , "v", drop = FALSE])
  expect_identical(coef(fit, pars = c("v", "x"))$g$x, coef(fit)$g$x)
  expect_identical(vcov(fit, pars = c("x", "fb")), vcov(fit)[c("x", "fb"), c("x", "fb")])
  for (method in list(fixef, ranef, coef, vcov)) {
    expect_error(method(fit, pars = "z"), "`pars`", class = "relm_error")
    expect_error(method(fit, pars = 1), "`pars`", class = "relm_error")
  }
})

test_that("ranef() and coef() have draws, groups in their order", {
  draws <- ranef(fit, summary = FALSE)$g
  expect_identical(dimnames(draws)[2:3], list(rownames(ranef(fit)$g), c("(Intercept)", "v")))
  expect_identical(draws[, "g4", "v"], as.matrix(fit, "r_g[g4,v]")[, 1])
  draws <- coef(fit, summary = FALSE)$g
  expect_identical(draws[, "g4", "(Intercept)"], as.matrix(fit, "coef_g[g4,Intercept]")[, 1])
  expect_identical(draws[, "g2", "x"], as.matrix(fit, "b_x")[, 1])
})

test_that("ranef() has the effects' covariances, groups are named, and a column is dropped", {
  effects <- ranef(fit)$g
  draws <- as.matrix(fit, c("r_g[g4,Intercept]", "r_g[g4,v]"))
  expect_equal(attr(effects, "postVar")[, , match("g4", rownames(effects))], unname(cov(draws)))
  expect_null(attr(ranef(fit, condVar = FALSE)$g, "postVar"))
  for (argument in c("groups", "whichel")) {
    expect_identical(do.call(ranef, c(list(fit), setNames("g", argument))), ranef(fit))
    expect_error(do.call(ranef, c(list(fit), setNames("h", argument))), argument,
                 class = "relm_error")
  }
  dropped <- ranef(fit, pars = "v", drop = TRUE)$g
  expect_identical(c(dropped), setNames(effects$v, rownames(effects)), ignore_attr = TRUE)
  expect_named(dropped, rownames(effects))
  expect_equal(attr(dropped, "postVar"), attr(effects, "postVar")[2, 2, ])
  expect_identical(ranef(fit, drop = TRUE), ranef(fit))
  expect_error(ranef(fit, summary = TRUE, condVar = TRUE), "`condVar`", class = "relm_error")
})

test_that("ranef() has what lme4's has, and coef() lme4's columns", {
  skip_if_not_installed("lme4")
  data <- grouped_data(20)
  theirs <- suppressMessages(suppressWarnings(lme4::lmer(y ~ x + (1 + v | g), data)))
  ours <- relm(y ~ x + (1 + v | g), data, seed = 1, chains = 2, draws = 50)
  expect_identical(names(coef(ours)$g), names(coef(theirs)$g))
  expect_identical(dim(attr(ranef(ours)$g, "postVar")),
                   dim(attr(lme4::ranef(theirs)$g, "postVar")))
  expect_identical(dimnames(ranef(ours)$g), dimnames(lme4::ranef(theirs)$g))
})

test_that("aliased columns are shown where that is asked for", {
  data <- transform(grouped_data(), x2 = 2 * x)
  aliased <- suppressMessages(relm(y ~ x2 + x + f + (1 | g), data, seed = 1, chains = 1,
                                   draws = 20))
  names <- c("(Intercept)", "x2", "x", "fb", "fc")
  expect_identical(fixef(aliased, add.dropped = TRUE), setNames(fixef(aliased)[names], names))
  expect_identical(which(is.na(fixef(aliased, add.dropped = TRUE))), c(x = 3L))
  expect_true(all(is.na(fixef(aliased, add.dropped = TRUE, summary = TRUE)["x", ])))
  complete <- vcov(aliased, complete = TRUE)
  expect_identical(rownames(complete), names)
  expect_true(all(is.na(complete["x", ])))
  expect_identical(complete[names[-3], names[-3]], vcov(aliased))
  expect_identical(fixef(fit, add.dropped = TRUE), fixef(fit))
})

test_that("arguments that a method does not know are refused", {
  for (method in c("fixef", "ranef", "coef", "VarCorr", "sigma", "vcov", "ngrps", "nobs")) {
    expect_error(do.call(method, list(fit, nonsense = 1)), paste0(method, ".*`nonsense`"),
                 class = "relm_error")
  }
  expect_error(fixef(fit, robst = TRUE), "Did you mean `robust`", class = "relm_error")
  line <- relm(y ~ x, grouped_data(), seed = 1, chains = 1, draws = 5)
  expect_error(coef(line, groups = "g"), "needs group effects", class = "relm_error")
  expect_identical(coef(line, probs = 0.5), fixef(line, probs = 0.5))
})

test_that("effects and coefficients are a list by grouping, each with its groups", {
  data <- several_data()
  for (fit in list(nested_fit(draws = 20), crossed_fit(), crossed_fit(y ~ (1 | a) + (0 + x | c)))) {
    groupings <- names(ngrps(fit))
    expect_identical(ngrps(fit), vapply(ranef(fit), nrow, 0L))
    expect_named(ranef(fit), groupings)
    expect_named(coef(fit), groupings)
    draws <- ranef(fit, summary = FALSE)
    for (name in groupings) {
      effects <- ranef(fit)[[name]]
      expect_identical(rownames(effects),
                       levels(interaction(data[strsplit(name, ":")[[1]]], sep = ":", drop = TRUE,
                                          lex.order = TRUE)))
      expect_equal(as.matrix(effects), apply(draws[[name]], 2:3, median), ignore_attr = TRUE)
      last <- nrow(effects)
      expect_equal(attr(effects, "postVar")[, , last], cov(cbind(draws[[name]][, last, ])),
                   ignore_attr = TRUE)
    }
  }
  # As in lme4, a column that only another grouping has is there, and is zero.
  expect_named(coef(fit)$a, c("x", "(Intercept)"))
  expect_identical(unique(coef(fit)$a$x), 0)
  own <- as.matrix(fit, c("coef_a[c,Intercept]", "coef_c[q,x]", "coef_c[q,Intercept]"))
  expect_equal(c(coef(fit)$a["c", 2], coef(fit)$c["q", 1], coef(fit)$c["q", 2]),
               unname(apply(own, 2, median)))
})

test_that("groupings and their columns are chosen by name", {
  fit <- nested_fit(draws = 20)
  expect_identical(ranef(fit, groups = "b:a")[["a:b"]], ranef(fit)[["a:b"]])
  expect_named(ranef(fit, groups = "b:a"), "a:b")
  expect_identical(ranef(fit, whichel = c("a:b", "a")), ranef(fit))
  expect_identical(coef(fit, groups = "a", probs = 0.1)$a, coef(fit, probs = 0.1)$a)
  expect_error(ranef(fit, groups = "a", whichel = "a:b"), "name no grouping", class = "relm_error")
  expect_error(ranef(fit, groups = "b"), "`groups`.*\"a\".*\"a:b\"", class = "relm_error")
  expect_named(ranef(fit, pars = "x"), "a:b")
  expect_named(ranef(fit, pars = "Intercept"), c("a", "a:b"))
  expect_named(coef(fit, pars = "x"), c("a", "a:b"))
  expect_error(ranef(fit, pars = "v"), "`pars`", class = "relm_error")
})

test_that("estimates of nested groupings are lmer()'s within their posterior standard deviations", {
  skip_if_not_installed("lme4")
  data <- several_data(600)
  ours <- relm(y ~ x + (1 | a) + (1 + x | a:b), data, seed = 1)
  theirs <- lme4::lmer(y ~ x + (1 | a) + (1 + x | a:b), data)
  within <- function(estimate, error, expected) expect_lt(max(abs(estimate - expected) / error), 1)
  fixed <- fixef(ours, summary = TRUE)
  within(fixed[, 1], fixed[, 2], lme4::fixef(theirs))
  for (name in c("a", "a:b")) {
    table <- ranef(ours, summary = TRUE)[[name]]
    effects <- as.matrix(lme4::ranef(theirs)[[name]])[rownames(table), , drop = FALSE]
    within(table[, "Estimate", ], table[, "Est.Error", ], effects)
    expect_gt(cor(as.numeric(table[, "Estimate", ]), as.numeric(effects)), 0.99)
    sd <- VarCorr(ours, summary = TRUE)[[name]]$sd
    within(sd[, 1], sd[, 2], attr(lme4::VarCorr(theirs)[[name]], "stddev"))
  }
  within(sigma(ours), sd(as.matrix(ours, "sigma")), stats::sigma(theirs))
})

test_that("estimates of real nested and crossed groupings are lmer()'s", {
  skip_if_not_installed("lme4")
  models <- list(Pastes = strength ~ 1 + (1 | batch / cask),
                 Penicillin = diameter ~ 1 + (1 | plate) + (1 | sample))
  for (name in names(models)) {
    data <- getExportedValue("lme4", name)
    ours <- relm(models[[name]], data, seed = 1)
    theirs <- lme4::lmer(models[[name]], data)
    effects <- lme4::ranef(theirs)
    # lme4 has cask:batch for batch:cask.
    if (name == "Pastes") {
      rownames(effects[["cask:batch"]]) <- sub("(.*):(.*)", "\\2:\\1",
                                               rownames(effects[["cask:batch"]]))
      names(effects) <- sub("cask:batch", "batch:cask", names(effects))
    }
    for (group in names(ranef(ours))) {
      table <- ranef(ours, summary = TRUE)[[group]][, , 1]
      expect_lt(max(abs(table[, 1] - effects[[group]][rownames(table), 1]) / table[, 2]), 0.5,
                label = paste(name, group))
    }
    draws <- as.matrix(ours, "sigma")
    expect_lt(abs(median(draws) - stats::sigma(theirs)) / sd(draws), 0.5, label = name)
  }
})

test_that("what is no text names no columns", {
  fit <- relm(log(mercury) ~ x + (1 | station), bass_centered(), seed = 1, chains = 1, draws = 20)
  for (pars in list(~ x, quote(x), mean, list("x"), 1, TRUE, character(), NA_character_)) {
    for (method in list(fixef, ranef, coef, vcov)) {
      expect_error(method(fit, pars = pars), "`pars` must name columns", class = "relm_error")
    }
  }
})

fit <- relm(y ~ x + f + (1 + v | g), grouped_data(), seed = 1, chains = 2, draws = 100)

test_that("VarCorr() has the covariance of medians in lme4's shape", {
  covariance <- VarCorr(fit)
  medians <- apply(as.matrix(fit), 2, median)
  sd <- medians[c("sd_g__Intercept", "sd_g__v")]
  cor <- medians[["cor_g__Intercept__v"]]
  expect_equal(unname(attr(covariance$g, "stddev")), unname(sd))
  expect_equal(covariance$g["v", "(Intercept)"], cor * prod(sd))
  expect_equal(attr(covariance, "sc"), medians[["sigma"]])
  expect_equal(as.data.frame(covariance), data.frame(
    grp = c("g", "g", "g", "Residual"), var1 = c("(Intercept)", "v", "(Intercept)", NA),
    var2 = c(NA, NA, "v", NA), vcov = unname(c(sd^2, cor * prod(sd), medians[["sigma"]]^2)),
    sdcor = unname(c(sd, cor, medians[["sigma"]]))))
})

test_that("VarCorr() has the pairs of four effects in lme4's order, and none across blocks", {
  data <- transform(grouped_data(15), u = cos(seq_along(y)))
  full <- as.data.frame(VarCorr(relm(y ~ x + (1 + x + v + u | g), data, seed = 1, chains = 1,
                                     draws = 5)))
  expect_identical(paste(full$var1, full$var2)[5:10], c(
    "(Intercept) x", "(Intercept) v", "(Intercept) u", "x v", "x u", "v u"))
  blocks <- VarCorr(relm(y ~ x + (1 + x || g), data, seed = 1, chains = 1, draws = 5))
  expect_identical(as.data.frame(blocks)$var1, c("(Intercept)", "x", NA))
  expect_false(any(grepl("Corr", capture.output(print(blocks)))))
})

test_that("tables and draws have brms's shape", {
  tables <- VarCorr(fit, probs = c(0.1, 0.9))
  columns <- c("Estimate", "Est.Error", "Q10", "Q90")
  effects <- c("(Intercept)", "v")
  expect_named(tables, c("g", "residual__"))
  expect_identical(dimnames(tables$g$sd), list(effects, columns))
  expect_identical(dimnames(tables$g$cov), list(effects, columns, effects))
  draws <- as.matrix(fit)
  sd <- draws[, c("sd_g__Intercept", "sd_g__v")]
  cor <- draws[, "cor_g__Intercept__v"]
  expect_equal(unname(tables$g$sd[, "Estimate"]), unname(apply(sd, 2, median)))
  expect_equal(tables$g$cor["v", , "(Intercept)"],
               c(median(cor), sd(cor), quantile(cor, c(0.1, 0.9))), ignore_attr = TRUE)
  expect_equal(tables$g$cor["v", , "v"], c(1, 0, 1, 1), ignore_attr = TRUE)
  product <- cor * sd[, 1] * sd[, 2]
  expect_equal(tables$g$cov["(Intercept)", c(1, 3, 4), "v"],
               c(median(product), quantile(product, c(0.1, 0.9))), ignore_attr = TRUE)
  expect_equal(tables$residual__$sd[, "Estimate"], sigma(fit), ignore_attr = TRUE)
  drawn <- VarCorr(fit, summary = FALSE)
  expect_identical(unname(drawn$g$sd), unname(sd))
  expect_equal(drawn$g$cov[, 2, 1], product, ignore_attr = TRUE)
  expect_equal(drawn$g$cov[, 2, 2], sd[, 2]^2, ignore_attr = TRUE)
  robust <- VarCorr(fit, robust = TRUE)$g$cov["v", 1:2, "(Intercept)"]
  expect_equal(unname(robust), c(median(product), mad(product)))
})

test_that("effects that are not correlated have standard deviations alone", {
  fit <- relm(y ~ x + (1 + x || g), grouped_data(), seed = 1, chains = 1, draws = 20)
  expect_named(VarCorr(fit, summary = TRUE)$g, "sd")
  line <- relm(y ~ x, grouped_data()[46:1, ], sigma = ~ f, seed = 1, chains = 1, draws = 20)
  tables <- VarCorr(line, summary = TRUE)
  expect_named(tables, "residual__")
  expect_equal(tables$residual__$sd[, "Estimate"], sigma(line))
})

test_that("the variance of a product exists where its factors' densities fall fast enough", {
  # Of s^2 it exists where the density of s falls faster than its fifth power.
  fit <- relm(y ~ x + (1 + v | g), grouped_data(6), seed = 1, chains = 1, draws = 50)
  expect_identical(unname(tails_in(fit$posterior)[c("sd_g__Intercept", "sd_g__v")]), c(5, 6))
  tables <- VarCorr(fit, robust = FALSE)$g
  expect_false(anyNA(tables$sd))
  expect_identical(unname(is.na(tables$cov[, "Est.Error", ])),
                   matrix(c(TRUE, TRUE, TRUE, FALSE), 2))
  expect_false(anyNA(tables$cov[, "Estimate", ]))
  expect_false(anyNA(VarCorr(fit, robust = TRUE)$g$cov))
})

test_that("printing shows what is asked for", {
  covariance <- VarCorr(fit)
  expect_output(print(covariance), "Std.Dev.", fixed = TRUE)
  expect_no_match(capture.output(print(covariance)), "Variance")
  both <- capture.output(print(covariance, comp = c("Variance", "Std.Dev."), digits = 4))
  expect_match(both[1], "Variance *Std.Dev.")
  variance <- as.data.frame(covariance)$vcov[1]
  expect_match(both[2], format(signif(variance, 4)), fixed = TRUE)
  expect_no_match(capture.output(print(covariance, comp = "Var")), "Std.Dev.")
  marked <- capture.output(print(covariance, formatter = function(x, digits) rep("***", length(x))))
  expect_match(marked[2], "***", fixed = TRUE)
  expect_error(print(covariance, comp = "sd"), "`comp`", class = "relm_error")
  expect_error(print(covariance, ranef.comp = "Variance"), "`ranef.comp`", class = "relm_error")
})

test_that("the table has lme4's two orders", {
  skip_if_not_installed("lme4")
  data <- transform(grouped_data(15), u = cos(seq_along(y)))
  model <- y ~ x + (1 + x + v + u | g)
  theirs <- suppressMessages(suppressWarnings(lme4::VarCorr(lme4::lmer(model, data))))
  ours <- VarCorr(relm(model, data, seed = 1, chains = 1, draws = 5))
  for (order in c("cov.last", "lower.tri")) {
    columns <- c("grp", "var1", "var2")
    expect_identical(as.data.frame(ours, order = order)[columns],
                     as.data.frame(theirs, order = order)[columns])
  }
  expect_error(as.data.frame(ours, order = "last"), "`order`", class = "relm_error")
  expect_identical(data.frame(ours), as.data.frame(ours))
})

test_that("a multiplier is refused", {
  expect_identical(VarCorr(fit, sigma = 1), VarCorr(fit))
  expect_error(VarCorr(fit, sigma = 2), "`sigma`", class = "relm_error")
  expect_error(VarCorr(fit, 1, TRUE, 0.5, TRUE, 3), "without a name", class = "relm_error")
})

test_that("VarCorr() has a covariance matrix for each grouping", {
  for (fit in list(nested_fit(draws = 20), crossed_fit())) {
    second <- names(ngrps(fit))[2]
    medians <- apply(as.matrix(fit), 2, median)
    own <- function(part, column) medians[[paste0(part, "_", second, "__", column)]]
    sd <- c(own("sd", "Intercept"), own("sd", "x"))
    covariance <- VarCorr(fit)
    expect_named(covariance, c("a", second))
    expect_equal(covariance$a[1, 1], medians[["sd_a__Intercept"]]^2)
    expect_equal(covariance[[second]][1, 2], own("cor", "Intercept__x") * prod(sd))
    expect_equal(as.data.frame(covariance)$sdcor,
                 c(medians[["sd_a__Intercept"]], sd, own("cor", "Intercept__x"),
                   medians[["sigma"]]))
    tables <- VarCorr(fit, summary = TRUE)
    expect_named(tables, c("a", second, "residual__"))
    expect_named(tables$a, "sd")
    draws <- as.matrix(fit)
    product <- draws[, 6] * draws[, 4] * draws[, 5]
    expect_equal(tables[[second]]$cov["x", "Estimate", "(Intercept)"], median(product))
    expect_identical(unname(VarCorr(fit, summary = FALSE)[[second]]$sd), unname(draws[, 4:5]))
  }
})

test_that("VarCorr() of several groupings has lme4's rows", {
  skip_if_not_installed("lme4")
  data <- several_data()
  rows <- function(table) do.call(paste, as.data.frame(table)[c("grp", "var1", "var2")])
  formula <- y ~ x + (1 + x | c) + (1 | a)
  theirs <- suppressMessages(suppressWarnings(lme4::lmer(formula, data)))
  expect_setequal(rows(VarCorr(crossed_fit(formula))), rows(lme4::VarCorr(theirs)))
})

test_that("where there is no residual variance there is none in the table", {
  fits <- family_fits()
  for (fit in fits[c("cbind", "dispersed")]) {
    estimates <- VarCorr(fit)
    expect_null(attr(estimates, "sc"))
    expect_identical(unique(as.data.frame(estimates)$grp), "g")
    expect_identical(names(VarCorr(fit, summary = TRUE)), "g")
    expect_output(print(estimates), "Groups Name")
    expect_true(is.na(generics::glance(fit)$sigma))
  }
})

test_that("without groups there is the residual standard deviation, or a table of no rows", {
  data <- transform(grouped_data(), k = seq_along(x) %% 4)
  line <- VarCorr(relm(y ~ x, data, seed = 1, chains = 1, draws = 20))
  for (family in list(poisson(), negative_binomial())) {
    counts <- VarCorr(relm(k ~ x, data, family = family, prior = relm_prior(beta = normal(0, 2)),
                           seed = 1, chains = 1, draws = 5))
    expect_length(counts, 0)
    for (stringsAsFactors in c(FALSE, TRUE)) {
      one <- as.data.frame(line, stringsAsFactors = stringsAsFactors)
      none <- as.data.frame(counts, stringsAsFactors = stringsAsFactors)
      expect_identical(dim(none), c(0L, 5L))
      expect_identical(vapply(none, class, ""), vapply(one, class, ""))
    }
    expect_output(print(counts), "No group effects, and no residual variance")
  }
})

test_that("a sigma that is no number is refused", {
  fit <- suppressMessages(relm(y ~ x + (1 | g), grouped_data(), chains = 1, draws = 5, seed = 1))
  for (wrong in list(list(NULL), "1", mean, quote(x), NULL, 2)) {
    expect_error(VarCorr(fit, sigma = wrong), "`sigma` must be 1", class = "relm_error")
  }
})

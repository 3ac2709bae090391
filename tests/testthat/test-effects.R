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
    summaries <- relm:::summarize_columns(draws, probs)
    expect_equal(summaries$quantiles, t(apply(draws, 2, quantile, probs, names = FALSE)),
                 tolerance = 1e-15)
    expect_equal(summaries$sd, apply(draws, 2, sd), tolerance = 1e-13)
  }
  expect_true(all(is.na(unlist(relm:::summarize_columns(cbind(c(1, NaN, 2)), 0.5)))))
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
  expect_identical(dimnames(coef(fit)$g), list(levels, c("(Intercept)", "x", "fb", "fc", "v")))
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

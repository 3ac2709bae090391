# Predictions of rows that are left out, against closed forms and refits.

skip_on_cran()

test_that("a regression's left-out means, variances and quantiles are those of a t distribution", {
  skip_if_not_installed("loo")
  d <- bass[1:40, ]
  fit <- relm(log(mercury) ~ log(length), d, chains = 4, draws = 2500, seed = 1)
  # Flat coefficients and 1 / sigma: without row i a t distribution with n - 1 - p degrees of freedom.
  y <- log(d$mercury)
  X <- cbind(1, log(d$length))
  exact <- t(vapply(seq_along(y), function(i) {
    ols <- lm.fit(X[-i, ], y[-i])
    df <- length(y) - 3
    spread <- drop(t(X[i, ]) %*% solve(crossprod(X[-i, ])) %*% X[i, ])
    scale <- sqrt(sum(ols$residuals^2) / df * (1 + spread))
    mean <- sum(X[i, ] * ols$coefficients)
    c(mean, scale^2 * df / (df - 2), mean + scale * qt(c(0.05, 0.5), df), scale)
  }, numeric(5)))
  expect_identical(prior_summary(fit)$prior[prior_summary(fit)$parameter == "sigma"], "jeffreys()")
  # Draws of means have a fifth of a row's standard deviation, those of variances a fourth of it.
  error <- 1 / sqrt(10000)
  mean <- loo_predict(fit)
  expect_named(mean, c("value", "pareto_k"))
  expect_lt(max(abs(mean$value - exact[, 1]) / exact[, 5]), 4 * 0.5 * error)
  expect_lt(max(abs(loo_predict(fit, "var")$value / exact[, 2] - 1)), 4 * 0.5 * error)
  both <- loo_predict(fit, "quantile", probs = c(0.05, 0.5))$value
  expect_identical(dimnames(both), list(rownames(d), c("5%", "50%")))
  expect_lt(max(abs(both - exact[, 3:4]) / exact[, 5]), 4 * 0.5 * error)
  expect_equal(loo_predictive_interval(fit, prob = 0.9)$value[, 1], both[, 1])
  expect_identical(loo_predict(fit, "quantile", probs = 0.5)$value, both[, 2])
})

# The mean, variance and quartile of a row by a fit without it, and the Monte Carlo standard errors of
# the first and the last of both ways.
left_out_by_refit <- function(fit, data, row, n_draws = 8000) {
  other <- suppressMessages(update(fit, data = data[-row, ], chains = 4, draws = n_draws / 4))
  drawn <- posterior_predict(other, data[row, , drop = FALSE], seed = 3)[, 1]
  c(mean = mean(drawn), var = var(drawn), sd = sd(drawn), error = sd(drawn) / sqrt(n_draws))
}

expect_refits_agree <- function(fit, data, rows, n_draws = 8000) {
  mean <- suppressWarnings(loo_predict(fit, seed = 5))
  var <- suppressWarnings(loo_predict(fit, "var", seed = 5))$value
  for (row in rows) {
    by_refit <- left_out_by_refit(fit, data, row)
    share <- 1 / sqrt(ndraws(fit)) + 1 / sqrt(n_draws)
    expect_lt(abs(mean$value[[row]] - by_refit[["mean"]]), 4 * by_refit[["sd"]] * share)
    expect_lt(abs(var[[row]] / by_refit[["var"]] - 1), 4 * 2 * share)
  }
}

test_that("rows of groups are predicted as by fits without them", {
  skip_if_not_installed("loo")
  set.seed(7)
  d <- data.frame(g = rep(letters[1:8], each = 6), h = rep(c("u", "v", "w", "x", "y", "z"), 8))
  d$x <- rnorm(48)
  d$y <- 3 + 0.5 * d$x + rnorm(8)[match(d$g, letters)] + rnorm(48, 0, 0.5)
  d$y[5] <- d$y[5] + 2
  d$k <- rpois(48, exp(0.3 + 0.4 * d$x + 0.5 * rnorm(8)[match(d$g, letters)]))
  d$n <- 5
  d$s <- rbinom(48, 5, plogis(0.4 * d$x + rnorm(8)[match(d$g, letters)])) / 5
  fit_to <- function(formula, ...) relm(formula, d, seed = 1, draws = 2000, ...)
  expect_refits_agree(fit_to(y ~ x + (1 | g)), d, c(5, 20))
  expect_refits_agree(fit_to(y ~ x + (1 | g) + (1 | h), prior = relm_prior(sd = half_normal(1))), d, c(5, 20))
  expect_refits_agree(fit_to(k ~ x + (1 | g), family = poisson()), d, c(3, 30))
  trials <- fit_to(cbind(5 * s, n - 5 * s) ~ x + (1 | g), family = binomial())
  expect_refits_agree(trials, d, 12)
  expect_true(all(suppressWarnings(loo_predict(trials, "quantile", 0.9, seed = 1))$value %in% 0:5))
})

test_that("quantiles of mixtures are where their distribution functions have these values", {
  set.seed(2)
  parts <- list(mean = matrix(rnorm(60), 20), sd = matrix(rexp(60), 20))
  shares <- matrix(rexp(60), 20)
  shares <- shares / rep(colSums(shares), each = 20)
  for (prob in c(0.001, 0.3, 0.97)) {
    at <- mixture_quantiles(parts, shares, prob)
    below <- colSums(shares * pnorm(rep(at, each = 20), parts$mean, parts$sd))
    expect_equal(below, rep(prob, 3), tolerance = 1e-8)
  }
  expect_equal(mixture_variances(parts, shares),
               colSums(shares * (parts$mean^2 + parts$sd^2)) - colSums(shares * parts$mean)^2)
  points <- list(mean = matrix(c(2, 0, 1, 5), 4), sd = NULL)
  quarter <- matrix(0.25, 4)
  at <- vapply(c(0, 0.25, 0.26, 0.5, 0.75, 1), mixture_quantiles, 0, parts = points, shares = quarter)
  expect_identical(at, c(0, 0, 1, 1, 2, 5))
})

test_that("a row without which there is no posterior has no prediction", {
  skip_if_not_installed("loo")
  d <- transform(bass[1:30, ], only = as.numeric(seq_len(30) == 4), y = log(mercury))
  fit <- relm(y ~ only, d, chains = 2, draws = 200, seed = 1)
  expect_warning(left_out <- loo_predict(fit), "Pareto k is above 0.7 for 1 row")
  expect_identical(which(is.na(left_out$value)), c("4" = 4L))
  expect_identical(which(left_out$pareto_k == Inf), 4L)
  intervals <- suppressWarnings(loo_predictive_interval(fit)$value)
  expect_identical(which(is.na(intervals[, 2])), c("4" = 4L))
})

test_that("arguments of left-out predictions are checked", {
  skip_if_not_installed("loo")
  fit <- relm(log(mercury) ~ 1, bass, chains = 1, draws = 50, seed = 1)
  expect_error(loo_predict(fit, "median"), "type", class = "relm_error")
  expect_error(loo_predict(fit, probs = 0.1), "probs", class = "relm_error")
  expect_error(loo_predict(fit, "quantile", probs = 2), "probs", class = "relm_error")
  expect_error(loo_predict(fit, psis_object = 1), "psis_object", class = "relm_error")
  expect_error(loo_predictive_interval(fit, prob = 1), "prob", class = "relm_error")
  expect_error(loo_predictive_interval(fit, type = "var"), "type", class = "relm_error")
  sums <- relm(crossprods(log(mercury) ~ length + (1 | station), bass), chains = 1, draws = 50, seed = 1)
  expect_error(loo_predict(sums), "cross-products", class = "relm_error")
  expect_error(loo_predict(lm(mercury ~ 1, bass)), "loo_predict|method")
})

test_that("a seed is checked, and without one the caller's generator decides", {
  skip_if_not_installed("loo")
  data <- transform(grouped_data(), b = as.integer(y > 0))
  fit <- suppressMessages(relm(b ~ x + (1 | g), data, family = "binomial", chains = 2, draws = 50,
                               seed = 1, prior = relm_prior(beta = normal(0, 2), sd = half_t(3, 1))))
  linear <- suppressMessages(relm(y ~ x + (1 | g), data, chains = 2, draws = 50, seed = 1))
  for (wrong in list(NA_character_, NaN, "a", 1:2, list(), mean, 1e10)) {
    for (one in list(fit, linear)) {
      expect_error(loo_predict(one, seed = wrong), "`seed` must be", class = "relm_error")
      expect_error(loo_predictive_interval(one, seed = wrong), "`seed` must be",
                   class = "relm_error")
      expect_error(loo(one, seed = wrong), "`seed` must be", class = "relm_error")
    }
  }
  drawn <- function() {
    set.seed(3)
    suppressWarnings(loo_predict(fit))
  }
  expect_identical(drawn(), drawn())
})

skip_if_not_installed("loo")

# A row far out, that carries the line.
leveraged <- data.frame(x = c(1:9, 40), y = c(2.1, 2.9, 4.2, 4.8, 6.1, 7.2, 7.8, 9.1, 9.9, 39))

# log p(y_i | y_-i) of a common line under the default priors: a t density.
line_density <- function(i) {
  fit <- lm(y ~ x, leveraged[-i, ])
  p <- predict(fit, leveraged[i, ], se.fit = TRUE)
  scale <- sqrt(p$se.fit^2 + p$residual.scale^2)
  dt((leveraged$y[i] - p$fit) / scale, p$df, log = TRUE) - log(scale)
}

test_that("where Pareto k is above 0.7 the refit gives the exact density", {
  fit <- relm(y ~ x, leveraged, seed = 1)
  expect_warning(smoothed <- loo(fit), "Pareto k is above 0.7 for 1 row")
  bad <- which(smoothed$diagnostics$pareto_k > 0.7)
  expect_identical(bad, 10L)
  expect_silent(exact <- loo(fit, reloo = TRUE, seed = 2))
  error <- exact$pointwise[10, "mcse_elpd_loo"]
  expect_lt(error, 0.1)
  expect_lt(abs(exact$pointwise[10, "elpd_loo"] - line_density(10)) / error, 4)
  expect_identical(exact$pointwise[-10, ], smoothed$pointwise[-10, ])
  expect_identical(exact$diagnostics$pareto_k[10], 0)
  expect_equal(exact$estimates[, "Estimate"],
               colSums(exact$pointwise)[c("elpd_loo", "p_loo", "looic")])
  expect_equal(exact$estimates[, "SE"],
               sqrt(10 * apply(exact$pointwise[, c("elpd_loo", "p_loo", "looic")], 2, var)))
  parts <- unclass(exact)
  expect_equal(parts$elpd_loo, exact$estimates[["elpd_loo", "Estimate"]])
  expect_equal(parts$looic, -2 * parts$elpd_loo)
  expect_equal(parts$se_p_loo, exact$estimates[["p_loo", "SE"]])
  expect_identical(loo(fit, reloo = TRUE, seed = 2)$pointwise, exact$pointwise)
})

test_that("refits of rows agree with importance sampling where that works", {
  fit <- relm(log(mercury) ~ x + (1 + x || station), bass_centered(), seed = 1, chains = 2,
              draws = 1000)
  smoothed <- loo(fit)
  exact <- leave_out_exactly(fit, "row", 1:25, smoothed, 5L)
  z <- (exact$pointwise - smoothed$pointwise)[1:25, "elpd_loo"] /
    sqrt(exact$pointwise[1:25, "mcse_elpd_loo"]^2 + smoothed$pointwise[1:25, "mcse_elpd_loo"]^2)
  expect_lt(max(abs(z)), 4)
  expect_gt(max(abs(z)), 0.1)
})

test_that("the seed of refits is the session's, or the one given", {
  fit <- relm(y ~ x, leveraged, seed = 1, chains = 1, draws = 500)
  refitted <- function() loo(fit, reloo = TRUE, k_threshold = 0)$pointwise
  set.seed(4)
  first <- refitted()
  set.seed(4)
  expect_identical(refitted(), first)
  expect_false(identical(refitted(), first))
})

test_that("groups are left out exactly, one with its own residual variance too", {
  data <- grouped_data(8)
  fit <- relm(y ~ x + (1 | g), data, sigma = ~ g, weights = w, offset = 0.2 * v, seed = 1,
              prior = relm_prior(sigma = inverse_gamma(3, 1)), chains = 2, draws = 1500)
  smoothed <- suppressWarnings(loo(fit, by = "group"))
  exact <- leave_out_exactly(fit, "group", 2, smoothed, 5L)
  without <- relm(y ~ x + (1 | g), data, sigma = ~ g, weights = w, offset = 0.2 * v, seed = 9,
                  prior = relm_prior(sigma = inverse_gamma(3, 1)), chains = 2, draws = 1500,
                  subset = g != "g2")
  own <- data[data$g == "g2", ]
  draws <- as.matrix(without, c("b_Intercept", "b_x", "sd_g__Intercept"))
  set.seed(3)
  log_density <- apply(draws, 1, function(d) {
    V <- d[3]^2 + diag(1 / rgamma(1, 3, 1) / own$w)
    log_normal(own$y - 0.2 * own$v, d[1] + d[2] * own$x, V)
  })
  by_hand <- log_mean_exp(log_density, 2)
  expect_lt(abs(exact$pointwise["g2", "elpd_loo"] - by_hand[1]) /
              sqrt(exact$pointwise["g2", "mcse_elpd_loo"]^2 + by_hand[2]^2), 4)
})

test_that("a row that is all of its group is predicted from none", {
  data <- rbind(grouped_data(8), transform(grouped_data(8)[1, ], g = "alone"))
  fit <- relm(y ~ x + (1 + x | g), data, seed = 1, chains = 2, draws = 1500)
  n <- nrow(data)
  exact <- leave_out_exactly(fit, "row", n, suppressWarnings(loo(fit)), 5L)
  without <- relm(y ~ x + (1 + x | g), data[-n, ], seed = 9, chains = 2, draws = 1500)
  density <- exp(log_lik(without, data[n, ], by = "group")[, 1])
  error <- sd(density) / sqrt(3000) / mean(density)
  expect_lt(abs(exact$pointwise[n, "elpd_loo"] - log(mean(density))) /
              sqrt(exact$pointwise[n, "mcse_elpd_loo"]^2 + error^2), 4)
})

test_that("where nothing else tells of a coefficient there is no density", {
  data <- transform(grouped_data(7), f = ifelse(seq_along(y) == 5, "once", f))
  fit <- relm(y ~ f + (1 | g), data, seed = 1, chains = 1, draws = 400)
  expect_error(leave_out_exactly(fit, "row", 5, suppressWarnings(loo(fit)), 5L),
               "without row 5.*fonce", class = "relm_error")
  three <- data[data$g %in% unique(data$g)[1:3], ]
  fit <- relm(y ~ x + (1 | g), three, seed = 1, chains = 1, draws = 400)
  expect_error(suppressWarnings(loo(fit, by = "group", reloo = TRUE, k_threshold = 0)),
               "without the group.*does not exist", class = "relm_error")
})

test_that("the log of a mean has its Monte Carlo standard error", {
  set.seed(1)
  x <- rnorm(4000, -800)
  value <- log_mean_exp(x, 4)
  w <- exp(x + 800)
  expect_equal(value[1], log(mean(w)) - 800)
  expect_equal(value[2], sd(w) / mean(w) / sqrt(4000), tolerance = 0.1)
})

test_that("what has no density given the rest has an infinite Pareto k", {
  data <- transform(grouped_data(7), f = ifelse(seq_along(y) == 5, "once", f))
  fit <- relm(y ~ f + (1 | g), data, weights = w, seed = 1, chains = 1, draws = 400)
  expect_warning(result <- loo(fit), "for 1 row|for [0-9]+ rows")
  expect_identical(which(result$diagnostics$pareto_k == Inf), 5L)
  three <- data[data$g %in% unique(data$g)[1:3], ]
  fit <- relm(y ~ x + (1 | g), three, seed = 1, chains = 1, draws = 400)
  expect_identical(unname(suppressWarnings(loo(fit, by = "group"))$diagnostics$pareto_k), rep(Inf, 3))
  fit <- relm(y ~ x + (1 | g), data, seed = 1, chains = 1, draws = 400)
  expect_true(all(is.finite(suppressWarnings(loo(fit, by = "group"))$diagnostics$pareto_k)))
})

test_that("a stratum that the fit has not had is drawn from the pool, draw by draw", {
  fit <- relm(y ~ x, grouped_data(), sigma = ~ f, prior = relm_prior(sigma = pooled()), chains = 1,
              draws = 2000, seed = 1)
  given <- given_strata(fit, "new")
  learnt <- as.matrix(fit, c("sigma_f__df", "sigma_f__scale"))
  known <- length(fit$posterior$strata$labels)
  expect_identical(given$stratum_of(c("new", fit$posterior$strata$labels[1])), c(known + 1L, 1L))
  # sigma^2 = df scale^2 / chi^2.
  below <- pchisq(learnt[, 1] * learnt[, 2]^2 / given$sigma[known + 1, ]^2, learnt[, 1])
  expect_gt(suppressWarnings(ks.test(below, "punif")$p.value), 1e-3)
})

# Covariance matrices under data that tell nothing, where the posterior is the prior: it
# has to come out of the chain that goes through the group effects.

prior_alone <- function(formula, J, ...) {
  set.seed(1)
  data <- data.frame(g = rep(seq_len(J), each = 4), x = rnorm(4 * J), v = rnorm(4 * J),
                     y = rnorm(4 * J), w = 1e-14)
  relm(formula, data, weights = w, prior = relm_prior(..., sigma = inverse_gamma(1e6, 1e6)),
       sampler = "interweaved", draws = 20000, seed = 3)
}

# Shares of draws below exact quantiles, in Monte Carlo standard errors.
expect_distribution <- function(fit, name, quantile) {
  draws <- matrix(fit$sampling$hyper[, , name], fit$sampling$draws)
  for (p in c(0.05, 0.25, 0.5, 0.75, 0.95)) {
    below <- (draws < quantile(p)) * 1
    expect_lt(abs(mean(below) - p) / posterior::mcse_mean(below), 4, label = paste(name, p))
  }
}

half_t_quantile <- function(df, scale) function(p) scale * qt((1 + p) / 2, df)

test_that("standard deviations and LKJ correlations have their priors, with few groups too", {
  skip_on_cran()
  for (J in c(2, 6)) {
    fit <- prior_alone(y ~ 0 + (1 + x + v | g), J, cor = lkj(1.5),
                       sd = list(Intercept = half_t(3, 0.7), x = uniform(1.5),
                                 v = inverse_gamma(2, 1)))
    expect_distribution(fit, "sd_g__Intercept", half_t_quantile(3, 0.7))
    expect_distribution(fit, "sd_g__x", function(p) 1.5 * p)
    expect_distribution(fit, "sd_g__v", function(p) qgamma(1 - p, 2, 1)^-0.5)
    # A correlation of three under LKJ(eta): (1 + rho)/2 ~ Beta(eta + 1/2, eta + 1/2).
    for (pair in c("Intercept__x", "Intercept__v", "x__v")) {
      expect_distribution(fit, paste0("cor_g__", pair), function(p) 2 * qbeta(p, 2, 2) - 1)
    }
    fit <- prior_alone(y ~ 0 + (1 + x | g), J,
                       sd = list(Intercept = half_normal(0.7), x = exponential(2)))
    expect_distribution(fit, "sd_g__Intercept", function(p) 0.7 * qnorm((1 + p) / 2))
    expect_distribution(fit, "sd_g__x", function(p) qexp(p, 2))
    expect_distribution(fit, "cor_g__Intercept__x", function(p) 2 * p - 1)
  }
})

test_that("under Huang and Wand's prior standard deviations are half-t", {
  fit <- prior_alone(y ~ 0 + (1 + x + v | g), 3, cov = huang_wand(2, c(0.3, 1, 2)))
  scales <- c(Intercept = 0.3, x = 1, v = 2)
  for (name in names(scales)) {
    expect_distribution(fit, paste0("sd_g__", name), half_t_quantile(2, scales[[name]]))
  }
  expect_distribution(fit, "cor_g__Intercept__x", function(p) 2 * p - 1)
  fit <- prior_alone(y ~ 0 + (1 + x | g), 3, cov = huang_wand(4, 1))
  expect_distribution(fit, "sd_g__x", half_t_quantile(4, 1))
})

# log_matrix_prior() is what the interweaved sampler's steps are replayed with.
test_that("the density of Huang and Wand's prior is that of its mixture", {
  df <- 3
  scale <- c(0.5, 2)
  log_mixture <- function(Sigma) {
    K <- solve(Sigma)
    # Given Sigma the a_k are apart; IW(df + 1, 2 df diag(1/a)) has |diag(1/a)|^((df + 1)/2).
    parts <- vapply(1:2, function(k) {
      integrate(function(a) {
        a^(-(df + 1) / 2 - 3 / 2) * exp(-df * K[k, k] / a - 1 / (scale[k]^2 * a))
      }, 0, Inf, rel.tol = 1e-10)$value
    }, 0)
    -(df + 4) / 2 * log(det(Sigma)) + sum(log(parts))
  }
  matrices <- list(diag(2), matrix(c(0.3, 0.2, 0.2, 1.5), 2), matrix(c(4, -1.9, -1.9, 1), 2))
  cov <- list(type = "huang_wand", df = df)
  ours <- vapply(matrices, log_matrix_prior, 0, cov = cov, sd = lapply(scale, half_t, df = df))
  expect_equal(diff(ours), diff(vapply(matrices, log_mixture, 0)), tolerance = 1e-8)
})

test_that("strong priors that the data contradict do not stop the correlations", {
  set.seed(2)
  J <- 20
  data <- data.frame(g = rep(seq_len(J), each = 6), X = cbind(1, matrix(rnorm(12 * J), 6 * J)))
  effects <- matrix(rnorm(3 * J), J) %*% chol(matrix(0.5, 3, 3) + diag(0.5, 3))
  data$y <- rowSums(data[c("X.1", "X.2", "X.3")] * effects[data$g, ]) + rnorm(6 * J, sd = 1e-3)
  fit <- relm(y ~ 0 + (0 + X.1 + X.2 + X.3 | g), data, prior = relm_prior(sd = half_normal(0.1)),
              draws = 2000, seed = 1)
  draws <- fit$sampling$hyper[, , -7]
  ess <- apply(draws, 3, posterior::ess_bulk)
  # The effects are known but for a thousandth, so each draw is nearly one of Sigma alone.
  expect_gt(min(ess), 0.3 * 8000)
})

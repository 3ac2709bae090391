# Draws from named distributions, where a model leaves nothing else.

test_that("normals with a given precision have its mean and covariance, for any number of them", {
  set.seed(8)
  data <- data.frame(a = rnorm(30), b = rnorm(30), y = rnorm(30))
  data$a <- data$a + data$b
  for (formula in list(y ~ 0 + a, y ~ 0 + a + b, y ~ a + b)) {
    X <- stats::model.matrix(formula, data)
    # A residual standard deviation of one, all but known.
    fit <- relm(formula, data, sampler = "uncentered", draws = 10000, warmup = 10, seed = 2,
                prior = relm_prior(beta = normal(0.5, 2), sigma = inverse_gamma(1e8, 1e8)))
    precision <- crossprod(X) + diag(ncol(X)) / 4
    mean <- solve(precision, crossprod(X, data$y) + 0.5 / 4)
    draws <- as.matrix(fit)[, seq_len(ncol(X)), drop = FALSE]
    C <- solve(precision)
    n <- nrow(draws)
    expect_lt(max(abs(colMeans(draws) - mean) / sqrt(diag(C) / n)), 4)
    z <- (stats::cov(draws) - C) / sqrt((C^2 + outer(diag(C), diag(C))) / n)
    expect_lt(max(abs(z)), 4)
  }
})

test_that("an inverse-Wishart matrix has its determinant, variances and correlations", {
  S <- matrix(c(2, 0.6, 0.6, 1), 2)
  df <- 6
  set.seed(1)
  data <- data.frame(g = rep(1:3, each = 4), x = rnorm(12), y = rnorm(12), w = 1e-14)
  # The rows tell nothing: what comes out of the chain is the prior.
  fit <- relm(y ~ 0 + (1 + x | g), data, weights = w, sampler = "uncentered", draws = 20000,
              seed = 3, prior = relm_prior(cov = inverse_wishart(df, S),
                                           sigma = inverse_gamma(1e6, 1e6)))
  h <- fit$sampling$hyper
  sd <- h[, , c("sd_g__Intercept", "sd_g__x")]
  r <- h[, , "cor_g__Intercept__x"]
  near <- function(draws, value) {
    expect_lt(abs(mean(draws) - value) / posterior::mcse_mean(draws), 4)
  }
  # log|Sigma| is log|S| less the logarithms of chi-squares with df and df - 1 degrees of freedom.
  near(2 * log(sd[, , 1]) + 2 * log(sd[, , 2]) + log1p(-r^2),
       log(det(S)) - sum(digamma((df - 0:1) / 2) + log(2)))
  for (k in 1:2) {
    # Its variances are inverse gamma with the shape (df - 1)/2.
    for (p in c(0.1, 0.5, 0.9)) {
      near((sd[, , k]^-2 < qgamma(p, (df - 1) / 2, S[k, k] / 2)) * 1, p)
    }
  }
  near(sd[, , 1] * sd[, , 2] * r, S[1, 2] / (df - 3))
})

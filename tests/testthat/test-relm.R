# Agreement with the exact posterior of the lecture's models, by quadrature.

# Distances of the draws' moments and quantiles from the exact ones, in Monte Carlo
# standard errors.
mcse_distances <- function(fit, exact) {
  draws <- as_draws_array(fit, exact$name)
  distance <- function(name) {
    x <- matrix(draws[, , name], dim(draws)[1])
    row <- exact[exact$name == name, ]
    c(mean = (mean(x) - row$mean) / posterior::mcse_mean(x),
      sd = (sd(x) - row$sd) / posterior::mcse_sd(x),
      (quantile(x, c(0.025, 0.5, 0.975)) - c(row$q2.5, row$q50, row$q97.5)) /
        posterior::mcse_quantile(x, c(0.025, 0.5, 0.975)))
  }
  vapply(exact$name, distance, numeric(5))
}

expect_exact <- function(formula, Z, sampler) {
  data <- bass_centered()
  exact <- exact_posterior(log(data$mercury), cbind("(Intercept)" = 1, x = data$x),
                           Z(data), data$station)
  exact$name <- rownames(exact)
  fit <- relm(formula, data, sampler = sampler, draws = 50000, warmup = 2000, seed = 20)
  expect_setequal(dimnames(fit$sampling$hyper)[[3]], exact$name)
  expect_lt(max(abs(mcse_distances(fit, exact))), 4, label = sampler)
}

test_that("the common line agrees with its closed form", {
  expect_exact(log(mercury) ~ x, function(data) NULL, "uncentered")
})

test_that("parallel lines agree with quadrature, under every sampler", {
  skip_on_cran()
  Z <- function(data) cbind("(Intercept)" = rep(1, nrow(data)))
  for (sampler in c("centered", "uncentered", "interweaved", "collapsed")) {
    expect_exact(log(mercury) ~ x + (1 | station), Z, sampler)
  }
})

test_that("a line for each station agrees with quadrature, under every sampler", {
  skip_on_cran()
  Z <- function(data) cbind("(Intercept)" = 1, x = data$x)
  for (sampler in c("centered", "uncentered", "interweaved", "collapsed")) {
    expect_exact(log(mercury) ~ x + (1 + x || station), Z, sampler)
  }
})

# For a full Sigma, a known posterior: with group effects observed almost without error,
# Sigma given them is inverse-Wishart.
test_that("an inverse-Wishart covariance agrees with its conjugate posterior", {
  set.seed(2)
  J <- 30
  effects <- matrix(rnorm(2 * J), J) %*% chol(matrix(c(1, 0.5, 0.5, 1), 2))
  data <- data.frame(g = rep(seq_len(J), each = 40), x = rep(c(-1, 1), 20 * J))
  data$y <- effects[data$g, 1] + effects[data$g, 2] * data$x + rnorm(nrow(data), sd = 1e-5)
  least_squares <- t(vapply(split(data, data$g), function(d) coef(lm(y ~ x, d)), numeric(2)))
  prior <- relm_prior(cov = inverse_wishart(5, diag(2)))
  fit <- relm(y ~ 0 + (1 + x | g), data, prior = prior, draws = 10000, seed = 3)
  S <- crossprod(least_squares) + diag(2)
  draws <- as_draws_array(fit, "^sd_", regex = TRUE)
  for (k in 1:2) {
    variance <- matrix(draws[, , k]^2, dim(draws)[1])
    # The mean of IW(df, S) is S / (df - q - 1).
    expect_lt(abs(mean(variance) - S[k, k] / (J + 5 - 3)) / posterior::mcse_mean(variance), 4)
  }
})

test_that("both samplers agree on models beyond quadrature", {
  data <- grouped_data(9)
  fits <- lapply(c("centered", "uncentered"), function(sampler) {
    relm(y ~ x + v + (1 + x | g), data, weights = w, sigma = ~ f, sampler = sampler,
         draws = 20000, warmup = 2000, seed = 8)
  })
  draws <- lapply(fits, as_draws_array)
  distance <- vapply(dimnames(fits[[1]]$sampling$hyper)[[3]], function(name) {
    x <- lapply(draws, function(d) matrix(d[, , name], dim(d)[1]))
    medians <- vapply(x, median, 0)
    errors <- vapply(x, posterior::mcse_median, 0)
    (medians[1] - medians[2]) / sqrt(sum(errors^2))
  }, 0)
  expect_lt(max(abs(distance)), 4)
})

# Data of known parameters, more and more groups of them: the posterior closes in on these, and its
# spread falls like the square root of the number of groups.
test_that("with more groups the posterior closes in on the parameters that data were made with", {
  truth <- c(b_Intercept = 2, b_x = -1, sd_g__Intercept = 0.8, sd_g__x = 0.5, cor_g__Intercept__x = 0.3,
             sigma = 1.5)
  errors <- vapply(1:3, function(seed) {
    set.seed(seed)
    spreads <- vapply(c(100, 1600), function(n_groups) {
      g <- rep(seq_len(n_groups), each = 8)
      x <- rnorm(length(g))
      effects <- matrix(rnorm(2 * n_groups), n_groups) %*% chol(matrix(c(0.64, 0.12, 0.12, 0.25), 2))
      y <- 2 - x + effects[g, 1] + effects[g, 2] * x + rnorm(length(g), sd = 1.5)
      fit <- relm(y ~ x + (1 + x | g), data.frame(y, x, g), draws = 500, chains = 2, seed = seed,
                  group_draws = FALSE)
      draws <- as.matrix(fit)[, names(truth)]
      spread <- apply(draws, 2, sd)
      expect_lt(max(abs(colMeans(draws) - truth) / spread), 4)
      spread
    }, truth)
    spreads[, 1] / spreads[, 2]
  }, truth)
  expect_gt(min(errors), 3)
  expect_lt(max(errors), 6)
})

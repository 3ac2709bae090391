# Many columns: the target and the draws from an eigendecomposition against those from the
# groups' sums, which test-target-precision.R holds against 300-bit arithmetic.

# n_groups groups of uneven sizes and a matrix X of n_columns columns beside the intercept.
wide_data <- function(n_columns = 66, n_groups = 40, size = 5, seed = 7) {
  set.seed(seed)
  n <- n_groups * size
  g <- c(seq_len(n_groups), sample(n_groups, n - n_groups, TRUE))
  data <- data.frame(g, w = runif(n, 0.5, 2), z = rnorm(n, 1))
  data$X <- matrix(rnorm(n * n_columns, 1), n)
  data$y <- 2 + data$X[, 1] + rnorm(n_groups)[g] + rnorm(n)
  data
}

both_models <- function(posterior) {
  model <- model_of(posterior)
  list(sums = model, spectrum = with_spectrum(model))
}

expect_same_target <- function(posterior, role, points) {
  model <- both_models(posterior)
  expect_false(is.null(model$spectrum$spectrum))
  estimate <- spectral_scales(model$spectrum)
  tuning <- tuning_of(model$sums, role, estimate)
  values <- lapply(model, log_density_at, tuning, points, estimate$sigma2)
  expect_true(all(is.finite(values$sums)))
  expect_equal(values$spectrum, values$sums, tolerance = 1e-12)
}

test_that("the spectral target is the target", {
  data <- wide_data()
  points <- asinh(c(0, 1e-3, 0.1, 1, 10, 300))
  expect_same_target(posterior_of(y ~ X + (1 | g), data), "integrated", points)
  expect_same_target(posterior_of(y ~ X + (1 | g), data, weights = w), "integrated", points)
  # A slope beside its column, and one without; no column is in the space of Z.
  expect_same_target(posterior_of(y ~ z + X + (0 + z | g), data), "integrated", points)
  expect_same_target(posterior_of(y ~ 0 + X + (0 + z | g), data), "integrated", points)
  # More groups than columns.
  expect_same_target(posterior_of(y ~ X + (1 | g), wide_data(66, 150, 3)), "integrated", points)
})

test_that("that holds where sigma is a coordinate", {
  posterior <- posterior_of(y ~ X + (1 | g), wide_data(),
                            relm_prior(sd = half_normal(2), sigma = half_t(3, 1)))
  points <- rbind(asinh(c(0.01, 0.5, 1, 40)), log(c(0.5, 1, 1.2, 3)))
  expect_same_target(posterior, "coordinate", points)
})

test_that("columns that say which group a row is in have no part in the spectrum", {
  data <- wide_data(66, 40)
  data$half <- data$g %% 2
  model <- both_models(posterior_of(y ~ X + half + (1 | g), data))$spectrum
  # The intercept and the half of the groups lie in the spaces of X and of Z.
  expect_identical(sum(model$spectrum$size == 0), 2L)
  expect_same_target(posterior_of(y ~ X + half + (1 | g), data), "integrated", asinh(c(1, 300)))
})

test_that("it is used where it pays and where it may be", {
  spectrum_of <- function(...) both_models(posterior_of(...))$spectrum$spectrum
  data <- wide_data()
  expect_null(spectrum_of(y ~ z + (1 | g), data))
  expect_null(spectrum_of(y ~ X + (1 + z || g), data))
  expect_null(spectrum_of(y ~ X + (1 | g), data, relm_prior(beta = normal(0, 1))))
  expect_null(spectrum_of(y ~ X + (1 | g), wide_data(66, 300, 2)))
  # Where the effects fit y but for rounding, its squares would cancel.
  data$y <- data$X[, 1] + data$g %% 7
  expect_null(spectrum_of(y ~ X + (1 | g), data, relm_prior(sigma = inverse_gamma(1, 1))))
})

test_that("it starts from the greatest restricted likelihood", {
  model <- both_models(posterior_of(y ~ X + (1 | g), wide_data()))
  start <- spectral_scales(model$spectrum)
  df <- model$sums$stratum_rows - model$sums$n_coef
  deviance <- function(log_lambda) {
    at <- marginal_at(model$sums, matrix(exp(log_lambda)))
    at$log_det + 2 * sum(log(diag(at$root)[seq_len(model$sums$n_coef)])) +
      df * log(at$root[length(at$root)]^2)
  }
  best <- stats::optimize(deviance, c(-3, 3), tol = 1e-6)$minimum
  lambda <- sqrt(start$Sigma[[1]][1] / start$sigma2)
  expect_lt(abs(log(lambda) - best), 0.02)
  at <- marginal_at(model$sums, matrix(lambda))
  p <- model$sums$n_coef
  expect_equal(start$sigma2, at$root[p + 1, p + 1]^2 / df)
  expect_equal(start$theta, backsolve(at$root[1:p, 1:p], at$root[1:p, p + 1]), tolerance = 1e-10)
})

# Given lambda and sigma, R (theta - mean)/sigma is standard normal, R'R = X'V^-1 X. Columns
# are draws.
standardized_draws <- function(fit) {
  model <- model_of(fit$posterior)
  hyper <- as.matrix(fit)
  p <- model$n_coef
  apply(hyper, 1, function(draw) {
    at <- marginal_at(model, matrix(draw[p + 1] / draw[p + 2]))
    theta <- beta_to_theta(model, draw[seq_len(p)])
    as.numeric(at$root[1:p, 1:p] %*% theta - at$root[1:p, p + 1]) / draw[p + 2]
  })
}

expect_standard_normal <- function(u) {
  n <- ncol(u)
  expect_lt(abs(mean(u^2) - 1), 4 * sqrt(2 / length(u)))
  expect_lt(abs(var(colSums(u^2)) / (2 * nrow(u)) - 1), 4 * sqrt((2 + 12 / nrow(u)) / n))
  expect_lt(max(abs(rowMeans(u))) * sqrt(n), 4.5)
  # Of 2,211 pairs.
  off <- tcrossprod(u) / sqrt(n)
  expect_lt(max(abs(off[upper.tri(off)])), 5)
}

test_that("coefficients have their conditional distribution", {
  data <- wide_data(65)
  expect_standard_normal(standardized_draws(
    relm(y ~ X + (1 | g), data, chains = 1, draws = 500, seed = 1)
  ))
  prior <- relm_prior(sd = half_normal(2), sigma = half_t(3, 1))
  expect_standard_normal(standardized_draws(
    relm(y ~ X + (1 | g), data, prior = prior, chains = 1, draws = 500, seed = 1)
  ))
})

test_that("lambda has its distribution, and sigma given it", {
  fit <- relm(y ~ X + (1 | g), wide_data(), chains = 1, draws = 4000, seed = 2)
  model <- model_of(fit$posterior)
  hyper <- as.matrix(fit)
  p <- model$n_coef
  lambda <- hyper[, p + 1] / hyper[, p + 2]
  grid <- seq(0, 6, length.out = 600)
  at <- lapply(grid, function(l) marginal_at(model, matrix(l)))
  log_density <- vapply(at, `[[`, 0, "log_density")
  density <- exp(log_density - max(log_density))
  probability <- cumsum(density) / sum(density)
  # In 50 lags the acceptance above .99 has been forgotten; about as many effective draws.
  for (q in c(0.1, 0.5, 0.9)) {
    bound <- grid[which.max(probability >= q)]
    expect_lt(abs(mean(lambda <= bound) - q), 4 * sqrt(q * (1 - q) / 3500) + max(diff(probability)))
  }
  # r^2/sigma^2 is chi-square with n - p - 1 degrees of freedom.
  r <- vapply(lambda[1:500], function(l) {
    marginal_at(model, matrix(l))$root[(p + 1)^2]
  }, 0)
  u <- stats::pchisq(r^2 / hyper[1:500, p + 2]^2, model$stratum_rows - p - 1)
  expect_lt(abs(mean(u) - 0.5), 4 * sqrt(1 / 12 / 500))
  expect_lt(abs(mean((u - 0.5)^2) - 1 / 12), 4 * sqrt(1 / 180 / 500))
})

test_that("a chain continued is the chain in one piece", {
  data <- wide_data()
  run <- function(draws) {
    relm(y ~ X + (1 | g), data, chains = 2, draws = draws, seed = 5, progress = FALSE)
  }
  expect_identical(as_draws_array(extend(run(30), 20)), as_draws_array(run(50)))
})

test_that("effects have their conditional means", {
  data <- wide_data()
  fit <- relm(y ~ X + (1 | g), data, chains = 1, draws = 20, seed = 5)
  model <- model_of(fit$posterior)
  p <- model$n_coef
  hyper <- t(as.matrix(fit)[, seq_len(p + 2)])
  moments <- moments_at(model, hyper[, 7, drop = FALSE])
  e <- data$y - as.numeric(cbind(1, data$X) %*% hyper[seq_len(p), 7])
  ratio <- (hyper[p + 1, 7] / hyper[p + 2, 7])^2
  expected <- as.numeric(rowsum(e, data$g)) * ratio / (1 + tabulate(data$g) * ratio)
  expect_equal(as.numeric(moments$mean), expected, tolerance = 1e-10)
})

proper <- function(...) relm_prior(beta = normal(0.5, 2), ..., sigma = inverse_gamma(2, 1))

test_that("nodes integrate polynomials of twice their number exactly", {
  rule <- gauss_legendre(6)
  for (power in 0:11) {
    expect_equal(sum(rule$weight * rule$node^power), if (power %% 2) 0 else 2 / (power + 1))
  }
})

# log p(y | tau, sigma) for diagonal Sigma, coefficients integrated out.
dense_density <- function(fit) {
  rows <- rows_of(fit$design)
  group <- fit$design$frame$g
  same <- outer(group, group, "==")
  parts <- lapply(seq_len(ncol(rows$Z)), function(k) same * tcrossprod(rows$Z[, k]))
  base <- 4 * tcrossprod(rows$X)
  mean <- rows$X %*% rep(0.5, ncol(rows$X))
  w <- if (is.null(rows$weights)) rep(1, length(rows$y)) else rows$weights
  function(tau, sigma) {
    V <- base + diag(sigma^2 / w)
    for (k in seq_along(parts)) V <- V + tau[k]^2 * parts[[k]]
    log_normal(rows$y, mean, V)
  }
}

test_that("one standard deviation: the integral is that of nested adaptive quadrature", {
  data <- grouped_data(4)[1:14, ]
  fit <- relm(y ~ x + (1 | g), data, prior = proper(sd = half_t(3, 1.5)), weights = w, chains = 2,
              draws = 500, seed = 1)
  density <- dense_density(fit)
  inner <- function(sigma) vapply(sigma, function(s) {
    values <- function(tau) vapply(tau, function(t) {
      exp(density(t, s) + 20) * 2 * dt(t / 1.5, 3) / 1.5 * dgamma(s^-2, 2, 1) * 2 * s^-3
    }, 0)
    integrate(values, 0, Inf, rel.tol = 1e-8)$value
  }, 0)
  exact <- log(integrate(inner, 0.05, 8, rel.tol = 1e-8)$value) - 20
  ours <- logml(fit)
  expect_equal(as.numeric(ours), exact, tolerance = 1e-6)
  expect_lt(attr(ours, "error"), 1e-6)
})

test_that("two standard deviations: the integral is that of a rule on a grid", {
  data <- grouped_data(4)[1:14, ]
  fit <- relm(y ~ x + (1 + x || g), data, prior = proper(sd = half_normal(0.8)), chains = 2,
              draws = 500, seed = 1)
  density <- dense_density(fit)
  # The integrand is even in each tau: the trapezoidal rule converges exponentially.
  tau <- seq(0, 4.55, by = 0.13)
  log_sigma <- seq(-3.4, 2.2, by = 0.2)
  half_normal <- 2 * dnorm(tau, 0, 0.8) * c(0.5, rep(1, length(tau) - 1)) * 0.13
  grid <- expand.grid(a = seq_along(tau), b = seq_along(tau), s = exp(log_sigma))
  values <- mapply(function(a, b, s) density(tau[c(a, b)], s), grid$a, grid$b, grid$s)
  weights <- half_normal[grid$a] * half_normal[grid$b] *
    dgamma(grid$s^-2, 2, 1) * 2 * grid$s^-3 * grid$s * 0.2
  exact <- log(sum(exp(values - max(values)) * weights)) + max(values)
  expect_lt(abs(as.numeric(logml(fit)) - exact), 1e-5)
})

test_that("one dimension: the common line with any prior, bounded or not", {
  data <- grouped_data(4)[1:14, ]
  priors <- list(exponential(1), uniform(0.9), half_cauchy(0.01), inverse_gamma(2, 1))
  for (sigma in priors) {
    fit <- relm(y ~ x, data, prior = relm_prior(beta = normal(0.5, 2), sigma = sigma), chains = 2,
                draws = 500, seed = 1)
    density <- dense_density(fit)
    values <- function(s) vapply(s, function(s) {
      exp(density(numeric(), s) + log_prior_of_sd(sigma, s) + 20)
    }, 0)
    exact <- log(integrate(values, 0.3, if (sigma$name == "uniform") 0.9 else 9,
                           rel.tol = 1e-9)$value) - 20
    expect_lt(abs(as.numeric(logml(fit)) - exact), 1e-5)
  }
})

test_that("bridge sampling agrees with quadrature within its own standard error", {
  data <- bass_centered()
  models <- list(
    list(log(mercury) ~ x + (1 | station), proper(sd = half_normal(1))),
    list(log(mercury) ~ x + (1 | station), proper(sd = uniform(0.7))),
    list(log(mercury) ~ x + (1 + x || station), proper(sd = half_t(3, 0.5)))
  )
  for (model in models) {
    fit <- relm(model[[1]], data, prior = model[[2]], chains = 2, draws = 2000, seed = 4)
    bridge <- logml(fit, method = "bridge", seed = 7)
    expect_lt(attr(bridge, "error"), 0.03)
    expect_lt(abs(bridge - logml(fit)) / attr(bridge, "error"), 4)
  }
})


test_that("too few draws for a bridge are refused", {
  fit <- relm(y ~ x + (1 + x | g), grouped_data(9), prior = proper(sd = half_normal(1)), chains = 1,
              draws = 30, seed = 1)
  expect_error(logml(fit), "at least 40 draws.*30", class = "relm_error")
})

test_that("the standard error of bridge sampling is its spread over fits", {
  runs <- vapply(1:30, function(seed) {
    fit <- relm(log(mercury) ~ x + (1 | station), bass_centered(),
                prior = proper(sd = half_normal(1)), chains = 1, draws = 400, seed = seed)
    value <- logml(fit, method = "bridge", seed = seed)
    c(value, attr(value, "error"))
  }, numeric(2))
  ratio <- sd(runs[1, ]) / mean(runs[2, ])
  # The relative standard error of a standard deviation of 30 values is 1/sqrt(58).
  expect_lt(abs(log(ratio)), 4 / sqrt(58))
})

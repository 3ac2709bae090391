# The target against a dense evaluation of the same marginal.

test_that("the target is the dense one, from no variance to a large one", {
  data <- grouped_data()
  posteriors <- list(
    posterior_of(y ~ x + v + (1 | g), data, weights = w),
    posterior_of(y ~ x + (1 + x | g), data),
    posterior_of(y ~ x + between + (1 + x + v | g), data, weights = w),
    posterior_of(y ~ 0 + x + (1 + v || g), data)
  )
  for (posterior in posteriors) {
    expect_dense_target(posterior, c(0, 1e-8, 1e-4, 0.01, 0.3, 1, 10, 100), 1e-10)
  }
})

test_that("coordinates give L, the prior and the Jacobian", {
  posterior <- posterior_of(y ~ x + (1 + x + v | g), grouped_data(), relm_prior(cor = lkj(2.5)))
  model <- model_of(posterior)
  tuning <- tuning_of(model, "integrated")
  tuning$scale <- c(0.3, 1, 2)
  target <- function(point) log_density_at(model, tuning, point, 1)
  # lambda and the correlations of a point.
  natural <- function(point) {
    y <- tanh(point[4:6])
    C <- diag(3)
    C[2, 1] <- y[1]
    C[3, 1] <- y[2]
    C[3, 2] <- y[2] * y[1] + y[3] * sqrt((1 - y[1]^2) * (1 - y[2]^2))
    c(tuning$scale * sinh(point[1:3]), C[lower.tri(C)])
  }
  expected <- function(point) {
    value <- natural(point)
    C <- diag(3)
    C[lower.tri(C)] <- value[4:6]
    C[upper.tri(C)] <- t(C)[upper.tri(C)]
    L <- diag(value[1:3]) %*% t(chol(C))
    step <- 1e-5
    jacobian <- vapply(1:6, function(k) {
      e <- replace(numeric(6), k, step)
      (natural(point + e) - natural(point - e)) / (2 * step)
    }, numeric(6))
    marginal_at(model, L)$log_density + 1.5 * log(det(C)) +
      log(abs(det(jacobian)))
  }
  set.seed(6)
  points <- matrix(rnorm(60), 10)
  difference <- apply(points, 1, function(point) target(point) - expected(point))
  expect_lt(diff(range(difference)), 1e-6)
  # The signs of lambda_2 and of its correlations.
  flipped <- points %*% diag(c(1, -1, 1, -1, 1, -1))
  expect_equal(apply(flipped, 1, target), apply(points, 1, target))
})

test_that("with sigma a coordinate, the target is the dense one under every prior", {
  data <- grouped_data()
  beta <- normal(0.5, 2)
  cases <- list(
    posterior_of(y ~ x + v + (1 + x || g), data, weights = w,
                 relm_prior(beta, list(x = inverse_gamma(2, 0.5)), sigma = inverse_gamma(3, 2))),
    posterior_of(y ~ x + (1 + x | g), data, relm_prior(beta, cor = lkj(2.5))),
    posterior_of(y ~ x + (1 + x | g) + (0 + v | g), data,
                 relm_prior(beta, cov = inverse_wishart(4, matrix(c(1, 0.3, 0.3, 0.5), 2)),
                            sigma = uniform()))
  )
  for (posterior in cases) {
    model <- model_of(posterior)
    q <- grouping_in(model)$n_random
    n <- q + (length(grouping_of(posterior)$blocks) < q) + 1
    tuning <- tuning_of(model, "coordinate")
    tuning$scale <- rep(0.7, q)
    difference <- replicate(10, {
      point <- rnorm(n, 0, 0.7)
      rho <- if (n > q + 1) tanh(point[q + 1]) else 0
      C <- diag(q)
      C[1, 2] <- C[2, 1] <- rho
      sigma <- exp(point[n])
      tau <- sigma * 0.7 * sinh(abs(point[seq_len(q)]))
      if (n > q + 1) C[1, 2] <- C[2, 1] <- rho * sign(point[1] * point[2])
      jacobian <- sum(log(cosh(point[seq_len(q)]))) + log1p(-rho^2) * (n > q + 1)
      log_density_at(model, tuning, point, 1) -
        dense_joint(posterior, tau, C, sigma) - jacobian
    })
    expect_lt(diff(range(difference)), 1e-8)
  }
})

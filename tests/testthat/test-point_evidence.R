# Quantiles at equal steps in the place of draws: what is left is the kernel's bias.
normals <- function(n, mean, sd) stats::qnorm(stats::ppoints(n), mean, sd)

test_that("the ratio of two normal densities is found, but for the kernel's bias", {
  prior <- normals(40000, 0, 2)
  h <- 1.08 * 4000^(-1 / 9)
  for (mean in c(0, 0.5, 1, 1.5)) {
    exact <- stats::dnorm(0, mean, 0.7) / stats::dnorm(0, 0, 2)
    # The kernel's fourth moment is -3, so that -3/24 h^4 times the fourth derivative is added.
    z <- mean / 0.7
    bias <- 1 - h^4 * (z^4 - 6 * z^2 + 3) / 8
    expect_equal(point_evidence(normals(4000, mean, 0.7), prior), exact * bias, tolerance = 0.02)
  }
})

test_that("at the edge of the support, and near it, mass is folded back", {
  half <- function(n, scale) scale * stats::qnorm((1 + stats::ppoints(n)) / 2)
  for (at in c(0, 0.1, 0.3)) {
    exact <- (2 * stats::dnorm(at, 0, 1)) / (2 * stats::dnorm(at, 0, 3))
    expect_equal(point_evidence(half(4000, 1) - at, half(40000, 3) - at), exact, tolerance = 0.02)
  }
})

test_that("random draws are within the kernel's error", {
  set.seed(1)
  n <- 4000
  ratios <- replicate(30, point_evidence(rnorm(n, 0.5, 1), rnorm(40000, 0, 2)))
  exact <- dnorm(0, 0.5) / dnorm(0, 0, 2)
  # R(K) = 27 / (32 sqrt(pi)); the variance of the density is R(K) f / (n h).
  error <- function(n, sd, f) sqrt(27 / (32 * sqrt(pi)) / (n * 1.08 * sd * n^(-1 / 9) * f))
  relative <- sqrt(error(n, 1, dnorm(0.5))^2 + error(40000, 2, dnorm(0, 0, 2))^2)
  expect_lt(abs(mean(ratios) / exact - 1), 0.01 + 4 * relative / sqrt(30))
  expect_lt(sd(ratios) / exact, 1.6 * relative)
})

test_that("a point where hardly a draw is has no ratio, and the reason says of what", {
  prior <- normals(40000, 0, 2)
  expect_match(point_evidence(normals(4000, 10, 1), prior), "^the posterior has hardly")
  expect_match(point_evidence(normals(4000, 0, 1), normals(40000, 50, 1)), "^the (posterior|prior) has hardly")
  expect_match(point_evidence(normals(4000, 0, 1) + 100, abs(prior) + 100), "hardly")
})

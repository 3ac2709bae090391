# The target of a nested chain against the dense covariance of all rows.

chains <- list(
  y ~ x + (1 | a) + (1 | b), y ~ x + (1 | a / b), y ~ x + (1 | a) + (1 + x | b),
  y ~ x + (1 + x | a) + (1 | b), y ~ x + (1 + x | a) + (1 + x || b), y ~ 1 + (0 + v | a) + (1 + x | b),
  y ~ x + (1 + x + v | a) + (0 + x | b), y ~ x + (1 | a) + (1 + x + v | b)
)

# Differences of the target's log densities from the dense ones', which are all the same.
off_by <- function(formula, points, ..., stretch = 1) {
  posterior <- posterior_of(formula, joint_data(), ...)
  model <- model_of(posterior)
  expect_identical(length(model$steps), 1L)
  tuning <- tuning_of(model, "integrated")
  points <- points(length(tuning$center), length(tuning$scale)) * stretch
  numbers <- numbers_of_step(model)
  dense <- apply(points, 2, function(point) {
    k <- seq_along(tuning$scale)
    dense_log_marginal(posterior, numbers, factors_at(point, model, tuning)) +
      sum(log(cosh(point[k])))
  })
  log_target(model, tuning, points, 1) - dense - jacobian_of_correlations(points, model)
}

random_points <- function(n, q) {
  set.seed(n)
  points <- matrix(rnorm(n * 6), n)
  points[, 1] <- 0
  points
}

test_that("the target of a chain is that of the dense covariance", {
  for (formula in chains) {
    off <- off_by(formula, random_points)
    expect_lt(diff(range(off)), 1e-9)
  }
  off <- off_by(y ~ x + (1 | a) + (1 + x | b), random_points, weights = w)
  expect_lt(diff(range(off)), 1e-9)
})

test_that("three floors, groups with the same rows, and children beside other leaves are chains", {
  data <- joint_data()
  data$pair <- paste(data$a, data$b)
  expect_identical(model_of(posterior_of(y ~ x + (1 | a) + (1 | b), data))$steps[[1]]$groupings, 1:0)
  data$top <- data$a > 3
  three <- posterior_of(y ~ x + (1 | top) + (1 + x | a) + (1 | b), data,
                        prior = relm_prior(sd = half_normal(1)))
  expect_identical(model_of(three)$steps[[1]]$groupings, 2:0)
  same <- suppressMessages(posterior_of(y ~ x + (1 | b) + (1 | pair), data))
  expect_identical(model_of(same)$steps[[1]]$groupings, 1:0)
  model <- model_of(same)
  tuning <- tuning_of(model, "integrated")
  points <- random_points(2, 2)
  off <- log_target(model, tuning, points, 1) - apply(points, 2, function(point) {
    dense_log_marginal(same, 2:1, factors_at(point, model, tuning)) + sum(log(cosh(point)))
  })
  expect_lt(diff(range(off)), 1e-9)
})

test_that("reflections take over where products would cancel", {
  # Standard deviations thousands of times the residuals': beyond, the dense covariance loses digits.
  far <- function(n, q) {
    points <- random_points(n, q)[, 2:4]
    points[1, ] <- c(8, 9, 10)
    points
  }
  off <- off_by(y ~ x + (1 | a) + (1 | b), far)
  expect_lt(diff(range(off)), 1e-6)
  off <- off_by(y ~ x + (1 | a) + (1 + x | b), far)
  expect_lt(diff(range(off)), 1e-6)
})

test_that("several residual variances weigh the rows of a chain", {
  data <- joint_data()
  posterior <- posterior_of(y ~ x + (1 | a) + (1 | b), data, sigma = ~ d)
  model <- model_of(posterior)
  tuning <- tuning_of(model, "given")
  sigma2 <- c(0.5, 1.2, 2)
  points <- random_points(2, 2)
  rows <- rows_of(posterior$design)
  labels <- posterior$strata$labels
  scale <- sigma2[match(data$d, labels)]
  weighed <- posterior_of(y ~ x + (1 | a) + (1 | b), transform(data, w2 = 1 / scale), weights = w2)
  dense <- apply(points, 2, function(point) {
    L <- factors_at(point, model, tuning)
    Z <- dense_effects(weighed)[2:1]
    V <- diag(scale)
    for (i in 1:2) V <- V + L[[i]][1]^2 * tcrossprod(Z[[i]])
    root <- chol(crossprod(cbind(rows$X, rows$y), solve(V, cbind(rows$X, rows$y))))
    -as.numeric(determinant(V)$modulus) / 2 - sum(log(diag(root)[1:2])) - root[3, 3]^2 / 2 +
      sum(log(cosh(point)))
  })
  expect_lt(diff(range(log_target(model, tuning, points, sigma2) - dense)), 1e-9)
})

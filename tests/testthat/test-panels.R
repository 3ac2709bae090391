# Many columns, whose sums and factors are made in panels: the factors against the products of the
# rows, and the target against dense covariances, as test-collapsed_target.R has it for few.

test_that("factors of many columns have the products of the rows", {
  set.seed(1)
  for (p in c(62, 63, 64, 100)) for (n in c(257, 700)) {
    data <- data.frame(y = rnorm(n, 5), X = I(matrix(rnorm(n * p), n)), g = rep_len(1:9, n))
    for (formula in c(y ~ X, y ~ X + (1 | g))) {
      sums <- crossprods(formula, data)
      shift <- sums$shift[setdiff(seq_along(sums$shift), seq_len(n_random(sums)))]
      rows <- sweep(cbind(1, unclass(data$X), data$y), 2, shift)
      factor <- totals_of(sums)[, , 1]
      expect_identical(factor[lower.tri(factor)], numeric((p + 2) * (p + 1) / 2))
      expect_equal(crossprod(factor), crossprod(rows), tolerance = 1e-12, ignore_attr = TRUE)
    }
  }
})

many_columns_data <- function(n = 260, n_columns = 70) {
  set.seed(11)
  data <- data.frame(g = sample(rep_len(1:40, n)), f = rep_len(c("a", "b", "c"), n),
                     w = runif(n, 0.5, 2), z = rnorm(n, 1), v = rnorm(n))
  data$X <- matrix(rnorm(n * n_columns, 0.5), n)
  data$y <- 1 + data$X[, 1] + rnorm(40)[data$g] + rnorm(n)
  data
}

test_that("of many columns the target is the dense one", {
  data <- many_columns_data()
  posteriors <- list(
    posterior_of(y ~ X + (1 + z | g), data, weights = w),
    posterior_of(y ~ X + v + (1 + z + v | g), data),
    # As many random columns: a group leaves more rows than are collected for one product.
    posterior_of(y ~ X + (0 + X | f), data, relm_prior(cov = huang_wand(2, 1)))
  )
  for (posterior in posteriors) {
    q <- grouping_in(model_of(posterior))$n_random
    expect_dense_target(posterior, c(0, 1e-4, 0.3, 1, 10), 1e-9, over = sqrt(q))
  }
})

test_that("of many columns it is so with sigma a coordinate", {
  posterior <- posterior_of(y ~ X + (1 | g), many_columns_data(), weights = w,
                            relm_prior(normal(0.5, 2), inverse_gamma(2, 0.5),
                                       sigma = inverse_gamma(3, 2)))
  model <- model_of(posterior)
  tuning <- tuning_of(model, "coordinate")
  set.seed(5)
  difference <- replicate(8, {
    point <- rnorm(2, 0, 0.7)
    sigma <- exp(point[2])
    tau <- sigma * tuning$scale * sinh(abs(point[1]))
    log_density_at(model, tuning, point, 1) -
      dense_joint(posterior, tau, diag(1), sigma) - log(cosh(point[1]))
  })
  expect_lt(diff(range(difference)), 1e-8)
})

test_that("of many columns it is so given several residual variances", {
  posterior <- posterior_of(y ~ X + (1 | g), many_columns_data(),
                            relm_prior(sigma = inverse_gamma(1, 1)), sigma = ~ f)
  model <- model_of(posterior)
  rows <- replay_data(posterior)
  sigma2 <- c(0.3, 1, 4)
  tuning <- tuning_of(model, "given")
  dense <- function(x) {
    V <- diag(sigma2[rows$level]) + (tuning$scale * sinh(x))^2 * outer(rows$group, rows$group, "==")
    U <- chol(V)
    fit <- qr(backsolve(U, rows$X, transpose = TRUE))
    r2 <- sum(qr.resid(fit, backsolve(U, rows$y, transpose = TRUE))^2)
    -sum(log(diag(U))) - sum(log(abs(diag(qr.R(fit))))) - r2 / 2 + log(cosh(x))
  }
  points <- c(0, 0.01, 0.5, 1, 2)
  difference <- log_density_at(model, tuning, points, sigma2) - vapply(points, dense, 0)
  expect_lt(diff(range(difference)), 1e-9)
})

test_that("where columns leave nothing of y, its last pivot alone is rounding", {
  data <- transform(many_columns_data(), y = X[, 1] - X[, 70])
  posterior <- posterior_of(y ~ X + (1 + z || g), data,
                            relm_prior(sd = half_normal(1), sigma = inverse_gamma(2, 1)))
  model <- model_of(posterior)
  tuning <- tuning_of(model, "coordinate")
  points <- rbind(c(0, 0.1, 1), c(0, 0.2, 0.5), c(0, -1, 1))
  expect_true(all(is.finite(log_density_at(model, tuning, points, 1))))
})

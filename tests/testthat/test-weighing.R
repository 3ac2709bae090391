# Groups whose cells have residual variances of their own, against the dense covariance.

# log p(y | L, sigma_f) with beta integrated out, from the dense covariance.
test_that("the target given several residual variances is the dense one", {
  posterior <- posterior_of(y ~ x + v + (1 + x | g), grouped_data(), sigma = ~ f, weights = w)
  model <- model_of(posterior)
  rows <- replay_data(posterior)
  sigma2 <- c(0.3, 1, 4)
  tuning <- tuning_of(model, "given")
  dense <- function(point) {
    tau <- tuning$scale * sinh(point[1:2])
    C <- matrix(c(1, tanh(point[3]), tanh(point[3]), 1), 2)
    V <- diag(sigma2[rows$level] / rows$w)
    for (j in unique(rows$group)) {
      own <- rows$group == j
      Z <- rows$Z[own, , drop = FALSE]
      V[own, own] <- V[own, own] + Z %*% (C * tcrossprod(tau)) %*% t(Z)
    }
    U <- chol(V)
    fit <- qr(backsolve(U, rows$X, transpose = TRUE))
    r2 <- sum(qr.resid(fit, backsolve(U, rows$y, transpose = TRUE))^2)
    -sum(log(diag(U))) - sum(log(abs(diag(qr.R(fit))))) - r2 / 2 +
      sum(log(cosh(point[1:2]))) + log1p(-tanh(point[3])^2)
  }
  set.seed(3)
  points <- matrix(rnorm(30), 3)
  difference <- log_density_at(model, tuning, points, sigma2) - apply(points, 2, dense)
  expect_lt(diff(range(difference)), 1e-9)
})

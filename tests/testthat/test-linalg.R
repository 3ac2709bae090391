# LAPACK takes over from the loops at order 16.

test_that("a system of equations has its solution on both sides of LAPACK's first order", {
  set.seed(1)
  n <- 80
  for (p in 14:17) {
    data <- data.frame(y = rnorm(n), X = I(matrix(rnorm(n * p), n)), g = rep_len(1:8, n))
    model <- model_of(posterior_of(y ~ X + (1 | g), data))
    em <- em_of(model, 0.6, 0.9)
    X <- cbind(1, unclass(data$X))
    V <- 0.9 * diag(n) + 0.6 * outer(data$g, data$g, "==")
    beta <- solve(crossprod(X, solve(V, X)), crossprod(X, solve(V, data$y)))
    ours <- matrix(model$to_beta, p + 1) %*% em$theta + model$beta_shift
    expect_equal(as.numeric(ours), as.numeric(beta), tolerance = 1e-10)
  }
})

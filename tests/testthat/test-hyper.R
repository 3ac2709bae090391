test_that("a stored draw is what the state says, in the order of the parameters", {
  data <- grouped_data()
  posteriors <- list(
    posterior_of(y ~ x + v, data), posterior_of(y ~ x + (1 + x + v | g), data, sigma = ~ f),
    posterior_of(y ~ x + v + (1 + x | g) + (0 + v | g), data)
  )
  for (posterior in posteriors) {
    run <- run_sampler(posterior, "uncentered", 3)
    model <- model_of(posterior)
    p <- model$n_coef
    Sigma <- matrix(as.numeric(unlist(run$state$Sigma)), n_random(posterior))
    correlations <- lapply(grouping_of(posterior)$blocks, function(block) {
      C <- stats::cov2cor(Sigma[block$columns, block$columns, drop = FALSE])
      C[upper.tri(C)]
    })
    beta <- matrix(model$to_beta, p) %*% run$state$theta + model$beta_shift
    expected <- c(beta, sqrt(diag(Sigma)), unlist(correlations), sqrt(run$state$sigma2))
    expect_equal(run$hyper[3, ], expected, tolerance = 1e-12)
  }
})

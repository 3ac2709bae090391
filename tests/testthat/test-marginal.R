# The sums over groups.

test_that("the sum over groups does not depend on the number of threads", {
  set.seed(2)
  groups <- 12000
  data <- data.frame(g = rep(seq_len(groups), each = 4), x = rnorm(4 * groups), v = rnorm(4 * groups))
  data$y <- rnorm(groups)[data$g] + data$x + rnorm(4 * groups)
  for (formula in c(y ~ x + (1 | g), y ~ x + (1 + x | g), y ~ x + (1 + x + v | g))) {
    model <- model_of(posterior_of(formula, data))
    L <- diag(0.5, grouping_in(model)$n_random)
    at <- lapply(1:3, function(threads) marginal_at(model, L, threads))
    expect_identical(at[[2]], at[[1]])
    expect_identical(at[[3]], at[[1]])
  }
})

test_that("a large, nearly singular L loses no digits", {
  # With L = scale [1 0; r e], e to 0 at rate 1/scale, against the same by hand in terms that
  # do not cancel: one group, one row, V = 1 + |L'z|^2.
  data <- data.frame(y = c(1, 2, 4, 3, 5, 9), x = c(1, 2, 3, 4, 5, 6), v = c(2, 1, 4, 3, 6, 5), g = 1:6)
  posterior <- posterior_of(y ~ 0 + (1 + x + v | g), data,
                            relm_prior(cov = inverse_wishart(4, 1), sigma = inverse_gamma(1, 1)))
  model <- model_of(posterior)
  for (scale in c(1, 1e3, 1e6)) {
    L <- scale * matrix(c(1, 0.5, -2, 0, 1e-7, 1e-7, 0, 0, 1e-8), 3)
    log_det <- sum(log1p(colSums((t(L) %*% rbind(1, data$x, data$v))^2)))
    at <- marginal_at(model, L)
    expect_equal(at$log_det, log_det, tolerance = 1e-12)
  }
})

# Standard deviations and correlations given effects that are whitened, a row of the factor at a time.

skip_on_cran()

test_that("with too few groups for a whole matrix to be proposed, rows alone draw it right", {
  set.seed(3)
  data <- data.frame(g = rep(1:2, each = 5), x = rnorm(10), w = 1)
  data$y <- rep(c(1, -0.5), each = 5) + rep(c(0.8, -0.6), each = 5) * data$x + rnorm(10)
  for (eta in c(0.2, 0.4)) {
    fit <- relm(y ~ 0 + (1 + x | g), data, sampler = "interweaved", draws = 8000, seed = 4,
                prior = relm_prior(sd = half_normal(1), cor = lkj(eta), sigma = known_sigma))
    expect_grid(fit, eta, data, seq(-12, 2, 0.1), seq(-18, 18, 0.1), paste("lkj", eta))
    # A chain in which none is proposed counts none.
    expect_identical(unname(fit$sampling$proposals), rep(0, 4))
  }
})

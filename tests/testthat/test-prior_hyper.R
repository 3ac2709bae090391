# Draws of all hyperparameters from the prior against those of single ones, and the improper ones.

data <- grouped_data()
prior <- relm_prior(beta = normal(1, 2), sd = half_t(4, 2), cor = lkj(2), sigma = exponential(1))
posterior <- posterior_of(y ~ x + (1 + x | g), data, prior)

test_that("all hyperparameters are drawn as single ones are", {
  names <- hyper_names(posterior)
  drawn <- with_stream(1, draw_prior_hyper(posterior, all_parameters(posterior), 50))
  expect_identical(drawn$hyper, prior_draws(posterior, names, 50, 1))
  expect_false(any(drawn$hyper == 0))
  # Sigma = L L'.
  Sigma <- tcrossprod(drawn$roots[[1]][7, , ])
  sd <- sqrt(diag(Sigma))
  expect_equal(unname(drawn$hyper[7, c("sd_g__Intercept", "sd_g__x")]), sd)
  expect_equal(drawn$hyper[[7, "cor_g__Intercept__x"]], Sigma[1, 2] / prod(sd))
})

test_that("a single draw is drawn as many are", {
  for (terms in list(~ x + (1 + x | g), ~ x + (1 + x || g), ~ x + cs(1 + x | g))) {
    fit <- relm(stats::update(terms, y ~ .), data, prior = prior, prior_only = TRUE, chains = 1, draws = 1, seed = 1)
    expect_identical(dim(as.matrix(fit, hyper_names(fit$posterior))), c(1L, length(hyper_names(fit$posterior))))
    expect_gt(min(as.matrix(fit, c("sd_g__Intercept", "sd_g__x"))), 0)
  }
})

test_that("what is not needed is not drawn", {
  needed <- all_parameters(posterior)
  needed$groupings <- integer()
  drawn <- with_stream(1, draw_prior_hyper(posterior, needed, 5))
  expect_true(all(drawn$hyper[, grep("^(sd|cor)_", colnames(drawn$hyper))] == 0))
  expect_null(drawn$roots[[1]])
})

test_that("improper priors are named", {
  flat <- posterior_of(y ~ x + (1 + x | g), data, relm_prior(beta = list(x = normal(0, 1))))
  expect_identical(improper_among(flat, all_parameters(flat)),
                   c("b_Intercept: flat()", "sd_g__Intercept: uniform()", "sd_g__x: uniform()", "sigma: jeffreys()"))
  expect_identical(improper_among(posterior, all_parameters(posterior)), character())
})

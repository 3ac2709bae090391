# What C is given of another family's posterior, and the coordinates of its target.

data <- family_data()

test_that("rows give the same linear predictor in the coordinates of theta", {
  far <- transform(data, x = x + 2000)
  posterior <- family_posterior(family_cases()$poisson, ~ x + v + (1 + x | g), far)
  model <- model_of(posterior)
  beta <- c(-3, 0.002, 0.4)
  theta <- matrix(model$from_beta, 3) %*% (beta - model$beta_shift)
  expect_equal(drop(model$responses$X %*% theta), drop(posterior$responses$X %*% beta),
               tolerance = 1e-10)
  expect_identical(diff(model$responses$sorted[[1]]$start), tabulate(posterior$responses$group, 6))
  expect_null(encode_responses(relm_posterior(crossprods(y ~ x + (1 | g), data)), NULL))
})

test_that("a draw and a point of the target are each other's", {
  for (case in family_cases()[c("logit", "dispersed")]) {
    posterior <- family_posterior(case, ~ x + (1 + x + v | g), data)
    model <- model_of(posterior)
    tuning <- family_tuning_of(model)
    hyper <- c(0.3, -0.5, 1.2, 0.4, 0.7, 0.3, -0.2, 0.5, if (has_shape(model)) 2.5)
    point <- points_of(t(hyper), model, tuning)
    expect_length(point, length(tuning$center))
    expect_equal(hyper_at(as.numeric(point), model, tuning), hyper, tolerance = 1e-8)
  }
})

# Priors of a fit, a row for each parameter.

test_that("a summary of the priors is the table that the posterior has", {
  fit <- relm(y ~ x + (1 + x | g), grouped_data(9), chains = 1, draws = 10, warmup = 10, seed = 1,
              prior = relm_prior(beta = list(x = normal(0, 2)), sd = half_t(3, 2.5)))
  table <- prior_summary(fit)
  expect_s3_class(table, "data.frame")
  expect_identical(as.data.frame(table), as.data.frame(prior_table(fit$posterior)))
  expect_true(any(grepl("normal(0, 2)", unlist(table), fixed = TRUE)))
  expect_true(any(grepl("half_t(3, 2.5)", unlist(table), fixed = TRUE)))
  expect_error(prior_summary(fit, digits = 2), "digits", class = "relm_error")
})

test_that("priors of each grouping have rows of their own", {
  prior <- relm_prior(sd = list(a = half_t(3, 1), "a:b" = list(x = exponential(2))), cor = lkj(2))
  table <- prior_summary(nested_fit(prior = prior, draws = 5))
  expect_identical(table$parameter[3:6], c("sd_a__Intercept", "sd_a:b__Intercept", "sd_a:b__x",
                                           "cor_a:b(Intercept,x)"))
  expect_identical(table$prior[3:6], c("half_t(3, 1)", "uniform()", "exponential(2)", "lkj(2)"))
})

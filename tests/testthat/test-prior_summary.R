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

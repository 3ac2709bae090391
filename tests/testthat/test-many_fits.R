# The recipes of ?many-fits do what the page says.

skip_on_cran()

test_that("a parametric bootstrap varies as its data do", {
  data <- several_data(80)
  fit <- relm(y ~ x + (1 | a), data, chains = 1, draws = 100, seed = 1)
  simulated <- simulate(fit, nsim = 15, seed = 1, use.u = FALSE)
  slopes <- vapply(1:15, function(i) fixef(refit(fit, simulated[[i]], seed = i))[["x"]], 0)
  expect_identical(anyDuplicated(slopes), 0L)
  # Slopes spread as the posterior does: sd over sd is within F's quantiles of 1 in 10,000.
  ratio <- var(slopes) / var(as.matrix(fit, "b_x")[, 1])
  expect_lt(ratio, 2 * qf(0.9999, 14, 99))
  expect_gt(ratio, qf(0.0001, 14, 99) / 2)
})

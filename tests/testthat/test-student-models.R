# What methods, pictures and other packages make of t residuals, by hand from the draws: the rows that
# test-several-methods.R and its neighbours ask of other models.

skip_on_cran()
for (package in c("loo", "generics")) skip_if_not_installed(package)

student_scenes <- scenes[c("one", "nested", "crossed")]

test_that("t residuals have what is by hand", {
  for (formula in student_scenes) {
    scene <- with_gaussian_rows(with_more_rows(scene_of(formula, "student")))
    for (part in c(several_methods, more_methods, gaussian_methods)) expect_rows_of_methods(part, scene)
  }
})

test_that("other packages have t residuals as their draws are", {
  for (package in packages_of_rows) skip_if_not_installed(package)
  for (formula in student_scenes) {
    scene <- with_packages(scene_of(formula, "student"))
    for (part in package_methods) expect_rows_of_methods(part, scene)
  }
})

# A row that is left out has replicates of its own, not a mean and a variance.
of_moments <- c("loo_predict", "loo_predictive_interval")

test_that("t residuals are criticized and shown", {
  for (package in c("ggplot2", "bayesplot")) skip_if_not_installed(package)
  rows <- criticism[setdiff(names(criticism), of_moments)]
  expect_rows_of_methods(rows, with_criticism(scene_of(scenes$one, "student")))
})

test_that("loo_predict() and loo_predictive_interval() weigh replicates of t residuals", {
  fit <- scene_of(scenes$one, "student")$fit
  psis <- suppressWarnings(loo(fit, integrated = FALSE, save_psis = TRUE))$psis_object
  shares <- stats::weights(psis, log = FALSE)
  y <- posterior_predict(fit, seed = 3)
  left_out <- function(...) suppressWarnings(loo_predict(fit, seed = 3, ...))$value
  expect_equal(unname(left_out()), unname(colSums(shares * y)))
  mean <- colSums(shares * y)
  expect_equal(unname(left_out(type = "var")), unname(colSums(shares * y^2) - mean^2))
  quantiles <- left_out(type = "quantile", probs = c(0.25, 0.75))
  below <- vapply(seq_len(ncol(y)), function(i) sum(shares[y[, i] <= quantiles[i, 1], i]), 0)
  expect_lt(max(abs(below - 0.25)), max(shares) + 1e-8)
  interval <- suppressWarnings(loo_predictive_interval(fit, prob = 0.5, seed = 3))$value
  expect_equal(unname(interval), unname(quantiles))
})

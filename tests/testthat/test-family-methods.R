# What methods, and their arguments, make of other families, by hand from the draws: rows that the Gaussian
# responses of test-several-methods.R have too, and those of other responses alone.

skip_on_cran()
for (package in c("loo", "generics")) skip_if_not_installed(package)

expect_family_methods <- function(family, formula = scenes$one) {
  scene <- with_family_rows(with_more_rows(scene_of(formula, family)))
  for (part in c(several_methods, more_methods, family_methods)) expect_rows_of_methods(part, scene)
}

test_that("binomial responses have what is by hand", {
  expect_family_methods("binomial")
})

test_that("Poisson responses have what is by hand", {
  expect_family_methods("poisson")
})

test_that("negative binomial responses have what is by hand", {
  expect_family_methods("negative_binomial")
})

# Pictures and other packages -------------------------------------------------------------------

expect_family_pictures <- function(family, formula = scenes$one) {
  for (package in packages_of_rows) skip_if_not_installed(package)
  scene <- with_criticism(with_packages(scene_of(formula, family)))
  expect_rows_of_methods(criticism[c("pp_check", "plot")], scene)
  for (part in package_methods) expect_rows_of_methods(part, scene)
}

test_that("binomial responses are shown, and other packages have them as their draws are", {
  expect_family_pictures("binomial")
})

test_that("Poisson responses are shown, and other packages have them as their draws are", {
  expect_family_pictures("poisson")
})

test_that("negative binomial responses are shown, and other packages have them as their draws are", {
  expect_family_pictures("negative_binomial")
})

# Several groupings -----------------------------------------------------------------------------

test_that("nested groupings of other families have what is by hand", {
  expect_family_methods("poisson", scenes$nested)
})

test_that("crossed groupings of other families have what is by hand", {
  expect_family_methods("binomial", scenes$crossed)
})

test_that("several groupings of other families are shown, and other packages have them as their draws are", {
  expect_family_pictures("negative_binomial", scenes$crossed)
})

# Summaries of the same draws and weights as the pictures of rows left out have.
expect_left_out_as_weighted <- function(fit) {
  replicates <- suppressWarnings(left_out_replicates(fit, "psis_object", 8))
  shares <- stats::weights(replicates$psis_object, log = FALSE)
  mean <- unname(colSums(shares * replicates$yrep))
  expect_equal(unname(suppressWarnings(loo_predict(fit, seed = 8))$value), mean)
  expect_equal(unname(suppressWarnings(loo_predict(fit, "var", seed = 8))$value),
               unname(colSums(shares * replicates$yrep^2)) - mean^2)
  quarters <- suppressWarnings(loo_predict(fit, "quantile", probs = c(0.25, 0.75), seed = 8))$value
  below <- colSums(shares * (replicates$yrep <= rep(quarters[, 1], each = nrow(shares))))
  expect_true(all(below > 0.25 - 1e-9))
  below <- colSums(shares * (replicates$yrep < rep(quarters[, 2], each = nrow(shares))))
  expect_true(all(below < 0.75 + 1e-9))
  expect_identical(suppressWarnings(loo_predictive_interval(fit, prob = 0.5, seed = 8))$value, quarters)
}

expect_compared_by_waic <- function(scene) {
  both <- suppressWarnings(loo_compare(scene$fit, scene$single, criterion = "waic", model_names = c("u", "v")))
  expected <- vapply(list(scene$fit, scene$single), function(fit) {
    suppressWarnings(loo::waic(log_lik(fit))$estimates["elpd_waic", "Estimate"])
  }, 0)
  expect_equal(diff(range(both[, "elpd_diff"])), abs(diff(expected)))
  expect_setequal(rownames(both), c("u", "v"))
  expect_equal(suppressWarnings(unname(model_weights(scene$fit, scene$single, weights = "waic"))),
               exp(expected - max(expected)) / sum(exp(expected - max(expected))))
  printed <- utils::capture.output(print(suppressWarnings(waic(scene$fit, scene$single))))
  expect_identical(sum(startsWith(printed, "Model ")), 2L)
  of_rows <- lapply(list(scene$fit, scene$single), function(fit) {
    suppressWarnings(loo(fit, integrated = FALSE))$pointwise[, "elpd_loo"]
  })
  score <- function(w) sum(log(w * exp(of_rows[[1]]) + (1 - w) * exp(of_rows[[2]])))
  stacked <- suppressWarnings(loo_model_weights(scene$fit, scene$single, integrated = FALSE))
  expect_gt(score(stacked[[1]]), max(vapply(seq(0, 1, by = 0.05), score, 0)) - 1e-4)
  expect_left_out_as_weighted(scene$fit)
  kept <- suppressWarnings(add_criterion(scene$fit, criterion = "waic", model_name = "u"))
  expect_equal(unname(kept$criteria$waic$estimates["elpd_waic", 1]), unname(expected[1]))
  expect_equal(suppressWarnings(add_criterion(kept, "waic", overwrite = TRUE))$criteria$waic$estimates,
               kept$criteria$waic$estimates)
}

test_that("fits of other families are compared by WAIC given their effects", {
  for (family in c("binomial", "poisson", "negative_binomial")) expect_compared_by_waic(scene_of(scenes$one, family))
})

test_that("fits with several groupings of other families are compared by WAIC given their effects", {
  expect_compared_by_waic(scene_of(scenes$nested, "poisson"))
  expect_compared_by_waic(scene_of(scenes$crossed, "binomial"))
})

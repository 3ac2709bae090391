# What methods, pictures and other packages make of structured covariances, by hand from the draws: the
# rows that test-several-methods.R and its neighbours ask of other models.

skip_on_cran()
for (package in c("loo", "generics")) skip_if_not_installed(package)

test_that("structured covariances have what is by hand", {
  for (kind in names(structured_scenes)) {
    scene <- with_gaussian_rows(with_more_rows(structured_scene(kind)))
    for (part in c(several_methods, more_methods, gaussian_methods)) expect_rows_of_methods(part, scene)
  }
})

test_that("other packages have structured covariances as their draws are", {
  for (package in packages_of_rows) skip_if_not_installed(package)
  for (kind in c("cs", "diag")) {
    scene <- with_packages(structured_scene(kind))
    for (part in package_methods) expect_rows_of_methods(part, scene)
  }
})

test_that("structured covariances are criticized and shown", {
  for (package in c("ggplot2", "bayesplot")) skip_if_not_installed(package)
  expect_rows_of_methods(criticism, with_criticism(structured_scene("ar1")))
})

test_that("a marginal likelihood of structured covariances has a method, a seed and threads", {
  expect_marginal_likelihoods(y ~ x + cs(1 + x + w | a, hom = TRUE), y ~ x + ar1(1 + x + w | a:b))
})

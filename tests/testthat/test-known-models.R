# What methods, pictures and other packages make of residual variances that are known, by hand from the
# draws: the rows that test-several-methods.R and its neighbours ask of other models.

skip_on_cran()
for (package in c("loo", "generics")) skip_if_not_installed(package)

test_that("known residual variances have what is by hand", {
  for (kind in names(known_scenes)) {
    scene <- with_gaussian_rows(with_more_rows(known_scene(kind)))
    for (part in c(several_methods, more_methods, gaussian_methods)) expect_rows_of_methods(part, scene)
  }
})

test_that("other packages have known residual variances as their draws are", {
  for (package in packages_of_rows) skip_if_not_installed(package)
  for (kind in names(known_scenes)) {
    scene <- with_packages(known_scene(kind))
    for (part in package_methods) expect_rows_of_methods(part, scene)
  }
})

test_that("known residual variances are criticized and shown", {
  for (package in c("ggplot2", "bayesplot")) skip_if_not_installed(package)
  expect_rows_of_methods(criticism, with_criticism(known_scene("known")))
})

test_that("a marginal likelihood of known residual variances has a method, a seed and threads", {
  expect_marginal_likelihoods(y ~ x + (1 | a), y ~ x + (1 | a / b), sigma = ~ known(w), prior = prior_of_marginal())
})

test_that("known residual variances have no levels, and new ones of them no meaning", {
  for (kind in names(known_scenes)) {
    scene <- known_scene(kind)
    rows <- rbind(scene$stranger, scene$new)
    for (f in list(posterior_predict, log_lik, bayes_R2)) {
      expect_identical(f(scene$fit, rows, new_sigma = "old_levels", allow_new_levels = TRUE, seed = 1),
                       f(scene$fit, rows, allow_new_levels = TRUE, seed = 1))
    }
  }
})

# What methods, and their arguments, make of other families, by hand from the draws: rows that the Gaussian
# responses of test-several-methods.R have too, and those of other responses alone.

skip_on_cran()
for (package in c("loo", "generics")) skip_if_not_installed(package)

expect_family_methods <- function(family, formula = scenes$one, ...) {
  scene <- with_family_rows(with_more_rows(scene_of(formula, family, ...)))
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

needed <- c("bayestestR", "insight", "parameters", "performance", "bayesplot", "rstantools", "emmeans", "tidybayes",
            "ggplot2", "lattice", "knitr")

expect_family_pictures <- function(family, formula = scenes$one, ...) {
  for (package in needed) skip_if_not_installed(package)
  scene <- with_criticism(with_packages(scene_of(formula, family, ...)))
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
  expect_family_methods("binomial", scenes$nested, sampler = "interweaved")
})

test_that("crossed groupings of other families have what is by hand", {
  expect_family_methods("negative_binomial", scenes$crossed, sampler = "interweaved")
})

test_that("several groupings of other families are shown, and other packages have them as their draws are", {
  expect_family_pictures("binomial", scenes$crossed, sampler = "interweaved")
})

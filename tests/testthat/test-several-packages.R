# What other packages and pictures make of one grouping, of nested and of crossed ones, and what a
# posterior has not of any.

skip_on_cran()
for (package in packages_of_rows) skip_if_not_installed(package)

expect_packages <- function(formula) {
  scene <- with_packages(scene_of(formula))
  for (part in names(package_methods)) expect_rows_of_methods(package_methods[[part]], scene)
}

test_that("other packages have one grouping as its draws are", {
  expect_packages(scenes$one)
})

test_that("other packages have nested groupings as their draws are", {
  expect_packages(scenes$nested)
})

test_that("other packages have crossed groupings as their draws are", {
  expect_packages(scenes$crossed)
})

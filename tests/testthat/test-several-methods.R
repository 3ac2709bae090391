# What methods, and their arguments, make of one grouping, of nested and of crossed ones, by hand from the
# draws.

skip_on_cran()
for (package in c("loo", "generics")) skip_if_not_installed(package)

expect_methods <- function(formula) {
  scene <- with_gaussian_rows(with_more_rows(scene_of(formula)))
  for (part in c(several_methods, more_methods, gaussian_methods)) expect_rows_of_methods(part, scene)
}

test_that("one grouping has what is by hand", {
  expect_methods(scenes$one)
})

test_that("nested groupings have what is by hand", {
  expect_methods(scenes$nested)
})

test_that("crossed groupings have what is by hand", {
  expect_methods(scenes$crossed)
})

# The list of a model's groupings.

test_that("a model has a list of groupings, also where it has one or none", {
  data <- grouped_data(9)
  one <- crossprods(y ~ x + (1 + x | g), data)
  expect_length(one$groupings, 1)
  grouping <- one$groupings[[1]]
  expect_identical(grouping$name, "g")
  expect_setequal(grouping$groups, as.character(unique(data$g)))
  expect_identical(grouping$groups, as.character(unique(data$g)))
  expect_identical(grouping$random$column, c("(Intercept)", "x"))
  expect_identical(grouping$random$paired, 1:2)
  expect_null(grouping$parent)

  none <- crossprods(y ~ x, data)
  expect_identical(none$groupings, list())
  expect_false(has_groups(none))
  expect_identical(c(n_groups(none), n_random(none)), c(0L, 0L))
})

# Which grouping takes up a coefficient, and which columns of X stay in the regression then.

groupings_with <- function(sizes, paired, parents = rep(NA, length(sizes))) {
  Map(function(n, paired, parent) {
    list(groups = seq_len(n), random = list(paired = paired), parent = if (!is.na(parent)) parent)
  }, sizes, paired, parents)
}

test_that("one grouping takes up all of its columns that are in X", {
  expect_identical(centered_columns(groupings_with(9, list(c(1L, NA, 2L)))), list(c(1L, 3L)))
  expect_identical(centered_columns(groupings_with(9, list(c(NA, NA)))), list(integer()))
  expect_identical(centered_columns(list()), list())
})

test_that("of several the one with the fewest groups takes up a column, of as many the higher, the first", {
  both <- list(1:2, 1:2)
  expect_identical(centered_columns(groupings_with(c(9, 5), both)), list(integer(), 1:2))
  expect_identical(centered_columns(groupings_with(c(5, 5), both)), list(1:2, integer()))
  # The first lies in the second, which has as many groups.
  expect_identical(centered_columns(groupings_with(c(5, 5), both, c(2L, NA))), list(integer(), 1:2))
  # Each column by itself.
  expect_identical(centered_columns(groupings_with(c(9, 5, 7), list(1:3, c(1L, NA), 2L))),
                   list(3L, 1L, 1L))
})

test_that("the other columns stay in the regression", {
  data <- joint_data()
  model <- model_of(posterior_of(y ~ x + v + (1 + x | b) + (1 | c), data), "centered")
  expect_identical(model$n_staying, 1L)
  expect_identical(lapply(model$groupings, `[[`, "mean_coef"), list(1L, 0L))
  expect_identical(lapply(model$groupings, `[[`, "mean_column"), list(1L, 0L))
  # `a` has five groups, with those of `b` in them.
  model <- model_of(posterior_of(y ~ x + (1 + x | b) + (1 | a), data), "centered")
  expect_identical(lapply(model$groupings, `[[`, "mean_coef"), list(1L, 0L))
})

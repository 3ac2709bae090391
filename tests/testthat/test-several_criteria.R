skip_if_not_installed("loo")
data <- grouped_data()
first <- relm(y ~ x + (1 | g), data, chains = 2, draws = 100, seed = 1)
second <- relm(y ~ 1 + (1 | g), data, chains = 2, draws = 100, seed = 1)

test_that("several fits have the criteria of each, and are compared", {
  both <- suppressWarnings(loo(first, second))
  expect_named(both$loos, c("first", "second"))
  expect_equal(both$loos$second$estimates, suppressWarnings(loo(second))$estimates)
  expect_equal(both$diffs, suppressWarnings(loo_compare(first, second)))
  expect_identical(rownames(both$diffs), c("first", "second"))
  groups <- suppressWarnings(waic(first, other = second, by = "group"))
  expect_named(groups$loos, c("first", "other"))
  expect_equal(groups$loos$first$estimates, suppressWarnings(waic(first, by = "group"))$estimates)
  alone <- suppressWarnings(loo_compare(waic(first, by = "group"), waic(second, by = "group")))
  expect_equal(compared_differences(groups$diffs), compared_differences(alone))
})

test_that("all are printed, with the comparison", {
  printed <- capture.output(print(suppressWarnings(loo(first, second))))
  expect_length(grep("^Model (first|second)$", printed), 2)
  expect_length(grep("^Computed from", printed), 2)
  expect_match(tail(printed, 1), "^ *second +-")
})

test_that("what is no fit is refused, and so are fits of other data", {
  expect_error(loo(first, second, 3), "without a name", class = "relm_error")
  expect_error(loo(first, "group"), "without a name", class = "relm_error")
  expect_error(loo(first, second, bye = "row"), "Did you mean `by`", class = "relm_error")
  other <- relm(y ~ x, data[-1, ], chains = 1, draws = 20, seed = 1)
  expect_error(loo(first, other), "same data", class = "relm_error")
  expect_error(print(suppressWarnings(loo(first, second)), simplify = TRUE), "no arguments|no argument", class = "relm_error")
})

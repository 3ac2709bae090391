# Digits of cross-products from sums in a database, against 250 bits.

skip_if_not_installed("Rmpfr")

test_that("a year and its square lose no digits", {
  for (kind in c("years", "far")) {
    data <- digits_data(kind)
    own <- crossprods(digits_formula(kind), sqlite_table(data))
    errors <- relative_errors(within_of_crossprods(own), within_in_250_bits(data, TRUE))
    expect_lt(errors[["beta"]], 1e-11)
    expect_lt(errors[["rss"]], 1e-12)
  }
})

test_that("seconds since 1970 lose few, after a second pass", {
  data <- digits_data("seconds")
  table <- sqlite_table(data)
  exact <- within_in_250_bits(data, FALSE)
  errors <- function() {
    own <- crossprods(digits_formula("seconds"), table)
    relative_errors(within_of_crossprods(own), exact)
  }
  expect_lt(errors()[["beta"]], 1e-7)
  # Without it more are lost.
  expect_gt(with_relm("needs_second_pass", function(moments) FALSE, errors()[["beta"]]), 1e-7)
})

# What is found out of a table before all of its rows are asked for.

test_that("first rows have no missing values", {
  fish <- data.frame(x = c(NA, 1.5, 2), k = c("a", NA, "b"))
  table <- new_table(sqlite_table(fish), globalenv())
  probe <- probe_table(table, c("x", "k"))
  expect_identical(probe$rows, data.frame(x = 2, k = "b"))
  expect_identical(probe$table$types, list(x = numeric(), k = character()))
  expect_error(probe_table(new_table(sqlite_table(data.frame(x = NA_real_)), globalenv()), "x"),
               "No rows are left", class = "relm_error")
})

test_that("values are compared to their last digits", {
  x <- c(1, -1e-3, NA, Inf)
  expect_identical(same_numbers(x, x), rep(TRUE, 4))
  expect_identical(same_numbers(x, x * (1 + 1e-15)), rep(TRUE, 4))
  expect_identical(same_numbers(x, c(1 + 1e-10, -1e-3, 0, -Inf)), c(FALSE, TRUE, FALSE, FALSE))
  expect_identical(same_numbers(NaN, NA), TRUE)
})

test_that("an expression that the database computes otherwise is refused", {
  table <- list(engine = list(label = "A database"))
  expect_error(check_same_values(expression(round(x)), list(c(2, 4)), list(c(2, 5)), table),
               "A database computes `round(x)` otherwise than R", fixed = TRUE,
               class = "relm_error")
  as_numbers <- function(numbers) {
    check_same_values(expression(x > 1), list(c(TRUE, NA)), list(numbers), table)
  }
  expect_null(as_numbers(c(1L, NA)))
  expect_error(as_numbers(c(0L, NA)), "A database computes `x > 1` otherwise than R", fixed = TRUE)
})

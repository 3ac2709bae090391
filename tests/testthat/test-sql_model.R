# What is asked of a table before its cells.

test_that("integers do not overflow and are not divided as such", {
  fish <- data.frame(y = c(1, 5, 2, 4, 9, 7), k = c(5L, 2L, 3L, 1L, 2L, 1L),
                     i = c(2000000001L, 1500000000L, 3L, 1999999999L, 1200000000L, 700000000L),
                     g = rep(1:2, 3))
  own <- function(formula, data) crossprods(formula, data)
  for (formula in list(y ~ I(i / 2L) + (1 | g), y ~ I(i * 3.5) + i:k + (1 | g))) {
    expect_crossprods_of_rows(own(formula, sqlite_table(fish)), own(formula, fish))
  }
})

test_that("two queries see first rows, one counts rows, and one sums", {
  skip_if_not_installed("RSQLite")
  asked <- character()
  plain <- ask
  with_relm("ask", function(table, query, ...) {
    asked <<- c(asked, query)
    plain(table, query, ...)
  }, {
    suppressMessages(crossprods(y ~ x + kind + (1 | lake), sqlite_table(fish_data())))
  })
  expect_length(asked, 4)
  last <- asked[4]
  expect_identical(lengths(regmatches(last, gregexpr("SELECT", last))), 1L)
  expect_match(last, "GROUP BY `kind`, `lake`$")
})

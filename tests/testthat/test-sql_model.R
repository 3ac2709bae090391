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

test_that("an answer that has not all rows is refused, in either pass", {
  fish <- fish_data()
  table <- sqlite_table(fish)
  plain <- ask
  # As a driver gives it that is interrupted.
  broken <- function(code, pattern) {
    with_relm("ask", function(table, query, ...) {
      answer <- plain(table, query, ...)
      counts <- grepl("relm_cells", query)
      if (grepl(pattern, query) && !counts) answer[-nrow(answer), , drop = FALSE] else answer
    }, code)
  }
  refused <- function(formula, pattern, ...) {
    expect_error(broken(suppressMessages(crossprods(formula, table, ...)), pattern),
                 "has not all rows: [0-9]+ of 2[0-9]+", class = "relm_error")
  }
  refused(y ~ x + (1 | lake), "GROUP BY")
  refused(caught ~ kind + (1 | lake), "GROUP BY", family = "binomial")
  with_relm("needs_second_pass", function(moments) TRUE, {
    refused(y ~ x + (1 | lake), "INNER JOIN")
  })
  # Rows that have come in the meantime are read.
  more <- with_relm("ask", function(table, query, ...) {
    answer <- plain(table, query, ...)
    if (!is.null(answer$complete)) answer$complete <- answer$complete - 5
    answer
  }, suppressMessages(crossprods(y ~ x + (1 | lake), table)))
  expect_identical(more$n_rows, 239)
})

test_that("a value that the database has not, of columns that are there, is refused", {
  fish <- fish_data()
  fish$inf <- fish$x
  fish$inf[200] <- Inf
  # Beyond the first rows, which are compared.
  table <- sqlite_table(fish)
  with_relm("n_pilot", 100L, {
    for (formula in list(y ~ sin(inf) + (1 | lake), I(inf - inf) + y ~ x + (1 | lake))) {
      expect_error(crossprods(formula, table), "SQLite has no value of .* in 1 row where no column",
                   class = "relm_error")
    }
  })
  # R says that the sine of the first rows' infinite number is none.
  finite <- suppressWarnings(crossprods(y ~ sin(inf) + (1 | lake), table, subset = inf < 1e300))
  expect_identical(finite$n_rows, 238)
})

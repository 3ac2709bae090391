# What is asked of a table, and what comes back.

test_that("a table is asked flat, a query as a subquery", {
  table <- sqlite_table(values <- data.frame(x = 1:3))
  expect_identical(new_table(table, globalenv())$from, "`fish`")
  expect_match(new_table(dplyr::filter(table, x > 1), globalenv())$from, "^\\(SELECT")
  written <- dplyr::tbl(dbplyr::remote_con(table), dplyr::sql("SELECT * FROM fish WHERE x > 1"))
  expect_match(new_table(written, globalenv())$from, "^\\(SELECT \\* FROM fish WHERE")
})

test_that("answers of several blocks are joined", {
  n <- 2 * rows_of_answer + 5
  table <- new_table(sqlite_table(data.frame(i = seq_len(n), k = rep_len(c("a", "b"), n))),
                     globalenv())
  answer <- ask(table, "SELECT i, k FROM fish ORDER BY i")
  expect_identical(answer, data.frame(i = seq_len(n), k = rep_len(c("a", "b"), n)))
  expect_identical(nrow(ask(table, "SELECT i FROM fish WHERE i < 0")), 0L)
  expect_error(ask(table, "SELECT i FROM fish", 10, function(n) stop("too many: ", n)), "too many")
})

test_that("an error of the database is told, and no result is left open", {
  source <- sqlite_table(data.frame(x = 1))
  table <- new_table(source, globalenv())
  expect_error(ask(table, "SELECT nothing FROM fish"), "SQLite did not answer",
               class = "relm_error")
  # SQLite warns where a result is open as the next is asked for.
  expect_no_warning(ask(table, "SELECT x FROM fish"))
})

test_that("a connection that was closed is told", {
  connection <- DBI::dbConnect(RSQLite::SQLite(), ":memory:")
  table <- write_table(connection, fish_data())
  DBI::dbDisconnect(connection)
  expect_error(crossprods(y ~ x + (1 | lake), table), "SQLite did not answer a query",
               class = "relm_error")
})

test_that("an answer that breaks off is told, and its result is cleared", {
  table <- new_table(sqlite_table(data.frame(x = c(1, 9223372036854775807))), globalenv())
  # The sum of whole numbers overflows after the first rows have come.
  query <- "SELECT abs(i) AS a FROM (SELECT x, 1 AS i FROM fish
            UNION ALL SELECT 1, -9223372036854775808)"
  expect_error(ask(table, query), "integer overflow", class = "relm_error")
  expect_no_warning(ask(table, "SELECT x FROM fish"))
})

test_that("clauses stand where SQL has them", {
  table <- list(from = "fish", where = character())
  expect_identical(select_text(table, c(a = "x"), c("x > 1", "x > 1", "z > 2"), "x"),
                   "SELECT x AS relm_a\nFROM fish\nWHERE x > 1 AND z > 2\nGROUP BY x")
})

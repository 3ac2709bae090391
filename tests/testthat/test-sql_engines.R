# What databases differ in.

test_that("numbers are written in full, and never as whole ones", {
  x <- c(0, 1, -2, 1 / 3, 0.1, 1e300, -1e-300, 123456789012345680, pi * 1e10, 5e-324)
  text <- sql_number(x)
  expect_identical(vapply(text, function(one) eval(str2lang(one)), 0, USE.NAMES = FALSE), x)
  expect_match(text, "[.e]")
  expect_identical(sql_number(c(2, -0.5)), c("2.0", "(-0.5)"))
})

test_that("engines are known by their connections", {
  skip_if_not_installed("dbplyr")
  label <- function(connection) engine_of(connection)$label
  expect_identical(label(dbplyr::simulate_sqlite()), "SQLite")
  expect_identical(label(dbplyr::simulate_postgres()), "PostgreSQL")
  expect_identical(label(dbplyr::simulate_dbi("ClickhouseConnection")), "ClickHouse")
  expect_identical(label(dbplyr::simulate_dbi("nobody's")), "the database")
})

test_that("names and texts are quoted as the engine quotes them", {
  hostile <- "\"`; drop table fish; --"
  table <- new_table(sqlite_table(data.frame(x = 1)), globalenv())
  expect_identical(sql_name(table, hostile), "`\"``; drop table fish; --`")
  expect_identical(sql_text(table, "it's"), "'it''s'")
})

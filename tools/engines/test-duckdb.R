# DuckDB, where it is installed.

skip_if_not_installed("duckdb")

connection <- DBI::dbConnect(duckdb::duckdb())
withr::defer(DBI::dbDisconnect(connection, shutdown = TRUE), teardown_env())

make <- table_maker(connection)

test_that("a table has the cross-products of its rows", {
  fish <- fish_of_sources()
  expect_table_serves(write_table(connection, fish, "\"; drop table fish; --"), fish)
})

test_that("parts and fits of a table are those of the data frame", {
  fish <- fish_of_sources()
  expect_parts_agree(make, fish)
  expect_fits_agree(make, fish)
})

test_that("functions are those of R where R has a finite value", {
  expect_functions_agree(write_table(connection, numbers_to_ask, "asked"), numbers_to_ask)
})

test_that("intervals of numbers are those of R", {
  expect_cuts_agree(write_table(connection, numbers_to_cut, "numbers"))
})

test_that("digits are those of SQLite", {
  expect_digits_agree(make)
})

test_that("names that try to inject are names", {
  expect_names_are_names(make, fish_of_sources())
})

test_that("a connection that was closed is told", {
  own <- DBI::dbConnect(duckdb::duckdb())
  table <- write_table(own, fish_of_sources())
  DBI::dbDisconnect(own, shutdown = TRUE)
  expect_error(crossprods(y ~ x + (1 | lake), table), "DuckDB did not answer", class = "relm_error")
})

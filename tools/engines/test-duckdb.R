# DuckDB, where it is installed.

skip_if_not_installed("duckdb")

connection <- DBI::dbConnect(duckdb::duckdb())
withr::defer(DBI::dbDisconnect(connection, shutdown = TRUE), teardown_env())

test_that("a table has the cross-products of its rows", {
  fish <- fish_of_sources()
  expect_table_serves(write_table(connection, fish, "\"; drop table fish; --"), fish)
})

test_that("parts and fits of a table are those of the data frame", {
  tables <- 0
  make <- function(data) {
    tables <<- tables + 1
    write_table(connection, data, paste0("part", tables))
  }
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

# DuckDB, where it is installed.

skip_if_not_installed("duckdb")

connection <- DBI::dbConnect(duckdb::duckdb())
withr::defer(DBI::dbDisconnect(connection, shutdown = TRUE), teardown_env())

test_that("a table has the cross-products of its rows", {
  fish <- fish_data()
  expect_models_agree(write_table(connection, fish, "\"; drop table fish; --"), fish)
})

test_that("intervals of numbers are those of R", {
  expect_cuts_agree(write_table(connection, numbers_to_cut, "numbers"))
})

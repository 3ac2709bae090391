# Sums, updates and fits, by the source that makes them: rows of matrix-sources.csv.

fish <- fish_of_sources()

expect_source_is_used <- function(kind) {
  if (kind == "parquet") skip_if_not_installed("nanoparquet")
  make <- function(data) source_of(kind, data, envir)
  envir <- environment()
  expect_parts_agree(make, fish)
  expect_fits_agree(make, fish)
}

test_that("parts and fits of a function are those of the data frame", {
  expect_source_is_used("function")
})

test_that("parts and fits of a file are those of the data frame", {
  expect_source_is_used("file")
})

test_that("parts and fits of a Parquet file are those of the data frame", {
  expect_source_is_used("parquet")
})

test_that("parts and fits of a connection are those of the data frame", {
  expect_source_is_used("connection")
})

test_that("parts and fits of a table of SQLite are those of the data frame", {
  envir <- environment()
  make <- function(data) sqlite_table(data, envir = envir)
  expect_parts_agree(make, fish)
  expect_fits_agree(make, fish)
})

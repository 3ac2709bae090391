# Parquet files read by arrow, a row group at a time, where it is installed.

skip_if_not_installed("arrow")

test_that("files of several row groups have the cross-products of their rows", {
  fish <- fish_of_sources()
  path <- tempfile(fileext = ".parquet")
  on.exit(unlink(path))
  arrow::write_parquet(fish, path, chunk_size = 11)
  expect_gt(length(parquet_groups(path)), 1)
  model <- list(y ~ x + kind + (1 | lake))
  expect_crossprods_of_rows(crossprods(model[[1]], path, chunk_rows = 7), crossprods_of_model(model, fish))
})

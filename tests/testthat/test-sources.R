# What is a source, and who reads it.

test_that("a data frame is no source", {
  expect_false(is_source(bass))
  expect_false(is_source(list(bass)))
  expect_false(is_source(NULL))
})

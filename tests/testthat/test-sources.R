# What is a source, and who reads it.

test_that("a data frame is no source", {
  expect_false(is_source(bass))
  expect_false(is_source(list(bass)))
  expect_false(is_source(NULL))
})

test_that("functions, and what yields rows, are sources", {
  expect_true(is_source(function() NULL))
  expect_true(is_source(new_source(function() NULL, "nothing")))
})

test_that("chunks come in their order, and those that are held back come again", {
  reader <- new_reader(function_source(chunks_of(data.frame(x = 1:7), 3)))
  first <- next_chunk(reader)
  second <- next_chunk(reader)
  expect_identical(c(reader$number, reader$n_rows), c(2, 6))
  hold_back(reader, list(first, second))
  expect_identical(c(reader$number, reader$n_rows), c(0, 0))
  got <- lapply(1:4, function(k) next_chunk(reader)$x)
  expect_identical(got, list(1:3, 4:6, 7L, NULL))
  restart_reader(reader)
  expect_identical(next_chunk(reader)$x, 1:3)
  expect_true(can_restart(reader))
  expect_false(can_restart(new_reader(function_source(function() NULL))))
})

test_that("a fit can be made of the same function twice", {
  chunks <- chunks_of(bass, 50)
  one <- crossprods(log(mercury) ~ length + (1 | station), chunks)
  expect_identical(crossprods(log(mercury) ~ length + (1 | station), chunks), one)
})

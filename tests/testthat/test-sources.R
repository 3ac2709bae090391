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

test_that("what a chunk is refused for is told line by line", {
  parts <- list(bass[1:50, ], transform(bass[51:100, ], length = as.character(length)))
  next_part <- 0
  source <- function() {
    next_part <<- next_part + 1
    if (next_part <= 2) parts[[next_part]]
  }
  error <- tryCatch(crossprods(log(mercury) ~ length + (1 | station), source), error = identity)
  expect_match(error$message, "Chunk 2 of the function", fixed = TRUE)
  expect_identical(names(error$body), c("x", "x", "i"))
  expect_match(error$body[[2]], "Now it is a character, and was a numeric.", fixed = TRUE)
})

test_that("a connection is no table", {
  skip_if_not_installed("RSQLite")
  connection <- DBI::dbConnect(RSQLite::SQLite(), ":memory:")
  on.exit(DBI::dbDisconnect(connection))
  expect_error(relm(mercury ~ 1 + (1 | station), connection), "Name the table", fixed = TRUE)
})

test_that("chunk_rows is refused where nothing is read in blocks", {
  path <- tempfile(fileext = ".csv")
  utils::write.csv(bass, path, row.names = FALSE)
  formula <- log(mercury) ~ length + (1 | station)
  refused <- function(...) {
    expect_error(..., regexp = "`chunk_rows` is for files and connections", class = "relm_error")
  }
  refused(crossprods(formula, bass, chunk_rows = 50))
  refused(crossprods(formula, chunks_of(bass, 50), chunk_rows = 50))
  table <- sqlite_table(bass)
  refused(crossprods(formula, table, chunk_rows = 50))
  refused(relm(formula, chunks_of(bass, 50), chunk_rows = 50))
  read <- crossprods(formula, path, chunk_rows = 50)
  refused(update(read, remove = bass[1:5, ], chunk_rows = 50))
  expect_error(crossprods(relm_design(formula, bass), chunk_rows = 50), "no argument `chunk_rows`",
               class = "relm_error")
  connection <- file(path)
  on.exit(close(connection), add = TRUE)
  for (source in list(path, connection)) {
    expect_identical(update(read, add = source, chunk_rows = 7)$n_rows, 342)
  }
})

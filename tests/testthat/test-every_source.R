# Every source against the data frame, model by model, and the data frame against lm()'s functions:
# the rows of matrix-sources.csv. Servers have the same tests in tools/engines.

skip_on_cran()

fish <- fish_of_sources()

# Of the data frame, made once.
frames <- new.env()
frame_of <- function(name) {
  if (is.null(frames[[name]])) {
    frames[[name]] <- crossprods_of_model(models_of_sources[[name]], fish)
  }
  frames[[name]]
}

test_that("a data frame has the products of lm()'s matrices", {
  skip_if_not_installed("lme4")
  gaussian <- models_of_sources[vapply(models_of_sources, function(model) is.null(model$family), NA)]
  for (name in names(gaussian)) {
    by_hand <- products_by_lm(gaussian[[name]], fish)
    made <- frame_of(name)
    expect_equal(made$n_rows, by_hand$n_rows, label = name)
    own <- unname(total_products(made))
    scale <- sqrt(outer(diag(by_hand$products), diag(by_hand$products)))
    expect_lt(max(abs(own - by_hand$products) / pmax(scale, 1e-100)), 1e-13, label = name)
  }
})

expect_source_serves <- function(kind) {
  if (kind == "parquet") skip_if_not_installed("nanoparquet")
  for (name in names(models_of_sources)) {
    made <- crossprods_of_model(models_of_sources[[name]], source_of(kind, fish))
    expect_same_crossprods(made, frame_of(name))
  }
}

test_that("a function serves as the data frame does", {
  expect_source_serves("function")
})

test_that("a file serves as the data frame does", {
  expect_source_serves("file")
})

test_that("a Parquet file serves as the data frame does", {
  expect_source_serves("parquet")
})

test_that("a connection serves as the data frame does", {
  expect_source_serves("connection")
})

test_that("a table of SQLite serves as the data frame does", {
  table <- sqlite_table(fish)
  # SQLite has no logical values.
  rows <- transform(fish, caught = as.integer(caught))
  expect_table_serves(table, rows)
})

test_that("what is made of all rows is refused of a table, by name and before anything is asked", {
  table <- sqlite_table(fish)
  with_relm("ask", function(...) stop("asked"), {
    for (name in models_of_all_rows) {
      expect_error(crossprods_of_model(models_of_sources[[name]], table),
                   "cannot be asked.*is not among", class = "relm_error")
    }
  })
})

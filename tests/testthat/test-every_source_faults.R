# What every source makes of names, of arguments about reading and of faults: rows of
# matrix-sources.csv.

skip_on_cran()

fish <- fish_of_sources()

kinds_here <- function() {
  kinds <- names(makers_of_sources)
  if (requireNamespace("nanoparquet", quietly = TRUE)) kinds else setdiff(kinds, "parquet")
}

test_that("names that try to inject are names, to any source", {
  envir <- environment()
  for (kind in kinds_here()) {
    # As read.csv() names columns.
    column <- "\"; drop table fish; --"
    if (kind %in% c("file", "connection")) column <- make.names(column)
    expect_names_are_names(function(data) source_of(kind, data, envir), fish, column)
  }
  expect_names_are_names(identity, fish)
  expect_names_are_names(function(data) sqlite_table(data, "\"; drop table fish; --", envir), fish)
})

test_that("levels, and a design of the same model, take the place of a first pass", {
  envir <- environment()
  formula <- y ~ z + kind + poly(x, 2) + (1 | lake)
  whole <- suppressMessages(crossprods(formula, fish))
  like <- suppressMessages(relm_design(formula, fish))
  some <- suppressMessages(crossprods(y ~ x + kind + (1 | lake), fish))
  for (kind in kinds_here()) {
    read <- function(...) suppressMessages(crossprods(..., data = source_of(kind, fish, envir)))
    expect_same_crossprods(read(formula, like = like), whole)
    expect_same_crossprods(read(formula, like = read(formula)), whole)
    levels <- sort(unique(fish$kind))
    expect_same_crossprods(read(y ~ x + kind + (1 | lake), levels = list(kind = levels)), some)
    expect_error(read(y ~ x + kind + (1 | lake), levels = list(kind = levels[-1])),
                 "cannot be taken up.*level", class = "relm_error")
  }
})

test_that("files are read in blocks of any size, by several processes", {
  model <- models_of_sources$interactions
  whole <- crossprods_of_model(model, fish)
  rows <- list(1:100, 101:240)
  for (kind in setdiff(kinds_here(), c("function", "connection"))) {
    parts <- vapply(rows, function(own) source_of(kind, fish[own, ]), "")
    of_kind <- function(...) suppressMessages(crossprods(model[[1]], parts, ...))
    for (size in c(7, 1000)) expect_same_crossprods(of_kind(chunk_rows = size), whole)
    skip_on_os("windows")
    expect_same_crossprods(of_kind(cores = 2), whole)
  }
})

test_that("arguments of chunks are refused elsewhere", {
  table <- sqlite_table(fish)
  for (data in list(fish, table)) {
    refused <- function(name, ...) {
      expect_error(crossprods(y ~ x + (1 | lake), data, ...), sprintf("`%s`", name), class = "relm_error")
    }
    refused("levels", levels = list(kind = "pike"))
    refused("like", like = relm_design(y ~ x + (1 | lake), stats::na.omit(fish)))
    refused("chunk_rows", chunk_rows = 10)
    refused("cores", cores = 2)
    refused("progress", progress = "much")
    made <- suppressMessages(crossprods(y ~ x + (1 | lake), data, progress = TRUE))
    expect_identical(made$n_rows, 239)
  }
})

test_that("cells that a table has too many of are counted, and max_cells is for tables alone", {
  for (kind in kinds_here()) {
    expect_error(crossprods(y ~ x + (1 | lake), source_of(kind, fish), max_cells = 3),
                 "no argument `max_cells`", class = "relm_error")
  }
  expect_error(crossprods(y ~ x + (1 | lake), fish, max_cells = 3), "max_cells")
})

test_that("an interrupt while rows are read closes what was opened", {
  for (kind in kinds_here()) {
    source <- source_of(kind, fish)
    open <- nrow(showConnections())
    stopped <- with_relm("accumulate_frame", function(...) rlang::interrupt(), {
      tryCatch(crossprods(y ~ x + (1 | lake), source), interrupt = function(e) "stopped")
    })
    expect_identical(stopped, "stopped")
    expect_identical(nrow(showConnections()), open)
    expect_identical(suppressMessages(crossprods(y ~ x + (1 | lake), source))$n_rows, 239)
  }
})

test_that("a source that breaks off is told, and leaves nothing open", {
  whole <- readLines(makers_of_sources$file(fish))
  cut <- tempfile(fileext = ".csv")
  writeLines(c(whole[1:120], substr(whole[121], 1, 20)), cut)
  connection <- file(cut)
  on.exit(close(connection))
  open <- nrow(showConnections())
  for (source in list(cut, connection)) {
    expect_error(crossprods(y ~ x + (1 | lake), source, chunk_rows = 50), "Chunk 3 of .*cannot be read",
                 class = "relm_error")
  }
  closed <- file(cut)
  close(closed)
  expect_error(crossprods(y ~ x + (1 | lake), closed), "connection")
  expect_identical(nrow(showConnections()), open)
  skip_if_not_installed("nanoparquet")
  bytes <- readBin(makers_of_sources$parquet(fish), "raw", 1e6)
  broken <- tempfile(fileext = ".parquet")
  writeBin(bytes[seq_len(length(bytes) / 2)], broken)
  expect_error(crossprods(y ~ x + (1 | lake), broken), "Chunk 1 of .*cannot be read", class = "relm_error")
})

test_that("an interrupt between blocks of a table's answer clears the result", {
  skip_on_os("windows")
  table <- new_table(sqlite_table(fish), globalenv())
  numbers <- "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 20000000)
              SELECT i FROM n"
  system2("sh", c("-c", shQuote(sprintf("sleep 0.5; kill -INT %d", Sys.getpid()))), wait = FALSE)
  started <- proc.time()[["elapsed"]]
  stopped <- tryCatch(ask(table, numbers), interrupt = function(e) "stopped")
  expect_identical(stopped, "stopped")
  expect_lt(proc.time()[["elapsed"]] - started, 3)
  # SQLite warns of a result that was left open.
  expect_no_warning(ask(table, "SELECT 1 AS relm_one"))
})

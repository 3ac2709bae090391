# Files and connections, read in blocks.

skip_on_cran()

set.seed(5)
d <- data.frame(g = rep(c("a", "b, c", "d \"e\"", "f"), 15), n = rep(1:60), x = round(rnorm(60), 3),
                yes = rep(c(TRUE, FALSE, NA), 20), id = rep(c(10, 2, 7), 20))
d$f <- sample(c("u", "v"), 60, TRUE)
d$y <- round(d$x + rnorm(60), 3)
d$x[7] <- NA

write_table <- function(data, ..., extension = ".csv") {
  path <- tempfile(fileext = extension)
  connection <- if (extension == ".csv.gz") gzfile(path, "wt") else file(path, "wt")
  on.exit(close(connection))
  utils::write.csv(data, connection, row.names = FALSE, ...)
  path
}

formula <- y ~ x + f + (1 | g) + (1 | id)
of_rows <- function(data = d, f = formula, ...) suppressMessages(crossprods(f, data, ...))
of_file <- function(source, chunk_rows = 7, f = formula, ...) {
  suppressMessages(crossprods(f, source, chunk_rows = chunk_rows, ...))
}
n_connections <- function() nrow(showConnections())

test_that("files are read in blocks of any size", {
  path <- write_table(d)
  open <- n_connections()
  for (size in c(1, 7, 30, 1000)) expect_same_crossprods(of_file(path, size), of_rows())
  expect_same_crossprods(of_file(write_table(d, extension = ".csv.gz")), of_rows())
  expect_same_crossprods(of_file(write_table(d[-1], quote = FALSE, na = ""), f = y ~ x + f + (1 | id)),
                         of_rows(f = y ~ x + f + (1 | id)))
  expect_identical(n_connections(), open)
  text <- sapply(d, function(column) ifelse(is.na(column), NA, as.character(column)))
  expect_same_crossprods(of_file(write_table(text)), of_rows())
})

test_that("several files are one table, whatever the order of their columns", {
  paths <- c(write_table(d[1:25, ]), write_table(d[0, ]), write_table(d[26:60, rev(names(d))]))
  for (size in c(7, 1000)) expect_same_crossprods(of_file(paths, size), of_rows())
  formula <- y ~ x + f + (1 | g)
  one <- suppressMessages(relm(formula, d, chains = 1, draws = 20, seed = 1))
  two <- suppressMessages(relm(formula, paths, chunk_rows = 10, chains = 1, draws = 20, seed = 1))
  expect_same_draws(two, one)
})

test_that("connections are closed as they were", {
  path <- write_table(d)
  open <- n_connections()
  unopened <- file(path)
  expect_same_crossprods(of_file(unopened), of_rows())
  expect_false(isOpen(unopened))
  expect_same_crossprods(of_file(unopened, 1000), of_rows())
  close(unopened)
  opened <- file(path, "rt")
  expect_error(of_file(opened), "read once.*`f`", class = "relm_error")
  expect_true(isOpen(opened))
  close(opened)
  opened <- file(path, "rt")
  expect_same_crossprods(of_file(opened, levels = list(f = c("u", "v"))), of_rows())
  expect_true(isOpen(opened))
  close(opened)
  text <- textConnection(readLines(path))
  expect_same_crossprods(of_file(text, f = y ~ x + (1 | g)), of_rows(f = y ~ x + (1 | g)))
  close(text)
  zipped <- gzfile(write_table(d, extension = ".csv.gz"))
  expect_same_crossprods(of_file(zipped), of_rows())
  close(zipped)
  expect_identical(n_connections(), open)
  writing <- file(tempfile(), "wt")
  expect_error(of_file(writing), "not open for reading", class = "relm_error")
  close(writing)
})

test_that("columns have one type in all blocks", {
  wider <- transform(d, n = c(n[1:30], n[31:60] + 0.5), id = c(rep(NA, 20), id[21:60]))
  path <- write_table(wider)
  expect_same_crossprods(suppressWarnings(of_file(path, f = y ~ n + (1 | id))),
                         suppressWarnings(of_rows(wider, y ~ n + (1 | id))))
  # Numbers that turn out to be text: a factor where there is a first pass, else refused.
  late <- transform(d, id = c(as.character(id[1:40]), "none", id[42:60]))
  expect_same_crossprods(of_file(write_table(late)), of_rows(late))
  for (quote in c(TRUE, FALSE)) {
    path <- if (quote) write_table(late) else write_table(late[names(late) != "g"], quote = FALSE)
    open <- n_connections()
    expect_error(of_file(path, f = y ~ x + (1 | id)),
                 "Chunk 6 of the file .*`id` has \"none\", and had numbers before", class = "relm_error")
    expect_identical(n_connections(), open)
  }
  expect_error(of_file(write_table(transform(d, yes = c(rep(TRUE, 50), rep("perhaps", 10)))),
                       f = y ~ x + yes), "`yes` has \"perhaps\", and had TRUE or FALSE",
               class = "relm_error")
})

test_that("blocks are read as after a first pass, where a later one shows text or levels", {
  settled <- function(data, f = y ~ x + f + (1 | g), pattern = NULL, ...) {
    path <- write_table(data, ...)
    read <- function() tryCatch(suppressWarnings(of_file(path, f = f)), error = conditionMessage)
    once <- read()
    expect_identical(with_relm("first_schema", function(reader, survey) NULL, read()), once)
    if (is.null(pattern)) expect_same_crossprods(once, suppressWarnings(of_rows(utils::read.csv(path), f)))
    else expect_match(once, pattern)
  }
  settled(d)
  settled(transform(d, f = replace(f, 59, "late")))
  # Numbers that are text further on are a factor, of a model that looks for levels.
  settled(transform(d, n = c(n[1:40], "none", n[42:60])), y ~ n + f + (1 | g))
  settled(transform(d, n = replace(as.character(n), 60, "none")), y ~ f + (1 | n))
  settled(transform(d, n = replace(n, 60, "none")), y ~ x + n + (1 | g), "had numbers before")
  # A first block without values, or with empty text.
  settled(transform(d, f = replace(f, 1:10, NA)))
  settled(transform(d, f = replace(f, 1:10, ""))[names(d) != "g"], y ~ x + f + (1 | id), quote = FALSE)
})

test_that("files that cannot be read are refused, and closed", {
  open <- n_connections()
  expect_error(of_file("no such file.csv"), "names files.*no such file.csv.*not there",
               class = "relm_error")
  expect_error(of_file(character()), "must name files", class = "relm_error")
  cut <- readLines(write_table(d))
  path <- tempfile()
  writeLines(c(cut[1:30], "\"a\",1"), path)
  expect_error(of_file(path), "Chunk 5 of the file.*cannot be read", class = "relm_error")
  writeLines(cut[1], path)
  expect_error(of_file(path), "No rows are left", class = "relm_error")
  file.create(path)
  expect_error(of_file(path), "No rows are left", class = "relm_error")
  expect_error(of_file(write_table(d[names(d) != "x"])), "names `x`", class = "relm_error")
  expect_error(of_file(c(write_table(d), write_table(d[names(d) != "x"]))),
               "Chunk 10 of 2 files.*no column `x`", class = "relm_error")
  expect_identical(n_connections(), open)
})

test_that("Parquet files need a package that reads them", {
  path <- tempfile(fileext = ".parquet")
  file.create(path)
  if (requireNamespace("nanoparquet", quietly = TRUE)) {
    nanoparquet::write_parquet(d, path)
    expect_same_crossprods(of_file(path), of_rows())
  } else {
    skip_if_not(!requireNamespace("arrow", quietly = TRUE))
    expect_error(of_file(path), "needs the package arrow or nanoparquet", class = "relm_error")
  }
})

test_that("Parquet files of several row groups keep their columns' types", {
  skip_if_not_installed("nanoparquet")
  d$day <- as.Date("2024-02-28") + rep_len(0:3, 60)
  d$f <- factor(d$f, c("v", "u"))
  paths <- tempfile(c("one", "two"), fileext = ".parquet")
  groups <- nanoparquet::parquet_options(num_rows_per_row_group = 11)
  for (k in 1:2) nanoparquet::write_parquet(d[30 * k - 29:0, ], paths[k], options = groups)
  expect_same_crossprods(of_file(paths, f = y ~ n + f + (1 | day)), of_rows(d, y ~ n + f + (1 | day)))
  of_times <- suppressWarnings(of_file(paths, f = n ~ yes + (1 | id)))
  expect_same_crossprods(of_times, suppressWarnings(of_rows(d, n ~ yes + (1 | id))))
  # A column of another type in the second file.
  nanoparquet::write_parquet(transform(d, n = as.character(n)), paths[2])
  expect_error(of_file(paths, 60, y ~ n), "Chunk 2 of 2 files.*`n`.*type.*is a character, and was an integer",
               class = "relm_error")
})

test_that("row groups of any sizes come in blocks, each read when it is needed", {
  read <- 0
  group <- function(rows) function() {
    read <<- read + 1
    d[rows, ]
  }
  with_relm("parquet_groups", function(path) list(group(1:25), group(integer()), group(26:60)), {
    file <- open_parquet("none", 10)
    sizes <- integer()
    while (!is.null(rows <- file$next_rows())) {
      if (length(sizes) == 0) expect_identical(read, 1)
      sizes <- c(sizes, nrow(rows))
    }
    expect_identical(sizes, c(10L, 10L, 5L, 10L, 10L, 10L, 5L))
    expect_identical(read, 3)
    expect_null(file$next_rows())
  })
})

test_that("the number of rows is told beforehand from the size of the files", {
  expect_equal(rows_by_size(write_table(d)), 60, tolerance = 0.1)
  expect_null(rows_by_size(write_table(d, extension = ".csv.gz")))
})

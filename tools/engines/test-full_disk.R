# A disk that is full: what databases write beside, and what processes tell.

# A small disk, and its folder; it ends with the test.
small_disk <- function(options, envir = parent.frame()) {
  folder <- tempfile("disk")
  dir.create(folder)
  mount <- c("-t", "tmpfs", "-o", options, "tmpfs", folder)
  status <- if (nzchar(Sys.which("mount"))) system2("mount", mount, stdout = FALSE, stderr = FALSE) else 1L
  skip_if_not(status == 0, "no small disk can be mounted: it")
  withr::defer({
    system2("umount", folder)
    unlink(folder, recursive = TRUE)
  }, envir)
  folder
}

# So many rows that they are sorted on the disk.
set.seed(8)
many <- data.frame(y = stats::rnorm(40000), x = stats::rnorm(40000), g = sample(300, 40000, TRUE))
formula <- y ~ x + (1 | g)

test_that("SQLite's lack of room is told, and the connection serves on", {
  folder <- small_disk("size=64k")
  connection <- DBI::dbConnect(RSQLite::SQLite(), tempfile(fileext = ".sqlite"))
  withr::defer(DBI::dbDisconnect(connection))
  table <- write_table(connection, many, "many")
  set <- function(...) DBI::dbExecute(connection, paste0("PRAGMA ", ...))
  before <- crossprods(formula, table)
  set("temp_store_directory = '", folder, "'")
  withr::defer(set("temp_store_directory = ''"), priority = "first")
  set("temp_store = FILE")
  set("cache_size = 10")
  expect_error(crossprods(formula, table), "SQLite did not answer.*disk is full",
               class = "relm_error")
  # SQLite warns of a result that was left open.
  set("temp_store = MEMORY")
  expect_no_warning(after <- crossprods(formula, table))
  expect_identical(after, before)
})

test_that("so is PostgreSQL's", {
  server <- start_postgres()
  connection <- connect_to_postgres(server)
  withr::defer({
    DBI::dbDisconnect(connection)
    server$stop()
  })
  table <- write_table(connection, many, "many")
  set <- function(...) DBI::dbExecute(connection, paste0(...))
  before <- crossprods(formula, table)
  set("SET enable_hashagg = off")
  set("SET work_mem = '64kB'")
  # The most that a session may write, on any machine.
  set("SET temp_file_limit = '64kB'")
  expect_error(crossprods(formula, table), "PostgreSQL did not answer.*temporary file size",
               class = "relm_error")
  set("SET temp_file_limit = -1")
  expect_crossprods_of_rows(crossprods(formula, table), before)
  folder <- small_disk("size=128k")
  give_to_postgres(folder)
  set("CREATE TABLESPACE small LOCATION '", folder, "'")
  set("SET temp_tablespaces = small")
  expect_error(crossprods(formula, table), "PostgreSQL did not answer.*No space left",
               class = "relm_error")
  set("SET temp_tablespaces = ''")
  expect_crossprods_of_rows(crossprods(formula, table), before)
  set("DROP TABLESPACE small")
})

# In a process of its own, whose temporary folder is on the disk: the disk is filled, and `code` run.
on_full_disk <- function(code, options) {
  folder <- small_disk(options)
  script <- tempfile(fileext = ".R")
  fill <- quote({
    while (tryCatch(file.create(tempfile(), showWarnings = FALSE), error = function(e) FALSE)) NULL
    filled <- file(list.files(tempdir(), full.names = TRUE)[1], "wb")
    try(for (k in 1:100) writeBin(raw(4096), filled), silent = TRUE)
    try(close(filled), silent = TRUE)
  })
  writeLines(c(deparse(bquote(.libPaths(.(.libPaths())))), "library(relm)", deparse(fill),
               deparse(code)), script)
  system2(file.path(R.home("bin"), "Rscript"), script, env = paste0("TMPDIR=", folder),
          stdout = TRUE, stderr = FALSE, timeout = 120)
}

test_that("chains in several processes need none", {
  skip_on_os("windows")
  told <- on_full_disk(quote({
    fit <- function(cores) relm(mercury ~ length + (1 | station), bass, chains = 2, draws = 20,
                                seed = 1, cores = cores, progress = TRUE)
    cat(dir.create(tempfile(), showWarnings = FALSE), identical(as.matrix(fit(2)), as.matrix(fit(1))))
  }), "size=64k,nr_inodes=20")
  expect_identical(told, "FALSE TRUE")
})

test_that("files that are read at the same time need none", {
  skip_on_os("windows")
  files <- c(tempfile(fileext = ".csv"), tempfile(fileext = ".csv"))
  for (k in 1:2) {
    utils::write.csv(bass[seq_len(nrow(bass)) %% 2 == k - 1, ], files[k], row.names = FALSE)
  }
  told <- on_full_disk(bquote({
    fit <- function(...) {
      read <- crossprods(log(mercury) ~ length + river + (1 | station), .(files), ...)
      as.matrix(relm(read, chains = 1, draws = 20, seed = 1))
    }
    cat(isTRUE(all.equal(fit(cores = 2, progress = TRUE), fit(), tolerance = 1e-8)))
  }), "size=64k,nr_inodes=20")
  expect_identical(told, "TRUE")
})

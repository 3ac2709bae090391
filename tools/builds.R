# What tools/sanitize.R and tools/compilers.R share: copies of the sources that are compiled with flags
# of their own, test files run with these, and tables that keep rows of other runs.

this_script <- function() {
  script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1L])
  # Rscript spells a space in its own path as ~+~.
  normalizePath(gsub("~+~", " ", script, fixed = TRUE))
}

copy_sources <- function(root) {
  copy <- file.path(tempfile("build"), "relm")
  dir.create(copy, recursive = TRUE)
  parts <- file.path(root, c("DESCRIPTION", "NAMESPACE", "R", "inst", "src", "data", "tests"))
  file.copy(parts, copy, recursive = TRUE)
  unlink(list.files(file.path(copy, "src"), "[.](o|so|dll)$", full.names = TRUE))
  copy
}

# Installs a copy, compiled with these lines of a Makevars file. What the compiler said.
install_build <- function(copy, library, makevars) {
  folder <- dirname(copy)
  writeLines(makevars, file.path(folder, "Makevars"))
  dir.create(library, showWarnings = FALSE)
  log <- file.path(folder, "log")
  status <- system2(
    file.path(R.home("bin"), "R"),
    c("CMD", "INSTALL", "--preclean", "--no-docs", "--no-test-load",
      paste0("--library=", shQuote(library)), shQuote(copy)),
    stdout = log, stderr = log,
    env = c(paste0("R_MAKEVARS_USER=", shQuote(file.path(folder, "Makevars"))),
            "RELM_KEEP_SYMBOLS=1")
  )
  lines <- readLines(log, warn = FALSE)
  if (status != 0) stop("The build failed:\n", paste(utils::tail(lines, 20), collapse = "\n"),
                        call. = FALSE)
  lines
}

# In a process of its own: counts of a test file, and its tests that failed, left in a file.
run_test_file <- function(results, copy, library, name) {
  .libPaths(c(library, .libPaths()))
  Sys.setenv(NOT_CRAN = "true", LANGUAGE = "en", RELM_ROOT = copy)
  options(device = function(...) grDevices::pdf(NULL))
  tests <- as.data.frame(testthat::test_dir(
    file.path(copy, "tests", "testthat"), filter = paste0("^", name, "$"), reporter = "silent",
    package = "relm", load_package = "installed", stop_on_failure = FALSE
  ))
  failed <- tests$failed > 0 | tests$error
  saveRDS(list(passed = sum(tests$passed), failed = sum(failed), skipped = sum(tests$skipped),
               names = tests$test[failed]), results)
}

# The same from outside. A process that broke off has no counts.
test_build <- function(copy, library, name, env = character(), limit = 900) {
  results <- tempfile("results", fileext = ".rds")
  on.exit(unlink(results))
  log <- tempfile("log")
  system2(file.path(R.home("bin"), "Rscript"),
          shQuote(c(this_script(), "--test", results, copy, library, name)),
          stdout = log, stderr = log, timeout = limit, env = env)
  if (file.exists(results)) return(readRDS(results))
  list(passed = NA, failed = NA, skipped = NA, names = utils::tail(readLines(log, warn = FALSE), 5))
}

commit_of <- function(root) {
  commit <- suppressWarnings(tryCatch(
    system2("git", c("-C", shQuote(root), "rev-parse", "--short", "HEAD"), stdout = TRUE,
            stderr = FALSE), error = function(e) character()))
  if (length(commit) == 1) commit else NA_character_
}

today <- function() format(Sys.time(), "%Y-%m-%d", tz = "UTC")

# Rows that are the same in `key` are replaced, others stay.
save_rows <- function(file, rows, key) {
  if (file.exists(file)) {
    old <- utils::read.csv(file, colClasses = "character")
    own <- do.call(paste, rows[key])
    rows <- rbind(rows, old[!do.call(paste, old[key]) %in% own, names(rows)])
  }
  utils::write.csv(rows[do.call(order, unname(rows[key])), ], file, row.names = FALSE)
}

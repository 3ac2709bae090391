# Rscript tools/test.R [pattern]: installs what is missing, installs relm and runs its tests and those
# of database engines (tools/engines), or only the test files whose names match the pattern. The last
# line is "N passed, N failed".

project_root <- function() {
  script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1L])
  # Rscript spells a space in its own path as ~+~.
  dirname(dirname(normalizePath(gsub("~+~", " ", script, fixed = TRUE))))
}

prepare <- function(root) {
  source(file.path(root, "tools", "install.R"), local = TRUE)
  install_missing(declared_packages(root))
  install_relm(root)
  source(file.path(root, "tools", "engines", "install.R"), local = TRUE)
  install_engines()
}

run_tests <- function(tests, pattern) {
  # Plots go nowhere, rather than into Rplots.pdf among the tests.
  old <- options(device = function(...) grDevices::pdf(NULL))
  on.exit({
    options(old)
    remove_if_empty(file.path(tests, "_snaps"))
  })
  Sys.setenv(NOT_CRAN = "true")
  reporter <- testthat::ProgressReporter$new(show_praise = FALSE, max_failures = Inf)
  testthat::test_dir(tests, filter = pattern, reporter = reporter, package = "relm",
                     load_package = "installed", stop_on_failure = FALSE)
}

# Those of the folders that have tests of such names; the first where none has, which is an error.
folders_with_tests <- function(folders, pattern) {
  if (is.null(pattern)) return(folders)
  has_tests <- vapply(folders, function(folder) {
    files <- list.files(folder, "^test-.*[.]R$")
    any(grepl(pattern, sub("^test-(.*)[.]R$", "\\1", files)))
  }, NA)
  if (any(has_tests)) folders[has_tests] else folders[1L]
}

# testthat makes this folder even where there are no snapshots, and keeps it under CI.
remove_if_empty <- function(folder) {
  if (length(list.files(folder)) == 0L) unlink(folder, recursive = TRUE)
}

count_outcomes <- function(results) {
  expectations <- unlist(lapply(results, `[[`, "results"), recursive = FALSE)
  count <- function(...) {
    sum(vapply(expectations, inherits, NA, what = paste0("expectation_", c(...))))
  }
  c(passed = count("success"), failed = count("failure", "error"), skipped = count("skip"))
}

# A test run that breaks off, over a file that does not parse say, is a failure too.
test_outcomes <- function(tests, pattern) {
  tryCatch(count_outcomes(run_tests(tests, pattern)), error = function(e) {
    cat("\nThe test run broke off: ", conditionMessage(e), "\n", sep = "")
    c(passed = 0L, failed = 1L, skipped = 0L)
  })
}

closing_line <- function(outcomes) {
  shown <- names(outcomes) != "skipped" | outcomes > 0L
  paste(outcomes[shown], names(outcomes)[shown], collapse = ", ")
}

root <- project_root()
prepare(root)
pattern <- commandArgs(trailingOnly = TRUE)
pattern <- if (length(pattern) > 0L) pattern[1L]
folders <- file.path(root, c(file.path("tests", "testthat"), file.path("tools", "engines")))
folders <- folders_with_tests(folders, pattern)
outcomes <- Reduce(`+`, lapply(folders, test_outcomes, pattern))
cat("\n", closing_line(outcomes), "\n", sep = "")
quit(status = if (outcomes["failed"] > 0L) 1L else 0L)

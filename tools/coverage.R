# Rscript tools/coverage.R [processes] [all]: which lines of R and C the tests run, by covr and gcov.
# These are the tests that R CMD check runs, in some 10 minutes of two cores, or with the word all
# of them, in an hour. Writes tools/coverage.csv, a row for each file and one for each language, and
# shows the lines that no test runs. Lines that only forked processes run are not counted, since
# these end without telling.

script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1L])
tools <- dirname(normalizePath(gsub("~+~", " ", script, fixed = TRUE)))
source(file.path(tools, "builds.R"))

# In a process of its own: every n-th test file, from the k-th.
run_share <- function(copy, k, n, which) {
  names <- sub("^test-(.*)[.]R$", "\\1", list.files(file.path(copy, "tests", "testthat"), "^test-"))
  mine <- names[seq_along(names) %% n == k %% n]
  Sys.setenv(NOT_CRAN = if (which == "all") "true" else "", LANGUAGE = "en", LC_ALL = "C.UTF-8",
             RELM_ROOT = copy)
  options(device = function(...) grDevices::pdf(NULL))
  tests <- as.data.frame(testthat::test_dir(
    file.path(copy, "tests", "testthat"), reporter = "silent", package = "relm",
    filter = sprintf("^(%s)$", paste(gsub(".", "[.]", mine, fixed = TRUE), collapse = "|")),
    load_package = "installed", stop_on_failure = FALSE
  ))
  cat(sum(tests$passed), "passed,", sum(tests$failed) + sum(tests$error), "failed\n")
  print(tests[tests$failed > 0 | tests$error, c("file", "test")], row.names = FALSE)
}

# What covr runs in a process that finds its build of the package first.
code_of_shares <- function(copy, n, which) {
  commands <- vapply(seq_len(n), function(k) {
    paste(shQuote(file.path(R.home("bin"), "Rscript")), shQuote(this_script()), "--share",
          shQuote(copy), k, n, which, ">", shQuote(file.path(dirname(copy), paste0("share", k))), "2>&1")
  }, "")
  c(sprintf("system(%s)", deparse1(paste0("(", paste(commands, collapse = " & "), " & wait)"))),
    # Processes that tests kill leave files that cannot be read.
    "for (file in list.files(dirname(find.package('relm')),",
    "                        '^covr_trace', full.names = TRUE, recursive = TRUE)) {",
    "  if (inherits(try(readRDS(file), silent = TRUE), 'try-error')) unlink(file)",
    "}")
}

measure <- function(root, n, which) {
  copy <- copy_sources(root)
  # Optimized, or statistical tests take hours. gcov still tells lines.
  options(covr.flags = c(CFLAGS = "-O1 --coverage -fno-inline", LDFLAGS = "--coverage"))
  Sys.setenv(RELM_KEEP_SYMBOLS = "1")
  found <- covr::package_coverage(copy, type = "none", code = code_of_shares(copy, n, which))
  for (k in seq_len(n)) cat(readLines(file.path(dirname(copy), paste0("share", k))), sep = "\n")
  lines <- covr::tally_coverage(found, by = "line")
  lines[c("filename", "functions", "line", "value")]
}

# Rows: a language or a file, its lines with code, and those that were run.
share_run <- function(name, lines) {
  data.frame(file = name, lines = nrow(lines), run = sum(lines$value > 0),
             percent = round(100 * mean(lines$value > 0), 2))
}

report <- function(root, lines, which) {
  language <- ifelse(startsWith(lines$filename, "src/"), "C", "R")
  tables <- c(split(lines, language), split(lines, lines$filename))
  table <- do.call(rbind, Map(share_run, names(tables), tables))
  table$tests <- which
  table$commit <- commit_of(root)
  table$date <- today()
  utils::write.csv(table, file.path(root, "tools", "coverage.csv"), row.names = FALSE)
  print(table[1:2, ], row.names = FALSE)
  missed <- lines[lines$value == 0, ]
  by_function <- split(missed$line, paste(missed$filename, missed$functions))
  cat(sprintf("%s: %s\n", names(by_function), vapply(by_function, toString, "")), sep = "")
}

arguments <- commandArgs(TRUE)
if (identical(arguments[1L], "--share")) {
  run_share(arguments[2L], as.integer(arguments[3L]), as.integer(arguments[4L]), arguments[5L])
} else {
  if (!requireNamespace("covr", quietly = TRUE)) stop("covr is not installed.", call. = FALSE)
  which <- if ("all" %in% arguments) "all" else "check"
  n <- as.integer(c(setdiff(arguments, "all"), 2L)[1L])
  report(dirname(tools), measure(dirname(tools), n, which), which)
}

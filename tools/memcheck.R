# Rscript tools/memcheck.R [gctorture] [valgrind]: runs tools/exercise.R under these, or both, and tells
# what they find. relm must be installed, and so must valgrind. It takes some minutes.

script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1L])
folder <- dirname(normalizePath(gsub("~+~", " ", script, fixed = TRUE)))
Sys.setenv(RELM_ROOT = dirname(folder))
source(file.path(folder, "builds.R"))

# The exercise's output; an error when it did not come to its end.
run_exercise <- function(before = character(), after = character()) {
  log <- tempfile("log")
  exercise <- shQuote(file.path(folder, "exercise.R"))
  system2(file.path(R.home("bin"), "R"), c(before, "--vanilla", "-q", "-f", exercise, after),
          stdout = log, stderr = log)
  lines <- readLines(log, warn = FALSE)
  if (!any(lines == "every entry point ran")) stop(paste(utils::tail(lines, 20), collapse = "\n"))
  lines
}

# A row for each checker stays in tools/memcheck.csv.
save_outcome <- function(checker, found) {
  row <- data.frame(checker = checker, ran = "tools/exercise.R", found = length(found),
                    what = paste(found, collapse = " | "), commit = commit_of(dirname(folder)),
                    run = today())
  save_rows(file.path(folder, "memcheck.csv"), row, "checker")
}

check_by_torture <- function() {
  invisible(run_exercise(after = c("--args", "torture")))
  save_outcome("gctorture", character())
  cat("gctorture: nothing found\n")
}

check_by_valgrind <- function() {
  lines <- run_exercise(c("-d", shQuote("valgrind --leak-check=full --show-leak-kinds=definite")))
  errors <- grep("Invalid|uninitialised|definitely lost:|ERROR SUMMARY", lines, value = TRUE)
  errors <- sub("^==[0-9]+== *", "", errors)
  cat("valgrind:", paste0("  ", errors), sep = "\n")
  clean <- "ERROR SUMMARY: 0 errors|definitely lost: 0 bytes"
  save_outcome("valgrind", grep(clean, errors, value = TRUE, invert = TRUE))
}

asked <- commandArgs(trailingOnly = TRUE)
if (length(asked) == 0) asked <- c("gctorture", "valgrind")
for (checker in match.arg(asked, c("gctorture", "valgrind"), several.ok = TRUE)) {
  switch(checker, gctorture = check_by_torture(), valgrind = check_by_valgrind())
}

# Rscript tools/memcheck.R: runs tools/exercise.R under gctorture and under valgrind, and tells what
# they find. relm must be installed, and so must valgrind. It takes a few minutes.

script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1L])
folder <- dirname(normalizePath(gsub("~+~", " ", script, fixed = TRUE)))
Sys.setenv(RELM_ROOT = dirname(folder))

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

invisible(run_exercise(after = c("--args", "torture")))
cat("gctorture: nothing found\n")
lines <- run_exercise(c("-d", shQuote("valgrind --leak-check=full --show-leak-kinds=definite")))
errors <- grep("Invalid|uninitialised|definitely lost:|ERROR SUMMARY", lines, value = TRUE)
cat("valgrind:", sub("^==[0-9]+== *", "  ", errors), sep = "\n")

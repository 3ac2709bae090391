# Rscript tools/sanitize.R [name ...]: builds relm with gcc's address and undefined behaviour
# sanitizers and runs tools/exercise.R and test files with it: those that are named (without test-
# and .R; "exercise" is the exercise), or those of C files. Buffers have fences behind them (guard.h).
# What was found goes to tools/sanitize.csv; anything found is an error. All of it takes some 25
# minutes of one core. Processes that tests start are checked, too.

script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1L])
tools <- dirname(normalizePath(gsub("~+~", " ", script, fixed = TRUE)))
source(file.path(tools, "builds.R"))

library_of <- function(name) {
  path <- system2("gcc", paste0("-print-file-name=", name), stdout = TRUE)
  if (basename(path) == path) stop("gcc has no ", name, " here.", call. = FALSE)
  path
}

# The workspace's buffers lie in one piece of memory: each gets a fence in the copy.
fence_buffers <- function(copy) {
  file <- file.path(copy, "src", "workspace.h")
  lines <- readLines(file)
  at <- which(lines == "    work->taken += n;")
  if (length(at) != 1) stop("workspace.h has changed: mend fence_buffers().", call. = FALSE)
  lines[at] <- "    work->taken += n + FENCE_DOUBLES; fence_buffer(buffer, n);"
  writeLines(lines, file)
}

build_sanitized <- function(root) {
  copy <- copy_sources(root)
  fence_buffers(copy)
  guard <- file.path(copy, "src", "guard.h")
  file.copy(file.path(root, "tools", "guard.h"), guard)
  flags <- "-fsanitize=address,undefined"
  install_build(copy, file.path(dirname(copy), "library"), c(
    "CC = gcc",
    paste("CFLAGS = -O1 -g -fno-omit-frame-pointer", flags, "-include", shQuote(guard)),
    paste("LDFLAGS =", flags)
  ))
  copy
}

# Reports of all processes go to files of this name.
checked_environment <- function(reports) {
  c(paste0("LD_PRELOAD=", library_of("libasan.so"), ":", library_of("libubsan.so")),
    paste0("ASAN_OPTIONS=detect_leaks=0:log_path=", reports),
    paste0("UBSAN_OPTIONS=print_stacktrace=1:log_path=", reports),
    "OMP_NUM_THREADS=2")
}

# Where something was found, each place once.
places_found <- function(reports) {
  files <- list.files(dirname(reports), paste0("^", basename(reports), "[.]"), full.names = TRUE)
  lines <- unlist(lapply(files, readLines, warn = FALSE))
  found <- grep("runtime error:|^SUMMARY: AddressSanitizer", lines, value = TRUE)
  unique(sub("^.*/src/", "", found))
}

exercise_build <- function(copy, library, root, env) {
  log <- tempfile("log")
  system2(file.path(R.home("bin"), "R"),
          c("--vanilla", "-q", "-f", shQuote(file.path(root, "tools", "exercise.R"))),
          stdout = log, stderr = log, timeout = 1200,
          env = c(env, paste0("R_LIBS=", shQuote(library)), paste0("RELM_ROOT=", shQuote(root))))
  lines <- readLines(log, warn = FALSE)
  ended <- any(lines == "every entry point ran")
  list(passed = as.integer(ended), failed = as.integer(!ended), skipped = 0L,
       names = if (!ended) utils::tail(lines, 5))
}

check_one <- function(root, copy, name) {
  reports <- file.path(dirname(copy), paste0("report-", name))
  library <- file.path(dirname(copy), "library")
  env <- checked_environment(reports)
  start <- proc.time()[["elapsed"]]
  counts <- if (name == "exercise") exercise_build(copy, library, root, env)
            else test_build(copy, library, name, env)
  found <- places_found(reports)
  row <- data.frame(ran = name, passed = counts$passed, failed = counts$failed,
                    skipped = counts$skipped, found = length(found),
                    places = paste(found, collapse = " | "),
                    seconds = round(proc.time()[["elapsed"]] - start), commit = commit_of(root),
                    run = today())
  cat(sprintf("%-22s %s passed, %s failed, %d found, %d s\n", name, row$passed, row$failed,
              row$found, row$seconds))
  cat(sprintf("    %s\n", c(counts$names, found)), sep = "")
  row
}

# The exercise, and test files of the same name as a file of C, or of what is made of it.
usual_names <- function(root) {
  c_files <- sub("[.]c$", "", list.files(file.path(root, "src"), "[.]c$"))
  tests <- sub("^test-(.*)[.]R$", "\\1",
               list.files(file.path(root, "tests", "testthat"), "^test-.*[.]R$"))
  more <- c("tied_rows", "student-models", "student-priors", "recover", "checkpoint", "unfinished",
            "incomplete", "chains", "structured-models", "reference", "crossprods_source",
            "update_crossprods")
  c("exercise", intersect(tests, c(c_files, more, grep("^family", tests, value = TRUE))))
}

check_names <- function(root, names) {
  files <- file.path(root, "tests", "testthat", paste0("test-", names, ".R"))
  unknown <- names[names != "exercise" & !file.exists(files)]
  if (length(unknown)) stop("There is no test file of: ", toString(unknown), call. = FALSE)
}

run <- function(names) {
  root <- dirname(tools)
  if (length(names) == 0) names <- usual_names(root)
  check_names(root, names)
  copy <- build_sanitized(root)
  on.exit(unlink(dirname(copy), recursive = TRUE))
  rows <- NULL
  for (name in names) {
    row <- check_one(root, copy, name)
    save_rows(file.path(root, "tools", "sanitize.csv"), row, "ran")
    rows <- rbind(rows, row)
  }
  if (any(rows$found > 0)) stop("Something was found.", call. = FALSE)
  # A process that broke off has no counts.
  if (!all(rows$failed %in% 0)) stop("Something failed or broke off.", call. = FALSE)
}

if (sys.nframe() == 0L) {
  arguments <- commandArgs(trailingOnly = TRUE)
  if (identical(arguments[1], "--test")) {
    run_test_file(arguments[2], arguments[3], arguments[4], arguments[5])
  } else {
    run(arguments)
  }
}

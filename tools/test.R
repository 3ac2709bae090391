# Rscript tools/test.R [--installed] [pattern]: installs what is missing, installs relm and runs its
# tests and those of database engines (tools/engines), or only the test files whose names match the
# pattern. With --installed nothing but relm is installed, and engines are left out. All tests run
# in two processes; what the second prints is shown when the first is at its end. The last line is
# "N passed, N failed".

this_script <- function() {
  script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1L])
  # Rscript spells a space in its own path as ~+~.
  normalizePath(gsub("~+~", " ", script, fixed = TRUE))
}

prepare <- function(root, only_installed) {
  source_installers(root)
  if (only_installed) return(install_relm(root))
  install_missing(declared_packages(root))
  install_prebuilt_if_there(c("multcomp", "projpred", "shinystan"))
  install_relm(root)
  install_file_readers()
}

source_installers <- function(root) {
  source(file.path(root, "tools", "install.R"))
  source(file.path(root, "tools", "engines", "install.R"))
}

# Names of test files, in the order in which testthat runs them.
test_names <- function(folder) sub("^test-(.*)[.]R$", "\\1", list.files(folder, "^test-.*[.]R$"))

# Two shares of the files, which are spread over the alphabet as those that take long are. Which files
# share a process, and so random numbers, is the same in each run. The second share is the smaller
# one: its process installs what engines need, and runs their tests, too.
share_pattern <- function(folder, share) {
  names <- test_names(folder)
  second <- seq_along(names) %% 3L == 0L
  mine <- gsub(".", "[.]", names[if (share == 1L) !second else second], fixed = TRUE)
  sprintf("^(%s)$", paste(mine, collapse = "|"))
}

# R 4.1 refuses what later versions do not: mapply() and Map() over nothing beside something. The
# check is put into R's own function, for this process.
refuse_mixed_lengths <- function() {
  old <- base::mapply
  body(old) <- bquote({
    if (...length() > 0L && length(unique(lengths(list(...)) == 0L)) == 2L) {
      stop("zero-length inputs cannot be mixed with those of non-zero length")
    }
    .(body(old))
  })
  unlockBinding("mapply", baseenv())
  assign("mapply", old, baseenv())
  lockBinding("mapply", baseenv())
}

run_tests <- function(tests, pattern) {
  refuse_mixed_lengths()
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

# Engines are installed where their tests are asked for.
outcomes_of_folder <- function(folder, pattern) {
  if (basename(folder) == "engines") install_engines()
  test_outcomes(folder, pattern)
}

outcomes_of_folders <- function(folders, patterns) {
  Reduce(`+`, Map(outcomes_of_folder, folders, patterns))
}

# The second process leaves its outcomes in a file: without them it broke off.
run_in_two_processes <- function(tests, flags) {
  files <- tempfile(c("outcomes", "log"))
  on.exit(unlink(files))
  run_second <- function() {
    system2(file.path(R.home("bin"), "Rscript"),
            shQuote(c(this_script(), paste0("--second-share=", files[1L]), flags)),
            stdout = files[2L], stderr = files[2L])
  }
  second <- parallel::mcparallel(run_second(), silent = TRUE)
  first <- test_outcomes(tests, share_pattern(tests, 1L))
  parallel::mccollect(second)
  writeLines(c("", "Of the second process:", readLines(files[2L], warn = FALSE)))
  broke_off <- c(passed = 0L, failed = 1L, skipped = 0L)
  first + if (file.exists(files[1L])) readRDS(files[1L]) else broke_off
}

run_second_share <- function(root, folders, file) {
  source_installers(root)
  engines <- length(folders) > 1L
  patterns <- c(if (engines) list(NULL), share_pattern(folders[1L], 2L))
  saveRDS(outcomes_of_folders(rev(folders), patterns), file)
}

root <- dirname(dirname(this_script()))
folders <- file.path(root, c(file.path("tests", "testthat"), file.path("tools", "engines")))
asked <- commandArgs(trailingOnly = TRUE)
flags <- intersect(asked, "--installed")
asked <- setdiff(asked, flags)
if (length(flags) > 0L) folders <- folders[1L]
if (any(startsWith(asked, "--second-share="))) {
  run_second_share(root, folders, sub("^--second-share=", "", asked[1L]))
  quit(status = 0L)
}
prepare(root, length(flags) > 0L)
outcomes <- if (length(asked) > 0L) {
  outcomes_of_folders(folders_with_tests(folders, asked[1L]), list(asked[1L]))
} else if (.Platform$OS.type == "windows") {
  outcomes_of_folders(folders, list(NULL))
} else {
  run_in_two_processes(folders[1L], flags)
}
cat("\n", closing_line(outcomes), "\n", sep = "")
quit(status = if (outcomes["failed"] > 0L) 1L else 0L)

# Rscript tools/faults.R [fault ...]: breaks a copy of the sources in each of the ways that
# tools/faults.dcf lists, or in those that are named, and runs the tests that should see it.
# Each fault is one replacement of a text that stands once in its file. Whether every fault was
# caught, and by which tests, goes to tools/faults.csv; one that no test saw is an error.
# Only what a fault touches is compiled anew. Tests run without a fault first. All of it takes some
# 25 minutes of one core.

# The faults -------------------------------------------------------------------------------------

fault_fields <- c("Fault", "Part", "File", "Breaks", "Was", "Is", "Tests")

read_faults <- function(root) {
  faults <- as.data.frame(read.dcf(file.path(root, "tools", "faults.dcf"), fields = fault_fields))
  names(faults) <- tolower(names(faults))
  faults$breaks <- gsub("\\s+", " ", faults$breaks)
  if (anyNA(faults) || anyDuplicated(faults$fault)) {
    stop("A fault of tools/faults.dcf lacks a field, or two have one name.", call. = FALSE)
  }
  faults
}

named_faults <- function(faults, names) {
  unknown <- setdiff(names, faults$fault)
  if (length(unknown)) stop("No such fault: ", toString(unknown), call. = FALSE)
  if (length(names)) faults[faults$fault %in% names, ] else faults
}

read_text <- function(file) paste(readLines(file, warn = FALSE), collapse = "\n")

count_text <- function(text, part) {
  places <- gregexpr(part, text, fixed = TRUE)[[1]]
  sum(places > 0)
}

# The text of a file with the fault in it.
broken_text <- function(root, fault) {
  text <- read_text(file.path(root, fault$file))
  n <- count_text(text, fault$was)
  if (n != 1) {
    stop("The text of the fault ", fault$fault, ", `", fault$was, "`, stands ", n, " times in ",
         fault$file, ". Mend it in tools/faults.dcf.", call. = FALSE)
  }
  sub(fault$was, fault$is, text, fixed = TRUE)
}

test_files_of <- function(fault) strsplit(fault$tests, "[ ,]+")[[1]]

# The copy ---------------------------------------------------------------------------------------

copy_sources <- function(root) {
  copy <- file.path(tempfile("faults"), "relm")
  dir.create(copy, recursive = TRUE)
  parts <- file.path(root, c("DESCRIPTION", "NAMESPACE", "R", "src", "data", "tests"))
  file.copy(parts, copy, recursive = TRUE)
  unlink(list.files(file.path(copy, "src"), "[.](o|so|dll)$", full.names = TRUE))
  copy
}

run_r <- function(arguments, log) {
  status <- system2(file.path(R.home("bin"), "R"), c("CMD", arguments), stdout = log, stderr = log)
  if (status != 0) stop("R CMD ", arguments[1], " failed:\n", read_text(log), call. = FALSE)
}

install_copy <- function(copy, library) {
  run_r(c("INSTALL", "--no-docs", "--no-test-load", paste0("--library=", shQuote(library)),
          shQuote(copy)), file.path(dirname(copy), "log"))
}

# The shared object of the copy in the place of that which is installed.
compile_copy <- function(copy, library) {
  object <- paste0("relm", .Platform$dynlib.ext)
  old <- setwd(file.path(copy, "src"))
  on.exit(setwd(old))
  run_r(c("SHLIB", "-o", object, list.files(".", "[.]c$")), file.path(dirname(copy), "log"))
  file.copy(object, file.path(library, "relm", "libs", object), overwrite = TRUE)
}

build <- function(copy, library, file) {
  if (startsWith(file, "src/")) compile_copy(copy, library) else install_copy(copy, library)
}

# The tests --------------------------------------------------------------------------------------

this_script <- function() {
  script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1L])
  # Rscript spells a space in its own path as ~+~.
  normalizePath(gsub("~+~", " ", script, fixed = TRUE))
}

# In a process of its own: a data frame of the tests that failed, left in a file.
run_tests <- function(results, copy, library, files) {
  .libPaths(c(library, .libPaths()))
  Sys.setenv(NOT_CRAN = "true", LANGUAGE = "en")
  options(device = function(...) grDevices::pdf(NULL))
  pattern <- sprintf("^(%s)$", paste(files, collapse = "|"))
  tests <- as.data.frame(testthat::test_dir(
    file.path(copy, "tests", "testthat"), filter = pattern, reporter = "silent",
    package = "relm", load_package = "installed", stop_on_failure = FALSE
  ))
  failed <- tests[tests$failed > 0 | tests$error, c("file", "test")]
  saveRDS(list(n = nrow(tests), failed = failed), results)
}

# Tests that failed; a process that broke off or did not end has no results.
failed_tests <- function(copy, library, files) {
  limit <- 600 + 60 * length(files)
  results <- tempfile("results", fileext = ".rds")
  on.exit(unlink(results))
  system2(file.path(R.home("bin"), "Rscript"),
          shQuote(c(this_script(), "--tests", results, copy, library, files)),
          stdout = FALSE, stderr = FALSE, timeout = limit)
  if (file.exists(results)) readRDS(results)$failed
  else data.frame(file = paste0("test-", files[1], ".R"), test = "(the process broke off)")
}

check_sound <- function(copy, library, faults) {
  files <- unique(unlist(lapply(seq_len(nrow(faults)), function(i) test_files_of(faults[i, ]))))
  failed <- failed_tests(copy, library, files)
  if (nrow(failed) == 0) return(invisible())
  stop("Tests fail without a fault:\n", paste0("  ", failed$file, ": ", failed$test,
                                              collapse = "\n"), call. = FALSE)
}

# Faults one by one ------------------------------------------------------------------------------

try_fault <- function(root, copy, library, fault) {
  file <- file.path(copy, fault$file)
  sound <- readLines(file.path(root, fault$file), warn = FALSE)
  on.exit({
    writeLines(sound, file)
    if (startsWith(fault$file, "R/")) install_copy(copy, library)
  })
  writeLines(broken_text(root, fault), file)
  build(copy, library, fault$file)
  failed_tests(copy, library, test_files_of(fault))
}

row_of <- function(fault, failed, commit) {
  data.frame(fault = fault$fault, part = fault$part, file = fault$file, breaks = fault$breaks,
             n_failed = nrow(failed),
             failed = paste0(failed$file, ": ", failed$test, collapse = " | ", recycle0 = TRUE),
             commit = commit, run = format(Sys.time(), "%Y-%m-%d", tz = "UTC"))
}

commit_of <- function(root) {
  commit <- suppressWarnings(tryCatch(
    system2("git", c("-C", shQuote(root), "rev-parse", "--short", "HEAD"), stdout = TRUE,
            stderr = FALSE), error = function(e) character()))
  if (length(commit) == 1) commit else NA_character_
}

# Each result is saved when it is there. The answer is the names of those that no test saw.
try_faults <- function(root, faults) {
  copy <- copy_sources(root)
  library <- file.path(dirname(copy), "library")
  dir.create(library)
  on.exit(unlink(dirname(copy), recursive = TRUE))
  install_copy(copy, library)
  check_sound(copy, library, faults)
  commit <- commit_of(root)
  missed <- character()
  for (i in seq_len(nrow(faults))) {
    failed <- try_fault(root, copy, library, faults[i, ])
    report(faults[i, ], failed)
    save_result(root, row_of(faults[i, ], failed, commit))
    if (nrow(failed) == 0) missed <- c(missed, faults$fault[i])
  }
  missed
}

report <- function(fault, failed) {
  cat(sprintf("%-28s %d caught it\n", fault$fault, nrow(failed)),
      sprintf("    %s: %s\n", failed$file, failed$test), sep = "")
}

saved_file <- function(root) file.path(root, "tools", "faults.csv")

# Rows of other faults stay as they are; the order is that of the list. Rows of faults that it has
# no longer go.
save_result <- function(root, row) {
  file <- saved_file(root)
  dir.create(dirname(file), showWarnings = FALSE)
  if (file.exists(file)) {
    old <- utils::read.csv(file, colClasses = c(commit = "character"))
    row <- rbind(row, old[old$fault != row$fault, names(row)])
  }
  utils::write.csv(row[match(read_faults(root)$fault, row$fault, nomatch = 0), ], file,
                   row.names = FALSE)
}

run <- function(asked) {
  root <- dirname(dirname(this_script()))
  all <- read_faults(root)
  for (i in seq_len(nrow(all))) broken_text(root, all[i, ])
  faults <- named_faults(all, asked)
  missed <- try_faults(root, faults)
  cat("\n", nrow(faults) - length(missed), " faults caught, ", length(missed), " missed\n",
      sep = "")
  if (length(missed)) stop("No test saw ", toString(missed), call. = FALSE)
}

if (sys.nframe() == 0L) {
  arguments <- commandArgs(trailingOnly = TRUE)
  if (identical(arguments[1], "--tests")) {
    run_tests(arguments[2], arguments[3], arguments[4], arguments[-(1:4)])
  } else {
    run(arguments)
  }
}

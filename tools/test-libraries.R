# Rscript tools/test-libraries.R [folder] [pattern]: the tests, or those of the files whose names
# match the pattern, with two sets of packages: those of the system (Debian's, as old as the
# release), and the newest of CRAN that this R takes, which are installed from source into
# folder/newest. That takes half an hour the first time, and no longer: what has not been installed
# by then is told, and goes by the system's packages. At the end stands a line for each set, as
# tools/test.R has it; those of all tests go to tools/libraries.csv, with versions that differ. Nothing
# is installed beside these folders, and tests of packages that a set has not are skipped.

script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1L])
source(file.path(dirname(normalizePath(gsub("~+~", " ", script, fixed = TRUE))), "builds.R"))

# Programs that take longer to compile than all others together, with what needs their newest
# version, and clients of servers, whose tests are not run here.
left_to_system <- c("arrow", "brms", "duckdb", "RClickhouse", "RPostgres", "rstan", "rstanarm")

# What relm's dependencies print and what tests are run by comes from these too.
beside_declared <- c("pillar", "tibble", "vctrs", "withr", "scales")

packages_to_renew <- function(root) {
  declared <- package_name(requirements_in(root, c("Imports", "Suggests", "Enhances")))
  base <- rownames(utils::installed.packages(priority = "base"))
  setdiff(c(declared, beside_declared), c(base, left_to_system))
}

# Where the system keeps packages: not where users install them.
system_library <- function() {
  debian <- "/usr/lib/R/site-library"
  if (dir.exists(debian)) debian else .Library
}

# A process sees one library of ours, and the system's: files that add others are not read.
environment_of <- function(library) {
  paths <- c(R_LIBS = library, R_LIBS_USER = library, R_LIBS_SITE = system_library(),
             R_ENVIRON = nullfile())
  c(paste0(names(paths), "=", shQuote(paths)), "MAKEFLAGS=-j1")
}

run_r <- function(arguments, library, ...) {
  suppressWarnings(system2(file.path(R.home("bin"), "Rscript"), shQuote(arguments),
                           env = environment_of(library), ...))
}

versions_in <- function(library) {
  utils::installed.packages(library, noCache = TRUE)[, "Version"]
}

# Those of `packages` that the library has not as CRAN has them.
to_install <- function(packages, library) {
  newest <- utils::available.packages()[, "Version"]
  here <- versions_in(library)[packages]
  packages[packages %in% names(newest) & (is.na(here) | here != newest[packages])]
}

install_newest <- function(packages, library, seconds = 1800) {
  dir.create(library, recursive = TRUE, showWarnings = FALSE)
  end <- proc.time()[["elapsed"]] + seconds
  for (package in to_install(packages, library)) {
    left <- end - proc.time()[["elapsed"]]
    if (left < 1) break
    message("Installing ", package)
    code <- sprintf("options(repos = '%s'); install.packages('%s', '%s', quiet = TRUE)",
                    getOption("repos")[["CRAN"]], package, library)
    run_r(c("-e", code), library, stdout = FALSE, stderr = FALSE, timeout = ceiling(left))
  }
  to_install(packages, library)
}

# The closing line of a run; its output goes into a file beside the library.
test_with <- function(root, library, pattern) {
  dir.create(library, recursive = TRUE, showWarnings = FALSE)
  log <- paste0(library, ".log")
  run_r(c(file.path(root, "tools", "test.R"), "--installed", pattern), library,
        stdout = log, stderr = log)
  last <- utils::tail(readLines(log, warn = FALSE), 1L)
  if (length(last) == 1L && grepl("^[0-9]+ passed, [0-9]+ failed", last)) return(last)
  paste("0 passed, 1 failed: the run broke off, see", log)
}

# Counts of all tests with a set, and the versions of packages that tests are most touched by.
save_lines <- function(root, libraries, lines) {
  shown <- c("testthat", "rlang", "cli", "pillar", "posterior", "loo", "ggplot2", "insight", "lme4")
  versions_of <- function(library) {
    versions <- c(versions_in(library), versions_in(system_library()))[shown]
    paste(shown, versions, collapse = " ")
  }
  counts <- vapply(strsplit(gsub("[^0-9 ]", "", lines), " +"), function(x) as.integer(c(x, 0)[1:3]), 1:3)
  table <- data.frame(set = basename(libraries), passed = counts[1L, ], failed = counts[2L, ],
                      skipped = counts[3L, ], packages = vapply(libraries, versions_of, ""),
                      commit = commit_of(root), date = today())
  utils::write.csv(table, file.path(root, "tools", "libraries.csv"), row.names = FALSE)
}

test_libraries <- function(root, folder, pattern) {
  source(file.path(root, "tools", "install.R"))
  choose_cran()
  libraries <- file.path(normalizePath(folder, mustWork = FALSE), c("system", "newest"))
  missing <- install_newest(packages_to_renew(root), libraries[2L])
  lines <- vapply(libraries, test_with, "", root = root, pattern = pattern)
  if (length(missing) > 0L) cat("Not installed anew: ", toString(missing), "\n", sep = "")
  cat(paste0(basename(libraries), ": ", lines, "\n"), sep = "")
  if (length(pattern) == 0L) save_lines(root, libraries, lines)
  all(grepl(" 0 failed", lines, fixed = TRUE))
}

if (sys.nframe() == 0L) {
  asked <- commandArgs(trailingOnly = TRUE)
  folder <- if (length(asked) > 0L) asked[1L] else tools::R_user_dir("relm", "cache")
  passed <- test_libraries(dirname(dirname(this_script())), folder, asked[-1L])
  quit(status = if (passed) 0L else 1L)
}

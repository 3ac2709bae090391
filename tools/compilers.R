# Rscript tools/compilers.R [--builds=n,...] [name ...]: compiles relm with gcc and with clang, with and
# without optimization, OpenMP and vectors, and runs test files with each build: those that are named
# (without test- and .R), or some replays and quadratures. A compiler that is not there is told of and
# left out. What each build warned of, what failed, and how far its draws are from those of the first,
# which is R's default, goes to tools/compilers.csv. A test that fails is an error. It takes some two
# minutes a build, and less than two more for its tests.

script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1L])
tools <- dirname(normalizePath(gsub("~+~", " ", script, fixed = TRUE)))
source(file.path(tools, "builds.R"))

# gcc guesses what may be used before it has a value, and takes lanes that no loop reads for read
# ones; valgrind and tools/analyze.R know better.
warning_flags <- c(gcc = "-Wall -Wextra -Wpedantic -Wno-maybe-uninitialized",
                   clang = "-Wall -Wextra -Wpedantic")
usual_tests <- c("centered", "uncentered", "interweaved", "whitened", "collapsed_target", "lattice", "panels",
                 "nested", "merged", "augmented", "student_rows", "linalg")

# A row for each build: the first is what R itself would do.
all_builds <- function() {
  of_compiler <- function(compiler) {
    data.frame(compiler = compiler, optimized = c("-O2", "-O0", "-O3", "-O2", "-O2"),
               openmp = c(TRUE, TRUE, TRUE, FALSE, TRUE), vectors = c(TRUE, TRUE, TRUE, TRUE, FALSE))
  }
  rbind(of_compiler("gcc"), of_compiler("clang"))
}

makevars_of <- function(build) {
  # Clang knows R's flags for OpenMP, but the linker has to find its library.
  openmp <- if (build$openmp) "-fopenmp" else ""
  c(paste("CC =", build$compiler),
    paste("CFLAGS = -g", build$optimized, warning_flags[[build$compiler]],
          if (!build$vectors) "-DRELM_WITHOUT_VECTORS"),
    paste("SHLIB_OPENMP_CFLAGS =", openmp),
    paste("DYLIB_LDFLAGS = -shared", openmp),
    paste("SHLIB_LD =", build$compiler), "SHLIB_LDFLAGS = -shared")
}

# In a process of its own: draws of the reference cases, and of models that these have not, left in a file.
write_draws <- function(results, copy, library) {
  library("relm", lib.loc = library, character.only = TRUE)
  tests <- file.path(copy, "tests", "testthat")
  for (helper in c("helper-models.R", "helper-reference.R")) source(file.path(tests, helper))
  data <- transform(grouped_data(9), h = rep_len(1:4, 63), hit = as.numeric(y > 1))
  proper <- relm_prior(beta = normal(0, 2), sd = half_normal(1), sigma = half_normal(1))
  rough <- relm_prior(beta = normal(0, 2), sd = half_normal(1))
  more <- list(
    crossed = list(y ~ x + (1 + x | g) + (1 | h), data, prior = proper),
    student = list(y ~ x + (1 | g), data, family = student(), prior = proper),
    logit = list(hit ~ x + (1 | g), data, family = binomial(), prior = rough),
    logit_gibbs = list(hit ~ x + (1 | g), data, family = binomial(), prior = rough,
                       sampler = "interweaved")
  )
  saveRDS(lapply(c(reference_cases(), more), reference_draws_of), results)
}

draws_of_build <- function(copy, library) {
  results <- tempfile("draws", fileext = ".rds")
  on.exit(unlink(results))
  system2(file.path(R.home("bin"), "Rscript"),
          shQuote(c(this_script(), "--draws", results, copy, library)), stdout = FALSE,
          stderr = FALSE, timeout = 900)
  if (file.exists(results)) readRDS(results)
}

# Of how many cases the draws are the same bits, and the greatest difference over the others, in units
# of a number's size.
compare_draws <- function(draws, first) {
  if (is.null(draws) || is.null(first)) return(c(same = NA, cases = NA, far = NA, most = NA))
  difference <- mapply(function(a, b) max(abs(a - b) / (1 + abs(b))), draws, first)
  c(same = sum(mapply(identical, draws, first)), cases = length(first),
    far = sum(difference > 1e-6), most = signif(max(difference), 2))
}

try_build <- function(root, build, names) {
  copy <- copy_sources(root)
  on.exit(unlink(dirname(copy), recursive = TRUE))
  library <- file.path(dirname(copy), "library")
  log <- install_build(copy, library, makevars_of(build))
  warnings <- grep("warning:", log, value = TRUE)
  tests <- lapply(names, function(name) test_build(copy, library, name))
  count <- function(part) sum(vapply(tests, function(test) as.numeric(test[[part]]), 0))
  failed <- unlist(lapply(tests, `[[`, "names"))
  list(draws = draws_of_build(copy, library), warnings = warnings,
       row = data.frame(build, version = system2(build$compiler, "--version", stdout = TRUE)[1],
                        warnings = length(warnings), passed = count("passed"),
                        failed = count("failed"), which = paste(failed, collapse = " | ")))
}

builds_asked <- function(arguments) {
  builds <- all_builds()
  asked <- sub("^--builds=", "", grep("^--builds=", arguments, value = TRUE))
  if (length(asked)) builds <- builds[as.integer(strsplit(asked, ",")[[1]]), ]
  there <- nzchar(Sys.which(builds$compiler))
  for (compiler in unique(builds$compiler[!there])) {
    cat(compiler, "is not installed: its builds are left out\n")
  }
  builds[there, ]
}

run <- function(arguments) {
  root <- dirname(tools)
  names <- grep("^--", arguments, value = TRUE, invert = TRUE)
  if (length(names) == 0) names <- usual_tests
  builds <- builds_asked(arguments)
  first <- NULL
  failed <- FALSE
  for (i in seq_len(nrow(builds))) {
    tried <- try_build(root, builds[i, ], names)
    if (is.null(first)) first <- tried$draws
    row <- data.frame(tried$row, t(compare_draws(tried$draws, first)),
                      tests = paste(names, collapse = " "), commit = commit_of(root), run = today())
    cat(sprintf("%s %s, OpenMP %s, vectors %s: %d warnings, %s passed, %s failed, %s of %s draws the same\n",
                row$compiler, row$optimized, row$openmp, row$vectors, row$warnings, row$passed,
                row$failed, row$same, row$cases))
    cat(sprintf("    %s\n", unique(tried$warnings)), sep = "")
    save_rows(file.path(tools, "compilers.csv"), row, c("compiler", "optimized", "openmp", "vectors"))
    failed <- failed || !isTRUE(row$failed == 0)
  }
  if (failed) stop("A test failed.", call. = FALSE)
}

if (sys.nframe() == 0L) {
  arguments <- commandArgs(trailingOnly = TRUE)
  if (identical(arguments[1], "--test")) {
    run_test_file(arguments[2], arguments[3], arguments[4], arguments[5])
  } else if (identical(arguments[1], "--draws")) {
    write_draws(arguments[2], arguments[3], arguments[4])
  } else {
    run(arguments)
  }
}

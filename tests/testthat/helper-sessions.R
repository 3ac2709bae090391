# Sessions of R of their own, with packages attached in an order.

# The values of these expressions, or the messages of their errors, in a new session. `setup` is
# run before them.
in_session <- function(packages, setup, expressions) {
  files <- tempfile(c("code", "input", "result"))
  on.exit(unlink(files))
  saveRDS(list(setup = setup, expressions = expressions), files[2])
  writeLines(c(
    sprintf(".libPaths(%s)", deparse1(.libPaths())),
    sprintf("suppressWarnings(suppressPackageStartupMessages(library(%s)))", packages),
    sprintf("input <- readRDS(%s)", deparse1(files[2])),
    "eval(input$setup)",
    "value_of <- function(expression) {",
    "  set.seed(1)",
    "  tryCatch(suppressMessages(suppressWarnings(eval(expression, globalenv()))),",
    "           error = function(e) paste('error:', conditionMessage(e)))",
    "}",
    sprintf("saveRDS(lapply(input$expressions, value_of), %s)", deparse1(files[3]))
  ), files[1])
  log <- suppressWarnings(system2(file.path(R.home("bin"), "Rscript"), c("--vanilla", files[1]),
                                  stdout = TRUE, stderr = TRUE))
  if (!file.exists(files[3])) stop("The session ended early:\n", paste(log, collapse = "\n"))
  stats::setNames(readRDS(files[3]), vapply(expressions, deparse1, ""))
}

# Several at a time: a list of such arguments.
in_sessions <- function(arguments) {
  cores <- if (.Platform$OS.type == "windows") 1 else 2
  values <- parallel::mclapply(arguments, function(a) try(do.call(in_session, a, quote = TRUE)),
                               mc.cores = cores)
  for (value in values) if (inherits(value, "try-error")) stop(value)
  values
}

# Both sessions have the same value, or the same error, of each expression.
expect_same_values <- function(actual, expected) {
  for (name in names(expected)) {
    testthat::expect_equal(actual[[name]], expected[[name]], label = name)
  }
}

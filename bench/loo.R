# Rscript bench/loo.R [rows] [draws]: time and peak memory of cross-validation over the draws of
# many rows, beyond that of the fit itself. Each runs in a process of its own, whose peak is read
# from /proc (Linux). Most of the time is loo's: its smoothing of one row after another.

arguments <- as.numeric(commandArgs(TRUE))
n <- if (length(arguments)) arguments[1] else 1e6
draws <- if (length(arguments) > 1) arguments[2] else 200

run <- function(code) {
  script <- tempfile(fileext = ".R")
  writeLines(c(
    "suppressMessages(library(relm))",
    sprintf("set.seed(1); n <- %d; J <- n / 100", as.integer(n)),
    "data <- data.frame(g = rep_len(seq_len(J), n), x = rnorm(n))",
    "data$y <- data$x + rnorm(J)[data$g] + rnorm(n)",
    sprintf("fit <- relm(y ~ x + (1 | g), data, chains = 2, draws = %d, seed = 1)", draws / 2),
    sprintf("time <- system.time(suppressWarnings(%s))[['elapsed']]", code),
    'status <- readLines("/proc/self/status")',
    'cat("RESULT", time, gsub("[^0-9]", "", grep("^VmHWM", status, value = TRUE)), "\\n")'
  ), script)
  output <- system2(file.path(R.home("bin"), "Rscript"), script, stdout = TRUE)
  as.numeric(strsplit(sub("RESULT ", "", grep("^RESULT", output, value = TRUE)), " ")[[1]][1:2])
}

report <- function(label, code) {
  result <- run(code)
  cat(sprintf("%-28s %7.1f s  peak %5.0f MB\n", label, result[1], result[2] / 1024))
}

cat(sprintf("%s rows, %s draws; their matrix would take %.0f MB\n", format(n, big.mark = ","),
            draws, 8 * n * draws / 2^20))
report("fit alone", "NULL")
report('loo(by = "group")', 'loo(fit, by = "group")')
report("waic()", "waic(fit)")
report("loo()", "loo(fit)")

# Rscript bench/predict.R [rows]: what predictions cost. The time of posterior_predict() on the bass
# data, 4,000 draws of 171 rows, over that of as many rnorm() draws; and processor time and peak
# memory of fitted() and predict() for a million new rows, at stations of the data and at a new
# one, in processes of their own, whose peak is read from /proc (Linux).

peak_of <- function(code) {
  script <- tempfile(fileext = ".R")
  peak <- 'status <- readLines("/proc/self/status")
cat("MEASURED", gsub("[^0-9]", "", grep("^VmHWM", status, value = TRUE)), taken, "\\n")'
  writeLines(c("suppressMessages(library(relm))", code, peak), script)
  output <- system2(file.path(R.home("bin"), "Rscript"), script, stdout = TRUE)
  measured <- sub("MEASURED ", "", grep("^MEASURED", output, value = TRUE))
  as.numeric(strsplit(measured, " ")[[1]][1:2])
}

fit_code <- 'data <- transform(bass, x = log(length) - ave(log(length), station))
fit <- relm(log(mercury) ~ x + (1 + x || station), data, seed = 1)'

time_ratio <- function(repeats = 15) {
  eval(parse(text = fit_code))
  seconds <- function(code) system.time(code, gcFirst = FALSE)[["user.self"]]
  times <- vapply(seq_len(repeats), function(i) {
    c(predict = seconds(posterior_predict(fit)), rnorm = seconds(stats::rnorm(4000 * nrow(data))))
  }, numeric(2))
  apply(times, 1, stats::median)
}

summarize_rows <- function(n, call) {
  rows <- sprintf('set.seed(2)
stations <- c(levels(data$station), "new")
rows <- data.frame(x = rnorm(%d, sd = 0.2), station = sample(stations, %d, TRUE))
taken <- sum(system.time(%s)[1:2])', n, n, call)
  peak_of(c(fit_code, rows))
}

suppressMessages(library(relm))
given <- commandArgs(TRUE)
n <- if (length(given)) as.integer(given[1]) else 1000000L
times <- time_ratio()
cat(sprintf("posterior_predict(), 4,000 draws of 171 rows: %.1f ms, %.2f times rnorm()'s %.1f ms\n",
            1000 * times[["predict"]], times[["predict"]] / times[["rnorm"]],
            1000 * times[["rnorm"]]))
for (call in c("fitted(fit, rows, summary = TRUE, allow_new_levels = TRUE, seed = 1)",
               "predict(fit, rows, allow_new_levels = TRUE, seed = 1)")) {
  measured <- summarize_rows(n, call)
  cat(sprintf("%-70s %d rows: %.0f MB, %.0f s\n", call, n, measured[1] / 1024, measured[2]))
}

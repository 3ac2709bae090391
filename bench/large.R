# Rscript bench/large.R: a million groups crossed with a hundred, and the same rows with a million groups
# in a hundred. Time, peak memory (Linux) and effective draws of one chain of relm(), each model in a
# process of its own. Saved as bench/checks/large.csv.

run_started <- format(Sys.time(), tz = "UTC", usetz = TRUE)
script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1])
bench <- dirname(normalizePath(gsub("~+~", " ", script, fixed = TRUE)))
source(file.path(bench, "measure.R"), local = TRUE)
options(bench.processor_time = TRUE)

rows <- "set.seed(1); n <- 2e6
data <- data.frame(many = rep_len(sample(1e6), n), x = rnorm(n))
data$few <- %s
data$y <- data$x + 0.5 * rnorm(1e6)[data$many] + 0.5 * rnorm(100)[data$few] + rnorm(n)"
cases <- list(crossed = sprintf(rows, "sample(100, n, TRUE)"),
              nested = sprintf(rows, "data$many %% 100 + 1"))

measure_large <- function(name, draws = 500) {
  code <- tempfile(fileext = ".R")
  writeLines(c("suppressMessages(library(relm))", cases[[name]], sprintf('
peak <- function() {
  status <- readLines("/proc/self/status")
  as.numeric(gsub("[^0-9]", "", grep("^VmHWM", status, value = TRUE))) / 1024
}
before <- peak()
seconds <- system.time(fit <- relm(y ~ x + (1 | many) + (1 | few), data, chains = 1, draws = %d, seed = 1,
                                   group_draws = FALSE, progress = FALSE))
hyper <- posterior::summarise_draws(posterior::as_draws_array(fit), "ess_bulk", "ess_tail")
cat("NUMBERS", sum(seconds[1:2]), before, peak(), min(hyper$ess_bulk, hyper$ess_tail),
    nrow(fit$posterior$cells$group), object.size(fit$posterior$cells) / 2^20, "\\n")', draws)), code)
  output <- system2(file.path(R.home("bin"), "Rscript"), code, stdout = TRUE)
  numbers <- strsplit(grep("^NUMBERS", output, value = TRUE), " ")[[1]][-1]
  numbers <- as.numeric(numbers)
  data.frame(case = name, rows = 2e6, cells = numbers[5], draws = draws, seconds = numbers[1],
             ess = numbers[4], ess_per_draw = numbers[4] / draws, data_mb = numbers[2],
             peak_mb = numbers[3], cells_mb = numbers[6])
}

table <- do.call(rbind, lapply(names(cases), function(name) {
  row <- measure_large(name)
  print(row, digits = 3, row.names = FALSE)
  row
}))
table <- cbind(table, machine(), started = run_started, row.names = NULL)
utils::write.csv(table, file.path(bench, "checks", "large.csv"), row.names = FALSE)

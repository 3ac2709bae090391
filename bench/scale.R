# Rscript bench/scale.R [rows ...]: fish in more stations than fit in a cache, read from a file in
# chunks of 100,000 rows: processor time of crossprods() where the levels of a factor are given, are
# those of the first chunk, and where the last chunk has one more, and of reading the same chunks
# and doing nothing; and the peak memory of R (Linux). 1e6, 3e6 and 1e7 rows, or as many as are
# asked for. Each runs in a process of its own. Saved as bench/results/scale.csv.

run_started <- format(Sys.time(), tz = "UTC", usetz = TRUE)
script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1])
bench <- dirname(normalizePath(gsub("~+~", " ", script, fixed = TRUE)))
n_stations <- 1e5
chunk <- 1e5

# A table of comma-separated values, written a chunk at a time.
write_fish <- function(n, path) {
  set.seed(1)
  effects <- 0.3 * rnorm(n_stations)
  for (start in seq(1, n, by = chunk)) {
    rows <- min(chunk, n - start + 1)
    station <- sample(n_stations, rows, TRUE)
    length <- round(runif(rows, 20, 60), 1)
    water <- sample(c("lake", "pond", "river", "stream"), rows, TRUE)
    mercury <- round(exp(-2 + 0.8 * log(length) + effects[station] + 0.4 * rnorm(rows)), 4)
    fish <- data.frame(mercury, length, water, station)
    utils::write.table(fish, path, append = start > 1, sep = ",", quote = FALSE, row.names = FALSE,
                       col.names = start == 1)
  }
}

# Seconds of processor time, and the peak of memory in MB, of code in a fresh process.
run_alone <- function(code) {
  file <- tempfile(fileext = ".R")
  on.exit(unlink(file))
  writeLines(c(
    "suppressMessages(library(relm))",
    "before <- proc.time()", code, "time <- sum((proc.time() - before)[1:2])",
    'peak <- grep("^VmHWM", readLines("/proc/self/status"), value = TRUE)',
    'cat("RESULT", time, as.numeric(gsub("[^0-9]", "", peak)) / 1024, "\\n")'
  ), file)
  output <- system2(file.path(R.home("bin"), "Rscript"), file, stdout = TRUE)
  line <- grep("^RESULT", output, value = TRUE)
  as.numeric(strsplit(line, " ")[[1]][2:3])
}

reading_alone <- function(path) sprintf('
  connection <- file("%s", "rt")
  readLines(connection, 1)
  classes <- c("numeric", "numeric", "character", "numeric")
  repeat {
    rows <- tryCatch(utils::read.csv(connection, header = FALSE, colClasses = classes, nrows = %d),
                     error = function(e) NULL)
    if (is.null(rows)) break
  }', path, as.integer(chunk))

crossprods_of_file <- function(path, more) sprintf('
  formula <- log(mercury) ~ log(length) + water + (1 + log(length) | station)
  k <- crossprods(formula, "%s", by_group = FALSE, chunk_rows = %d%s)', path, as.integer(chunk),
  more)

measure_chunks <- function(n) {
  path <- tempfile(fileext = ".csv")
  on.exit(unlink(path))
  write_fish(n, path)
  levels <- ', levels = list(water = c("lake", "pond", "river", "stream"))'
  cases <- c("reading alone" = reading_alone(path),
             "crossprods, levels given" = crossprods_of_file(path, levels),
             "crossprods, levels of the first chunk" = crossprods_of_file(path, ""))
  results <- vapply(cases, run_alone, numeric(2))
  cat("0.5,40,spring,1\n", file = path, append = TRUE)
  late <- c("crossprods, a level that the last chunk shows" = crossprods_of_file(path, ""))
  results <- cbind(results, vapply(late, run_alone, numeric(2)))
  data.frame(source = "chunks of a file", what = colnames(results), rows = n, groups = n_stations,
             seconds = results[1, ], microseconds_per_row = 1e6 * results[1, ] / n,
             over_reading = results[1, ] / results[1, 1], peak_mb = results[2, ], run = run_started,
             row.names = NULL)
}

asked <- as.numeric(commandArgs(TRUE))
sizes <- if (length(asked)) asked else c(1e6, 3e6, 1e7)
table <- do.call(rbind, lapply(sizes, measure_chunks))
print(format(table[-9], digits = 3), row.names = FALSE)
utils::write.csv(table, file.path(bench, "results", "scale.csv"), row.names = FALSE)

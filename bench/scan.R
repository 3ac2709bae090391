# Rscript bench/scan.R [rows ...]: two crossed groupings of 100,000 and 1,000 levels, half as many cells
# as rows. Processor time of a scan over that of one passage over the cells' table, measured in the
# same process, and the memory of a fit over that table's, itself included, of 1e6, 3e6 and 1e7 rows
# (Linux). Saved as bench/results/scan.csv.

run_started <- format(Sys.time(), tz = "UTC", usetz = TRUE)
script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1])
script <- normalizePath(gsub("~+~", " ", script, fixed = TRUE))
bench <- dirname(script)
for (file in c("floor", "measure")) source(file.path(bench, paste0(file, ".R")), local = TRUE)
options(bench.processor_time = TRUE)

# Of 63 cells for each 100 rows one half has rows.
make_rows <- function(n) {
  set.seed(1)
  n_cells <- round(0.627 * n)
  cell <- data.frame(g1 = sample(1e5, n_cells, TRUE), g2 = sample(1e3, n_cells, TRUE))
  data <- cell[sample(n_cells, n, TRUE), ]
  rownames(data) <- NULL
  data$x <- rnorm(n)
  data$y <- data$x + 0.5 * rnorm(1e5)[data$g1] + 0.7 * rnorm(1e3)[data$g2] + rnorm(n)
  data
}

status_mb <- function(field) {
  line <- grep(paste0("^", field), readLines("/proc/self/status"), value = TRUE)
  as.numeric(gsub("[^0-9]", "", line)) / 1024
}

# Seconds, and how far memory rose meanwhile.
watch <- function(code) {
  gc(full = TRUE)
  writeLines("5", "/proc/self/clear_refs")
  before <- status_mb("VmRSS")
  time <- seconds(code)
  c(seconds = time, mb = status_mb("VmHWM") - before)
}

pass_seconds <- function(products, repetitions = 20) {
  factor <- products$cells$factor
  group <- lapply(1:2, function(g) products$cells$group[, g])
  levels <- vapply(group, max, 1L)
  once <- function(own) {
    other <- 3 - own
    .Call("bench_pass", factor, length(factor) / length(group[[1]]), group[[own]], group[[other]],
          numeric(levels[other]), numeric(levels[own]))
  }
  once(1)
  seconds(for (i in seq_len(repetitions)) once(1 + i %% 2)) / repetitions
}

# Chains that go on: what more sweeps cost, without what starts them.
scan_seconds <- function(fit, few = 10, many = 60) {
  more <- function(draws) seconds(relm::extend(fit, draws = draws, progress = FALSE))
  (more(many) - more(few)) / (many - few)
}

read_rows_of <- function(n, products_file, file) {
  suppressMessages(library(relm))
  design <- relm_design(y ~ x + (1 | g1) + (1 | g2), make_rows(n))
  read <- watch(products <- crossprods(design, by_group = FALSE))
  saveRDS(products, products_file, compress = FALSE)
  saveRDS(data.frame(rows = n, crossprods_seconds = read[["seconds"]], crossprods_mb = read[["mb"]]),
          file)
}

measure_fit <- function(products_file, file) {
  suppressMessages(library(relm))
  compile_pass()
  products <- readRDS(products_file)
  table_mb <- as.numeric(utils::object.size(products$cells)) / 2^20
  fitted <- watch(fit <- relm(products, draws = 100, chains = 1, seed = 1, group_draws = FALSE,
                              progress = FALSE))
  pass <- pass_seconds(products)
  scan <- scan_seconds(fit)
  saveRDS(data.frame(
    cells = length(products$cells$rows), cells_mb = table_mb, fit_seconds = fitted[["seconds"]],
    fit_over_cells = 1 + fitted[["mb"]] / table_mb, pass_seconds = pass, scan_seconds = scan,
    passes = scan / pass
  ), file)
}

compile_pass <- function() {
  copy <- file.path(tempdir(), "pass.c")
  file.copy(file.path(bench, "pass.c"), copy)
  system2(file.path(R.home("bin"), "R"), c("CMD", "SHLIB", shQuote(copy)), stdout = FALSE)
  dyn.load(file.path(tempdir(), paste0("pass", .Platform$dynlib.ext)))
}

# What a process of its own says. The fit has another than the rows, so that it meets no memory that
# reading them has left.
in_process <- function(...) {
  file <- tempfile(fileext = ".rds")
  system2(file.path(R.home("bin"), "Rscript"), shQuote(c(script, ..., file)))
  readRDS(file)
}

measure_rows <- function(n) {
  products <- tempfile(fileext = ".rds")
  read <- in_process("--read", n, products)
  fit <- in_process("--fit", products)
  unlink(products)
  row <- cbind(read["rows"], fit[c("cells", "cells_mb")], read["crossprods_seconds"],
               crossprods_over_cells = read$crossprods_mb / fit$cells_mb, fit[-(1:2)])
  print(row, digits = 3, row.names = FALSE)
  row
}

arguments <- commandArgs(TRUE)
if (identical(arguments[1], "--read")) {
  read_rows_of(as.numeric(arguments[2]), arguments[3], arguments[4])
} else if (identical(arguments[1], "--fit")) {
  measure_fit(arguments[2], arguments[3])
} else {
  rows <- if (length(arguments)) as.numeric(arguments) else c(1e6, 3e6, 1e7)
  table <- cbind(do.call(rbind, lapply(rows, measure_rows)), machine(), row.names = NULL)
  utils::write.csv(table, file.path(bench, "results", "scan.csv"), row.names = FALSE)
}

# Rscript bench/covering.R [cells] [replications] [cores]: simulation-based calibration (Talts and
# others 2018) and Geweke's (2004) test of the joint distribution, of the cells of a covering design
# of models (tests/testthat/covering.csv: each pair of settings that can be in one model is in one of its
# cells; helper-covering.R). cells: numbers such as 3,7-12; "all"; or "improper", models whose priors
# are improper (helper-improper.R). By default all, 200 replications, on one core.
#
# Results are appended to bench/checks/covering_results.csv, a row for each cell and test: how many
# variables, the least of their P values and of which it is, and that times their number. What is there already
# for so many replications is not run again, so that a run that was broken off goes on. Other numbers of
# replications have other random numbers. In the end all rows of one test and number of
# replications are judged together by Holm's method: where nothing is wrong one run in a hundred says that
# something is.

script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1])
bench <- dirname(normalizePath(gsub("~+~", " ", script, fixed = TRUE)))
suppressMessages(library(relm))
own <- new.env(parent = asNamespace("relm"))
tests <- file.path(dirname(bench), "tests", "testthat")
for (file in c("covering", "geweke", "improper", "quadrature")) {
  sys.source(file.path(tests, paste0("helper-", file, ".R")), own)
}
own$covering_folder <- tests
results_file <- file.path(bench, "checks", "covering_results.csv")
n_draws <- 29L
n_reference <- 20000L
false_alarms <- 0.01

read_cells <- function(words, design) {
  if (words %in% c("all", "improper")) return(if (words == "all") seq_len(nrow(design)))
  ranges <- strsplit(strsplit(words, ",", fixed = TRUE)[[1]], "-", fixed = TRUE)
  cells <- unlist(lapply(ranges, function(ends) seq(as.integer(ends[1]), as.integer(ends[length(ends)]))))
  if (anyNA(cells) || !all(cells %in% seq_len(nrow(design)))) stop("cells are 1 to ", nrow(design))
  cells
}

result_row <- function(cell, test, p, replications, rounds, failed, seconds) {
  p <- p[!is.na(p)]
  worst <- which.min(p)
  data.frame(cell = as.character(cell), test = test, replications = replications, rounds = rounds,
             variables = length(p), worst = names(p)[worst], p = signif(p[[worst]], 4),
             adjusted = signif(min(1, p[[worst]] * length(p)), 4), failed = failed,
             seconds = round(seconds, 1))
}

append_rows <- function(rows) {
  utils::write.table(rows, results_file, sep = ",", append = file.exists(results_file), row.names = FALSE,
                     col.names = !file.exists(results_file), qmethod = "double")
}

run_cell <- function(cell, replications) {
  started <- proc.time()[[1]]
  fit <- own$covering_fit(cell)
  rounds <- own$covering_rounds(cell)
  seed <- as.integer(cell$cell) + 1000L * replications
  run <- own$replicate_jointly(fit, replications, rounds, n_draws, own$covering_thin(cell), seed)
  reference <- own$reference_of_prior(fit, run$names, n_reference, seed + 500L)
  row <- function(test, p, rounds) {
    result_row(cell$cell, test, p, replications, rounds, run$failed, proc.time()[[1]] - started)
  }
  rows <- rbind(row("sbc", own$p_of_ranks(run$ranks, n_draws), 1L),
                row("geweke", own$p_of_moments(run$draws, reference), rounds))
  if (run$failed) cat(cell$cell, run$failed, "failed:", run$error, "\n")
  rows
}

run_improper <- function(name, replications) {
  started <- proc.time()[[1]]
  p <- own$p_of_improper(name, replications, 1000L * replications)
  result_row(name, "coverage", p, replications, 1L, 0L, proc.time()[[1]] - started)
}

told <- function(rows) {
  cat(sprintf("%-12s %-9s least of %d: %.3g (%s), times their number %.3g, %.0f s\n", rows$cell, rows$test,
              rows$variables, rows$p, rows$worst, rows$adjusted, rows$seconds), sep = "")
  append_rows(rows)
}

words <- c(commandArgs(TRUE), c("all", "200", "1")[-seq_along(commandArgs(TRUE))])
if (!length(commandArgs(TRUE))) words <- c("all", "200", "1")
design <- own$read_covering("covering")
cells <- read_cells(words[1], design)
replications <- as.integer(words[2])
done <- if (file.exists(results_file)) utils::read.csv(results_file, colClasses = c(cell = "character"))
done <- done[done$replications == replications, ]
# Dear cells last.
cells <- cells[order(own$cost_of_fit(design[cells, ]))]
jobs <- if (words[1] == "improper") own$improper_cases() else design$cell[cells]
jobs <- setdiff(jobs, done$cell)
invisible(parallel::mclapply(jobs, function(job) {
  told(if (job %in% design$cell) run_cell(design[design$cell == job, ], replications)
       else run_improper(job, replications))
}, mc.cores = as.integer(words[3]), mc.preschedule = FALSE))

all_rows <- utils::read.csv(results_file, colClasses = c(cell = "character"))
all_rows <- all_rows[all_rows$replications == replications, ]
for (test in unique(all_rows$test)) {
  rows <- all_rows[all_rows$test == test, ]
  holm <- stats::p.adjust(rows$adjusted, "holm")
  cat(sprintf("%s: %d cells, least P value after Holm's method %.3g (cell %s): %s\n", test, nrow(rows),
              min(holm), rows$cell[which.min(holm)],
              if (min(holm) < false_alarms) "something is wrong" else "nothing is wrong"))
}

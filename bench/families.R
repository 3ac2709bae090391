# Rscript bench/families.R [case ...] [--only=peer,peer]: binomial regressions and counts with
# one grouping or several, relm against its peers in one run, each call in a process of its own. Processor time;
# effective draws are the worst of bulk and tail of all hyperparameters. relm's seconds are those of whole
# calls, at 4 x 1,000 and at 4 x 10,000 draws; a peer's those of warm-up and sampling; of glmer() and
# glmmTMB() of a point estimate. Saved as bench/results/families.csv.

run_started <- format(Sys.time(), tz = "UTC", usetz = TRUE)
script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1])
script <- normalizePath(gsub("~+~", " ", script, fixed = TRUE))
bench <- dirname(script)
.libPaths(c(strsplit(Sys.getenv("RELM_BENCH_LIBRARIES"), ":")[[1]], .libPaths()))
for (file in c("measure", "adaptors", "floor", "families_peers", "families_cases")) {
  source(file.path(bench, paste0(file, ".R")), local = TRUE)
}
options(bench.processor_time = TRUE)

# The row of a process, which is one run.
run_one <- function(name, peer, draws, run, file) {
  case <- cases[[name]]
  adaptor <- families_adaptors[[peer]]
  attach_package(adaptor$package)
  data <- case$data()
  set.seed(as.integer(run))
  result <- quietly(adaptor$fit(case, data, as.integer(draws)))
  ess <- if (!is.null(result$draws)) worst_ess(result$draws)
  saveRDS(new_row(name, peer, format(utils::packageVersion(adaptor$package)), result$seconds, 1,
                  result$n_draws, result$compile, ess), file)
}

# Wall-clock seconds after which a peer is given up; and seconds of what is run three times, of which the
# one in the middle counts.
patience <- 900
quick <- 10

row_of <- function(name, peer, draws, run) {
  file <- tempfile(fileext = ".rds")
  arguments <- c(script, "--run", name, peer, draws, run, file)
  errors <- file.path(tempdir(), "errors")
  suppressWarnings(system2(file.path(R.home("bin"), "Rscript"), shQuote(arguments), stdout = FALSE,
                           stderr = errors, timeout = patience, env = "OMP_NUM_THREADS=1"))
  if (file.exists(file)) return(readRDS(file))
  cat("  ", peer, ": skipped, ", paste(utils::tail(readLines(errors), 2), collapse = " "), "\n", sep = "")
  NULL
}

middle_run <- function(name, peer, draws) {
  rows <- row_of(name, peer, draws, 1)
  if (!is.null(rows) && rows$seconds <= quick) {
    rows <- rbind(rows, row_of(name, peer, draws, 2), row_of(name, peer, draws, 3))
  }
  if (is.null(rows)) NULL else middle_row(rows)
}

rows_of_case <- function(name, only) {
  case <- cases[[name]]
  draws <- c(stats::setNames(case$draws, rep("relm", length(case$draws))), case$peers)
  if (!is.null(only)) draws <- draws[names(draws) %in% only]
  cat(name, "\n", sep = "")
  rows <- do.call(rbind, Map(function(peer, n) middle_run(name, peer, n), names(draws), draws))
  cbind(formula = deparse1(case$formula), rows, run = run_started, machine()[-1], row.names = NULL)
}

# Ratios of effective draws a second at the fewest and the most of relm's draws; and the time of 1,000
# effective draws over glmer's point estimate.
compare <- function(rows) {
  ours <- rows[rows$peer == "relm", ]
  ours <- ours[order(ours$draws), ]
  rows$ess_per_draw <- rows$ess_per_second * rows$seconds / rows$draws
  is_peer <- rows$peer != "relm"
  rows$ratio <- ifelse(is_peer, ours$ess_per_second[1] / rows$ess_per_second, NA)
  rows$ratio_long <- ifelse(is_peer, ours$ess_per_second[nrow(ours)] / rows$ess_per_second, NA)
  rows$thousand_over_glmer <- 1000 / rows$ess_per_second / rows$seconds[rows$peer == "glmer"][1]
  rows$another_run <- rows$run != ours$run[1]
  rows
}

main <- function(arguments) {
  only <- sub("^--only=", "", grep("^--only=", arguments, value = TRUE))
  only <- if (length(only)) strsplit(only, ",")[[1]]
  chosen <- grep("^--", arguments, value = TRUE, invert = TRUE)
  file <- file.path(bench, "results", "families.csv")
  for (name in if (length(chosen)) chosen else names(cases)) {
    rows <- rows_of_case(name, only)
    saved <- if (file.exists(file)) utils::read.csv(file)
    own <- saved[saved$case == name & !saved$peer %in% rows$peer, , drop = FALSE]
    rows <- compare(rbind(own[names(rows)], rows))
    print(rows[c("peer", "draws", "seconds", "ess_per_second", "ess_per_draw", "ratio", "ratio_long",
                 "thousand_over_glmer")], digits = 3, row.names = FALSE)
    rows <- rbind(saved[saved$case != name, names(rows)], rows)
    places <- order(match(rows$case, names(cases)), match(rows$peer, names(families_adaptors)), rows$draws)
    utils::write.csv(rows[places, ], file, row.names = FALSE)
  }
}

arguments <- commandArgs(TRUE)
if (identical(arguments[1], "--run")) do.call(run_one, as.list(arguments[-1])) else main(arguments)

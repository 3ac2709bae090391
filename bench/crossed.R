# Rscript bench/crossed.R [case ...] [--only=peer,peer]: models with several groupings, relm against
# its peers and lmer in one run, each call in a process of its own. Processor time; effective draws
# are the worst of bulk and tail of all hyperparameters. relm's seconds are those of whole calls, at
# 4 x 1,000 and at 4 x 10,000 draws, a peer's those of sampling alone. Saved as
# bench/results/crossed.csv.

run_started <- format(Sys.time(), tz = "UTC", usetz = TRUE)
script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1])
script <- normalizePath(gsub("~+~", " ", script, fixed = TRUE))
bench <- dirname(script)
# Before a package is loaded: peers may need newer versions of what they depend on.
.libPaths(c(strsplit(Sys.getenv("RELM_BENCH_LIBRARIES"), ":")[[1]], .libPaths()))
for (file in c("measure", "adaptors", "floor", "crossed_peers", "crossed_cases")) {
  source(file.path(bench, paste0(file, ".R")), local = TRUE)
}
options(bench.processor_time = TRUE)

# One run ------------------------------------------------------------------------------------------

# The row of a process: of what is quick, the middle of five calls, as in peers.R.
run_one <- function(name, peer, draws, run, file) {
  case <- c(cases[[name]], name = name)
  adaptor <- crossed_adaptors[[peer]]
  attach_package(adaptor$package)
  data <- case$data()
  saveRDS(middle_row(run_round(as.integer(run), function(seed) {
    set.seed(seed)
    one_row(name, peer, adaptor, quietly(adaptor$fit(case, data, as.integer(draws))))
  })), file)
}

one_row <- function(name, peer, adaptor, result) {
  draws <- result$draws
  if (is.matrix(draws)) colnames(draws) <- paste0("V", seq_len(ncol(draws)))
  new_row(name, peer, format(utils::packageVersion(adaptor$package)), result$seconds, 1,
          result$n_draws, result$compile, if (!is.null(draws)) worst_ess(draws))
}

# Seconds of what is run three times; and wall-clock seconds after which a peer is given up.
quick <- 10
patience <- 900

row_of <- function(name, peer, draws, run) {
  file <- tempfile(fileext = ".rds")
  status <- suppressWarnings(system2(
    file.path(R.home("bin"), "Rscript"), shQuote(c(script, "--run", name, peer, draws, run, file)),
    stdout = FALSE, stderr = file.path(tempdir(), "errors"), timeout = patience,
    env = c("OMP_NUM_THREADS=1", paste0("RELM_BENCH_LIBRARIES='", libraries_of(peer), "'"))
  ))
  if (file.exists(file)) return(readRDS(file))
  said <- grep("Error|rror in", readLines(file.path(tempdir(), "errors")), value = TRUE)
  cat(sprintf("  %s: skipped, %s\n", peer,
              if (status == 124) "it took too long" else paste(said, collapse = " ")))
  NULL
}

# mcmcsae wants a newer Matrix than lme4 and brms of an older distribution can have beside them.
libraries_of <- function(peer) {
  paste(c(if (peer == "mcmcsae") Sys.getenv("RELM_BENCH_MCMCSAE"),
          Sys.getenv("RELM_BENCH_LIBRARIES")), collapse = ":")
}

# Three runs of what is quick; the one in the middle.
middle_run <- function(name, peer, draws) {
  rows <- row_of(name, peer, draws, 1)
  if (is.null(rows)) return(NULL)
  if (rows$seconds <= quick) {
    rows <- rbind(rows, row_of(name, peer, draws, 2), row_of(name, peer, draws, 3))
  }
  middle_row(rows)
}

# A case -------------------------------------------------------------------------------------------

rows_of_case <- function(name, only) {
  case <- cases[[name]]
  draws <- c(as.list(stats::setNames(case$draws, rep("relm", length(case$draws)))), lmer = 0,
             as.list(case$peers))
  if (!is.null(only)) draws <- draws[names(draws) %in% only]
  cat(name, "\n", sep = "")
  rows <- do.call(rbind, Map(function(peer, draws) middle_run(name, peer, draws), names(draws),
                             draws))
  cbind(formula = deparse1(case$formula), rows, run = run_started, machine()[-1], row.names = NULL)
}

# Ratios of effective draws a second, at the fewest and the most of relm's draws; and the time of
# 1,000 effective draws over lmer's.
compare <- function(rows) {
  ours <- rows[rows$peer == "relm", ]
  ours <- ours[order(ours$draws), ]
  lmer <- rows$seconds[rows$peer == "lmer"][1]
  is_peer <- rows$peer != "relm"
  rows$ess_per_draw <- rows$ess_per_second * rows$seconds / rows$draws
  rows$ratio <- ifelse(is_peer, ours$ess_per_second[1] / rows$ess_per_second, NA)
  rows$ratio_long <- ifelse(is_peer, ours$ess_per_second[nrow(ours)] / rows$ess_per_second, NA)
  rows$thousand_over_lmer <- 1000 / rows$ess_per_second / lmer
  rows$another_run <- rows$run != ours$run[1]
  rows
}

main <- function(arguments) {
  only <- sub("^--only=", "", grep("^--only=", arguments, value = TRUE))
  only <- if (length(only)) strsplit(only, ",")[[1]]
  chosen <- grep("^--", arguments, value = TRUE, invert = TRUE)
  for (name in if (length(chosen)) chosen else names(cases)) {
    rows <- rows_of_case(name, only)
    file <- file.path(bench, "results", "crossed.csv")
    saved <- if (file.exists(file)) utils::read.csv(file)
    own <- saved[saved$case == name & !saved$peer %in% rows$peer, , drop = FALSE]
    rows <- compare(rbind(own[names(rows)], rows))
    print(rows[c("peer", "draws", "seconds", "ess_per_second", "ess_per_draw", "ratio",
                 "ratio_long", "thousand_over_lmer")], digits = 3, row.names = FALSE)
    rows <- rbind(saved[saved$case != name, names(rows)], rows)
    places <- order(match(rows$case, names(cases)), match(rows$peer, names(crossed_adaptors)),
                    rows$draws)
    utils::write.csv(rows[places, ], file, row.names = FALSE)
  }
}

arguments <- commandArgs(TRUE)
if (identical(arguments[1], "--run")) {
  do.call(run_one, as.list(arguments[-1]))
} else {
  main(arguments)
}

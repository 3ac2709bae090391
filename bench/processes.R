# What bench/crossed.R and bench/families.R share: each call in a process of its own, the tables of
# their cases, and the ratios. Whoever sources it has `script`, `bench`, `cases`,
# `adaptors_of_peers`, `point_estimate` (the peer whose time is compared with that of 1,000
# effective draws) and `results` (the name of the file).

# Seconds of what is run three times; and wall-clock seconds after which a peer is given up.
quick <- 10
patience <- 900

# The row of a process: of what is quick, the middle of five calls, as in peers.R.
run_one <- function(name, peer, draws, run, file) {
  case <- c(cases[[name]], name = name)
  adaptor <- adaptors_of_peers[[peer]]
  attach_package(adaptor$package)
  data <- case$data()
  saveRDS(middle_row(run_round(as.integer(run), function(seed) {
    set.seed(seed)
    one_row(name, peer, adaptor, quietly(adaptor$fit(case, data, as.integer(draws))))
  })), file)
}

one_row <- function(name, peer, adaptor, result) {
  draws <- result$draws
  if (is.matrix(draws) && is.null(colnames(draws))) {
    colnames(draws) <- paste0("V", seq_len(ncol(draws)))
  }
  new_row(name, peer, format(utils::packageVersion(adaptor$package)), result$seconds, 1,
          result$n_draws, result$compile, if (!is.null(draws)) worst_ess(draws))
}

row_of <- function(name, peer, draws, run) {
  file <- tempfile(fileext = ".rds")
  errors <- file.path(tempdir(), "errors")
  status <- suppressWarnings(system2(
    file.path(R.home("bin"), "Rscript"), shQuote(c(script, "--run", name, peer, draws, run, file)),
    stdout = FALSE, stderr = errors, timeout = patience,
    env = c("OMP_NUM_THREADS=1", paste0("RELM_BENCH_LIBRARIES='", libraries_of(peer), "'"))
  ))
  if (file.exists(file)) return(readRDS(file))
  said <- grep("rror in|rror:|Error", readLines(errors), value = TRUE)
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

rows_of_case <- function(name, only) {
  case <- cases[[name]]
  draws <- c(stats::setNames(case$draws, rep("relm", length(case$draws))), case$peers)
  if (!is.null(only)) draws <- draws[names(draws) %in% only]
  cat(name, "\n", sep = "")
  rows <- do.call(rbind, Map(function(peer, n) middle_run(name, peer, n), names(draws), draws))
  cbind(formula = deparse1(case$formula), rows, run = run_started, machine()[-1], row.names = NULL)
}

# Ratios of effective draws a second, at the fewest and the most of relm's draws; and the time of
# 1,000 effective draws over that of the point estimate.
compare <- function(rows) {
  ours <- rows[rows$peer == "relm", ]
  ours <- ours[order(ours$draws), ]
  is_peer <- rows$peer != "relm"
  rows$ess_per_draw <- rows$ess_per_second * rows$seconds / rows$draws
  rows$ratio <- ifelse(is_peer, ours$ess_per_second[1] / rows$ess_per_second, NA)
  rows$ratio_long <- ifelse(is_peer, ours$ess_per_second[nrow(ours)] / rows$ess_per_second, NA)
  rows[[thousand_over()]] <-
    1000 / rows$ess_per_second / rows$seconds[rows$peer == point_estimate][1]
  rows$another_run <- rows$run != ours$run[1]
  rows
}

thousand_over <- function() paste0("thousand_over_", point_estimate)

# The rows of a case take the place of its former ones, of which those of other peers stay.
save_case <- function(name, rows) {
  file <- file.path(bench, "results", results)
  saved <- if (file.exists(file)) utils::read.csv(file)
  own <- saved[saved$case == name & !saved$peer %in% rows$peer, , drop = FALSE]
  rows <- compare(rbind(own[names(rows)], rows))
  print(rows[c("peer", "draws", "seconds", "ess_per_second", "ess_per_draw", "ratio",
               "ratio_long", thousand_over())], digits = 3, row.names = FALSE)
  rows <- rbind(saved[saved$case != name, names(rows)], rows)
  places <- order(match(rows$case, names(cases)), match(rows$peer, names(adaptors_of_peers)),
                  rows$draws)
  utils::write.csv(rows[places, ], file, row.names = FALSE)
}

run_cases <- function(arguments) {
  only <- sub("^--only=", "", grep("^--only=", arguments, value = TRUE))
  only <- if (length(only)) strsplit(only, ",")[[1]]
  chosen <- grep("^--", arguments, value = TRUE, invert = TRUE)
  for (name in if (length(chosen)) chosen else names(cases)) {
    save_case(name, rows_of_case(name, only))
  }
}

# A process that this command started for one run, or the command itself.
run_or_start <- function(arguments) {
  if (identical(arguments[1], "--run")) do.call(run_one, as.list(arguments[-1]))
  else run_cases(arguments)
}

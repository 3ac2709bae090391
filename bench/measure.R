# Runs adaptors on cases and answers with rows of the table, one for each.

default_draws <- 50000

# A fresh process for each peer: what one loads and leaves in memory slows no other. Its value,
# or NULL with a line that says why.
in_own_process <- function(label, code) {
  if (.Platform$OS.type != "unix") return(or_skipped(label, tryCatch(code(), error = identity)))
  job <- parallel::mcparallel(tryCatch(code(), error = identity))
  or_skipped(label, parallel::mccollect(job)[[1]])
}

or_skipped <- function(label, result) {
  reason <- if (inherits(result, "condition")) conditionMessage(result)
            else if (is.null(result)) "its process ended"
  if (is.null(reason)) return(result)
  cat(sprintf("  %s: skipped, %s\n", label, sub("\n.*", "", reason)))
  NULL
}

attach_package <- function(package) {
  if (!requireNamespace(package, quietly = TRUE)) stop(package, " is not installed")
  suppressPackageStartupMessages(library(package, character.only = TRUE))
}

# Of this process. Collections of garbage are a part of what fits take.
processor_seconds <- function(code) {
  sum(system.time(code, gcFirst = FALSE)[c("user.self", "sys.self")])
}

# Rows of a case ---------------------------------------------------------------------------------

run_case <- function(name, case, only) {
  rows <- switch(case$kind, sampling = sampling_rows(name, case, only),
                 until = until_rows(name, case, only),
                 alternating = in_own_process(name, function() alternating_rows(name, case)),
                 floor = in_own_process(name, function() floor_rows(name, case)))
  if (is.null(rows)) NULL else cbind(rows, machine(), row.names = NULL)
}

new_row <- function(case, peer, version, seconds, runs, draws = NA, compile = 0, ess = NULL) {
  worst <- if (is.null(ess)) NA else min(ess$bulk, ess$tail)
  data.frame(
    case = case, peer = peer, version = version, draws = draws, seconds = seconds,
    seconds_per_draw = seconds / draws, compile_seconds = compile,
    ess_bulk = if (is.null(ess)) NA else ess$bulk, ess_tail = if (is.null(ess)) NA else ess$tail,
    worst = if (is.null(ess)) NA else ess$worst, ess_per_second = worst / seconds, runs = runs
  )
}

# Bulk and tail ESS, each at its worst over all hyperparameters. `draws` is a matrix, or an array
# draws x chains x hyperparameters.
worst_ess <- function(draws) {
  if (length(dim(draws)) == 2) {
    draws <- array(draws, c(nrow(draws), 1, ncol(draws)), list(NULL, NULL, colnames(draws)))
  }
  bulk <- apply(draws, 3, posterior::ess_bulk)
  tail <- apply(draws, 3, posterior::ess_tail)
  # A hyperparameter that never moves has no ESS: none at all.
  bulk[is.na(bulk)] <- 0
  tail[is.na(tail)] <- 0
  list(bulk = min(bulk), tail = min(tail),
       worst = dimnames(draws)[[3]][which.min(pmin(bulk, tail))])
}

sampling_rows <- function(name, case, only) {
  peers <- names(adaptors)
  stored <- c("relm" = TRUE, "relm not stored" = FALSE)
  peers <- setdiff(peers, names(stored)[!stored %in% case$stored])
  if (!is.null(only)) peers <- intersect(peers, only)
  rounds <- list()
  for (round in seq_len(3)) {
    for (peer in still_to_run(peers, rounds, round)) {
      rounds[[peer]] <- c(rounds[[peer]], list(
        in_own_process(peer, function() run_round(round, row_maker(name, case, peer)))
      ))
    }
  }
  do.call(rbind, lapply(rounds, function(rows) {
    rows <- do.call(rbind, rows)
    if (!is.null(rows)) middle_row(rows)
  }))
}

# Three rounds, since the speed of a machine drifts: all peers meet it at three times. What was
# skipped, or takes long, is not run again.
still_to_run <- function(peers, rounds, round) {
  if (round == 1) return(peers)
  Filter(function(peer) {
    first <- rounds[[peer]][[1]]
    !is.null(first) && first$seconds[1] <= long
  }, peers)
}

# Seconds from which a run is one of three rounds, not five; and from which it is the only one.
short <- 0.5
long <- 20

# The runs of a round: five of what is quick.
run_round <- function(round, row) {
  first <- row(5 * round)
  if (first$seconds > short) return(first)
  rbind(first, do.call(rbind, lapply(5 * round + 1:4, row)))
}

measure <- function(name, case, peer) median_row(row_maker(name, case, peer))

# What runs a peer once, from a seed.
row_maker <- function(name, case, peer) {
  adaptor <- adaptors[[peer]]
  attach_package(adaptor$package)
  data <- case$data()
  draws <- if (peer %in% names(case$draws)) case$draws[[peer]] else default_draws
  function(run) {
    set.seed(run)
    result <- quietly(adaptor$fit(data, case$model, draws))
    ess <- if (!is.null(result$draws)) worst_ess(result$draws)
    new_row(name, peer, format(utils::packageVersion(adaptor$package)), result$seconds, 1,
            result$n_draws, result$compile, ess)
  }
}

# The middle one of several runs: of one, where it takes long.
median_row <- function(row) {
  first <- row(1)
  runs <- if (first$seconds > long) 1 else if (first$seconds > short) 3 else 15
  middle_row(rbind(first, do.call(rbind, lapply(seq_len(runs)[-1], row))))
}

middle_row <- function(rows) {
  speed <- if (all(is.na(rows$ess_per_second))) rows$seconds else rows$ess_per_second
  middle <- rows[order(speed)[ceiling(nrow(rows) / 2)], ]
  middle$compile_seconds <- rows$compile_seconds[1]
  middle$runs <- nrow(rows)
  middle
}

quietly <- function(code) {
  sink(nullfile())
  on.exit(sink())
  suppressMessages(code)
}

# relm until 1,000 effective draws of every hyperparameter, whatever number of draws that takes,
# against a point estimate.
until_rows <- function(name, case, only) {
  relm <- if (is.null(only) || "relm" %in% only) in_own_process("relm", function() {
    attach_package("relm")
    data <- case$data()
    draws <- draws_until(data, case$model, 1000)
    median_row(function(run) {
      set.seed(run)
      time <- seconds(fit <- relm_call(data, case$model, draws, stored = NULL))
      new_row(name, "relm", format(utils::packageVersion("relm")), time, 1, draws,
              ess = worst_ess(relm_draws(fit, case$model)))
    })
  })
  others <- c("lmer", "lmer no derivatives")
  if (!is.null(only)) others <- intersect(others, only)
  rbind(relm, do.call(rbind, lapply(others, function(peer) {
    in_own_process(peer, function() measure(name, case, peer))
  })))
}

draws_until <- function(data, model, target) {
  for (draws in c(1250, 1500, 2000, 3000, 5000, 10000)) {
    set.seed(0)
    ess <- worst_ess(relm_draws(relm_call(data, model, draws, stored = NULL), model))
    if (min(ess$bulk, ess$tail) >= target) return(draws)
  }
  stop("10,000 draws have fewer than ", target, " effective ones")
}

# Four chains of 1,000 draws and point estimates in turn, so that all meet the same machine.
alternating_rows <- function(name, case, repetitions = 50) {
  for (package in c("relm", "lme4")) attach_package(package)
  data <- case$data()
  relm_chains <- function(stored) function() relm_call(data, case$model, 1000, stored, chains = 4)
  no_derivatives <- lme4::lmerControl(calc.derivs = FALSE)
  calls <- list(
    "relm" = relm_chains(TRUE),
    "relm not stored" = if (can_choose_storage()) relm_chains(FALSE),
    "lmer" = function() lme4::lmer(case$model$formula, data),
    "lmer no derivatives" = function() lme4::lmer(case$model$formula, data,
                                                   control = no_derivatives)
  )
  calls <- Filter(Negate(is.null), calls)
  set.seed(1)
  lapply(calls, function(call) call())
  times <- replicate(repetitions, vapply(calls, function(call) seconds(call()), 0))
  do.call(rbind, lapply(names(calls), function(peer) {
    package <- adaptors[[peer]]$package
    is_relm <- package == "relm"
    new_row(name, peer, format(utils::packageVersion(package)), stats::median(times[peer, ]),
            repetitions, if (is_relm) 4000 else NA,
            ess = if (is_relm) worst_ess(relm_draws(calls[[peer]](), case$model)))
  }))
}

# A draw with its group effects, and the variates that it cannot do without: seconds of 200,000
# draws, as a call of 400,000 takes longer than one of 200,000.
floor_rows <- function(name, case, draws = 200000, runs = 5) {
  attach_package("relm")
  load_floor(bench)
  data <- case$data()
  J <- length(unique(data$g))
  fit <- function(draws) seconds(relm_call(data, case$model, draws, TRUE))
  set.seed(1)
  fit(1000)
  times <- replicate(runs, c(
    relm = -fit(draws) + fit(2 * draws),
    floor = collapsed_floor_seconds(draws, J, nrow(data), q = 2, p = 2)
  ))
  row <- function(peer, version) {
    new_row(name, peer, version, stats::median(times[peer, ]), runs, draws)
  }
  rbind(row("relm", format(utils::packageVersion("relm"))), row("floor", NA))
}

# The machine ------------------------------------------------------------------------------------

machine <- function() {
  clock <- if (isTRUE(getOption("bench.processor_time"))) "processor" else "wall"
  data.frame(run = run_started, clock = clock, cores = parallel::detectCores(),
             r = paste(R.version$major, R.version$minor, sep = "."), cpu = cpu_model())
}

cpu_model <- function() {
  lines <- tryCatch(suppressWarnings(readLines("/proc/cpuinfo")), error = function(e) NULL)
  model <- grep("^model name", lines, value = TRUE)
  if (length(model)) trimws(sub("^[^:]*:", "", model[1])) else R.version$arch
}

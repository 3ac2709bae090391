# Runs `run(chain, progress)` for each chain, on this process, on several or in futures, and
# answers with the results in order. `progress` is told the sweeps done. show_progress: or a bar, which
# others end. what: runs, if not chains.
run_chains <- function(run, chains, cores, total_sweeps, show_progress, what = "chain") {
  bar <- if (is.list(show_progress)) show_progress
    else if (show_progress) progress_bar(total_sweeps * chains)
  on.exit(if (!is.null(bar) && !is.list(show_progress)) bar$done())
  results <- if (has_futures(cores)) {
    run_in_futures(run, chains, bar, what)
  } else if (min(cores, chains) == 1) {
    run_in_turn(run, chains, total_sweeps, bar)
  } else if (.Platform$OS.type == "unix") {
    run_forked(run, chains, min(cores, chains), bar, what)
  } else {
    run_on_cluster(run, chains, min(cores, chains))
  }
  failed <- vapply(results, inherits, NA, "condition")
  if (any(failed)) {
    leave_results(replace(results, failed, list(NULL)))
    stop(results[[which(failed)[1]]])
  }
  if (any(vapply(results, `[[`, NA, "interrupted"))) {
    leave_results(results)
    rlang::interrupt()
  }
  results
}

run_in_turn <- function(run, chains, total_sweeps, bar) {
  results <- vector("list", chains)
  whole <- FALSE
  on.exit(if (!whole) leave_results(results))
  for (chain in seq_len(chains)) {
    before <- (chain - 1) * total_sweeps
    tell <- if (!is.null(bar)) function(sweeps) bar$set(before + sweeps)
    results[[chain]] <- run(chain, tell)
    if (results[[chain]]$interrupted) rlang::interrupt()
    if (!is.null(bar)) bar$set(chain * total_sweeps)
  }
  whole <- TRUE
  results
}

# Work of seconds that comes before the bar, told before it begins.
much_work <- 1e5

tell_work <- function(doing, n, what, control) {
  if (!isTRUE(control$progress) || n < much_work) return(invisible())
  inform("{doing} {format(n, big.mark = ',', scientific = FALSE)} {what}.")
}

# The bar belongs to the caller, which outlives it.
progress_bar <- function(total) {
  envir <- new.env()
  id <- cli::cli_progress_bar(
    total = total, .envir = envir, auto_terminate = FALSE, clear = TRUE,
    format = paste("Sampling {cli::pb_bar} {cli::pb_percent} | {cli::pb_current} sweeps,",
                   "{cli::pb_rate} | {cli::pb_eta_str}")
  )
  list(set = function(done) cli::cli_progress_update(set = done, id = id, .envir = envir),
       done = function() cli::cli_progress_done(id = id, .envir = envir))
}

# Forked processes, at most `cores` at once. Each writes the sweeps it has done into a
# file of its own, which is all that the bar needs.
run_forked <- function(run, chains, cores, bar, what) {
  # What stops them: loaded at an interrupt, it would take longer than the rest.
  loadNamespace("tools")
  folder <- progress_folder()
  jobs <- list()
  results <- vector("list", chains)
  on.exit({
    if (length(jobs) && is_recoverable()) {
      leave_results(results, ask_to_stop(jobs), folder)
    } else {
      stop_jobs(jobs)
      remove_folder(folder)
    }
  })
  waiting <- seq_len(chains)
  while (length(waiting) || length(jobs)) {
    while (length(waiting) && length(jobs) < cores) {
      chain <- waiting[1]
      tell <- if (!is.null(bar)) progress_writer(folder, chain)
      jobs[[as.character(chain)]] <- start_job(run, chain, tell, folder)
      waiting <- waiting[-1]
    }
    done <- suppressWarnings(parallel::mccollect(unname(jobs), wait = FALSE, timeout = 0.1))
    for (name in names(jobs)) {
      result <- done[[as.character(jobs[[name]]$pid)]]
      if (is.null(result)) next
      results[[as.integer(name)]] <- result
      jobs[[name]] <- NULL
    }
    check_jobs_alive(jobs, done, what)
    if (!is.null(bar)) bar$set(progress_in(folder))
  }
  results
}

start_job <- function(run, chain, tell, folder) {
  parent <- Sys.getpid()
  parallel::mcparallel({
    .Call(ffi_work_for, parent)
    tryCatch(leave_if_interrupted(run(chain, tell), chain, folder), error = identity)
  }, mc.set.seed = FALSE, silent = TRUE)
}

# A process that ended without a result was killed, by a lack of memory most likely.
check_jobs_alive <- function(jobs, done, what) {
  for (job in jobs) {
    pid <- as.character(job$pid)
    if (pid %in% names(done) && is.null(done[[pid]])) {
      abort("A {what}'s process was ended from outside, perhaps for lack of memory.",
            i = if (what == "chain") "Use fewer {.arg cores} or fewer {.arg draws}."
                else "Use fewer {.arg cores}.")
    }
  }
}

run_on_cluster <- function(run, chains, cores) {
  cluster <- parallel::makePSOCKcluster(cores)
  workers <- unlist(parallel::clusterCall(cluster, Sys.getpid))
  # A busy worker does not hear stopCluster().
  on.exit({
    tools::pskill(workers, tools::SIGTERM)
    parallel::stopCluster(cluster)
  })
  # Before anything of relm's is sent, which would load it from wherever it is found.
  parallel::clusterCall(cluster, eval, bquote(.libPaths(.(.libPaths()))), globalenv())
  parallel::clusterApplyLB(cluster, seq_len(chains), function(chain, run) {
    tryCatch(run(chain, NULL), error = identity)
  }, run = run)
}

# What runs of chains leave when they are stopped, for recover_fit().

# What the last run left where it did not come to its end, until the next begins: plan, and
# results of its rounds before; results by chain of the round that was stopped, NULL for none;
# jobs, processes that may still be writing theirs, and the folder that they write into; and
# make, which makes a fit of these.
unfinished <- new.env(parent = emptyenv())

stop_jobs <- function(jobs) {
  if (length(jobs) == 0) return(invisible())
  tools::pskill(vapply(jobs, `[[`, 1L, "pid"), tools::SIGKILL)
  suppressWarnings(parallel::mccollect(unname(jobs), wait = TRUE))
}

forget_unfinished <- function() {
  if (length(unfinished$jobs)) stop_jobs(unfinished$jobs)
  if (!is.null(unfinished$folder)) remove_folder(unfinished$folder)
  rm(list = ls(unfinished), envir = unfinished)
}

# Evaluates a run of chains. make: makes a fit of what it leaves if it is stopped.
recoverably <- function(make, run) {
  forget_unfinished()
  unfinished$is_recoverable <- TRUE
  whole <- FALSE
  on.exit(if (whole) forget_unfinished() else if (!is.null(unfinished$plan)) unfinished$make <- make)
  sampling <- force(run)
  whole <- TRUE
  sampling
}

# Does what runs belong to a fit that would be recovered?
is_recoverable <- function() isTRUE(unfinished$is_recoverable) && !is.null(unfinished$plan)

remember_plan <- function(plan, before = NULL) {
  if (!isTRUE(unfinished$is_recoverable)) return(invisible())
  unfinished$plan <- plan
  unfinished$before <- before
}

leave_results <- function(results, jobs = NULL, folder = NULL) {
  if (!is_recoverable()) return(invisible())
  unfinished$results <- results
  unfinished$jobs <- jobs
  unfinished$folder <- folder
}

# Processes -----------------------------------------------------------------------------------

# Time in which processes may write what they have before the prompt is back, in seconds.
time_to_leave <- 0.08

# Tells processes to stop with what they have. The answer: those that are still at it.
ask_to_stop <- function(jobs) {
  tools::pskill(vapply(jobs, `[[`, 1L, "pid"), tools::SIGINT)
  wait_for_jobs(jobs, time_to_leave)
}

wait_for_jobs <- function(jobs, seconds) {
  give_up <- proc.time()[["elapsed"]] + seconds
  while (length(jobs) && proc.time()[["elapsed"]] < give_up) {
    done <- suppressWarnings(parallel::mccollect(unname(jobs), wait = FALSE, timeout = 0.01))
    for (name in names(jobs)) {
      pid <- as.character(jobs[[name]]$pid)
      if (pid %in% names(done)) jobs[[name]] <- NULL
    }
  }
  jobs
}

left_file <- function(folder, chain) file.path(folder, paste0("left-", chain, ".rds"))

# In a process: an interrupted result goes into a file, since nobody may wait for it.
leave_if_interrupted <- function(result, chain, folder) {
  if (!isTRUE(result$interrupted) || !dir.exists(folder)) return(result)
  file <- left_file(folder, chain)
  part <- paste0(file, ".part")
  saveRDS(result, part, compress = FALSE)
  file.rename(part, file)
  list(interrupted = TRUE)
}

# Reads what processes have left; those that do not come to an end are ended.
collect_left <- function() {
  if (is.null(unfinished$folder)) return(invisible())
  jobs <- wait_for_jobs(unfinished$jobs, 10)
  stop_jobs(jobs)
  for (chain in which(lengths(unfinished$results) == 0)) {
    file <- left_file(unfinished$folder, chain)
    if (file.exists(file)) unfinished$results[[chain]] <- readRDS(file)
  }
  remove_folder(unfinished$folder)
  unfinished$jobs <- unfinished$folder <- NULL
}

# Work in futures: wherever the plan of the package future says, in this process, in others of this
# machine or on a cluster.

# cores: a number of processes, or "future".
check_cores <- function(cores) {
  if (!is.character(cores)) return(check_count(cores, "cores"))
  if (!identical(cores, "future")) {
    abort('{.arg cores} must be one whole number of processes, or "future".', x = "It is {describe(cores)}.")
  }
  check_installed("future", '{.code cores = "future"}')
  cores
}

has_futures <- function(cores) identical(cores, "future")

# What run_chains() does, in as many futures at once as the plan has workers. They watch a folder:
# where it is gone they stop. On another machine it never was, and nothing is told from there.
run_in_futures <- function(run, chains, bar, what) {
  folder <- progress_folder()
  on.exit(remove_folder(folder))
  futures <- vector("list", chains)
  results <- vector("list", chains)
  next_chain <- 1L
  while (any(lengths(results) == 0)) {
    while (next_chain <= chains && future::nbrOfFreeWorkers() > 0) {
      futures[[next_chain]] <- start_future(run, next_chain, folder)
      next_chain <- next_chain + 1L
    }
    for (chain in which(lengths(futures) > 0 & lengths(results) == 0)) {
      result <- result_of_future(futures[[chain]], paste(what, chain))
      if (!is.null(result)) results[[chain]] <- result
    }
    if (!is.null(bar)) bar$set(progress_in(folder))
    if (any(lengths(results) == 0)) Sys.sleep(0.02)
  }
  results
}

# It has streams of its own. The function goes as bytes, so that nothing of relm's is loaded there
# before it is known where to look.
start_future <- function(run, chain, folder) {
  bytes <- serialize(function() run_watching(run, chain, folder), NULL)
  folders <- .libPaths()
  future::future(
    {
      .libPaths(c(folders, .libPaths()))
      unserialize(bytes)()
    },
    globals = list(bytes = bytes, folders = folders), packages = character(), seed = NULL
  )
}

run_watching <- function(run, chain, folder) {
  write <- progress_writer(folder, chain)
  tell <- if (!is.null(write)) function(sweeps) {
    if (!dir.exists(folder)) stop("nobody waits for this any more")
    write(sweeps)
  }
  tryCatch(run(chain, tell), error = identity)
}

# NULL while it is at work. A chain's own error is its result; others say that the worker was lost.
result_of_future <- function(future, name) {
  tryCatch(if (future::resolved(future)) future::value(future), error = function(e) {
    abort("The future of {name} failed.", x = conditionMessage(e),
          i = "See {.code future::plan()}, or give {.arg cores} as a number.")
  })
}

# On a disk that is full there may be none, and then nothing is told.
progress_folder <- function() {
  folder <- tempfile("relm-progress-")
  dir.create(folder, showWarnings = FALSE)
  folder
}

# A worker may put its file there while the folder is taken away, which then stays, and the worker
# goes on.
remove_folder <- function(folder) {
  for (round in 1:100) {
    unlink(folder, recursive = TRUE)
    if (!dir.exists(folder)) break
    Sys.sleep(0.01)
  }
}

# NULL where the folder is not. What cannot be written is not told, and the work goes on.
progress_writer <- function(folder, number) {
  if (!dir.exists(folder)) return(NULL)
  file <- file.path(folder, number)
  function(sweeps) try(suppressWarnings(cat(sweeps, "\n", file = file)), silent = TRUE)
}

# The sweeps that processes have written into their files of a folder.
progress_in <- function(folder) {
  read <- function(file) suppressWarnings(tryCatch(
    scan(file, n = 1, quiet = TRUE), error = function(e) numeric()))
  sum(unlist(lapply(list.files(folder, full.names = TRUE), read)))
}

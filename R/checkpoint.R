# Draws that are saved as they come: checkpoint = "file.rds" of relm(). The file has the fit so far,
# and how far it is to go before it is judged again.

# Seconds until the draws are saved first. Later a tenth of the time since the beginning passes, and
# never less than twenty times as long as saving took.
checkpoint_seconds <- 30

# Draws of the first round, by whose time the next one is measured.
first_round <- 10L

# A fit whose draws are saved as they come, or that goes on from where a file ends.
fit_saving <- function(fit, control, seed) {
  if (is_prior_only(fit$posterior)) {
    abort("{.arg checkpoint} has no place beside {.code prior_only = TRUE}, whose draws are of no
           chain.", i = "Leave it out.")
  }
  file <- control$checkpoint
  goal <- if (is.null(control$target_ess)) control$draws else min(control$draws, control$max_draws)
  saved <- if (file.exists(file)) read_checkpoint(file)
  if (!is.null(saved)) {
    check_same_run(saved, fit, control, seed)
    fit <- saved_part(fit, saved$fit)
    goal <- max(saved$goal, goal)
    inform("{.file {file}} has {fit$sampling$draws} draws of each chain, from which this goes on.")
  }
  pace <- new_pace(file)
  rounds <- control
  bar <- if (control$progress) bar_of_rounds(control, goal)
  on.exit(if (!is.null(bar)) bar$done())
  if (!is.null(bar)) rounds$progress <- bar
  if (is.null(saved)) {
    fit <- pace$ran(min(first_round, goal), begin_saving(fit, rounds, seed))
    if (fit$sampling$draws < goal) pace$save(fit, goal)
  }
  had <- fit$sampling$draws
  fit <- run_saving(fit, rounds, goal, pace)
  fit$sampling$progress <- control$progress
  if (fit$sampling$draws > had || !file.exists(file)) pace$save(fit, fit$sampling$draws)
  fit
}

# One bar for all rounds, which counts from where a round begins.
bar_of_rounds <- function(control, goal) {
  bar <- progress_bar(control$chains * (control$warmup + as.numeric(goal) * control$thin))
  before <- 0
  list(set = function(done) bar$set(before + done), done = bar$done,
       begins = function(sweeps) before <<- control$chains * sweeps)
}

# What is new of a call goes with the draws that are there.
saved_part <- function(fit, saved) {
  fit$sampling <- saved$sampling
  fit$control["seed"] <- list(saved$control$seed)
  fit
}

# The first round. All is checked that the whole run would be refused for.
begin_saving <- function(fit, control, seed) {
  check_sweeps(control)
  check_memory(fit$posterior, control, choose_kept(control, fit$posterior)$kept)
  first <- control
  first$draws <- min(first_round, control$draws)
  first["target_ess"] <- list(NULL)
  recovered <- function(left) fit_of_left(fit, left)
  fit$sampling <- recoverably(recovered, sample_posterior(fit$posterior, first, seed))
  fit$sampling["target_ess"] <- list(control$target_ess)
  fit
}

# Rounds of draws until there are enough. goal: the draws of each chain before these are judged.
run_saving <- function(fit, control, goal, pace) {
  repeat {
    while (fit$sampling$draws < goal) {
      draws <- pace$next_round(fit$sampling$draws, goal)
      fit <- pace$ran(draws, run_round(fit, control, draws, goal))
      if (fit$sampling$draws < goal) pace$save(fit, goal)
    }
    more <- if (!is.null(control$target_ess)) draws_to_target(fit, control) else 0
    if (more == 0) break
    goal <- goal + more
  }
  complete_moments(fit)
}

run_round <- function(fit, control, draws, goal) {
  own <- fit$sampling[control_names]
  own[c("cores", "threads", "progress")] <- control[c("cores", "threads", "progress")]
  own$draws <- fit$sampling$draws + draws
  if (is.list(own$progress)) {
    own$progress$begins(control$warmup + as.numeric(fit$sampling$draws) * control$thin)
  }
  fit$sampling <- run_longer(fit, own, draws, goal)
  fit
}

# How many draws of each chain are still to be made for target_ess; 0 where that is all.
draws_to_target <- function(fit, control) {
  done <- fit$sampling$draws
  drawn <- is_drawn_part(parameters_of(fit$posterior)$part, fit$posterior)
  results <- lapply(seq_len(fit$sampling$chains), function(chain) {
    list(hyper = t(matrix(fit$sampling$hyper[, chain, hyper_names(fit$posterior)], done)))
  })
  least <- least_ess(results, drawn)
  more <- draws_wanted(least, done, control, fit$posterior, fit$sampling$kept)
  if (more == 0) tell_enough(least, done, control)
  more
}

# Tells how many draws to make before the next save, by how long those of the last round took, and
# saves. That a file cannot be written is said once.
new_pace <- function(file) {
  began <- elapsed()
  rate <- NULL
  saving <- 0
  said <- FALSE
  list(
    # Evaluates a round of so many draws.
    ran = function(draws, round) {
      started <- elapsed()
      fit <- force(round)
      rate <<- draws / max(elapsed() - started, 1e-3)
      fit
    },
    next_round = function(done, goal) {
      wait <- max(checkpoint_seconds, 0.1 * (elapsed() - began), 20 * saving)
      round_size(if (is.null(rate)) first_round else wait * rate, done, goal)
    },
    save = function(fit, goal) {
      started <- elapsed()
      failed <- save_checkpoint(fit, goal, file)
      if (!is.null(failed) && !said) {
        said <<- TRUE
        warn("The draws so far could not be saved in {.file {file}}: {failed}.",
             i = "What it had before is still there, and sampling goes on.")
      }
      saving <<- elapsed() - started
    }
  )
}

# At most twenty times the draws that there are: the time of few draws tells little.
round_size <- function(wanted, done, goal) {
  as.integer(max(1, min(wanted, 20 * max(done, first_round), goal - done)))
}

elapsed <- function() proc.time()[["elapsed"]]

# Files ---------------------------------------------------------------------------------------

# Writes a file beside and puts it in the place of the one before when it is whole. The answer: why it
# failed, or NULL.
save_checkpoint <- function(fit, goal, file) {
  part <- paste0(file, ".part")
  on.exit(unlink(part))
  fit$sampling$progress <- !isFALSE(fit$sampling$progress)
  saved <- structure(list(fit = fit, goal = goal, version = relm_version()), class = "relm_checkpoint")
  tryCatch({
    write_whole(saved, part)
    if (!suppressWarnings(file.rename(part, file))) stop("it cannot be given its name")
    NULL
  }, error = conditionMessage)
}

# A disk that is full may be noticed by the length alone.
write_whole <- function(object, file) {
  connection <- suppressWarnings(file(file, "wb"))
  on.exit(if (!is.null(connection)) close(connection))
  suppressWarnings(serialize(object, connection, xdr = FALSE))
  written <- base::seek(connection, rw = "write")
  close(connection)
  connection <- NULL
  if (!identical(as.numeric(file.size(file)), as.numeric(written))) stop("there is no room for it")
}

read_checkpoint <- function(file) {
  if (!file.exists(file)) abort("There is no file {.file {file}}.")
  saved <- tryCatch({
    connection <- file(file, "rb")
    on.exit(close(connection))
    unserialize(connection)
  }, error = function(e) NULL, warning = function(w) NULL)
  if (!inherits(saved, "relm_checkpoint")) {
    abort("{.file {file}} is not a checkpoint of {.fn relm}.",
          i = "Name another file; this one is left as it is.")
  }
  saved
}

fit_of_checkpoint <- function(saved) {
  fit <- complete_moments(saved$fit)
  asked <- list(chains = fit$sampling$chains, draws = max(saved$goal, fit$control$draws))
  if (!is.null(fit$control$target_ess)) asked$draws <- saved$goal
  mark_incomplete(fit, asked, TRUE)
}

relm_version <- function() as.character(utils::packageVersion("relm"))

# Refuses to go on from the file of another run.
check_same_run <- function(saved, fit, control, seed) {
  own <- saved$fit
  same <- function(a, b) identical(a, b, ignore.bytecode = TRUE, ignore.srcref = TRUE)
  # Where a formula was written does not matter.
  model <- function(fit) {
    within.list(fit$posterior, formula <- without_attributes(formula))
  }
  named <- setdiff(control_names, c("draws", "cores", "threads", "progress"))
  differ <- named[!vapply(named, function(name) same(own$control[[name]], control[[name]]), NA)]
  if (!same(own$sampling$init, initial_states(control$init, fit$posterior))) differ <- c(differ, "init")
  if (!is.null(seed) && own$sampling$seed != seed) differ <- c(differ, "seed")
  if (!same(model(own), model(fit))) differ <- c("the model, its priors or its data", differ)
  if (!identical(saved$version, relm_version())) differ <- c(differ, "the version of relm")
  if (length(differ)) {
    abort("{.arg checkpoint} names a file of another run.",
          x = "What differs: {differ}.",
          i = "Name another file, or delete {.file {control$checkpoint}}.")
  }
  if (is.null(control$target_ess) && own$sampling$draws > control$draws) {
    abort("{.arg checkpoint} names a file with {own$sampling$draws} draws of each chain, more than
           {.arg draws} = {control$draws}.", i = "{.fn recover_fit} reads it.")
  }
}

# Tuning of a scan over several steps: each step's proposals are learnt in a pilot run.

# Sweeps of the pilot's parts, after each of which proposals learn from the later half of the draws so
# far; and how many a chain needs to forget its start.
pilot_parts <- c(60L, 90L, 150L, 250L)
scan_warmup <- 100L

# The tuning of all chains; NULL where a target has no mode.
tune_model <- function(model, estimate, posterior, control) {
  tune <- if (length(model$steps) > 1) tune_scan else tune_collapsed
  tune(model, estimate, posterior, control)
}

# Sweeps that a chain needs to forget its start where it has nothing to learn.
most_warmup <- function(tuning) {
  if (is.null(tuning)) return(Inf)
  if (is.null(tuning$sigma_role)) return(scan_warmup)
  if (role_of(tuning) == "given") return(Inf)
  if (is.null(tuning$table) && role_of(tuning) != "none") 100L else 20L
}

# On a stream of its own, so that nothing depends on how many draws are wanted.
pilot_seed <- 20201L

# The tunings of all steps; NULL where one has no mode.
tune_scan <- function(model, estimate, posterior, control) {
  role <- sigma_role(posterior)
  tunings <- lapply(seq_along(model$steps), function(s) {
    tune_at_mode(model, estimate, role, control$threads, step = s - 1L)
  })
  if (any(vapply(tunings, is.null, NA))) return(NULL)
  model <- with_tuning(model, tunings)
  start <- c(estimate[c("theta", "Sigma", "sigma2")],
             list(point = lapply(tunings, function(tuning) {
               within_bounds(tuning$center, model, tuning)
             })))
  with_stream(pilot_seed, pilot_scan(model, start))
}

pilot_scan <- function(model, state) {
  hyper <- NULL
  none <- rep(list(integer()), length(model$groupings))
  for (part in pilot_parts) {
    run <- sample_chain(model, "collapsed", state, part, kept = none)
    if (run$interrupted) rlang::interrupt()
    hyper <- rbind(hyper, t(run$hyper))
    later <- utils::tail(hyper, ceiling(nrow(hyper) / 2))
    tunings <- lapply(tuning_of_model(model), function(tuning) {
      tune_to_draws(tuning, points_of(later, model, tuning))
    })
    model <- with_tuning(model, tunings)
    state <- run$state
    state$point <- Map(fold_point, state$point, tunings)
  }
  tunings
}

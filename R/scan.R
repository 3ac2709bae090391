# Tuning of a scan over several steps: each step's proposals are learnt in a pilot run.

# Sweeps of the pilot's parts, after each of which proposals learn from the later half of the draws so
# far; and how many a chain needs to forget its start.
pilot_parts <- c(60L, 90L, 150L, 250L)
scan_warmup <- 100L

# A model with the tuning of all chains, and its crossed groupings in one step where that is worth
# its price; NULL where a target has no mode.
tune_model <- function(model, estimate, posterior, control) {
  tuned <- function(model, tuning) if (!is.null(tuning)) with_tuning(model, tuning)
  at_once <- function(model) tuned(model, tune_collapsed(model, estimate, posterior, control))
  if (length(model$steps) == 1) return(at_once(model))
  merged <- merge_if_cheap(model)
  worth <- function(ess) is_worth_merging(merged, model, ess, sigma_role(posterior))
  if (worth(usual_scan / pilot_share)) {
    whole <- at_once(merged)
    if (!is.null(whole)) return(whole)
    merged <- NULL
  }
  scan <- tune_scan(model, estimate, posterior, control)
  # Of a scan that cannot run no draw is effective.
  whole <- if (worth(if (is.null(scan)) 0 else scan$ess)) at_once(merged)
  if (is.null(whole)) tuned(model, scan$tunings) else whole
}

# Sweeps that a chain needs to forget its start where it has nothing to learn.
most_warmup <- function(tuning, learns = FALSE) {
  if (is.null(tuning)) return(Inf)
  if (is.null(tuning$sigma_role)) return(scan_warmup)
  if (role_of(tuning) == "given" || learns) return(Inf)
  if (is.null(tuning$table) && role_of(tuning) != "none") 100L else 20L
}

# On a stream of its own, so that nothing depends on how many draws are wanted.
pilot_seed <- 20201L

# The tunings of all steps, and the effective draws of a sweep; NULL where one has no mode.
tune_scan <- function(model, estimate, posterior, control) {
  role <- sigma_role(posterior, length(model$steps))
  tunings <- lapply(seq_along(model$steps), function(s) {
    tune_at_mode(model, estimate, role, control$threads, step = s - 1L)
  })
  if (any(vapply(tunings, is.null, NA))) return(NULL)
  model <- with_tuning(model, tunings)
  start <- c(student_start(estimate[c("theta", "Sigma", "sigma2")], model),
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
  drawn <- !(model$part == "sigma" & is_fixed_sigma(model$sigma_prior)) &
    !(model$part == "df" & isTRUE(model$df_prior$is_fixed == 1))
  list(tunings = tunings, ess = pilot_ess(later[, drawn, drop = FALSE]))
}

# Of the hyperparameter that has the fewest, a row a draw.
pilot_ess <- function(hyper) {
  n <- nrow(hyper)
  ess <- apply(hyper, 2, function(draws) suppressWarnings(posterior::ess_bulk(draws)))
  # A variable that has not moved has no effective draws.
  if (anyNA(ess)) 0 else min(1, ess / n)
}

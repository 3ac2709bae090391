# Tuning of a scan over the groupings of another family than the Gaussian one: each step's proposals
# start at the mode given the others' effects, and learn in a pilot run.

# Visits of every step, and Newton steps in each, from which the pilot starts.
start_rounds <- 5L
start_newton_steps <- 2L

# Sweeps of the pilot's parts. After the first of them proposals follow others' effects from the
# state that it came to. Chains start from the ends of the last part's pieces. Surrogates are fitted
# to what is visited, which has to be more where they have more terms.
family_pilot_parts <- c(60L, 90L, 150L)
last_pilot_part <- c(least = 600L, per_term = 16L, most = 1000L)
pilot_ends <- 4L

pilot_sizes <- function(model) {
  terms <- vapply(tuning_of_model(model), function(tuning) {
    n <- length(tuning$center)
    if (n <= surrogate_limits[["any"]]) ncol(surrogate_terms(n)) else 0L
  }, 0L)
  last <- max(last_pilot_part[["least"]], last_pilot_part[["per_term"]] * terms)
  c(family_pilot_parts, min(last, last_pilot_part[["most"]]))
}

# Degrees of freedom of a scan's proposals, and their width over the draws that they learnt from.
scan_df <- 8
scan_width <- 1.08

# A model with its tuning, and states that chains start from; NULL where a step has no mode.
tune_family_scan <- function(model, control) {
  with_stream(pilot_seed, {
    model <- first_proposals(model, control)
    if (!is.null(model)) pilot_family_scan(model)
  })
}

# Steps are visited from that with the fewest groups on, so that what lies between large groups is
# not taken for what lies between small ones.
first_proposals <- function(model, control) {
  start <- family_start(model)
  tunings <- lapply(seq_along(model$steps), function(s) {
    tuning <- new_tuning(model, start, "none", control$threads, step = s - 1L)
    tuning$scale <- start$scale[[s]]
    c(tuning, list(fineness = 1))
  })
  model$effect <- lapply(model$groupings, function(grouping) {
    numeric(grouping$n_random * grouping$n_groups)
  })
  # The coefficients and the shape, which steps have in common, and what is before them in each.
  common <- utils::tail(start$point, model$n_coef + has_shape(model))
  own <- lapply(tunings, function(tuning) {
    q <- length(tuning$scale)
    rep(c(asinh(1), 0), c(q, length(tuning$center) - q - length(common)))
  })
  starts <- function(s) {
    before <- length(own[[s]])
    list(point = c(own[[s]], common),
         width = c(rep(0.1, before), utils::tail(start$width, length(common))),
         is_theta = before + seq_len(model$n_coef))
  }
  order <- order(vapply(model$groupings, `[[`, 0L, "n_groups"))
  for (round in seq_len(start_rounds)) for (s in order) {
    found <- mode_within_bounds(model, tunings[[s]], starts(s), start_newton_steps)
    if (is.null(found)) return(NULL)
    own[[s]] <- utils::head(found$mode, length(own[[s]]))
    common <- utils::tail(found$mode, length(common))
    model$effect[[s]] <- call_kernel(.Call(ffi_draw_step_effects, model, tunings[[s]],
                                                found$mode))
  }
  points <- list()
  for (s in seq_along(tunings)) {
    found <- mode_within_bounds(model, tunings[[s]], starts(s))
    if (is.null(found)) return(NULL)
    covariance <- covariance_at_mode(found$hessian, starts(s))
    tunings[[s]] <- place_proposal(tunings[[s]], found$mode, covariance)
    points[[s]] <- fold_point(found$mode, tunings[[s]])
  }
  model$starts <- list(list(theta = common[seq_len(model$n_coef)], Sigma = start$Sigma, sigma2 = 1,
                            point = points, effect = model$effect))
  with_reference(with_tuning(model, tunings), model$starts[[1]])
}

# Proposals follow the effects of others from this state on.
with_reference <- function(model, state) {
  with_tuning(model, Map(function(tuning, point, effect) {
    q <- grouping_of_step(model, tuning$step)$n_random
    tuning$reference <- as.numeric(point)
    tuning$reference_effect <- as.numeric(effect)
    tuning$slope <- matrix(0, length(tuning$center), q)
    tuning$mean_score <- numeric(q)
    tuning
  }, tuning_of_model(model), state$point, state$effect))
}

# Pilot runs, after each of which proposals learn from the later part of its draws.
pilot_family_scan <- function(model) {
  state <- model$starts[[1]]
  model$record <- TRUE
  none <- rep(list(integer()), length(model$groupings))
  all_records <- vector("list", length(model$steps))
  sizes <- pilot_sizes(model)
  for (part in seq_along(sizes)) {
    is_last <- part == length(sizes)
    pieces <- if (is_last) rep(sizes[part] %/% pilot_ends, pilot_ends) else sizes[part]
    records <- vector("list", length(model$steps))
    counts <- 0
    model$starts <- NULL
    for (size in pieces) {
      run <- sample_chain(model, "collapsed", state, size, kept = none)
      if (run$interrupted) rlang::interrupt()
      state <- run$state
      counts <- counts + run$counts
      records <- Map(cbind, records, run$records)
      model$starts <- c(model$starts, list(state))
    }
    # The first part's have another reference.
    if (part > 1) all_records <- Map(cbind, all_records, records)
    tunings <- Map(learn_from_visits, tuning_of_model(model), records)
    share <- counts[2, ] / counts[1, ]
    tunings <- Map(if (is_last) narrow_proposal else with_moves, tunings, share)
    if (is_last) {
      tunings <- Map(fit_surrogate_to_visits, tunings, all_records, share,
                     surrogate_tries(length(model$responses$y)))
    }
    model <- with_tuning(model, tunings)
    model$effect <- state$effect
    fold <- function(state) {
      state$point <- Map(fold_point, state$point, tunings)
      state
    }
    state <- fold(state)
    model$starts <- lapply(model$starts, fold)
    if (part == 1) {
      model <- follow_anew(model, state, run$shifts)
      model <- with_tuning(model, Map(with_fineness, list(model), tuning_of_model(model), records))
    }
  }
  model$effect <- model$record <- NULL
  model
}

# The reference moves to this state, and the center with it: by the shift there, coefficients x
# steps. That of a step's last visit was before others moved.
follow_anew <- function(model, state, shifts) {
  tunings <- Map(function(tuning, s) {
    theta <- places_of_theta(tuning, model$n_coef)
    tuning$center[theta] <- tuning$center[theta] - shifts[, s]
    tuning
  }, tuning_of_model(model), seq_along(model$steps))
  with_reference(with_tuning(model, tunings), state)
}

# Nodes of several columns are most of what a step costs: they lie as far apart as serves at visited
# points, given the others' effects of now. Those of one column are few beside the rest.
with_fineness <- function(model, tuning, records) {
  if (length(tuning$scale) == 1) return(tuning)
  points <- unique(parts_of_records(records, tuning)$point)
  points <- t(points[utils::tail(seq_len(nrow(points)), points_for_fineness), , drop = FALSE])
  tuning$fineness <- first_fine_enough(model, tuning, points, scan_finenesses)
  tuning
}

scan_finenesses <- c(1.4, 1.2, 1, 0.8)

# Where proposals were accepted too seldom a slice helps, which always moves. It costs as much as
# several proposals, so that it goes where these serve.
with_moves <- function(tuning, accepted_share, n_serving = 2L) {
  is_low <- accepted_share < low_acceptance
  tuning$n_independent <- if (is_low) 1L else n_serving
  tuning$n_ellipse <- if (is_low) 1L else 0L
  tuning
}

# The proposals of the chains.
narrow_proposal <- function(tuning, accepted_share) {
  tuning$root <- tuning$root * proposal_width / scan_width
  tuning$df <- scan_df
  with_moves(tuning, accepted_share, 1L)
}

# A chain starts from an end of the pilot; with a draw of another fit, from its hyperparameters.
start_family_scan <- function(plan, chain) {
  model <- plan$model
  start <- model$starts[[(chain - 1L) %% length(model$starts) + 1L]]
  state <- initial_state(plan, chain)
  if (is.null(state)) return(start)
  start$Sigma <- state$Sigma
  start$theta <- beta_to_theta(model, state$beta)
  start$point <- lapply(tuning_of_model(model), function(tuning) {
    fold_point(as.numeric(points_of(t(state$hyper), model, tuning)), tuning)
  })
  start
}

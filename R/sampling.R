# From a posterior to draws: what is to be run, each chain of it, and its results in one
# place.

# All chains of a posterior. The result's parts: hyper, draws x chains x hyperparameters;
# effects, for each chain an array, columns x groups in `kept` x draws; moments of the effects
# where their draws are not kept for their number; ends, where each chain stopped;
# tuning, of all chains together where they have the same.
sample_posterior <- function(posterior, control, seed = NULL) {
  if (is_prior_only(posterior)) return(sample_prior(posterior, control, seed))
  plan <- plan_sampling(posterior, control, check_seed(seed))
  remember_plan(plan)
  results <- if (is.null(control$target_ess)) run_plan(plan) else run_until_enough(plan, posterior)
  sampling_of(plan, posterior, results)
}

sampling_of <- function(plan, posterior, results) {
  plan$control$draws <- results[[1]]$end$draws
  plan$control$checkpoint <- NULL
  plan$control$progress <- !isFALSE(plan$control$progress)
  c(plan$control, list(sampler_run = plan$sampler, seed = plan$seed, seeds = plan$seeds),
    if (is_merged(plan$model)) list(merged = TRUE),
    list(init = plan$init, tuning = shared_tuning(tuning_of_model(plan$model)),
         ends = lapply(results, `[[`, "end")),
    if (!is_linear(posterior) && is_tuned(plan$sampler)) {
      list(lattice_error = lattice_error(plan$model, results))
    },
    gather_chains(results, posterior), keep_effects(plan, results))
}

plan_sampling <- function(posterior, control, seed) {
  sampler <- sampler_that_runs(posterior, control$sampler)
  check_sampler(posterior, sampler)
  if (is.null(control$sampler)) tell_obstacle(posterior, sampler)
  check_sweeps(control)
  kept <- choose_kept(control, posterior)
  check_memory(posterior, control, kept$kept)
  if (sampler == "common_line") control$warmup <- 0L
  if (!is_linear(posterior) && !is_tuned(sampler)) {
    return(plan_augmented(posterior, sampler, control, seed, kept))
  }
  uncentered <- with_student_rows(sampler_model(posterior, "uncentered"), posterior, "uncentered")
  if (!is_linear(posterior)) return(plan_family(posterior, uncentered, control, seed, kept))
  model <- if (parameterization_of(sampler) == "uncentered") uncentered
    else model_of_sampler(posterior, sampler)
  if (is_tuned(sampler)) model <- with_spectrum(model)
  tell_work("Finding where to start from, with", max_groups(posterior), "groups", control)
  estimate <- if (is.null(model$spectrum)) estimate_scales(uncentered) else spectral_scales(model)
  if (is_tuned(sampler)) {
    tuned <- tune_model(model, estimate, posterior, control)
    if (is.null(tuned)) {
      sampler <- without_mode(control, posterior)
      if (!is.null(model$spectrum)) estimate <- estimate_scales(uncentered)
    } else {
      model <- tuned
      if (is_merged(model)) {
        uncentered <- with_same_step(uncentered, model)
        kept <- choose_kept(control, posterior, merged = TRUE)
      }
    }
    control$warmup <- min(control$warmup, most_warmup(if (!is.null(tuned)) tuning_of_model(tuned),
                                                is_student(posterior)))
  }
  plan <- list(sampler = sampler, model = model, uncentered = uncentered, estimate = estimate,
               control = control, seed = seed, seeds = chain_seeds(seed, control$chains),
               in_chain = effects_in_chain(posterior, sampler, is_merged(model)))
  plan$init <- initial_states(control$init, posterior)
  plan$control$init <- NULL
  c(plan, kept)
}

# The sampler in place of the collapsed one where its target has no mode that can be found,
# as with data whose scale is far from that of the priors.
without_mode <- function(control, posterior) {
  if (is.null(control$sampler) && !has_structure(posterior)) {
    inform("The interweaved sampler runs, since hardly a proposal of the collapsed one would be
            accepted.")
    return("interweaved")
  }
  abort("The collapsed sampler found no mode of the posterior to start from.",
        i = if (has_structure(posterior)) "Rescale the response or the priors."
            else 'Rescale the response or the priors, or use {.code sampler = "interweaved"}.')
}

# The same of another family, whose tuning knows all that a start needs.
plan_family <- function(posterior, model, control, seed, kept) {
  tell_work("Tuning proposals for", max_groups(posterior), "groups", control)
  model <- if (length(model$steps) > 1) tune_family_scan(model, control)
    else tune_family(model, control)
  if (is.null(model)) {
    abort("The collapsed sampler found no mode of the posterior to start from.",
          i = "Rescale the predictors, or give the coefficients priors.")
  }
  control$warmup <- min(control$warmup, most_warmup(tuning_of_model(model)))
  estimate <- family_start(model)
  plan <- list(sampler = "collapsed", model = model, uncentered = model, estimate = estimate,
               control = control, seed = seed, seeds = chain_seeds(seed, control$chains),
               in_chain = effects_in_chain(posterior, "collapsed"),
               init = initial_states(control$init, posterior))
  plan$control$init <- NULL
  c(plan, kept)
}

# The same of its Gibbs samplers, which have nothing to tune.
plan_augmented <- function(posterior, sampler, control, seed, kept) {
  uncentered <- augmented_model(posterior, "uncentered")
  plan <- list(sampler = sampler, model = model_of_sampler(posterior, sampler),
               uncentered = uncentered, estimate = augmented_estimate(uncentered),
               control = control, seed = seed, seeds = chain_seeds(seed, control$chains),
               in_chain = TRUE, init = initial_states(control$init, posterior))
  plan$control$init <- NULL
  c(plan, kept)
}

check_sweeps <- function(control) {
  sweeps <- control$warmup + as.numeric(control$draws) * control$thin
  if (sweeps > .Machine$integer.max) {
    abort("{.arg warmup} + {.arg draws} x {.arg thin} must be below
           {format(.Machine$integer.max, big.mark = ',')} sweeps.",
          x = "It is {format(sweeps, big.mark = ',')}.")
  }
}

# Runs every chain, or continues those that ended so.
run_plan <- function(plan, draws = plan$control$draws, ends = NULL) {
  control <- plan$control
  one <- if (is.null(plan$summed)) run_one else run_in_pieces
  run <- function(chain, progress) one(plan, chain, draws, ends[[chain]], progress)
  warmup <- if (is.null(ends)) control$warmup else 0L
  run_chains(run, control$chains, control$cores, warmup + draws * control$thin,
             control$progress)
}

# One chain, on its own stream, from its start or from where it ended before.
run_one <- function(plan, chain, draws, end = NULL, progress = NULL) {
  started <- proc.time()[["elapsed"]]
  stream <- if (is.null(end)) plan$seeds[chain] else end$stream
  result <- with_stream(stream, {
    result <- if (is.null(end)) start_chain(plan, chain, draws, progress)
      else continue_chain(plan, end, draws, progress)
    c(result, list(stream = get(".Random.seed", globalenv())))
  })
  if (!result$interrupted) result <- with_effects(result, plan, chain, end)
  result$end <- end_of(result, end)
  # From another process it would come in a message.
  result$model <- NULL
  c(result, seconds = proc.time()[["elapsed"]] - started)
}

# The draws of effects that are made after those of the hyperparameters.
with_effects <- function(result, plan, chain, end = NULL) {
  if (draws_on_demand(plan)) {
    result$effects <- NULL
  } else if (!plan$in_chain && sum(lengths(plan$kept))) {
    result$effects <- draw_deferred_effects(plan$uncentered, result$hyper, plan$seeds[chain],
                                         plan$kept, draws_before(end))
  }
  result
}

# Bytes of effects that a chain holds at once where they are added up.
piece_bytes <- 1e8

# The same chain, with the sums over its draws of all effects.
run_in_pieces <- function(plan, chain, draws, end = NULL, progress = NULL) {
  kept <- plan$kept
  plan$kept <- lapply(plan$model$groupings, function(grouping) seq_len(grouping$n_groups) - 1L)
  sizes <- vapply(plan$model$groupings, function(grouping) {
    as.numeric(grouping$n_random) * grouping$n_groups
  }, 0)
  size <- as.integer(max(1, piece_bytes %/% (8 * sum(sizes))))
  warmup <- if (is.null(end)) plan$control$warmup else 0L
  result <- sums <- NULL
  for (first in seq(1L, draws, by = size)) {
    before <- if (first == 1L) 0 else warmup + (first - 1) * plan$control$thin
    tell <- if (!is.null(progress)) function(sweeps) progress(before + sweeps)
    piece <- run_one(plan, chain, min(size, draws - first + 1L), end, tell)
    if (piece$interrupted) {
      # Its whole pieces are what it has.
      piece <- if (is.null(result)) first_draws(piece, 0L) else replace(result, "sums", list(sums))
      piece$interrupted <- TRUE
      return(piece)
    }
    end <- piece$end
    sums <- add_sums(sums, sum_effects(by_grouping(piece$effects), piece$hyper, plan$summed))
    piece$effects <- map_groupings(function(effects, kept) part_of_effects(effects, kept + 1L),
                                   piece$effects, kept)
    result <- if (is.null(result)) piece else join_runs(list(result), list(piece))[[1]]
  }
  result$sums <- sums
  result
}

start_chain <- function(plan, chain, draws, progress) {
  control <- plan$control
  control$draws <- draws
  kept <- kept_in_chain(plan)
  if (is_tuned(plan$sampler)) {
    start <- if (length(plan$model$starts)) start_family_scan(plan, chain)
      else start_collapsed(plan, chain)
    return(run_collapsed(plan$model, start, control, progress, kept))
  }
  start <- initial_state(plan, chain)
  if (is.null(start)) start <- draw_start(plan$uncentered, plan$estimate)
  start <- if (!is.null(plan$model$df_prior)) student_start(start, plan$model)
    else if (!is.null(plan$model$rows)) augmented_start(start, plan$model, plan$estimate)
    else start
  c(sample_chain(plan$model, plan$sampler, start, draws, control$warmup, control$thin, kept,
                 progress), list(model = plan$model))
}

continue_chain <- function(plan, end, draws, progress) {
  model <- restore_tuning(plan$model, end$tuning, plan$control$threads)
  c(sample_chain(model, plan$sampler, end$state, draws, 0L, plan$control$thin,
                 kept_in_chain(plan), progress), list(model = model))
}

kept_in_chain <- function(plan) {
  if (plan$in_chain) plan$kept else map_groupings(function(kept) integer(), plan$kept)
}

# What it takes to continue a chain: its state, its stream, its tuning where that is its own,
# and how many draws there are.
end_of <- function(result, before) {
  tuning <- tuning_of_model(result$model)
  own <- if (!is.null(before)) before$tuning else if (!is_shared(tuning)) keep_tuning(tuning)
  list(state = result$state, stream = result$stream, tuning = own,
       draws = draws_before(before) + ncol(result$hyper))
}

draws_before <- function(end) if (is.null(end)) 0L else end$draws

# A table is the same for all chains.
shared_tuning <- function(tuning) if (is_shared(tuning)) keep_tuning(tuning)

is_shared <- function(tuning) {
  !is.null(tuning) && (is.null(tuning$sigma_role) || !is.null(tuning$table) ||
                         role_of(tuning) == "none")
}

# A tuning without what can be made again, and that again.
keep_tuning <- function(tuning) {
  if (is.null(tuning)) return(NULL)
  each_tuning(tuning, function(tuning) {
    if (!is.null(tuning$table)) tuning$table <- tuning$table["grid"]
    tuning$threads <- NULL
    tuning
  })
}

restore_tuning <- function(model, tuning, threads) {
  if (is.null(tuning)) return(model)
  model <- with_modes_of(model, tuning)
  with_tuning(with_spectrum(model), each_tuning(tuning, function(tuning) {
    # Fits of versions before have one of a step without a number.
    if (is.null(tuning$step)) tuning$step <- 0L
    if (!is.null(tuning$table)) tuning$table <- table_from_grid(tuning$table$grid, model, tuning)
    tuning$threads <- threads
    tuning
  }))
}

gather_chains <- function(results, posterior) {
  names <- hyper_names(posterior)
  shown <- order(parameters_of(posterior)$shown)
  hyper <- array(0, c(ncol(results[[1]]$hyper), length(results), length(names)),
                 list(NULL, NULL, names[shown]))
  for (chain in seq_along(results)) {
    turned <- t(results[[chain]]$hyper)
    hyper[, chain, ] <- if (is.unsorted(shown)) turned[, shown] else turned
  }
  pick <- function(element) vapply(results, `[[`, 0, element)
  list(hyper = hyper, seconds = pick("seconds"), proposals = pick("proposals"),
       kept_sweeps = pick("refused"), accepted = pick("accepted"))
}

# Enough draws ------------------------------------------------------------------------------

# Runs all chains in blocks until each hyperparameter has target_ess effective draws, bulk
# and tail, over all chains, or a chain has max_draws draws, or memory has no room for more.
run_until_enough <- function(plan, posterior) {
  control <- plan$control
  drawn <- is_drawn_part(parameters_of(posterior)$part, posterior)
  results <- run_plan(plan, min(control$draws, control$max_draws))
  repeat {
    done <- results[[1]]$end$draws
    least <- least_ess(results, drawn)
    more <- draws_wanted(least, done, control, posterior, plan$kept)
    if (more == 0) break
    ends <- lapply(results, `[[`, "end")
    remember_plan(plan, results)
    results <- join_runs(results, run_plan(plan, more, ends))
  }
  tell_enough(least, done, control)
  results
}

# How many more draws of each chain are to be made where the least effective number is `least`; 0 if
# that is enough, or there may be no more.
draws_wanted <- function(least, done, control, posterior, kept) {
  if (least >= control$target_ess || done >= control$max_draws) return(0L)
  more <- ceiling(done * (1.1 * control$target_ess / max(least, 1) - 1))
  more <- min(max(more, 50), 4 * done, control$max_draws - done)
  if (room_for_more(posterior, control, kept, done, more)) as.integer(more) else 0L
}

# drawn: which hyperparameters are, and not known.
least_ess <- function(results, drawn = TRUE) {
  hyper <- lapply(results, function(result) result$hyper[drawn, , drop = FALSE])
  ess <- vapply(seq_len(nrow(hyper[[1]])), function(k) {
    draws <- do.call(cbind, lapply(hyper, function(h) h[k, ]))
    suppressWarnings(min(posterior::ess_bulk(draws), posterior::ess_tail(draws)))
  }, 0)
  # A variable that has not moved has no effective draws.
  if (anyNA(ess)) 0 else min(ess)
}

join_runs <- function(first, second) {
  Map(function(a, b) {
    b$hyper <- bind_last(list(a$hyper, b$hyper))
    b$effects <- map_groupings(function(a, b) bind_last(list(a, b)), a$effects, b$effects)
    for (count in c("proposals", "refused", "accepted", "seconds")) {
      b[[count]] <- a[[count]] + b[[count]]
    }
    b$sums <- add_sums(a$sums, b$sums)
    b
  }, first, second)
}

tell_enough <- function(least, done, control) {
  if (least >= control$target_ess) {
    inform("Drew {done} draws a chain: every hyperparameter has at least {floor(least)}
            effective draws.")
    return(invisible())
  }
  at <- if (done >= control$max_draws) "at {.arg max_draws} = {done} draws a chain"
    else "at {done} draws a chain, since memory has no room for more"
  inform(paste0("Stopped ", at, ": the least effective sample size is {floor(least)}, below
                {.arg target_ess} = {control$target_ess}."))
}

# Starting values from a fit ----------------------------------------------------------------

# The last draw of each of its chains, as (beta, Sigma, sigma2); NULL without a fit.
initial_states <- function(init, posterior) {
  if (is.null(init)) return(NULL)
  if (!inherits(init, "relm")) {
    abort("{.arg init} must be NULL or a fit of {.fn relm}.", x = "It is {describe(init)}.")
  }
  names <- hyper_names(posterior)
  missing <- setdiff(names, hyper_variables(init))
  if (length(missing)) {
    abort("{.arg init} has no {.val {missing}}, which the model has.",
          i = "Give a fit of a model with the same coefficients, group effects and residual
               variances.")
  }
  lapply(seq_len(init$sampling$chains), function(chain) {
    last <- init$sampling$hyper[init$sampling$draws, chain, names]
    state_of(off_the_border(unname(last), posterior), posterior)
  })
}

# A draw may lie on the border in floating point, where no chain can start: with a standard
# deviation of 0, or correlations of a singular matrix.
off_the_border <- function(draw, posterior) {
  sd <- places_of(posterior, "sd")
  if (length(sd) == 0) return(draw)
  sigma <- sqrt(min(state_of(draw, posterior)$sigma2))
  draw[sd] <- pmax(draw[sd], 1e-12 * max(draw[sd]), 1e-8 * sigma)
  cor <- places_of(posterior, "cor")
  singular <- vapply(state_of(draw, posterior)$Sigma, is_singular, NA)
  if (length(cor) && any(singular)) draw[cor] <- draw[cor] * (1 - 1e-8)
  draw
}

is_singular <- function(Sigma) {
  C <- suppressWarnings(stats::cov2cor(Sigma))
  all(is.finite(C)) && min(eigen(C, TRUE, only.values = TRUE)$values) < 1e-10
}

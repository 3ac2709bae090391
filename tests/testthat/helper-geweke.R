# Parameters and data drawn in turn, each given the other (Geweke 2004), with fits of any model and by
# any sampler, beside the ranks of simulation-based calibration.
#
# A round: the model is fitted to y, which tunes the sampler; the chain of that fit is set to the
# parameters and effects that y was made with, and makes one draw more; new data are made of it. Draws of
# the prior and of data given them have the joint distribution, and a round keeps it if the draws of the
# fit's chain keep the posterior. So the parameters after any number of rounds are draws of the prior.
#
# Why this holds of samplers that are tuned: all that is learnt before a chain, in its pilot and in its
# warm-up, comes from y, from starts and from random numbers of the fit's own. The parameters that y was made
# with are not among these. So given y and the tuning, which is independent of them given y, the
# sweeps are of one kernel, whose proposals stay as they are, and it keeps the posterior given y.
#
# Rounds go on from independent draws of the prior, one for each replication. So the replications are
# independent and each is stationary from its start: the standard error of a mean over rounds and
# replications comes from the spread of the replications' own means, whatever the autocorrelation
# within them. A spectral estimate of a single long chain is not needed.

# The state of the fit's chain, with draw `i` of the fit `from` in the place of its own.
set_state <- function(fit, from, i) {
  control <- fit$sampling[control_names]
  model <- plan_extension(fit, control)$model
  end <- fit$sampling$ends[[1]]
  model <- restore_tuning(model, end$tuning, 1L)
  posterior <- fit$posterior
  hyper <- drawn_hyper(from$sampling, posterior, 1)[, i]
  state <- end$state
  own <- state_of(hyper, posterior)
  state$theta <- beta_to_theta(model, own$beta)
  state$Sigma <- lapply(own$Sigma, as.numeric)
  state$sigma2 <- as.numeric(own$sigma2)
  for (part in intersect(c("shape", "df"), posterior$parameters$part)) {
    state[[part]] <- hyper[posterior$parameters$part == part]
  }
  tuning <- tuning_of_model(model)
  state$point <- lapply(if (is_tuned(fit$sampling$sampler_run)) tunings_by_step(tuning), function(tuning) {
    fold_point(as.numeric(points_of(t(hyper), model, tuning)), tuning)
  })
  if (!is.null(state$effect)) state$effect <- effects_in_state(model, from, i, state$theta)
  fit$sampling$ends[[1]]$state <- state
  fit
}

# Effects as a chain has them: where a coefficient is their mean, with it. By grouping, columns within groups.
effects_in_state <- function(model, from, i, theta) {
  lapply(seq_along(model$groupings), function(g) {
    grouping <- model$groupings[[g]]
    effects <- effect_draws(from, seq_len(grouping$n_groups), g = g)[[1]]
    own <- matrix(effects[, , i], grouping$n_random)
    means <- grouping$mean_column + 1L
    own[means, ] <- own[means, ] + theta[grouping$mean_coef + 1L]
    as.numeric(own)
  })
}

# A response of draw i.
response_of_draw <- function(fit, i, seed) {
  plan <- plan_prediction(fit, "simulate", TRUE, asked_prediction(draw_ids = i, seed = seed))
  in_form_of_response(plan, as.data.frame(pad_rows(plan, t(predict_draws(plan)))))[[1]]
}

# Hyperparameters that are drawn, and one effect of each grouping.
followed_variables <- function(fit) {
  effects <- vapply(seq_along(groupings_of(fit$posterior)), function(g) {
    grouping <- groupings_of(fit$posterior)[[g]]
    paste0("r_", grouping$name, "[", grouping$groups[2], ",Intercept]")
  }, "")
  c(drawn_variables(fit), effects)
}

# Ranks in the fit of the first round, and the parameters after each round: list(ranks, draws), draws with
# a row a round. truth: a fit with draws of the prior.
one_replication <- function(truth, i, refitted, names, rounds, seeds) {
  from <- truth
  place <- i
  draws <- matrix(0, rounds, length(names))
  ranks <- NULL
  for (round in seq_len(max(rounds, 1))) {
    response <- response_of_draw(from, place, seeds[2 * round - 1])
    fit <- refit(refitted, response, seed = seeds[2 * round])
    if (round == 1) {
      drawn <- as.matrix(fit, names)
      ranks <- colSums(drawn < rep(as.matrix(truth, names)[i, ], each = nrow(drawn)))
    }
    if (!rounds) break
    from <- extend(set_state(fit, from, place), 1, progress = FALSE)
    place <- ndraws(from)
    draws[round, ] <- as.matrix(from, names)[place, ]
    # Ranks are of the first round alone; without them a sampler that is not tuned needs no warm-up.
    refitted <- update_control(refitted, list(draws = 1L))
    if (!is_tuned(fit$sampling$sampler_run)) refitted$control$warmup <- 0L
  }
  list(ranks = ranks, draws = draws)
}

# n replications of a fit of the prior: list(ranks, a row each; draws, rounds x variables x replications;
# failed, how many ended in an error, and the first of these). fitted: what is fitted to the data, if
# its priors are others.
replicate_jointly <- function(fit, n, rounds, draws, thin, seed, fitted = fit) {
  seeds <- chain_seeds(seed, 1L + 2L * n * max(rounds, 1L))
  truth <- prior_of_fit(fit, n, seeds[1])
  names <- followed_variables(truth)
  refitted <- update_control(control_of_refits(fitted, draws, thin, FALSE), list(group_draws = TRUE))
  results <- lapply(seq_len(n), function(i) {
    own <- seeds[1L + (i - 1L) * 2L * max(rounds, 1L) + seq_len(2L * max(rounds, 1L))]
    tryCatch(suppressMessages(one_replication(truth, i, refitted, names, rounds, own)),
             error = identity)
  })
  failed <- vapply(results, inherits, NA, "error")
  done <- results[!failed]
  list(names = names, ranks = do.call(rbind, lapply(done, `[[`, "ranks")),
       draws = simplify2array(lapply(done, `[[`, "draws")), failed = sum(failed),
       error = if (any(failed)) conditionMessage(results[[which(failed)[1]]]) else "")
}

# P values of ranks, named; what is a function of a variable before has that one's ranks.
p_of_ranks <- function(ranks, draws) {
  ranks <- ranks[, !duplicated(t(ranks)), drop = FALSE]
  apply(ranks, 2, p_uniform, draws = draws)
}

# P values that the means of parameters, of their squares and of their products are those of the prior, over
# rounds. Each parameter is its probability u under the prior, less 1/2, so that all moments exist
# and no prior is too heavy in its tails. draws: rounds x variables x replications; reference: draws of
# the prior, a row each.
p_of_moments <- function(draws, reference) {
  distinct <- !duplicated(t(reference))
  reference <- reference[, distinct, drop = FALSE]
  draws <- draws[, distinct, , drop = FALSE]
  scores <- lapply(seq_len(ncol(reference)), function(k) {
    below <- findInterval(draws[, k, ], sort(reference[, k])) / nrow(reference)
    matrix(below - 0.5, dim(draws)[1])
  })
  expected <- apply(reference, 2, function(x) (rank(x) - 0.5) / length(x) - 0.5)
  names <- colnames(reference)
  pairs <- which(upper.tri(diag(length(names)), diag = TRUE), arr.ind = TRUE)
  moments <- rbind(cbind(seq_along(names), NA), pairs)
  p <- apply(moments, 1, function(of) {
    product <- function(a, b) if (is.na(b[1])) a else a * b
    second <- if (is.na(of[2])) NA else scores[[of[2]]]
    known <- product(expected[, of[1]], if (is.na(of[2])) NA else expected[, of[2]])
    p_of_mean(colMeans(product(scores[[of[1]]], second)), known)
  })
  names(p) <- paste0(names[moments[, 1]], ifelse(is.na(moments[, 2]), "", " * "),
                     ifelse(is.na(moments[, 2]), "", names[moments[, 2]]))
  p
}

# Has x, of independent replications, the mean of `known`, which are draws?
p_of_mean <- function(x, known) {
  error <- sqrt(stats::var(x) / length(x) + stats::var(known) / length(known))
  2 * stats::pt(-abs(mean(x) - mean(known)) / error, length(x) - 1)
}

# The same as data are made with, of any number of draws.
reference_of_prior <- function(fit, names, n, seed) as.matrix(prior_of_fit(fit, n, seed), names)

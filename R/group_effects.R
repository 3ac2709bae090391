# Which group effects are kept, and how those that were not are had later.
#
# No hyperparameter needs the draws of the effects. The Gibbs samplers, and the collapsed one
# with several residual variances, draw them in the chain; others are had by running the
# chains again. The collapsed sampler with one residual variance draws them after the chain,
# from the hyperparameters and random numbers of their own: those of a group and a draw do
# not depend on which others are wanted, nor on when.

# Bytes up to which draws of group effects are kept unasked.
kept_bytes <- 200e6

effects_in_chain <- function(posterior, sampler) {
  sampler != "collapsed" || length(posterior$levels) > 1
}

# kept: the groups (from 0, in the order of sampling) whose draws are kept; keep_moments:
# are the means and covariances of all of them kept in their place?
choose_kept <- function(control, posterior) {
  J <- length(posterior$groups)
  if (J == 0) {
    if (is.null(control$group_draws) || is.logical(control$group_draws)) {
      return(list(kept = integer(), keep_moments = FALSE))
    }
    abort("{.arg group_draws} names groups, and the model has none.",
          x = "It is {.code {deparse1(posterior$formula)}}.")
  }
  few <- effect_bytes(posterior, control) <= kept_bytes
  wanted <- control$group_draws
  kept <- if (is.null(wanted)) few else wanted
  kept <- if (isTRUE(kept)) seq_len(J) - 1L
    else if (isFALSE(kept)) integer()
    else match_groups(kept, posterior)
  list(kept = kept, keep_moments = !few && length(kept) < J)
}

effect_bytes <- function(posterior, control) {
  draws <- max(control$draws, if (!is.null(control$target_ess)) control$max_draws)
  8 * as.numeric(nrow(posterior$random)) * length(posterior$groups) * draws * control$chains
}

check_group_draws <- function(x) {
  if (is.null(x) || isTRUE(x) || isFALSE(x)) return(x)
  if (is.factor(x)) x <- as.character(x)
  if (is.logical(x) || !is.atomic(x) || length(x) == 0 || anyNA(x)) {
    abort("{.arg group_draws} must be NULL, TRUE, FALSE or levels of the grouping factor.",
          x = "It is {describe(x)}.")
  }
  x
}

# The places of levels among the groups, from 0, rising.
match_groups <- function(levels, posterior) {
  place <- match(as.character(levels), posterior$groups)
  if (anyNA(place)) {
    unknown <- utils::head(as.character(levels)[is.na(place)], 5)
    abort("{.arg group_draws} names {.val {unknown}}, which {.code {posterior$group}} has not.",
          i = "Its levels are {.val {utils::head(posterior$groups[posterior$group_display], 5)}}
               and so on.")
  }
  sort(unique(place)) - 1L
}

# Tiles of random numbers: groups and draws for which one seed serves.
tile_size <- c(groups = 64L, draws = 256L)

# Seeds of the tiles of one chain: blocks of groups x batches of draws, the first of which is
# number `first` (from 0).
tile_seeds <- function(chain_seed, n_blocks, n_batches, first = 0) {
  modulus <- 2^31
  base <- (chain_seed * 69069 + 362437) %% modulus
  block <- (1640531527 * (seq_len(n_blocks) - 1)) %% modulus
  batch <- (1013904223 * (first + seq_len(n_batches) - 1)) %% modulus
  seeds <- (base + outer(block, batch, "+")) %% modulus
  matrix(as.integer(seeds), n_blocks, n_batches)
}

# Effects of groups (from 0, rising) given hyperparameters (n x draws), of which the chain
# has had so many before: (q groups) x draws.
draw_group_effects <- function(model, hyper, chain_seed, groups, before = 0L) {
  first <- before %/% tile_size[["draws"]]
  skipped <- before %% tile_size[["draws"]]
  n_batches <- ceiling((skipped + ncol(hyper)) / tile_size[["draws"]])
  seeds <- tile_seeds(chain_seed, max(groups) %/% tile_size[["groups"]] + 1, n_batches, first)
  with_stream(chain_seed, {
    .Call(ffi_draw_effects, model, hyper, groups, tile_size, seeds, skipped, set.seed)
  })
}

# The kept part of the effects: draws, or moments.
keep_effects <- function(plan, results) {
  moments <- if (plan$keep_moments) {
    effect_moments(plan$uncentered, lapply(results, `[[`, "hyper"))
  }
  list(effects = lapply(results, `[[`, "effects"), kept = plan$kept, moments = moments)
}

# Draws of the hyperparameters over which conditional moments are averaged: their averages
# vary little from draw to draw.
moment_draws <- 100L

# Means and covariances of the effects, and their covariances with the coefficients that they
# deviate from, over draws spread evenly over the chains.
effect_moments <- function(model, hyper) {
  all <- do.call(cbind, hyper)
  chosen <- all[, unique(round(seq(1, ncol(all), length.out = moment_draws))), drop = FALSE]
  p <- model$n_coef
  beta_mean <- rowMeans(chosen[seq_len(p), , drop = FALSE])
  moments <- .Call(ffi_group_moments, model, chosen, beta_mean)
  q <- model$n_random
  list(mean = matrix(moments$mean, q),
       covariance = array(moments$covariance, c(q, q, model$n_groups)),
       with_beta = matrix(moments$with_beta, q))
}

# Draws of the effects of any groups (from 1, in the order of sampling), a matrix for each
# chain, (q groups) x draws: kept or had again.
effect_draws <- function(fit, groups) {
  sampling <- fit$sampling
  q <- nrow(fit$posterior$random)
  places <- match(groups - 1L, sampling$kept)
  if (anyNA(places)) {
    drawn <- sort(unique(groups)) - 1L
    sampling$effects <- draw_again(fit, drawn)
    places <- match(groups - 1L, drawn)
  }
  rows <- as.integer(outer(seq_len(q), q * (places - 1L), "+"))
  lapply(sampling$effects, function(effects) effects[rows, , drop = FALSE])
}

# Bytes of effects that are had again at once, where that costs no run of the chains.
window_bytes <- 3e7

# A function that answers as effect_draws(), for who asks for groups a few at a time, rising as a
# rule, and `needed` (rising) in the end. Effects that were not kept are had again for many of
# these at once: where the chains must run for it, once for all that memory may hold.
effect_reader <- function(fit, needed) {
  q <- nrow(fit$posterior$random)
  by_run <- effects_in_chain(fit$posterior, fit$sampling$sampler_run)
  size <- max(1, (if (by_run) kept_bytes else window_bytes) %/% (8 * q * ndraws(fit)))
  window <- integer()
  drawn <- NULL
  function(groups) {
    if (all((groups - 1L) %in% fit$sampling$kept)) return(effect_draws(fit, groups))
    if (!all(groups %in% window)) {
      following <- needed[needed > max(groups)]
      n_more <- max(0, min(size - length(groups), length(following)))
      window <<- if (length(needed) <= size) needed
        else sort(unique(c(groups, following[seq_len(n_more)])))
      drawn <<- effect_draws(fit, window)
    }
    rows <- as.integer(outer(seq_len(q), q * (match(groups, window) - 1L), "+"))
    lapply(drawn, function(effects) effects[rows, , drop = FALSE])
  }
}

draw_again <- function(fit, groups) {
  sampling <- fit$sampling
  posterior <- fit$posterior
  if (effects_in_chain(posterior, sampling$sampler_run)) return(run_again(fit, groups))
  model <- sampler_model(posterior, "uncentered")
  lapply(seq_len(sampling$chains), function(chain) {
    draw_group_effects(model, drawn_hyper(sampling, posterior, chain), sampling$seeds[chain],
                       groups)
  })
}

# The same chains once more, with these groups kept.
run_again <- function(fit, groups) {
  control <- fit$sampling[control_names]
  control$group_draws <- fit$posterior$groups[groups + 1L]
  control["target_ess"] <- list(NULL)
  control$progress <- FALSE
  plan <- plan_sampling(fit$posterior, control, fit$sampling$seed[1])
  plan[c("seeds", "init")] <- fit$sampling[c("seeds", "init")]
  lapply(run_plan(plan), `[[`, "effects")
}

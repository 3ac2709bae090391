# Which group effects are kept, and how those that were not are had later.
#
# No hyperparameter needs the draws of the effects. The Gibbs samplers, and the collapsed one
# with several residual variances, draw them in the chain; others are had by running the
# chains again. The collapsed sampler with one residual variance draws them after the chain,
# from the hyperparameters and random numbers of their own: those of a group and a draw do
# not depend on which others are wanted, nor on when.

# Bytes up to which draws of group effects are kept unasked.
kept_bytes <- 200e6

# kept: the groups (from 0, in the order of sampling) whose draws are kept; keep_moments:
# are the means and covariances of all of them kept in their place?
choose_kept <- function(control, posterior) {
  J <- n_groups(posterior)
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
  8 * as.numeric(n_random(posterior)) * n_groups(posterior) * draws * control$chains
}

# The places of levels among the groups, from 0, rising.
match_groups <- function(levels, posterior) {
  grouping <- grouping_of(posterior)
  place <- match(as.character(levels), grouping$groups)
  if (anyNA(place)) {
    unknown <- utils::head(as.character(levels)[is.na(place)], 5)
    abort("{.arg group_draws} names {.val {unknown}}, which {.code {grouping$name}} has not.",
          i = "Its levels are {.val {utils::head(groups_in_order(grouping), 5)}} and so on.")
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
# has had so many before: columns x groups x draws.
draw_deferred_effects <- function(model, hyper, chain_seed, groups, before = 0L) {
  first <- before %/% tile_size[["draws"]]
  skipped <- before %% tile_size[["draws"]]
  n_batches <- ceiling((skipped + ncol(hyper)) / tile_size[["draws"]])
  seeds <- tile_seeds(chain_seed, max(groups) %/% tile_size[["groups"]] + 1, n_batches, first)
  drawn <- with_stream(chain_seed, {
    .Call(ffi_draw_deferred, model, hyper, groups, tile_size, seeds, skipped, set.seed)
  })
  dim(drawn) <- c(grouping_of_step(model)$n_random, length(groups), ncol(drawn))
  drawn
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
  grouping <- grouping_of_step(model)
  q <- grouping$n_random
  list(mean = matrix(moments$mean, q),
       covariance = array(moments$covariance, c(q, q, grouping$n_groups)),
       with_beta = matrix(moments$with_beta, q))
}

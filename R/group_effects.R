# Which group effects are kept, and how those that were not are had later.
#
# No hyperparameter needs the draws of the effects. The Gibbs samplers, and the collapsed one
# with several residual variances, draw them in the chain; others are had by running the
# chains again. The collapsed sampler with one residual variance draws them after the chain,
# from the hyperparameters and random numbers of their own: those of a group and a draw do
# not depend on which others are wanted, nor on when.

# Bytes up to which draws of group effects are kept unasked.
kept_bytes <- 200e6

# kept: the groups (from 0, in the order of sampling) whose draws are kept, of several groupings a list;
# keep_moments: are the means and covariances of all of them kept in their place? summed, of a model
# whose chains add these up as they run: for each grouping the coefficients that its columns deviate
# from.
choose_kept <- function(control, posterior, merged = FALSE) {
  groupings <- groupings_of(posterior)
  wanted <- control$group_draws
  if (length(groupings) == 0) {
    if (is.null(wanted) || is.logical(wanted)) return(list(kept = integer(), keep_moments = FALSE))
    abort("{.arg group_draws} names groups, and the model has none.",
          x = "It is {.code {deparse1(posterior$formula)}}.")
  }
  few <- effect_bytes(posterior, control) <= kept_bytes
  if (is.null(wanted)) wanted <- few
  kept <- Map(function(grouping, wanted) {
    if (isTRUE(wanted)) seq_along(grouping$groups) - 1L
    else if (isFALSE(wanted)) integer()
    else match_groups(wanted, grouping)
  }, groupings, wanted_by_grouping(wanted, groupings))
  all <- all(lengths(kept) == vapply(groupings, function(grouping) length(grouping$groups), 0L))
  keep_moments <- !few && !all && !is_prior_only(posterior)
  c(list(kept = if (length(kept) == 1) kept[[1]] else kept, keep_moments = keep_moments),
    if (keep_moments && adds_up_effects(posterior, control, merged)) {
      list(summed = lapply(groupings, function(grouping) {
        match(grouping$random$column, posterior$fixed)
      }))
    })
}

# Do chains that keep moments of effects add these up? Otherwise they follow from the
# hyperparameters.
adds_up_effects <- function(posterior, control, merged) {
  sampler <- sampler_that_runs(posterior, control$sampler)
  if (!is_linear(posterior) && !is_tuned(sampler) || is_student(posterior)) return(TRUE)
  is_scanned(posterior, merged)
}

# `group_draws` for each grouping: of several it is a list that names them, others are not kept.
wanted_by_grouping <- function(wanted, groupings) {
  n <- length(groupings)
  if (is.logical(wanted) || n == 1 && !is.list(wanted)) return(rep(list(wanted), n))
  if (!is.list(wanted)) {
    names <- vapply(groupings, `[[`, "", "name")
    abort("{.arg group_draws} must say of which grouping the levels are.",
          x = "The model has {.val {names}}.",
          i = "Write {.code group_draws = list({names[1]} = TRUE)}.")
  }
  number <- grouping_named(names(wanted), groupings, "group_draws")
  if (anyNA(number)) {
    names <- vapply(groupings, `[[`, "", "name")
    abort("{.arg group_draws} names {.val {names(wanted)[is.na(number)]}}, which the model has not.",
          i = "Its groupings are {.val {names}}.")
  }
  spread <- rep(list(FALSE), n)
  spread[number] <- wanted
  spread
}

effect_bytes <- function(posterior, control) {
  draws <- max(control$draws, if (!is.null(control$target_ess)) control$max_draws)
  effects <- vapply(groupings_of(posterior), function(grouping) {
    as.numeric(nrow(grouping$random)) * length(grouping$groups)
  }, 0)
  8 * sum(effects) * draws * control$chains
}

# The places of levels among the groups, from 0, rising.
match_groups <- function(levels, grouping) {
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

# Effects of groups (from 0, rising; of several groupings a list) given hyperparameters (n x draws), of
# which the chain has had so many before: columns x groups x draws, of several groupings a list of these.
draw_deferred_effects <- function(model, hyper, chain_seed, groups, before = 0L) {
  first <- before %/% tile_size[["draws"]]
  skipped <- before %% tile_size[["draws"]]
  n_batches <- ceiling((skipped + ncol(hyper)) / tile_size[["draws"]])
  in_chain <- is.list(groups)
  last <- if (in_chain) utils::tail(groupings_of_step(model), 1)[[1]]$n_groups - 1L else max(groups)
  n_blocks <- if (is_merged(model)) 1 else last %/% tile_size[["groups"]] + 1
  seeds <- tile_seeds(chain_seed, n_blocks, n_batches, first)
  if (in_chain) {
    drawn <- with_stream(chain_seed, if (is_merged(model)) {
      call_kernel(.Call(ffi_draw_merged, model, hyper, groups, tile_size, seeds, skipped, set.seed))
    } else {
      call_kernel(.Call(ffi_draw_nested, model, hyper, groups, tile_size, seeds, skipped, set.seed))
    })
    if (is.null(drawn)) rlang::interrupt()
    for (g in seq_along(drawn)) {
      dim(drawn[[g]]) <- c(model$groupings[[g]]$n_random, length(groups[[g]]), ncol(hyper))
    }
    return(drawn)
  }
  drawn <- with_stream(chain_seed, if (is.null(model$responses)) {
    call_kernel(.Call(ffi_draw_deferred, model, hyper, groups, tile_size, seeds, skipped, set.seed))
  } else {
    call_kernel(.Call(ffi_draw_family_effects, model, hyper, groups, tile_size, seeds, skipped, set.seed))
  })
  dim(drawn) <- c(model$groupings[[1]]$n_random, length(groups), ncol(drawn))
  drawn
}

# Up to so many numbers, which take some hundredths of a second, are drawn when they are asked for,
# each time: most fits among a thousand are never asked, and take less memory.
most_on_demand <- 5e5

# Are the effects that a plan keeps so few, and no part of the chain? Those of other families take
# longer to draw.
draws_on_demand <- function(plan) {
  if (plan$in_chain || !is.null(plan$uncentered$responses) || !is.null(plan$summed) ||
      is_merged(plan$uncentered) || !is.null(plan$control$target_ess)) return(FALSE)
  columns <- vapply(plan$uncentered$groupings, `[[`, 0L, "n_random")
  a_draw <- sum(columns * as.numeric(lengths(by_grouping(plan$kept))))
  a_draw > 0 && plan$control$chains * plan$control$draws * a_draw <= most_on_demand
}

# The kept part of the effects: draws, or moments.
keep_effects <- function(plan, results) {
  moments <- if (!is.null(plan$summed)) Reduce(add_sums, lapply(results, `[[`, "sums"))
    else if (plan$keep_moments) effect_moments(plan$uncentered, lapply(results, `[[`, "hyper"))
  list(effects = if (!draws_on_demand(plan)) lapply(results, `[[`, "effects"), kept = plan$kept,
       moments = moments)
}

# Draws of the hyperparameters over which conditional moments are averaged: their averages
# vary little from draw to draw.
moment_draws <- 100L

# Means and covariances of the effects, and their covariances with the coefficients that they
# deviate from, over draws spread evenly over the chains.
effect_moments <- function(model, hyper) {
  if (!is.null(model$responses)) return(family_moments(model, hyper))
  all <- do.call(cbind, hyper)
  chosen <- all[, unique(round(seq(1, ncol(all), length.out = moment_draws))), drop = FALSE]
  p <- model$n_coef
  beta_mean <- rowMeans(chosen[seq_len(p), , drop = FALSE])
  if (length(model$groupings) == 1) {
    return(shaped_moments(call_kernel(.Call(ffi_group_moments, model, chosen, beta_mean)),
                          model$groupings[[1]]))
  }
  moments <- if (is_merged(model)) {
    call_kernel(.Call(ffi_merged_moments, model, chosen, beta_mean))
  } else {
    call_kernel(.Call(ffi_nested_moments, model, chosen, beta_mean))
  }
  if (is.null(moments)) rlang::interrupt()
  Map(shaped_moments, moments, model$groupings)
}

# Moments of the effects as effect_moments() has them, of another family over as many draws of them, a
# window of groups at a time: no formula has them given the hyperparameters.
family_moments <- function(model, hyper) {
  all <- do.call(cbind, hyper)
  chosen <- all[, unique(round(seq(1, ncol(all), length.out = family_moment_draws))), drop = FALSE]
  n <- ncol(chosen)
  beta <- chosen[seq_len(model$n_coef), , drop = FALSE]
  grouping <- model$groupings[[1]]
  paired <- match(seq_len(grouping$n_random) - 1L, grouping$pair_column)
  q <- grouping$n_random
  J <- grouping$n_groups
  moments <- list(mean = matrix(0, q, J), covariance = array(0, c(q, q, J)),
                  with_beta = matrix(0, q, J))
  window <- max(1, kept_bytes %/% (8 * q * n))
  for (first in seq(1, J, by = window)) {
    groups <- first:min(first + window - 1, J)
    effects <- draw_deferred_effects(model, chosen, moment_seed, groups - 1L)
    moments$mean[, groups] <- center <- rowMeans(effects, dims = 2)
    effects <- effects - as.numeric(center)
    from_mean <- lapply(seq_len(q), function(k) matrix(effects[k, , ], length(groups)))
    for (k in seq_len(q)) {
      for (l in seq_len(k)) {
        both <- rowSums(from_mean[[k]] * from_mean[[l]]) / (n - 1)
        moments$covariance[k, l, groups] <- moments$covariance[l, k, groups] <- both
      }
      if (is.na(paired[k])) next
      coefficient <- beta[grouping$pair_coef[paired[k]] + 1L, ]
      moments$with_beta[k, groups] <-
        drop(from_mean[[k]] %*% (coefficient - mean(coefficient))) / (n - 1)
    }
  }
  moments
}

family_moment_draws <- 400L
moment_seed <- 40401L

shaped_moments <- function(moments, grouping) {
  q <- grouping$n_random
  list(mean = matrix(moments$mean, q),
       covariance = array(moments$covariance, c(q, q, grouping$n_groups)),
       with_beta = matrix(moments$with_beta, q))
}

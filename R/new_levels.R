# Groups, and levels of the residual variance, that the data did not have.
#
# Each has a seed of its own, by the order in which they appear: what is drawn of it does not depend
# on how many rows it has, nor on their order.

check_new_levels <- function(fit, rows, allowed) {
  design <- readable_design(fit)
  if (allowed) return(invisible())
  for (part in c(grouping_parts_of(design$by), "sigma")) {
    is_group <- part != "sigma"
    new <- rows[[if (is_group) part else "stratum"]]$new
    if (length(new) == 0) next
    factor <- as_text(design$by[[part]])
    remedy <- if (is_group) ", or {.code re_formula = NA} to leave group effects out"
    abort("{.arg newdata} has {length(new)} level{?s} of {.code {factor}} that the data had not,
           {.val {utils::head(new, 5)}}{if (length(new) > 5) ' and so on'}.",
          i = paste0("Use {.code allow_new_levels = TRUE} to draw from the distribution of levels",
                     remedy, "."))
  }
}

new_level_methods <- c("gaussian", "uncertainty", "old_levels")

# What is drawn of new levels and how; and, where anything is random, the streams.
plan_new_levels <- function(plan, asked) {
  posterior <- plan$fit$posterior
  plan$new_effects <- check_choice(asked$sample_new_levels, "sample_new_levels",
                                   new_level_methods)
  plan$new_sigma <- if (!is.null(asked$new_sigma)) {
    check_choice(asked$new_sigma, "new_sigma", c("prior", new_level_methods[-1]))
  } else if (plan$new_effects == "gaussian") "prior" else plan$new_effects
  n_groups <- vapply(plan$random, function(one) length(plan$rows[[one$part]]$new), 0L)
  n_strata <- length(plan$rows$stratum$new)
  if (n_strata && plan$new_sigma == "prior") check_sigma_prior(posterior)
  random <- plan$residual || any(n_groups > 0) || n_strata
  seed <- asked$seed
  if (!is.null(seed) || random) seed <- check_seed(seed)
  if (!random) return(plan)
  base <- chain_seeds(seed, 4)
  plan$stream <- new.env(parent = emptyenv())
  plan$stream$residuals <- base[1]
  plan$random <- Map(function(one, n_new) {
    one$seeds <- new_seeds(seed_of_grouping(seed, one$number), n_new)
    if (n_new && plan$new_effects == "gaussian") one$scale_root <- scale_root(plan, one)
    one
  }, plan$random, n_groups)
  # One factor for both: a new level takes both from the same old one.
  same <- match(strata_of(posterior)$name, vapply(groupings_of(posterior), `[[`, "", "name"))
  own <- length(same) == 0 || is.na(same) || plan$new_sigma == "prior"
  plan$stratum_seeds <- new_seeds(if (own) base[3] else seed_of_grouping(seed, same), n_strata)
  plan
}

# The first grouping has the second of the seeds of a prediction; simulate() takes the fifth.
seed_of_grouping <- function(seed, number) {
  place <- if (number == 1) 2 else 4 + number
  chain_seeds(seed, place)[place]
}

new_seeds <- function(seed, n) if (n) tile_seeds(seed, n, 1)[, 1] else integer()

check_sigma_prior <- function(posterior) {
  prior <- posterior$prior$sigma
  improper <- prior$name == "jeffreys" ||
    (prior$name == "uniform" && is.infinite(prior$parameters$upper))
  if (improper) {
    abort("A new level of {.code {strata_of(posterior)$name}} has a residual variance of which
           nothing is
           known: its prior {.code {format(prior)}} is improper.",
          i = 'Use {.code new_sigma = "uncertainty"} to take it, draw by draw, from levels of the
               data, {.code new_sigma = "old_levels"} to take it from one of them, or fit with
               {.code sigma = pooled()} or a proper prior.')
  }
}

# Effects of new groups (from 1): chosen draws x columns x groups.
new_effects <- function(plan, one, groups) {
  if (plan$new_effects == "gaussian") {
    return(bind_last(lapply(groups, function(k) gaussian_effects(plan, one, k))))
  }
  J <- length(grouping_of_random(plan, one)$groups)
  old_effects(plan, one, lapply(groups, function(k) {
    old_levels(plan$new_effects, one$seeds[k], J, plan$n_draws)
  }))
}

# L_d z with L_d L_d' = Sigma_d.
gaussian_effects <- function(plan, one, k) {
  q <- length(one$scale_root)
  z <- with_stream(one$seeds[k], matrix(stats::rnorm(plan$n_draws * q), plan$n_draws))
  effects <- vapply(one$columns, function(r) {
    root <- one$scale_root[[r]]
    rowSums(root$values * z[, root$columns, drop = FALSE])
  }, numeric(plan$n_draws))
  array(effects, c(plan$n_draws, length(one$columns), 1))
}

# Row by row, the lower triangular root of each draw's Sigma: for each random column a list of the
# columns where its row may differ from zero and the values there, draws x columns.
scale_root <- function(plan, one) {
  posterior <- plan$fit$posterior
  grouping <- grouping_of_random(plan, one)
  hyper <- function(part) {
    chosen_hyper(plan, shown_places_of(posterior, part, grouping = grouping$name))
  }
  sd <- hyper("sd")
  correlations <- hyper("cor")
  pairs <- pairs_of_blocks(grouping$blocks)
  rows <- vector("list", ncol(sd))
  for (b in seq_along(pairs)) {
    block <- grouping$blocks[[b]]
    if (block$kind == "diag") {
      for (column in block$columns) {
        rows[[column]] <- list(columns = column, values = sd[, column, drop = FALSE])
      }
      next
    }
    root <- correlation_root(correlations[, pairs[[b]], drop = FALSE], length(block$columns))
    for (r in seq_along(block$columns)) {
      column <- block$columns[r]
      rows[[column]] <- list(columns = block$columns[seq_len(r)], values = sd[, column] * root[[r]])
    }
  }
  rows
}

# The old level that stands for a new one in each draw.
old_levels <- function(method, seed, n_old, n_draws) {
  with_stream(seed, {
    if (method == "old_levels") rep(sample.int(n_old, 1), n_draws)
    else sample.int(n_old, n_draws, replace = TRUE)
  })
}

# Effects of old groups, one for each draw and new group, had a few groups at a time.
old_effects <- function(plan, one, old) {
  q <- length(one$columns)
  effects <- array(0, c(plan$n_draws, q, length(old)))
  needed <- sort(unique(unlist(old)))
  n_columns <- nrow(grouping_of_random(plan, one)$random)
  size <- max(1, block_doubles %/% (3 * n_columns * ndraws(plan$fit)))
  for (groups in split(needed, (seq_along(needed) - 1) %/% size)) {
    drawn <- known_effects(plan, one, groups)
    for (k in seq_along(old)) {
      draws <- which(old[[k]] %in% groups)
      place <- match(old[[k]][draws], groups)
      for (r in seq_len(q)) {
        effects[draws, r, k] <- drawn[cbind(draws, rep(r, length(draws)), place)]
      }
    }
  }
  effects
}

# Residual standard deviations of new levels (from 1): chosen draws x levels.
new_sigmas <- function(plan, levels) {
  posterior <- plan$fit$posterior
  sigmas <- lapply(levels, function(k) {
    seed <- plan$stratum_seeds[k]
    if (plan$new_sigma == "prior") {
      learnt <- chosen_hyper(plan, shown_places_of(posterior, "pool"))
      return(with_stream(seed, prior_sigmas(posterior$prior$sigma, plan$n_draws, learnt)))
    }
    places <- shown_places_of(posterior, "sigma")
    old <- old_levels(plan$new_sigma, seed, length(places), plan$n_draws)
    needed <- unique(old)
    chosen_hyper(plan, places[needed])[cbind(seq_along(old), match(old, needed))]
  })
  do.call(cbind, sigmas)
}

# Residual standard deviations from their prior, one for each of n draws. learnt: the draws of the
# degrees of freedom and of the scale of pooled(), n x 2.
prior_sigmas <- function(prior, n, learnt) {
  parameters <- prior$parameters
  switch(prior$name,
    uniform = stats::runif(n, 0, parameters$upper),
    half_t = parameters$scale * abs(stats::rt(n, parameters$df)),
    half_cauchy = parameters$scale * abs(stats::rcauchy(n)),
    half_normal = parameters$scale * abs(stats::rnorm(n)),
    exponential = stats::rexp(n, parameters$rate),
    inverse_gamma = 1 / sqrt(stats::rgamma(n, parameters$shape, rate = parameters$rate)),
    pooled = learnt[, 2] * sqrt(learnt[, 1] / stats::rchisq(n, learnt[, 1]))
  )
}

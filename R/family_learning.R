# Proposals for the target of another family: at its mode, or learnt by adaptive importance sampling
# that keeps all points, and a surrogate of the target beside them.

# Degrees of freedom of a t at the mode, and the share of its proposals that is accepted from
# which on no other one has to be learnt.
mode_df <- 20
enough_at_mode <- 0.85
# With more rows the points that a surrogate needs cost more than it saves where proposals at the mode
# serve.
rows_of_dear_points <- 2e5
# Points of a first round, at the mode, and of each coordinate in those that follow; and how many
# of these at most.
points_at_mode <- 60L
points_per_round <- 30L
most_family_rounds <- 8L
# And how many at least, however few the coordinates are: tails have to be seen.
least_round <- 150L
least_pool <- 400L

# The tuning of a mode with what was learnt, and the share of its proposals that are accepted.
learn_family <- function(model, tuning) {
  at_mode <- replace(tuning, "df", mode_df)
  pool <- add_points(NULL, model, at_mode, points_at_mode, 1L)
  share <- accepted_share(pool_weights(pool, at_mode))
  if (isTRUE(share > enough_at_mode) && length(model$responses$y) > rows_of_dear_points) {
    return(list(tuning = at_mode, accepted_share = share))
  }
  if (!isTRUE(share > enough_at_mode)) {
    pool <- learn_rounds(model, tuning, pool)
    tuning <- shape_proposal(pool$tuning, pool)
  } else {
    tuning <- at_mode
  }
  plain <- tuning
  if (length(tuning$center) <= surrogate_limits[["any"]]) tuning <- widen_scales(tuning)
  pool <- enough_for_surrogate(model, tuning, pool)
  own <- pool_log_density(pool, tuning)
  present <- log_mixture(pool)
  fitted <- fit_surrogate(tuning, pool$points, pool$log_target, own, exp(own - present),
                          surrogate_tries(length(model$responses$y)))
  if (surrogate_acceptance(fitted, pool, present) > enough_by_surrogate) {
    return(list(tuning = fitted, accepted_share = enough_by_surrogate))
  }
  times <- exp(pool_log_density(pool, plain) - present)
  list(tuning = plain, accepted_share = weighted_acceptance(pool_weights(pool, plain), times))
}

# The share of points chosen on a surrogate that is accepted below which it does not serve: where
# few groups have a posterior that no polynomial follows.
enough_by_surrogate <- 0.8

surrogate_acceptance <- function(tuning, pool, present) {
  surrogate <- tuning$surrogate
  if (is.null(surrogate)) return(0)
  shape <- tuning
  shape[c("root", "df")] <- surrogate[c("root", "df")]
  log_density <- pool_log_density(pool, shape) + surrogate_log_weights(pool$points, surrogate)
  ratio <- pool$log_target - log_density
  weighted_acceptance(exp(ratio - max(ratio)), exp(log_density - present))
}

# Points of all rounds, coordinates x points; the target's log density; and the proposals that
# they are from, each with the number of its points.
add_points <- function(pool, model, tuning, n, seed) {
  proposed <- with_stream(seed, propose(model, tuning, n))
  inside <- !is.na(proposed$log_density)
  points <- proposed$points[, inside, drop = FALSE]
  log_target <- log_target(model, tuning, points, 1)
  finite <- is.finite(log_target)
  list(points = cbind(pool$points, points[, finite, drop = FALSE]),
       log_target = c(pool$log_target, log_target[finite]),
       proposals = c(pool$proposals, list(tuning)), n = c(pool$n, n), tuning = tuning)
}

pool_log_density <- function(pool, tuning) {
  log_folded_t(folded_distances(pool$points, tuning), tuning$df, 1) + log_det_of_proposal(tuning)
}

log_det_of_proposal <- function(tuning) sum(log(diag(tuning$root)))

# The log density of all proposals of the pool, mixed in proportion to their points.
log_mixture <- function(pool) {
  log_densities <- vapply(pool$proposals, function(tuning) pool_log_density(pool, tuning),
                          numeric(length(pool$log_target)))
  log_densities <- matrix(log_densities, length(pool$log_target))
  top <- apply(log_densities, 1, max)
  top + log(drop(exp(log_densities - top) %*% (pool$n / sum(pool$n))))
}

# Of points as they are proposed by `tuning`; or by the mixture that they are from.
pool_weights <- function(pool, tuning = NULL) {
  log_density <- if (is.null(tuning)) log_mixture(pool) else pool_log_density(pool, tuning)
  log_weight <- pool$log_target - log_density
  exp(log_weight - max(log_weight))
}

# Rounds of points, each from a t at the weighted mean of all before; they end when the share of a
# round's own points that is effective is large or has stopped to grow. The pool's tuning is that
# of the next.
learn_rounds <- function(model, tuning, pool) {
  n <- max(length(tuning$center) * points_per_round, least_round)
  best <- 0
  for (round in seq_len(most_family_rounds)) {
    before <- length(pool$log_target)
    pool <- add_points(pool, model, tuning, n, round + 1L)
    own <- utils::tail(pool_weights(pool, tuning), length(pool$log_target) - before)
    effective <- sum(own)^2 / sum(own^2) / n
    # No point of this round counts, as beside priors far narrower than proposals.
    if (!is.finite(effective)) break
    weight <- truncate_weights(pool_weights(pool))
    tuning <- tune_to_weighted(tuning, list(points = pool$points, weight = weight))
    if (round > 1 && (effective > enough_effective || effective < 1.1 * best)) break
    best <- max(best, effective)
  }
  pool$tuning <- tuning
  pool
}

# Correlations have exponential tails where little is known of them, and standard deviations of
# few groups powers: a t is made wider along their axes, and the surrogate narrower again.
widen_scales <- function(tuning) {
  wide <- ifelse(tuning$sign_columns != 0, wide_scales, 1)
  tuning$root <- proposal_root(chol2inv(tuning$root) * tcrossprod(wide) / proposal_width^2)
  tuning
}

wide_scales <- 1.4

# So many points that a surrogate can be fitted, the rest from the proposals themselves.
enough_for_surrogate <- function(model, tuning, pool) {
  d <- length(tuning$center)
  if (d > surrogate_limits[["any"]]) return(pool)
  wanted <- max(ceiling(points_per_term * ncol(surrogate_terms(d))), least_pool)
  lacking <- wanted - length(pool$log_target)
  if (lacking > 0) add_points(pool, model, tuning, lacking, 100L) else pool
}

# Degrees of freedom and widths, over that of a learnt t, among which the best is chosen.
proposal_shapes <- expand.grid(df = c(4, 6, 10, 20, 50), width = c(0.8, 0.87, 0.93, 1, 1.08))

# The tuning with the t that leaves the largest effective share of its points, by those of the pool.
shape_proposal <- function(tuning, pool) {
  present <- log_mixture(pool)
  ratio <- pool_weights(pool)
  distances <- folded_distances(pool$points, tuning)
  share <- mapply(function(df, width) {
    own <- exp(log_folded_t(distances, df, width) + log_det_of_proposal(tuning) - present)
    own <- pmax(own, 1e-300)
    # The sum of weights squared over that of weights, both by points of the mixture.
    sum(ratio)^2 / (sum(ratio^2 / own) * sum(own))
  }, proposal_shapes$df, proposal_shapes$width)
  best <- which.max(share)
  tuning$df <- proposal_shapes$df[best]
  tuning$root <- tuning$root / proposal_shapes$width[best]
  tuning
}

# Squared distances of points from the center, in the coordinates in which the t is round: a
# column for each of the points that are the same but for the signs of columns near 0.
folded_distances <- function(points, tuning) {
  near <- which(bitwAnd(tuning$near, bitwShiftL(1L, seq_along(tuning$scale) - 1L)) > 0)
  signs <- if (length(near)) as.matrix(expand.grid(rep(list(c(FALSE, TRUE)), length(near))))
    else matrix(FALSE, 1, 0)
  distances <- vapply(seq_len(nrow(signs)), function(i) {
    flipped <- signs_changed(tuning$sign_columns, near[signs[i, ]])
    colSums((tuning$root %*% (ifelse(flipped, -1, 1) * points - tuning$center))^2)
  }, numeric(ncol(points)))
  structure(matrix(distances, ncol(points)), d = nrow(points))
}

log_folded_t <- function(distances, df, width) {
  d <- attr(distances, "d")
  log(rowSums((1 + distances / (df * width^2))^(-(df + d) / 2))) +
    lgamma((df + d) / 2) - lgamma(df / 2) - d / 2 * log(df) - d * log(width)
}

# accepted_share() of points of weight w that stand for `times` of them.
weighted_acceptance <- function(weight, times) {
  order <- order(weight)
  w <- weight[order]
  t <- times[order] / sum(times)
  above <- 1 - cumsum(t)
  # Twice the sum over pairs of the lesser weight.
  sum(w * t * (2 * above + t)) / sum(w * t)
}

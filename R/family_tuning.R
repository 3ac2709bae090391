# Tuning of the collapsed sampler for another family than the Gaussian one: the target's mode by
# Newton's method, then proposals there, or learnt where they serve too seldom.

# The share of proposals at the mode, in so many tries, from which on nothing has to be learnt; and
# degrees of freedom and width of these.
enough_at_mode <- 0.85
tries_at_mode <- 60L
mode_df <- 20
mode_width <- 1.03

# How many proposals a sweep makes, by the share that is accepted, and slices beside them.
family_moves <- function(share) {
  if (share > 0.9) c(independent = 1L, ellipse = 0L)
  else if (share > low_acceptance) c(independent = 2L, ellipse = 0L)
  else c(independent = 2L, ellipse = 2L)
}

# A model with its tuning; NULL where there is no mode.
tune_family <- function(model, control) {
  start <- family_start(model)
  tuning <- new_tuning(model, start, "none", control$threads)
  tuning$scale <- start$scale
  tuning$fineness <- 1
  found <- family_mode(model, tuning, start$point)
  if (is.null(found)) return(NULL)
  model <- found$model
  tuning$reference <- found$reference
  covariance <- safe_covariance(found$hessian) * (mode_width / proposal_width)^2
  tuning <- place_proposal(tuning, found$mode, covariance)
  at_mode <- replace(tuning, "df", mode_df)
  share <- weigh_proposals(model, at_mode, 1, tries_at_mode, 1L)$accepted_share
  if (isTRUE(share > enough_at_mode)) {
    tuning <- at_mode
  } else {
    learnt <- shape_proposal(model, learn_proposal(model, tuning, 1)$tuning)
    tuning <- learnt$tuning
    share <- learnt$accepted_share
  }
  moves <- family_moves(share)
  tuning$n_independent <- moves[["independent"]]
  tuning$n_ellipse <- moves[["ellipse"]]
  with_tuning(model, tuning)
}

# Degrees of freedom and widths, over that of a learnt t, among which the best is chosen.
proposal_shapes <- expand.grid(df = c(4, 6, 10, 20, 50), width = c(0.8, 0.87, 0.93, 1, 1.08))
shaping_points <- 300L

# The tuning with the t that leaves the largest effective share of points that the present one
# proposes, weighted by its density over theirs; and the share of its proposals that are accepted.
shape_proposal <- function(model, tuning) {
  n <- length(tuning$center) * shaping_points
  proposed <- with_stream(shaping_seed, propose(model, tuning, n))
  inside <- !is.na(proposed$log_density)
  points <- proposed$points[, inside, drop = FALSE]
  target <- log_target(model, tuning, points, 1)
  distances <- folded_distances(points, tuning)
  present <- log_folded_t(distances, tuning$df, 1)
  ratio <- target - present
  ratio <- exp(ratio - max(ratio))
  relative <- function(df, width) {
    pmax(exp(log_folded_t(distances, df, width) - present), 1e-300)
  }
  share <- mapply(function(df, width) {
    own <- relative(df, width)
    # The sum of weights squared over that of weights, both by points of the present one.
    sum(ratio)^2 / (sum(ratio^2 / own) * sum(own))
  }, proposal_shapes$df, proposal_shapes$width)
  best <- which.max(share)
  tuning$df <- proposal_shapes$df[best]
  tuning$root <- tuning$root / proposal_shapes$width[best]
  own <- relative(tuning$df, proposal_shapes$width[best])
  list(tuning = tuning, accepted_share = weighted_acceptance(ratio / own, own))
}

shaping_seed <- 30301L

# Squared distances of points from the center, in the coordinates in which the t is round: a column for
# each of the points that are the same but for the signs of columns near 0.
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

# Where the search begins: coefficients by a few steps of iteratively reweighted least squares without
# group effects, which are given standard deviations as large as what a group's own rows say of them.
# A little information on the coefficients keeps separated rows from running off.
family_start <- function(model) {
  family <- family_of_model(model)
  responses <- model$responses
  theta <- numeric(model$n_coef)
  precision <- model$prior_precision + diag(1e-4, model$n_coef)
  shape <- 5
  weight <- 1
  for (round in 1:8) {
    eta <- as.numeric(responses$X %*% theta) + responses$offset
    y <- responses$y
    slope <- family$slope(y, eta, shape, responses$trials)
    weight <- pmax(-family$curvature(y, eta, shape, responses$trials), 1e-10)
    gradient <- crossprod(responses$X, slope) + model$prior_linear - precision %*% theta
    step <- solve(crossprod(responses$X * sqrt(weight)) + precision, gradient)
    cut <- min(1, 5 / max(abs(responses$X %*% step), 1e-300))
    theta <- theta + cut * as.numeric(step)
    if (max(abs(step)) < 1e-3) break
  }
  q <- sum(vapply(model$groupings, `[[`, 0L, "n_random"))
  J <- if (q) model$groupings[[1]]$n_groups else 1
  scale <- sqrt(J / pmax(colSums(responses$Z^2 * weight), 1e-300))
  n_cor <- sum(model$part == "cor")
  list(theta = theta, scale = scale, sigma2 = 1,
       Sigma = lapply(model$groupings, function(grouping) diag(scale^2, q)),
       point = c(rep(asinh(1), q), numeric(n_cor), theta, if (has_shape(model)) log(shape)))
}

# The derivatives in eta of the rows of a model, whatever is added up in them.
family_of_model <- function(model) {
  family <- families[[likelihoods[model$responses$likelihood + 1L]]]
  counted <- family$weights == "times"
  list(
    slope = function(y, eta, shape, trials) {
      if (!counted) family$log_density_slope(y, eta, NULL, trials)
      else trials * family$log_density_slope(y / trials, eta, shape)
    },
    curvature = function(y, eta, shape, trials) {
      if (!counted) family$log_density_curvature(y, eta, NULL, trials)
      else trials * family$log_density_curvature(y / trials, eta, shape)
    }
  )
}

# Newton's method with differences of the target: the mode, minus the Hessian there, and the model
# with the groups' modes at the draw `reference`.
family_mode <- function(model, tuning, point) {
  at <- function(points) log_target(model, tuning, points, 1)
  renew <- function() {
    reference <<- hyper_at(point, model, tuning)
    model <<- with_modes(model, reference)
  }
  reference <- NULL
  renew()
  value <- at(point)
  if (!is.finite(value)) return(NULL)
  for (round in seq_len(most_newton_steps)) {
    differences <- target_differences(at, point, value)
    if (is.null(differences)) return(NULL)
    step <- newton_step(differences, length(tuning$scale))
    if (step$decrement < 1e-3) break
    cut <- 1
    repeat {
      next_value <- at(point + cut * step$step)
      if (next_value > value || cut < 1e-4) break
      cut <- cut / 3
    }
    if (!(next_value > value)) break
    point <- point + cut * step$step
    renew()
    value <- at(point)
  }
  list(mode = point, hessian = differences$hessian, model = model, reference = reference)
}

most_newton_steps <- 50L

# Gradient and minus the Hessian by central differences.
target_differences <- function(at, point, value, width = 0.05) {
  d <- length(point)
  unit <- diag(width, d)
  pairs <- which(upper.tri(unit), arr.ind = TRUE)
  first <- unit[, pairs[, 1], drop = FALSE] + unit[, pairs[, 2], drop = FALSE]
  values <- at(point + cbind(unit, -unit, first, -first))
  if (!all(is.finite(values))) return(NULL)
  up <- values[seq_len(d)]
  down <- values[d + seq_len(d)]
  both <- values[2 * d + seq_len(nrow(pairs))] + values[2 * d + nrow(pairs) + seq_len(nrow(pairs))]
  sums <- up + down
  hessian <- diag((2 * value - sums) / width^2, d)
  hessian[pairs] <- -(both - sums[pairs[, 1]] - sums[pairs[, 2]] + 2 * value) / (2 * width^2)
  hessian[pairs[, 2:1, drop = FALSE]] <- hessian[pairs]
  list(gradient = (up - down) / (2 * width), hessian = hessian)
}

# Of a Hessian that has been made positive definite; no coordinate of a standard deviation, the first
# n_scales, moves by more than one.
newton_step <- function(differences, n_scales) {
  decomposition <- eigen(differences$hessian, symmetric = TRUE)
  values <- pmax(abs(decomposition$values), 1e-3 * max(abs(decomposition$values)))
  along <- crossprod(decomposition$vectors, differences$gradient)
  step <- as.numeric(decomposition$vectors %*% (along / values))
  farthest <- max(abs(step[seq_len(n_scales)]), 0)
  list(step = step * min(1, 1 / farthest), decrement = sum(along^2 / values))
}

# What the draw at a point of the target is; see points_of().
hyper_at <- function(point, model, tuning) {
  q <- length(tuning$scale)
  grouping <- grouping_of_step(model, tuning$step)
  n_cor <- length(unlist(lapply(grouping$blocks, correlation_signs)))
  theta <- point[q + n_cor + seq_len(model$n_coef)]
  c(as.numeric(model$to_beta %*% theta) + model$beta_shift,
    abs(tuning$scale * sinh(point[seq_len(q)])),
    correlations_at(point[q + seq_len(n_cor)], vapply(grouping$blocks, `[[`, 0L, "size")),
    if (has_shape(model)) exp(point[length(point)]))
}

# Correlations, row by row of each block, from the inverse hyperbolic tangents of canonical partial
# ones.
correlations_at <- function(z, sizes) {
  unlist(Map(function(pairs, size) {
    partial <- tanh(z[pairs])
    L <- diag(size)
    at <- 0L
    for (l in seq_len(size)[-1]) {
      rest <- 1
      for (k in seq_len(l - 1)) {
        at <- at + 1L
        L[l, k] <- partial[at] * sqrt(rest)
        rest <- rest - L[l, k]^2
      }
      L[l, l] <- sqrt(max(rest, 0))
    }
    C <- tcrossprod(L)
    C[upper.tri(C)]
  }, pairs_of_blocks(sizes), sizes))
}

# The standard deviation over draws of what half the distance between a lattice's nodes adds to the log
# density: by as much the posterior is not the model's. results: of the chains.
lattice_error <- function(model, results) {
  tuning <- tuning_of_model(model)
  groups <- if (length(model$groupings)) model$groupings[[1]]$n_groups else 0
  if (groups == 0) return(0)
  hyper <- do.call(cbind, lapply(results, `[[`, "hyper"))
  n <- max(20, min(100, 2e5 / groups))
  chosen <- unique(round(seq(1, ncol(hyper), length.out = n)))
  points <- t(points_of(t(hyper[, chosen, drop = FALSE]), model, tuning))
  finer <- log_target(model, replace(tuning, "fineness", 0.5), points, 1)
  stats::sd(finer - log_target(model, tuning, points, 1))
}

# Above this, summary() says so.
most_lattice_error <- 1e-3

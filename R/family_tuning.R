# Tuning of the collapsed sampler for another family than the Gaussian one: the target's mode by
# Newton's method, then proposals there, or learnt where they serve too seldom.

# How much wider than the target a t at the mode is.
mode_width <- 1.03

# How many proposals a sweep makes, by the share that is accepted, and slices beside them. Where a
# surrogate chooses them, fewer serve.
family_moves <- function(share, tuning) {
  if (share <= low_acceptance) c(independent = 2L, ellipse = 2L)
  else if (share > 0.9 || !is.null(tuning$surrogate)) c(independent = 1L, ellipse = 0L)
  else c(independent = 2L, ellipse = 0L)
}

# Below so many groups standard deviations have tails that no proposal was learnt from: a slice,
# which always moves, leaves them.
few_groups <- 12

# A model with its tuning; NULL where there is no mode.
tune_family <- function(model, control) {
  start <- family_start(model)
  tuning <- new_tuning(model, start, "none", control$threads)
  tuning$scale <- as.numeric(unlist(start$scale))
  tuning$fineness <- 1
  found <- mode_within_bounds(model, tuning, start)
  if (is.null(found)) return(NULL)
  model <- found$model
  tuning$reference <- found$reference
  covariance <- covariance_at_mode(found$hessian, start) * (mode_width / proposal_width)^2
  tuning <- place_proposal(tuning, found$mode, covariance)
  tuning$fineness <- choose_fineness(model, tuning)
  learnt <- learn_family(model, tuning)
  tuning <- learnt$tuning
  moves <- family_moves(learnt$accepted_share, tuning)
  tuning$n_independent <- moves[["independent"]]
  n_groups <- if (length(model$groupings)) model$groupings[[1]]$n_groups else Inf
  tuning$n_ellipse <- max(moves[["ellipse"]], if (n_groups < few_groups) 1L)
  with_tuning(model, tuning)
}

# The covariance that minus a Hessian at the mode says. Given standard deviations, correlations and
# shape the target is log-concave in the coefficients (Prekopa 1973), so that their part is taken as
# it is: where groups have many rows it is hundreds of times what rows alone say of an intercept.
# What is left to the others may be anything.
covariance_at_mode <- function(hessian, start) {
  is_theta <- seq_along(start$point) %in% start$is_theta
  given <- concave_covariance(hessian[is_theta, is_theta, drop = FALSE],
                              start$width[is_theta] / 0.3)
  if (all(is_theta)) return(given)
  between <- hessian[is_theta, !is_theta, drop = FALSE]
  slope <- given %*% between
  own <- safe_covariance(hessian[!is_theta, !is_theta, drop = FALSE] - crossprod(between, slope))
  covariance <- 0 * hessian
  covariance[!is_theta, !is_theta] <- own
  covariance[is_theta, !is_theta] <- -slope %*% own
  covariance[!is_theta, is_theta] <- t(covariance[is_theta, !is_theta])
  covariance[is_theta, is_theta] <- given + slope %*% own %*% t(slope)
  covariance
}

# The inverse of a Hessian that is positive definite but for the error of its differences, of
# coefficients that are spread by `unit` where their own differences do not say.
concave_covariance <- function(hessian, unit) {
  if (!length(unit)) return(hessian)
  own <- diag(hessian)
  unit <- ifelse(own > 0, 1 / sqrt(abs(own)), unit)
  decomposition <- eigen(hessian * tcrossprod(unit), symmetric = TRUE)
  root <- decomposition$vectors / rep(sqrt(pmax(decomposition$values, 1e-3)), each = length(unit))
  tcrossprod(unit * root)
}

# How close a lattice's nodes lie, over where its error is far below all else; the first of these
# is chosen that changes the log density by no more than so much, in standard deviations over
# points at the mode.
lattice_finenesses <- c(1.2, 1, 0.8)
enough_fineness <- 3e-4
points_for_fineness <- 20L

choose_fineness <- function(model, tuning) {
  groups <- if (length(model$groupings)) model$groupings[[1]]$n_groups else 0
  if (groups == 0) return(1)
  at_mode <- replace(tuning, "df", mode_df)
  proposed <- with_stream(fineness_seed, propose(model, at_mode, points_for_fineness))
  points <- proposed$points[, !is.na(proposed$log_density), drop = FALSE]
  first_fine_enough(model, tuning, points, lattice_finenesses)
}

first_fine_enough <- function(model, tuning, points, finenesses) {
  at <- function(fineness) log_target(model, replace(tuning, "fineness", fineness), points, 1)
  finest <- at(0.6)
  for (fineness in finenesses) {
    error <- at(fineness) - finest
    if (isTRUE(stats::sd(error[is.finite(error)]) < enough_fineness)) return(fineness)
  }
  0.6
}

fineness_seed <- 30302L

# Where the search begins: coefficients by a few steps of iteratively reweighted least squares
# without group effects, which are given standard deviations as large as what a group's own rows say
# of them, but none that moves rows by far more than data tell apart. A little information on the
# coefficients keeps separated rows from running off.
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
    if (!model$n_coef) break
    gradient <- crossprod(responses$X, slope) + model$prior_linear - precision %*% theta
    step <- tryCatch(solve(crossprod(responses$X * sqrt(weight)) + precision, gradient),
                     error = function(e) NULL)
    # Offsets beyond all counts: the search for the mode says so.
    if (is.null(step)) break
    cut <- min(1, 5 / max(abs(responses$X %*% step), 1e-300))
    theta <- theta + cut * as.numeric(step)
    if (max(abs(step)) < 1e-3) break
  }
  scale <- lapply(model$groupings, function(grouping) {
    Z <- responses$Z[, random_places(grouping), drop = FALSE]
    pmin(sqrt(rough_variances(grouping, responses$Z, weight)),
         most_start_move / sqrt(pmax(colMeans(Z^2), 1e-300)))
  })
  # Of a homogeneous block the columns share one.
  shared <- Map(function(scale, grouping) {
    as.numeric(exp(tapply(log(scale), sd_of_columns(grouping$blocks), mean)))
  }, scale, model$groupings)
  q <- length(unlist(shared))
  n_angles <- length(unlist(lapply(model$groupings, function(grouping) {
    signs_of_correlations(grouping$blocks)
  })))
  list(theta = theta, scale = shared, sigma2 = 1,
       Sigma = lapply(scale, function(scale) diag(scale^2, length(scale))),
       point = c(rep(asinh(1), q), numeric(n_angles), theta, if (has_shape(model)) log(shape)),
       width = c(rep(0.1, q + n_angles),
                 0.3 / sqrt(colSums(responses$X^2 * weight) + diag(precision)),
                 if (has_shape(model)) 0.1), is_theta = q + n_angles + seq_along(theta))
}

# How far effects move rows on the link's scale at a start.
most_start_move <- 10

# The columns of a grouping among those of all.
random_places <- function(grouping) {
  if (is.null(grouping$place)) seq_len(grouping$n_random) else grouping$place + 1L
}

# Variances of effects that are as large as what a group's own rows say of them. Z: of all
# groupings.
rough_variances <- function(grouping, Z, weight) {
  columns <- random_places(grouping)
  grouping$n_groups / pmax(colSums(Z[, columns, drop = FALSE]^2 * weight), 1e-300)
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
# with the groups' modes at the draw `reference`. A Hessian is kept, but for its diagonal, as long
# as it leads on quickly; it is made again where the mode is near.
family_mode <- function(model, tuning, start, most_rounds = most_newton_steps) {
  at <- function(points) log_target(model, tuning, points, 1)
  renew <- function() {
    reference <<- hyper_at(point, model, tuning)
    model <<- with_modes(model, reference)
  }
  reference <- hessian <- NULL
  point <- start$point
  width <- start$width
  renew()
  value <- at(point)
  if (!is.finite(value)) return(NULL)
  scales <- seq_along(tuning$scale)
  decrement <- before <- Inf
  was_near <- FALSE
  for (round in seq_len(most_rounds)) {
    is_near <- !was_near && decrement < near_decrement
    anew <- round == 1 || is_near || decrement > before / 5
    before <- decrement
    was_near <- was_near || is_near
    differences <- target_differences(at, point, value, width, if (!anew) hessian)
    if (is.null(differences) || !all(is.finite(unlist(differences)))) return(NULL)
    hessian <- differences$hessian
    step <- newton_step(differences, length(tuning$scale))
    decrement <- step$decrement
    if (!is.finite(decrement)) return(NULL)
    if (decrement < enough_decrement && was_near) break
    width <- ifelse(diag(hessian) > 0, pmin(0.3 / sqrt(abs(diag(hessian))), 10 * width), width)
    width[scales] <- pmin(width[scales], 0.3)
    cut <- 1
    repeat {
      next_value <- at(point + cut * step$step)
      if (next_value > value || cut < 1e-4) break
      cut <- cut / 3
    }
    if (!(next_value > value)) {
      if (was_near) break
      decrement <- 0
      next
    }
    point <- point + cut * step$step
    renew()
    value <- at(point)
  }
  list(mode = point, hessian = hessian, model = model, reference = reference)
}

# The same where standard deviations have bounds, of uniform priors: a wall, of which differences
# say nothing and beyond which a search may start. It goes by half-normal priors that are as wide,
# and where it ends is put within the bounds.
mode_within_bounds <- function(model, tuning, start, ...) {
  found <- family_mode(without_walls(model), tuning, start, ...)
  if (is.null(found) || identical(without_walls(model), model)) return(found)
  found$model$groupings <- model$groupings
  found$mode <- within_bounds(found$mode, model, tuning)
  found$reference <- hyper_at(found$mode, model, tuning)
  found$model <- with_modes(found$model, found$reference)
  found
}

without_walls <- function(model) {
  model$groupings <- lapply(model$groupings, function(grouping) {
    grouping$blocks <- lapply(grouping$blocks, function(block) {
      walls <- is.finite(block$variance["upper", ])
      block$variance["scale", walls] <- block$variance["upper", walls]
      block$variance["kind", walls] <- scale_kinds[["half_normal"]]
      block$variance["upper", ] <- Inf
      block
    })
    grouping
  })
  model
}

most_newton_steps <- 50L
# Half of what Newton's step would gain: where the mode is near, and where it is reached.
near_decrement <- 2
enough_decrement <- 2e-3

# Gradient and minus the Hessian by central differences of a width for each coordinate; given a
# Hessian its correlations are kept, and only its diagonal is made again.
target_differences <- function(at, point, value, width, hessian = NULL) {
  d <- length(point)
  unit <- diag(width, d)
  ends <- at(point + cbind(unit, -unit))
  if (!all(is.finite(ends))) return(NULL)
  up <- ends[seq_len(d)]
  down <- ends[d + seq_len(d)]
  sums <- up + down
  gradient <- (up - down) / (2 * width)
  own <- (2 * value - sums) / width^2
  if (!is.null(hessian) && min(own, diag(hessian)) > 0) {
    ratio <- sqrt(own / diag(hessian))
    return(list(gradient = gradient, hessian = hessian * tcrossprod(ratio)))
  }
  pairs <- which(upper.tri(unit), arr.ind = TRUE)
  first <- unit[, pairs[, 1], drop = FALSE] + unit[, pairs[, 2], drop = FALSE]
  values <- at(point + cbind(first, -first))
  if (!all(is.finite(values))) return(NULL)
  both <- values[seq_len(nrow(pairs))] + values[nrow(pairs) + seq_len(nrow(pairs))]
  hessian <- diag(own, d)
  hessian[pairs] <- -(both - sums[pairs[, 1]] - sums[pairs[, 2]] + 2 * value) /
    (2 * width[pairs[, 1]] * width[pairs[, 2]])
  hessian[pairs[, 2:1, drop = FALSE]] <- hessian[pairs]
  list(gradient = gradient, hessian = hessian)
}

# Of a Hessian that has been made positive definite, with each coordinate over what it would be
# spread by itself; no coordinate of a standard deviation, the first n_scales, moves by more than
# one.
newton_step <- function(differences, n_scales) {
  unit <- 1 / sqrt(pmax(abs(diag(differences$hessian)), 1e-12))
  decomposition <- eigen(differences$hessian * tcrossprod(unit), symmetric = TRUE)
  values <- pmax(abs(decomposition$values), 1e-3 * max(abs(decomposition$values)))
  along <- crossprod(decomposition$vectors, differences$gradient * unit)
  step <- as.numeric(decomposition$vectors %*% (along / values)) * unit
  farthest <- max(abs(step[seq_len(n_scales)]), 0)
  list(step = step * min(1, 1 / farthest), decrement = sum(along^2 / values))
}

# What the draw at a point of the target is; see points_of().
hyper_at <- function(point, model, tuning) {
  q <- length(tuning$scale)
  grouping <- grouping_of_step(model, tuning$step)
  n_angles <- length(signs_of_correlations(grouping$blocks))
  theta <- point[q + n_angles + seq_len(model$n_coef)]
  c(as.numeric(model$to_beta %*% theta) + model$beta_shift,
    abs(tuning$scale * sinh(point[seq_len(q)]))[sd_of_columns(grouping$blocks)],
    correlations_at(point[q + seq_len(n_angles)], grouping$blocks),
    if (has_shape(model)) exp(point[length(point)]))
}

# Correlations, row by row of each block, from the coordinates that angles_of() has.
correlations_at <- function(z, blocks) {
  unlist(Map(function(block, places) {
    own <- z[places]
    if (!is_structured(block)) return(correlations_of_partial(own, size_of_block(block)))
    if (length(own)) as.numeric(correlations_of_rho(rho_at(own, block), block))
  }, blocks, angles_of_blocks(blocks)))
}

correlations_of_partial <- function(z, size) {
  partial <- tanh(z)
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
}

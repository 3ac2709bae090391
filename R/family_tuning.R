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
  if (share > 0.7) c(independent = 1L, ellipse = 0L)
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
    learnt <- learn_proposal(model, tuning, 1)
    tuning <- learnt$tuning
    share <- learnt$accepted_share
  }
  moves <- family_moves(share)
  tuning$n_independent <- moves[["independent"]]
  tuning$n_ellipse <- moves[["ellipse"]]
  with_tuning(model, tuning)
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

# Tuning of the collapsed sampler: where its proposals lie and how wide they are.

# What the sampler asks of a model; NULL where it can run.
collapsed_obstacle <- function(posterior) {
  if (is.null(posterior$group)) return("group effects")
  if (!is.null(posterior$sigma_by)) return("one residual variance")
  if (nrow(posterior$random) > 8) return("at most eight random columns")
}

# Does no prior but that of sigma know a scale? Then sigma integrates out.
is_scale_free <- function(posterior) {
  length(uniform_columns(posterior)) == nrow(posterior$random) &&
    all(posterior$beta$precision == 0) && is.infinite(posterior$sigma[["upper"]])
}

check_collapsed <- function(posterior) {
  obstacle <- collapsed_obstacle(posterior)
  if (!is.null(obstacle)) {
    abort(paste0("The collapsed sampler needs ", obstacle, "."),
          i = 'Use {.code sampler = "interweaved"} for this model.')
  }
}

# Degrees of freedom of the proposal, whose tails must not be lighter than the target's,
# and how much wider than the target it is.
proposal_df <- 6
proposal_width <- 1.15

# Proposals at the mode, with the curvature there.
tune_at_mode <- function(model, estimate, scale_free) {
  q <- model$n_random
  n <- q + (if (scale_free) 0 else 1) +
    sum(vapply(model$blocks, function(block) block$size * (block$size - 1) / 2, 0))
  tuning <- list(scale = effect_scale(model), center = numeric(n), root = diag(n),
                 df = proposal_df, step = 1, with_sigma = as.integer(!scale_free))
  free <- without_bounds(model)
  target <- function(point) {
    value <- .Call(ffi_log_target, free, tuning, point)
    if (is.na(value)) rlang::interrupt()
    if (is.finite(value)) -value else 1e10
  }
  start <- within_bounds(initial_point(estimate, tuning, n), model, tuning)
  mode <- stats::optim(start, target, method = "BFGS", control = list(maxit = 200))
  tuning$center <- within_bounds(mode$par, model, tuning)
  tuning$root <- proposal_root(safe_covariance(stats::optimHess(tuning$center, target)))
  tuning$step <- 1.5 / sqrt(n)
  tuning
}

initial_point <- function(estimate, tuning, n) {
  x <- asinh(sqrt(diag(estimate$Sigma) / estimate$sigma2) / tuning$scale)
  c(x, numeric(n - length(x) - tuning$with_sigma),
    if (tuning$with_sigma) log(estimate$sigma2) / 2)
}

# A bound has no curvature to go by: the mode is sought without it, and then brought
# within.
without_bounds <- function(model) {
  model$sigma_prior[3] <- Inf
  model$blocks <- lapply(model$blocks, function(block) {
    block$variance[3] <- Inf
    block
  })
  model
}

within_bounds <- function(point, model, tuning) {
  if (!tuning$with_sigma) return(point)
  last <- length(point)
  point[last] <- min(point[last], log(0.95 * model$sigma_prior[3]))
  for (block in model$blocks) {
    k <- block$first + 1
    lambda <- 0.95 * block$variance[3] / exp(point[last]) / tuning$scale[k]
    if (block$size == 1) point[k] <- max(min(point[k], asinh(lambda)), -asinh(lambda))
  }
  point
}

# The standard deviation, over sigma, at which a group's own data and the others' weigh alike.
effect_scale <- function(model) {
  vapply(seq_len(model$n_random), function(k) {
    sqrt(model$n_groups / sum(model$cell_factor[, k, ]^2))
  }, 0)
}

# The inverse of a Hessian, with the directions in which it is flat or turns up cut to a
# standard deviation of 1.5 in the coordinates, which are logarithmic far out.
safe_covariance <- function(hessian) {
  decomposition <- eigen((hessian + t(hessian)) / 2, symmetric = TRUE)
  values <- pmax(decomposition$values, 1 / 1.5^2)
  decomposition$vectors %*% (t(decomposition$vectors) / values)
}

proposal_root <- function(covariance) {
  chol(chol2inv(chol(covariance * proposal_width^2)))
}

# The coordinates of draws, folded to positive standard deviations; hyper has a row a draw.
points_of <- function(hyper, model, tuning) {
  q <- model$n_random
  p <- model$n_coef
  lambda <- hyper[, p + seq_len(q), drop = FALSE] / hyper[, ncol(hyper)]
  x <- asinh(sweep(lambda, 2, tuning$scale, "/"))
  place <- p + q
  z <- lapply(model$blocks, function(block) {
    n <- block$size * (block$size - 1) / 2
    correlations <- hyper[, place + seq_len(n), drop = FALSE]
    place <<- place + n
    if (n == 0) return(NULL)
    t(apply(correlations, 1, partial_coordinates, size = block$size))
  })
  z <- do.call(cbind, lapply(z, function(x) if (is.null(x)) NULL else matrix(x, nrow(hyper))))
  cbind(x, z, if (tuning$with_sigma) log(hyper[, ncol(hyper)]))
}

# Inverse hyperbolic tangents of canonical partial correlations, row by row.
partial_coordinates <- function(correlations, size) {
  C <- diag(size)
  C[upper.tri(C)] <- correlations
  L <- t(chol(C))
  unlist(lapply(seq_len(size)[-1], function(l) {
    rest <- sqrt(1 - c(0, cumsum(L[l, seq_len(l - 1)]^2)))[seq_len(l - 1)]
    atanh(pmin(pmax(L[l, seq_len(l - 1)] / rest, -1 + 1e-15), 1 - 1e-15))
  }))
}

# Proposals at the mean of draws, with their covariance.
tune_to_draws <- function(tuning, points) {
  covariance <- stats::cov(points)
  if (anyNA(covariance) || !is_positive_definite(covariance)) return(tuning)
  tuning$center <- colMeans(points)
  tuning$root <- proposal_root(covariance)
  tuning
}

# One chain of a model tuned at its mode: warm-up in two parts, after each of which the
# proposals learn from its second half; then they are frozen.
run_collapsed <- function(model, estimate, control, progress) {
  n <- length(model$tuning$center)
  wide <- backsolve(model$tuning$root, stats::rnorm(n)) * 1.5
  state <- list(theta = estimate$theta, Sigma = estimate$Sigma, sigma2 = estimate$sigma2,
                point = within_bounds(model$tuning$center + wide, model, model$tuning))
  parts <- diff(round(control$warmup * c(0, 0.3, 1)))
  for (part in parts[parts >= 20]) {
    warm <- sample_chain(model, "collapsed", state, part, effects = FALSE)
    if (warm$interrupted) return(warm)
    points <- points_of(t(warm$hyper), model, model$tuning)
    model$tuning <- tune_to_draws(model$tuning, utils::tail(points, ceiling(part / 2)))
    state <- warm$state
  }
  tell <- if (!is.null(progress)) function(sweeps) progress(control$warmup + sweeps)
  sample_chain(model, "collapsed", state, control$draws, 0L, control$thin, progress = tell)
}

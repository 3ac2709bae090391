# A posterior of another family than the Gaussian one as its sampler sees it: beside the arrays of
# R/sampler.R the rows of its responses (responses_t in src/responses.h).

# In the order of likelihood_t, whose numbers C has.
likelihoods <- c("binomial", "binomial_probit", "binomial_cloglog", "poisson", "negative_binomial")

# Rows sorted by group, X in the coordinates of theta; NULL of Gaussian ones.
encode_responses <- function(posterior, coordinates) {
  responses <- posterior$responses
  if (is.null(responses)) return(NULL)
  n <- length(responses$y)
  start <- c(0L, if (!has_groups(posterior)) n else {
    cumsum(tabulate(responses$group[, 1], length(grouping_of(posterior)$groups)))
  })
  shifted <- responses$X - rep(x_shift(posterior), each = n)
  list(
    likelihood = match(key_of(posterior), likelihoods) - 1L, start = as.integer(start),
    X = shifted %*% coordinates$A, Z = responses$Z, y = responses$y, trials = responses$trials,
    offset = responses$offset, value = responses$values, times = responses$times,
    shape_prior = posterior$shape
  )
}

# The model with the modes of the groups' effects at a draw of the hyperparameters, about which their
# integrals are made.
with_modes <- function(model, hyper) {
  model$responses$mode <- NULL
  model$responses$mode <- as.numeric(.Call(ffi_group_modes, model, as.numeric(hyper)))
  model
}

# The same from a tuning, which knows the draw.
with_modes_of <- function(model, tuning) {
  if (is.null(model$responses)) model else with_modes(model, tuning$reference)
}

# The uncentered model of a fit, from which its deferred effects are drawn.
model_of_fit <- function(fit) {
  with_modes_of(sampler_model(fit$posterior, "uncentered"), fit$sampling$tuning)
}

# Moments of the effects as effect_moments() has them, of another family over as many draws of them, a
# window of groups at a time: no formula has them given the hyperparameters.
family_moments <- function(model, hyper) {
  all <- do.call(cbind, hyper)
  chosen <- all[, unique(round(seq(1, ncol(all), length.out = family_moment_draws))), drop = FALSE]
  beta <- chosen[seq_len(model$n_coef), , drop = FALSE]
  grouping <- model$groupings[[1]]
  paired <- match(seq_len(grouping$n_random) - 1L, grouping$pair_column)
  q <- grouping$n_random
  J <- grouping$n_groups
  moments <- list(mean = matrix(0, q, J), covariance = array(0, c(q, q, J)),
                  with_beta = matrix(0, q, J))
  window <- max(1, piece_bytes %/% (8 * q * ncol(chosen)))
  for (first in seq(1, J, by = window)) {
    groups <- first:min(first + window - 1, J)
    effects <- draw_deferred_effects(model, chosen, moment_seed, groups - 1L)
    for (i in seq_along(groups)) {
      own <- matrix(effects[, i, ], q)
      moments$mean[, groups[i]] <- rowMeans(own)
      moments$covariance[, , groups[i]] <- stats::cov(t(own))
      moments$with_beta[, groups[i]] <- vapply(seq_len(q), function(k) {
        if (is.na(paired[k])) 0 else stats::cov(own[k, ], beta[grouping$pair_coef[paired[k]] + 1L, ])
      }, 0)
    }
  }
  moments
}

family_moment_draws <- 400L
moment_seed <- 40401L

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

# Of points_of() what another family has beside the standard deviations and correlations.
coefficient_points <- function(hyper, model) {
  beta <- t(hyper[, model$part == "b", drop = FALSE])
  theta <- matrix(model$from_beta, nrow(beta)) %*% (beta - model$beta_shift)
  cbind(t(theta), if (has_shape(model)) log(hyper[, model$part == "shape"]))
}

has_shape <- function(model) "shape" %in% model$part

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

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

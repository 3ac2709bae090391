# One random column, one residual variance and flat coefficients: the collapsed target, and
# draws of the coefficients, from one eigendecomposition. What is computed from it, and its
# source, are at spectrum_t in src/spectrum.h.

# From this many fixed columns on, and up to so many groups for each, the decomposition costs
# less than the evaluations that it saves (bench/columns.R).
many_columns <- 64L
most_groups_a_column <- 4

has_spectrum <- function(model) {
  if (length(model$groupings) > 1 || !is.null(model$df_prior)) return(FALSE)
  grouping <- grouping_of_step(model)
  grouping$n_random == 1 && model$n_strata == 1 && model$beta_is_flat == 1 &&
    model$n_staying == model$n_coef && model$n_coef >= many_columns &&
    grouping$n_groups <= most_groups_a_column * model$n_coef &&
    sum(model$stratum_rows) > model$n_coef + 1
}

# The model with its spectrum, where that pays and keeps the digits.
with_spectrum <- function(model) {
  if (is.null(model$spectrum) && has_spectrum(model)) model$spectrum <- decompose(model)
  model
}

# In the coordinates of `model`, X'X = I. Where an eigenvalue of S = Z'(I - X X')Z is rounding
# error its direction lies in the space of X. NULL where the columns leave so little of y that it
# would be lost in a difference.
decompose <- function(model) {
  p <- model$n_coef
  factor <- matrix(grouping_of_step(model)$cell_factor, p + 2)
  R <- factor[1, ]
  C <- factor[1 + seq_len(p), , drop = FALSE]
  c <- factor[p + 2, ]
  rest <- matrix(model$stratum_factor, p + 1)
  XZ <- C * rep(R, each = p)
  start <- as.numeric(C %*% c + crossprod(rest[, seq_len(p)], rest[, p + 1]))
  decomposition <- eigen(diag(R^2, length(R)) - crossprod(XZ), symmetric = TRUE)
  size <- decomposition$values
  size[size < length(R) * .Machine$double.eps * max(R^2)] <- 0
  along <- as.numeric(crossprod(decomposition$vectors, R * c - crossprod(XZ, start)))
  along[size == 0] <- 0
  explained <- ifelse(size > 0, along^2 / size, 0)
  squares <- sum(c^2) + sum(rest[, p + 1]^2) - sum(start^2)
  if (!isTRUE(squares - sum(explained) > least_rest * squares)) return(NULL)
  list(largest = max(R^2), rest = squares - sum(explained), size = size, along = along,
       explained = explained, cross = XZ %*% decomposition$vectors, start = start)
}

least_rest <- 1e-6

# What estimate_scales() finds by EM, from the greatest restricted likelihood.
spectral_scales <- function(model) {
  spectrum <- model$spectrum
  df <- sum(model$stratum_rows) - model$n_coef
  is_fixed <- is_fixed_sigma(model$sigma_prior)
  squares <- function(lambda) {
    spectrum$rest + sum(spectrum$explained / (1 + lambda^2 * spectrum$size))
  }
  variance <- function(lambda) if (is_fixed) fixed_sigma(model)^2 else squares(lambda) / df
  deviance <- function(log_lambda) {
    lambda <- exp(log_lambda)
    sum(log1p(lambda^2 * spectrum$size)) +
      if (is_fixed) squares(lambda) / variance(lambda) else df * log(variance(lambda))
  }
  unit <- log(step_scale(model, 0L))
  lambda <- exp(stats::optimize(deviance, unit + c(-5, 5), tol = em_settled)$minimum)
  shrunk <- lambda^2 * spectrum$along / (1 + lambda^2 * spectrum$size)
  sigma2 <- variance(lambda)
  list(theta = spectrum$start - as.numeric(spectrum$cross %*% shrunk),
       Sigma = list(matrix(lambda^2 * sigma2)), sigma2 = sigma2)
}

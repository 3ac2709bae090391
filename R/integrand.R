# The integrand of a marginal likelihood, p(y | Sigma, sigma) p(Sigma) p(sigma), coefficients and
# group effects integrated out.

# What p(y | Sigma, sigma) p(Sigma) p(sigma) is computed from.
new_integrand <- function(posterior, threads = 1L) {
  improper <- improper_priors(posterior)
  if (length(improper)) {
    abort("A marginal likelihood needs proper priors.",
          x = "Improper {?is/are} {.code {improper}}.",
          i = "Give proper ones, for instance {.code relm_prior(beta = normal(0, 10), sd =
               half_normal(1), sigma = half_normal(1))}.")
  }
  model <- sampler_model(posterior, "uncentered")
  precision <- model$prior_precision
  constant <- -posterior$n_rows / 2 * log(2 * pi) + sum(posterior$cell_log_weights) / 2 +
    if (length(precision)) log_det_of(precision) / 2 else 0
  list(posterior = posterior, model = model, constant = constant, threads = threads)
}

n_pairs <- function(posterior) {
  sum(vapply(posterior$blocks, function(block) choose(length(block$columns), 2), 0))
}

n_dimensions <- function(integrand) {
  posterior <- integrand$posterior
  nrow(posterior$random) + n_pairs(posterior) + integrand$model$n_levels
}

# Its parameters: standard deviations, partial correlations on the scale of atanh(), residual
# standard deviations. Each is a matrix with a row for each point.
split_point <- function(points, integrand) {
  q <- nrow(integrand$posterior$random)
  z <- q + seq_len(n_pairs(integrand$posterior))
  list(sd = points[, seq_len(q), drop = FALSE], z = points[, z, drop = FALSE],
       sigma = points[, seq_len(ncol(points)) > q + length(z), drop = FALSE])
}

# The factors of Sigma, q x q x points, and those of the correlations' blocks.
covariance_factors <- function(point, blocks, q) {
  n <- nrow(point$sd)
  L <- array(0, c(q, q, n))
  place <- 0
  for (block in blocks) {
    for (l in seq_along(block$columns)) {
      rest <- point$sd[, block$columns[l]]
      for (k in seq_len(l - 1)) {
        place <- place + 1
        L[block$columns[l], block$columns[k], ] <- rest * tanh(point$z[, place])
        rest <- rest / cosh(point$z[, place])
      }
      L[block$columns[l], block$columns[l], ] <- rest
    }
  }
  L
}

# log p(y, Sigma, sigma) at points, in the parameters of split_point().
log_integrand <- function(integrand, points) {
  posterior <- integrand$posterior
  point <- split_point(points, integrand)
  L <- covariance_factors(point, posterior$blocks, nrow(posterior$random))
  evidence <- .Call(ffi_log_evidence, integrand$model, L, t(point$sigma), integrand$threads)
  if (anyNA(evidence)) rlang::interrupt()
  value <- integrand$constant + evidence
  for (s in seq_len(ncol(point$sigma))) {
    value <- value + log_scale_prior(posterior$prior$sigma, point$sigma[, s])
  }
  place <- 0
  for (block in posterior$blocks) {
    pairs <- choose(length(block$columns), 2)
    value <- value + log_block_prior(block, point$sd[, block$columns, drop = FALSE],
                                     point$z[, place + seq_len(pairs), drop = FALSE], L)
    place <- place + pairs
  }
  value
}

# log p of a block in its standard deviations and z: dSigma = 2^size prod tau_k^size dtau dC.
log_block_prior <- function(block, sd, z, L) {
  size <- ncol(sd)
  if (block$kind %in% c("variance", "lkj")) {
    value <- if (size > 1) log_lkj_prior(z, size, block$parameter) else 0
    for (k in seq_len(size)) value <- value + log_scale_prior(block$sd[[k]], sd[, k])
    return(value)
  }
  columns <- block$columns
  own <- vapply(seq_len(nrow(sd)), function(i) {
    log_covariance_prior(block, matrix(L[columns, columns, i], size))
  }, 0)
  own + size * (log(2) + rowSums(log(sd))) + log_lkj_prior(z, size, 1, constant = FALSE)
}

# The parameters of split_point() in the draws of a fit.
drawn_points <- function(fit) {
  posterior <- fit$posterior
  p <- length(posterior$fixed)
  q <- nrow(posterior$random)
  hyper <- t(drawn_hyper_all(fit))
  place <- p + q
  z <- lapply(posterior$blocks, function(block) {
    size <- length(block$columns)
    columns <- place + seq_len(choose(size, 2))
    place <<- place + length(columns)
    if (length(columns) == 0) return(NULL)
    z <- apply(hyper[, columns, drop = FALSE], 1, partial_coordinates, size = size)
    matrix(z, nrow(hyper), byrow = TRUE)
  })
  sigma <- place + seq_len(max(1, length(posterior$levels)))
  cbind(hyper[, p + seq_len(q), drop = FALSE], do.call(cbind, z), hyper[, sigma, drop = FALSE])
}

# Upper bounds of the parameters; lower ones are 0, or -Inf of z.
upper_bounds <- function(integrand) {
  posterior <- integrand$posterior
  sd <- numeric(nrow(posterior$random))
  for (block in posterior$blocks) sd[block$columns] <- block$variance["upper", ]
  c(sd, rep(Inf, n_pairs(posterior)), rep(posterior$sigma[["upper"]], integrand$model$n_levels))
}

lower_bounds <- function(integrand) {
  q <- nrow(integrand$posterior$random)
  c(numeric(q), rep(-Inf, n_pairs(integrand$posterior)), numeric(integrand$model$n_levels))
}

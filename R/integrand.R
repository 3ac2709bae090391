# The integrand of a marginal likelihood, p(y | Sigma, sigma) p(Sigma) p(sigma), coefficients and
# group effects integrated out; of another family, p(y | theta, Sigma, shape) and their priors, the
# group effects integrated out.

# What p(y | Sigma, sigma) p(Sigma) p(sigma) is computed from.
new_integrand <- function(posterior, threads = 1L) {
  if (is_gaussian(posterior)) check_one_step(posterior)
  else check_lattice(posterior, "A marginal likelihood", instead_of_logml)
  improper <- improper_priors(posterior)
  if (length(improper)) {
    abort("A marginal likelihood needs proper priors.",
          x = "Improper {?is/are} {.code {improper}}.",
          i = paste0("Give proper ones, for instance {.code relm_prior(beta = normal(0, 10), sd =
                     half_normal(1)", if (is_gaussian(posterior)) ", sigma = half_normal(1)", ")}."))
  }
  model <- sampler_model(posterior, "uncentered")
  precision <- model$prior_precision
  of_prior <- if (length(precision)) log_det_of(precision) / 2 else 0
  list(posterior = posterior, model = model,
       constant = constant_of_rows(posterior) + of_prior, threads = threads,
       blocks = blocks_of_step(posterior))
}

# What the density of all rows has beside what C computes. Of another family the coefficients' prior
# has its constant here too, which their integral takes away from a Gaussian one.
constant_of_rows <- function(posterior) {
  if (is_gaussian(posterior)) {
    return(-posterior$n_rows / 2 * log(2 * pi) + sum(cells_of(posterior)$log_weights) / 2)
  }
  posterior$responses$log_constant - length(posterior$fixed) / 2 * log(2 * pi)
}

instead_of_logml <- "{.code loo(integrated = FALSE)} and {.fn kfold} compare such models."

check_one_step <- function(posterior) {
  if (length(find_steps(groupings_of(posterior))) < 2) return(invisible())
  names <- names_of_leaves(posterior)
  abort("There is no marginal likelihood where groups of {.val {names}} are crossed: their
         effects cannot be integrated out group by group.",
        i = "{.fn loo} and {.fn kfold} compare such models.")
}

# Blocks of the groupings of the only step, their columns one after another, leaf to root.
blocks_of_step <- function(posterior) {
  groupings <- groupings_of(posterior)
  if (length(groupings) < 2) return(grouping_of(posterior)$blocks)
  groupings <- groupings[find_steps(groupings)[[1]]]
  sizes <- vapply(groupings, function(grouping) nrow(grouping$random), 0L)
  unlist(Map(function(grouping, before) {
    lapply(grouping$blocks, function(block) {
      block$columns <- block$columns + before
      block
    })
  }, groupings, cumsum(sizes) - sizes), recursive = FALSE)
}

# Places of hyperparameters, those of the groupings from leaf to root.
places_by_step <- function(posterior, part) {
  if (part == "sigma" || !has_several(posterior)) return(places_of(posterior, part))
  chain <- find_steps(groupings_of(posterior))[[1]]
  unlist(lapply(names_of_groupings(posterior)[chain], function(name) {
    places_of(posterior, part, grouping = name)
  }))
}

n_dimensions <- function(integrand) {
  length(integrated_parts(integrand$posterior))
}

# What each of its parameters is: of a structured block one correlation, of a homogeneous one one
# standard deviation.
integrated_parts <- function(posterior) {
  part <- parameters_of(posterior)$part
  blocks <- if (has_groups(posterior)) blocks_of_step(posterior)
  n <- function(own) {
    switch(own, sd = sum(vapply(blocks, n_scales_of_block, 0L)),
           cor = sum(vapply(blocks, n_angles_of_block, 0)), sum(part == own))
  }
  parts <- if (is_gaussian(posterior)) c("sd", "cor", if (!has_fixed_sigma(posterior)) "sigma")
    else c("sd", "shape", "cor", "b")
  rep(parts, vapply(parts, n, 0))
}

# Its parameters: standard deviations, partial correlations on the scale of atanh(), residual
# standard deviations; or of another family the coefficients theta and the shape. Each is a matrix
# with a row for each point.
split_point <- function(points, integrand) {
  part <- integrated_parts(integrand$posterior)
  own <- function(name) points[, part == name, drop = FALSE]
  list(sd = own("sd"), z = own("cor"), sigma = own("sigma"), theta = own("b"), shape = own("shape"))
}

# The factors of Sigma, q x q x points.
covariance_factors <- function(point, blocks) {
  n <- nrow(point$sd)
  q <- sum(lengths(lapply(blocks, `[[`, "columns")))
  sd <- point$sd[, sd_of_columns(blocks), drop = FALSE]
  angles <- angles_of_blocks(blocks)
  L <- array(0, c(q, q, n))
  for (b in seq_along(blocks)) {
    columns <- blocks[[b]]$columns
    rows <- rows_of_root(blocks[[b]], point$z[, angles[[b]], drop = FALSE], n)
    for (l in seq_along(columns)) {
      for (k in seq_len(l)) L[columns[l], columns[k], ] <- sd[, columns[l]] * rows[[l]][, k]
    }
  }
  L
}

# Of a block, row by row, the root of its correlation matrix at each point: points x columns.
rows_of_root <- function(block, z, n) {
  size <- length(block$columns)
  if (block$kind == "diag") {
    return(lapply(seq_len(size), function(l) matrix(as.numeric(seq_len(l) == l), n, l, TRUE)))
  }
  if (is_structured(block)) {
    return(correlation_root(correlations_of_rho(rho_at(z[, 1], block), block), size))
  }
  place <- 0
  lapply(seq_len(size), function(l) {
    row <- matrix(1, n, l)
    for (k in seq_len(l - 1)) {
      place <<- place + 1
      row[, k] <- row[, l] * tanh(z[, place])
      row[, l] <- row[, l] / cosh(z[, place])
    }
    row
  })
}

# log p(y | point) without its constants. L: the factors of Sigma.
log_evidence <- function(integrand, point, L) {
  model <- integrand$model
  values <- if (is.null(model$responses)) {
    sigma <- if (ncol(point$sigma)) t(point$sigma)
      else matrix(fixed_sigma(model), 1, dim(L)[3])
    .Call(ffi_log_evidence, model, L, sigma, integrand$threads)
  } else {
    .Call(ffi_family_evidence, model, t(point$theta), L, as.numeric(point$shape), integrand$threads)
  }
  if (anyNA(values)) rlang::interrupt()
  values
}

# log p(theta) without its constant, at the rows of a matrix.
log_theta_prior <- function(theta, model) {
  rowSums((theta %*% model$prior_precision) * theta) / -2 +
    as.numeric(theta %*% model$prior_linear) - model$prior_square / 2
}

# log p(r) of a shape: |d r^-1/2 / dr| = r^-3/2 / 2.
log_shape_prior <- function(prior, shape) {
  log_scale_prior(spread_prior(shape_prior(prior)), shape^-0.5) - log(2) - 1.5 * log(shape)
}

# log p(y, Sigma, sigma) at points, in the parameters of split_point().
log_integrand <- function(integrand, points) {
  posterior <- integrand$posterior
  point <- split_point(points, integrand)
  L <- covariance_factors(point, integrand$blocks)
  value <- integrand$constant + log_evidence(integrand, point, L)
  if (ncol(point$theta)) value <- value + log_theta_prior(point$theta, integrand$model)
  if (ncol(point$shape)) value <- value + log_shape_prior(posterior$prior, point$shape[, 1])
  for (s in seq_len(ncol(point$sigma))) {
    value <- value + log_scale_prior(posterior$prior$sigma, point$sigma[, s])
  }
  angles <- angles_of_blocks(integrand$blocks)
  own_sd <- sd_of_columns(integrand$blocks)
  for (b in seq_along(angles)) {
    block <- integrand$blocks[[b]]
    value <- value + log_block_prior(block, point$sd[, unique(own_sd[block$columns]), drop = FALSE],
                                     point$z[, angles[[b]], drop = FALSE], L)
  }
  value
}

# log p of a block in its standard deviations and z: dSigma = 2^size prod tau_k^size dtau dC.
log_block_prior <- function(block, sd, z, L) {
  size <- length(block$columns)
  if (!block$kind %in% c("inverse_wishart", "huang_wand")) {
    value <- if (ncol(z) == 0) 0
      else if (is_structured(block)) log_rho_prior(z[, 1], block)
      else log_lkj_prior(z, size, block$parameter)
    for (k in seq_len(ncol(sd))) value <- value + log_scale_prior(block$sd[[k]], sd[, k])
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
  hyper <- t(drawn_hyper_all(fit))
  own <- function(part) hyper[, places_by_step(posterior, part), drop = FALSE]
  z <- angles_of(own("cor"), blocks_of_step(posterior))
  sd <- own("sd")[, columns_with_sd(blocks_of_step(posterior)), drop = FALSE]
  if (is_gaussian(posterior)) {
    return(cbind(sd, z, if (!has_fixed_sigma(posterior)) own("sigma")))
  }
  model <- sampler_model(posterior, "uncentered")
  theta <- (own("b") - rep(model$beta_shift, each = nrow(hyper))) %*% t(model$from_beta)
  cbind(sd, own("shape"), z, theta)
}

# Upper bounds of the parameters; lower ones are 0, or -Inf of z and theta.
upper_bounds <- function(integrand) {
  posterior <- integrand$posterior
  part <- integrated_parts(posterior)
  upper <- rep(Inf, length(part))
  upper[part == "sd"] <- sd_bounds(integrand)
  if (any(part == "sigma")) upper[part == "sigma"] <- posterior$sigma[["upper"]]
  upper
}

lower_bounds <- function(integrand) {
  ifelse(integrated_parts(integrand$posterior) %in% c("cor", "b"), -Inf, 0)
}

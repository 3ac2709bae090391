# The integrand of a marginal likelihood, p(y | Sigma, sigma) p(Sigma) p(sigma), coefficients and
# group effects integrated out.

# What p(y | Sigma, sigma) p(Sigma) p(sigma) is computed from.
new_integrand <- function(posterior, threads = 1L) {
  check_gaussian(posterior, "A marginal likelihood")
  check_one_step(posterior)
  improper <- improper_priors(posterior)
  if (length(improper)) {
    abort("A marginal likelihood needs proper priors.",
          x = "Improper {?is/are} {.code {improper}}.",
          i = "Give proper ones, for instance {.code relm_prior(beta = normal(0, 10), sd =
               half_normal(1), sigma = half_normal(1))}.")
  }
  model <- sampler_model(posterior, "uncentered")
  precision <- model$prior_precision
  constant <- -posterior$n_rows / 2 * log(2 * pi) + sum(cells_of(posterior)$log_weights) / 2 +
    if (length(precision)) log_det_of(precision) / 2 else 0
  list(posterior = posterior, model = model, constant = constant, threads = threads,
       blocks = blocks_of_step(posterior))
}

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

# What each of its parameters is.
integrated_parts <- function(posterior) {
  part <- parameters_of(posterior)$part
  unlist(lapply(c("sd", "cor", "sigma"), function(own) part[part == own]))
}

# Its parameters: standard deviations, partial correlations on the scale of atanh(), residual
# standard deviations. Each is a matrix with a row for each point.
split_point <- function(points, integrand) {
  part <- integrated_parts(integrand$posterior)
  list(sd = points[, part == "sd", drop = FALSE], z = points[, part == "cor", drop = FALSE],
       sigma = points[, part == "sigma", drop = FALSE])
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
  L <- covariance_factors(point, integrand$blocks, ncol(point$sd))
  evidence <- .Call(ffi_log_evidence, integrand$model, L, t(point$sigma), integrand$threads)
  if (anyNA(evidence)) rlang::interrupt()
  value <- integrand$constant + evidence
  for (s in seq_len(ncol(point$sigma))) {
    value <- value + log_scale_prior(posterior$prior$sigma, point$sigma[, s])
  }
  pairs <- pairs_of_blocks(block_sizes(integrand$blocks))
  for (b in seq_along(pairs)) {
    block <- integrand$blocks[[b]]
    value <- value + log_block_prior(block, point$sd[, block$columns, drop = FALSE],
                                     point$z[, pairs[[b]], drop = FALSE], L)
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
  hyper <- t(drawn_hyper_all(fit))
  own <- function(part) hyper[, places_by_step(posterior, part), drop = FALSE]
  sizes <- block_sizes(blocks_of_step(posterior))
  cbind(own("sd"), partial_coordinates(own("cor"), sizes), own("sigma"))
}

# Upper bounds of the parameters; lower ones are 0, or -Inf of z.
upper_bounds <- function(integrand) {
  posterior <- integrand$posterior
  part <- integrated_parts(posterior)
  upper <- rep(Inf, length(part))
  for (block in integrand$blocks) {
    upper[part == "sd"][block$columns] <- block$variance["upper", ]
  }
  upper[part == "sigma"] <- posterior$sigma[["upper"]]
  upper
}

lower_bounds <- function(integrand) {
  ifelse(integrated_parts(integrand$posterior) == "cor", -Inf, 0)
}

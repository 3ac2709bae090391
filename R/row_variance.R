# The variance of a row's response in parts, as insight::get_variance() has it.

# Draws of the parts of the variance of a row's response, over the rows of the fit.
variance_draws <- function(fit) {
  posterior <- fit$posterior
  design <- design_of(fit, "get_variance()")
  rows <- design_rows(design)
  rows$X <- rows$X[, posterior$fixed, drop = FALSE]
  beta <- hyper_matrix(fit, shown_places_of(posterior, "b"))
  fixed <- rowSums((beta %*% stats::var(rows$X)) * beta)
  of_groupings <- lapply(groupings_of(posterior), function(grouping) {
    Z <- Z_of_grouping(rows$Z, grouping)
    random_variance(grouping, fit, crossprod(Z) / nrow(Z))
  })
  by_row <- are_of_rows(fit)
  distribution <- if (is_linear(fit)) residual_variance(fit, design, rows$weights)
    else distribution_variance(fit, rows, beta)
  dispersion <- Reduce(`+`, lapply(of_groupings[by_row], `[[`, "var.random"), 0 * distribution)
  c(list(var.fixed = fixed, var.residual = distribution + dispersion,
         var.distribution = distribution, var.dispersion = dispersion),
    join_variances(of_groupings[!by_row]))
}

# Which groupings have a group for each row: beside a family without a scale parameter their effects
# are no groups', but an overdispersion of the rows (Nakagawa, Johnson and Schielzeth 2017).
are_of_rows <- function(fit) {
  vapply(groupings_of(fit$posterior), function(grouping) {
    is.null(family_of(fit)$scale) && length(grouping$groups) == nrow(fit$design$frame)
  }, NA)
}

# The variance on the link's scale of a row's response given its linear predictor. Of counts, whose
# link is the logarithm, it depends on their mean: that over rows with all group effects integrated
# out, exp(x'b + z'Sigma z / 2).
distribution_variance <- function(fit, rows, beta) {
  family <- family_of(fit)
  n_draws <- nrow(beta)
  if (family$weights == "trials") return(rep(family$latent_variance(), n_draws))
  scale <- hyper_matrix(fit, shown_places_of(fit$posterior, family$scale))
  total <- times <- 0
  for (block in split_columns(seq_along(rows$y), n_draws)) {
    eta <- tcrossprod(beta, rows$X[block, , drop = FALSE])
    if (!is.null(rows$offset)) eta <- eta + rep(rows$offset[block], each = n_draws)
    for (grouping in groupings_of(fit$posterior)) {
      Z <- Z_of_grouping(rows$Z[block, , drop = FALSE], grouping)
      eta <- eta + effect_variances(grouping, fit, Z) / 2
    }
    often <- if (is.null(rows$times)) rep(1, length(block)) else rows$times[block]
    total <- total + as.numeric(exp(eta) %*% often)
    times <- times + sum(often)
  }
  family$latent_variance(total / times, as.numeric(scale))
}

# z' Sigma z of each row of Z: draws x rows.
effect_variances <- function(grouping, fit, Z) {
  posterior <- fit$posterior
  sd <- hyper_matrix(fit, shown_places_of(posterior, "sd", grouping$name))
  total <- tcrossprod(sd^2, Z^2)
  pairs <- correlated_columns(grouping$random$block)
  correlation <- hyper_matrix(fit, shown_places_of(posterior, "cor", grouping$name))
  for (k in seq_along(pairs$first)) {
    product <- correlation[, k] * sd[, pairs$first[k]] * sd[, pairs$second[k]]
    total <- total + 2 * outer(product, Z[, pairs$first[k]] * Z[, pairs$second[k]])
  }
  total
}

# Mean over rows of sigma^2 / w, times that of a t variable with its degrees of freedom: Inf up to two.
residual_variance <- function(fit, design, weights) {
  posterior <- fit$posterior
  if (is_student(fit)) {
    df <- as.numeric(hyper_matrix(fit, shown_places_of(posterior, "df")))
    return(scale_variance(fit, design, weights) * ifelse(df > 2, df / (df - 2), Inf))
  }
  scale_variance(fit, design, weights)
}

scale_variance <- function(fit, design, weights) {
  posterior <- fit$posterior
  if (is.null(weights)) weights <- rep(1, nrow(design$frame))
  sigma2 <- hyper_matrix(fit, shown_places_of(posterior, "sigma"))^2
  if (!has_strata(posterior)) return(as.numeric(sigma2) * mean(1 / weights))
  level <- group_levels(factors_of(design)$sigma)$index
  share <- tapply(1 / weights, level, sum) / length(weights)
  as.numeric(sigma2 %*% share)
}

# moment: Z'Z / n. The mean over rows of z' Sigma z is trace(Sigma Z'Z / n).
random_variance <- function(grouping, fit, moment) {
  posterior <- fit$posterior
  group <- grouping$name
  columns <- grouping$random$column
  sd <- hyper_matrix(fit, shown_places_of(posterior, "sd", group))
  total <- as.numeric(sd^2 %*% diag(moment))
  pairs <- correlated_columns(grouping$random$block)
  correlation <- hyper_matrix(fit, shown_places_of(posterior, "cor", group))
  products <- correlation * sd[, pairs$first, drop = FALSE] * sd[, pairs$second, drop = FALSE]
  total <- total + 2 * as.numeric(products %*% moment[cbind(pairs$first, pairs$second)])
  intercept <- columns == "(Intercept)"
  with_intercept <- intercept[pairs$first]
  variance <- function(chosen, names) {
    if (any(chosen)) {
      structure(sd[, chosen, drop = FALSE]^2, dimnames = list(NULL, names))
    }
  }
  correlations <- correlation[, with_intercept, drop = FALSE]
  colnames(correlations) <- rep(group, ncol(correlations))
  list(var.random = total,
       var.intercept = variance(intercept, rep(group, sum(intercept))),
       var.slope = variance(!intercept, paste0(group, ".", columns[!intercept])),
       cor.slope_intercept = if (any(with_intercept)) correlations)
}

# Of all groupings, whose effects are independent: the sum of their variances, and the rest beside
# each other.
join_variances <- function(parts) {
  if (length(parts) == 0) return(list())
  each <- function(name) lapply(parts, `[[`, name)
  joined <- lapply(c("var.intercept", "var.slope", "cor.slope_intercept"), function(name) {
    do.call(cbind, each(name))
  })
  names(joined) <- c("var.intercept", "var.slope", "cor.slope_intercept")
  c(list(var.random = Reduce(`+`, each("var.random"))), Filter(Negate(is.null), joined))
}

# Starting points, spread more widely than the posterior.

# Steps of EM: enough for the scale of every standard deviation, which is all that a
# starting point needs. They end when the variances settle to a hundredth.
em_steps <- 15L
em_settled <- 0.01

# An estimate of Sigma, a list by grouping, and sigma2 in the uncentered coordinates of `model`,
# with the coefficients given them, and how much information there is on each standard deviation.
estimate_scales <- function(model) {
  if (length(model$groupings) > 1) return(estimate_one_by_one(model))
  rough <- rough_variance(model)
  # Rows that are all as their shift leave nothing to begin with.
  if (rough == 0) rough <- c(stats::na.omit(prior_variance(model$sigma_prior)), 1)[1]
  sigma2 <- rep(rough, model$n_strata)
  if (isTRUE(model$deficient)) model <- with_prior_rows(model, sigma2[1])
  # Those that are known, too, are what their prior says.
  unseen <- if (is_fixed_sigma(model$sigma_prior)) 1L else unseen_variances(model)
  if (length(unseen)) sigma2[unseen] <- prior_variance(model$sigma_prior)
  Sigma <- lapply(model$groupings, rough_covariance, model, sigma2[1])
  outside <- lapply(model$groupings, outside_blocks)
  grouped <- length(Sigma) > 0
  before <- Inf
  for (round in seq_len(if (grouped) em_steps else 2L)) {
    em <- em_step(model, Sigma, sigma2)
    least <- 1e-8 * sigma2
    sigma2 <- em$sum_of_squares / model$stratum_rows
    if (isTRUE(any(sigma2 < least))) sigma2 <- pmax(sigma2, least)
    if (length(unseen)) sigma2[unseen] <- prior_variance(model$sigma_prior)
    if (grouped) {
      Sigma <- em$moment
      for (g in which(lengths(outside) > 0)) Sigma[[g]][outside[[g]]] <- 0
      variances <- c(unlist(lapply(Sigma, diag)), sigma2)
      if (all(abs(variances - before) <= em_settled * variances)) break
      before <- variances
    }
  }
  c(em, list(Sigma = Sigma, sigma2 = sigma2))
}

# Of several groupings: each as if it were alone, with what it leaves for sigma2 and the coefficients
# given that which leaves the least.
estimate_one_by_one <- function(model) {
  estimates <- lapply(seq_along(model$groupings), function(g) estimate_scales(model_of_one(model, g)))
  left <- vapply(estimates, function(estimate) mean(log(estimate$sigma2)), 0)
  best <- estimates[[which.min(left)]]
  best$Sigma <- unlist(lapply(estimates, `[[`, "Sigma"), recursive = FALSE)
  best$effective <- unlist(lapply(estimates, `[[`, "effective"), recursive = FALSE)
  best
}

# A model with one of its groupings.
model_of_one <- function(model, g) {
  model$stratum_factor <- model$groupings[[g]]$stratum_factor
  model$groupings <- model$groupings[g]
  model$steps <- list(list(groupings = 0L))
  model
}

em_step <- function(model, Sigma, sigma2) {
  em <- call_kernel(.Call(ffi_em_step, model, Sigma, sigma2))
  if (is.null(em)) rlang::interrupt()
  em
}

# EM has flat coefficients. Where columns depend on each other, the priors of their coefficients are
# rows of the data.
with_prior_rows <- function(model, sigma2) {
  p <- model$n_coef
  rows <- cbind(matrix(model$to_beta, p), model$beta_mean - model$beta_shift) *
    sqrt(sigma2 * model$beta_precision)
  first <- matrix(array(model$stratum_factor, c(p + 1, p + 1, model$n_strata))[, , 1], p + 1)
  model$stratum_factor[seq_len((p + 1)^2)] <- qr_factor(rbind(first, rows))
  model$stratum_gram[seq_len(p^2)] <- model$stratum_gram[seq_len(p^2)] +
    sigma2 * as.numeric(model$prior_precision)
  model
}

rough_variance <- function(model) {
  squares <- sum(slice_last(model$stratum_factor)^2)
  for (grouping in model$groupings) squares <- squares + sum(slice_last(grouping$cell_factor)^2)
  squares / sum(model$stratum_rows)
}

# The residual variances of which the data say nothing, since the coefficients fit their rows but
# for rounding: all that is known of these is the prior.
unseen_variances <- function(model) {
  if (is.na(prior_variance(model$sigma_prior))) return(integer())
  squares <- colSums(matrix(slice_last(model$stratum_factor)^2, ncol = model$n_strata))
  for (grouping in model$groupings) {
    own <- colSums(matrix(slice_last(grouping$cell_factor)^2, ncol = grouping$n_cells))
    stratum <- factor(grouping$cell_stratum + 1L, seq_len(model$n_strata))
    squares <- squares + tapply(own, stratum, sum, default = 0)
  }
  # What the coefficients that stay fit, which are orthonormal.
  fitted <- sum((matrix(model$from_beta, model$n_coef) %*% model$beta_shift)^2)
  which(squares <= 1e-24 * (fitted + sum(squares)) / sum(model$stratum_rows) * model$stratum_rows)
}

# A variance that the prior of a standard deviation, as encode_scale() has it, finds likely; NA
# where it knows no scale.
prior_variance <- function(prior) {
  with_scale <- scale_kinds[c("half_t", "half_normal", "exponential", "fixed")]
  if (prior[["kind"]] %in% with_scale) return(prior[["scale"]]^2)
  if (prior[["rate"]] > 0) return(prior[["rate"]] / prior[["shape"]])
  if (is.finite(prior[["upper"]])) (prior[["upper"]] / 2)^2 else NA
}

# Each effect moves the response about as much as the residual does.
rough_covariance <- function(grouping, model, sigma2) {
  q <- grouping$n_random
  squares <- vapply(seq_len(q), function(k) sum(grouping$cell_factor[, k, ]^2), 0) /
    sum(model$stratum_rows)
  diag(sigma2 / ifelse(squares > 0, squares, 1), q)
}

# Elements of a covariance matrix that lie in no block.
outside_blocks <- function(grouping) {
  q <- grouping$n_random
  outside <- matrix(TRUE, q, q)
  for (block in grouping$blocks) {
    columns <- block$first + seq_len(block$size)
    outside[columns, columns] <- FALSE
  }
  which(outside)
}

# One starting point, by R's generator: log standard deviations and coefficients are
# spread by twice their approximate posterior standard deviations.
draw_start <- function(model, estimate) {
  Sigma <- Map(spread_covariance, model$groupings, estimate$Sigma, estimate$effective)
  sigma2 <- estimate$sigma2 *
    exp(4 / sqrt(2 * model$stratum_rows) * stats::rnorm(model$n_strata))
  sigma2 <- pmin(sigma2, (0.99 * sigma_bound(model))^2)
  if (is_fixed_sigma(model$sigma_prior)) sigma2 <- estimate$sigma2
  theta <- draw_coefficients(estimate)
  beta <- as.numeric(matrix(model$to_beta, length(theta)) %*% theta) + model$beta_shift
  list(beta = beta, Sigma = Sigma, sigma2 = sigma2)
}

spread_covariance <- function(grouping, Sigma, effective) {
  spread <- exp(2 / sqrt(2 * pmax(effective, 0.5)) * stats::rnorm(grouping$n_random))
  Sigma <- Sigma * tcrossprod(spread)
  Sigma * tcrossprod(pmin(1, 0.99 * sd_bounds(grouping) / sqrt(diag(Sigma))))
}

draw_coefficients <- function(estimate) {
  p <- length(estimate$theta)
  if (p == 0) return(numeric())
  decomposition <- eigen(estimate$precision, symmetric = TRUE)
  values <- pmax(decomposition$values, 1e-12 * max(decomposition$values))
  estimate$theta +
    2 * as.numeric(decomposition$vectors %*% (stats::rnorm(p) / sqrt(values)))
}

# Where a chain starts; NULL for a random start.
initial_state <- function(plan, chain) {
  if (length(plan$init)) plan$init[[(chain - 1L) %% length(plan$init) + 1L]]
}

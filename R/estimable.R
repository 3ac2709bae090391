# Which predictions have a variance.
#
# With few groups, standard deviations of group effects have no second moment, nor have
# coefficients that the data cannot tell from these effects. But as a standard deviation grows,
# the posterior goes over to that of a model in which its effects are free, and there x'b + z'gamma
# keeps a variance in proportion to sigma^2 if (x, z) is a combination of the rows of the data: if
# it is estimable.

rows_have_variance <- function(plan) {
  n_rows <- nrow(plan$rows$frame)
  exists <- if (all(parameter_tails(plan$fit$posterior) > 3)) rep(TRUE, n_rows)
    else means_have_variance(plan, n_rows)
  if (plan$residual) exists & residuals_have_variance(plan) else exists
}

means_have_variance <- function(plan, n_rows) {
  posterior <- plan$fit$posterior
  p <- length(posterior$fixed)
  heavy <- c(tails_of_part(posterior, "b"), tails_of_part(posterior, "sd")) <= 3
  exists <- logical(n_rows)
  beside <- beside_groups(posterior)
  for (rows in plan$blocks) {
    matrices <- block_matrices(plan, rows)
    Z <- matrix(0, length(rows), n_random(posterior))
    if (!is.null(matrices$Z)) Z[, plan$columns] <- matrices$Z
    own <- cbind(matrices$X, Z)
    exists[rows] <- rowSums(own[, heavy, drop = FALSE] != 0) == 0
    for (group in unique(plan$rows$group$code[rows])) {
      there <- plan$rows$group$code[rows] == group & !exists[rows]
      if (group > n_groups(posterior) || !any(there)) next
      exists[rows[there]] <- are_estimable(own[there, , drop = FALSE], posterior, group, beside)
    }
  }
  exists
}

# Which rows count for what is estimable: those with a residual variance that has a mean.
counting_strata <- function(posterior) tails_of_part(posterior, "sigma") > 3

# What combinations of rows there are of [X Z] with nothing in Z.
beside_groups <- function(posterior) {
  p <- length(posterior$fixed)
  if (p == 0) return(matrix(0, 0, n_random(posterior)))
  strata <- strata_of(posterior)$factor[, seq_len(p), counting_strata(posterior), drop = FALSE]
  factor <- qr_factor(rbind(matrix(aperm(strata, c(1, 3, 2)), ncol = p), matrix(0, 1, p)))
  cbind(factor, matrix(0, nrow(factor), n_random(posterior)))
}

# Is each of these rows of [X Z] a combination of rows of the data, where Z is that of a group?
are_estimable <- function(rows, posterior, group, beside) {
  q <- n_random(posterior)
  p <- length(posterior$fixed)
  cells <- which(cells_of(posterior)$group == group &
                   counting_strata(posterior)[cells_of(posterior)$stratum])
  factor <- cells_of(posterior)$factor[, c(q + seq_len(p), seq_len(q)), cells, drop = FALSE]
  data <- rbind(matrix(aperm(factor, c(1, 3, 2)), ncol = p + q), beside)
  lengths <- sqrt(colSums(data^2))
  lengths[lengths == 0] <- 1
  directions <- svd(t(data) / lengths, nv = 0)
  basis <- directions$u[, directions$d > 1e-8, drop = FALSE]
  scaled <- t(shift_rows(rows, posterior)) / lengths
  beyond <- scaled - basis %*% crossprod(basis, scaled)
  sqrt(colSums(beyond^2)) <= 1e-6 * sqrt(colSums(scaled^2))
}

residuals_have_variance <- function(plan) {
  posterior <- plan$fit$posterior
  tails <- tails_of_part(posterior, "sigma")
  level <- plan$rows$level$code
  if (is.null(level)) return(tails > 3)
  new_exists <- if (plan$new_sigma == "prior") prior_has_variance(posterior$prior$sigma)
    else all(tails > 3)
  c(tails > 3, rep(new_exists, length(plan$rows$level$new)))[level]
}

# Has a standard deviation with this prior a second moment? Pooled, sigma^2 is nu s^2 / chi^2_nu,
# without a mean for nu <= 2, which is always possible.
prior_has_variance <- function(prior) {
  switch(prior$name,
    half_t = prior$parameters$df > 2,
    inverse_gamma = prior$parameters$shape > 1,
    half_cauchy = , pooled = , jeffreys = FALSE,
    uniform = is.finite(prior$parameters$upper),
    TRUE
  )
}

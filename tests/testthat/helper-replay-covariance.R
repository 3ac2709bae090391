# Covariance matrices of group effects in plain R, drawn as helper-replay.R wants them.

draw_Sigma <- function(data, prior, gamma, Sigma) {
  for (k in seq_along(data$blocks)) {
    m <- data$blocks[[k]]
    S <- crossprod(gamma[, m, drop = FALSE])
    if (length(m) == 1) {
      Sigma[m, m] <- draw_variance(nrow(gamma), drop(S), prior$sd[[m]])
    } else {
      Sigma[m, m] <- draw_covariance(nrow(gamma), S, prior$cov[[k]], prior$sd[m],
                                     Sigma[m, m])
    }
  }
  Sigma
}

# Under LKJ(eta) and flat standard deviations the conditional density is
# IW(J - 1, S) times |R|^(r/2 + eta - 1), R being the correlation matrix; other
# standard deviations multiply it by their densities.
draw_covariance <- function(J, S, prior, sd, current) {
  r <- nrow(S)
  if (prior$type == "inverse_wishart") {
    return(draw_inverse_wishart(J + prior$df, S + prior$scale))
  }
  if (prior$type == "huang_wand") {
    scale <- vapply(sd, function(own) own$parameters$scale, 0)
    a <- 1 / rgamma(r, (prior$df + r) / 2,
                    scale = 1 / (prior$df * diag(solve(current)) + 1 / scale^2))
    return(draw_inverse_wishart(prior$df + r - 1 + J, S + 2 * prior$df * diag(1 / a)))
  }
  log_weight <- function(Sigma) {
    (r / 2 + prior$eta - 1) * log(det(cov2cor(Sigma))) +
      sum(mapply(log_sd_density, sd, sqrt(diag(Sigma))))
  }
  if (!all(vapply(sd, is_flat, NA))) {
    return(draw_lkj(J, S, prior$eta, sd, current, log_weight))
  }
  for (attempt in 1:1000) {
    proposal <- draw_inverse_wishart(J - 1, S)
    if (log(runif(1)) < log_weight(proposal)) return(proposal)
  }
  current
}

# Three independent proposals, then each standard deviation and each correlation.
draw_lkj <- function(J, S, eta, sd, Sigma, log_weight) {
  r <- nrow(S)
  for (i in seq_len(if (J > r) 3 else 0)) {
    proposal <- draw_inverse_wishart(J - 1, S)
    if (log(runif(1)) < log_weight(proposal) - log_weight(Sigma)) Sigma <- proposal
  }
  for (k in seq_len(r)) Sigma <- draw_one_scale(J, S, sd[[k]], k, Sigma)
  for (k in seq_len(r)[-1]) {
    for (l in seq_len(k - 1)) Sigma <- draw_one_correlation(J, S, eta, k, l, Sigma)
  }
  Sigma
}

# The k-th standard deviation is tau / x: the density of x is the likelihood's, the prior's
# and the Jacobian's, whatever of them does not depend on x left out.
draw_one_scale <- function(J, S, own, k, Sigma) {
  K <- solve(Sigma)
  tau <- sqrt(Sigma[k, k])
  cross <- sum(K[k, -k] * S[k, -k])
  # Derivatives of the prior in log s.
  prior <- function(x) sd_derivatives(own, tau / x)
  upper <- if (own$name == "uniform") own$parameters$upper else Inf
  x <- draw_log_concave(
    value = function(x) {
      J * log(x) - K[k, k] * S[k, k] * x^2 / 2 - cross * x +
        log_sd_density(own, tau / x, bounded = FALSE) - 2 * log(x)
    },
    slope = function(x) (J - 2 - prior(x)[1]) / x - K[k, k] * S[k, k] * x - cross,
    curvature = function(x) (prior(x)[2] + prior(x)[1] - J + 2) / x^2 - K[k, k] * S[k, k],
    start = 1, lower = tau / upper)
  D <- replace(rep(1, nrow(S)), k, 1 / x)
  Sigma * tcrossprod(D)
}

# A slice over the partial correlation, from its whole range.
draw_one_correlation <- function(J, S, eta, k, l, Sigma) {
  a <- c(l, k)
  b <- setdiff(seq_len(nrow(S)), a)
  explained <- matrix(0, 2, 2)
  if (length(b)) explained <- matrix(Sigma[a, b], 2) %*% solve(Sigma[b, b]) %*% t(matrix(Sigma[a, b], 2))
  M <- Sigma[a, a] - explained
  at <- function(u) {
    C <- Sigma
    C[k, l] <- C[l, k] <- explained[1, 2] + u * sqrt(M[1, 1] * M[2, 2])
    (eta - 1) * log(det(cov2cor(C))) - J / 2 * log(det(C)) - sum(diag(solve(C, S))) / 2
  }
  u <- M[1, 2] / sqrt(M[1, 1] * M[2, 2])
  level <- at(u) + log(runif(1))
  ends <- c(-1, 1)
  repeat {
    new <- ends[1] + diff(ends) * runif(1)
    if (at(new) > level) break
    ends[(new > u) + 1] <- new
  }
  Sigma[k, l] <- Sigma[l, k] <- explained[1, 2] + new * sqrt(M[1, 1] * M[2, 2])
  Sigma
}

# Bartlett: L (A A')^-1 L', with S = L L' and A A' from W(df, I).
draw_inverse_wishart <- function(df, S) {
  A <- 0 * S
  for (k in seq_len(nrow(S))) {
    A[k, k] <- sqrt(rchisq(1, df - k + 1))
    for (l in seq_len(k - 1)) A[k, l] <- rnorm(1)
  }
  tcrossprod(t(chol(S)) %*% solve(t(A)))
}

# log p(Sigma) of a covariance matrix.
log_matrix_prior <- function(Sigma, cov, sd) {
  r <- nrow(Sigma)
  K <- solve(Sigma)
  if (cov$type == "inverse_wishart") {
    return(-(cov$df + r + 1) / 2 * log(det(Sigma)) - sum(diag(cov$scale %*% K)) / 2)
  }
  scale <- vapply(sd, function(own) own$parameters$scale, 0)
  -(cov$df + 2 * r) / 2 * log(det(Sigma)) -
    (cov$df + r) / 2 * sum(log(cov$df * diag(K) + 1 / scale^2))
}

# The model's densities by dense linear algebra, rows and covariance matrices written out.

log_normal <- function(y, mean, V) {
  U <- chol(V)
  z <- backsolve(U, y - mean, transpose = TRUE)
  -sum(log(diag(U))) - length(y) / 2 * log(2 * pi) - sum(z^2) / 2
}

# The rows of one group: y, X beta and the covariance matrix with the group effects
# integrated out. state: beta, Sigma, sigma2 (one for each level).
dense_group <- function(rows, state, own) {
  Z <- rows$Z[own, , drop = FALSE]
  list(y = rows$y[own], mean = as.numeric(rows$X[own, , drop = FALSE] %*% state$beta),
       V = Z %*% state$Sigma %*% t(Z) +
         diag(state$sigma2[rows$level[own]] / rows$w[own], length(own)))
}

dense_group_log_lik <- function(rows, state, group) {
  one <- dense_group(rows, state, which(rows$group == group))
  log_normal(one$y, one$mean, one$V)
}

# Mean and standard deviation of row i given the other rows of its group.
dense_left_out <- function(rows, state, i) {
  own <- which(rows$group == rows$group[i])
  one <- dense_group(rows, state, own)
  k <- match(i, own)
  if (length(own) == 1) return(c(one$mean, sqrt(one$V)))
  weight <- solve(one$V[-k, -k, drop = FALSE], one$V[-k, k])
  c(one$mean[k] + sum(weight * (one$y - one$mean)[-k]),
    sqrt(one$V[k, k] - sum(weight * one$V[-k, k])))
}

# Any hyperparameters for a posterior, as states and as columns of draws; the third draw has no
# variation between groups.
any_states <- function(posterior, n = 4, seed = 1) {
  set.seed(seed)
  q <- n_random(posterior)
  n_levels <- max(1, length(posterior$strata$labels))
  states <- lapply(seq_len(n), function(i) {
    A <- crossprod(matrix(rnorm(q * q), q))
    Sigma <- matrix(0, q, q)
    for (block in grouping_of(posterior)$blocks) {
      k <- block$columns
      Sigma[k, k] <- A[k, k]
    }
    list(beta = rnorm(length(posterior$fixed)), Sigma = if (i == 3) 0 * Sigma else Sigma,
         sigma2 = exp(rnorm(n_levels)))
  })
  hyper <- vapply(states, function(state) {
    sd <- sqrt(diag(state$Sigma))
    correlations <- lapply(grouping_of(posterior)$blocks, function(block) {
      k <- block$columns
      scale <- tcrossprod(sd[k])
      C <- state$Sigma[k, k] / ifelse(scale > 0, scale, 1)
      C[upper.tri(C)]
    })
    c(state$beta, sd, unlist(correlations), sqrt(state$sigma2))
  }, numeric(sum(posterior$parameters$part != "pool")))
  sigma <- vapply(states, function(state) sqrt(state$sigma2), numeric(n_levels))
  list(states = states, given = list(hyper = hyper, sigma = matrix(sigma, n_levels)))
}

# log|V W|, r^2 and log p(L | y) up to a constant, from the n x n covariance V.
dense_marginal <- function(posterior, L) {
  rows <- replay_data(posterior)
  V <- diag(1 / rows$w)
  for (j in unique(rows$group)) {
    own <- rows$group == j
    V[own, own] <- V[own, own] + tcrossprod(rows$Z[own, , drop = FALSE] %*% L)
  }
  U <- chol(V)
  X <- backsolve(U, rows$X, transpose = TRUE)
  y <- backsolve(U, rows$y, transpose = TRUE)
  fit <- qr(X)
  log_det <- 2 * sum(log(diag(U))) + sum(log(rows$w))
  r2 <- sum(qr.resid(fit, y)^2)
  df <- length(y) - ncol(X) - ncol(rows$Z)
  c(log_det = log_det, r2 = r2,
    log_density = -log_det / 2 - sum(log(abs(diag(qr.R(fit))))) - df / 2 * log(r2))
}

ours_at <- function(model, L) {
  at <- marginal_at(model, L)
  corner <- at$root[nrow(at$root), ncol(at$root)]
  c(log_det = at$log_det, r2 = corner^2, log_density = at$log_density)
}

# The target of a posterior is the dense one, up to a constant, at L of these sizes: that many times
# a triangle of standard normals over a number.
expect_dense_target <- function(posterior, sizes, tolerance, over = 1) {
  model <- model_of(posterior)
  q <- grouping_in(model)$n_random
  set.seed(4)
  unit <- matrix(rnorm(q^2), q) / over
  unit[upper.tri(unit)] <- 0
  origin <- NULL
  for (size in sizes) {
    ours <- ours_at(model, size * unit)
    theirs <- dense_marginal(posterior, size * unit)
    if (is.null(origin)) origin <- ours[["log_density"]] - theirs[["log_density"]]
    ours[["log_density"]] <- ours[["log_density"]] - origin
    expect_lt(max(abs(ours - theirs) / pmax(1, abs(theirs))), tolerance)
  }
}

# log p(L, log sigma | y) from the dense covariance of y, a normal prior of beta in it; priors
# of tau, C and sigma by the textbook.
dense_joint <- function(posterior, tau, C, sigma) {
  rows <- replay_data(posterior)
  Sigma <- C * tcrossprod(tau)
  prior_sd <- 1 / sqrt(posterior$beta$precision)
  V <- diag(sigma^2 / rows$w) + rows$X %*% (prior_sd^2 * t(rows$X))
  for (j in unique(rows$group)) {
    own <- rows$group == j
    Z <- rows$Z[own, , drop = FALSE]
    V[own, own] <- V[own, own] + Z %*% Sigma %*% t(Z)
  }
  U <- chol(V)
  e <- backsolve(U, rows$y - rows$X %*% posterior$beta$mean, transpose = TRUE)
  log_prior <- 0
  for (block in grouping_of(posterior)$blocks) {
    m <- block$columns
    own <- Sigma[m, m, drop = FALSE]
    log_prior <- log_prior + switch(block$kind,
      variance = -(2 * block$variance["shape", ] + 1) * log(tau[m]) - block$variance["rate", ] / tau[m]^2,
      lkj = (block$parameter - 1) * log(det(cov2cor(own))),
      inverse_wishart = -(block$parameter + length(m) + 1) / 2 * log(det(own)) -
        sum(diag(block$scale %*% solve(own))) / 2 + length(m) * sum(log(tau[m]))
    )
  }
  prior <- posterior$sigma
  # In log sigma and in lambda = tau / sigma.
  -sum(log(diag(U))) - sum(e^2) / 2 + log_prior - 2 * prior[[1]] * log(sigma) -
    prior[[2]] / sigma^2 + length(tau) * log(sigma)
}

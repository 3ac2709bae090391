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
  q <- nrow(posterior$random)
  n_levels <- max(1, length(posterior$levels))
  states <- lapply(seq_len(n), function(i) {
    A <- crossprod(matrix(rnorm(q * q), q))
    Sigma <- matrix(0, q, q)
    for (block in posterior$blocks) {
      k <- block$columns
      Sigma[k, k] <- A[k, k]
    }
    list(beta = rnorm(length(posterior$fixed)), Sigma = if (i == 3) 0 * Sigma else Sigma,
         sigma2 = exp(rnorm(n_levels)))
  })
  hyper <- vapply(states, function(state) {
    sd <- sqrt(diag(state$Sigma))
    correlations <- lapply(posterior$blocks, function(block) {
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

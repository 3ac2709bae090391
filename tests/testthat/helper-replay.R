# Gibbs samplers in plain R, from normal equations on the raw rows, drawing
# variates in the same order as the C samplers. The model is
#   y_i = x_i' beta + z_i' gamma_group(i) + e_i,
#   e_i ~ N(0, sigma2_level(i) / w_i),  gamma_j ~ N(0, Sigma).
#
# data   list(y, X, Z, group, level, w, blocks, paired). Sigma is diagonal over
#        `blocks`; `paired[k]` is the column of X equal to Z[, k], or NA.
# prior  list(beta_precision, beta_mean, sd, cov, sigma). `sd` has an element
#        per column of Z, read for blocks of size one; `cov` an element per
#        block, read for the others. `sigma` and the elements of `sd` are
#        list(shape, rate, upper): inverse gamma on the square, below upper^2.
# start  list(beta, Sigma, sigma2).
# group_order, level_order  the orders in which groups and levels are drawn.
#
# Returns list(beta, Sigma, sigma2, gamma), arrays with sweeps first.
replay <- function(data, prior,
                   sampler = c("centered", "uncentered", "interweaved", "common_line"),
                   start, sweeps,
                   group_order = seq_len(max(data$group)),
                   level_order = seq_len(max(data$level))) {
  data$rows <- split(seq_along(data$y), data$group)
  data$group_order <- group_order
  data$level_order <- level_order
  q <- ncol(data$Z)
  draws <- list(
    beta = array(0, c(sweeps, ncol(data$X)), list(NULL, colnames(data$X))),
    Sigma = array(0, c(sweeps, q, q)),
    sigma2 = array(0, c(sweeps, max(data$level))),
    gamma = array(0, c(sweeps, length(data$rows), q))
  )
  make_sweep <- match.fun(paste0("replay_", match.arg(sampler)))
  sweep_once <- make_sweep(data, prior)
  state <- start
  for (t in seq_len(sweeps)) {
    state <- sweep_once(state)
    draws$beta[t, ] <- state$beta
    draws$Sigma[t, , ] <- state$Sigma
    draws$sigma2[t, ] <- state$sigma2
    draws$gamma[t, , ] <- state$gamma
  }
  draws
}

replay_uncentered <- function(data, prior) {
  X <- data$X
  prior_P <- diag(prior$beta_precision, ncol(X))
  prior_h <- prior$beta_precision * prior$beta_mean
  function(state) {
    v <- data$w / state$sigma2[data$level]
    gamma <- draw_groups(data, v, data$y - X %*% state$beta, state$Sigma)
    r <- data$y - group_fit(data, gamma)
    beta <- draw_normal(crossprod(X, v * X) + prior_P,
                        crossprod(X, v * r) + prior_h)
    Sigma <- draw_Sigma(data, prior, gamma, state$Sigma)
    sigma2 <- draw_sigma2(data, prior$sigma, r - X %*% beta)
    list(beta = beta, Sigma = Sigma, sigma2 = sigma2, gamma = gamma)
  }
}

# Draws b_j = mu + gamma_j, where mu holds the coefficients of paired columns.
replay_centered <- function(data, prior) {
  in_z <- which(!is.na(data$paired))
  in_x <- data$paired[in_z]
  free <- setdiff(seq_len(ncol(data$X)), in_x)
  X_free <- data$X[, free, drop = FALSE]

  # beta = to_beta %*% shifted: with a random intercept the free columns are
  # taken about their means, and the shifted intercept absorbs these.
  to_beta <- diag(ncol(data$X))
  intercept <- match("(Intercept)", colnames(data$X))
  if (intercept %in% in_x) {
    means <- colSums(data$w * X_free) / sum(data$w)
    X_free <- sweep(X_free, 2, means)
    to_beta[intercept, free] <- -means
  }
  prior_P <- crossprod(to_beta, prior$beta_precision * to_beta)
  prior_h <- crossprod(to_beta, prior$beta_precision * prior$beta_mean)
  mu <- function(shifted) replace(numeric(ncol(data$Z)), in_z, shifted[in_x])

  function(state) {
    v <- data$w / state$sigma2[data$level]
    shifted <- solve(to_beta, state$beta)
    b <- draw_groups(data, v, data$y - X_free %*% shifted[free], state$Sigma,
                     mu(shifted))
    r <- data$y - group_fit(data, b)
    K <- solve(state$Sigma)
    P <- 0 * to_beta
    P[in_x, in_x] <- nrow(b) * K[in_z, in_z]
    P[free, free] <- crossprod(X_free, v * X_free)
    h <- numeric(nrow(P))
    h[in_x] <- (K %*% colSums(b))[in_z]
    h[free] <- crossprod(X_free, v * r)
    shifted <- draw_normal(P + prior_P, h + prior_h)
    gamma <- sweep(b, 2, mu(shifted))
    Sigma <- draw_Sigma(data, prior, gamma, state$Sigma)
    sigma2 <- draw_sigma2(data, prior$sigma, r - X_free %*% shifted[free])
    list(beta = drop(to_beta %*% shifted), Sigma = Sigma, sigma2 = sigma2,
         gamma = gamma)
  }
}

# The uncentered state; beta and the scales s of [X, Z diag(gamma)] jointly, then beta again
# given beta + gamma.
replay_interweaved <- function(data, prior) {
  X <- data$X
  p <- ncol(X)
  q <- ncol(data$Z)
  if (q == 0) return(replay_uncentered(data, prior))
  D <- diag(prior$beta_precision, p)
  prior_h <- prior$beta_precision * prior$beta_mean
  in_z <- which(!is.na(data$paired))
  in_x <- data$paired[in_z]
  function(state) {
    Sigma <- state$Sigma
    beta <- state$beta
    v <- data$w / state$sigma2[data$level]
    gamma <- draw_groups(data, v, data$y - X %*% beta, Sigma)
    both <- cbind(X, data$Z * gamma[data$group, , drop = FALSE])
    P <- crossprod(both, v * both)
    P[seq_len(p), seq_len(p)] <- P[seq_len(p), seq_len(p)] + D
    drawn <- draw_normal(P, crossprod(both, v * data$y) + c(prior_h, numeric(q)))
    s <- drawn[p + seq_len(q)]
    weight <- log_scale_prior(s, Sigma, data, prior) -
      log_scale_prior(rep(1, q), Sigma, data, prior, bounded = FALSE)
    uniform <- scales_uniform(data, prior)
    if (uniform || log(runif(1)) < weight) {
      beta <- drawn[seq_len(p)]
      gamma <- sweep(gamma, 2, s, "*")
      Sigma <- Sigma * tcrossprod(s)
    }
    if (!uniform) {
      beta <- draw_normal(crossprod(X, v * X) + D,
                          crossprod(X, v * (data$y - group_fit(data, gamma))) + prior_h)
    }
    if (length(in_x)) {
      K <- solve(Sigma)
      d <- draw_normal(nrow(gamma) * K[in_z, in_z] + D[in_x, in_x],
                       (K %*% colSums(gamma))[in_z] + (prior_h - D %*% beta)[in_x])
      beta[in_x] <- beta[in_x] + d
      gamma[, in_z] <- sweep(gamma[, in_z, drop = FALSE], 2, d)
    }
    Sigma <- draw_Sigma(data, prior, gamma, Sigma)
    sigma2 <- draw_sigma2(data, prior$sigma, data$y - group_fit(data, gamma) - X %*% beta)
    list(beta = beta, Sigma = Sigma, sigma2 = sigma2, gamma = gamma)
  }
}

scales_uniform <- function(data, prior) {
  all(mapply(function(m, cov) {
    if (length(m) > 1) return(cov$type == "lkj")
    identical(unlist(prior$sd[[m]], use.names = FALSE), c(-0.5, 0, Inf))
  }, data$blocks, prior$cov))
}

# Log prior density of diag(s) Sigma diag(s) in Sigma, times |ds|, over that of uniform
# standard deviations and LKJ correlations.
log_scale_prior <- function(s, Sigma, data, prior, bounded = TRUE) {
  sum(mapply(function(m, cov) {
    scaled <- Sigma[m, m, drop = FALSE] * tcrossprod(s[m])
    if (length(m) == 1) {
      own <- prior$sd[[m]]
      tau <- sqrt(drop(scaled))
      if (bounded && tau >= own$upper) return(-Inf)
      return(-(2 * own$shape + 1) * log(tau) - own$rate / tau^2)
    }
    if (cov$type == "lkj") return(0)
    r <- length(m)
    -(cov$df + r + 1) / 2 * log(det(scaled)) - sum(diag(cov$scale %*% solve(scaled))) / 2 +
      r * sum(log(abs(s[m])))
  }, data$blocks, prior$cov))
}

# Without random effects, and with flat beta and one sigma, draws are
# independent: sigma2 from its marginal, then beta given sigma2.
replay_common_line <- function(data, prior) {
  stopifnot(ncol(data$Z) == 0)
  flat <- all(prior$beta_precision == 0)
  if (!flat || max(data$level) > 1) return(replay_uncentered(data, prior))
  X <- data$X
  U <- chol(crossprod(X, data$w * X))
  beta_hat <- chol2inv(U) %*% crossprod(X, data$w * data$y)
  rss <- sum(data$w * (data$y - X %*% beta_hat)^2)
  function(state) {
    sigma2 <- draw_variance(nrow(X) - ncol(X), rss, prior$sigma)
    beta <- drop(beta_hat + sqrt(sigma2) * backsolve(U, rnorm(ncol(X))))
    list(beta = beta, Sigma = state$Sigma, sigma2 = sigma2,
         gamma = matrix(0, length(data$rows), 0))
  }
}

# Row j is from N(M^-1 (K mu + Z_j' V_j r_j), M^-1), M = K + Z_j' V_j Z_j.
draw_groups <- function(data, v, r, Sigma, mu = numeric(ncol(data$Z))) {
  coefs <- matrix(0, length(data$rows), ncol(data$Z))
  if (ncol(data$Z) == 0) return(coefs)
  K <- solve(Sigma)
  for (j in data$group_order) {
    i <- data$rows[[j]]
    Z <- data$Z[i, , drop = FALSE]
    coefs[j, ] <- draw_normal(K + crossprod(Z, v[i] * Z),
                              K %*% mu + crossprod(Z, v[i] * r[i]))
  }
  coefs
}

group_fit <- function(data, coefs) {
  rowSums(data$Z * coefs[data$group, , drop = FALSE])
}

# P^-1 h + U^-1 z, with P = U'U: a draw from N(P^-1 h, P^-1).
draw_normal <- function(P, h) {
  z <- rnorm(length(h))
  U <- chol(P)
  drop(backsolve(U, backsolve(U, h, transpose = TRUE) + z))
}

draw_Sigma <- function(data, prior, gamma, Sigma) {
  for (k in seq_along(data$blocks)) {
    m <- data$blocks[[k]]
    S <- crossprod(gamma[, m, drop = FALSE])
    if (length(m) == 1) {
      Sigma[m, m] <- draw_variance(nrow(gamma), drop(S), prior$sd[[m]])
    } else {
      Sigma[m, m] <- draw_covariance(nrow(gamma), S, prior$cov[[k]],
                                     Sigma[m, m])
    }
  }
  Sigma
}

# Under LKJ(eta) and flat standard deviations the conditional density is
# IW(J - 1, S) times |R|^(r/2 + eta - 1), R being the correlation matrix.
draw_covariance <- function(J, S, prior, current) {
  if (prior$type == "inverse_wishart") {
    return(draw_inverse_wishart(J + prior$df, S + prior$scale))
  }
  power <- nrow(S) / 2 + prior$eta - 1
  for (attempt in 1:1000) {
    proposal <- draw_inverse_wishart(J - 1, S)
    if (log(runif(1)) < power * log(det(cov2cor(proposal)))) return(proposal)
  }
  current
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

draw_sigma2 <- function(data, prior, residual) {
  n <- tabulate(data$level)
  rss <- drop(rowsum(data$w * residual^2, data$level))
  sigma2 <- numeric(length(n))
  for (s in data$level_order) sigma2[s] <- draw_variance(n[s], rss[s], prior)
  sigma2
}

# The variance of `n` normal variates whose squares sum to `ss`: an inverse
# gamma draw, by inversion of the upper tail of its reciprocal if truncated.
draw_variance <- function(n, ss, prior) {
  shape <- n / 2 + prior$shape
  scale <- 1 / (ss / 2 + prior$rate)
  if (is.infinite(prior$upper)) return(1 / rgamma(1, shape, scale = scale))
  log_tail <- log(runif(1)) + pgamma(1 / prior$upper^2, shape, scale = scale,
                                     lower.tail = FALSE, log.p = TRUE)
  1 / qgamma(log_tail, shape, scale = scale, lower.tail = FALSE, log.p = TRUE)
}

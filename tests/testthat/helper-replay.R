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
#        distributions of a standard deviation, list(name, parameters).
# start  list(beta, Sigma, sigma2).
# group_order, level_order  the orders in which groups and levels are drawn.
#
# Returns list(beta, Sigma, sigma2, gamma, pooled), arrays with sweeps first; `pooled` has
# the degrees of freedom and the scale of a pooled prior of sigma, or no columns.
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
    gamma = array(0, c(sweeps, length(data$rows), q)),
    pooled = array(0, c(sweeps, if (prior$sigma$name == "pooled") 2 else 0))
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
    draws$pooled[t, ] <- attr(state$sigma2, "pooled")
  }
  draws
}

replay_uncentered <- function(data, prior) {
  X <- data$X
  prior_P <- diag(prior$beta_precision, ncol(X))
  prior_h <- prior$beta_precision * prior$beta_mean
  function(state) {
    v <- data$w / state$sigma2[data$level]
    gamma <- draw_group_coefs(data, v, data$y - X %*% state$beta, state$Sigma)
    r <- data$y - group_fit(data, gamma)
    beta <- draw_normal(crossprod(X, v * X) + prior_P,
                        crossprod(X, v * r) + prior_h)
    Sigma <- draw_Sigma(data, prior, gamma, state$Sigma)
    sigma2 <- draw_sigma2(data, prior$sigma, r - X %*% beta, state$sigma2)
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
    b <- draw_group_coefs(data, v, data$y - X_free %*% shifted[free], state$Sigma,
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
    sigma2 <- draw_sigma2(data, prior$sigma, r - X_free %*% shifted[free], state$sigma2)
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
    gamma <- draw_group_coefs(data, v, data$y - X %*% beta, Sigma)
    both <- cbind(X, data$Z * gamma[data$group, , drop = FALSE])
    P <- crossprod(both, v * both)
    P[seq_len(p), seq_len(p)] <- P[seq_len(p), seq_len(p)] + D
    drawn <- draw_normal(P, crossprod(both, v * data$y) + c(prior_h, numeric(q)))
    s <- drawn[p + seq_len(q)]
    weight <- log_prior_of_scales(s, Sigma, data, prior) -
      log_prior_of_scales(rep(1, q), Sigma, data, prior, bounded = FALSE)
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
    sigma2 <- draw_sigma2(data, prior$sigma, data$y - group_fit(data, gamma) - X %*% beta,
                          state$sigma2)
    list(beta = beta, Sigma = Sigma, sigma2 = sigma2, gamma = gamma)
  }
}

scales_uniform <- function(data, prior) {
  all(mapply(function(m, cov) {
    cov$type %in% c("variance", "lkj") && all(vapply(prior$sd[m], is_flat, NA))
  }, data$blocks, prior$cov))
}

# Log prior density of diag(s) Sigma diag(s) in Sigma, times |ds|, over that of uniform
# standard deviations and LKJ correlations.
log_prior_of_scales <- function(s, Sigma, data, prior, bounded = TRUE) {
  sum(mapply(function(m, cov) {
    scaled <- Sigma[m, m, drop = FALSE] * tcrossprod(s[m])
    if (cov$type %in% c("variance", "lkj")) {
      return(sum(mapply(log_sd_density, prior$sd[m], sqrt(diag(scaled)), bounded)))
    }
    r <- length(m)
    log_matrix_prior(scaled, cov, prior$sd[m]) + r * sum(log(abs(s[m])))
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
draw_group_coefs <- function(data, v, r, Sigma, mu = numeric(ncol(data$Z))) {
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

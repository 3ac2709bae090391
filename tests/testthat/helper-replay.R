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
    gamma <- draw_groups(data, v, data$y - X %*% state$beta, state$Sigma)
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

is_flat <- function(own) own$name == "uniform" && is.infinite(own$parameters$upper)

# Log prior density of diag(s) Sigma diag(s) in Sigma, times |ds|, over that of uniform
# standard deviations and LKJ correlations.
log_scale_prior <- function(s, Sigma, data, prior, bounded = TRUE) {
  sum(mapply(function(m, cov) {
    scaled <- Sigma[m, m, drop = FALSE] * tcrossprod(s[m])
    if (cov$type %in% c("variance", "lkj")) {
      return(sum(mapply(log_sd_density, prior$sd[m], sqrt(diag(scaled)), bounded)))
    }
    r <- length(m)
    log_matrix_prior(scaled, cov, prior$sd[m]) + r * sum(log(abs(s[m])))
  }, data$blocks, prior$cov))
}

# log p(s) of a standard deviation.
log_sd_density <- function(own, s, bounded = TRUE) {
  with(own$parameters, switch(own$name,
    jeffreys = -log(s),
    uniform = if (bounded && s >= upper) -Inf else 0,
    inverse_gamma = dgamma(1 / s^2, shape, rate, log = TRUE) - 3 * log(s),
    half_t = dt(s / scale, df, log = TRUE),
    half_cauchy = dcauchy(s, 0, scale, log = TRUE),
    half_normal = dnorm(s, 0, scale, log = TRUE),
    exponential = dexp(s, rate, log = TRUE)
  ))
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

draw_sigma2 <- function(data, prior, residual, current) {
  n <- tabulate(data$level)
  rss <- drop(rowsum(data$w * residual^2, data$level))
  sigma2 <- numeric(length(n))
  if (prior$name == "pooled") {
    pooled <- draw_pooled(n, rss, as.numeric(current))
    prior <- list(name = "inverse_gamma",
                  parameters = list(shape = pooled[1] / 2, rate = pooled[1] * pooled[2]^2 / 2))
    attr(sigma2, "pooled") <- pooled
  }
  for (s in data$level_order) sigma2[s] <- draw_variance(n[s], rss[s], prior)
  sigma2
}

# nu and s of sigma_l^2 ~ scaled-inverse-chi^2(nu, s^2), p(s) = 1/s, nu ~ Gamma(2, 0.1): given the
# old sigma, then each given the other and the residuals, which are t-distributed.
draw_pooled <- function(n, rss, sigma2) {
  pooled <- draw_pooled_given_sigma(sigma2)
  nu <- pooled[1]
  # Of residuals e with e'e = rss: prod Gamma((nu + n)/2)/Gamma(nu/2) (nu s^2)^(-n/2)
  # (1 + rss/(nu s^2))^(-(nu + n)/2).
  log_t <- function(nu, s) {
    sum(lgamma((nu + n) / 2) - lgamma(nu / 2) - n / 2 * log(nu * s^2) -
          (nu + n) / 2 * log(1 + rss / (nu * s^2)))
  }
  log_s <- draw_log_concave(
    value = function(t) log_t(nu, exp(t)),
    slope = function(t) sum((nu + n) * rss / (nu * exp(2 * t) + rss) - n),
    curvature = function(t) -2 * nu * sum((nu + n) * rss * exp(2 * t) / (nu * exp(2 * t) + rss)^2),
    start = log(pooled[2]), lower = -Inf)
  at <- function(t) log_t(exp(t), exp(log_s)) + dgamma(exp(t), 2, 0.1, log = TRUE) + t
  c(exp(draw_slice(at, log(nu))), exp(log_s))
}

# Neal's slice sampler, stepping out by 1.
draw_slice <- function(at, x) {
  level <- at(x) + log(runif(1))
  ends <- x - runif(1) + c(0, 1)
  while (at(ends[1]) > level) ends[1] <- ends[1] - 1
  while (at(ends[2]) > level) ends[2] <- ends[2] + 1
  repeat {
    new <- ends[1] + diff(ends) * runif(1)
    if (at(new) > level) return(new)
    ends[(new >= x) + 1] <- new
  }
}

draw_pooled_given_sigma <- function(sigma2) {
  L <- length(sigma2)
  D <- L * log(sum(1 / sigma2)) + sum(log(sigma2))
  log_nu <- draw_log_concave(
    value = function(t) {
      x <- exp(t) / 2
      lgamma(L * x) - L * lgamma(x) - x * D + dgamma(2 * x, 2, 0.1, log = TRUE) + t
    },
    slope = function(t) {
      x <- exp(t) / 2
      x * (L * digamma(L * x) - L * digamma(x) - D) + 2 - 0.2 * x
    },
    curvature = function(t) {
      x <- exp(t) / 2
      x * (L * digamma(L * x) - L * digamma(x) - D) - 0.2 * x +
        x^2 * (L^2 * trigamma(L * x) - L * trigamma(x))
    },
    start = log(10), lower = -Inf)
  nu <- exp(log_nu)
  c(nu, sqrt(rgamma(1, L * nu / 2, scale = 2 / (nu * sum(1 / sigma2)))))
}

# The variance of `n` normal variates whose squares sum to `ss`: an inverse
# gamma draw, by inversion of the upper tail of its reciprocal if truncated; elsewhere
# by the density of log s.
draw_variance <- function(n, ss, prior) {
  if (!prior$name %in% c("jeffreys", "uniform", "inverse_gamma")) {
    log_s <- draw_log_concave(
      value = function(t) (1 - n) * t - ss * exp(-2 * t) / 2 + log_sd_density(prior, exp(t)),
      slope = function(t) 1 - n + ss * exp(-2 * t) + sd_derivatives(prior, exp(t))[1],
      curvature = function(t) -2 * ss * exp(-2 * t) + sd_derivatives(prior, exp(t))[2],
      start = log(ss / max(n, 1)) / 2, lower = -Inf)
    return(exp(2 * log_s))
  }
  own <- switch(prior$name, jeffreys = c(0, 0), uniform = c(-0.5, 0),
                unlist(prior$parameters))
  upper <- if (prior$name == "uniform") prior$parameters$upper else Inf
  shape <- n / 2 + own[[1]]
  scale <- 1 / (ss / 2 + own[[2]])
  if (is.infinite(upper)) return(1 / rgamma(1, shape, scale = scale))
  log_tail <- log(runif(1)) + pgamma(1 / upper^2, shape, scale = scale,
                                     lower.tail = FALSE, log.p = TRUE)
  1 / qgamma(log_tail, shape, scale = scale, lower.tail = FALSE, log.p = TRUE)
}

# First and second derivative of log p(s) in log s.
sd_derivatives <- function(own, s) {
  with(own$parameters, switch(own$name,
    uniform = c(0, 0),
    inverse_gamma = c(-2 * shape - 1 + 2 * rate / s^2, -4 * rate / s^2),
    half_t = -(df + 1) * s^2 / (df * scale^2 + s^2) *
      c(1, 2 * df * scale^2 / (df * scale^2 + s^2)),
    half_cauchy = -2 * s^2 / (scale^2 + s^2) * c(1, 2 * scale^2 / (scale^2 + s^2)),
    half_normal = -s^2 / scale^2 * c(1, 2),
    exponential = -rate * s * c(1, 1)
  ))
}

# Rejection from a hat that is flat between two points and falls exponentially outside them,
# along tangents where the log density is 0.4 to 2.5 below its top.
draw_log_concave <- function(value, slope, curvature, start, lower) {
  mode <- if (is.finite(lower) && is.finite(value(lower)) && slope(lower) <= 0) lower
    else newton_mode(slope, curvature, start, lower)
  top <- value(mode)
  touch <- function(sign, limit) {
    width <- min(sqrt(2) / (sqrt(-curvature(mode)) + abs(slope(mode))), limit / 2)
    if (width == 0) return(NULL)
    near <- 0
    far <- Inf
    repeat {
      x <- mode + sign * width
      fall <- top - value(x)
      if (fall >= 0.4 && fall <= 2.5) return(c(x + fall / slope(x), slope(x)))
      if (fall < 0.4) near <- width else far <- width
      width <- if (is.finite(far)) (near + far) / 2 else 2 * width
      if (width >= limit) return(NULL)
    }
  }
  left <- touch(-1, mode - lower)
  if (is.null(left)) left <- c(lower, Inf)
  right <- touch(1, Inf)
  areas <- c(1 / left[2], right[1] - left[1], -1 / right[2])
  repeat {
    u <- sum(areas) * runif(1)
    log_hat <- 0
    if (u < areas[1]) {
      log_hat <- log(u / areas[1])
      x <- left[1] + log_hat / left[2]
    } else if (u <= areas[1] + areas[2]) {
      x <- left[1] + u - areas[1]
    } else {
      log_hat <- log((u - areas[1] - areas[2]) / areas[3])
      x <- right[1] + log_hat / right[2]
    }
    height <- if (x > lower) value(x) - top else -Inf
    if (log(runif(1)) < height - log_hat) return(x)
  }
}

newton_mode <- function(slope, curvature, x, lower) {
  ends <- c(lower, Inf)
  repeat {
    reach <- if (is.finite(lower)) 3 * (x - lower) else 3
    step <- -slope(x) / curvature(x)
    if (slope(x) * step < 1e-16) return(x)
    ends[(slope(x) <= 0) + 1] <- x
    new <- x + max(min(step, reach), -reach)
    x <- if (new > ends[1] && new < ends[2]) new else mean(ends)
  }
}

# Densities of the proper priors, with their constants.

# Priors that do not integrate, as "parameter: prior"; none where all are proper.
improper_priors <- function(posterior) improper_rows(prior_table(posterior))

# table: rows of a prior_table().
improper_rows <- function(table) {
  improper <- table$prior %in% c("flat()", "uniform()", "jeffreys()", "pooled()")
  sprintf("%s: %s", table$parameter, table$prior)[improper]
}

# log p(s) of standard deviations.
log_scale_prior <- function(distribution, s) {
  with(distribution$parameters, switch(distribution$name,
    uniform = ifelse(s < upper, -log(upper), -Inf),
    half_t = log(2 / scale) + stats::dt(s / scale, df, log = TRUE),
    half_cauchy = log(2 / scale) + stats::dt(s / scale, 1, log = TRUE),
    half_normal = log(2) + stats::dnorm(s, 0, scale, log = TRUE),
    exponential = stats::dexp(s, rate, log = TRUE),
    fixed = numeric(length(s)),
    # s^-2 is gamma, and |d s^-2 / ds| = 2 s^-3.
    inverse_gamma = stats::dgamma(s^-2, shape, rate, log = TRUE) + log(2) - 3 * log(s)
  ))
}

# log p(z) of the inverse hyperbolic tangents of canonical partial correlations y, a column
# each, row by row: under LKJ(eta) y_lk has density ∝ (1 - y^2)^(b - 1) with
# b = eta + (size - 1 - k)/2 (Lewandowski, Kurowicka and Joe 2009). The constant left out, it is
# det(C)^(eta - 1) |dC / dz|.
log_lkj_prior <- function(z, size, eta, constant = TRUE) {
  b <- eta + (size - 1 - sequence(seq_len(size - 1))) / 2
  value <- drop(log_secant2(z) %*% b)
  if (constant) value - sum(lbeta(0.5, b)) else value
}

# log(1 - tanh(z)^2)
log_secant2 <- function(z) 2 * (log(2) - abs(z) - log1p(exp(-2 * abs(z))))

# log p(Sigma) with respect to dSigma, of one block.
log_covariance_prior <- function(block, L) {
  size <- nrow(L)
  df <- block$parameter
  P <- crossprod(forwardsolve(L, diag(size)))
  log_det <- 2 * sum(log(diag(L)))
  if (block$kind == "inverse_wishart") {
    scale <- block$scale
    return(df / 2 * log_det_of(scale) - df * size / 2 * log(2) - log_multigamma(df / 2, size) -
             (df + size + 1) / 2 * log_det - sum(scale * P) / 2)
  }
  # IW(nu, 2 df diag(1/a)) over a_k ~ IG(1/2, 1/scale_k^2), nu = df + size - 1.
  nu <- df + size - 1
  scale <- vapply(block$sd, function(x) x$parameters$scale, 0)
  size * nu / 2 * log(df) - log_multigamma(nu / 2, size) - (nu + size + 1) / 2 * log_det +
    sum(lgamma((df + size) / 2) - log(pi) / 2 - log(scale) -
          (df + size) / 2 * log(df * diag(P) + scale^-2))
}

log_det_of <- function(x) 2 * sum(log(diag(chol(x))))

log_multigamma <- function(a, size) {
  size * (size - 1) / 4 * log(pi) + sum(lgamma(a - (seq_len(size) - 1) / 2))
}

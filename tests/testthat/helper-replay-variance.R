# Variances in plain R, drawn as helper-replay.R wants them: of residuals, also under a pooled
# prior, and of normal variates under every prior.

# A prior named "none": they are known.
draw_sigma2 <- function(data, prior, residual, current) {
  if (prior$name == "none") return(current)
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
  if (prior$name == "fixed") return(prior$parameters$value^2)
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

is_flat <- function(own) own$name == "uniform" && is.infinite(own$parameters$upper)

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

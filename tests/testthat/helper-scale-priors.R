# Densities of priors of standard deviations, in plain R.

# Log densities by hand, up to constants.
log_sd_prior <- function(prior, s) {
  p <- prior$parameters
  switch(prior$name,
    uniform = 0,
    jeffreys = -log(s),
    half_t = dt(s / p$scale, p$df, log = TRUE),
    half_cauchy = dcauchy(s, 0, p$scale, log = TRUE),
    half_normal = dnorm(s, 0, p$scale, log = TRUE),
    exponential = -p$rate * s,
    # 1 / s^2 is gamma.
    inverse_gamma = dgamma(1 / s^2, p$shape, p$rate, log = TRUE) - 3 * log(s)
  )
}

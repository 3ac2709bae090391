# Draws by rejection from log-concave densities against numerical integration of these.

# Shares of independent draws below the quantiles of a density of log s, in standard errors.
share_errors <- function(draws, log_density) {
  t <- seq(-25, 25, length.out = 20001)
  density <- log_density(t)
  cdf <- cumsum(exp(density - max(density)))
  cdf <- cdf / cdf[length(cdf)]
  place <- vapply(c(0.02, 0.25, 0.5, 0.75, 0.98), function(p) which(cdf > p)[1], 1L)
  below <- vapply(exp(t[place] + diff(t)[1] / 2), function(bound) mean(draws < bound), 0)
  (below - cdf[place]) / sqrt(cdf[place] * (1 - cdf[place]) / length(draws))
}

test_that("sigma of a common line is drawn from its density, whatever the prior says", {
  set.seed(2)
  for (n in c(2, 5, 200)) {
    y <- rnorm(n)
    for (scale in c(0.01, 1, 100)) for (prior in scale_priors_of(scale)) {
      fit <- relm(y ~ 1, data.frame(y), prior = relm_prior(sigma = prior), chains = 1,
                  draws = 10000, seed = 1)
      errors <- share_errors(as.matrix(fit, "sigma"), function(t) {
        (2 - n) * t - sum((y - mean(y))^2) * exp(-2 * t) / 2 + log_sd_density(prior, exp(t))
      })
      expect_lt(max(abs(errors)), 4, label = paste(n, format(prior)))
    }
  }
})

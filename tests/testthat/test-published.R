# Two published analyses reproduced: Rats and Birats of the BUGS examples, volumes I and
# II (Spiegelhalter, D., Thomas, A., Best, N. and Gilks, W. (1996), BUGS 0.5 Examples). The
# results are those printed with the examples that MultiBUGS comes with: 20,000 draws each,
# with their Monte Carlo error and effective sample size.

published_table <- function(...) {
  table <- data.frame(..., stringsAsFactors = FALSE)
  names(table) <- c("name", "mean", "mean_unit", "sd", "sd_unit", "mc_error", "ess",
                    "q2.5", "q97.5", "q_unit")
  table
}

# Distances of means, sds and quantiles from the published ones in standard errors, which
# gather our Monte Carlo error, theirs and the rounding of the published figure to a unit,
# of variance unit^2 / 12. The error of a published sd is sd / sqrt(2 ess), that of a
# published 2.5% or 97.5% quantile, if about normal, sqrt(0.025 0.975 / ess) sd / phi(1.96).
published_distances <- function(draws, published) {
  with(published, {
    tail_error <- sqrt(0.025 * 0.975 / ess) * sd / dnorm(qnorm(0.975))
    theirs <- c(mc_error, sd / sqrt(2 * ess), tail_error, tail_error)
    ours <- c(posterior::mcse_mean(draws), posterior::mcse_sd(draws),
              posterior::mcse_quantile(draws, c(0.025, 0.975)))
    rounding <- c(mean_unit, sd_unit, q_unit, q_unit)^2 / 12
    estimates <- c(mean(draws), stats::sd(draws), quantile(draws, c(0.025, 0.975)))
    (estimates - c(mean, sd, q2.5, q97.5)) / sqrt(ours^2 + theirs^2 + rounding)
  })
}

expect_published <- function(draws, published, label) {
  for (k in seq_len(nrow(published))) {
    x <- draws[[published$name[k]]]
    what <- paste0(label, ", ", published$name[k])
    ess <- min(posterior::ess_bulk(x), posterior::ess_tail(x))
    expect_gte(ess, 1000, label = paste0(what, ": effective draws"))
    expect_lt(max(abs(published_distances(x, published[k, ]))), 4,
              label = paste0(what, ": distance"))
  }
}

# Chains as matrices, draws x chains.
chains_of <- function(fit, name) {
  draws <- as_draws_array(fit, name)
  matrix(draws, dim(draws)[1])
}

test_that("Rats: independent intercepts and slopes, by all samplers", {
  published <- published_table(
    c("alpha0", "beta_c", "sigma"), c(106.6, 6.186, 6.093), c(0.1, 1e-3, 1e-3),
    c(3.66, 0.1089, 0.4643), c(1e-2, 1e-4, 1e-4), c(0.0304, 9.952e-4, 0.005058),
    c(14490, 11976, 8425), c(99.36, 5.972, 5.269), c(113.7, 6.401, 7.088),
    c(0.1, 1e-3, 1e-3)
  )
  data <- transform(rats(), x = age - 22)
  prior <- relm_prior(beta = normal(0, 1000), sd = inverse_gamma(0.001, 0.001),
                      sigma = inverse_gamma(0.001, 0.001))
  for (sampler in c("centered", "uncentered", "interweaved", "collapsed")) {
    thin <- if (sampler == "uncentered") 10 else 1
    fit <- relm(weight ~ x + (1 + x || rat), data, prior = prior, sampler = sampler,
                draws = 5000, thin = thin, seed = 4)
    slope <- chains_of(fit, "b_x")
    # The weight at birth.
    draws <- list(alpha0 = chains_of(fit, "b_Intercept") - 22 * slope, beta_c = slope,
                  sigma = chains_of(fit, "sigma"))
    expect_published(draws, published, sampler)
  }
})

# With ages as they are, intercepts and slopes are nearly collinear within a rat, which slows
# the uncentered sampler ten-fold.
test_that("Birats: correlated intercepts and slopes at raw ages, by all samplers", {
  published <- published_table(
    c("b_Intercept", "b_age", "sigma"), c(106.6, 6.185, 6.149), c(0.1, 1e-3, 1e-3),
    c(2.361, 0.1063, 0.4789), c(1e-3, 1e-4, 1e-4), c(0.02346, 9.672e-4, 0.006615),
    c(10131, 12070, 5241), c(101.9, 5.975, 5.299), c(111.3, 6.394, 7.175),
    c(0.1, 1e-3, 1e-3)
  )
  prior <- relm_prior(beta = normal(0, 1000),
                      cov = inverse_wishart(2, matrix(c(200, 0, 0, 0.2), 2)),
                      sigma = inverse_gamma(0.001, 0.001))
  for (sampler in c("centered", "uncentered", "interweaved", "collapsed")) {
    thin <- if (sampler == "uncentered") 10 else 2
    fit <- relm(weight ~ age + (1 + age | rat), rats(), prior = prior, sampler = sampler,
                draws = 5000, thin = thin, seed = 4)
    draws <- lapply(stats::setNames(nm = published$name), chains_of, fit = fit)
    expect_published(draws, published, sampler)
  }
})

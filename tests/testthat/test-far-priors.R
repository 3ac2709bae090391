# The collapsed sampler under priors that are far from the data, or narrow, or all that is known.

skip_on_cran()

# Ten groups of six rows, whose standard deviations are about one.
ten_groups <- function() {
  set.seed(1)
  data <- data.frame(g = rep(letters[1:10], 6), x = rnorm(60), z = rnorm(60))
  effects <- matrix(rnorm(20), 10, dimnames = list(letters[1:10], NULL))[data$g, ]
  transform(data, y = 1 + x + effects[, 1] + effects[, 2] * x + rnorm(60))
}

test_that("priors far from the data are sampled where they put the posterior", {
  cases <- list(
    list(y ~ x + (1 | g), relm_prior(sd = uniform(0.1))),
    list(y ~ x + (1 | g), relm_prior(sigma = uniform(0.01))),
    list(y ~ x + (1 | g), relm_prior(sd = inverse_gamma(2, 1e-4))),
    list(y ~ x + (1 + x | g), relm_prior(sd = exponential(10)))
  )
  for (case in cases) {
    fit <- relm(case[[1]], ten_groups(), prior = case[[2]], draws = 10000, seed = 2)
    expect_identical(fit$sampling$sampler_run, "collapsed")
    hyper <- summary(fit)
    expect_gt(min(hyper$ess_bulk, hyper$ess_tail), 4000)
    gibbs <- update(fit, sampler = "interweaved", draws = 50000)
    expect_lt(max(abs(median_distances(list(fit, gibbs)))), 4)
  }
  # Slopes and intercepts that nothing holds, where Gibbs samplers stand still.
  free <- relm(y ~ x + z + (1 + x + z || g), ten_groups(), seed = 1, draws = 10000,
               prior = relm_prior(sd = inverse_gamma(2, 1e8)))
  alone <- lm(y ~ g * (x + z), ten_groups())
  quantiles <- sqrt(deviance(alone) / qchisq(c(0.975, 0.5, 0.025), alone$df.residual))
  exact <- matrix(quantiles, 1, dimnames = list("sigma", c("q2.5", "q50", "q97.5")))
  expect_agreement(free, exact, "free")
})

test_that("where hardly a proposal is accepted the interweaved sampler runs", {
  # In the first case no proposal serves; in the second a few hundred points say that one in seven does,
  # and one in forty would.
  for (scale in c(1e-12, 1e-10)) {
    narrow <- relm_prior(cov = inverse_wishart(1e5, scale * diag(2)))
    expect_message(fit <- relm(y ~ x + (1 + x | g), ten_groups(), prior = narrow, seed = 1),
                   "interweaved sampler runs", class = "relm_message")
    expect_identical(fit$sampling$sampler_run, "interweaved")
    expect_equal(median(as.matrix(fit, "sd_g__x")), sqrt(scale / 1e5), tolerance = 0.05)
  }
  # A narrow one that proposals about the mode find.
  narrow <- relm_prior(cov = inverse_wishart(1000, 1e-6 * diag(2)))
  fit <- relm(y ~ x + (1 + x | g), ten_groups(), prior = narrow, seed = 1)
  expect_identical(fit$sampling$sampler_run, "collapsed")
  expect_gt(min(summary(fit)$ess_tail), 1500)
  expect_equal(median(as.matrix(fit, "sd_g__x")), sqrt(1e-6 / 1000), tolerance = 0.05)
})

test_that("priors millions of times off do not stop the search for the mode", {
  data <- ten_groups()
  # The groups' levels, of 10^6, are known: tau | y is that of ten known effects.
  far <- relm(y ~ 1 + (1 | g), transform(data, y = 1e6 + y), draws = 4000, seed = 1,
              prior = relm_prior(beta = normal(0, 1)))
  expect_identical(far$sampling$sampler_run, "collapsed")
  squares <- sum(tapply(1e6 + data$y, data$g, mean)^2)
  probs <- c(q2.5 = 0.025, q50 = 0.5, q97.5 = 0.975)
  exact <- rbind("sd_g__Intercept" = sqrt(squares / qchisq(1 - probs, 9)))
  expect_agreement(far, exact, "far")
  # Both priors are narrower than what the data say: as many effects and residuals of 0.
  small <- relm(y ~ 0 + (1 | g), transform(data, y = 1e-7 * y), draws = 4000, seed = 1,
                prior = relm_prior(sd = inverse_gamma(1, 1), sigma = inverse_gamma(1, 1)))
  expect_identical(small$sampling$sampler_run, "collapsed")
  gibbs <- update(small, sampler = "interweaved", draws = 10000)
  expect_lt(max(abs(median_distances(list(small, gibbs)))), 4)
  # Sums of squares of which a likelihood in double precision keeps no digit.
  vast <- relm(y ~ x + (1 | g), transform(data, y = 1e12 * y), draws = 50, seed = 1, chains = 1,
               prior = relm_prior(beta = normal(0, 1), sd = half_normal(1), sigma = half_normal(1)))
  expect_true(all(is.finite(as.matrix(vast))))
})

test_that("with a column for each row all samplers draw the priors", {
  set.seed(3)
  data <- data.frame(g = rep(1:3, 3), h = factor(1:9), y = rnorm(9))
  probs <- c(q2.5 = 0.025, q50 = 0.5, q97.5 = 0.975)
  exact <- rbind("sd_g__Intercept" = 2 * probs, sigma = qgamma(1 - probs, 3, 2)^-0.5)
  for (sampler in samplers_by_name()) {
    fit <- relm(y ~ h + (1 | g), data, prior = relm_prior(sd = uniform(2), sigma = inverse_gamma(3, 2)),
                sampler = sampler, chains = 2, draws = 15000, seed = 4)
    expect_agreement(fit, exact, sampler)
  }
})

test_that("with several residual variances a bound of a standard deviation hides no mode", {
  set.seed(4)
  data <- transform(ten_groups(), f = rep_len(c("a", "b"), 60))
  data$y <- data$y + 3 * rnorm(10)[match(data$g, letters)]
  cases <- list(relm_prior(sd = uniform(1.5)), relm_prior(sd = uniform(0.3), sigma = pooled()))
  for (prior in cases) {
    fit <- relm(y ~ x + (1 | g), data, ~ f, prior, draws = 8000, seed = 5)
    expect_identical(fit$sampling$sampler_run, "collapsed")
    gibbs <- update(fit, sampler = "interweaved")
    expect_lt(max(abs(median_distances(list(fit, gibbs)))), 4)
  }
})

test_that("priors may hold standard deviations far faster than the data hold sigma", {
  narrow <- list(relm_prior(cov = inverse_wishart(1e8, 1e8)),
                 relm_prior(sd = inverse_gamma(5e7, 5e7), cor = lkj(2)))
  probs <- c(q2.5 = 0.025, q50 = 0.5, q97.5 = 0.975)
  for (prior in narrow) {
    fit <- relm(y ~ x + (1 + x | g), ten_groups(), prior = prior, sampler = "collapsed",
                draws = 4000, seed = 3)
    exact <- matrix(qgamma(1 - probs, 5e7, 5e7)^-0.5, 1, dimnames = list("sd_g__x", names(probs)))
    expect_agreement(fit, exact, "narrow", least_ess = 8000)
    expect_gt(posterior::ess_bulk(fit$sampling$hyper[, , "sigma"]), 8000)
    gibbs <- update(fit, sampler = "interweaved")
    expect_lt(max(abs(median_distances(list(fit, gibbs)))), 4)
    begun <- update(fit, draws = 30)
    expect_identical(extend(begun, 20)$sampling$hyper, update(fit, draws = 50)$sampling$hyper)
  }
})

test_that("coordinates of the standard deviations themselves give the same density", {
  prior <- relm_prior(beta = normal(0, 2), sd = list(Intercept = uniform(3)), sigma = half_normal(1))
  for (formula in c(y ~ x + (1 + x + v | g), y ~ x + (1 | g))) {
    model <- model_of(posterior_of(formula, grouped_data(), prior))
    q <- grouping_in(model)$n_random
    tuning <- lapply(c("coordinate", "beside"), function(role) {
      tuning_of(model, role)
    })
    set.seed(3)
    differences <- replicate(20, {
      point <- rnorm(length(tuning[[1]]$center), sd = 0.5)
      log_sigma <- point[length(point)]
      x <- point[seq_len(q)]
      tau <- tuning[[1]]$scale * sinh(x) * exp(log_sigma)
      own <- asinh(tau / tuning[[2]]$scale)
      # d tau = sigma scale cosh(x) dx in the one, and scale cosh(x) dx in the other.
      jacobian <- sum(log(cosh(x)) - log(cosh(own))) + q * log_sigma
      log_density_at(model, tuning[[1]], point, 1) - jacobian -
        log_density_at(model, tuning[[2]], replace(point, seq_len(q), own), 1)
    })
    expect_lt(diff(range(differences)), 1e-8)
  }
})

test_that("a prior of a coefficient that is narrower than rounding is refused", {
  data <- ten_groups()
  prior <- relm_prior(beta = normal(0, 0.1))
  for (scale in c(1e15, 1e100)) {
    data$large <- scale * data$y
    expect_error(relm(large ~ x + (1 | g), data, prior = prior, seed = 1, draws = 10),
                 "narrower than the digits of numbers reach", class = "relm_error")
  }
  expect_error(relm(y ~ x + (1 | g), data, prior = relm_prior(beta = normal(1e20, 1)), seed = 1, draws = 10),
               "narrower than the digits", class = "relm_error")
  # Units that are far apart, with digits left.
  data$large <- 1e12 * data$y
  fit <- relm(large ~ x + (1 | g), data, prior = prior, seed = 1, draws = 500)
  expect_lt(max(abs(as.matrix(fit, c("b_Intercept", "b_x")))), 1)
})

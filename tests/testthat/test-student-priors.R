# Priors beside t residuals: the target given the weights has those of Gaussian responses, and sigma, whose
# density with the weights integrated out is its own, has its prior there too.

skip_on_cran()

student_models <- list(one = y ~ x + (1 + x | a), nested = y ~ x + (1 | a) + (1 + x | c),
                       crossed = y ~ x + (1 | a) + (1 + x | b))

# Of equal weights the target is that of Gaussian responses, by the same coordinates.
expect_same_target <- function(prior, formula = student_models$one, role = NULL) {
  data <- student_data(80)
  posteriors <- lapply(list("student", "gaussian"), function(family) {
    suppressMessages(relm_posterior(crossprods(formula, data, family = family), prior))
  })
  models <- lapply(posteriors, sampler_model, "uncentered")
  estimate <- estimate_scales(models[[2]])
  tuning <- new_tuning(models[[2]], estimate, sigma_role(posteriors[[2]]))
  points <- matrix(with_stream(4, stats::rnorm(5 * length(tuning$center))) / 2, ncol = 5)
  values <- lapply(models, log_target, tuning, points, estimate$sigma2)
  expect_true(all(is.finite(values[[2]])))
  expect_equal(values[[1]], values[[2]], tolerance = 1e-12)
}

test_that("standard deviations, correlations and coefficients have the priors of Gaussian responses", {
  for (sd in list(uniform(), half_t(3, 1), half_cauchy(2), half_normal(1.5), exponential(2),
                  inverse_gamma(1, 0.5), uniform(1e4))) {
    expect_same_target(relm_prior(sd = sd))
  }
  expect_same_target(relm_prior(beta = normal(1, 2), cor = lkj(3)))
  expect_same_target(relm_prior(beta = flat(), cor = lkj(0.7), sd = half_t(3, 1)))
  expect_same_target(relm_prior(cov = huang_wand(2, c(1, 3))))
  expect_same_target(relm_prior(cov = inverse_wishart(4, matrix(c(1, 0.3, 0.3, 2), 2))))
  expect_same_target(relm_prior(sigma = fixed(0.7)))
})

test_that("covariances of any form, without correlations and of several terms, are those of Gaussian responses", {
  for (formula in list(y ~ x + (1 + x || a), y ~ x + (1 | a) + (0 + x | a), y ~ x + cs(1 + x + w | a),
                       y ~ x + ar1(1 + x + w | a), y ~ x + diag(1 + x | a))) {
    expect_same_target(relm_prior(), formula)
  }
})

# The posterior of y = b + sigma t, t with 3 degrees of freedom, on a grid.
exact_location <- function(y, prior) {
  b <- seq(-6, 6, length.out = 400)
  log_sigma <- seq(-5, 4, length.out = 400)
  value <- outer(b, log_sigma, Vectorize(function(b, s) {
    if (prior$name == "uniform" && exp(s) > prior$parameters$upper) return(-Inf)
    sum(stats::dt((y - b) / exp(s), 3, log = TRUE)) - length(y) * s + log_sd_prior(prior, exp(s)) + s +
      stats::dnorm(b, log = TRUE)
  }))
  density <- exp(value - max(value))
  quantiles <- function(p, at) {
    below <- (cumsum(p) - p / 2) / sum(p)
    stats::approx(below, at, c(0.025, 0.5, 0.975), ties = "ordered")$y
  }
  exact <- rbind(b_Intercept = quantiles(rowSums(density), b),
                 sigma = exp(quantiles(colSums(density), log_sigma)))
  colnames(exact) <- c("q2.5", "q50", "q97.5")
  exact
}

test_that("sigma has the prior that is asked for", {
  y <- c(-0.4, 0.1, 0.9, 1.3, 4)
  for (sigma in list(jeffreys(), uniform(3), half_t(3, 1), half_cauchy(1), half_normal(0.7), exponential(2),
                     inverse_gamma(2, 1))) {
    fit <- relm(y ~ 1, data.frame(y), family = student(), seed = 5, draws = 4000,
                prior = relm_prior(beta = normal(0, 1), sigma = sigma, df = fixed(3)))
    expect_agreement(fit, exact_location(y, sigma), format(sigma))
  }
})

test_that("sigma of several levels is pooled, or each has its prior", {
  data <- student_data(80)
  for (sigma in list(pooled(), half_normal(1))) {
    fit <- relm(y ~ x + (1 | a), data, sigma = ~ f, family = student(), prior = relm_prior(sigma = sigma),
                seed = 1, draws = 10, chains = 1)
    expect_identical(sum(grepl("^sigma_f", variables(fit))), if (sigma$name == "pooled") 4L else 2L)
  }
})

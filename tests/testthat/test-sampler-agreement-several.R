# The Gibbs samplers of several groupings against the collapsed sampler, whose draws are nearly
# independent and were judged by other means (test-scan.R, test-nested.R); and against the priors
# that data were made with.

skip_on_cran()

# Shares of draws below quantiles of the collapsed sampler's, of every hyperparameter and of some effects
# of each grouping.
expect_as_collapsed <- function(formula, data, thin, ..., draws = 2000) {
  whole <- relm(formula, data, ..., sampler = "collapsed", draws = 5000, seed = 1, group_draws = TRUE)
  exact <- all_draws(whole)
  for (sampler in names(thin)) {
    fit <- relm(formula, data, ..., sampler = sampler, draws = draws, thin = thin[[sampler]], seed = 2,
                group_draws = TRUE)
    drawn <- all_draws(fit)
    for (name in names(exact)) {
      for (limit in quantile(exact[[name]], c(0.05, 0.5, 0.95))) {
        below <- lapply(list(exact[[name]], drawn[[name]]), function(x) (x < limit) * 1)
        error <- sqrt(sum(vapply(below, posterior::mcse_mean, 0)^2))
        expect_gt(posterior::ess_mean(below[[2]]), 100, label = paste(sampler, name, "effective"))
        expect_lt(abs(mean(below[[1]]) - mean(below[[2]])), 4 * error,
                  label = paste(sampler, name, limit))
      }
    }
  }
}

# Draws x chains of each, by name.
all_draws <- function(fit) {
  hyper <- lapply(hyper_variables(fit), function(name) fit$sampling$hyper[, , name])
  effects <- lapply(seq_along(fit$posterior$groupings), function(g) {
    drawn <- effect_draws(fit, 3L, g = g)
    vapply(drawn, function(x) x[1, 1, ], drawn[[1]][1, 1, ])
  })
  stats::setNames(c(hyper, effects), c(hyper_variables(fit), paste("effect", seq_along(effects))))
}

test_that("crossed groupings with slopes", {
  expect_as_collapsed(y ~ x + (1 + x | b) + (1 + x | c), joint_data(150),
                      c(interweaved = 2, centered = 20, uncentered = 20), weights = w,
                      prior = relm_prior(sd = half_t(3, 1)))
})

test_that("nested ones, with columns of one of them and of both", {
  expect_as_collapsed(y ~ x + v + (1 | a) + (1 + x || b), joint_data(150),
                      c(interweaved = 5, centered = 20, uncentered = 20),
                      prior = relm_prior(sd = list(a = half_t(3, 1))))
})

test_that("several residual variances, and a chain that is crossed", {
  expect_as_collapsed(y ~ x + (1 | a) + (1 | b) + (0 + x | c), joint_data(150),
                      c(interweaved = 5, centered = 20, uncentered = 20), sigma = ~ d,
                      prior = relm_prior(sd = half_normal(1)))
})

test_that("correlations near -1 and 1 in two groupings", {
  expect_as_collapsed(y ~ x + (1 + x | b) + (1 + x | c), joint_data(150), c(interweaved = 10),
                      weights = w, prior = relm_prior(sd = half_t(3, 1), cor = lkj(0.2)))
})

test_that("priors come back where the rows say nothing, of each grouping its own", {
  data <- transform(joint_data(), w = 1e-14)
  prior <- relm_prior(beta = normal(1, 2), sigma = inverse_gamma(1e6, 1e6), cor = lkj(1.5),
                      sd = list(a = half_t(3, 0.5), b = exponential(2), c = half_normal(2)))
  thin <- c(interweaved = 5, centered = 30, uncentered = 5)
  for (sampler in names(thin)) {
    fit <- relm(y ~ x + (1 + x | a) + (1 | b) + (1 + x | c), data, weights = w, prior = prior,
                sampler = sampler, thin = thin[[sampler]], draws = 1500, seed = 3)
    p <- c(0.1, 0.5, 0.9)
    exact <- list(b_x = qnorm(p, 1, 2), sd_a__Intercept = 0.5 * qt((1 + p) / 2, 3),
                  sd_a__x = 0.5 * qt((1 + p) / 2, 3), sd_b__Intercept = qexp(p, 2),
                  sd_c__x = 2 * qnorm((1 + p) / 2), cor_a__Intercept__x = 2 * qbeta(p, 1.5, 1.5) - 1)
    for (variable in names(exact)) {
      for (i in seq_along(p)) {
        below <- (fit$sampling$hyper[, , variable] < exact[[variable]][i]) * 1
        expect_lt(abs(mean(below) - p[i]) / posterior::mcse_mean(below), 4,
                  label = paste(sampler, variable, p[i]))
      }
    }
  }
})

test_that("parameters that data were made with rank uniformly among draws", {
  formula <- y ~ x + (1 | a) + (1 + x || b) + (1 | c)
  expect_gt(least_uniform(ranks_of_truth(formula, 100, 7000, sampler = "interweaved", thin = 10)), 1e-4)
  expect_gt(least_uniform(ranks_of_truth(formula, 100, 8000, sampler = "centered", thin = 20)), 1e-4)
})

# Under lkj(eta) with a small eta correlations lie closer to -1 and 1 than double precision tells
# apart: draws against the prior alone and against quadrature.

skip_on_cran()

no_data <- function(J) {
  set.seed(1)
  n <- 4 * J
  data.frame(g = rep(seq_len(J), each = 4), x = rnorm(n), v = rnorm(n), y = rnorm(n), w = 1e-14)
}

test_that("correlations have their prior right up to -1 and 1", {
  within <- c(1e-14, 1e-10, 1e-6, 0.01, 0.3)
  for (J in c(2, 7)) {
    for (eta in c(0.4, 0.2, 0.1, 0.01)) {
      fit <- relm(y ~ 0 + (1 + x | g), no_data(J), weights = w, sampler = "interweaved",
                  prior = relm_prior(sd = half_t(3, 0.7), cor = lkj(eta), sigma = known_sigma),
                  draws = 4000, group_draws = FALSE, seed = 2)
      r <- fit$sampling$hyper[, , "cor_g__Intercept__x"]
      # (1 + r)/2 ~ Beta(eta, eta).
      probabilities <- 2 * pbeta(within / 2, eta, eta)
      told <- probabilities * length(r) > 50
      events <- lapply(within[told], function(e) 1 - abs(r) < e)
      expect_shares(c(events, list(r < 0)), c(probabilities[told], 0.5), paste("lkj", eta))
      expect_lte(max(abs(r)), 1)
      sd <- fit$sampling$hyper[, , "sd_g__x"]
      quantiles <- 0.7 * qt((1 + c(0.1, 0.5, 0.9)) / 2, 3)
      expect_shares(lapply(quantiles, function(q) sd < q), c(0.1, 0.5, 0.9), "sd")
    }
  }
})

test_that("so have those of three effects", {
  for (J in c(2, 8)) {
    fit <- relm(y ~ 0 + (1 + x + v | g), no_data(J), weights = w, sampler = "interweaved",
                prior = relm_prior(sd = half_normal(1), cor = lkj(0.05), sigma = known_sigma),
                draws = 4000, group_draws = FALSE, seed = 3)
    for (name in c("cor_g__Intercept__x", "cor_g__Intercept__v", "cor_g__x__v")) {
      r <- fit$sampling$hyper[, , name]
      # (1 + r)/2 ~ Beta(eta + 1/2, eta + 1/2).
      probabilities <- c(0.05, 0.25, 0.5, 0.75, 0.95)
      quantiles <- 2 * qbeta(probabilities, 0.55, 0.55) - 1
      expect_shares(lapply(quantiles, function(q) r < q), probabilities, paste(J, name))
    }
  }
})

test_that("what is kept between sweeps goes where draws of correlations cannot", {
  eta <- 0.01
  posterior <- posterior_of(y ~ 0 + (1 + x | g), no_data(5), weights = w,
                            prior = relm_prior(sd = half_normal(1), cor = lkj(eta),
                                               sigma = known_sigma))
  model <- model_of(posterior)
  set.seed(4)
  state <- start_of(model)
  z <- replicate(2000, {
    state <<- chain_of(model, "interweaved", state, 5, kept = integer())$state
    state$point[[1]][3]
  })
  # P(z < -c), with 1 + tanh(-c) = 2 e^-2c / (1 + e^-2c).
  limits <- c(3, 20, 60, 150)
  tails <- pbeta(exp(-2 * limits) / (1 + exp(-2 * limits)), eta, eta)
  expect_shares(lapply(limits, function(c) z < -c), tails, "below")
  expect_shares(lapply(limits, function(c) z > c), tails, "above")
})

test_that("with data the draws are those of quadrature, and of the collapsed sampler", {
  set.seed(5)
  data <- data.frame(g = rep(1:8, each = 6), x = rnorm(48), f = rep_len(1:2, 48))
  effect <- rnorm(8)[data$g]
  data$y <- 1 + data$x + 0.5 * effect - 0.5 * effect * data$x + 0.3 * rnorm(8)[data$g] * data$x +
    rnorm(48)
  X <- cbind("(Intercept)" = 1, x = data$x)
  exact <- exact_posterior_cov(data$y, X, X, data$g, gname = "g", eta = 0.3)
  fit <- relm(y ~ x + (1 + x | g), data, prior = relm_prior(cor = lkj(0.3)),
              sampler = "interweaved", draws = 10000, seed = 6)
  expect_agreement(fit, exact, "interweaved")
  # With a block of another kind, a bound, several residual variances, and a prior of beta.
  prior <- relm_prior(beta = list(x = normal(0, 1)), cor = lkj(0.05),
                      sd = list(x = uniform(1), Intercept = half_t(3, 1)))
  fits <- lapply(c("collapsed", "interweaved"), function(sampler) {
    relm(y ~ x + (1 + x | g) + (0 + f | g), data, ~ f, prior, sampler = sampler, draws = 10000,
         seed = 7)
  })
  for (name in hyper_variables(fits[[1]])) {
    draws <- lapply(fits, function(fit) fit$sampling$hyper[, , name])
    limits <- if (grepl("^cor", name)) c(-1 + 1e-9, -0.99, -0.7, -0.2)
      else quantile(unlist(draws), c(0.1, 0.3, 0.5, 0.7, 0.9))
    for (limit in limits) {
      below <- lapply(draws, function(x) (x < limit) * 1)
      error <- sqrt(sum(vapply(below, posterior::mcse_mean, 0)^2))
      expect_lt(abs(mean(below[[1]]) - mean(below[[2]])), 4 * error, label = paste(name, limit))
    }
  }
})

test_that("a chain in two pieces is the chain in one, and may end at 1", {
  prior <- relm_prior(sd = half_normal(1), cor = lkj(0.02))
  for (sampler in c("interweaved", "collapsed")) {
    fit <- function(draws) {
      relm(y ~ x + (1 + x | g), no_data(6), prior = prior, sampler = sampler, chains = 2,
           draws = draws, seed = 8)
    }
    whole <- fit(60)
    expect_identical(extend(fit(20), 40)$sampling$hyper, whole$sampling$hyper)
    r <- whole$sampling$hyper[, , "cor_g__Intercept__x"]
    expect_identical(max(abs(r)), 1)
    expect_false(anyNA(as.matrix(whole)))
    expect_false(anyNA(update(whole, init = whole, draws = 20)$sampling$hyper))
  }
  # Proposals learn from such draws.
  prior$sigma <- half_normal(1)
  several <- relm(y ~ x + (1 + x | g), transform(no_data(6), f = rep_len(1:2, 24)), ~ f, prior,
                  draws = 50, seed = 9)
  expect_identical(several$sampling$sampler_run, "collapsed")
  expect_lte(max(abs(several$sampling$hyper[, , "cor_g__Intercept__x"])), 1)
})

test_that("samplers that move in the effects themselves refuse so small an eta", {
  prior <- relm_prior(sd = half_normal(1), cor = lkj(0.3))
  for (sampler in c("centered", "uncentered")) {
    expect_error(relm(y ~ x + (1 + x | g), no_data(6), prior = prior, sampler = sampler),
                 "lkj\\(0.3\\).*collapsed.*interweaved", class = "relm_error")
  }
  # One column has no correlation.
  fit <- relm(y ~ x + (1 | g), no_data(6), prior = prior, sampler = "centered", draws = 5, chains = 1)
  expect_identical(fit$sampling$sampler_run, "centered")
})

test_that("standard deviations that wander off with few groups do not stop it", {
  set.seed(4)
  data <- data.frame(g = rep(1:3, each = 8), x = rnorm(24), v = rnorm(24))
  effects <- matrix(rnorm(6), 3)
  data$y <- 1 + data$x + effects[data$g, 1] + effects[data$g, 2] * data$x + rnorm(24)
  prior <- relm_prior(cor = lkj(0.1), sd = list(v = half_t(3, 1)))
  fits <- lapply(c("interweaved", "collapsed"), function(sampler) {
    relm(y ~ x + (1 + x | g) + (0 + v | g), data, prior = prior, sampler = sampler, chains = 2,
         draws = 20000, seed = 4)
  })
  expect_gt(max(fits[[1]]$sampling$hyper[, , "sd_g__Intercept"]), 1e8)
  for (name in c("sigma", "sd_g__v", "b_x")) {
    draws <- lapply(fits, function(fit) fit$sampling$hyper[, , name])
    for (limit in quantile(draws[[2]], c(0.1, 0.5, 0.9))) {
      below <- lapply(draws, function(x) (x < limit) * 1)
      error <- sqrt(sum(vapply(below, posterior::mcse_mean, 0)^2))
      expect_lt(abs(mean(below[[1]]) - mean(below[[2]])), 4 * error, label = paste(name, limit))
    }
  }
})

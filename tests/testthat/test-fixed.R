# Known residual standard deviations, against the exact posterior on a grid.

expect_meta <- function(fit, exact, label, probabilities = c(0.025, 0.25, 0.5, 0.75, 0.975)) {
  expect_agreement(fit, exact, label, least_ess = 2000, probabilities = probabilities)
}

test_that("eight schools have their exact posterior, in independent draws", {
  data <- eight_schools()
  Z <- list(sd_school__Intercept = indicators(data$school, "school"))
  priors <- list(uniform = list(sd = uniform(), log = function(tau) 0),
                 half_cauchy = list(sd = half_cauchy(5), log = function(tau) dcauchy(tau, 0, 5, TRUE)),
                 half_t = list(sd = half_t(3, 10), log = function(tau) dt(tau / 10, 3, log = TRUE)),
                 bounded = list(sd = uniform(15), log = function(tau) if (tau < 15) 0 else -Inf))
  for (name in names(priors)) {
    prior <- priors[[name]]
    exact <- exact_meta(data$y, intercept_of(data), data$se, Z, prior$log, unit = 10)
    fit <- relm(y ~ 1 + (1 | school), data, sigma = known(se), prior = relm_prior(sd = prior$sd),
                draws = 2500, seed = 2)
    expect_meta(fit, exact, name)
    mu <- as.matrix(fit, "b_Intercept")
    expect_lt(abs(mean(mu) - exact["b_Intercept", "mean"]) / (sd(mu) / sqrt(length(mu))), 4)
    expect_gte(min(ess_a_draw(fit)), 0.95)
  }
})

test_that("weights and fixed(1) are the model of known(se)", {
  data <- eight_schools()
  by_weights <- relm(y ~ 1 + (1 | school), data, weights = 1 / se^2,
                     prior = relm_prior(sigma = fixed(1)), seed = 3, draws = 200)
  by_errors <- relm(y ~ 1 + (1 | school), data, sigma = known(se), seed = 3, draws = 200)
  expect_identical(as.matrix(by_weights), as.matrix(by_errors))
  expect_identical(ranef(by_weights), ranef(by_errors))
  # In other units: errors a tenth as large, and ten for sigma.
  other <- relm(y ~ 1 + (1 | school), data, weights = 100 / se^2,
                prior = relm_prior(sigma = fixed(10)), seed = 3, draws = 200)
  names <- c("b_Intercept", "sd_school__Intercept")
  expect_equal(as.matrix(other, names), as.matrix(by_errors, names), tolerance = 1e-6)
  expect_true(all(as.matrix(other, "sigma") == 10))
  # As a formula, where an expression is handed on.
  by_formula <- relm(y ~ 1 + (1 | school), data, sigma = ~ known(se), seed = 3, draws = 200)
  expect_identical(as.matrix(by_formula), as.matrix(by_errors))
})

test_that("published meta-analyses have their exact posterior", {
  bcg <- bcg_trials()
  Z <- list(sd_trial__Intercept = indicators(bcg$trial, "trial"))
  exact <- exact_meta(bcg$y, intercept_of(bcg), bcg$se, Z)
  fit <- relm(y ~ 1 + (1 | trial), bcg, sigma = known(se), draws = 2500, seed = 4)
  expect_meta(fit, exact, "BCG")
  expect_gte(min(ess_a_draw(fit)), 0.95)
  # Meta-regression.
  X <- cbind(b_Intercept = 1, b_latitude = bcg$latitude)
  exact <- exact_meta(bcg$y, X, bcg$se, Z)
  fit <- relm(y ~ latitude + (1 | trial), bcg, sigma = known(se), draws = 2500, seed = 5)
  expect_meta(fit, exact, "BCG and latitude")
  expect_gte(min(ess_a_draw(fit)), 0.95)
  steroids <- corticosteroid_trials()
  Z <- list(sd_trial__Intercept = indicators(steroids$trial, "trial"))
  exact <- exact_meta(steroids$y, intercept_of(steroids), steroids$se, Z,
                      function(tau) dnorm(tau, 0, 0.5, log = TRUE))
  fit <- relm(y ~ 1 + (1 | trial), steroids, sigma = known(se), draws = 2500, seed = 6,
              prior = relm_prior(sd = half_normal(0.5)))
  expect_meta(fit, exact, "corticosteroids")
})

test_that("three studies, and studies that do not differ, have their exact posterior", {
  schools <- eight_schools()
  cases <- list(schools[1:3, ], transform(schools, y = 5 + se * qnorm(order(se) / 9) / 20))
  for (data in cases) {
    Z <- list(sd_school__Intercept = indicators(data$school, "school"))
    exact <- exact_meta(data$y, intercept_of(data), data$se, Z, function(tau) dcauchy(tau, 0, 5, TRUE), unit = 5)
    fit <- relm(y ~ 1 + (1 | school), data, sigma = known(se), prior = relm_prior(sd = half_cauchy(5)),
                draws = 2500, seed = 12)
    expect_meta(fit, exact, paste(nrow(data), "studies"))
  }
})

# Under flat coefficients and a uniform tau the mode of p(tau | y) is the REML estimate. Viechtbauer,
# W. (2010), Conducting meta-analyses in R with the metafor package, Journal of Statistical Software
# 36(3): 0.3132 without a moderator, 0.0764 with the latitude.
test_that("the mode of tau is the published REML estimate", {
  mode_of <- function(formula) {
    posterior <- posterior_of(formula, bcg_trials(), sigma = known(se))
    model <- model_of(posterior)
    tuning <- tune_at_mode(model, scales_of(model), "fixed")
    density <- function(x) log_density_at(model, tuning, x, 1) - log(cosh(x))
    x <- optimize(density, c(0, 3), maximum = TRUE, tol = 1e-8)$maximum
    (tuning$scale * sinh(x))^2
  }
  # To the last digit that is published.
  expect_lt(abs(mode_of(y ~ 1 + (1 | trial)) - 0.3132), 1e-4)
  expect_lt(abs(mode_of(y ~ latitude + (1 | trial)) - 0.0764), 1e-4)
})

test_that("effects within studies, and crossed ones, have their exact posterior", {
  skip_on_cran()
  data <- nested_effects_data()
  X <- cbind(b_Intercept = 1, b_x = data$x)
  log_prior <- function(tau) sum(dnorm(tau, 0, 1, log = TRUE))
  prior <- relm_prior(sd = half_normal(1))
  Z <- list(sd_study__Intercept = indicators(data$study, "study"),
            "sd_study:effect__Intercept" = indicators(paste(data$study, data$effect, sep = ":"),
                                                      "study:effect"))
  exact <- exact_meta(data$y, X, data$se, Z, log_prior, nodes = 100, unit = 0.4)
  nested <- relm(y ~ x + (1 | study/effect), data, sigma = known(se), prior = prior, draws = 2500,
                 seed = 7)
  expect_identical(nested$sampling$sampler_run, "collapsed")
  expect_meta(nested, exact, "nested")
  Z <- list(sd_study__Intercept = Z[[1]], sd_lab__Intercept = indicators(data$lab, "lab"))
  exact <- exact_meta(data$y, X, data$se, Z, log_prior, nodes = 100, unit = 0.4)
  crossed <- relm(y ~ x + (1 | study) + (1 | lab), data, sigma = known(se), prior = prior,
                  draws = 2500, seed = 8)
  expect_identical(crossed$sampling$sampler_run, "collapsed")
  expect_meta(crossed, exact, "crossed")
})

test_that("crossed groupings that take turns have it as well", {
  skip_on_cran()
  data <- nested_effects_data()
  posterior <- posterior_of(y ~ x + (1 | study) + (1 | lab), data, sigma = known(se),
                            relm_prior(sd = half_normal(1)))
  control <- list(threads = 1L, sampler = "collapsed")
  model <- model_of(posterior)
  scan <- relm:::tune_scan(model, scales_of(model), posterior, control)
  expect_gt(scan$ess, 0.05)
  expect_identical(vapply(scan$tunings, relm:::role_of, ""), c("fixed", "fixed"))
  model <- with_tuning(model, scan$tunings)
  state <- c(scales_of(model)[c("theta", "Sigma", "sigma2")],
             list(point = lapply(scan$tunings, `[[`, "center")))
  set.seed(9)
  chain <- chain_of(model, "collapsed", state, draws = 20000, warmup = 200,
                    kept = list(integer(), integer()))
  draws <- t(chain$hyper)
  expect_true(all(draws[, ncol(draws)] == 1))
  Z <- list(study = indicators(data$study, "study"), lab = indicators(data$lab, "lab"))
  exact <- exact_meta(data$y, cbind(b_Intercept = 1, b_x = data$x), data$se, Z,
                      function(tau) sum(dnorm(tau, 0, 1, log = TRUE)), nodes = 100, unit = 0.4)
  for (k in 1:4) {
    name <- c("b_Intercept", "b_x", "study", "lab")[k]
    for (p in c(0.25, 0.5, 0.75)) {
      below <- as.numeric(draws[, k] < exact[name, paste0("q", 100 * p)])
      expect_lt(abs(mean(below) - p) / posterior::mcse_mean(below), 4, label = paste(name, p))
    }
  }
})

# All else integrated out, tau and rho on a grid of midpoints.
test_that("a structured covariance beside known standard errors has the posterior that a grid gives", {
  skip_on_cran()
  data <- joint_data(50, seed = 2)
  Z <- cbind(1, data$x, data$v)
  same <- outer(data$b, data$b, "==")
  V0 <- diag(data$w^2) + tcrossprod(cbind(1, data$x))
  tau <- (seq_len(100) - 0.5) / 25
  rho <- -1 + (seq_len(80) - 0.5) / 40
  density <- vapply(rho, function(r) {
    S <- same * (Z %*% r^abs(outer(1:3, 1:3, "-")) %*% t(Z))
    vapply(tau, function(t) log_normal(data$y, 0, V0 + t^2 * S) - t^2 / 2 + 2 * log(1 - r^2), 0)
  }, tau)
  density <- exp(density - max(density))
  fit <- relm(y ~ x + ar1(1 + x + v | b), data, sigma = known(w), draws = 2500, seed = 13,
              prior = relm_prior(beta = normal(0, 1), sd = half_normal(1), cor = lkj(2)))
  expect_share <- function(name, border, mass) {
    share <- cumsum(mass) / sum(mass)
    for (k in which(share > 0.03 & share < 0.97)[c(TRUE, FALSE, FALSE, FALSE)]) {
      below <- (as_draws_array(fit, name) < border[k]) * 1
      expect_lt(abs(mean(below) - share[k]) / posterior::mcse_mean(below), 4, label = paste(name, border[k]))
    }
  }
  expect_share("cor_b__Intercept__x", rho + 1 / 80, colSums(density))
  expect_share("sd_b__Intercept", tau + 1 / 50, rowSums(density))
})

test_that("all samplers have the exact posterior of a known sigma", {
  skip_on_cran()
  data <- bcg_trials()
  Z <- list(sd_trial__Intercept = indicators(data$trial, "trial"))
  exact <- exact_meta(data$y, cbind(b_Intercept = 1, b_latitude = data$latitude), data$se, Z,
                      function(tau) dnorm(tau, 0, 0.3, log = TRUE))
  thin <- c(centered = 10, uncentered = 10, interweaved = 2)
  for (sampler in names(thin)) {
    fit <- relm(y ~ latitude + (1 | trial), data, sigma = known(se), sampler = sampler,
                prior = relm_prior(sd = half_normal(0.3)), draws = 2500, thin = thin[[sampler]],
                seed = 10)
    expect_agreement(fit, exact, sampler)
    expect_true(all(as.matrix(fit, "sigma") == 1))
  }
})

test_that("without groups coefficients are normal", {
  data <- bcg_trials()
  fit <- relm(y ~ latitude, data, sigma = known(se), draws = 2500, seed = 11)
  exact <- summary(lm(y ~ latitude, data, weights = 1 / se^2))
  scaled <- exact$coefficients[, 2] / exact$sigma
  draws <- as.matrix(fit, c("b_Intercept", "b_latitude"))
  center <- (colMeans(draws) - exact$coefficients[, 1]) / (scaled / sqrt(nrow(draws)))
  expect_lt(max(abs(center)), 4)
  # The variance of a sample variance of normal draws is 2/n of its square.
  spread <- (apply(draws, 2, var) / scaled^2 - 1) / sqrt(2 / nrow(draws))
  expect_lt(max(abs(spread)), 4)
})

test_that("Gibbs samplers draw, variate for variate, what plain R does", {
  data <- grouped_data(5)
  for (value in c(1, 0.7)) {
    for (formula in c(y ~ x + (1 + x | g), y ~ x + (1 + x || g))) {
      expect_replay(posterior_of(formula, data, relm_prior(sigma = fixed(value)), weights = w))
    }
  }
  expect_replay(posterior_of(y ~ x + (1 | g), data, sigma = known(w),
                             relm_prior(beta = normal(0, 1), sd = half_normal(1))))
})

test_that("EM and the spectrum leave a known sigma as it is", {
  data <- grouped_data(7)
  model <- model_of(posterior_of(y ~ x + (1 + x | g), data, relm_prior(sigma = fixed(0.7)), weights = w))
  expect_equal(scales_of(model)$sigma2, 0.49)
  # With many columns: the greatest restricted likelihood over tau, by dense matrices.
  set.seed(3)
  wide <- data.frame(g = rep(1:40, 5), y = rnorm(200, rnorm(40)))
  wide$X <- matrix(rnorm(200 * 66), 200)
  posterior <- posterior_of(y ~ X + (1 | g), wide, relm_prior(sigma = fixed(0.8)))
  model <- with_spectrum(model_of(posterior))
  found <- relm:::spectral_scales(model)
  expect_identical(found$sigma2, 0.8^2)
  X <- cbind(1, wide$X)
  restricted <- function(tau) {
    V <- diag(0.64, 200) + tau^2 * outer(wide$g, wide$g, `==`)
    W <- solve(V)
    P <- crossprod(X, W %*% X)
    e <- wide$y - X %*% solve(P, crossprod(X, W %*% wide$y))
    -(determinant(V)$modulus + determinant(P)$modulus + sum(e * (W %*% e))) / 2
  }
  # The search ends at a hundredth of log tau.
  tau <- optimize(restricted, c(0.01, 5), maximum = TRUE, tol = 1e-6)$maximum
  expect_lt(abs(log(sqrt(found$Sigma[[1]][1]) / tau)), 0.02)
  # The target of the spectrum is that of the groups' sums.
  tuning <- tuning_of(model, "fixed", found)
  points <- asinh(c(0, 0.1, 1, 10))
  model$spectrum <- NULL
  sums <- log_density_at(model, tuning, points, 0.64)
  expect_equal(log_density_at(with_spectrum(model), tuning, points, 0.64), sums, tolerance = 1e-10)
})

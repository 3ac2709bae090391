test_that("parts of a row's variance on the link's scale are those of Nakagawa, Johnson and Schielzeth", {
  skip_if_not_installed("insight")
  data <- response_data(80)
  latent <- c(logit = pi^2 / 3, probit = 1, cloglog = pi^2 / 6)
  for (link in names(latent)) {
    fit <- family_fit(cbind(s, m - s) ~ x + (1 + x | g), data, binomial(link))
    draws <- as.matrix(fit)
    parts <- insight::get_variance(fit)
    expect_equal(parts$var.distribution, latent[[link]])
    expect_equal(parts$var.residual, latent[[link]])
    expect_equal(parts$var.dispersion, 0)
    expect_equal(parts$var.fixed, median(draws[, "b_x"]^2) * var(data$x))
    Z <- cbind(1, data$x)
    of_draw <- function(h) {
      sd <- h[c("sd_g__Intercept", "sd_g__x")]
      Sigma <- matrix(c(1, h[["cor_g__Intercept__x"]])[c(1, 2, 2, 1)], 2) * tcrossprod(sd)
      mean(rowSums((Z %*% Sigma) * Z))
    }
    expect_equal(parts$var.random, median(apply(draws, 1, of_draw)))
  }
})

test_that("of counts it goes by their mean with all effects integrated out, and by the shape", {
  skip_if_not_installed("insight")
  data <- response_data(80)
  X <- cbind(1, data$x)
  expected <- function(fit, times = rep(1, 80)) {
    median(apply(as.matrix(fit), 1, function(h) {
      sd <- h[c("sd_g__Intercept", "sd_g__x")]
      Sigma <- matrix(c(1, h[["cor_g__Intercept__x"]])[c(1, 2, 2, 1)], 2) * tcrossprod(sd)
      eta <- X %*% h[c("b_Intercept", "b_x")] + data$o + rowSums((X %*% Sigma) * X) / 2
      lambda <- weighted.mean(exp(eta), times)
      log(1 + 1 / lambda + if ("shape" %in% names(h)) 1 / h[["shape"]] else 0)
    }))
  }
  counts <- family_fit(k ~ x + (1 + x | g), data, poisson(), offset = o, weights = times)
  expect_equal(insight::get_variance(counts)$var.distribution, expected(counts, data$times))
  dispersed <- family_fit(k ~ x + (1 + x | g) + offset(o), data, negative_binomial())
  expect_equal(insight::get_variance(dispersed)$var.residual, expected(dispersed))
})

test_that("the variance on the link's scale is that of the logarithm of a log-normal of the same moments", {
  # Nakagawa et al. (2017), appendix: var(log y) where E y = mean, var y = mean + mean^2 / shape.
  mean <- 2.7
  for (shape in c(0.6, 40)) {
    sd <- families$negative_binomial$sd(mean, shape)
    expect_equal(families$negative_binomial$latent_variance(mean, shape), log(1 + (sd / mean)^2))
  }
  expect_equal(families$poisson$latent_variance(mean), log(1 + mean / mean^2))
  # The latent variances of the links, by numbers.
  tolerance_variance <- function(family) {
    density <- function(x, power) x^power * family$mu.eta(x)
    moment <- function(power) integrate(density, -40, 12, power = power, rel.tol = 1e-8)$value
    moment(2) - moment(1)^2
  }
  for (link in c("logit", "probit", "cloglog")) {
    family <- family_of(list(family = "binomial", link = link))
    expect_equal(family$latent_variance(), tolerance_variance(binomial(link)), tolerance = 2e-3)
  }
})

test_that("a group for each row is an overdispersion of counts, and no group", {
  skip_if_not_installed("insight")
  data <- transform(response_data(40), row = 1:40)
  fit <- relm(k ~ x + (1 | row), data, family = poisson(), prior = relm_prior(sd = half_normal(1)),
              chains = 1, draws = 50, seed = 1)
  draws <- as.matrix(fit)
  parts <- insight::get_variance(fit)
  spread <- draws[, "sd_row__Intercept"]^2
  expect_equal(parts$var.dispersion, median(spread))
  expect_null(parts$var.random)
  lambda <- rowMeans(exp(outer(draws[, "b_Intercept"], rep(1, 40)) + outer(draws[, "b_x"], data$x) +
                           spread / 2))
  expect_equal(parts$var.distribution, median(log(1 + 1 / lambda)))
  expect_equal(parts$var.residual, median(log(1 + 1 / lambda) + spread))
  # Beside a shape it is a group like any other.
  fit <- relm(k ~ x + (1 | row), data, family = negative_binomial(),
              prior = relm_prior(sd = half_normal(1), shape = exponential(1)), chains = 1, draws = 50, seed = 1)
  expect_equal(insight::get_variance(fit)$var.random, median(as.matrix(fit, "sd_row__Intercept")^2))
})

test_that("performance has Nakagawa's ICC and R2 of them", {
  for (package in c("insight", "performance")) skip_if_not_installed(package)
  fit <- family_fit(b ~ x + (1 | g), response_data(80), binomial())
  v <- insight::get_variance(fit)
  total <- v$var.fixed + v$var.random + pi^2 / 3
  expect_equal(performance::icc(fit)$ICC_adjusted, v$var.random / (v$var.random + pi^2 / 3))
  r2 <- performance::r2_nakagawa(fit)
  expect_equal(unname(c(r2$R2_conditional, r2$R2_marginal)),
               c(v$var.fixed + v$var.random, v$var.fixed) / total)
})

# Integrals over a group's effects against sums over fine grids in plain R.

skip_on_cran()

data <- family_data()

# The prior of family_posterior() in the target's coordinates, up to a constant.
log_prior_at <- function(sd, scale, beta, shape) {
  sum(dt(sd / 2.5, 3, log = TRUE) + log(cosh(asinh(sd / scale)))) +
    sum(dnorm(beta, 0, 5, log = TRUE)) +
    if (is.null(shape)) 0 else 0.01 * log(shape) - 0.01 * shape
}

test_that("the target with random intercepts is the integrated likelihood, in every family", {
  for (case in family_cases()) {
    posterior <- family_posterior(case, ~ x + (1 | g), data)
    model <- model_of(posterior)
    tuning <- family_tuning_of(model)
    shape <- if (has_shape(model)) 1.7
    values <- vapply(c(1e-3, 0.3, 1, 3, 8), function(sd) {
      beta <- c(0.3, 0.5) + sd / 10
      at <- log_target(model, tuning, family_point(model, tuning, sd, NULL, beta, shape), 1)
      c(at, likelihood_on_grid(posterior, beta, matrix(sd), shape) +
          log_prior_at(sd, tuning$scale, beta, shape))
    }, numeric(2))
    expect_lt(diff(range(values[1, ] - values[2, ])), 1e-5)
    # And does change.
    expect_gt(diff(range(values[2, ])), 1)
  }
})

test_that("with correlated slopes too, and merged rows", {
  data$x <- data$z
  for (case in family_cases()[c("logit", "probit", "poisson", "dispersed")]) {
    posterior <- family_posterior(case, ~ x + (1 + x | g), data)
    model <- model_of(posterior)
    tuning <- family_tuning_of(model)
    shape <- if (has_shape(model)) 1.7
    values <- vapply(list(c(0.3, 0.5, 0.4), c(1.5, 0.2, -1)), function(at) {
      sd <- at[1:2]
      r <- tanh(at[3])
      L <- diag(sd) %*% rbind(c(1, 0), c(r, sqrt(1 - r^2)))
      beta <- c(0.1, -0.4)
      point <- family_point(model, tuning, sd, at[3], beta, shape)
      c(log_target(model, tuning, point, 1), likelihood_on_grid(posterior, beta, L, shape) +
          log_prior_at(sd, tuning$scale, beta, shape) + log(1 - r^2))
    }, numeric(2))
    expect_lt(diff(range(values[1, ] - values[2, ])), 1e-4)
    expect_gt(diff(range(values[2, ])), 1)
  }
})

test_that("lattices of half the distance agree, in up to four dimensions", {
  terms <- list(~ x + (1 | g), ~ x + (1 + x | g), ~ x + (1 + x + v | g), ~ x + (1 + x + v + z || g))
  for (q in seq_along(terms)) {
    for (case in family_cases()[c("logit", "poisson", "cloglog")]) {
      model <- model_of(family_posterior(case, terms[[q]], data))
      point <- rep_len(c(asinh(1), 0.3, -0.2), length(new_tuning(model, list(sigma2 = 1),
                                                                   "none")$center))
      at <- function(fineness) log_target(model, family_tuning_of(model, fineness), point, 1)
      expect_lt(abs(at(1) - at(0.5)), c(1e-6, 1e-5, 2e-4, 1e-3)[q])
    }
  }
})

test_that("effects are draws of their distribution given the hyperparameters", {
  # By cumulative shares of a grid: their ranks are uniform.
  draws <- 4000L
  for (case in family_cases()[c("logit", "cloglog", "poisson", "dispersed")]) {
    posterior <- family_posterior(case, ~ x + (1 | g), data)
    shape <- if (identical(case$family$family, "negative_binomial")) 2
    hyper <- c(0.2, 0.5, 1.3, shape)
    model <- with_modes(model_of(posterior), hyper)
    effects <- draw_deferred_effects(model, matrix(hyper, length(hyper), draws), 7L, 0:5)
    b <- seq(-12, 12, length.out = 24001)
    for (j in c(1, 4, 6)) {
      rows <- which(posterior$responses$group == j)
      eta <- drop(posterior$responses$X[rows, , drop = FALSE] %*% c(0.2, 0.5)) +
        rep(1, length(rows)) %o% b
      density <- merged_log_likelihood(posterior, rows, eta, shape) + dnorm(b, 0, 1.3, log = TRUE)
      density <- exp(density - max(density))
      share <- cumsum(density) / sum(density)
      ranks <- approx(b, share, effects[1, j, ])$y
      # Kolmogorov's distance is above 1.95 / sqrt(n) in one of a thousand.
      expect_lt(max(abs(sort(ranks) - (seq_len(draws) - 0.5) / draws)), 1.95 / sqrt(draws))
    }
  }
})

test_that("effects of several columns have the moments of a grid", {
  draws <- 6000L
  posterior <- family_posterior(family_cases()$logit, ~ x + (1 + x | g), data)
  hyper <- c(0.2, 0.5, 1.2, 0.7, 0.4)
  model <- with_modes(model_of(posterior), hyper)
  effects <- draw_deferred_effects(model, matrix(hyper, length(hyper), draws), 3L, 0:5)
  L <- diag(c(1.2, 0.7)) %*% rbind(c(1, 0), c(0.4, sqrt(1 - 0.16)))
  u <- as.matrix(expand.grid(rep(list(seq(-8, 8, length.out = 321)), 2)))
  b <- u %*% t(L)
  for (j in c(2, 6)) {
    rows <- which(posterior$responses$group == j)
    eta <- drop(posterior$responses$X[rows, , drop = FALSE] %*% c(0.2, 0.5)) +
      posterior$responses$Z[rows, , drop = FALSE] %*% t(b)
    density <- exp(merged_log_likelihood(posterior, rows, eta, NULL) - rowSums(u^2) / 2)
    density <- density / sum(density)
    for (k in 1:2) {
      mean <- sum(density * b[, k])
      sd <- sqrt(sum(density * (b[, k] - mean)^2))
      # Independent draws: four standard errors.
      expect_lt(abs(mean(effects[k, j, ]) - mean), 4 * sd / sqrt(draws))
      expect_lt(abs(sd(effects[k, j, ]) / sd - 1), 4 * sqrt(0.75 / draws))
    }
    product <- sum(density * b[, 1] * b[, 2])
    spread <- sqrt(sum(density * (b[, 1] * b[, 2] - product)^2))
    expect_lt(abs(mean(effects[1, j, ] * effects[2, j, ]) - product), 4 * spread / sqrt(draws))
  }
})

test_that("half the distance shows what a ball of three dimensions has left out", {
  rows <- data.frame(g = 1, x = c(-1.3, -0.4, 0.2, 0.6, 1.1, 1.8), v = c(0.5, -1.1, 0.9, -0.3, 1.4, -0.8), y = 0)
  beta <- c(-5, 0.4, -0.3)
  sd <- c(5, 3, 3)
  one <- seq(-6.5, 6.5, by = 0.1)
  u <- as.matrix(expand.grid(one, one, one))
  value <- -rowSums(u^2) / 2
  Z <- cbind(1, rows$x, rows$v)
  for (i in 1:6) value <- value + plogis(drop(u %*% (sd * Z[i, ])) + sum(Z[i, ] * beta), lower.tail = FALSE, log.p = TRUE)
  exact <- 2 * (log(sum(exp(value))) + 3 * log(0.1 / sqrt(2 * pi)))
  twice <- rbind(rows, transform(rows, g = 2))
  posterior <- relm_posterior(crossprods(y ~ x + v + (1 + x + v | g), twice, family = binomial()),
                              relm_prior(beta = normal(0, 5), sd = half_t(3, 2.5)))
  model <- model_of(posterior)
  at <- function(fineness) {
    tuning <- family_tuning_of(model, fineness)
    point <- family_point(model, tuning, sd, rep(0, 3), beta)
    log_target(model, tuning, point, 1) - log_prior_at(sd, tuning$scale, beta, NULL)
  }
  # Constants of the prior are those of a group without rows.
  model$responses$trials[] <- 0
  none <- at(0.5)
  model <- model_of(posterior)
  left_out <- at(1) - none - exact
  expect_lt(left_out, -1e-6)
  expect_lt(abs(at(0.5) - none - exact), abs(left_out) / 3)
})

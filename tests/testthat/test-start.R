# Starting points against the exact posterior of the bass data.

test_that("EM finds the generalized least-squares coefficients and their precision", {
  data <- grouped_data()
  posterior <- posterior_of(y ~ x + v + (1 + x | g), data, weights = w)
  model <- model_of(posterior)
  Sigma <- matrix(c(1, 0.3, 0.3, 0.5), 2)
  em <- em_of(model, Sigma, 0.7)
  rows <- replay_data(posterior)
  V <- diag(0.7 / rows$w)
  for (j in unique(rows$group)) {
    own <- rows$group == j
    V[own, own] <- V[own, own] + rows$Z[own, ] %*% Sigma %*% t(rows$Z[own, ])
  }
  precision <- crossprod(rows$X, solve(V, rows$X))
  beta <- solve(precision, crossprod(rows$X, solve(V, rows$y)))
  to_beta <- matrix(model$to_beta, 3)
  expect_equal(as.numeric(to_beta %*% em$theta) + model$beta_shift, as.numeric(beta))
  expect_equal(em$precision, t(to_beta) %*% precision %*% to_beta, ignore_attr = TRUE)
})

test_that("EM climbs to the maximum of the likelihood", {
  skip_if_not_installed("lme4")
  data <- grouped_data(40)
  model <- model_of(posterior_of(y ~ x + (1 | g), data))
  Sigma <- diag(1)
  sigma2 <- 1
  for (step in 1:300) {
    em <- em_of(model, Sigma, sigma2)
    Sigma <- em$moment
    sigma2 <- em$sum_of_squares / model$stratum_rows
  }
  reference <- lme4::lmer(y ~ x + (1 | g), data, REML = FALSE)
  expect_equal(sqrt(sigma2), sigma(reference), tolerance = 1e-4)
  expect_equal(sqrt(Sigma[1]), attr(lme4::VarCorr(reference)$g, "stddev")[[1]], tolerance = 1e-4)
})

test_that("starting points are spread more widely than the posterior", {
  data <- bass_centered()
  posterior <- posterior_of(log(mercury) ~ x + (1 + x || station), data)
  model <- model_of(posterior)
  estimate <- scales_of(model)
  set.seed(1)
  starts <- t(replicate(400, {
    start <- start_of(model, estimate)
    c(start$beta, sqrt(diag(start$Sigma[[1]])), sqrt(start$sigma2))
  }))
  exact <- exact_posterior(log(data$mercury), cbind("(Intercept)" = 1, x = data$x),
                           cbind("(Intercept)" = 1, x = data$x), data$station)
  expect_true(all(apply(starts, 2, sd) > exact$sd))
  share_outside <- rowMeans(t(starts) < exact$q2.5 | t(starts) > exact$q97.5)
  expect_true(all(share_outside > 0.1))
})

test_that("starting points respect bounded priors", {
  prior <- relm_prior(sd = uniform(0.05), sigma = uniform(0.1))
  model <- model_of(posterior_of(y ~ x + (1 + x || g), grouped_data(), prior))
  set.seed(1)
  start <- start_of(model)
  expect_true(all(sqrt(diag(start$Sigma[[1]])) < 0.05))
  expect_lt(sqrt(start$sigma2), 0.1)
})

test_that("a residual variance of which the data say nothing starts from its prior", {
  data <- grouped_data()
  data$h <- factor(seq_len(nrow(data)))
  start_at <- function(prior, data, levels = ~ 1) {
    posterior <- relm_posterior(crossprods(y ~ h + (1 | g), data, sigma = levels),
                                relm_prior(sd = half_normal(1), sigma = prior))
    scales_of(model_of(posterior))$sigma2
  }
  expect_equal(start_at(half_t(3, 0.2), data), 0.04)
  expect_equal(start_at(exponential(2), transform(data, y = 1e6 + 1e3 * y)), 0.25)
  expect_equal(start_at(inverse_gamma(2, 1), data), 0.5)
  expect_equal(start_at(uniform(3), data), 2.25)
  # The rows of one level alone have coefficients of their own.
  data$h <- factor(ifelse(data$f == data$f[1], seq_len(nrow(data)), 0))
  starts <- start_at(half_normal(7), data, ~ f)
  expect_equal(starts[1], 49)
  expect_true(all(starts[-1] > 0.01 & starts[-1] < 10))
})

# The rows' shift is the rows: EM began with a residual variance of nought, in which the priors of
# coefficients that the rows do not tell apart were lost.
test_that("rows that leave nothing, beside priors that know all, have a start", {
  one <- data.frame(y = 2, x = -0.4, v = 1)
  prior <- relm_prior(beta = normal(0, 0.1), sigma = half_t(3, 1))
  for (family in c("gaussian", "student")) {
    fit <- suppressMessages(relm(y ~ x + v, one, family = family, prior = prior, chains = 2,
                                 draws = 4000, seed = 1))
    draws <- as.matrix(fit)
    expect_true(all(is.finite(draws)))
    # Given sigma y - x'beta is normal; the coefficients' prior is much tighter than that.
    expect_lt(abs(mean(draws[, "b_v"])), 0.05)
    expect_lt(abs(sd(draws[, "b_x"]) - 0.1), 0.01)
  }
})

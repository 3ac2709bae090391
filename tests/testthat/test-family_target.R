# The target of other families beside the integrals over groups, which test-lattice.R is about.

data <- family_data()

test_that("a target without groups is the likelihood", {
  for (case in family_cases()) {
    posterior <- family_posterior(case, ~ x, data)
    model <- model_of(posterior)
    tuning <- family_tuning_of(model)
    shape <- if (has_shape(model)) 1.7
    values <- vapply(list(c(0, 0), c(0.4, -0.8), c(-2, 3)), function(beta) {
      eta <- as.matrix(posterior$responses$X %*% beta)
      counts <- if (!is.null(shape)) {
        sum(posterior$responses$times * (lgamma(posterior$responses$values + shape) - lgamma(shape)))
      }
      at <- log_target(model, tuning, family_point(model, tuning, NULL, NULL, beta, shape), 1)
      at - sum(merged_log_likelihood(posterior, seq_along(eta), eta, shape), counts,
               dnorm(beta, 0, 5, log = TRUE))
    }, 0)
    expect_lt(diff(range(values)), 1e-8)
  }
})

test_that("priors of standard deviations, correlations and covariances are in it", {
  case <- family_cases()$logit
  terms <- ~ x + (1 + x | g)
  at <- function(prior, point) {
    crossprods <- crossprods(formula_of_case(case, terms), data, family = case$family)
    model <- model_of(relm_posterior(crossprods, prior))
    log_target(model, family_tuning_of(model), point, 1)
  }
  beta <- normal(0, 5)
  plain <- relm_prior(beta = beta, sd = half_normal(1), cor = lkj(1))
  priors <- list(
    list(relm_prior(beta = beta, sd = half_normal(2), cor = lkj(1)),
         function(sd, r) sum(dnorm(sd, 0, 2, log = TRUE) - dnorm(sd, log = TRUE))),
    list(relm_prior(beta = beta, sd = exponential(1), cor = lkj(1)),
         function(sd, r) sum(dexp(sd, log = TRUE) - dnorm(sd, log = TRUE))),
    list(relm_prior(beta = beta, sd = half_normal(1), cor = lkj(3)),
         function(sd, r) 2 * log(1 - r^2)),
    list(relm_prior(beta = beta, cov = inverse_wishart(5, diag(2))),
         function(sd, r) {
           Sigma <- diag(sd) %*% matrix(c(1, r, r, 1), 2) %*% diag(sd)
           # In the standard deviations and the correlation.
           -(5 + 3) / 2 * log(det(Sigma)) - sum(diag(solve(Sigma))) / 2 + 2 * sum(log(sd)) -
             sum(dnorm(sd, log = TRUE))
         })
  )
  scale <- family_tuning_of(model_of(relm_posterior(
    crossprods(formula_of_case(case, terms), data, family = case$family), plain)))$scale
  points <- list(c(0.4, 0.9, 0.3, 0.5, -1), c(1.2, 0.2, -0.8, 0, 0.3))
  for (prior in priors) {
    differences <- vapply(points, function(point) {
      at(prior[[1]], point) - at(plain, point) - prior[[2]](scale * sinh(point[1:2]), tanh(point[3]))
    }, 0)
    expect_lt(abs(diff(differences)), 1e-9)
  }
})

# Differences of two priors would not show a Jacobian that both lack.
test_that("a shape has the density of its logarithm, Jacobian and all", {
  case <- family_cases()$dispersed
  beta <- c(0.4, -0.8)
  expect_density <- function(posterior, log_prior) {
    model <- model_of(posterior)
    tuning <- family_tuning_of(model)
    responses <- posterior$responses
    eta <- as.matrix(responses$X %*% beta)
    values <- vapply(c(0.2, 1.7, 40), function(r) {
      counts <- sum(responses$times * (lgamma(responses$values + r) - lgamma(r)))
      log_target(model, tuning, family_point(model, tuning, NULL, NULL, beta, r), 1) - counts -
        merged_log_likelihood(posterior, seq_along(eta), eta, r) - log_prior(r) - log(r)
    }, 0)
    expect_lt(diff(range(values)), 1e-8)
  }
  expect_density(family_posterior(case, ~ x, data), function(r) dgamma(r, 0.01, 0.01, log = TRUE))
  expect_density(family_posterior(case, ~ x, data, shape = gamma(2, 0.5)),
                 function(r) dgamma(r, 2, 0.5, log = TRUE))
  # Of r^(-1/2), whose derivative in r is r^(-3/2) / 2.
  expect_density(family_posterior(case, ~ x, data, shape = half_normal(2)),
                 function(r) dnorm(r^-0.5, 0, 2, log = TRUE) - 1.5 * log(r))
})

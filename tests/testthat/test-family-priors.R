# Priors of other families, in their target: what it differs by where another prior is asked for.

data <- transform(family_data(), u = 10 * x + 3)

uncorrelated <- ~ x + (1 + x || g)

target_of <- function(case, prior, terms = ~ x + (1 + x | g)) {
  products <- crossprods(formula_of_case(case, terms), data, family = case$family)
  model <- model_of(relm_posterior(products, prior))
  tuning <- family_tuning_of(model)
  correlated <- !identical(terms, uncorrelated)
  function(sd, r, beta, shape = NULL) {
    log_target(model, tuning, family_point(model, tuning, sd, if (correlated) atanh(r), beta, shape), 1)
  }
}

# expected(sd, r, beta, shape): the log density of one prior less that of the other, but for a constant.
expect_prior <- function(case, prior, plain, expected, terms = ~ x + (1 + x | g)) {
  points <- list(list(sd = c(0.4, 0.9), r = 0.3, beta = c(0.5, -1)), list(sd = c(1.2, 0.2), r = -0.8, beta = c(0, 0.3)),
                 list(sd = c(3, 2), r = 0.1, beta = c(-1, 2)))
  if (case$family$family == "negative_binomial") {
    points <- Map(function(point, shape) c(point, shape = shape), points, c(0.4, 2, 30))
  }
  at <- target_of(case, prior, terms)
  before <- target_of(case, plain, terms)
  differences <- vapply(points, function(point) {
    do.call(at, point) - do.call(before, point) - do.call(expected, point)
  }, 0)
  expect_lt(max(abs(differences - differences[1])), 1e-8)
}

each_family <- function(check) {
  for (case in family_cases()[c("logit", "poisson", "dispersed")]) check(case)
}

plain <- relm_prior(beta = normal(0, 5), sd = half_normal(1), cor = lkj(1))

test_that("other families have the priors of coefficients that are asked for", {
  with_beta <- function(beta) relm_prior(beta = beta, sd = half_normal(1), cor = lkj(1))
  less <- function(beta) sum(dnorm(beta, 0, 5, log = TRUE))
  each_family(function(case) {
    expect_prior(case, with_beta(normal(1, 2)), plain, function(sd, r, beta, ...) {
      sum(dnorm(beta, 1, 2, log = TRUE)) - less(beta)
    })
    # flat() of the intercept, and a normal one of the other by its name.
    expect_prior(case, with_beta(list(x = normal(0, 3))), plain, function(sd, r, beta, ...) {
      dnorm(beta[2], 0, 3, log = TRUE) - less(beta)
    })
    # autoscale: in standard deviations of the column.
    expect_prior(case, with_beta(normal(0, 2.5, autoscale = TRUE)), plain, function(sd, r, beta, ...) {
      dnorm(beta[1], 0, 2.5, log = TRUE) + dnorm(beta[2], 0, 2.5 / sd(data$x), log = TRUE) - less(beta)
    })
  })
})

test_that("other families have the priors of standard deviations that are asked for", {
  priors <- list(
    list(half_t(3, 2), function(sd) dt(sd / 2, 3, log = TRUE)),
    list(half_cauchy(1.5), function(sd) dcauchy(sd, 0, 1.5, TRUE)),
    list(half_normal(2), function(sd) dnorm(sd, 0, 2, log = TRUE)),
    list(exponential(3), function(sd) dexp(sd, 3, log = TRUE)),
    list(uniform(upper = 10), function(sd) 0 * sd), list(uniform(), function(sd) 0 * sd),
    # Of the variance.
    list(inverse_gamma(2, 0.7), function(sd) -3 * log(sd^2) - 0.7 / sd^2 + log(sd))
  )
  each_family(function(case) {
    for (prior in priors) {
      expect_prior(case, relm_prior(beta = normal(0, 5), sd = prior[[1]], cor = lkj(1)), plain,
                   function(sd, r, beta, ...) sum(prior[[2]](sd) - dnorm(sd, log = TRUE)))
    }
    by_column <- list(Intercept = exponential(1), x = half_normal(0.3))
    expect_prior(case, relm_prior(beta = normal(0, 5), sd = by_column, cor = lkj(1)), plain,
                 function(sd, r, beta, ...) {
                   dexp(sd[1], log = TRUE) + dnorm(sd[2], 0, 0.3, log = TRUE) - sum(dnorm(sd, log = TRUE))
                 })
  })
})

test_that("other families have the priors of covariance matrices that are asked for", {
  Sigma_of <- function(sd, r) diag(sd) %*% matrix(c(1, r, r, 1), 2) %*% diag(sd)
  # From the elements of Sigma to standard deviations and the correlation: 4 (s_1 s_2)^2.
  change <- function(sd) 2 * sum(log(sd))
  before <- function(sd) sum(dnorm(sd, log = TRUE))
  each_family(function(case) {
    expect_prior(case, relm_prior(beta = normal(0, 5), sd = half_normal(1), cor = lkj(3)), plain,
                 function(sd, r, beta, ...) 2 * log(1 - r^2))
    expect_prior(case, relm_prior(beta = normal(0, 5), cov = inverse_wishart(5, diag(2))), plain,
                 function(sd, r, beta, ...) {
                   S <- Sigma_of(sd, r)
                   -(5 + 3) / 2 * log(det(S)) - sum(diag(solve(S))) / 2 + change(sd) - before(sd)
                 })
    expect_prior(case, relm_prior(beta = normal(0, 5), cov = huang_wand(2, c(1.5, 0.5))), plain,
                 function(sd, r, beta, ...) {
                   S <- Sigma_of(sd, r)
                   P <- diag(solve(S))
                   -(2 + 4) / 2 * log(det(S)) - (2 + 2) / 2 * sum(log(2 * P + 1 / c(1.5, 0.5)^2)) +
                     change(sd) - before(sd)
                 })
  })
  # Several terms of one grouping: no correlation between them.
  expect_prior(family_cases()$poisson, relm_prior(beta = normal(0, 5), sd = exponential(1)),
               relm_prior(beta = normal(0, 5), sd = half_normal(1)), terms = uncorrelated,
               function(sd, r, beta, ...) sum(dexp(sd, log = TRUE) - dnorm(sd, log = TRUE)))
})

test_that("a shape has the prior that is asked for", {
  case <- family_cases()$dispersed
  with_shape <- function(shape) relm_prior(beta = normal(0, 5), sd = half_normal(1), cor = lkj(1), shape = shape)
  gamma_default <- function(r) dgamma(r, 0.01, 0.01, log = TRUE)
  # Of r^(-1/2), whose derivative in r is r^(-3/2) / 2.
  priors <- list(
    list(half_t(3, 2), function(s) dt(s / 2, 3, log = TRUE)), list(half_normal(2), function(s) dnorm(s, 0, 2, TRUE)),
    list(half_cauchy(1.5), function(s) dcauchy(s, 0, 1.5, TRUE)), list(exponential(3), function(s) dexp(s, 3, TRUE))
  )
  for (prior in priors) {
    expect_prior(case, with_shape(prior[[1]]), plain, function(sd, r, beta, shape) {
      prior[[2]](shape^-0.5) - 1.5 * log(shape) - gamma_default(shape)
    })
  }
  of_gamma <- relm_prior(beta = normal(0, 5), sd = half_normal(1), cor = lkj(1), shape = gamma(2, 0.5))
  expect_prior(case, of_gamma, plain, function(sd, r, beta, shape) {
    dgamma(shape, 2, 0.5, log = TRUE) - gamma_default(shape)
  })
})

test_that("priors of what a family has not are refused by name", {
  refused <- function(prior, says, family = poisson()) {
    expect_error(relm(count ~ x + (1 | g), data, family = family, prior = prior), says, class = "relm_error")
  }
  refused(relm_prior(sigma = half_t(3, 1)), "`sigma`.*no residual variance")
  refused(relm_prior(sigma = half_t(3, 1)), "`sigma`.*no residual variance", negative_binomial())
  refused(relm_prior(shape = exponential(1)), "`shape`.*negative_binomial")
  refused(relm_prior(shape = inverse_gamma(1, 1)), "The prior of `shape` must be", negative_binomial())
  for (prior in list(quote(jeffreys()), quote(pooled()))) {
    refused(eval(bquote(relm_prior(sd = .(prior)))), "The prior of `sd` must be")
  }
  expect_error(relm(count ~ x + (1 | g), data, family = poisson(), sigma = ~ g), "`sigma` has no place",
               class = "relm_error")
})

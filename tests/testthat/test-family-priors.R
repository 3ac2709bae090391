# Priors of other families, in their target: what it differs by where another prior is asked for. With
# several groupings it is the target of the step of `g`, given the others' effects.

data <- transform(family_data(), u = 10 * x + 3, h = rep_len(LETTERS[1:5], 32),
                  leaf = paste(g, seq_along(g) %% 2))

structures <- list(
  one = list(correlated = ~ x + (1 + x | g), not = ~ x + (1 + x || g)),
  nested = list(correlated = ~ x + (1 + x | g) + (1 + x | leaf), not = ~ x + (1 + x || g) + (1 + x || leaf)),
  crossed = list(correlated = ~ x + (1 + x | h) + (1 + x | g), not = ~ x + (1 + x || h) + (1 + x || g))
)

# The number of the grouping `g`, and of its step, from 0.
step_of_g <- function(model, posterior) {
  number <- match("g", names_of_groupings(posterior))
  own <- vapply(seq_along(model$steps), function(s) number %in% numbers_of_step(model, s - 1L), NA)
  which(own) - 1L
}

target_of <- function(case, prior, terms) {
  posterior <- relm_posterior(crossprods(formula_of_case(case, terms), data, family = case$family), prior)
  model <- model_of(posterior)
  tuning <- c(new_tuning(model, list(sigma2 = 1), "none", step = step_of_g(model, posterior)), list(fineness = 1))
  if (length(posterior$groupings) > 1) {
    set.seed(3)
    model$effect <- lapply(posterior$groupings, function(grouping) {
      matrix(rnorm(2 * length(grouping$groups), sd = 0.5), 2)
    })
  }
  correlated <- !any(all.names(terms) == "||")
  function(sd, r, beta, shape = NULL) {
    log_target(model, tuning, family_point(model, tuning, sd, if (correlated) atanh(r), beta, shape), 1)
  }
}

# expected(sd, r, beta, shape): the log density of one prior less that of the other, but for a constant.
expect_prior <- function(structure, case, prior, plain, expected, terms = structures[[structure]]$correlated) {
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

# Priors of each kind, whatever the groupings.

expect_priors_of_coefficients <- function(structure) {
  with_beta <- function(beta) relm_prior(beta = beta, sd = half_normal(1), cor = lkj(1))
  less <- function(beta) sum(dnorm(beta, 0, 5, log = TRUE))
  each_family(function(case) {
    expect_prior(structure, case, with_beta(normal(1, 2)), plain, function(sd, r, beta, ...) {
      sum(dnorm(beta, 1, 2, log = TRUE)) - less(beta)
    })
    # flat() of the intercept, and a normal one of the other by its name.
    expect_prior(structure, case, with_beta(list(x = normal(0, 3))), plain, function(sd, r, beta, ...) {
      dnorm(beta[2], 0, 3, log = TRUE) - less(beta)
    })
    # autoscale: in standard deviations of the column.
    expect_prior(structure, case, with_beta(normal(0, 2.5, autoscale = TRUE)), plain, function(sd, r, beta, ...) {
      dnorm(beta[1], 0, 2.5, log = TRUE) + dnorm(beta[2], 0, 2.5 / sd(data$x), log = TRUE) - less(beta)
    })
  })
}

expect_priors_of_scales <- function(structure) {
  priors <- list(
    list(half_t(3, 2), function(sd) dt(sd / 2, 3, log = TRUE)),
    list(half_cauchy(1.5), function(sd) dcauchy(sd, 0, 1.5, TRUE)),
    list(half_normal(2), function(sd) dnorm(sd, 0, 2, log = TRUE)),
    list(exponential(3), function(sd) dexp(sd, 3, log = TRUE)),
    list(uniform(upper = 10), function(sd) 0 * sd), list(uniform(), function(sd) 0 * sd),
    # Of the variance.
    list(inverse_gamma(2, 0.7), function(sd) -3 * log(sd^2) - 0.7 / sd^2 + log(sd))
  )
  beside <- c(nested = "leaf", crossed = "h")[structure]
  # Of several groupings by their names: another's prior is no part of the step.
  with_sd <- function(prior) {
    if (structure != "one") prior <- stats::setNames(list(prior, half_normal(0.3)), c("g", beside))
    relm_prior(beta = normal(0, 5), sd = prior, cor = lkj(1))
  }
  each_family(function(case) {
    for (prior in priors) {
      expect_prior(structure, case, with_sd(prior[[1]]), plain,
                   function(sd, r, beta, ...) sum(prior[[2]](sd) - dnorm(sd, log = TRUE)))
    }
    by_column <- list(Intercept = exponential(1), x = half_normal(0.3))
    expect_prior(structure, case, with_sd(by_column), plain,
                 function(sd, r, beta, ...) {
                   dexp(sd[1], log = TRUE) + dnorm(sd[2], 0, 0.3, log = TRUE) - sum(dnorm(sd, log = TRUE))
                 })
  })
}

expect_priors_of_matrices <- function(structure) {
  Sigma_of <- function(sd, r) diag(sd) %*% matrix(c(1, r, r, 1), 2) %*% diag(sd)
  # From the elements of Sigma to standard deviations and the correlation: 4 (s_1 s_2)^2.
  change <- function(sd) 2 * sum(log(sd))
  before <- function(sd) sum(dnorm(sd, log = TRUE))
  each_family(function(case) {
    expect_prior(structure, case, relm_prior(beta = normal(0, 5), sd = half_normal(1), cor = lkj(3)), plain,
                 function(sd, r, beta, ...) 2 * log(1 - r^2))
    expect_prior(structure, case, relm_prior(beta = normal(0, 5), cov = inverse_wishart(5, diag(2))), plain,
                 function(sd, r, beta, ...) {
                   S <- Sigma_of(sd, r)
                   -(5 + 3) / 2 * log(det(S)) - sum(diag(solve(S))) / 2 + change(sd) - before(sd)
                 })
    expect_prior(structure, case, relm_prior(beta = normal(0, 5), cov = huang_wand(2, c(1.5, 0.5))), plain,
                 function(sd, r, beta, ...) {
                   S <- Sigma_of(sd, r)
                   P <- diag(solve(S))
                   -(2 + 4) / 2 * log(det(S)) - (2 + 2) / 2 * sum(log(2 * P + 1 / c(1.5, 0.5)^2)) +
                     change(sd) - before(sd)
                 })
  })
  # Several terms of one grouping: no correlation between them.
  expect_prior(structure, family_cases()$poisson, relm_prior(beta = normal(0, 5), sd = exponential(1)),
               relm_prior(beta = normal(0, 5), sd = half_normal(1)), terms = structures[[structure]]$not,
               function(sd, r, beta, ...) sum(dexp(sd, log = TRUE) - dnorm(sd, log = TRUE)))
}

expect_priors_of_shape <- function(structure) {
  case <- family_cases()$dispersed
  with_shape <- function(shape) relm_prior(beta = normal(0, 5), sd = half_normal(1), cor = lkj(1), shape = shape)
  gamma_default <- function(r) dgamma(r, 0.01, 0.01, log = TRUE)
  # Of r^(-1/2), whose derivative in r is r^(-3/2) / 2.
  priors <- list(
    list(half_t(3, 2), function(s) dt(s / 2, 3, log = TRUE)), list(half_normal(2), function(s) dnorm(s, 0, 2, TRUE)),
    list(half_cauchy(1.5), function(s) dcauchy(s, 0, 1.5, TRUE)), list(exponential(3), function(s) dexp(s, 3, TRUE))
  )
  for (prior in priors) {
    expect_prior(structure, case, with_shape(prior[[1]]), plain, function(sd, r, beta, shape) {
      prior[[2]](shape^-0.5) - 1.5 * log(shape) - gamma_default(shape)
    })
  }
  of_gamma <- relm_prior(beta = normal(0, 5), sd = half_normal(1), cor = lkj(1), shape = gamma(2, 0.5))
  expect_prior(structure, case, of_gamma, plain, function(sd, r, beta, shape) {
    dgamma(shape, 2, 0.5, log = TRUE) - gamma_default(shape)
  })
}

test_that("other families have the priors of coefficients that are asked for", {
  expect_priors_of_coefficients("one")
})

test_that("other families have the priors of standard deviations that are asked for", {
  expect_priors_of_scales("one")
})

test_that("other families have the priors of covariance matrices that are asked for", {
  expect_priors_of_matrices("one")
})

test_that("a shape has the prior that is asked for", {
  expect_priors_of_shape("one")
})

test_that("several groupings of other families have the priors of coefficients that are asked for", {
  for (structure in c("nested", "crossed")) expect_priors_of_coefficients(structure)
})

test_that("several groupings of other families have the priors of standard deviations that are asked for", {
  for (structure in c("nested", "crossed")) expect_priors_of_scales(structure)
})

test_that("several groupings of other families have the priors of covariance matrices that are asked for", {
  for (structure in c("nested", "crossed")) expect_priors_of_matrices(structure)
})

test_that("a shape beside several groupings has the prior that is asked for", {
  for (structure in c("nested", "crossed")) expect_priors_of_shape(structure)
})

test_that("priors of what a family has not are refused by name", {
  refused <- function(prior, says, family = poisson()) {
    expect_error(relm(count ~ x + (1 | g), data, family = family, prior = prior), says, class = "relm_error")
  }
  refused(relm_prior(sigma = half_t(3, 1)), "`sigma`.*no residual variance")
  refused(relm_prior(sigma = half_t(3, 1)), "`sigma`.*no residual variance", negative_binomial())
  refused(relm_prior(shape = exponential(1)), "`shape`.*negative_binomial")
  refused(relm_prior(shape = inverse_gamma(1, 1)), "The prior of `shape` must be", negative_binomial())
  for (prior in list(quote(jeffreys()), quote(pooled()), quote(fixed(1)))) {
    refused(eval(bquote(relm_prior(sd = .(prior)))), "The prior of `sd` must be")
  }
  refused(relm_prior(sigma = fixed(1)), "`sigma`.*no residual variance")
  refused(relm_prior(df = fixed(3)), "`df`.*degrees of freedom")
  refused(relm_prior(df = gamma(2, 0.1)), "`df`.*degrees of freedom", negative_binomial())
  expect_error(relm(count ~ x + (1 | g), data, family = poisson(), sigma = ~ g), "`sigma` has no place",
               class = "relm_error")
  expect_error(relm(count ~ x + (1 | g), data, family = poisson(), sigma = known(x)), "`sigma` has no place",
               class = "relm_error")
})

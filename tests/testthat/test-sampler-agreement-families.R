# The Gibbs samplers by Polya-Gamma weights against quadrature, the collapsed sampler, and the
# priors that data are made with.

skip_on_cran()

# Quantiles of a density on a grid, named as expect_agreement() reads them.
quantiles_on <- function(margin) {
  setNames(quantiles_of_margin(margin, c(0.025, 0.5, 0.975)), c("q2.5", "q50", "q97.5"))
}

quantiles_of <- function(margins) do.call(rbind, lapply(margins, quantiles_on))

test_that("an intercept and its groups' standard deviation have the density of quadrature", {
  data <- family_data()
  prior <- relm_prior(beta = normal(0, 2), sd = half_t(3, 1))
  formula <- formula_of_case(family_cases()$trials, ~ 1 + (1 | g))
  exact <- quantiles_of(density_of_intercept_and_sd(augmented_posterior(formula, data, prior)))
  for (sampler in c("centered", "uncentered", "interweaved")) {
    fit <- augmented_fit(formula, data, sampler, prior, chains = 4, draws = 3000, thin = 5)
    expect_agreement(fit, exact, sampler)
  }
})

test_that("a shape has the density of quadrature", {
  counts <- with_seed_of(3, data.frame(k = rnbinom(40, size = 2, mu = 5)))
  shapes <- exp(seq(log(0.1), log(100), length.out = 301))
  density <- density_of_intercept_and_shape(counts$k, shapes, function(intercept, shape) {
    dnorm(intercept, 0, 2, TRUE) + dgamma(shape, 2, 1, log = TRUE)
  })
  fit <- augmented_fit(k ~ 1, counts, "centered", chains = 4, draws = 3000)
  expect_agreement(fit, quantiles_of(density), "centered")
})

test_that("draws are those of the collapsed sampler", {
  agree <- function(formula, thin, data = augmented_data(), ..., least_ess = 200) {
    whole <- augmented_fit(formula, data, "collapsed", ..., draws = 4000)
    for (sampler in names(thin)) {
      fit <- augmented_fit(formula, data, sampler, ..., draws = 2000, thin = thin[[sampler]])
      distances <- median_distances(list(whole, fit))
      expect_lt(max(abs(distances)), 4.2, label = sampler)
      least <- min(apply(fit$sampling$hyper, 3, posterior::ess_basic))
      expect_gt(least, least_ess, label = sampler)
    }
  }
  thin <- c(interweaved = 2, centered = 10, uncentered = 10)
  agree(cbind(s, m - s) ~ x + (1 + v | a), thin)
  agree(k ~ v + (1 | a) + offset(o), thin)
  # Of correlations near -1 and 1, which have coordinates of their own.
  agree(cbind(s, m - s) ~ v + (1 + v | a), c(interweaved = 10),
        prior = relm_prior(beta = normal(0, 2), sd = half_t(3, 1), cor = lkj(0.2)))
})

in_turn <- function(posterior, sampler, n) {
  model <- model_of_sampler(posterior, sampler)
  rows <- model$rows
  dispersed <- key_of(posterior) == "negative_binomial"
  groupings <- groupings_of(posterior)
  state <- list(beta = numeric(length(posterior$fixed)),
                Sigma = lapply(groupings, function(g) diag(0.2, nrow(g$random))), sigma2 = 1, shape = 2)
  set.seed(11)
  draws <- vapply(seq_len(n), function(i) {
    chain <- chain_of(model, sampler, state, 1L)
    state <<- chain$state
    hyper <- chain$hyper[, 1]
    eta <- drop(posterior$responses$X %*% hyper[posterior$parameters$part == "b"])
    for (g in seq_along(groupings)) {
      own <- by_grouping(chain$effects)[[g]][1, , 1]
      eta <- eta + own[posterior$responses$group[, g]]
    }
    if (dispersed) {
      r <- hyper[posterior$parameters$part == "shape"]
      y <- rnbinom(length(eta), size = r * rows$trials, mu = exp(eta) * rows$trials)
      counts <- count_values(y, rep(1, length(y)))
      model$rows[c("value", "times")] <<- list(counts$values, counts$times)
    } else {
      y <- rbinom(length(eta), rows$trials, plogis(eta))
    }
    model$rows$y <<- as.numeric(y)
    hyper
  }, numeric(nrow(posterior$parameters)))
  rownames(draws) <- posterior$parameters$variable
  draws
}

# Parameters and data drawn in turn, each given the other, have the prior as their distribution
# (Geweke 2004).
test_that("priors come back where data are drawn in turn with the parameters", {
  data <- augmented_data(16)
  for (formula in list(cbind(s, m - s) ~ v + (1 | a), k ~ v + (1 | a) + (1 | c))) {
    family <- family_of_formula(formula)
    prior <- relm_prior(beta = normal(0.2, 0.7), sd = half_normal(0.6))
    if (family$family != "binomial") prior <- relm_prior(beta = normal(0.2, 0.5), sd = half_normal(0.4),
                                                         shape = gamma(4, 2))
    posterior <- augmented_posterior(formula, data, prior)
    sd <- if (family$family == "binomial") c(0.7, 0.6) else c(0.5, 0.4)
    for (sampler in c("centered", "uncentered", "interweaved")) {
      draws <- in_turn(posterior, sampler, 4000)
      p <- c(0.1, 0.5, 0.9)
      exact <- list(b_v = qnorm(p, 0.2, sd[1]), b_Intercept = qnorm(p, 0.2, sd[1]),
                    sd_a__Intercept = sd[2] * qnorm((1 + p) / 2), shape = qgamma(p, 4, 2))
      for (name in intersect(names(exact), rownames(draws))) {
        for (i in seq_along(p)) {
          below <- (draws[name, ] < exact[[name]][i]) * 1
          expect_lt(abs(mean(below) - p[i]) / posterior::mcse_mean(below), 4,
                    label = paste(sampler, name, p[i]))
        }
      }
    }
  }
})

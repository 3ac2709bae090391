# Models of other families that have Gibbs samplers, and their fits.

augmented_data <- function(n = 40, seed = 1) {
  with_seed_of(seed, {
    data <- data.frame(a = sample(letters[1:4], n, TRUE), c = sample(LETTERS[1:5], n, TRUE),
                       x = rnorm(n) + 3, v = rnorm(n), m = sample(1:15, n, TRUE), o = runif(n))
    data$b <- paste(data$a, sample(1:3, n, TRUE))
    data$s <- rbinom(n, data$m, plogis(0.3 + 0.5 * data$v))
    data$k <- rnbinom(n, size = 2, mu = exp(0.5 + 0.4 * data$v))
    data
  })
}

augmented_prior <- function(family, ...) {
  if (family$family == "binomial") relm_prior(beta = normal(0, 2), sd = half_t(3, 1), ...)
  else relm_prior(beta = normal(0, 2), sd = half_t(3, 1), shape = gamma(2, 1), ...)
}

family_of_formula <- function(formula) {
  if (is.call(formula[[2]])) binomial() else negative_binomial()
}

augmented_posterior <- function(formula, data = augmented_data(),
                                prior = augmented_prior(family_of_formula(formula)), ...) {
  relm_posterior(crossprods(formula, data, family = family_of_formula(formula), ...), prior)
}

augmented_fit <- function(formula, data = augmented_data(), sampler,
                          prior = augmented_prior(family_of_formula(formula)), ..., chains = 2,
                          seed = 1) {
  relm(formula, data, family = family_of_formula(formula), prior = prior, sampler = sampler, ...,
       chains = chains, seed = seed)
}

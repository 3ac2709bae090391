# Fits of other families whose draws are made up: those of a linear model of another response with
# the same columns and groups, so that what is made of draws can be tested by itself.

response_data <- function(n = 60, seed = 4) {
  set.seed(seed)
  data <- data.frame(x = rnorm(n), g = sample(letters[1:5], n, TRUE),
                     h = sample(LETTERS[1:3], n, TRUE), o = runif(n), m = 2 + rpois(n, 4),
                     times = 1 + rpois(n, 1), linear = rnorm(n))
  data$s <- rbinom(n, data$m, 0.3)
  data$b <- rbinom(n, 1, 0.4)
  data$k <- rpois(n, 2)
  data
}

family_fit <- function(formula, data, family, ..., draws = 25, seed = 1) {
  arguments <- list(formula, data, family = family)
  design <- eval(as.call(c(quote(relm_design), arguments, as.list(substitute(list(...)))[-1])), data,
                 parent.frame())
  prior <- relm_prior(beta = normal(0, 5), sd = half_t(3, 1))
  posterior <- relm_posterior(crossprods(design, by_group = FALSE), prior)
  linear <- formula
  linear[[2]] <- quote(linear)
  fit <- relm(linear, data, prior = prior, chains = 2, draws = draws, seed = seed)
  fit$sampling$effects <- kept_effects(fit)
  hyper <- fit$sampling$hyper
  if (length(places_of(posterior, "shape"))) {
    dimnames(hyper)[[3]][dimnames(hyper)[[3]] == "sigma"] <- "shape"
  }
  fit$sampling$hyper <- hyper[, , posterior$parameters$variable, drop = FALSE]
  fit$posterior <- posterior
  fit$design <- design
  fit
}

# One of each kind of response.
family_fits <- function(data = response_data()) {
  list(
    bernoulli = family_fit(b ~ x + (1 | g), data, binomial("cloglog")),
    cbind = family_fit(cbind(s, m - s) ~ x + offset(o) + (x | g), data, binomial("probit")),
    shares = family_fit(s / m ~ x + (1 | g) + (1 | h), data, binomial(), weights = m),
    counts = family_fit(k ~ x + (1 | g), data, poisson(), offset = o, weights = times),
    dispersed = family_fit(k ~ x + (1 | g), data, negative_binomial())
  )
}

# The response and the trials of each row, as long as draws x rows, and how often the rows stand in
# the data; and the draws of the shape.
rows_of_fit_family <- function(name, fit, data) {
  each <- function(x) rep(x, each = ndraws(fit))
  y <- switch(name, bernoulli = data$b, cbind = data$s, shares = data$s, data$k)
  trials <- if (name %in% c("cbind", "shares")) data$m else rep(1, nrow(data))
  list(y = each(y), trials = each(trials), times = if (name == "counts") each(data$times) else 1,
       shape = if (name == "dispersed") as.numeric(as.matrix(fit, "shape")))
}

# In plain R, of means p and shapes r: log densities and standard deviations of y / trials.
plain_row_density <- function(name, rows, mean) {
  switch(name,
    counts = rows$times * stats::dpois(rows$y, mean, log = TRUE),
    dispersed = stats::dnbinom(rows$y, size = rows$shape, mu = mean, log = TRUE),
    stats::dbinom(rows$y, rows$trials, mean, log = TRUE)
  )
}

plain_sd <- function(name, rows, mean) {
  switch(name,
    counts = sqrt(mean), dispersed = sqrt(mean + mean^2 / rows$shape),
    sqrt(mean * (1 - mean) / rows$trials)
  )
}

# Models of other families, small enough for their likelihoods to be integrated in plain R.

# Groups of 1 to 13 rows.
family_data <- function(seed = 1) {
  with_seed_of(seed, {
    g <- rep(letters[1:6], c(1, 2, 3, 5, 8, 13))
    n <- length(g)
    x <- rnorm(n)
    b <- rnorm(6)[match(g, letters)]
    eta <- 0.3 + 0.5 * x + b
    data.frame(g = g, x = x, v = rnorm(n), y = rbinom(n, 1, plogis(eta)), size = sample(1:4, n, TRUE),
               count = rpois(n, exp(eta)), z = round(runif(n, -1, 1), 1))
  })
}

with_seed_of <- function(seed, code) {
  set.seed(seed)
  code
}

family_cases <- function() {
  list(
    logit = list(response = quote(y), family = binomial()),
    trials = list(response = quote(cbind(pmin(count, size), size - pmin(count, size))),
                  family = binomial()),
    probit = list(response = quote(y), family = binomial("probit")),
    cloglog = list(response = quote(y), family = binomial("cloglog")),
    poisson = list(response = quote(count), family = poisson()),
    dispersed = list(response = quote(count), family = negative_binomial())
  )
}

# A formula of a case: its response, and what the terms are.
formula_of_case <- function(case, terms) {
  formula <- terms
  formula[[3]] <- terms[[2]]
  formula[[2]] <- case$response
  formula
}

family_posterior <- function(case, terms, data, ...) {
  relm_posterior(crossprods(formula_of_case(case, terms), data, family = case$family),
                 relm_prior(sd = half_t(3, 2.5), beta = normal(0, 5), ...))
}

# The log likelihood of rows that are merged, from the family's density: eta is rows x points.
merged_log_likelihood <- function(posterior, rows, eta, shape) {
  responses <- posterior$responses
  y <- responses$y[rows]
  m <- responses$trials[rows]
  value <- switch(key_of(posterior),
    binomial = y * plogis(eta, log.p = TRUE) + (m - y) * plogis(-eta, log.p = TRUE),
    binomial_probit = y * pnorm(eta, log.p = TRUE) + (m - y) * pnorm(-eta, log.p = TRUE),
    binomial_cloglog = y * log(-expm1(-exp(eta))) - (m - y) * exp(eta),
    poisson = y * eta - m * exp(eta),
    negative_binomial = y * plogis(eta - log(shape), log.p = TRUE) +
      m * shape * plogis(-(eta - log(shape)), log.p = TRUE)
  )
  # No success where it is impossible in floating point adds nothing.
  value[is.nan(value)] <- -Inf
  colSums(matrix(value, length(y)))
}

# log p(y | beta, L, shape) up to a constant by sums over a fine grid of standardized effects.
likelihood_on_grid <- function(posterior, beta, L, shape = NULL) {
  responses <- posterior$responses
  q <- ncol(L)
  half <- c(25, 9)[q]
  one <- seq(-half, half, length.out = c(20001, 451)[q])
  u <- as.matrix(expand.grid(rep(list(one), q)))
  by_group <- vapply(seq_len(max(responses$group)), function(j) {
    rows <- which(responses$group == j)
    fixed <- drop(responses$X[rows, , drop = FALSE] %*% beta) + responses$offset[rows]
    eta <- fixed + responses$Z[rows, , drop = FALSE] %*% L %*% t(u)
    value <- merged_log_likelihood(posterior, rows, eta, shape) - rowSums(u^2) / 2
    max(value) + log(sum(exp(value - max(value)))) + q * log(diff(one[1:2]) / sqrt(2 * pi))
  }, 0)
  counts <- if (!is.null(shape)) {
    sum(responses$times * (lgamma(responses$values + shape) - lgamma(shape)))
  }
  sum(by_group, counts)
}

# The target's coordinates, and what they are.
family_point <- function(model, tuning, sd, z, beta, shape = NULL) {
  theta <- as.numeric(matrix(model$from_beta, length(beta)) %*% (beta - model$beta_shift))
  c(asinh(sd / tuning$scale), z, theta, if (!is.null(shape)) log(shape))
}

family_tuning_of <- function(model, fineness = 1) {
  c(new_tuning(model, list(sigma2 = 1), "none"), list(fineness = fineness))
}

# Densities on grids, by quadrature --------------------------------------------------------------

# Of an intercept (a normal prior of sd 2) and of six groups' standard deviation (half t, 3 degrees
# of freedom, or another, on the grid of its logarithm): each beside its grid.
density_of_intercept_and_sd <- function(posterior, sds = exp(seq(log(0.01), log(60), length.out = 81)),
                                        log_prior = function(sd) dt(sd, 3, log = TRUE),
                                        intercepts = seq(-5, 5, length.out = 61)) {
  log_density <- outer(intercepts, sds, Vectorize(function(intercept, sd) {
    u <- seq(-6, 6, length.out = 61 + ceiling(60 * sd))
    eta <- intercept + rep(1, length(posterior$responses$y)) %o% (sd * u)
    by_group <- vapply(1:6, function(j) {
      rows <- which(posterior$responses$group == j)
      value <- merged_log_likelihood(posterior, rows, eta[rows, , drop = FALSE], NULL)
      log(sum(exp(value - max(value) - u^2 / 2))) + max(value)
    }, 0)
    sum(by_group) + 6 * log(diff(u[1:2])) + dnorm(intercept, 0, 2, TRUE) + log_prior(sd) +
      log(sd)
  }))
  margins(log_density, b_Intercept = intercepts, sd_g__Intercept = sds)
}

# Of the intercept and the shape of counts, given log priors of both.
density_of_intercept_and_shape <- function(counts, shapes, log_prior) {
  intercepts <- seq(0.3, 3, length.out = 301)
  log_density <- outer(intercepts, shapes, Vectorize(function(intercept, shape) {
    sum(dnbinom(counts, size = shape, mu = exp(intercept), log = TRUE)) +
      log_prior(intercept, shape) + log(shape)
  }))
  margins(log_density, b_Intercept = intercepts, shape = shapes)
}

# The points of the grid below which are these shares.
quantiles_of_margin <- function(margin, by) {
  share <- (cumsum(margin$density) - margin$density / 2) / sum(margin$density)
  approx(share, margin$grid, by, ties = "ordered")$y
}

# Of each of two variables: its grid and its density there.
margins <- function(log_density, ...) {
  density <- exp(log_density - max(log_density))
  Map(function(grid, density) list(grid = grid, density = density), list(...),
      list(rowSums(density), colSums(density)))
}

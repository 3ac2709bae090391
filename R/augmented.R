# The Gibbs samplers of other families by Polya-Gamma weights (src/augmented.h): what C is given of
# the rows, and where chains start.

# The model with its rows in the place of responses of the collapsed sampler: X of the columns
# that stay in the regression; group: rows x groupings, from 0.
augmented_model <- function(posterior, parameterization) {
  model <- sampler_model(posterior, parameterization)
  # Chains of nested groupings are centered as those of Gaussian responses are.
  model$steps <- encode_steps(posterior, find_steps(groupings_of(posterior)))
  model$rows <- c(model$responses, list(group = posterior$responses$group - 1L))
  model$responses <- model$chains <- NULL
  model
}

# The same for a sampler; of the collapsed one, and of Gaussian responses, its own model.
model_of_sampler <- function(posterior, sampler) {
  parameterization <- parameterization_of(sampler)
  if (is_linear(posterior)) {
    with_student_rows(sampler_model(posterior, parameterization), posterior, parameterization)
  } else if (is_tuned(sampler)) sampler_model(posterior, parameterization)
  else augmented_model(posterior, parameterization)
}

# What estimate_scales() finds of Gaussian responses, from the uncentered model: coefficients
# without effects and the information on them, and standard deviations of the effects as large as
# what a group's own rows say of them.
augmented_estimate <- function(model) {
  bare <- model
  bare$responses <- model$rows
  bare$groupings <- list()
  start <- family_start(bare)
  rows <- model$rows
  shape <- if (has_shape(model)) exp(utils::tail(start$point, 1))
  eta <- as.numeric(rows$X %*% start$theta) + rows$offset
  weight <- pmax(-family_of_model(bare)$curvature(rows$y, eta, shape, rows$trials), 1e-10)
  list(theta = start$theta, precision = crossprod(rows$X * sqrt(weight)) + model$prior_precision,
       Sigma = lapply(model$groupings, function(grouping) {
         diag(rough_variances(grouping, rows$Z, weight), grouping$n_random)
       }),
       effective = lapply(model$groupings, function(grouping) {
         rep(grouping$n_groups / 2, grouping$n_random)
       }),
       sigma2 = 1, shape = shape)
}

# A start, random or from a fit, with what a Gaussian one has not; there is no residual variance.
augmented_start <- function(start, model, estimate) {
  start$sigma2 <- 1
  start$shape <- if (is.null(start$hyper)) estimate$shape else start$hyper[model$part == "shape"]
  start
}

# A posterior of another family than the Gaussian one as its sampler sees it: beside the arrays of
# R/sampler.R the rows of its responses (responses_t in src/responses.h).

# In the order of likelihood_t, whose numbers C has.
likelihoods <- c("binomial", "binomial_probit", "binomial_cloglog", "poisson", "negative_binomial")

# X in the coordinates of theta; NULL of Gaussian ones. sorted: for each grouping where the rows
# of its groups start, and of several groupings, by the first of which rows are sorted, their
# order.
encode_responses <- function(posterior, coordinates) {
  responses <- posterior$responses
  if (is.null(responses)) return(NULL)
  n <- length(responses$y)
  groupings <- groupings_of(posterior)
  sorted <- if (!length(groupings)) list(list(start = c(0L, n))) else {
    lapply(seq_along(groupings), function(g) {
      group <- responses$group[, g]
      c(list(start = c(0L, cumsum(tabulate(group, length(groupings[[g]]$groups))))),
        if (length(groupings) > 1) list(order = order(group) - 1L))
    })
  }
  list(
    likelihood = match(key_of(posterior), likelihoods) - 1L, sorted = sorted,
    X = theta_columns(responses$X, posterior, coordinates$A), Z = responses$Z, y = responses$y,
    trials = responses$trials,
    offset = responses$offset, value = responses$values, times = responses$times,
    shape_prior = posterior$shape
  )
}

# Columns of X in the coordinates of theta.
theta_columns <- function(X, posterior, A) (X - rep(x_shift(posterior), each = nrow(X))) %*% A

# The model with the modes of the groups' effects at a draw of the hyperparameters, from which
# they are foretold elsewhere by their derivatives: integrals are made about them.
with_modes <- function(model, hyper) {
  if (length(model$groupings) > 1) return(model)
  parts <- c("mode", "slope", "reference")
  model$responses[parts] <- NULL
  modes <- call_kernel(.Call(ffi_group_modes, model, as.numeric(hyper)))
  model$responses[parts] <- lapply(modes[parts], as.numeric)
  model
}

# The same from a tuning, which knows the draw.
with_modes_of <- function(model, tuning) {
  if (is.null(model$responses) || is.null(tuning$reference)) model
  else with_modes(model, tuning$reference)
}

# Of points_of() what another family has beside the standard deviations and correlations.
coefficient_points <- function(hyper, model) {
  beta <- t(hyper[, model$part == "b", drop = FALSE])
  theta <- matrix(model$from_beta, nrow(beta)) %*% (beta - model$beta_shift)
  cbind(t(theta), if (has_shape(model)) log(hyper[, model$part == "shape"]))
}

has_shape <- function(model) "shape" %in% model$part

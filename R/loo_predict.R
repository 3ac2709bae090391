#' Predictions of rows that are left out
#'
#' `loo_predict()` summarizes the predictive distribution of each row given the other rows,
#' \eqn{p(\tilde y_i \mid y_{-i})}{p(y~_i | y_-i)}, without a fit for each.
#' `loo_predictive_interval()` gives its central intervals.
#'
#' The draws of the hyperparameters \eqn{\theta} are weighted as in [loo()][loo.relm], by loo's
#' Pareto smoothed importance sampling (Vehtari, Gelman and Gabry, 2017). Group effects are
#' integrated out, given the other rows of the group (Vehtari, Mononen, Tolvanen, Sivula and
#' Winther, 2016). With normal responses a row is then a mixture of the normal distributions
#' \eqn{p(\tilde y_i \mid y_{-i}, \theta)}{p(y~_i | y_-i, theta)}, whose means and variances are
#' known: means, variances and quantiles are those of the mixture. With other families, a response
#' is drawn in each draw of \eqn{\theta}. With several groupings of another family, effects are
#' those of the draw. A row of trials is predicted with its number of trials, and its successes are
#' counted.
#'
#' @param object A fit that has the rows of its data.
#' @param type `"mean"`, `"var"` for the variance, or `"quantile"`.
#' @param probs Probabilities of the quantiles.
#' @param prob The probability of the intervals.
#' @param seed The seed of drawn responses, with other families than the Gaussian one: a whole
#'   number, or `NULL` to take one from the session's stream.
#' @param ... Refused.
#' @return A list, as rstanarm has it.
#' * `value`: a number for each row, named by the rows, in the units of the response; of several
#'   `probs` and of intervals a matrix, rows x quantiles. `NA` for rows without which there is no
#'   posterior.
#' * `pareto_k`: Pareto k of the weights of each row. Above 0.7 they have failed, with a warning.
#' @section Errors:
#' A fit of cross-products has no rows. The package loo is needed.
#' @references
#' Vehtari, A., Gelman, A. and Gabry, J. (2017). Practical Bayesian model evaluation using
#' leave-one-out cross-validation and WAIC. *Statistics and Computing* 27, 1413--1432.
#'
#' Vehtari, A., Mononen, T., Tolvanen, V., Sivula, T. and Winther, O. (2016). Bayesian
#' leave-one-out cross-validation approximations for Gaussian latent variable models. *Journal of
#' Machine Learning Research* 17(103), 1--38.
#' @seealso [pp_check()][pp_check.relm] draws such predictions: `type = "loo_intervals"`.
#' @examplesIf requireNamespace("loo", quietly = TRUE)
#' fit <- relm(log(mercury) ~ log(length) + (1 | station), bass, chains = 2, draws = 500, seed = 1)
#' head(loo_predict(fit)$value)
#' inside <- loo_predictive_interval(fit, prob = 0.5)$value
#' mean(log(bass$mercury) > inside[, 1] & log(bass$mercury) < inside[, 2])
#' @name loo_predict.relm
NULL

#' @rdname loo_predict.relm
#' @export
loo_predict <- function(object, ...) UseMethod("loo_predict")

#' @export
loo_predict.default <- function(object, ...) pass_on("rstantools", "loo_predict", object, ...)

#' @rdname loo_predict.relm
#' @rawNamespace S3method(rstantools::loo_predict, relm)
#' @export
loo_predict.relm <- function(object, type = "mean", probs = 0.5, seed = NULL, ...) {
  refuse_dots(list(...), "loo_predict")
  check_choice(type, "type", c("mean", "var", "quantile"))
  check_probabilities(probs, "probs")
  if (type != "quantile" && !missing(probs)) {
    abort("{.arg probs} is for {.code type = \"quantile\"}.", x = "{.arg type} is {.val {type}}.")
  }
  predict_left_out(object, type, probs, seed, "loo_predict()")
}

#' @rdname loo_predict.relm
#' @export
loo_predictive_interval <- function(object, ...) UseMethod("loo_predictive_interval")

#' @export
loo_predictive_interval.default <- function(object, ...) {
  pass_on("rstantools", "loo_predictive_interval", object, ...)
}

#' @rdname loo_predict.relm
#' @rawNamespace S3method(rstantools::loo_predictive_interval, relm)
#' @export
loo_predictive_interval.relm <- function(object, prob = 0.95, seed = NULL, ...) {
  refuse_dots(list(...), "loo_predictive_interval")
  check_probability(prob, "prob")
  predict_left_out(object, "quantile", tail_probs(prob), seed, "loo_predictive_interval()")
}

predict_left_out <- function(fit, type, probs, seed, what) {
  check_installed("loo", what)
  check_several_draws(fit, sub("()", "", what, fixed = TRUE))
  design_of(fit, what)
  seed <- check_seed(seed)
  left_out <- if (is_gaussian(fit)) left_out_moments(fit) else left_out_outcomes(fit, seed)
  pareto_k <- left_out$psis$diagnostics$pareto_k
  nowhere <- without_density(fit, "row", pareto_k = pareto_k)
  pareto_k[nowhere] <- Inf
  warn_failed_weights(pareto_k)
  shares <- stats::weights(left_out$psis, log = FALSE)
  value <- switch(type,
    mean = colSums(shares * left_out$mean),
    var = mixture_variances(left_out, shares),
    quantile = vapply(probs, function(prob) mixture_quantiles(left_out, shares, prob),
                      numeric(ncol(shares)))
  )
  value <- as.matrix(value)
  value[nowhere, ] <- NA
  rownames(value) <- rownames(fit$design$frame)
  if (type == "quantile") colnames(value) <- percent(probs)
  list(value = if (ncol(value) > 1) value else value[, 1], pareto_k = pareto_k)
}

# Rows given the others -------------------------------------------------------------------------

# The means and standard deviations of rows given the others, draws x rows, group effects
# integrated out; y, and the smoothed weights of the draws.
left_out_moments <- function(fit) {
  n <- nrow(fit$design$frame)
  check_draws_memory(ndraws(fit), 6 * n)
  at <- row_moments(fit)(seq_len(n), TRUE)
  psis <- left_out_weights(fit, log_density_of_rows(at, at$y))
  y <- response_of(fit, NULL)
  list(y = y, mean = at$mean + rep(y - at$y, each = nrow(at$mean)), sd = at$sd, psis = psis)
}

left_out_normals <- function(fit, seed) {
  left_out <- left_out_moments(fit)
  left_out$yrep <- with_stream(check_seed(seed), draws_of_rows(left_out))
  left_out
}

# Responses of other families. The effects of one grouping are integrated out, those of several, and
# of t residuals, are as drawn.
left_out_outcomes <- function(fit, seed) {
  check_draws_memory(ndraws(fit), 6 * nrow(fit$design$frame))
  integrated <- !takes_effects_as_drawn(fit)
  log_density <- if (integrated) row_densities(fit)(seq_len(nrow(fit$design$frame)), TRUE)
    else log_lik(fit)
  psis <- left_out_weights(fit, log_density)
  yrep <- if (integrated) with_stream(seed, draw_rows_left_out(fit))
    else posterior_predict(fit, seed = seed)
  yrep <- yrep[, !is.na(yrep[1, ]), drop = FALSE]
  list(y = response_of(fit, NULL), yrep = yrep, mean = yrep, sd = NULL, psis = psis)
}

left_out_weights <- function(fit, log_density) {
  density <- new_density(fit, ncol(log_density), function(places) {
    log_density[, places, drop = FALSE]
  })
  suppressWarnings(loo::psis(-log_density, r_eff = relative_efficiency(density, 1)))
}

warn_failed_weights <- function(pareto_k) {
  bad <- sum(pareto_k > 0.7)
  if (bad > 0) {
    warn("Pareto k is above 0.7 for {bad} row{?s}: importance sampling has failed there.")
  }
}

# Mixtures --------------------------------------------------------------------------------------

# Of normal distributions, or of points where there is no `sd`. shares: draws x rows; those of a row
# add up to one.
mixture_variances <- function(parts, shares) {
  center <- rep(colSums(shares * parts$mean), each = nrow(shares))
  within <- if (is.null(parts$sd)) 0 else parts$sd^2
  colSums(shares * (within + (parts$mean - center)^2))
}

mixture_quantiles <- function(parts, shares, prob) {
  if (!is.null(parts$sd)) return(normal_mixture_quantiles(parts, shares, prob))
  vapply(seq_len(ncol(shares)), function(row) {
    order <- order(parts$mean[, row])
    reached <- cumsum(shares[order, row]) >= prob * (1 - 1e-12)
    parts$mean[order[c(which(reached), length(order))[1]], row]
  }, 0)
}

# By halving what lies between the least and the largest of the parts' own quantiles.
normal_mixture_quantiles <- function(parts, shares, prob) {
  own <- parts$mean + stats::qnorm(prob) * parts$sd
  low <- apply(own, 2, min)
  high <- apply(own, 2, max)
  if (prob %in% 0:1) return(low)
  for (step in seq_len(60)) {
    middle <- (low + high) / 2
    if (all(high - low <= 1e-10 * (abs(middle) + 1e-300))) break
    z <- (rep(middle, each = nrow(shares)) - parts$mean) / parts$sd
    is_below <- colSums(shares * stats::pnorm(z)) < prob
    low[is_below] <- middle[is_below]
    high[!is_below] <- middle[!is_below]
  }
  (low + high) / 2
}

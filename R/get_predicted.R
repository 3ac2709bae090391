# Predictions for insight and what goes by it; documented with what insight asks, in R/insight.R.

#' @rdname relm-easystats
#' @rawNamespace S3method(insight::get_predicted, relm)
#' @method get_predicted relm
get_predicted.relm <- function(x, data = NULL, predict = "expectation", iterations = NULL,
                               ci = NULL, ci_method = "quantile", include_random = "default",
                               centrality_function = mean, type = NULL, verbose = TRUE, ...) {
  refuse_old_ggeffects(data)
  kinds <- c("expectation", "response", "link", "prediction")
  predict <- if (is.null(type)) check_choice(predict, "predict", kinds)
    else check_choice(type, "type", kinds)
  check_interval_choice(ci, ci_method)
  if (!is.function(centrality_function)) {
    abort("{.arg centrality_function} must be a function.",
          x = "It is {describe(centrality_function)}.")
  }
  draw <- switch(predict, prediction = posterior_predict.relm, link = posterior_linpred.relm,
                 posterior_epred.relm)
  draws <- do.call(draw, c(
    list(x, newdata = data, re_formula = random_formula(x, data, include_random),
         ndraws = iterations),
    beside_easystats(list(...))
  ))
  predicted_of_draws(x, draws, data, predict, ci, ci_method, centrality_function)
}

# The object that insight makes of draws, draws x rows.
predicted_of_draws <- function(fit, draws, data, predict, ci, ci_method, center) {
  predicted <- apply(draws, 2, center)
  if (!is.numeric(predicted) || length(predicted) != ncol(draws)) {
    abort("{.arg centrality_function} must give one number for the draws of a row.",
          x = "It gives {describe(predicted)} for {ncol(draws)} row{?s}.")
  }
  names(predicted) <- colnames(draws)
  iterations <- as.data.frame(t(draws))
  names(iterations) <- paste0("iter_", seq_len(nrow(draws)))
  attr(predicted, "iterations") <- iterations
  if (!is.null(ci)) {
    if (is.null(ci_method)) ci_method <- "quantile"
    attr(predicted, "ci_data") <- insight::get_predicted_ci(fit, predictions = predicted, ci = ci,
                                                            ci_method = ci_method)
  }
  attr(predicted, "data") <- if (is.null(data)) used_data(fit$design) else data
  attr(predicted, "ci") <- ci
  attr(predicted, "predict") <- predict
  class(predicted) <- c("get_predicted", "numeric")
  predicted
}

check_interval_choice <- function(ci, ci_method) {
  probabilities <- is.numeric(ci) && length(ci) && !anyNA(ci) && all(ci > 0 & ci < 1)
  if (!is.null(ci) && !probabilities) {
    abort("{.arg ci} must be probabilities between 0 and 1, or NULL.", x = "It is {describe(ci)}.")
  }
  if (!is.null(ci_method)) check_choice(ci_method, "ci_method", c("quantile", "eti", "hdi"))
}

# insight's include_random as a re_formula.
random_formula <- function(fit, data, include_random) {
  if (!has_groups(fit$posterior)) return(NA)
  if (is.null(include_random) || inherits(include_random, "formula")) return(include_random)
  if (identical(include_random, "default")) include_random <- groups_known(fit, data)
  if (is.atomic(include_random) && length(include_random) == 1 && is.na(include_random)) return(NA)
  if (!isTRUE(include_random) && !isFALSE(include_random)) {
    abort('{.arg include_random} must be TRUE, FALSE, a formula, or "default".',
          x = "It is {describe(include_random)}.")
  }
  if (include_random) NULL else NA
}

# Do these rows have all groups, none of them new?
groups_known <- function(fit, data) {
  if (is.null(data)) return(TRUE)
  design <- design_of(fit, "get_predicted()")
  tryCatch({
    random <- all_random(design)
    rows <- prediction_rows(fit, asked_prediction(data), random, FALSE, FALSE)
    all(lengths(lapply(rows[parts_of_random(random)], `[[`, "new")) == 0)
  }, relm_error = function(e) FALSE)
}

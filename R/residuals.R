#' Residuals
#'
#' `residuals()` estimates the response minus its mean. `predictive_error()` gives draws of the
#' response minus a prediction, which is a draw of [posterior_predict()][posterior_predict.relm]; of
#' trials both are numbers of successes.
#'
#' @inheritParams posterior_predict.relm
#' @param re_formula Which group effects to include: `NULL` for all, `NA` or `~ 0` for none, or some
#'   of them, as in `~ (1 | g)`.
#' @param summary `NULL`: medians. `TRUE`: a table with the columns of [predict()][predict.relm].
#'   `FALSE`: draws, as in brms.
#' @param method `"posterior_epred"`: the response minus its mean. `"posterior_predict"`: the
#'   response minus a new observation.
#' @param type `"ordinary"`, which [lm()] and lme4 call `"response"`; `"deviance"`, multiplied by
#'   \eqn{\sqrt w}, as in [lm()] and lme4; or `"pearson"`, divided by their standard deviation
#'   \eqn{\sigma / \sqrt w}, as in brms. With other families these are as in [glm()], the response of
#'   trials being their share of successes. The last two work only with the mean.
#' @param scaled Also divide by \eqn{\sigma}, as in lme4? Pearson residuals are always divided by the
#'   residual standard deviation, which with [student()] is \eqn{\sigma \sqrt{\nu/(\nu - 2)}}, and
#'   infinite for \eqn{\nu \le 2}. Families without \eqn{\sigma} refuse it.
#' @param probs Probabilities of the quantiles in the table. If you give them, the result is a
#'   table.
#' @param newdata Rows with their response; `NULL` for the rows of the fit.
#' @param ... Other arguments of [posterior_predict()][posterior_predict.relm]: `ndraws`,
#'   `draw_ids`, `allow_new_levels`, `sample_new_levels`, `new_sigma`, `seed`, `offset`, `weights`,
#'   `re.form`, `draws` and `allow.new.levels`; of `predictive_error()` also `re_formula`.
#' @return `residuals()`: a vector, or with `summary` a table as from [predict()][predict.relm] or
#'   draws x rows. `predictive_error()`: a matrix, draws x rows. Rows that `na.action = na.exclude`
#'   left out are `NA`.
#' @inheritSection posterior_predict.relm Errors
#' @examples
#' fit <- relm(log(mercury) ~ log(length) + (1 | station), bass,
#'             chains = 2, draws = 500, seed = 1)
#' plot(fitted(fit), residuals(fit))
#' head(residuals(fit, summary = TRUE))
#' dim(predictive_error(fit, seed = 1))
#' @export
residuals.relm <- function(object, newdata = NULL, re_formula = NULL, method = "posterior_epred",
                           type = "ordinary", summary = NULL, probs = c(0.025, 0.975),
                           scaled = FALSE, ...) {
  check_choice(method, "method", c("posterior_epred", "posterior_predict"))
  check_choice(type, "type", c("ordinary", "response", "pearson", "deviance"))
  check_flag(scaled, "scaled")
  summary <- form_of_rows(summary, !missing(probs))
  ordinary <- type %in% c("ordinary", "response")
  predicted <- method == "posterior_predict"
  if (scaled && !identical(family_of(object)$scale, "sigma")) {
    abort("{.code scaled = TRUE} divides by a residual standard deviation, and a
           {family_of(object)$label} has none.", i = 'Use {.code type = "pearson"}.')
  }
  if (predicted && (!ordinary || scaled)) {
    abort('{.code type = "{type}"}{if (scaled) " and {.code scaled = TRUE}"} is for
           {.code method = "posterior_epred"}.')
  }
  plan <- plan_prediction(object, "residuals", predicted, shared_arguments(...),
                          response = TRUE, sigma = predicted || !ordinary || scaled)
  # Deviance residuals of a t distribution have no scale any more.
  over_sigma <- scaled && !(type == "deviance" && is_student(object))
  estimate_rows(plan, summary, probs, change = function(values, rows) {
    if (predicted) return(predictive_errors(plan, values, rows))
    if (type == "pearson") return(standardized_errors(plan, values, rows))
    if (over_sigma) return(errors_over_sigma(plan, values, rows, type == "deviance"))
    if (type == "deviance") return(deviance_errors(plan, values, rows))
    row_responses(plan, rows) - family_of(plan$fit)$inverse_link(values)
  })
}

# Of observations that were drawn, successes over trials.
predictive_errors <- function(plan, values, rows) {
  trials <- row_trials(plan, rows)
  row_responses(plan, rows) - (if (is.null(trials)) values else values / trials)
}

# Of linear models; weighted: over what sigma is at a row's weight?
errors_over_sigma <- function(plan, eta, rows, weighted) {
  scale <- row_scales(plan, rows, weighted)
  (row_responses(plan, rows) - eta) / (if (is_student(plan$fit)) scale$sigma else scale)
}

standardized_errors <- function(plan, eta, rows) {
  family <- family_of(plan$fit)
  mean <- family$inverse_link(eta)
  sd <- family$sd(mean, row_scales(plan, rows), row_trials(plan, rows))
  errors <- (row_responses(plan, rows) - mean) / sd
  times <- row_times(family, plan$rows$weights)
  if (is.null(times)) errors else errors * rep(sqrt(times[rows]), each = plan$n_draws)
}

# A precision multiplies the square of a residual as often as a row that stands in the data does.
deviance_errors <- function(plan, eta, rows) {
  family <- family_of(plan$fit)
  # Of t residuals the scale has the precision in it.
  scaled <- family$weights != "precision" || is_student(plan$fit)
  scale <- if (scaled) row_scales(plan, rows)
  y <- rep(plan$rows$response[rows], each = plan$n_draws)
  errors <- family$deviance(y, eta, scale, row_trials(plan, rows))
  weights <- if (family$weights == "times" || !scaled) plan$rows$weights
  if (is.null(weights)) errors else errors * rep(sqrt(weights[rows]), each = plan$n_draws)
}

#' @rdname residuals.relm
#' @export
predictive_error <- function(object, ...) UseMethod("predictive_error")

#' @rdname residuals.relm
#' @rawNamespace S3method(rstantools::predictive_error, relm)
#' @export
predictive_error.relm <- function(object, newdata = NULL, ...) {
  plan <- plan_prediction(object, "predictive_error", TRUE, shared_arguments(...),
                          response = TRUE)
  pad_columns(plan, rep(plan$rows$response, each = plan$n_draws) - predict_draws(plan))
}

#' @export
predictive_error.default <- function(object, ...) {
  pass_on("rstantools", "predictive_error", object, ...)
}

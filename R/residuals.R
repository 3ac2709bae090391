#' Residuals
#'
#' `residuals()` estimates what the response is above its mean; `predictive_error()` gives draws of
#' what it is above a prediction, the response less a draw of
#' [posterior_predict()][posterior_predict.relm].
#'
#' @inheritParams posterior_predict.relm
#' @param re_formula Which group effects to take up: `NULL` for all, `NA` or `~ 0` for none, or some
#'   of them, as in `~ (1 | g)`.
#' @param summary `FALSE`: medians. `TRUE`: a table with the columns of [predict()][predict.relm].
#' @param method `"posterior_epred"`: the response less its mean. `"posterior_predict"`: less a new
#'   observation.
#' @param type `"ordinary"`, which [lm()] and lme4 call `"response"`, or `"pearson"` for residuals
#'   over their standard deviation \eqn{\sigma / \sqrt w} (with the mean alone).
#' @param probs Probabilities of the quantiles in the table.
#' @param newdata Rows with their response; `NULL` for the rows of the fit.
#' @param ... Other arguments of [posterior_predict()][posterior_predict.relm]: `ndraws`,
#'   `draw_ids`, `allow_new_levels`, `sample_new_levels`, `new_sigma`, `seed`, `offset`, `weights`,
#'   `re.form` and `draws`; of `predictive_error()` also `re_formula`.
#' @return `residuals()`: a vector, or with `summary` a table as of [predict()][predict.relm].
#'   `predictive_error()`: a matrix, draws x rows.
#' @inheritSection posterior_predict.relm Errors
#' @examples
#' fit <- relm(log(mercury) ~ log(length) + (1 | station), bass,
#'             chains = 2, draws = 500, seed = 1)
#' plot(fitted(fit), residuals(fit))
#' head(residuals(fit, summary = TRUE))
#' dim(predictive_error(fit, seed = 1))
#' @export
residuals.relm <- function(object, newdata = NULL, re_formula = NULL, method = "posterior_epred",
                           type = "ordinary", summary = FALSE, probs = c(0.025, 0.975), ...) {
  check_choice(method, "method", c("posterior_epred", "posterior_predict"))
  check_choice(type, "type", c("ordinary", "response", "pearson"))
  predicted <- method == "posterior_predict"
  if (predicted && type == "pearson") {
    abort('{.code type = "pearson"} is for {.code method = "posterior_epred"}.')
  }
  plan <- plan_prediction(object, "residuals", predicted, newdata, re_formula, ...,
                          response = TRUE, sigma = predicted || type == "pearson")
  estimate_rows(plan, summary, probs, change = function(values, rows) {
    errors <- rep(plan$rows$response[rows], each = plan$n_draws) - values
    if (type == "pearson") errors / residual_sd(plan, rows) else errors
  })
}

# Standard deviation of the residuals, draws x rows.
residual_sd <- function(plan, rows) {
  noise <- block_noise(plan, rows)
  place <- if (is.null(noise$level)) rep(1L, length(rows)) else noise$level + 1L
  sd <- noise$sigma[, place, drop = FALSE]
  if (is.null(noise$weights)) sd else sd / rep(sqrt(noise$weights), each = plan$n_draws)
}

#' @rdname residuals.relm
#' @export
predictive_error <- function(object, ...) UseMethod("predictive_error")

#' @rdname residuals.relm
#' @rawNamespace S3method(rstantools::predictive_error, relm)
#' @export
predictive_error.relm <- function(object, newdata = NULL, ...) {
  plan <- plan_prediction(object, "predictive_error", TRUE, newdata, ..., response = TRUE)
  rep(plan$rows$response, each = plan$n_draws) - predict_draws(plan)
}

#' @export
predictive_error.default <- function(object, ...) {
  pass_on("rstantools", "predictive_error", object, ...)
}

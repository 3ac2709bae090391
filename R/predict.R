#' Predictions and fitted values with intervals
#'
#' Summarize the draws of [posterior_predict()][posterior_predict.relm] and
#' [posterior_epred()][posterior_predict.relm]: `predict()` for new observations, `fitted()` for
#' their means. Rows are handled in blocks, so only the memory for the result limits their number.
#'
#' The point estimate is the median of the draws, as in [fixef()][relm-effects]. `Est.Error` is `NA`
#' where the variance does not exist ([relm_posterior()] says when). With few groups, the variances
#' of coefficients and of new groups' effects do not exist. That of the mean of a count in a new group
#' does not either. The variance of the mean of a row in a
#' group of the data exists if the data would determine this mean without any prior of group
#' effects.
#'
#' @section Many rows:
#' For more than 10,000 rows, `predict()` draws one standard normal number for each draw of the
#' parameters, and all rows share it in their tables and point estimates. Each row's summary has
#' the distribution that it has otherwise, and the same Monte Carlo error, but the errors of
#' different rows depend on each other. So the mean of many rows' estimates is no more exact than
#' one of them. [posterior_predict()][posterior_predict.relm] and `summary = FALSE` draw every
#' prediction by itself.
#'
#' @inheritParams posterior_predict.relm
#' @param re_formula Which group effects to include: `NULL` for all, `NA` or `~ 0` for none, or some
#'   of them, as in `~ (1 | g)`.
#' @param summary `TRUE`: a table. `FALSE`: draws, as in brms. `NULL`: only point estimates.
#' @param probs Probabilities of the quantiles in the table. If you give them, the result is a
#'   table.
#' @param type `"prediction"`: new observations. `"response"`: their means, as in `fitted()`, of
#'   trials the probability. `"link"`: the linear predictor.
#' @param ... Other arguments of [posterior_predict()][posterior_predict.relm]: `ndraws`,
#'   `draw_ids`, `allow_new_levels`, `sample_new_levels`, `seed`, `offset`, and rstanarm's and
#'   lme4's
#'   `re.form`, `draws` and `allow.new.levels`; for `predict()` also `weights` and `new_sigma`.
#' @return With `summary`, a matrix with a row for each row of the data and the columns `Estimate`
#'   (median), `Est.Error` (standard deviation), and `Q2.5` and `Q97.5` or the quantiles in `probs`.
#'   With `summary = FALSE` a matrix, draws x rows; with `NULL` a vector of medians. For the rows of
#'   a fit with `na.action = na.exclude`, rows that were left out are `NA`.
#' @inheritSection posterior_predict.relm Errors
#' @examples
#' fit <- relm(log(mercury) ~ log(length) + (1 | station), bass,
#'             chains = 2, draws = 500, seed = 1)
#' fish <- data.frame(length = c(30, 40, 50), station = "l1")
#' predict(fit, fish, seed = 1)
#' predict(fit, transform(fish, station = "a new one"), allow_new_levels = TRUE, seed = 1)
#' head(fitted(fit))
#' head(fitted(fit, summary = TRUE, probs = c(0.05, 0.95)))
#' @export
predict.relm <- function(object, newdata = NULL, re_formula = NULL, summary = TRUE,
                         probs = c(0.025, 0.975), type = "prediction", ...) {
  check_choice(type, "type", c("prediction", "response", "link"))
  summary <- form_of_rows(summary, !missing(probs))
  plan <- plan_prediction(object, "predict", type == "prediction", shared_arguments(...))
  if (type != "prediction") {
    return(estimate_rows(plan, summary, probs, if (type == "response") change_to_means(object)))
  }
  estimate_rows(if (isFALSE(summary)) plan else share_variates(plan), summary, probs)
}

#' @rdname predict.relm
#' @export
fitted.relm <- function(object, newdata = NULL, re_formula = NULL, summary = NULL,
                        probs = c(0.025, 0.975), ...) {
  summary <- form_of_rows(summary, !missing(probs))
  plan <- plan_prediction(object, "fitted", FALSE, shared_arguments(...))
  estimate_rows(plan, summary, probs, change_to_means(object))
}

# A row's summary needs the distribution of its own predictions, not of those of several rows
# together: where rows are many, they have the same random numbers, one for each draw.
most_own_variates <- 10000L

share_variates <- function(plan) {
  if (nrow(plan$rows$frame) > most_own_variates) {
    plan$variates <- with_stream(plan$stream$residuals, family_of(plan$fit)$variates(plan$n_draws, chosen_df(plan)))
  }
  plan
}

# `summary`, or TRUE where probabilities alone ask for a table.
form_of_rows <- function(summary, has_probs) {
  if (!has_probs) return(summary)
  if (isFALSE(summary)) {
    abort("{.arg probs} are of tables, and {.code summary = FALSE} asks for draws.")
  }
  if (is.null(summary)) TRUE else summary
}

# A table, draws or medians of what a plan predicts. change: what becomes of the draws of some rows.
estimate_rows <- function(plan, summary, probs, change = NULL) {
  if (is.null(summary)) return(pad_rows(plan, quantiles_of_rows(plan, 0.5, change)[, 1]))
  check_flag(summary, "summary")
  if (!summary) return(pad_columns(plan, predict_draws(plan, change)))
  check_probabilities(probs, "probs")
  exists <- rows_have_variance(plan, on_link = is.null(change) && !plan$residual)
  table <- matrix(0, length(exists), 2 + length(probs))
  for (rows in plan$blocks) {
    block <- summary_table(block_draws(plan, rows, change), exists[rows], probs)
    table[rows, ] <- block
  }
  dimnames(table) <- list(as.character(plan$rows$row_names), colnames(block))
  pad_rows(plan, table)
}

# Quantiles of what a plan predicts, rows x probs.
quantiles_of_rows <- function(plan, probs, change = NULL) {
  quantiles <- matrix(0, nrow(plan$rows$frame), length(probs))
  for (rows in plan$blocks) {
    quantiles[rows, ] <- summarize_columns(block_draws(plan, rows, change), probs)$quantiles
  }
  rownames(quantiles) <- as.character(plan$rows$row_names)
  quantiles
}

#' Predictions and fitted values with intervals
#'
#' Summarize the draws of [posterior_predict()][posterior_predict.relm] and
#' [posterior_epred()][posterior_predict.relm]: `predict()` for new observations, `fitted()` for
#' their means. Rows are handled in blocks, so only the memory for the result limits their number.
#'
#' The point estimate is the median of the draws, as in [fixef()][relm-effects]. `Est.Error` is `NA`
#' where the variance does not exist ([relm_posterior()] says when). With few groups, the variances
#' of coefficients and of new groups' effects do not exist. The variance of the mean of a row in a
#' group of the data exists if the data would determine this mean without any prior of group
#' effects.
#'
#' @inheritParams posterior_predict.relm
#' @param re_formula Which group effects to include: `NULL` for all, `NA` or `~ 0` for none, or some
#'   of them, as in `~ (1 | g)`.
#' @param summary `TRUE`: a table. `FALSE`: draws, as in brms. `NULL`: only point estimates.
#' @param probs Probabilities of the quantiles in the table.
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
                         probs = c(0.025, 0.975), ...) {
  plan <- plan_prediction(object, "predict", TRUE, shared_arguments(...))
  estimate_rows(plan, summary, probs)
}

#' @rdname predict.relm
#' @export
fitted.relm <- function(object, newdata = NULL, re_formula = NULL, summary = NULL,
                        probs = c(0.025, 0.975), ...) {
  plan <- plan_prediction(object, "fitted", FALSE, shared_arguments(...))
  estimate_rows(plan, summary, probs)
}

# A table, draws or medians of what a plan predicts. change: what becomes of the draws of some rows.
estimate_rows <- function(plan, summary, probs, change = NULL) {
  if (is.null(summary)) return(pad_rows(plan, quantiles_of_rows(plan, 0.5, change)[, 1]))
  check_flag(summary, "summary")
  if (!summary) return(pad_columns(plan, predict_draws(plan, change)))
  check_probabilities(probs, "probs")
  exists <- rows_have_variance(plan)
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

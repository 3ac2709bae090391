#' Effects by marginaleffects
#'
#' A method of marginaleffects' `get_predict()`, from which `predictions()`, `slopes()`,
#' `comparisons()` and the functions with `avg_` before these names make their estimates and intervals
#' from posterior draws. The package knows no class that is not on its own list, unless it is told:
#' `options(marginaleffects_model_classes = "relm")`. Give the rows as `newdata`. Its version 1.0.0 uses
#' `%||%`, which base R has from 4.4 on: before, attach rlang, which has it too.
#'
#' @param model A fit.
#' @param newdata A data frame of rows.
#' @param type `"response"`: the mean of a row, of trials the probability; `"link"`: the linear
#'   predictor; `"prediction"`: a new observation. `NULL` is `"response"`.
#' @param ndraws,re_formula,allow_new_levels,seed As in [posterior_predict()][posterior_predict.relm].
#' @param ... Passed by marginaleffects, and not used.
#' @return A data frame with the columns `rowid` and `estimate`, the posterior median, and with the
#'   draws as its attribute `posterior_draws`, rows x draws.
#' @examples
#' fit <- relm(log(mercury) ~ log(length) + (1 | station), bass, chains = 2, draws = 200, seed = 1)
#' \dontrun{
#' options(marginaleffects_model_classes = "relm")
#' marginaleffects::avg_slopes(fit, newdata = bass)
#' }
#' @name relm-marginaleffects
NULL

#' @rdname relm-marginaleffects
#' @rawNamespace S3method(marginaleffects::get_predict, relm)
#' @method get_predict relm
get_predict.relm <- function(model, newdata = NULL, type = NULL, ndraws = NULL, re_formula = NULL,
                             allow_new_levels = FALSE, seed = NULL, ...) {
  if (is.null(type)) type <- "response"
  check_choice(type, "type", c("response", "link", "prediction"))
  draw <- switch(type, response = posterior_epred.relm, link = posterior_linpred.relm,
                 posterior_predict.relm)
  draws <- draw(model, newdata = newdata, re_formula = re_formula, ndraws = ndraws,
                allow_new_levels = allow_new_levels, seed = seed)
  structure(data.frame(rowid = seq_len(ncol(draws)),
                       estimate = unname(summarize_columns(draws, 0.5)$quantiles[, 1])),
            posterior_draws = unname(t(draws)))
}

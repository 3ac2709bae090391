#' Draws of predictions
#'
#' `posterior_linpred()` and `posterior_epred()` give draws of the mean of each row, \eqn{x'\beta +
#' z'\gamma_j} plus its offset. `posterior_predict()` gives draws of a new observation for each row.
#' They add a residual with variance \eqn{\sigma^2 / w} to the mean.
#'
#' With another family than the Gaussian one, this is the linear predictor that `posterior_linpred()`
#' gives; `posterior_epred()` gives the mean, the inverse link of it, and of trials the probability of
#' a success. New observations are drawn from the family: counts, or the number of successes in the
#' trials of the row.
#'
#' @section Group effects:
#' A group in the data has its own draws of \eqn{\gamma_j}. If `allow_new_levels` is `TRUE`, a group
#' that is not in the data gets one draw of \eqn{\gamma_j} for each draw of the hyperparameters. Its
#' rows share it, and groups are independent given the hyperparameters. `sample_new_levels` says
#' where the draw comes from. `"gaussian"`: the normal distribution of the model, \eqn{N(0,
#' \Sigma)}. `"uncertainty"`: one of the groups in the data, chosen again for each draw.
#' `"old_levels"`: one of the groups in the data, the same for all draws.
#'
#' With several groupings, a row has a group in each, and its mean adds the effects of all of them. A
#' group is new in one grouping and may be known in another. In `(1 | a/b)` the pair `a:b` is a group:
#' a new `b` in a known `a` has the effect of that `a`, and a draw of an effect of a new pair.
#'
#' A new level of the factor of the residual variances gets its standard deviation from the prior,
#' if this is proper (under [pooled()], from the prior learned from the levels). If
#' `sample_new_levels` or `new_sigma` is `"uncertainty"` or `"old_levels"`, it comes from the levels
#' in the data. If the groups are these levels, the effects and the standard deviation come from the
#' same old group.
#'
#' @section New rows:
#' Terms are evaluated in `newdata` as they were in the data: `poly()`, splines and `scale()` keep
#' their basis, and factors their levels and contrasts. `newdata` must have every variable that is
#' needed. The response is not needed, and a grouping factor is not needed if its group effects are
#' left out. Missing values are errors. Times are converted to the units and the class that they had
#' in the data.
#'
#' In a variable such as `I(x - mean(x))` or `c(scale(x))`, a function of a whole column is inside
#' another function. Such a variable is evaluated again on the rows of `newdata`, as in [lm()], so a
#' mean is the mean of these rows. A warning names such variables, once per session for each fit.
#'
#' @param object A fit of [relm()].
#' @param newdata A data frame of rows to predict; `NULL` for the rows of the fit.
#' @param re_formula,re.form Which group effects to include: `NULL` for all, `NA` or `~ 0` for none,
#'   or some of them, as in `~ (1 | g)`, of some groupings or of all. Effects that are left out count
#'   as zero. rstanarm and lme4 call it `re.form`. A formula without group effects, such as `~ 1`, is
#'   refused.
#' @param ndraws,draws How many draws to use, spread evenly over all; `NULL` for all. rstanarm calls
#'   it `draws`.
#' @param draw_ids Numbers of the draws to use, chain after chain; they may repeat.
#' @param allow_new_levels Predict for levels of grouping factors (and of that of residual
#'   variances) that the data did not have? lme4 calls it `allow.new.levels`, which will do.
#' @param sample_new_levels How to draw the effects of new groups: `"gaussian"`, `"uncertainty"` or
#'   `"old_levels"`.
#' @param new_sigma Where the residual standard deviation of a new level comes from: `"prior"`,
#'   `"uncertainty"` or `"old_levels"`; by default `"prior"` with `"gaussian"` and as
#'   `sample_new_levels` otherwise.
#' @param seed A whole number. The same number gives the same draws, and the session's generator
#'   does not change. `NULL` takes one from the session's stream if anything is random.
#' @param offset Numbers to add to the means, one for each row. By default the fit's argument
#'   `offset` is evaluated in `newdata`. `offset()` terms are always evaluated.
#' @param weights Precision weights, one for each row; with a binomial family numbers of trials. By
#'   default the fit's argument `weights` is evaluated in `newdata`, or the numbers of trials are the
#'   sums of `cbind(successes, failures)`; of `cbind(y, n - y)` they are `n`, and `newdata` needs no
#'   `y`. If `newdata` does not have these variables, each row has the weight 1, or one trial, and a
#'   message says so. New counts have no weights.
#' @param fun A function to apply to the predictions, such as `exp` for a response that is a
#'   logarithm. It must give numbers.
#' @param transform `TRUE` for the means in place of the linear predictors.
#' @param ... `allow.new.levels`; all else is refused by relm's methods.
#' @return A matrix, draws x rows, with the draws of one chain after those of another. Its columns
#'   have the names of the rows of the data. Those of rows that `na.action = na.exclude` left out of
#'   a fit are `NA`.
#' @section Errors:
#' These are errors: `newdata` that is not a data frame, has no rows, lacks a column, or has missing
#' values or unknown levels; new levels that are not allowed; draws that the fit does not have;
#' numbers so large that a prediction is not a number; a fit of cross-products, which has no data.
#' @references
#' Gelman, A. and Hill, J. (2007). *Data Analysis Using Regression and Multilevel/Hierarchical
#' Models*. Cambridge University Press, section 12.8.
#' @examples
#' fit <- relm(log(mercury) ~ log(length) + (1 | station), bass,
#'             chains = 2, draws = 500, seed = 1)
#' fish <- data.frame(length = 40, station = c("l1", "a new one"))
#' ppm <- posterior_predict(fit, fish, allow_new_levels = TRUE, fun = exp, seed = 2)
#' apply(ppm, 2, quantile, c(0.025, 0.5, 0.975))
#' dim(posterior_epred(fit, ndraws = 100))
#' @name posterior_predict.relm
NULL

#' @rdname posterior_predict.relm
#' @export
posterior_predict <- function(object, ...) UseMethod("posterior_predict")

#' @rdname posterior_predict.relm
#' @rawNamespace S3method(rstantools::posterior_predict, relm)
#' @export
posterior_predict.relm <- function(object, newdata = NULL, re_formula = NULL, ndraws = NULL,
                                   draw_ids = NULL, allow_new_levels = FALSE,
                                   sample_new_levels = "gaussian", new_sigma = NULL, seed = NULL,
                                   offset = NULL, weights = NULL, fun = NULL, re.form, draws,
                                   ...) {
  plan <- plan_prediction(object, "posterior_predict", TRUE, shared_arguments(...))
  pad_columns(plan, apply_function(fun, predict_draws(plan)))
}

apply_function <- function(fun, values) {
  if (is.null(fun)) return(values)
  fun <- tryCatch(match.fun(fun), error = function(e) {
    abort("{.arg fun} must be a function, or the name of one.", x = "It is {describe(fun)}.")
  })
  changed <- suppressWarnings(fun(values))
  if (!is.numeric(changed) || !identical(dim(changed), dim(values))) {
    abort("{.arg fun} must take a matrix and give numbers in the same shape.",
          x = "It gives {describe(changed)} for one of size {nrow(values)} x {ncol(values)}.")
  }
  if (anyNA(changed)) abort("{.arg fun} gives values that are not numbers.")
  if (!is.double(changed)) storage.mode(changed) <- "double"
  changed
}

#' @export
posterior_predict.default <- function(object, ...) {
  pass_on("rstantools", "posterior_predict", object, ...)
}

#' @rdname posterior_predict.relm
#' @export
posterior_epred <- function(object, ...) UseMethod("posterior_epred")

#' @rdname posterior_predict.relm
#' @rawNamespace S3method(rstantools::posterior_epred, relm)
#' @export
posterior_epred.relm <- function(object, newdata = NULL, re_formula = NULL, ndraws = NULL,
                                 draw_ids = NULL, allow_new_levels = FALSE,
                                 sample_new_levels = "gaussian", seed = NULL, offset = NULL,
                                 re.form, draws, ...) {
  plan <- plan_prediction(object, "posterior_epred", FALSE, shared_arguments(...))
  pad_columns(plan, predict_draws(plan, change_to_means(object)))
}

#' @export
posterior_epred.default <- function(object, ...) {
  pass_on("rstantools", "posterior_epred", object, ...)
}

#' @rdname posterior_predict.relm
#' @export
posterior_linpred <- function(object, transform = FALSE, ...) UseMethod("posterior_linpred")

#' @rdname posterior_predict.relm
#' @rawNamespace S3method(rstantools::posterior_linpred, relm)
#' @export
posterior_linpred.relm <- function(object, transform = FALSE, newdata = NULL, re_formula = NULL,
                                   ndraws = NULL, draw_ids = NULL, allow_new_levels = FALSE,
                                   sample_new_levels = "gaussian", seed = NULL, offset = NULL,
                                   re.form, draws, ...) {
  check_flag(transform, "transform")
  plan <- plan_prediction(object, "posterior_linpred", FALSE, shared_arguments(...))
  pad_columns(plan, predict_draws(plan, if (transform) change_to_means(object)))
}

#' @export
posterior_linpred.default <- function(object, transform = FALSE, ...) {
  pass_on("rstantools", "posterior_linpred", object, transform = transform, ...)
}

#' Posterior and predictive intervals
#'
#' Give central intervals: `posterior_interval()` for parameters, `confint()` for coefficients, and
#' `predictive_interval()` for new observations. All are 95% intervals by default. rstanarm's
#' functions with the same names, and their generics, have 90% by default.
#'
#' @param object A fit of [relm()].
#' @param prob,level Probability of the interval.
#' @param variable,regex,pars,regex_pars Which variables, as in [as_draws()][as_draws.relm]. By
#'   default all hyperparameters and the group effects whose draws are kept.
#' @param type `"central"`, the only type.
#' @param parm Names or numbers of coefficients; all by default.
#' @param ... For `predictive_interval()`, the arguments of
#'   [posterior_predict()][posterior_predict.relm]; otherwise refused.
#' @return A matrix with a row for each variable, coefficient or row of the data and two columns
#'   named by their probabilities in percent.
#' @examples
#' fit <- relm(log(mercury) ~ log(length) + (1 | station), bass,
#'             chains = 2, draws = 500, seed = 1)
#' posterior_interval(fit, prob = 0.9, regex_pars = "^sd_|^sigma")
#' confint(fit)
#' predictive_interval(fit, newdata = data.frame(length = 40, station = "l1"), fun = exp, seed = 1)
#' @name relm-intervals
NULL

#' @rdname relm-intervals
#' @export
posterior_interval <- function(object, ...) UseMethod("posterior_interval")

#' @rdname relm-intervals
#' @rawNamespace S3method(rstantools::posterior_interval, relm)
#' @export
posterior_interval.relm <- function(object, prob = 0.95, type = "central", variable = NULL,
                                    regex = FALSE, pars = NULL, regex_pars = NULL, ...) {
  refuse_dots(list(...), "posterior_interval")
  check_probability(prob, "prob")
  check_choice(type, "type", "central")
  chosen <- choose_variables(object, variable, regex, pars, regex_pars)
  interval_table(as.matrix(object, chosen), prob)
}

#' @export
posterior_interval.default <- function(object, ...) {
  pass_on("rstantools", "posterior_interval", object, ...)
}

#' @rdname relm-intervals
#' @export
predictive_interval <- function(object, ...) UseMethod("predictive_interval")

#' @rdname relm-intervals
#' @param fun A function to apply to the predictions, such as `exp` for a response that is a
#'   logarithm.
#' @rawNamespace S3method(rstantools::predictive_interval, relm)
#' @export
predictive_interval.relm <- function(object, prob = 0.95, fun = NULL, ...) {
  check_probability(prob, "prob")
  plan <- plan_prediction(object, "predictive_interval", TRUE, shared_arguments(...))
  interval <- quantiles_of_rows(share_variates(plan), tail_probs(prob), function(values, rows) {
    apply_function(fun, values)
  })
  colnames(interval) <- percent(tail_probs(prob))
  pad_rows(plan, interval)
}

#' @export
predictive_interval.default <- function(object, ...) {
  pass_on("rstantools", "predictive_interval", object, ...)
}

#' @rdname relm-intervals
#' @export
confint.relm <- function(object, parm, level = 0.95, ...) {
  refuse_dots(list(...), "confint")
  check_probability(level, "level")
  fixed <- object$posterior$fixed
  draws <- hyper_matrix(object, shown_places_of(object$posterior, "b"))
  colnames(draws) <- fixed
  if (!missing(parm)) {
    known <- if (is.numeric(parm)) parm %in% seq_along(fixed)
      else is.character(parm) && all(parm %in% fixed)
    if (length(parm) == 0 || !all(known)) {
      abort("{.arg parm} must name coefficients of the model.", x = "It is {describe(parm)}.",
            i = "They are {.val {fixed}}; {.fn posterior_interval} has the other parameters.")
    }
    draws <- draws[, parm, drop = FALSE]
  }
  interval_table(draws, level, " %")
}

interval_table <- function(draws, prob, mark = "%") {
  probs <- tail_probs(prob)
  structure(summarize_columns(draws, probs)$quantiles,
            dimnames = list(colnames(draws), percent(probs, mark)))
}

tail_probs <- function(prob) (1 + c(-1, 1) * prob) / 2

percent <- function(probs, mark = "%") {
  paste0(format(100 * probs, trim = TRUE, digits = 3, scientific = FALSE), mark)
}

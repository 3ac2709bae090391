#' The model of a fit
#'
#' @param x,object,formula A fit.
#' @param type Of `model.matrix()`: `"fixed"` for X or `"random"` for Z, rows x columns. Of `weights()`:
#'   `"prior"`, the only one there is.
#' @param ... Refused.
#' @return `formula()`: the model formula. `terms()`: the terms of the fixed part.
#'   `model.frame()`: the data used, a data frame. `model.matrix()`: X, or Z with one column
#'   for each random column; aliased columns are left out. `prior_summary()`: a data frame with
#'   the prior of each parameter. `family()`: [gaussian()]. `weights()`: the precision weights, which are
#'   ones where none were given. A fit of cross-products has no data: those that need them are errors for it.
#' @examples
#' fit <- relm(log(mercury) ~ log(length) + (1 | station), bass,
#'             chains = 2, draws = 200, seed = 1)
#' formula(fit)
#' dim(model.matrix(fit))
#' prior_summary(fit)
#' @name relm-model
NULL

#' @rdname relm-model
#' @export
formula.relm <- function(x, ...) {
  refuse_dots(list(...), "formula")
  x$posterior$formula
}

#' @rdname relm-model
#' @export
terms.relm <- function(x, ...) {
  refuse_dots(list(...), "terms")
  design_of(x, "terms()")$terms
}

#' @rdname relm-model
#' @export
model.frame.relm <- function(formula, ...) {
  refuse_dots(list(...), "model.frame")
  design_of(formula, "model.frame()")$frame
}

#' @rdname relm-model
#' @export
model.matrix.relm <- function(object, type = "fixed", ...) {
  refuse_dots(list(...), "model.matrix")
  check_choice(type, "type", c("fixed", "random"))
  design <- design_of(object, "model.matrix()")
  rows <- design_rows(design)
  matrix <- if (type == "random") rows$Z else rows$X[, object$posterior$fixed, drop = FALSE]
  if (type == "fixed" || length(design$bars)) rownames(matrix) <- row.names(design$frame)
  matrix
}

#' @rdname relm-model
#' @export
family.relm <- function(object, ...) {
  refuse_dots(list(...), "family")
  stats::gaussian()
}

#' @rdname relm-model
#' @export
prior_summary <- function(object, ...) UseMethod("prior_summary")

#' @rdname relm-model
#' @rawNamespace S3method(rstantools::prior_summary, relm)
#' @export
prior_summary.relm <- function(object, ...) {
  refuse_dots(list(...), "prior_summary")
  prior_table(object$posterior)
}

#' @export
prior_summary.default <- function(object, ...) {
  pass_on("rstantools", "prior_summary", object, ...)
}

# What stats' defaults would answer with NULL.
refuse_method <- function(name, instead) {
  force(name)
  function(object, ...) {
    abort("There is no {.fn {name}} for fits of {.fn relm}.", i = instead)
  }
}

#' @export
deviance.relm <- refuse_method("deviance", "{.fn loo} and {.fn waic} compare predictions.")

#' @export
df.residual.relm <- refuse_method("df.residual", "Intervals come from draws, not from a t
                                                  distribution.")

#' @export
logLik.relm <- refuse_method("logLik", "{.fn log_lik} has its draws, and {.fn loo} and {.fn logml}
                                        are criteria for models.")

#' @rdname relm-model
#' @export
weights.relm <- function(object, type = "prior", ...) {
  refuse_dots(list(...), "weights")
  check_choice(type, "type", "prior")
  weights <- stats::model.weights(design_of(object, "weights()")$frame)
  if (is.null(weights)) rep(1, nobs(object)) else weights
}

design_of <- function(fit, what) {
  if (is.null(fit$design)) {
    abort("{.code {what}} needs the data, and this fit is of cross-products.")
  }
  fit$design
}

#' Variance inflation factors
#'
#' A method for car's `vif()`. It gives generalized variance inflation factors of the terms, from
#' the posterior correlations of their coefficients (Fox and Monette, 1992).
#'
#' @param mod A fit.
#' @param ... Refused.
#' @return A vector named by term. If a term has several columns, a matrix with the columns `GVIF`,
#'   `Df` and `GVIF^(1/(2*Df))`.
#' @section Errors:
#' A model with one term, and coefficients without a variance ([relm_posterior()] says when this
#' happens).
#' @references
#' Fox, J. and Monette, G. (1992). Generalized collinearity diagnostics. *Journal of the American
#' Statistical Association* 87, 178--183.
#' @examplesIf requireNamespace("car", quietly = TRUE)
#' fit <- relm(log(mercury) ~ poly(length, 2) + river + (1 | station), bass,
#'             chains = 2, draws = 200, seed = 1)
#' car::vif(fit)
#' @name relm-car
NULL

#' @rdname relm-car
#' @rawNamespace S3method(car::vif, relm)
#' @method vif relm
vif.relm <- function(mod, ...) {
  refuse_dots(list(...), "vif")
  assign <- attr(stats::model.matrix(mod), "assign")
  labels <- attr(stats::terms(mod), "term.labels")[sort(unique(assign[assign > 0]))]
  if (length(labels) < 2) {
    has <- if (length(labels)) "{.code {labels}}" else "none"
    abort(paste0("{.fn vif} needs two terms, and the model has ", has, "."))
  }
  R <- stats::vcov(mod, correlation = TRUE)[assign > 0, assign > 0, drop = FALSE]
  if (anyNA(R)) abort("Some coefficients have no variance, and so no {.fn vif}.")
  assign <- assign[assign > 0]
  factors <- vapply(unique(assign), function(term) {
    own <- assign == term
    c(det(R[own, own, drop = FALSE]) * det(R[!own, !own, drop = FALSE]) / det(R), sum(own))
  }, numeric(2))
  if (all(factors[2, ] == 1)) return(stats::setNames(factors[1, ], labels))
  cbind(GVIF = stats::setNames(factors[1, ], labels), Df = factors[2, ],
        `GVIF^(1/(2*Df))` = factors[1, ]^(1 / (2 * factors[2, ])))
}

#' A fit to another response
#'
#' Fits a model again with other values of its response, such as those that
#' [simulate()][simulate.relm] gives. Everything else stays the same, including the priors, the
#' sampler and the seed.
#'
#' @param object A fit.
#' @param newresp Values of the left-hand side of the formula, for example those of `log(y)` for
#'   `log(y) ~ x`: one for each row used, or for each row of the data if `na.action = na.exclude`
#'   left some out; of `cbind(successes, failures)` a matrix of these. A data frame or matrix with one
#'   column is also accepted.
#' @param seed A whole number, or `NULL` to take one from the session's stream; by default that of
#'   the fit.
#' @param ... Refused.
#' @return A fit. [update()][update.relm] of it needs `data`, because its response is not in the
#'   data of the first fit.
#' @section Errors:
#' These are errors: values that are not finite, a number of values other than the number of rows,
#' and a fit of cross-products.
#' @examples
#' fit <- relm(log(mercury) ~ log(length) + (1 | station), bass,
#'             chains = 2, draws = 200, seed = 1)
#' again <- refit(fit, simulate(fit, seed = 2))
#' fixef(again)
#' @export
refit <- function(object, newresp, ...) UseMethod("refit")

#' @export
refit.default <- function(object, newresp, ...) pass_on("lme4", "refit", object, newresp, ...)

#' @rdname refit
#' @rawNamespace S3method(lme4::refit, relm)
#' @export
refit.relm <- function(object, newresp, seed = object$control$seed, ...) {
  refuse_dots(list(...), "refit")
  design <- design_of(object, "refit()")
  if (missing(newresp)) abort("{.arg newresp} is missing.")
  design <- with_response(design, newresp)
  posterior <- posterior_for(crossprods(design, by_group = FALSE), object$posterior$prior,
                             is_prior_only(object))
  new_fit(object$call, posterior, object$control[control_names], seed,
          list(design = design, refitted = TRUE))
}

with_response <- function(design, values) {
  y <- if (is.list(values) && length(values) == 1) values[[1]] else values
  frame <- design$frame
  omitted <- attr(frame, "na.action")
  if (inherits(omitted, "exclude") && NROW(y) == nrow(frame) + length(omitted)) {
    y <- if (is.matrix(y)) y[-omitted, , drop = FALSE] else y[-omitted]
  }
  y <- if (NROW(y) == nrow(frame)) as_response(y, frame[[1]])
  if (is.null(y)) {
    like <- frame[[1]]
    what <- if (is.factor(like)) "values of a factor with the same levels"
      else if (is.matrix(like)) "rows of successes and failures" else "numbers"
    abort("{.arg newresp} must be {nrow(frame)} {what}, one for each row used.",
          x = "It is {describe(values)}.")
  }
  design$frame[[1]] <- y
  design$kept <- keep_response(design, y)
  check_design(design)
}

# The response among the data that the fit keeps, where it stands there under its name.
keep_response <- function(design, y) {
  name <- as_text(design$formula[[2]])
  kept <- design$kept
  subset <- free_variables(rlang::quo_get_expr(rlang::as_quosure(design$quosures$subset, NULL)))
  if (!name %in% names(kept$columns) || name %in% subset) return(kept)
  rows <- rows_used(design, data_of(design))
  if (length(rows) == length(y)) kept$columns[[name]][rows] <- y
  kept
}

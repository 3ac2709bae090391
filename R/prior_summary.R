#' @rdname relm-model
#' @export
prior_summary <- function(object, ...) UseMethod("prior_summary")

#' @export
prior_summary.default <- function(object, ...) {
  pass_on("rstantools", "prior_summary", object, ...)
}

#' @rdname relm-model
#' @rawNamespace S3method(rstantools::prior_summary, relm)
#' @export
prior_summary.relm <- function(object, ...) {
  refuse_dots(list(...), "prior_summary")
  prior_table(object$posterior)
}

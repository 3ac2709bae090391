#' Residuals by DHARMa
#'
#' Methods of what DHARMa's `simulateResiduals()` asks of a fit: its response, replicates of it,
#' means and a refit. A residual is where the response lies among replicates of its row, between 0
#' and 1 (Dunn and Smyth, 1996), so that those of counts and trials too are uniform if the model is
#' right. Each replicate comes from its own draw of the posterior. DHARMa warns of classes that are
#' not on its own list, of which this is one.
#'
#' Replicates have the group effects of their draw. New ones are drawn with `use.u = FALSE`, or with
#' `simulateREs = "unconditional"` in versions of DHARMa that have this argument.
#'
#' @param object A fit.
#' @param nsim Number of replicates.
#' @param type `"normal"`: numbers, for residuals. `"refit"`: in the form of the response, as
#'   [simulate()][simulate.relm] gives them.
#' @param simulateREs `"conditional"` or `"user-specified"`: the group effects of the draws, unless
#'   further arguments say otherwise; `"unconditional"`: new ones.
#' @param newresp Values of the response, as in [refit()].
#' @param ... Further arguments of [simulate()][simulate.relm]; elsewhere not used.
#' @return `getSimulations()`: a matrix, rows used x replicates, of trials numbers of successes.
#'   `getObservedResponse()`, `getFitted()` and `getResiduals()`: a number for each row used: the
#'   response; the mean of the population, without group effects; and the response less its mean.
#'   `getFixedEffects()`: [fixef()]. `getRefit()`: a fit.
#' @references
#' Dunn, P. K. and Smyth, G. K. (1996). Randomized quantile residuals. *Journal of Computational and
#' Graphical Statistics* 5, 236--244.
#' @examples
#' fit <- relm(log(mercury) ~ log(length) + (1 | station), bass, chains = 2, draws = 200, seed = 1)
#' \dontrun{
#' plot(DHARMa::simulateResiduals(fit))
#' }
#' @name relm-DHARMa
NULL

#' @rdname relm-DHARMa
#' @rawNamespace S3method(DHARMa::getSimulations, relm)
#' @method getSimulations relm
getSimulations.relm <- function(object, nsim = 1, type = "normal", simulateREs = "conditional",
                                ...) {
  # Where they are not given, DHARMa has all of their values.
  type <- check_choice(type[1], "type", c("normal", "refit"))
  effects <- check_choice(simulateREs[1], "simulateREs",
                          c("conditional", "unconditional", "user-specified"))
  asked <- c(list(object, nsim), if (effects == "unconditional") list(use.u = FALSE), list(...))
  if (type == "refit") return(do.call(simulate.relm, asked))
  unname(t(do.call(simulate_numbers, asked)$draws))
}

#' @rdname relm-DHARMa
#' @rawNamespace S3method(DHARMa::getObservedResponse, relm)
#' @method getObservedResponse relm
getObservedResponse.relm <- function(object, ...) as.numeric(response_read(object)$y)

#' @rdname relm-DHARMa
#' @rawNamespace S3method(DHARMa::getFitted, relm)
#' @method getFitted relm
getFitted.relm <- function(object, ...) {
  trials <- response_read(object)$trials
  means <- of_rows_used(object, stats::fitted(object, re_formula = NA))
  if (is.null(trials)) means else means * trials
}

#' @rdname relm-DHARMa
#' @rawNamespace S3method(DHARMa::getResiduals, relm)
#' @method getResiduals relm
getResiduals.relm <- function(object, ...) of_rows_used(object, stats::residuals(object))

#' @rdname relm-DHARMa
#' @rawNamespace S3method(DHARMa::getFixedEffects, relm)
#' @method getFixedEffects relm
getFixedEffects.relm <- function(object, ...) fixef.relm(object)

#' @rdname relm-DHARMa
#' @rawNamespace S3method(DHARMa::getRefit, relm)
#' @method getRefit relm
getRefit.relm <- function(object, newresp, ...) refit.relm(object, newresp)

response_read <- function(fit) {
  read_frame(family_of(fit), design_of(fit, "simulateResiduals()")$frame)
}

# Without the rows that na.exclude has left out.
of_rows_used <- function(fit, values) {
  omitted <- attr(fit$design$frame, "na.action")
  if (inherits(omitted, "exclude")) values <- values[-omitted]
  as.numeric(values)
}

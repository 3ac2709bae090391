#' Multiple comparisons by multcomp
#'
#' A method of what multcomp's `glht()` asks of a fit, so that `glht(fit, linfct)` compares levels
#' of a factor and tests linear functions of coefficients, several at a time: `summary()`,
#' `confint()` and `cld()` work on its result.
#'
#' This is an approximation. multcomp takes estimates, their covariances and a normal distribution:
#' here the means and covariances of the coefficients' draws. So an estimate is the posterior mean
#' of the linear function, and its standard error the posterior standard deviation. What is
#' approximate are the quantiles: intervals are those of a normal distribution, and a p-value is
#' the mass of that distribution farther from its mean than the hypothesis is. No prior probability
#' of a hypothesis goes into it. Without an approximation, [hypothesis()] has probabilities and
#' intervals from the draws, one function at a time, and `emmeans::emmeans()` those of means and
#' their differences ([relm-emmeans]).
#'
#' Comparisons of levels by `mcp()` are as in multcomp: of the coefficients of the factor, at zero
#' of predictors that interact with it. With a family other than the Gaussian one they are
#' differences of linear predictors. A coefficient whose name is a call, such as `log(length)`, has
#' no place in multcomp's texts, which it evaluates: give a matrix there.
#'
#' @param model A fit.
#' @param coef.,vcov.,df Refused: the coefficients are those of the fit, their covariances the
#'   posterior's, and a posterior has no degrees of freedom. `df = 0`, multcomp's word for a normal
#'   distribution, is accepted.
#' @param ... Refused.
#' @return A list of multcomp's class `modelparm`: the elements `coef`, `vcov`, `df`, which is 0,
#'   and `estimable`.
#' @section Errors:
#' Coefficients without a variance ([relm_posterior()] says when this happens).
#' @references
#' Hothorn, T., Bretz, F. and Westfall, P. (2008). Simultaneous inference in general parametric
#' models. *Biometrical Journal* 50, 346--363.
#' @examplesIf requireNamespace("multcomp", quietly = TRUE)
#' fit <- relm(log(mercury) ~ river + length + (1 | station), bass,
#'             chains = 2, draws = 200, seed = 1)
#' summary(multcomp::glht(fit, linfct = c("10 * length = 1", "riverwaccamaw = 0")))
#' @name relm-multcomp
NULL

#' @rdname relm-multcomp
#' @rawNamespace S3method(multcomp::modelparm, relm)
#' @method modelparm relm
modelparm.relm <- function(model, coef., vcov., df, ...) {
  others <- c(coef. = !missing(coef.), vcov. = !missing(vcov.),
              df = !missing(df) && !is.null(df) && !(is.numeric(df) && identical(as.numeric(df), 0)))
  if (any(others)) {
    abort("{.arg {names(which(others))[1]}} is not for fits of relm: {.fn glht} takes the means and
           the covariances of the posterior, and normal quantiles.", i = "Leave it out.")
  }
  refuse_dots(list(...), "glht")
  normal <- normal_approximation(model, "glht()")
  structure(list(coef = normal$coef, vcov = normal$vcov, df = 0,
                 estimable = rep(TRUE, nrow(normal$vcov))), class = "modelparm")
}

# Means and covariances of the coefficients' draws, for `caller`.
normal_approximation <- function(fit, caller) {
  covariance <- vcov.relm(fit)
  unknown <- rownames(covariance)[is.na(diag(covariance))]
  if (length(unknown)) {
    abort("{.code {caller}} needs the variances of the coefficients, and the posterior of
           {.code {unknown[1]}} has none.",
          i = "{.fn hypothesis} has probabilities and intervals, which exist.")
  }
  means <- colMeans(hyper_matrix(fit, shown_places_of(fit$posterior, "b")))
  list(coef = stats::setNames(means, fit$posterior$fixed)[rownames(covariance)],
       vcov = covariance)
}

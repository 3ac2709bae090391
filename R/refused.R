#' Functions that a posterior does not have
#'
#' These functions for fits by maximum likelihood have no meaning for draws. Each gives an error
#' that names what to use instead.
#'
#' * `anova()`, `drop1()`, `add1()`: [loo_compare()][loo.relm] compares models by their predictions,
#'   and [bayes_factor()] by their marginal likelihoods. [update()][update.relm] adds and removes
#'   terms.
#' * `logLik()`, `deviance()`, `extractAIC()`, and therefore `AIC()` and `BIC()`: [log_lik()] gives
#'   the draws of the log likelihood, and [loo()][loo.relm] and [waic()][loo.relm] give criteria.
#' * `profile()`: [confint()][relm-intervals] and [posterior_interval()] give intervals.
#' * `df.residual()`: intervals come from draws.
#' * `isSingular()`: no draw of a standard deviation is zero; [plot()][plot.relm] shows how close to
#'   zero they are. relm has a generic for this function of lme4, which passes lme4's fits on to
#'   lme4.
#'
#' @param x A fit.
#' @param ... Arguments of lme4's function.
#' @return For a fit of lme4, `isSingular()` gives lme4's result.
#' @name relm-refused
NULL

#' @importFrom stats anova
#' @export
anova.relm <- refuse_method("anova", "There are no tests of hypotheses: {.fn loo_compare} compares
                                      models by their predictions, {.fn bayes_factor} by their
                                      marginal likelihoods.")

#' @importFrom stats drop1
#' @export
drop1.relm <- refuse_method("drop1", "Fit the model without a term by {.fn update}, and compare the
                                      two by {.fn loo_compare} or {.fn bayes_factor}.")

#' @importFrom stats add1
#' @export
add1.relm <- refuse_method("add1", "Fit the model with the term by {.fn update}, and compare the two
                                    by {.fn loo_compare} or {.fn bayes_factor}.")

#' @importFrom stats extractAIC
#' @export
extractAIC.relm <- refuse_method("extractAIC", "{.fn loo} and {.fn waic} are its kin for draws.",
                                 alist(fit = , scale = , k = , ... = ))

#' @importFrom stats profile
#' @export
profile.relm <- refuse_method("profile", "The posterior is drawn from, and no likelihood is
                                          maximized: {.fn confint} and {.fn posterior_interval} have
                                          intervals.", alist(fitted = , ... = ))

#' @rdname relm-refused
#' @export
isSingular <- function(x, ...) UseMethod("isSingular")

#' @export
isSingular.default <- function(x, ...) pass_on("lme4", "isSingular", x, ...)

#' @export
isSingular.relm <- refuse_method("isSingular", "Draws of a standard deviation are never zero: look
                                                at how near they come, by {.code plot(fit)} or
                                                {.fn summary}.", alist(x = , ... = ))

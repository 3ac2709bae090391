#' What a posterior has not
#'
#' Functions for fits by maximum likelihood that have no meaning for draws, and what takes their
#' place. Each is an error that says so.
#'
#' * `anova()`, `drop1()`, `add1()`: [loo_compare()][loo.relm] compares models by their predictions,
#'   [bayes_factor()] by their marginal likelihoods; [update()][update.relm] puts terms in and out.
#' * `logLik()`, `deviance()`, `extractAIC()`, and with them `AIC()` and `BIC()`: [log_lik()] has the
#'   draws of the log likelihood, [loo()][loo.relm] and [waic()][loo.relm] are criteria.
#' * `profile()`: [confint()][relm-intervals] and [posterior_interval()] have intervals.
#' * `df.residual()`: intervals come from draws.
#' * `isSingular()`: no draw of a standard deviation is zero; [plot()][plot.relm] shows how near they
#'   come. relm has this function of lme4's as a generic, which passes lme4's fits on.
#'
#' @param x A fit.
#' @param ... Arguments of lme4's function.
#' @return `isSingular()` of a fit of lme4's: what lme4 gives.
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
extractAIC.relm <- refuse_method("extractAIC", "{.fn loo} and {.fn waic} are its kin for draws.")

#' @importFrom stats profile
#' @export
profile.relm <- refuse_method("profile", "The posterior is drawn from, and no likelihood is
                                          maximized: {.fn confint} and {.fn posterior_interval} have
                                          intervals.")

#' @rdname relm-refused
#' @export
isSingular <- function(x, ...) UseMethod("isSingular")

#' @export
isSingular.default <- function(x, ...) pass_on("lme4", "isSingular", x, ...)

#' @export
isSingular.relm <- refuse_method("isSingular", "Draws of a standard deviation are never zero: look
                                                at how near they come, by {.code plot(fit)} or
                                                {.fn summary}.")

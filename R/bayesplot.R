#' Convergence for bayesplot
#'
#' `bayesplot::rhat()` and `bayesplot::neff_ratio()` of a fit, for bayesplot's `mcmc_rhat()` and
#' `mcmc_neff()`. The other plots of draws take `as_draws(fit)` or `as.array(fit)`, with relm's
#' names of draws ([relm_names]).
#'
#' @param x,object A fit.
#' @param pars,regex_pars Which variables, as in [as_draws()][as_draws.relm]; all unless given.
#' @param ... Not used.
#' @return A vector named by variable. `rhat()`: R-hat (Vehtari, Gelman, Simpson, Carpenter and
#'   Bürkner, 2021). `neff_ratio()`: the smaller of the bulk and the tail effective sample size,
#'   over the number of draws.
#' @references
#' Vehtari, A., Gelman, A., Simpson, D., Carpenter, B. and Bürkner, P.-C. (2021).
#' Rank-normalization, folding, and localization: an improved R-hat for assessing convergence
#' of MCMC. *Bayesian Analysis* 16, 667--718.
#' @examplesIf requireNamespace("bayesplot", quietly = TRUE)
#' fit <- relm(log(mercury) ~ log(length) + (1 | station), bass,
#'             chains = 2, draws = 200, seed = 1)
#' bayesplot::rhat(fit, regex_pars = "^(b|sd)_")
#' bayesplot::mcmc_neff(bayesplot::neff_ratio(fit))
#' bayesplot::mcmc_areas(as.array(fit, regex_pars = "^sd_"))
#' bayesplot::mcmc_trace(as_draws(fit, c("b_Intercept", "sigma")))
#' @name relm-bayesplot
NULL

#' @rdname relm-bayesplot
#' @rawNamespace S3method(bayesplot::rhat, relm)
#' @rawNamespace S3method(posterior::rhat, relm)
#' @method rhat relm
rhat.relm <- function(x, pars = NULL, regex_pars = NULL, ...) {
  by_variable(x, pars, regex_pars, posterior::rhat)
}

#' @rdname relm-bayesplot
#' @rawNamespace S3method(bayesplot::neff_ratio, relm)
#' @method neff_ratio relm
neff_ratio.relm <- function(object, pars = NULL, regex_pars = NULL, ...) {
  ess <- by_variable(object, pars, regex_pars, function(draws) {
    min(posterior::ess_bulk(draws), posterior::ess_tail(draws))
  })
  ess / ndraws(object)
}

# A function of the draws of each variable, iterations x chains.
by_variable <- function(fit, pars, regex_pars, measure) {
  draws <- draws_array(fit, choose_variables(fit, NULL, FALSE, pars, regex_pars))
  # posterior warns of each ESS that it caps.
  suppressWarnings(vapply(dimnames(draws)[[3]], function(name) {
    measure(matrix(draws[, , name], nrow(draws)))
  }, 0))
}

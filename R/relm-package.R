#' relm: random-effects linear models by posterior sampling
#'
#' Draws from the posterior of Gaussian hierarchical regressions, in lme4's formula syntax,
#' by samplers in C.
#'
#' Start with [relm()]. A fit goes from a formula to draws in stages, each a function
#' of its own: [relm_design()], [crossprods()], [relm_posterior()], [relm()].
#' @name relm-package
#' @aliases relm-package
#' @docType package
#' @keywords internal
#' @useDynLib relm, .registration = TRUE
#' @importFrom coda as.mcmc.list
#' @importFrom nlme fixef ranef VarCorr
#' @importFrom posterior as_draws as_draws_array as_draws_df as_draws_list as_draws_matrix
#' @importFrom posterior as_draws_rvars ndraws nchains niterations nvariables variables
#' @importFrom stats coef sigma nobs formula terms model.frame model.matrix weights
#' @importFrom stats family logLik
#' @importFrom stats fitted residuals deviance df.residual confint predict simulate vcov
NULL

# The pronoun of ggplot2's expressions, which is only suggested.
utils::globalVariables(".data")

#' relm: random-effects linear models by posterior sampling
#'
#' Draws from the posterior of Gaussian hierarchical regressions, in lme4's formula syntax, with
#' samplers in C.
#'
#' Start with [relm()], or with `vignette("relm")`. These functions work on a fit:
#'
#' | for | see |
#' |:--|:--|
#' | priors | [relm_prior()] |
#' | tables and estimates | [summary()][summary.relm], [fixef() and related functions][relm-effects], [intervals][relm-intervals] |
#' | pictures | [plot()][plot.relm], [pp_check()][pp_check.relm] |
#' | predictions | [predict()][predict.relm], [posterior_predict()][posterior_predict.relm], [residuals()][residuals.relm] |
#' | comparisons of models | [loo()][loo.relm], [kfold()][kfold.relm], [logml()], [bayes_R2()][bayes_R2.relm] |
#' | more draws, other models | [extend()], [c()][c.relm], [update()][update.relm] |
#' | draws for other packages | [as_draws()][as_draws.relm], their names in [relm_names] |
#'
#' Vignettes: `bass`, a lecture on these models; `samplers`; `priors`; `coming-from` lme4, rstanarm,
#' brms or MCMCglmm; `performance`.
#'
#' A fit goes from a formula to draws in stages. Each stage has its own function: [relm_design()],
#' [crossprods()], [relm_posterior()], [relm()].
#' @name relm-package
#' @aliases relm-package
#' @docType package
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

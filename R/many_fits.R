#' Many fits
#'
#' A fit of a small model takes a fraction of a second, so that a thousand of them are no reason to
#' wait. Recipes for what many fits are for.
#'
#' @section Many data sets or seeds:
#' `lapply()` over seeds, or over simulated data, fits a model many times. `progress = FALSE` and
#' few `draws`, of one or two `chains`, are enough where only an estimate of each is wanted. Each
#' fit keeps its draws: take from it what you need, such as `fixef()`, rather than the fit. With
#' [parallel::mclapply()] or futures over the data sets, leave `cores = 1` within.
#'
#' @section Parametric bootstrap:
#' [simulate()][simulate.relm] draws responses from a fit, `use.u = FALSE` with new group effects,
#' and [refit()] fits the same model to each of them. Give `refit()` seeds of their own.
#'
#' @section Prior predictive checks:
#' `relm(prior_only = TRUE)` draws from the prior, and `pp_check()` of it shows what the model
#' foretells before it has seen data. See *Draws of the prior* in [relm()].
#'
#' @section Simulation-based calibration:
#' [sbc()] fits a model to many responses that were simulated from its prior, and tests whether
#' parameters lie among the draws as they should.
#'
#' @section Multiple imputation:
#' [relm_multiple()] fits a model to each of many completed data sets, and pools the draws.
#' @examples
#' # Twenty simulated data sets, a fit to each, and how the estimates vary.
#' fit <- relm(log(mercury) ~ log(length) + (1 | station), bass,
#'             chains = 2, draws = 200, seed = 1)
#' simulated <- simulate(fit, nsim = 20, seed = 1, use.u = FALSE)
#' slopes <- vapply(1:20, function(i) fixef(refit(fit, simulated[[i]], seed = i))[[2]], 0)
#' c(median(slopes), sd(slopes))
#'
#' # The prior, before data are seen.
#' prior <- relm_prior(beta = normal(0, 1), sd = half_normal(1), sigma = half_normal(1))
#' before <- update(fit, prior = prior, prior_only = TRUE)
#' quantile(posterior_predict(before), c(0.05, 0.95))
#'
#' # Does the sampler draw from this model as it should?
#' sbc(before, n_sims = 20, draws = 19, seed = 1)
#' @name many-fits
NULL

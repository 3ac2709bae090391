#' Draws and their convergence by bayesplot
#'
#' `bayesplot::rhat()` and `bayesplot::neff_ratio()` of a fit, for bayesplot's `mcmc_rhat()` and
#' `mcmc_neff()`. The other plots of draws take `as_draws(fit)` or `as.array(fit)`, with relm's
#' names of draws ([relm_names]); [plot()][plot.relm] of a fit passes on to them. `pairs()` is
#' `mcmc_pairs()`.
#'
#' @param x,object A fit.
#' @param pars,regex_pars Which variables, as in [as_draws()][as_draws.relm]; unless given all, and
#'   of `pairs()` the first six hyperparameters.
#' @param ... `pairs()`: arguments of `mcmc_pairs()`. Refused
#'   elsewhere.
#' @return `pairs()`: what `mcmc_pairs()` gives. Elsewhere a vector named by variable. `rhat()`:
#'   R-hat (Vehtari, Gelman, Simpson, Carpenter and Bürkner, 2021). `neff_ratio()`: the smaller of
#'   the bulk and the tail effective sample size, over the number of draws.
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
#' pairs(fit, regex_pars = "^sd_|^sigma")
#' @name relm-bayesplot
NULL

#' @rdname relm-bayesplot
#' @rawNamespace S3method(bayesplot::rhat, relm)
#' @rawNamespace S3method(posterior::rhat, relm)
#' @method rhat relm
rhat.relm <- function(x, pars = NULL, regex_pars = NULL, ...) {
  refuse_dots(list(...), "rhat")
  by_variable(x, pars, regex_pars, posterior::rhat)
}

#' @rdname relm-bayesplot
#' @rawNamespace S3method(bayesplot::neff_ratio, relm)
#' @method neff_ratio relm
neff_ratio.relm <- function(object, pars = NULL, regex_pars = NULL, ...) {
  refuse_dots(list(...), "neff_ratio")
  ess <- by_variable(object, pars, regex_pars, function(draws) {
    min(posterior::ess_bulk(draws), posterior::ess_tail(draws))
  })
  ess / ndraws(object)
}

#' @rdname relm-bayesplot
#' @importFrom graphics pairs
#' @export
pairs.relm <- function(x, pars = NULL, regex_pars = NULL, ...) {
  check_installed("bayesplot", "pairs()")
  plot_by_bayesplot(x, "pairs", NULL, FALSE, pars, regex_pars, NULL, list(...))
}

# bayesplot's types of draws but for those of draws by Hamiltonian steps, and of known true values.
bayesplot_types <- function() {
  types <- sub("^mcmc_", "", as.character(bayesplot::available_mcmc("")))
  grep("^(nuts|recover)_", types, invert = TRUE, value = TRUE)
}

# The name of a type without its prefix; NULL where there is none of that name.
bayesplot_type <- function(type) {
  if (!requireNamespace("bayesplot", quietly = TRUE)) return(NULL)
  type <- sub("^mcmc_", "", type)
  if (type %in% bayesplot_types()) type
}

plot_by_bayesplot <- function(fit, type, variable, regex, pars, regex_pars, lags, options) {
  type <- bayesplot_type(type)
  chosen <- if (!is.null(variable) || !is.null(pars) || !is.null(regex_pars)) {
    choose_variables(fit, variable, regex, pars, regex_pars)
  } else if (type == "pairs") {
    plotted_variables(fit, NULL, FALSE, most = 6)
  } else {
    hyper_variables(fit)
  }
  if (!is.null(lags)) options$lags <- lags
  shown <- if (grepl("^rhat", type)) rhat.relm(fit, chosen)
    else if (grepl("^neff", type)) neff_ratio.relm(fit, chosen)
    else draws_array(fit, chosen)
  do.call(getExportedValue("bayesplot", paste0("mcmc_", type)), c(list(shown), options))
}

# A function of the draws of each variable, iterations x chains.
by_variable <- function(fit, pars, regex_pars, measure) {
  draws <- draws_array(fit, choose_variables(fit, NULL, FALSE, pars, regex_pars))
  # posterior warns of each ESS that it caps.
  suppressWarnings(vapply(dimnames(draws)[[3]], function(name) {
    measure(matrix(draws[, , name], nrow(draws)))
  }, 0))
}

#' Draws and their convergence by bayesplot
#'
#' `bayesplot::rhat()` and `bayesplot::neff_ratio()` of a fit, for bayesplot's `mcmc_rhat()` and
#' `mcmc_neff()`. The other plots of draws take `as_draws(fit)` or `as.array(fit)`, with relm's
#' names of draws ([relm_names]). [plot()][plot.relm] of a fit calls them. `pairs()` calls
#' `mcmc_pairs()`.
#'
#' @param x,object A fit.
#' @param pars,regex_pars,variable,regex Which variables, as in [as_draws()][as_draws.relm]; by
#'   default all, and for `pairs()` the first six hyperparameters. `pairs()` takes at most twelve,
#'   because the number of panels is the square of this number.
#' @param ... `pairs()`: arguments of `mcmc_pairs()`. The other functions refuse further arguments.
#' @return `pairs()`: what `mcmc_pairs()` gives. Otherwise a vector named by variable. `rhat()`:
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
#' pairs(fit, regex_pars = "^sd_|^sigma")
#' @name relm-bayesplot
NULL

#' @rdname relm-bayesplot
#' @rawNamespace S3method(bayesplot::rhat, relm)
#' @rawNamespace S3method(posterior::rhat, relm)
#' @method rhat relm
rhat.relm <- function(x, pars = NULL, regex_pars = NULL, ...) {
  refuse_dots(list(...), "rhat")
  if (is_of_several(x)) refuse_several_data(x, "rhat()")
  by_variable(x, pars, regex_pars, posterior::rhat)
}

#' @rdname relm-bayesplot
#' @rawNamespace S3method(bayesplot::neff_ratio, relm)
#' @method neff_ratio relm
neff_ratio.relm <- function(object, pars = NULL, regex_pars = NULL, ...) {
  refuse_dots(list(...), "neff_ratio")
  if (is_of_several(object)) refuse_several_data(object, "neff_ratio()")
  ess <- by_variable(object, pars, regex_pars, function(draws) {
    min(posterior::ess_bulk(draws), posterior::ess_tail(draws))
  })
  ess / ndraws(object)
}

#' @rdname relm-bayesplot
#' @importFrom graphics pairs
#' @export
pairs.relm <- function(x, pars = NULL, regex_pars = NULL, variable = NULL, regex = FALSE, ...) {
  check_installed("bayesplot", "pairs()")
  plot_by_bayesplot(x, "pairs", variable, regex, pars, regex_pars, NULL, list(...))
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

# The types that were perhaps meant: by another's word, or by a slip of a letter or two.
meant_types <- function(type, types) {
  type <- sub("^(mcmc|ppc|stan)_", "", type)
  words <- c(ess = "neff", n_eff = "neff", autocorrelation = "acf", ac = "acf", density = "dens",
             histogram = "hist", traceplot = "trace", interval = "intervals", pair = "pairs",
             caterpillar = "ranef")
  if (type %in% names(words)) return(intersect(words[[type]], types))
  distances <- utils::adist(type, types, ignore.case = TRUE)[1, ]
  types[distances == min(distances) & distances <= 2]
}

plot_by_bayesplot <- function(fit, type, variable, regex, pars, regex_pars, lags, options) {
  type <- bayesplot_type(type)
  chosen <- if (!is.null(variable) || !is.null(pars) || !is.null(regex_pars)) {
    choose_variables(fit, variable, regex, pars, regex_pars)
  } else if (type == "pairs") {
    plotted_variables(fit, NULL, FALSE, most = 6)
  } else {
    drawn_variables(fit)
  }
  if (type == "pairs" && length(chosen) > most_pairs) {
    abort("{.fn pairs} draws a panel for each two of at most {most_pairs} variables.",
          x = "{length(chosen)} are chosen.",
          i = "Choose some by {.arg pars} or {.arg regex_pars}.")
  }
  if (!is.null(lags)) options$lags <- lags
  shown <- if (grepl("^rhat", type)) rhat.relm(fit, chosen)
    else if (grepl("^neff", type)) neff_ratio.relm(fit, chosen)
    else draws_array(fit, chosen)
  draw_by_bayesplot(paste0("mcmc_", type), list(shown), options)
}

# A panel takes a tenth of a second.
most_pairs <- 12

# What bayesplot's function draws. It only warns of arguments that it does not know, and its errors
# do not say which argument was wrong.
draw_by_bayesplot <- function(name, data, options) {
  draw <- getExportedValue("bayesplot", name)
  known <- known_to_bayesplot(name)
  unknown <- if (is.null(names(options))) rep(TRUE, length(options)) else !names(options) %in% known
  check_dots_empty(options[unknown], setdiff(known, c("x", "object", "y", "yrep")), name)
  tryCatch(do.call(draw, c(data, options)), error = function(e) {
    if (inherits(e, "lifecycle_error_deprecated")) stop(e)
    abort("bayesplot's {.fn {name}} gives an error.", x = "{conditionMessage(e)}")
  })
}

# Functions with groups hand arguments on to those without, and combinations to their parts.
known_to_bayesplot <- function(name) {
  names <- c(name, sub("_grouped$|_by_chain$", "", name))
  if (name == "mcmc_combo") names <- paste0("mcmc_", bayesplot_types())
  own <- unlist(lapply(intersect(c(name, names), getNamespaceExports("bayesplot")), function(name) {
    names(formals(getExportedValue("bayesplot", name)))
  }))
  setdiff(unique(own), "...")
}

# A function of the draws of each variable, iterations x chains.
by_variable <- function(fit, pars, regex_pars, measure) {
  draws <- draws_array(fit, choose_variables(fit, NULL, FALSE, pars, regex_pars))
  # posterior warns of each ESS that it caps.
  suppressWarnings(vapply(dimnames(draws)[[3]], function(name) {
    measure(matrix(draws[, , name], nrow(draws)))
  }, 0))
}

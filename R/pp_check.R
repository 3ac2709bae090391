#' Posterior predictive checks
#'
#' Pictures of the data beside data that the model would give, by the package bayesplot.
#'
#' The types that begin with `loo_` compare a row with predictions from all other rows. Those are
#' drawn, for each draw of the hyperparameters, from the normal distribution of the row given the
#' other rows of its group, and weighed as in [loo()][loo.relm].
#'
#' @param object A fit.
#' @param type,plotfun The name of one of bayesplot's functions `ppc_...()` without its prefix:
#'   `"dens_overlay"` unless given, or such as `"stat_grouped"`, `"intervals"` or
#'   `"loo_pit_overlay"`. `plotfun` is rstanarm's name of it.
#' @param ndraws,nreps How many draws to show; by default all for types that summarize them, 8 for
#'   those that have a panel for each, 3 for scatter plots and errors, else 50. Types that begin
#'   with `loo_` use all. `nreps` is rstanarm's name of it.
#' @param group What the panels of a type that ends in `_grouped` are: the name of a variable of the
#'   model, or values, one for each row; the grouping factor unless given.
#' @param x What stands along the horizontal axis, where a type has that: the name of a variable of
#'   the model, or numbers, one for each row. The places of the rows unless given.
#' @param newdata A data frame with the response and predictors of other rows.
#' @param draw_ids Numbers of the draws to show.
#' @param seed A whole number, or `NULL` to take one from the session's stream.
#' @param ... Arguments of bayesplot's function, such as `stat = "mean"`; and of
#'   [posterior_predict()], such as `re_formula` or `allow_new_levels`.
#' @return A ggplot2 object.
#' @references
#' Gabry, J., Simpson, D., Vehtari, A., Betancourt, M. and Gelman, A. (2019). Visualization in
#' Bayesian workflow. *Journal of the Royal Statistical Society A* 182, 389--402.
#' @examplesIf requireNamespace("bayesplot", quietly = TRUE)
#' fit <- relm(log(mercury) ~ log(length) + (1 | station), bass, chains = 2, draws = 500, seed = 1)
#' pp_check(fit, seed = 1)
#' pp_check(fit, "stat_grouped", stat = "median", binwidth = 0.05, seed = 1)
#' @name pp_check.relm
NULL

#' @rdname pp_check.relm
#' @export
pp_check <- function(object, ...) UseMethod("pp_check")

#' @export
pp_check.default <- function(object, ...) pass_on("bayesplot", "pp_check", object, ...)

#' @rdname pp_check.relm
#' @rawNamespace S3method(bayesplot::pp_check, relm)
#' @export
pp_check.relm <- function(object, type = NULL, ndraws = NULL, group = NULL, x = NULL,
                          newdata = NULL, draw_ids = NULL, seed = NULL, plotfun, nreps, ...) {
  check_installed("bayesplot", "pp_check()")
  design_of(object, "pp_check()")
  type <- one_spelling(type, plotfun)
  ndraws <- one_spelling(ndraws, nreps)
  picture <- check_picture(if (is.null(type)) "dens_overlay" else type)
  options <- list(...)
  to_predict <- names(options) %in% names(formals(posterior_predict.relm))
  data <- if (grepl("^loo_", picture$type)) {
    check_left_out(picture$type, newdata, ndraws, draw_ids, options[to_predict])
    left_out_replicates(object, picture$arguments, seed)
  } else {
    if (is.null(ndraws) && is.null(draw_ids)) ndraws <- draws_to_show(object, picture$type)
    list(y = response_of(object, newdata),
         yrep = do.call(posterior_predict, c(list(object, newdata, ndraws = ndraws,
                                                  draw_ids = draw_ids, seed = seed),
                                             options[to_predict])))
  }
  data <- c(data, picture_variables(object, picture, group, x, newdata))
  do.call(picture$draw, c(data, options[!to_predict]))
}

check_picture <- function(type) {
  types <- sub("^ppc_", "", as.character(bayesplot::available_ppc("")))
  if (is.character(type) && length(type) == 1) type <- sub("^ppc_", "", type)
  if (!is.character(type) || length(type) != 1 || !type %in% types) {
    all <- cli::cli_vec(types, list("vec-trunc" = Inf))
    abort("{.arg type} must be one of {.or {.val {all}}}.", x = "It is {describe(type)}.")
  }
  draw <- getExportedValue("bayesplot", paste0("ppc_", type))
  list(type = type, draw = draw, arguments = names(formals(draw)))
}

# The draws that types show, where not all: as many as can be told apart.
draws_to_show <- function(fit, type) {
  plain <- sub("_grouped$", "", type)
  shown <- if (plain %in% c("hist", "dens", "freqpoly", "boxplot")) 8
    else if (plain %in% c("error_hist", "error_scatter", "error_binned", "scatter")) 3
    else if (plain %in% c("dens_overlay", "ecdf_overlay", "km_overlay")) 50
  if (!is.null(shown)) min(shown, ndraws(fit))
}

picture_variables <- function(fit, picture, group, x, newdata) {
  variables <- list()
  if ("group" %in% picture$arguments) {
    variables$group <- picture_variable(fit, group, "group", newdata)
  } else if (!is.null(group)) {
    abort("{.code type = \"{picture$type}\"} has no groups.",
          i = 'Types with groups end in {.val _grouped}.')
  }
  if ("x" %in% picture$arguments && !is.null(x)) {
    variables$x <- picture_variable(fit, x, "x", newdata)
  }
  if (picture$type == "error_scatter_avg_vs_x" && is.null(x)) {
    abort("{.code type = \"{picture$type}\"} needs {.arg x}.",
          i = "Name a variable of the model: {.val {names(fit$design$frame)[-1]}}.")
  }
  variables
}

# A variable of the model by its name, the grouping factor, or values as they are given.
picture_variable <- function(fit, value, name, newdata) {
  design <- fit$design
  data <- if (is.null(newdata)) design$frame else newdata
  n_rows <- nrow(data)
  if (is.null(value)) {
    if (is.null(design$group)) {
      abort("{.arg {name}} is missing, and the model has no groups.",
            i = "Name a variable of the model: {.val {names(design$frame)[-1]}}.")
    }
    return(grouping_as_factor(
      if (is.null(newdata)) design$factors$group else read_grouping(design$by$group, data)
    ))
  }
  if (is.character(value) && length(value) == 1 && n_rows > 1) {
    found <- drop_matrix(data[[value]])
    if (is.null(found)) {
      abort("{.arg {name}} must be a variable of the model or values, one for each row.",
            x = "It is {.val {value}}.",
            i = "The variables are {.val {names(data)}}.")
    }
    return(if (name == "group") factor(found) else found)
  }
  if (length(value) != n_rows) {
    abort("{.arg {name}} must be a variable of the model or values, one for each of the {n_rows}
           rows.", x = "It is {describe(value)}.")
  }
  value
}

# Rows left out ---------------------------------------------------------------------------------

check_left_out <- function(type, newdata, ndraws, draw_ids, options) {
  given <- c("newdata", "ndraws", "draw_ids")[!c(is.null(newdata), is.null(ndraws),
                                                is.null(draw_ids))]
  given <- c(given, names(options))
  if (length(given)) {
    abort("{.code type = \"{type}\"} leaves out rows of the fit, by all draws: {.arg {given[1]}} has
           no place in it.")
  }
}

# y, predictions of each row given the others, and their weights in the form that a type wants.
left_out_replicates <- function(fit, arguments, seed) {
  check_installed("loo", "A type that leaves rows out")
  n <- nrow(fit$design$frame)
  check_draws_memory(ndraws(fit), 6 * n)
  at <- row_moments(fit)(seq_len(n), TRUE)
  log_density <- log_density_of_rows(at, at$y)
  density <- new_density(fit, n, function(places) log_density[, places, drop = FALSE])
  psis <- suppressWarnings(loo::psis(-log_density, r_eff = relative_efficiency(density, 1)))
  y <- response_of(fit, NULL)
  yrep <- with_stream(check_seed(seed), {
    at$mean + rep(y - at$y, each = nrow(at$mean)) + at$sd * stats::rnorm(length(at$mean))
  })
  weights <- if ("psis_object" %in% arguments) list(psis_object = psis)
    else list(lw = stats::weights(psis))
  c(list(y = y, yrep = yrep), weights)
}

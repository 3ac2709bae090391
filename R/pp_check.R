#' Posterior predictive checks
#'
#' Shows the data together with data simulated from the model, with the package bayesplot.
#'
#' The types that begin with `loo_` compare a row with predictions from all other rows. For each
#' draw of the hyperparameters, the predictions are drawn from the normal distribution of the row
#' given the other rows of its group. They are weighed as in [loo()][loo.relm]. With another family
#' than the Gaussian one they are drawn from the family's density given the other rows of the group,
#' or with several groupings given all group effects, weighed as in `loo(integrated = FALSE)`; and
#' as counts do not tell a quantile from the next, a PIT value
#' is drawn from between the share of predictions below the response and that of those not above it
#' (Czado, Gneiting and Held, 2009), so that it is uniform where the model holds.
#'
#' @param object A fit.
#' @param type,plotfun The name of one of bayesplot's functions `ppc_...()` without its prefix:
#'   `"dens_overlay"` by default, with a binomial family `"bars"` and with counts `"rootogram"`, or
#'   for example `"stat_grouped"`, `"intervals"` or `"loo_pit_overlay"`. rstanarm calls it `plotfun`.
#'   Trials are shown as numbers of successes; `"error_binned"` shows the errors of their shares,
#'   beside their probabilities.
#' @param ndraws,nreps How many draws to show. By default all for types that summarize them (with
#'   more than 1,000 rows fewer, but at least 100, and a message says so), 8 for types with a panel
#'   for each draw, 3 for scatter plots and errors, and otherwise 50. Types that begin with `loo_`
#'   use all. rstanarm calls it `nreps`.
#' @param group The panels of a type that ends in `_grouped`: the name of a variable of the model,
#'   or values, one for each row. By default the grouping factor.
#' @param x The horizontal axis, if a type has one: the name of a variable of the model, or numbers,
#'   one for each row. By default the positions of the rows.
#' @param newdata A data frame with the response and predictors of other rows.
#' @param draw_ids Numbers of the draws to show.
#' @param seed A whole number, or `NULL` to take one from the session's stream.
#' @section Large data:
#' With more than 5,000 rows, 5,000 are shown, drawn at random by `seed`. With more than 36 groups,
#' 36 panels are shown, spread evenly over the levels. Messages say so. Statistics (`"stat"` and
#' similar types) use all rows. To show chosen rows of the data, give them as `newdata`.
#'
#' @param ... Arguments of bayesplot's function, such as `stat = "mean"`; and of
#'   [posterior_predict()], such as `re_formula` or `allow_new_levels`.
#' @return A ggplot2 object.
#' @references
#' Czado, C., Gneiting, T. and Held, L. (2009). Predictive model assessment for count data.
#' *Biometrics* 65, 1254--1261.
#'
#' Gabry, J., Simpson, D., Vehtari, A., Betancourt, M. and Gelman, A. (2019). Visualization in
#' Bayesian workflow. *Journal of the Royal Statistical Society A* 182, 389--402.
#' @examplesIf requireNamespace("bayesplot", quietly = TRUE)
#' fit <- relm(log(mercury) ~ log(length) + (1 | station), bass, chains = 2, draws = 500, seed = 1)
#' pp_check(fit, seed = 1)
#' pp_check(fit, "stat", stat = "median", binwidth = 0.05, seed = 1)
#' # A picture for each station: pp_check(fit, "stat_grouped", stat = "median", binwidth = 0.05)
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
  choose_draws(object, ndraws, draw_ids, spelling(ndraws, nreps))
  if (is.null(type)) type <- family_of(object)$picture
  picture <- check_picture(type, spelling(type, plotfun))
  options <- list(...)
  to_predict <- names(options) %in% names(formals(posterior_predict.relm))
  seed <- check_seed(seed)
  if (grepl("^loo_", picture$type)) {
    check_left_out(picture$type, newdata, ndraws, draw_ids, options[to_predict])
    data <- left_out_replicates(object, picture$arguments, seed)
  } else {
    data <- replicates(object, picture$type, newdata, ndraws, draw_ids, seed, options[to_predict])
  }
  data <- c(data, picture_variables(object, picture, group, x, newdata))
  shown <- rows_to_show(c(data, options[!to_predict]), picture$type, seed)
  draw <- function() draw_by_bayesplot(paste0("ppc_", picture$type), shown[seq_along(data)],
                                       shown[-seq_along(data)])
  # bayesplot tells that it takes PIT values for what they are.
  if (is.null(data$pit)) draw() else suppressMessages(draw())
}

# The response and its replicates: new observations, or where a picture is of means their means.
replicates <- function(fit, type, newdata, ndraws, draw_ids, seed, options) {
  family <- family_of(fit)
  of_means <- type %in% pictures_of_means && family$weights == "trials"
  y <- if (of_means) shares_of(fit, newdata, options) else response_of(fit, newdata)
  if (is.null(draw_ids)) ndraws <- draws_to_show(fit, type, ndraws, length(y))
  predict <- if (of_means) posterior_epred else posterior_predict
  yrep <- do.call(predict, c(list(fit, newdata, ndraws = ndraws, draw_ids = draw_ids, seed = seed),
                             options[!of_means | names(options) != "weights"]))
  check_several_replicates(type, nrow(yrep))
  # Rows that were left out by na.exclude have no response.
  list(y = y, yrep = yrep[, !is.na(yrep[1, ]), drop = FALSE])
}

# Of trials: errors in bins are those of the shares of successes.
pictures_of_means <- c("error_binned")

shares_of <- function(fit, newdata, options) {
  asked <- asked_prediction(newdata, weights = options$weights)
  rows <- prediction_rows(fit, asked, list(), FALSE, TRUE, with_weights = TRUE)
  if (is.null(rows$trials)) rows$response else rows$response / rows$trials
}

check_picture <- function(type, name) {
  types <- sub("^ppc_", "", as.character(bayesplot::available_ppc("")))
  if (is.character(type) && length(type) == 1) type <- sub("^ppc_", "", type)
  if (!is.character(type) || length(type) != 1 || !type %in% types) {
    all <- cli::cli_vec(types, list("vec-trunc" = Inf))
    meant <- if (is.character(type) && length(type) == 1 && !is.na(type)) meant_types(type, types)
    abort("{.arg {name}} must be one of {.or {.val {all}}}.", x = "It is {describe(type)}.",
          i = if (length(meant)) "Did you mean {.or {.val {meant}}}?")
  }
  list(type = type, arguments = names(formals(getExportedValue("bayesplot", paste0("ppc_", type)))))
}

# Types of numbers that are computed from many draws.
summarizes_draws <- function(type) {
  grepl("^(stat|intervals|ribbon|error_scatter_avg|scatter_avg|bars|rootogram|pit_ecdf|loo_)", type)
}

# How many draws to show, unless that is given: as many as can be told apart; of types that
# summarize them all, or of many rows so many that they take no more than this many numbers.
most_replicated <- 4e6

draws_to_show <- function(fit, type, ndraws, n_rows) {
  if (!is.null(ndraws)) return(ndraws)
  all <- ndraws(fit)
  plain <- sub("_grouped$", "", type)
  if (plain %in% c("hist", "dens", "freqpoly", "boxplot")) return(min(8, all))
  if (plain %in% c("error_hist", "error_scatter", "error_binned", "scatter")) return(min(3, all))
  if (!summarizes_draws(type)) return(min(50, all))
  most <- max(100, most_replicated %/% n_rows)
  if (all <= most) return(NULL)
  inform("{.fn pp_check} takes {most} of {all} draws, spread evenly; {.arg ndraws} chooses how
          many.")
  most
}

check_several_replicates <- function(type, n_draws) {
  if (n_draws > 1 || !summarizes_draws(type)) return(invisible())
  abort("{.code type = \"{type}\"} shows how draws are spread, and there is one.",
        i = "Give a larger {.arg ndraws}, or none.")
}

most_rows_shown <- 5000

# data: y, yrep, draws x rows, weights, variables with a value for each row, and options, which may
# have one.
rows_to_show <- function(data, type, seed) {
  if (grepl("^loo_", type)) return(data)
  data <- panels_to_show(data)
  n <- length(data$y)
  if (grepl("^stat", type) || n <= most_rows_shown) return(data)
  inform("{.fn pp_check} shows {most_rows_shown} of {n} rows, drawn at random; {.arg newdata}
          chooses others.")
  chosen_rows(data, with_stream(seed, sort(sample.int(n, most_rows_shown))))
}

panels_to_show <- function(data) {
  if (is.null(data$group)) return(data)
  group <- as.factor(data$group)
  if (nlevels(droplevels(group)) <= most_panels) return(data)
  levels <- levels(droplevels(group))
  inform("{.fn pp_check} shows {most_panels} of {length(levels)} groups, spread evenly;
          {.arg newdata} chooses others.")
  data <- chosen_rows(data, which(group %in% spread_over(levels, most_panels)))
  data$group <- droplevels(as.factor(data$group))
  data
}

chosen_rows <- function(data, rows) {
  n <- length(data$y)
  lapply(data, function(part) {
    if (is.matrix(part) && ncol(part) == n) part[, rows, drop = FALSE]
    else if (length(part) == n) part[rows]
    else part
  })
}

picture_variables <- function(fit, picture, group, x, newdata) {
  variables <- list()
  if ("group" %in% picture$arguments) {
    variables$group <- picture_variable(fit, group, "group", newdata)
  } else if (!is.null(group)) {
    abort("{.code type = \"{picture$type}\"} has no groups, and {.arg group} is given.",
          i = 'Types with groups end in {.val _grouped}.')
  }
  if (!is.null(x)) {
    if (!"x" %in% picture$arguments) {
      abort("{.code type = \"{picture$type}\"} has no {.arg x}.",
            i = 'Types with one are such as {.val intervals} and {.val error_scatter_avg_vs_x}.')
    }
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
    return(groups_of_picture(design, 1L, newdata))
  }
  named <- if (name == "group" && length(value) == 1 && n_rows > 1) match(value, design$group)
  if (length(named) && !is.na(named) && is.null(data[[value]])) {
    return(groups_of_picture(design, named, newdata))
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
  if (!is.atomic(value) || length(value) != n_rows) {
    abort("{.arg {name}} must be a variable of the model or values, one for each of the {n_rows}
           rows.", x = "It is {describe(value)}.")
  }
  value
}

groups_of_picture <- function(design, g, newdata) {
  part <- grouping_part(g)
  grouping_as_factor(
    if (is.null(newdata)) factors_of(design)[[part]] else read_grouping(design$by[[part]], newdata)
  )
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
  check_learnt(fit, "loo")
  check_installed("loo", "A type that leaves rows out")
  left_out <- if (is_gaussian(fit)) left_out_normals(fit, seed) else left_out_outcomes(fit, seed)
  if (!is_gaussian(fit)) warn_failed_weights(left_out$psis$diagnostics$pareto_k)
  if ("pit" %in% arguments && !is_gaussian(fit)) {
    shares <- stats::weights(left_out$psis, log = FALSE)
    return(list(pit = with_stream(seed, randomized_pit(left_out$y, left_out$yrep, shares))))
  }
  c(left_out[c("y", "yrep")],
    if ("psis_object" %in% arguments) list(psis_object = left_out$psis)
    else list(lw = stats::weights(left_out$psis)))
}

# yrep, shares: draws x rows; the shares of a row add up to one.
randomized_pit <- function(y, yrep, shares) {
  y <- rep(y, each = nrow(yrep))
  below <- colSums(shares * (yrep < y))
  below + stats::runif(ncol(yrep)) * colSums(shares * (yrep == y))
}

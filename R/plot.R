#' Plot a fit
#'
#' @param x A fit.
#' @param type What to draw:
#'   * `"trace"`: the trace and the density of each variable, with a color for each chain. The
#'     densities share the trace's axis of values and have a greatest height of one.
#'   * `"acf"`: the autocorrelations of each variable, a line for each chain. If few groups leave a
#'     variable without a variance, or with one that cannot be estimated, its normal scores are
#'     used.
#'   * `"compare"`: the first chain of this fit and of each fit in `with`: traces side by side, with
#'     their densities and their autocorrelations.
#'   * `"groups"`: a panel for each group with its points, its own least-squares line in blue and
#'     the line of the model in black, the median with a 95% band. If the model has variables other
#'     than `against`, a line is the mean of the lines for the group's rows: columns without
#'     `against` are at their means. A group whose rows do not determine its own line has none.
#'     With another family than the Gaussian one the lines are curves of the mean, of trials the
#'     probability, and a group's own is that of maximum likelihood, which has none where
#'     the group's outcomes are separated or all alike. Of trials points are the shares of successes,
#'     and offsets are at their mean in the group; counts with an offset are divided by its
#'     exponential.
#'   * `"shrinkage"`: the coefficients of each group, by its own least squares in blue and by the
#'     model (medians) in black, with an arrow from one to the other. Those of the whole population
#'     are in vermilion. Least squares use the columns that vary by group, after the model's
#'     estimates of the other columns are subtracted from the response. With another family than the
#'     Gaussian one they are maximum likelihood, with these estimates as an offset, on the scale of
#'     the link; groups without a maximum have no arrow.
#'   * `"ranef"`: group effects, medians with 50% and 95% intervals, a panel for each column. The
#'     groups are in the order of the first panel. If there are too many groups to show their names,
#'     each panel has its own order.
#'   * the name of one of bayesplot's functions `mcmc_...()`, with or without that prefix, such as
#'     `"areas"`, `"intervals"`, `"hist"`, `"rank_overlay"`, `"pairs"` or `"rhat"`: the plot of that
#'     function. Write `"mcmc_trace"` and `"mcmc_acf"` for bayesplot's own `"trace"` and `"acf"`.
#' @param variable,regex Which variables `"trace"`, `"acf"`, `"compare"` and bayesplot's types show,
#'   as in [as_draws()][as_draws.relm]; by default the first twelve hyperparameters, or six.
#'   bayesplot's types show all of them by default, except for pairs.
#' @param pars,regex_pars The same with rstanarm's arguments and names, as in
#'   [as_draws()][as_draws.relm].
#' @param plotfun rstanarm's name of `type`.
#' @param lags How many lags of autocorrelation; 40 by default.
#' @param with Another fit, or a list of fits, for `"compare"`. Names of the list label the panels
#'   if the samplers' names are not enough.
#' @param groups Levels of the grouping factor to show.
#' @param grouping With several groupings, the name of the one whose groups `"groups"`,
#'   `"shrinkage"` and `"ranef"` show. By default the first, and a message says so. The lines of
#'   `"groups"` include the effects of the other groupings, averaged over the group's rows; for
#'   `"shrinkage"`, least squares subtract estimates of them from the response.
#' @param max_groups How many groups to show at most when `groups` does not say which. If there are
#'   more groups, those shown are spread evenly over the levels, and a message says so. By default
#'   36 panels, 500 effects.
#' @param columns Which of the columns that vary by group to show: any for `"ranef"`, one or two for
#'   `"shrinkage"`. By default all, or the first two.
#' @param against The variable on the axis of `"groups"`, from the data or from the model frame,
#'   such as `"log(length)"`. By default one that varies within groups, and of those the first with
#'   more than two values; variables whose effects vary by group come before others.
#' @param by Groups for the panels of `"groups"` when the model has none: a factor with a value for
#'   each row of `model.frame(x)`.
#' @param ... Arguments of bayesplot's function, such as `prob`. Otherwise refused.
#' @return A ggplot object, which you can change like any other. For `"pairs"` and `"combo"`, the
#'   result of bayesplot.
#' @section Errors:
#' Types that show group effects need a model that has them. `"groups"` and `"shrinkage"` also need
#' the data, and a fit of cross-products does not have them. Arguments of another type are refused.
#' @section Many groups:
#' Group effects whose draws are not kept are drawn again for the groups shown. If a fit has their
#' means and covariances instead of draws (see `group_draws` of [relm()]), `"ranef"` shows the
#' intervals of normal distributions and `"shrinkage"` shows means.
#' @examplesIf requireNamespace("ggplot2", quietly = TRUE)
#' bass$x <- log(bass$length) - ave(log(bass$length), bass$station)
#' fit <- relm(log(mercury) ~ x + (1 + x || station), bass,
#'             chains = 2, draws = 200, seed = 1)
#' plot(fit, "groups", max_groups = 4) + ggplot2::labs(x = "log length, centered within stations")
#' # How far estimates are drawn together: plot(fit, "shrinkage")
#' # Two samplers: plot(fit, "compare", with = update(fit, sampler = "uncentered"))
#' @export
plot.relm <- function(x, type = "trace", variable = NULL, regex = FALSE, lags = NULL,
                      with = NULL, groups = NULL, max_groups = NULL, columns = NULL,
                      against = NULL, by = NULL, pars = NULL, regex_pars = NULL,
                      ..., grouping = NULL, plotfun) {
  type <- one_spelling(if (!missing(type)) type, plotfun)
  if (is.null(type)) type <- "trace"
  own <- is_own_type(type, spelling(type, plotfun))
  check_plot_arguments(type, own, list(variable = variable, pars = pars, regex_pars = regex_pars,
                                       lags = lags, with = with, groups = groups,
                                       max_groups = max_groups, columns = columns,
                                       against = against, by = by, grouping = grouping))
  if (!own) {
    return(plot_by_bayesplot(x, type, variable, regex, pars, regex_pars, lags, list(...)))
  }
  refuse_dots(list(...), "plot")
  if (!is.null(pars) || !is.null(regex_pars)) {
    variable <- choose_variables(x, variable, regex, pars, regex_pars)
    regex <- FALSE
  }
  lags <- if (is.null(lags)) 40L else check_count(lags, "lags")
  check_installed("ggplot2", "plot()")
  switch(type,
    trace = plot_traces(x, variable, regex),
    acf = plot_acf(x, variable, regex, lags),
    compare = plot_comparison(x, with, variable, regex, lags),
    groups = plot_groups(x, groups, max_groups, against, by, grouping),
    shrinkage = plot_shrinkage(x, groups, max_groups, columns, grouping),
    ranef = plot_effects(x, groups, max_groups, columns, grouping)
  )
}

# The types, and what each takes.
plot_arguments <- list(
  trace = c("variable", "pars", "regex_pars"),
  acf = c("variable", "pars", "regex_pars", "lags"),
  compare = c("variable", "pars", "regex_pars", "lags", "with"),
  groups = c("groups", "max_groups", "against", "by", "grouping"),
  shrinkage = c("groups", "max_groups", "columns", "grouping"),
  ranef = c("groups", "max_groups", "columns", "grouping")
)

# What bayesplot's types take, beside the arguments of its functions.
bayesplot_arguments <- c("variable", "pars", "regex_pars", "lags")

# One of plot()'s own types, or one of bayesplot's?
is_own_type <- function(type, name) {
  own <- names(plot_arguments)
  if (is.character(type) && length(type) == 1) {
    if (type %in% own) return(TRUE)
    if (!is.null(bayesplot_type(type))) return(FALSE)
  }
  theirs <- if (requireNamespace("bayesplot", quietly = TRUE)) bayesplot_types()
  meant <- if (is.character(type) && length(type) == 1 && !is.na(type)) {
    meant_types(type, union(own, theirs))
  }
  abort("{.arg {name}} must be one of {.or {.val {own}}}, or of bayesplot's types of draws.",
        x = "It is {describe(type)}.",
        i = if (length(meant)) "Did you mean {.or {.val {meant}}}?"
        else if (!is.null(theirs)) {
          "Those are {.val {cli::cli_vec(theirs, list('vec-trunc' = Inf))}}."
        } else "Those need the package {.pkg bayesplot}, which is not installed.")
}

check_plot_arguments <- function(type, own, arguments) {
  given <- names(arguments)[lengths(arguments) > 0]
  foreign <- setdiff(given, if (own) plot_arguments[[type]] else bayesplot_arguments)
  if (length(foreign)) {
    types <- Filter(function(own) foreign[1] %in% own, plot_arguments)
    abort("{.arg {foreign[1]}} is not for {.code type = \"{type}\"}.",
          i = "{.arg {foreign[1]}} is for {.or {.val {names(types)}}}.")
  }
}

# Colors ----------------------------------------------------------------------------------

# Names -----------------------------------------------------------------------------------

# What is shown ---------------------------------------------------------------------------

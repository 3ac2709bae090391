#' Plot a fit
#'
#' @param x A fit.
#' @param type What to draw:
#'   * `"trace"`: the trace and the density of each variable, a color for each chain.
#'   * `"acf"`: the autocorrelations of each variable, a line for each chain.
#'   * `"compare"`: this fit and those of `with`, the first chain of each: traces side by side, and
#'     autocorrelations in one panel.
#'   * `"groups"`: a panel for each group with its points, its own least-squares line in blue and
#'     the line of the model in black, the median with a 95% band. Other columns than `against`
#'     are held at their means in the group.
#'   * `"shrinkage"`: the coefficients of each group, by its own least squares in blue and by the
#'     model in black, with an arrow from one to the other; of the first two coefficients that
#'     vary, or of one, group by group.
#'   * `"ranef"`: group effects, medians with 50% and 95% intervals, a panel for each effect, the
#'     groups in the order of the first.
#' @param variable,regex Which variables `"trace"`, `"acf"` and `"compare"` show, as in
#'   [as_draws()][as_draws.relm]; the first twelve hyperparameters unless given.
#' @param groups Levels of the grouping factor to show. Unless given, all that are legible:
#'   36 panels, 500 effects; of more, so many spread evenly over the levels, as a message says.
#' @param against The column of the model matrix on the axis of `"groups"`; unless given, the
#'   first that takes more than two values.
#' @param with Another fit, or a list of fits, for `"compare"`. Names of the list name the
#'   panels, where the samplers' names do not suffice.
#' @param ... Not used.
#' @return A ggplot object, which can be changed like any other.
#' @section Errors:
#' Types that show group effects need a model that has them; `"groups"` and `"shrinkage"` the
#' data, which a fit of cross-products has not.
#' @examplesIf requireNamespace("ggplot2", quietly = TRUE)
#' bass$x <- log(bass$length) - ave(log(bass$length), bass$station)
#' fit <- relm(log(mercury) ~ x + (1 + x || station), bass,
#'             chains = 2, draws = 200, seed = 1)
#' plot(fit)
#' plot(fit, "groups")
#' plot(fit, "shrinkage")
#' plot(fit, "ranef")
#' gibbs <- update(fit, sampler = "uncentered")
#' plot(fit, "compare", with = gibbs, variable = c("b_Intercept", "sd_station__x"))
#' @export
plot.relm <- function(x, type = "trace", variable = NULL, regex = FALSE, groups = NULL,
                      against = NULL, with = NULL, ...) {
  check_choice(type, "type", plot_types)
  check_installed("ggplot2", "plot()")
  switch(type,
    trace = plot_traces(x, variable, regex),
    acf = plot_acf(x, variable, regex),
    compare = plot_comparison(x, with, variable, regex),
    groups = plot_groups(x, groups, against),
    shrinkage = plot_shrinkage(x, groups),
    ranef = plot_effects(x, groups)
  )
}

plot_types <- c("trace", "acf", "compare", "groups", "shrinkage", "ranef")

# Okabe and Ito's colours, told apart by all.
okabe_ito <- c("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442",
               "#000000")

# What the pictures of groups call their two estimates, and how they color them.
estimate_colours <- c("least squares" = "#0072B2", model = "black")

plotted_variables <- function(fit, variable, regex) {
  if (is.null(variable)) utils::head(hyper_variables(fit), 12)
  else choose_variables(fit, variable, regex)
}

# The groups to show, as places among the levels in their order.
plotted_groups <- function(fit, groups, most, type) {
  check_grouped(fit, "plot")
  levels <- shown_levels(fit)
  if (!is.null(groups)) {
    place <- match(as.character(groups), levels)
    if (anyNA(place) || length(place) == 0) {
      abort("{.arg groups} must be levels of {.code {fit$posterior$group}}.",
            x = if (anyNA(place)) "It has no {.val {utils::head(as.character(groups)[is.na(place)], 5)}}.")
    }
    return(unique(place))
  }
  if (length(levels) <= most) return(seq_along(levels))
  inform("{.code plot(fit, \"{type}\")} shows {most} of {length(levels)} groups; {.arg groups}
          chooses others.")
  unique(round(seq(1, length(levels), length.out = most)))
}

shown_levels <- function(fit) fit$posterior$groups[fit$posterior$group_display]

# The names of effects or group coefficients, columns x groups in the order of levels.
names_by_group <- function(fit, coefficients = TRUE) {
  names <- if (coefficients) coef_variables(fit) else effect_variables(fit)
  matrix(names, ncol = length(fit$posterior$groups))
}

# Pictures of effects: curves with bands over numbers, points with intervals over levels.

#' @rdname conditional_effects
#' @param y Not used; the generic has it.
#' @param points Show the rows of the data? With a group's own curve, those of that group.
#' @param plot Draw the pictures too?
#' @export
plot.relm_conditional_effects <- function(x, y, points = FALSE, plot = TRUE, ...) {
  refuse_dots(list(...), "plot")
  refuse_generic_argument(y, "plot")
  check_flag(points, "points")
  check_flag(plot, "plot")
  check_installed("ggplot2", "plot()")
  pictures <- Map(plot_effect, x, names(x), attr(x, "response"), points)
  if (plot) for (picture in pictures) print(picture)
  invisible(pictures)
}

plot_effect <- function(table, name, response, points) {
  names <- effect_names_of(table, name)
  table <- with_looks(table)
  picture <- ggplot2::ggplot(table, ggplot2::aes(x = .data$effect1__)) +
    (if (points) points_layer(table)) +
    (if (is_level_axis(table$effect1__)) interval_layers(table$line__)
     else curve_layers(table$line__, names[-1])) +
    colours_of_effect(table$by__, length(names) == 2) +
    ggplot2::labs(x = names[1], y = response, colour = legend_title(names[-1]), linetype = NULL,
                  shape = NULL) +
    plot_theme()
  if (nlevels(table$cond__) == 1) return(picture)
  picture + ggplot2::facet_wrap(ggplot2::vars(.data$cond__),
                                labeller = shorten_to(panel_text(nlevels(table$cond__))$most))
}

legend_title <- function(second) if (length(second)) second

# by__, which colors tell: the second variable, or else whether it is the population or its groups;
# line__: the latter where colors tell the former.
with_looks <- function(table) {
  plain <- factor(rep("one", nrow(table)))
  curve <- if (is.null(table$curve__)) plain else table$curve__
  second <- table$effect2__
  table$by__ <- if (is.null(second)) curve else second
  table$line__ <- if (is.null(second)) plain else curve
  table
}

curve_layers <- function(line, second) {
  list(
    ggplot2::geom_ribbon(ggplot2::aes(ymin = .data$lower__, ymax = .data$upper__, fill = .data$by__,
                                      group = interaction(.data$by__, .data$line__)), alpha = 0.2),
    ggplot2::geom_line(ggplot2::aes(y = .data$estimate__, colour = .data$by__,
                                    linetype = .data$line__)),
    look_of_population(ggplot2::scale_linetype_manual, line, 1, 2),
    ggplot2::labs(fill = legend_title(second))
  )
}

interval_layers <- function(line) {
  list(
    ggplot2::geom_pointrange(
      ggplot2::aes(y = .data$estimate__, ymin = .data$lower__, ymax = .data$upper__,
                   colour = .data$by__, shape = .data$line__,
                   group = interaction(.data$by__, .data$line__)),
      position = ggplot2::position_dodge(width = 0.4)
    ),
    look_of_population(ggplot2::scale_shape_manual, line, 16, 1)
  )
}

# Of several curves that of the population is dashed, of several points it is open.
look_of_population <- function(scale, line, plain, population) {
  scale(values = c(one = plain, population = population, group = plain),
        guide = if (nlevels(line) == 1) "none" else "legend")
}

colours_of_effect <- function(by, second) {
  n <- nlevels(by)
  if (n > length(okabe_ito)) {
    return(list(ggplot2::scale_colour_viridis_d(), ggplot2::scale_fill_viridis_d()))
  }
  values <- if (n == 1) "black" else if (second) okabe_ito[seq_len(n)] else c("#D55E00", "black")
  guide <- if (n == 1) "none" else "legend"
  list(ggplot2::scale_colour_manual(values = values, limits = levels(by), guide = guide),
       ggplot2::scale_fill_manual(values = values, limits = levels(by), guide = guide))
}

# Points ----------------------------------------------------------------------------------------

# Rows of the data in each panel, colored where the second variable has levels.
points_layer <- function(table) {
  points <- attr(table, "points")
  if (is.null(points)) {
    abort("There are no points to show: the fit has not kept its rows, or curves are linear
           predictors.", i = "{.code points = FALSE} shows the curves.")
  }
  rows <- bind_tables(lapply(levels(table$cond__), points_of_condition, points, table))
  place <- if (is_level_axis(table$effect1__)) {
    ggplot2::position_jitter(width = 0.15, height = 0, seed = 1)
  } else "identity"
  if (all(is.na(rows$by__))) {
    return(ggplot2::geom_point(ggplot2::aes(y = .data$response__), rows, colour = "grey60",
                               size = 0.8, position = place))
  }
  ggplot2::geom_point(ggplot2::aes(y = .data$response__, colour = .data$by__),
                      rows[!is.na(rows$by__), ], size = 0.8, alpha = 0.5, position = place)
}

points_of_condition <- function(condition, points, table) {
  kept <- which(is.finite(points$response__) & !is.na(points$effect1__))
  first <- match(condition, table$cond__)
  for (group in attr(table, "groups")) {
    kept <- kept[as.character(points[[group]][kept]) %in% as.character(table[[group]][first])]
  }
  if (length(kept) > most_points) {
    inform("{.fn plot} shows {most_points} of {length(kept)} points.")
    kept <- spread_over(kept, most_points)
  }
  second <- points$effect2__[kept]
  data.frame(effect1__ = points$effect1__[kept], response__ = points$response__[kept],
             by__ = factor(if (is.null(second)) NA else as.character(second), levels(table$by__)),
             cond__ = factor(rep(condition, length(kept)), levels(table$cond__)))
}

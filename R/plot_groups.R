# Panels of groups: points, the lines of their own rows alone and the model's. With another family
# than the Gaussian one lines are curves of the mean.

# Points of all panels together.
most_points <- 20000L

# Points along a line, which may be a curve.
line_points <- 41L

plot_groups <- function(fit, groups, max_groups, against, by, grouping = NULL) {
  design <- design_of(fit, 'plot(type = "groups")')
  g <- if (has_groups(fit$posterior)) plotted_grouping(fit$posterior, grouping, "groups")
  panels <- panel_groups(fit, by, g)
  axis <- plot_axis(design, against, g, panels$place)
  check_moves(fit, axis)
  shown <- plotted_groups(panels$levels, panels$name, groups, max_groups, most_panels, "groups")
  owns <- rows_by_group(fit, panels$place, shown, g)
  lines <- group_lines(fit, axis, owns, panel_draws(fit, panels, shown, g), g)
  label <- function(tables) {
    table <- bind_tables(tables)
    table$group <- factor(panels$levels[table$place], panels$levels[shown])
    table
  }
  draw_groups(label(group_points(axis, owns)), label(lines$model), label(lines$own),
              own_estimate(fit)) +
    ggplot2::labs(x = axis$name, y = response_label(fit), colour = NULL)
}

# own: the lines of the groups' rows alone, and what they are called.
draw_groups <- function(points, model, own, name) {
  n <- nlevels(points$group)
  text <- panel_text(n)
  dense <- nrow(points) > 200 * n
  ggplot2::ggplot(points, ggplot2::aes(x = .data$x)) +
    ggplot2::geom_ribbon(data = model, fill = "grey85",
                         ggplot2::aes(ymin = .data$lower, ymax = .data$upper)) +
    ggplot2::geom_point(ggplot2::aes(y = .data$y), colour = "grey40", alpha = if (dense) 0.3 else 1,
                        size = if (n > 20 || dense) 0.5 else 1.2) +
    # Wider than the model's, so that it is seen where both are one.
    ggplot2::geom_line(data = own, ggplot2::aes(y = .data$y, colour = name),
                       linewidth = if (n > 20) 0.7 else 0.9) +
    ggplot2::geom_line(data = model, ggplot2::aes(y = .data$median, colour = "model"),
                       linewidth = if (n > 20) 0.3 else 0.4) +
    ggplot2::scale_colour_manual(values = estimate_colours(name)) +
    ggplot2::scale_x_continuous(n.breaks = if (n > 9) 3 else 5) +
    ggplot2::scale_y_continuous(n.breaks = if (n > 49) 2 else if (n > 9) 4 else 5) +
    ggplot2::facet_wrap(ggplot2::vars(.data$group), labeller = shorten_to(text$most)) +
    panel_window(points, model, own) +
    plot_theme() +
    ggplot2::theme(strip.text = ggplot2::element_text(size = text$size),
                   axis.text = ggplot2::element_text(size = text$size))
}

# Points and the model's lines fill the panels: the groups' own lines, and bands, that go far beyond
# them leave at the edge.
panel_window <- function(points, model, own) {
  limits <- range(points$y, model$median)
  limits <- limits + c(-0.3, 0.3) * diff(limits)
  reach <- range(own$y, model$lower, model$upper)
  if (reach[1] >= limits[1] && reach[2] <= limits[2]) return(NULL)
  ggplot2::coord_cartesian(ylim = c(max(limits[1], reach[1]), min(limits[2], reach[2])),
                           default = TRUE)
}

response_label <- function(fit) {
  family <- family_of(fit)
  offset <- !is.null(stats::model.offset(fit$design$frame))
  if (has_totals(fit$design$frame[[1]])) return("share of successes")
  paste0(fit$posterior$response,
         if (offset && is_linear(fit)) " less its offset"
         else if (offset && family$link == "log") " / exp(offset)")
}

# The groups that panels may be of: the name of their factor, its levels, and the place of each
# row's level among them.
panel_groups <- function(fit, by, g = 1L) {
  if (has_groups(fit$posterior)) {
    if (!is.null(by)) {
      abort("{.arg by} is for models without group effects.",
            x = "This one has those of {.code {names_of_groupings(fit$posterior)}}.")
    }
    index <- group_levels(factors_of(fit$design)[[grouping_part(g)]])$index
    return(list(name = names_of_groupings(fit$posterior)[g], levels = shown_levels(fit, g),
                place = order(display_of(fit, g))[index]))
  }
  n <- nrow(fit$design$frame)
  if (is.null(by)) {
    abort("The model has no group effects, so that {.arg by} must say what its groups are.",
          i = "It is a factor with a value for each of the {n} rows used.")
  }
  if (!is.atomic(by) || length(by) != n || anyNA(by)) {
    abort("{.arg by} must have a value for each of the {n} rows used, and no missing one.",
          x = "It is {describe(by)}{if (anyNA(by)) ', with missing values'}.")
  }
  by <- factor(by)
  list(name = "by", levels = levels(by), place = as.integer(by))
}

group_points <- function(axis, owns) {
  most <- max(most_points %/% length(owns), 1L)
  n_rows <- vapply(owns, function(own) length(own$rows), 0L)
  if (any(n_rows > most)) {
    inform("{.code plot(fit, \"groups\")} shows {most} points of a group that has more.")
  }
  lapply(owns, function(own) {
    some <- spread_over(seq_along(own$rows), most)
    data.frame(x = axis$values[own$rows[some]], y = own$shown[some], place = own$place)
  })
}

# Draws of the coefficients of each group shown, a function of its place among them.
panel_draws <- function(fit, panels, shown, g = 1L) {
  if (!has_groups(fit$posterior)) {
    common <- hyper_matrix(fit, shown_places_of(fit$posterior, "b"))
    return(function(k) common)
  }
  names <- names_by_group(fit, g = g)[, shown, drop = FALSE]
  draws <- as.matrix(fit, as.character(names))
  function(k) draws[, names[, k], drop = FALSE]
}

# model: the median and 95% band of each group's line, over the range of all groups. own: that of
# its rows alone, over their range.
group_lines <- function(fit, axis, owns, draws, g = 1L) {
  mean_of <- family_of(fit)$inverse_link
  ends <- range(unlist(lapply(owns, function(own) axis$values[own$rows])))
  whole <- seq(ends[1], ends[2], length.out = line_points)
  lines <- lapply(seq_along(owns), function(k) {
    own <- owns[[k]]
    ends <- range(axis$values[own$rows])
    at <- seq(ends[1], ends[2], length.out = line_points)
    along <- rows_along(fit, axis, own, c(whole, at), g)
    first <- seq_along(whole)
    line <- draws(k) %*% t(along[first, , drop = FALSE])
    for (h in setdiff(seq_along(groupings_of(fit$posterior)), g)) {
      line <- line + line_beside(fit, axis, own, whole, h)
    }
    line <- mean_of(line + own$level)
    band <- apply(line, 2, stats::quantile, c(0.025, 0.5, 0.975), names = FALSE)
    values <- mean_of(own_values(own, along[-first, , drop = FALSE]) + own$level)
    told <- rep(!anyNA(values) && ends[1] < ends[2], length(at))
    list(model = data.frame(x = whole, lower = band[1, ], median = band[2, ], upper = band[3, ],
                            place = own$place),
         own = data.frame(x = at[told], y = values[told], place = rep(own$place, sum(told))))
  })
  list(model = lapply(lines, `[[`, "model"), own = lapply(lines, `[[`, "own"))
}

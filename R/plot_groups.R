# Panels of groups: points, their own least-squares lines and the model's.

# Points of all panels together.
most_points <- 20000L

# Points along a line, which may be a curve.
line_points <- 41L

plot_groups <- function(fit, groups, max_groups, against, by, grouping = NULL) {
  design <- design_of(fit, 'plot(type = "groups")')
  g <- if (has_groups(fit$posterior)) plotted_grouping(fit$posterior, grouping, "groups")
  panels <- panel_groups(fit, by, g)
  axis <- plot_axis(design, against, g)
  check_moves(fit, axis)
  shown <- plotted_groups(panels$levels, panels$name, groups, max_groups, most_panels, "groups")
  owns <- rows_by_group(fit, panels$place, shown, g)
  lines <- group_lines(fit, axis, owns, panel_draws(fit, panels, shown, g), g)
  label <- function(tables) {
    table <- bind_tables(tables)
    table$group <- factor(panels$levels[table$place], panels$levels[shown])
    table
  }
  draw_groups(label(group_points(axis, owns)), label(lines$model), label(lines$squares)) +
    ggplot2::labs(x = axis$name, y = response_label(fit), colour = NULL)
}

draw_groups <- function(points, model, squares) {
  n <- nlevels(points$group)
  text <- panel_text(n)
  dense <- nrow(points) > 200 * n
  ggplot2::ggplot(points, ggplot2::aes(x = .data$x)) +
    ggplot2::geom_ribbon(data = model, fill = "grey85",
                         ggplot2::aes(ymin = .data$lower, ymax = .data$upper)) +
    ggplot2::geom_point(ggplot2::aes(y = .data$y), colour = "grey40", alpha = if (dense) 0.3 else 1,
                        size = if (n > 20 || dense) 0.5 else 1.2) +
    # Wider than the model's, so that it is seen where both are one.
    ggplot2::geom_line(data = squares, ggplot2::aes(y = .data$y, colour = "least squares"),
                       linewidth = if (n > 20) 0.7 else 0.9) +
    ggplot2::geom_line(data = model, ggplot2::aes(y = .data$median, colour = "model"),
                       linewidth = if (n > 20) 0.3 else 0.4) +
    ggplot2::scale_colour_manual(values = estimate_colours) +
    ggplot2::scale_x_continuous(n.breaks = if (n > 9) 3 else 5) +
    ggplot2::scale_y_continuous(n.breaks = if (n > 49) 2 else if (n > 9) 4 else 5) +
    ggplot2::facet_wrap(ggplot2::vars(.data$group), labeller = shorten_to(text$most)) +
    panel_window(points, model, squares) +
    plot_theme() +
    ggplot2::theme(strip.text = ggplot2::element_text(size = text$size),
                   axis.text = ggplot2::element_text(size = text$size))
}

# Points and the model's lines fill the panels: least squares, and bands, that go far beyond them
# leave at the edge.
panel_window <- function(points, model, squares) {
  limits <- range(points$y, model$median)
  limits <- limits + c(-0.3, 0.3) * diff(limits)
  reach <- range(squares$y, model$lower, model$upper)
  if (reach[1] >= limits[1] && reach[2] <= limits[2]) return(NULL)
  ggplot2::coord_cartesian(ylim = c(max(limits[1], reach[1]), min(limits[2], reach[2])),
                           default = TRUE)
}

response_label <- function(fit) {
  offset <- !is.null(stats::model.offset(fit$design$frame))
  paste0(fit$posterior$response, if (offset) " less its offset")
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

# For each place in `shown` the rows of that group: their numbers, columns, Z of all groupings,
# response less offset, and weights.
rows_by_group <- function(fit, place, shown, g = 1L) {
  rows <- which(place %in% shown)
  rows <- split(rows, factor(place[rows], shown))
  lapply(seq_along(shown), function(k) {
    own <- linear_rows(fit$design, rows[[k]], "A picture of groups beside least squares")
    both <- cbind(own$X, if (length(g)) Z_of_grouping(own$Z, groupings_of(fit$posterior)[[g]]))
    columns <- both[, match(coef_columns_of(fit$posterior, g), colnames(both)), drop = FALSE]
    list(place = shown[k], rows = rows[[k]], columns = columns, Z = own$Z, y = own$y,
         weights = if (is.null(own$weights)) rep(1, length(own$y)) else own$weights)
  })
}

# A grouping's columns of those of all.
Z_of_grouping <- function(Z, grouping) {
  place <- grouping$random$place
  if (is.null(place)) Z else Z[, place, drop = FALSE]
}

group_points <- function(axis, owns) {
  most <- max(most_points %/% length(owns), 1L)
  n_rows <- vapply(owns, function(own) length(own$rows), 0L)
  if (any(n_rows > most)) {
    inform("{.code plot(fit, \"groups\")} shows {most} points of a group that has more.")
  }
  lapply(owns, function(own) {
    some <- spread_over(seq_along(own$rows), most)
    data.frame(x = axis$values[own$rows[some]], y = own$y[some], place = own$place)
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

# model: the median and 95% band of each group's line, over the range of all groups. squares: its
# own least-squares line, over its own range.
group_lines <- function(fit, axis, owns, draws, g = 1L) {
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
    band <- apply(line, 2, stats::quantile, c(0.025, 0.5, 0.975), names = FALSE)
    squares <- least_squares_values(own, along[-first, , drop = FALSE])
    told <- rep(!anyNA(squares) && ends[1] < ends[2], length(at))
    list(model = data.frame(x = whole, lower = band[1, ], median = band[2, ], upper = band[3, ],
                            place = own$place),
         squares = data.frame(x = at[told], y = squares[told], place = rep(own$place, sum(told))))
  })
  list(model = lapply(lines, `[[`, "model"), squares = lapply(lines, `[[`, "squares"))
}

# What a regression of a group's rows alone gives at other rows of its columns; NA where its own
# rows do not tell that.
least_squares_values <- function(own, at) {
  size <- sqrt(colSums(own$columns^2))
  size[size == 0] <- 1
  scaled <- own$columns / rep(size, each = nrow(own$columns))
  fit <- stats::lm.wfit(scaled, own$y, own$weights)
  values <- rep(NA_real_, nrow(at))
  if (fit$rank == 0) return(values)
  at <- at / rep(size, each = nrow(at))
  # Told is what lies in the space of the rows.
  R <- qr.R(fit$qr)[seq_len(fit$rank), order(fit$qr$pivot), drop = FALSE]
  beyond <- sqrt(colSums(qr.resid(qr(t(R)), t(at))^2))
  told <- beyond <= 1e-6 * sqrt(rowSums(at^2))
  coefficients <- fit$coefficients
  coefficients[is.na(coefficients)] <- 0
  values[told] <- at[told, , drop = FALSE] %*% coefficients
  values
}

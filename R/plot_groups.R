# Panels of groups: points, their own least-squares lines and the model's.

most_panels <- 36L

plot_groups <- function(fit, groups, against) {
  check_grouped(fit, "plot")
  rows <- group_rows(fit, 'plot(type = "groups")')
  against <- check_against(against, rows)
  shown <- plotted_groups(fit, groups, most_panels, "groups")
  levels <- shown_levels(fit)[shown]
  rows <- rows_of(rows, rows$group %in% levels)
  points <- data.frame(x = rows$columns[, against], y = rows$y,
                       group = factor(rows$group, levels))
  lines <- group_lines(fit, rows, against, shown)
  squares <- least_squares_lines(rows, against, levels)
  ggplot2::ggplot(points, ggplot2::aes(x = .data$x)) +
    ggplot2::geom_ribbon(data = lines, fill = "grey88",
                         ggplot2::aes(ymin = .data$lower, ymax = .data$upper)) +
    ggplot2::geom_point(ggplot2::aes(y = .data$y), colour = "grey40",
                        size = if (length(levels) > 20) 0.5 else 0.8) +
    ggplot2::geom_line(data = lines, ggplot2::aes(y = .data$median, colour = "model")) +
    ggplot2::geom_line(data = squares, ggplot2::aes(y = .data$y, colour = "least squares")) +
    ggplot2::scale_colour_manual(values = estimate_colours) +
    ggplot2::scale_x_continuous(n.breaks = 4) +
    ggplot2::facet_wrap(ggplot2::vars(.data$group),
                        labeller = ggplot2::as_labeller(shortened)) +
    ggplot2::labs(x = against, y = response_label(fit), colour = NULL) +
    ggplot2::theme_minimal() +
    ggplot2::theme(legend.position = "bottom",
                   strip.text = ggplot2::element_text(size = if (length(levels) > 20) 7 else 9))
}

# The rows of a fit: the columns that its groups have coefficients of, the response (less its
# offset), weights, and the label of each row's group.
group_rows <- function(fit, what) {
  rows <- design_rows(design_of(fit, what))
  labels <- group_levels(fit$design$by$group, fit$design$frame)
  both <- cbind(rows$X, rows$Z)
  columns <- both[, match(coef_columns(fit$posterior), colnames(both)), drop = FALSE]
  list(columns = columns, y = rows$y, group = labels$labels[labels$index],
       weights = if (is.null(rows$weights)) rep(1, length(rows$y)) else rows$weights)
}

rows_of <- function(rows, chosen) {
  list(columns = rows$columns[chosen, , drop = FALSE], y = rows$y[chosen],
       group = rows$group[chosen], weights = rows$weights[chosen])
}

rows_by_group <- function(rows, levels) {
  lapply(split(seq_along(rows$y), factor(rows$group, levels)), rows_of, rows = rows)
}

check_against <- function(against, rows) {
  names <- setdiff(colnames(rows$columns), "(Intercept)")
  if (!is.null(against)) return(check_choice(against, "against", names))
  many <- vapply(names, function(name) length(unique(rows$columns[, name])) > 2, NA)
  if (!any(many)) {
    abort('{.code type = "groups"} needs a column to draw lines against.',
          x = "The model has the columns {.val {colnames(rows$columns)}}.",
          i = 'See {.code plot(fit, "ranef")}.')
  }
  names[many][1]
}

response_label <- function(fit) {
  offset <- !is.null(stats::model.offset(fit$design$frame))
  paste0(fit$posterior$response, if (offset) " less its offset")
}

# Long names without their middle, so that a strip holds them.
shortened <- function(names, most = 18L) {
  long <- nchar(names) > most
  n <- nchar(names[long])
  names[long] <- paste0(substr(names[long], 1, 6), "\u2026",
                        substr(names[long], n - most + 8L, n))
  names
}

# A grid of one column over the range of all rows, the others at the means of a group's rows.
line_columns <- function(own, against, values) {
  columns <- matrix(colMeans(own$columns), length(values), ncol(own$columns), byrow = TRUE,
                    dimnames = list(NULL, colnames(own$columns)))
  columns[, against] <- values
  columns
}

# Median and 95% band of each group's line. shown: places among the levels.
group_lines <- function(fit, rows, against, shown) {
  grid <- seq(min(rows$columns[, against]), max(rows$columns[, against]), length.out = 25)
  levels <- shown_levels(fit)[shown]
  names <- names_by_group(fit)[, shown, drop = FALSE]
  draws <- as.matrix(fit, as.character(names))
  bind_tables(Map(function(own, level, j) {
    line <- draws[, names[, j], drop = FALSE] %*% t(line_columns(own, against, grid))
    band <- apply(line, 2, stats::quantile, c(0.025, 0.5, 0.975), names = FALSE)
    data.frame(x = grid, lower = band[1, ], median = band[2, ], upper = band[3, ],
               group = factor(level, levels))
  }, rows_by_group(rows, levels), levels, seq_along(levels)))
}

# Each group's own least-squares line, over its own values; none where its rows do not tell the
# coefficients of the columns that vary in it.
least_squares_lines <- function(rows, against, levels) {
  lines <- Map(function(own, level) {
    x <- range(own$columns[, against])
    coefficients <- own_least_squares(own)
    if (is.na(coefficients[against]) || x[1] == x[2]) return(NULL)
    coefficients[is.na(coefficients)] <- 0
    data.frame(x = x, y = drop(line_columns(own, against, x) %*% coefficients),
               group = factor(level, levels))
  }, rows_by_group(rows, levels), levels)
  none <- data.frame(x = numeric(), y = numeric(), group = factor(character(), levels))
  bind_tables(c(list(none), lines))
}

# Coefficients of a regression of a group's rows alone; NA for columns that depend on those
# before them, and all NA where there are fewer rows than columns that vary.
own_least_squares <- function(own) {
  if (nrow(own$columns) == 0) return(stats::setNames(rep(NA_real_, ncol(own$columns)),
                                                     colnames(own$columns)))
  stats::lm.wfit(own$columns, own$y, own$weights)$coefficients
}

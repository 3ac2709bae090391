# Group effects with their intervals.

most_effects <- 500L

# Beyond so many groups their names are not legible.
most_names <- 45L

plot_effects <- function(fit, groups, max_groups, columns, grouping = NULL) {
  check_grouped(fit, "plot")
  g <- plotted_grouping(fit$posterior, grouping, "ranef")
  name <- names_of_groupings(fit$posterior)[g]
  columns <- plotted_columns(fit, columns, g = g)
  shown <- plotted_groups(shown_levels(fit, g), name, groups, max_groups, most_effects, "ranef")
  draw_effects(effect_table(fit, columns, shown, g), name, "group effect")
}

# table: as of effect_table().
draw_effects <- function(table, group, label) {
  table <- rank_effects(table)
  many <- nlevels(table$group) > most_names
  columns <- unique(table$column)
  ggplot2::ggplot(table, ggplot2::aes(x = .data$median, y = .data$rank)) +
    ggplot2::geom_vline(xintercept = 0, colour = "grey70") +
    ggplot2::geom_linerange(ggplot2::aes(xmin = .data$q2.5, xmax = .data$q97.5),
                            linewidth = if (many) 0.2 else 0.4) +
    ggplot2::geom_linerange(ggplot2::aes(xmin = .data$q25, xmax = .data$q75),
                            colour = "#0072B2", linewidth = if (many) 0.4 else 1.2) +
    ggplot2::geom_point(size = if (many) 0.3 else 1.2) +
    ggplot2::facet_wrap(ggplot2::vars(.data$column), nrow = ceiling(length(columns) / 4),
                        scales = "free_x", labeller = shorten_to(24L)) +
    ggplot2::scale_x_continuous(n.breaks = 4) +
    ggplot2::labs(x = label, y = group) +
    plot_theme() +
    ggplot2::theme(panel.spacing.x = ggplot2::unit(1, "lines")) +
    group_scale(table$rank[table$column == columns[1]],
                table$group[table$column == columns[1]])
}

# An axis of groups at their ranks, with their names where these are legible.
group_scale <- function(rank, group) {
  n <- length(rank)
  blank <- ggplot2::element_blank()
  if (n > most_names) {
    return(list(
      ggplot2::scale_y_continuous(breaks = NULL, expand = ggplot2::expansion(add = 1)),
      ggplot2::theme(panel.grid.major.y = blank, panel.grid.minor.y = blank)
    ))
  }
  list(
    ggplot2::scale_y_continuous(breaks = rank, labels = shortened(as.character(group), 28L),
                                minor_breaks = NULL, expand = ggplot2::expansion(add = 0.6)),
    ggplot2::theme(axis.text.y = ggplot2::element_text(size = if (n > 24) 6 else 9),
                   panel.grid.major.y = ggplot2::element_line(colour = "grey95"))
  )
}

# Ranks by the median of the first column, or where groups have no names of each.
rank_effects <- function(table) {
  if (nlevels(table$group) > most_names) {
    table$rank <- stats::ave(table$median, table$column, FUN = function(median) {
      rank(median, ties.method = "first")
    })
    return(table)
  }
  first <- table[table$column == table$column[1], ]
  table$rank <- rank(first$median, ties.method = "first")[match(table$group, first$group)]
  table
}

interval_probabilities <- c(q2.5 = 0.025, q25 = 0.25, median = 0.5, q75 = 0.75, q97.5 = 0.975)

# A row for each column and group. Where there are moments for draws, the quantiles are those of a
# normal distribution.
effect_table <- function(fit, columns, shown, g = 1L) {
  quantiles <- if (has_moments(fit)) moment_quantiles(fit, columns, shown, g) else {
    draws <- as.matrix(fit, as.character(names_by_group(fit, FALSE, g)[columns, shown]))
    t(apply(draws, 2, stats::quantile, interval_probabilities, names = FALSE))
  }
  colnames(quantiles) <- names(interval_probabilities)
  levels <- shown_levels(fit, g)[shown]
  data.frame(column = factor(rep(columns, times = length(shown)), columns),
             group = factor(rep(levels, each = length(columns)), levels), quantiles,
             row.names = NULL)
}

moment_quantiles <- function(fit, columns, shown, g) {
  moments <- moments_of_grouping(fit, g)
  row <- match(columns, random_of(fit$posterior, g))
  place <- display_of(fit, g)[shown]
  mean <- as.numeric(moments$mean[row, place])
  variance <- vapply(row, function(k) moments$covariance[k, k, place], numeric(length(place)))
  sd <- sqrt(as.numeric(t(matrix(variance, length(place)))))
  outer(sd, stats::qnorm(interval_probabilities)) + mean
}

#' @rdname relm-group-estimates
#' @export
plot.ranef.relm <- function(x, y, grouping = NULL, ...) {
  refuse_dots(list(...), "plot")
  refuse_generic_argument(y, "plot")
  check_installed("ggplot2", "plot()")
  x <- one_of_estimates(x, grouping)
  table <- as.data.frame(x)
  levels <- rownames(x[[1]])
  shown <- levels[plotted_groups(levels, names(x), NULL, NULL, most_effects, "ranef")]
  table <- table[table$grp %in% shown, ]
  sd <- if (is.null(table$condsd)) NA_real_ else table$condsd
  half <- outer(sd, stats::qnorm(interval_probabilities))
  half[, "median"] <- 0
  quantiles <- table$condval + half
  colnames(quantiles) <- names(interval_probabilities)
  draw_effects(data.frame(column = droplevels(table$term), group = droplevels(table$grp),
                          quantiles),
               names(x), if (inherits(x, "coef.relm")) "coefficient" else "group effect")
}

#' @rdname relm-group-estimates
#' @export
plot.coef.relm <- function(x, y, grouping = NULL, ...) {
  x <- one_of_estimates(x, grouping)
  x[[1]] <- varying_columns(x[[1]])
  plot.ranef.relm(x, y, ...)
}

# Estimates of one grouping, the first where none is named.
one_of_estimates <- function(x, grouping) {
  if (is.null(grouping) && length(x) > 1) {
    inform("{.fn plot} shows the groups of {.val {names(x)[1]}}; {.arg grouping} chooses
            {.or {.val {names(x)[-1]}}}.")
  }
  chosen <- if (is.null(grouping)) names(x)[1] else check_choice(grouping, "grouping", names(x))
  structure(unclass(x)[chosen], class = class(x))
}

# Pictures of group effects and coefficients.

most_effects <- 500L

# Beyond so many groups their names are not legible.
most_names <- 60L

# Medians with intervals, groups in the order of the first effect.
plot_effects <- function(fit, groups) {
  shown <- plotted_groups(fit, groups, most_effects, "ranef")
  table <- effect_table(fit, shown)
  first <- table[table$effect == table$effect[1], ]
  table$group <- factor(table$group, first$group[order(first$median)])
  ggplot2::ggplot(table, ggplot2::aes(x = .data$median, y = .data$group)) +
    ggplot2::geom_vline(xintercept = 0, colour = "grey70") +
    ggplot2::geom_linerange(ggplot2::aes(xmin = .data$q2.5, xmax = .data$q97.5),
                            linewidth = if (length(shown) > most_names) 0.2 else 0.4) +
    ggplot2::geom_linerange(ggplot2::aes(xmin = .data$q25, xmax = .data$q75), colour = "#0072B2",
                            linewidth = if (length(shown) > most_names) 0.5 else 1.2) +
    ggplot2::geom_point(size = if (length(shown) > most_names) 0.3 else 1.2) +
    ggplot2::facet_wrap(ggplot2::vars(.data$effect), nrow = 1, scales = "free_x") +
    ggplot2::scale_x_continuous(n.breaks = 4) +
    ggplot2::labs(x = "group effect", y = fit$posterior$group) +
    ggplot2::theme_minimal() +
    group_axis(length(shown))
}

group_axis <- function(n) {
  if (n > most_names) {
    return(ggplot2::theme(axis.text.y = ggplot2::element_blank(),
                          panel.grid.major.y = ggplot2::element_blank()))
  }
  ggplot2::theme(axis.text.y = ggplot2::element_text(size = if (n > 30) 6 else 9),
                 panel.grid.major.y = ggplot2::element_line(colour = "grey95"))
}

interval_probabilities <- c(q2.5 = 0.025, q25 = 0.25, median = 0.5, q75 = 0.75, q97.5 = 0.975)

# A row for each effect and group. Where there are moments for draws, the quantiles are those of a
# normal distribution.
effect_table <- function(fit, shown) {
  columns <- fit$posterior$random$column
  quantiles <- if (has_moments(fit)) moment_quantiles(fit, shown) else {
    draws <- as.matrix(fit, as.character(names_by_group(fit, FALSE)[, shown]))
    t(apply(draws, 2, stats::quantile, interval_probabilities, names = FALSE))
  }
  colnames(quantiles) <- names(interval_probabilities)
  data.frame(effect = factor(rep(columns, times = length(shown)), columns),
             group = rep(shown_levels(fit)[shown], each = length(columns)), quantiles,
             row.names = NULL)
}

moment_quantiles <- function(fit, shown) {
  place <- fit$posterior$group_display[shown]
  moments <- fit$sampling$moments
  mean <- moments$mean[, place, drop = FALSE]
  sd <- sqrt(apply(moments$covariance[, , place, drop = FALSE], 3, diag))
  outer(as.numeric(mean), rep(1, 5)) + outer(as.numeric(sd), stats::qnorm(interval_probabilities))
}

# Least squares against the model ----------------------------------------------------------

plot_shrinkage <- function(fit, groups) {
  check_grouped(fit, "plot")
  columns <- utils::head(fit$posterior$random$column, 2)
  shown <- plotted_groups(fit, groups, most_effects, "shrinkage")
  table <- shrinkage_table(fit, columns, shown)
  if (length(columns) == 1) shrinkage_of_one(fit, table, columns)
  else shrinkage_of_two(fit, table, columns)
}

# For each group the coefficients of `columns`, least_squares_k and model_k, k = 1, 2. What
# columns that do not vary in a group add to its rows is first taken off them, as the model
# has it, so that the two intercepts mean the same.
shrinkage_table <- function(fit, columns, shown) {
  rows <- group_rows(fit, 'plot(type = "shrinkage")')
  levels <- shown_levels(fit)[shown]
  model <- coef(fit)[[1]][shown, , drop = FALSE]
  own <- Map(function(rows, level) {
    fixed_here <- constant_columns(rows$columns, fit$posterior$random$column)
    rows$y <- rows$y - drop(rows$columns[, fixed_here, drop = FALSE] %*%
                              as.numeric(model[level, fixed_here]))
    rows$columns <- rows$columns[, !colnames(rows$columns) %in% fixed_here, drop = FALSE]
    rows$columns <- rows$columns[, union(columns, colnames(rows$columns)), drop = FALSE]
    own_least_squares(rows)[columns]
  }, rows_by_group(rows_of(rows, rows$group %in% levels), levels), levels)
  own <- matrix(unlist(own), ncol = length(columns), byrow = TRUE)
  table <- data.frame(group = levels, own, as.matrix(model[, columns, drop = FALSE]),
                      row.names = NULL)
  k <- seq_along(columns)
  names(table) <- c("group", paste0("least_squares_", k), paste0("model_", k))
  table
}

# Columns without effects of their own that take one value in these rows.
constant_columns <- function(columns, random) {
  same <- vapply(colnames(columns), function(name) {
    length(unique(columns[, name])) < 2
  }, NA)
  setdiff(colnames(columns)[same], random)
}

shrinkage_arrow <- function() ggplot2::arrow(length = ggplot2::unit(0.07, "inches"))

shrinkage_of_two <- function(fit, table, columns) {
  known <- table[stats::complete.cases(table), ]
  ggplot2::ggplot(table, ggplot2::aes(x = .data$model_1, y = .data$model_2)) +
    ggplot2::geom_segment(data = known, colour = "grey60", linewidth = 0.3,
                          ggplot2::aes(x = .data$least_squares_1, y = .data$least_squares_2,
                                       xend = .data$model_1, yend = .data$model_2),
                          arrow = shrinkage_arrow()) +
    ggplot2::geom_point(data = known, ggplot2::aes(x = .data$least_squares_1,
                                                   y = .data$least_squares_2,
                                                   colour = "least squares"), size = 1) +
    ggplot2::geom_point(ggplot2::aes(colour = "model"), size = 1) +
    ggplot2::scale_colour_manual(values = estimate_colours) +
    ggplot2::labs(x = columns[1], y = columns[2], colour = NULL) +
    ggplot2::theme_minimal() +
    ggplot2::theme(legend.position = "bottom")
}

shrinkage_of_one <- function(fit, table, column) {
  known <- table[stats::complete.cases(table), ]
  table$group <- factor(table$group, table$group[order(table$model_1)])
  known$group <- factor(known$group, levels(table$group))
  ggplot2::ggplot(table, ggplot2::aes(x = .data$model_1, y = .data$group)) +
    ggplot2::geom_segment(data = known, colour = "grey60", linewidth = 0.3,
                          ggplot2::aes(x = .data$least_squares_1, xend = .data$model_1,
                                       yend = .data$group), arrow = shrinkage_arrow()) +
    ggplot2::geom_point(data = known, size = 1, ggplot2::aes(x = .data$least_squares_1,
                                                             colour = "least squares")) +
    ggplot2::geom_point(ggplot2::aes(colour = "model"), size = 1) +
    ggplot2::scale_colour_manual(values = estimate_colours) +
    ggplot2::labs(x = column, y = fit$posterior$group, colour = NULL) +
    ggplot2::theme_minimal() +
    group_axis(nrow(table)) +
    ggplot2::theme(legend.position = "bottom")
}

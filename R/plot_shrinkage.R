# Group coefficients by a group's rows alone, least squares or maximum likelihood, and by the model.

plot_shrinkage <- function(fit, groups, max_groups, columns, grouping = NULL) {
  check_grouped(fit, "plot")
  design_of(fit, 'plot(type = "shrinkage")')
  g <- plotted_grouping(fit$posterior, grouping, "shrinkage")
  name <- names_of_groupings(fit$posterior)[g]
  columns <- plotted_columns(fit, columns, most = 2, g = g)
  shown <- plotted_groups(shown_levels(fit, g), name, groups, max_groups, most_effects,
                          "shrinkage")
  table <- shrinkage_table(fit, columns, shown, g)
  if (length(columns) == 1) shrinkage_of_one(fit, table, columns, name)
  else shrinkage_of_two(fit, table, columns)
}

# For each group the coefficients of `columns`: own_k, of its rows alone (NA where these do not tell
# all of them), and model_k, k = 1, 2.
shrinkage_table <- function(fit, columns, shown, g = 1L) {
  k <- seq_along(columns)
  own <- own_coefficients(fit, columns, shown, g)
  own[rowSums(is.na(own)) > 0, ] <- NA
  table <- data.frame(shown_levels(fit, g)[shown], own,
                      model_coefficients(fit, columns, shown, g))
  names(table) <- c("group", paste0("own_", k), paste0("model_", k))
  table
}

# Estimates by a group's rows alone of the columns that vary by group, what the others and other
# groupings add to the linear predictor being as the model has it: groups x columns.
own_coefficients <- function(fit, columns, shown, g = 1L) {
  random <- random_of(fit$posterior, g)
  common <- setdiff(fit$posterior$fixed, random)
  b <- fixef(fit)[common]
  place <- panel_groups(fit, NULL, g)$place
  wanted <- diag(length(random))[match(columns, random), , drop = FALSE]
  estimates <- vapply(rows_by_group(fit, place, shown, g), function(own) {
    known <- drop(own$columns[, common, drop = FALSE] %*% b) + effects_beside(fit, own, g)
    own$offset <- own$offset + known
    own$columns <- own$columns[, random, drop = FALSE]
    own_values(own, wanted)
  }, numeric(length(columns)))
  matrix(estimates, ncol = length(columns), byrow = TRUE)
}

# What groupings other than g add to the linear predictor in a group's rows, by estimates of their
# effects.
effects_beside <- function(fit, own, g) {
  total <- numeric(length(own$y))
  for (h in setdiff(seq_along(groupings_of(fit$posterior)), g)) {
    group <- groups_of_rows(fit$design, fit$posterior, own$rows)[, h]
    groups <- sort(unique(group))
    Z <- Z_of_grouping(own$Z, groupings_of(fit$posterior)[[h]])
    total <- total + rowSums(Z * t(effect_medians(fit, groups, h))[match(group, groups), ])
  }
  total
}

# Columns x groups; means where there are moments for draws.
effect_medians <- function(fit, groups, g) {
  if (has_moments(fit)) return(moments_of_grouping(fit, g)$mean[, groups, drop = FALSE])
  drawn <- bind_last(effect_draws(fit, groups, g = g))
  values <- apply(drawn, c(1, 2), stats::median)
  matrix(values, nrow(drawn))
}

model_coefficients <- function(fit, columns, shown, g = 1L) {
  if (has_moments(fit)) return(as.matrix(coef(fit)[[g]][shown, columns, drop = FALSE]))
  draws <- as.matrix(fit, as.character(names_by_group(fit, g = g)[columns, shown]))
  matrix(apply(draws, 2, stats::median), ncol = length(columns), byrow = TRUE)
}

# The coefficients that groups deviate from, 0 for columns of group effects alone.
population_coefficients <- function(fit, columns) {
  b <- fixef(fit)[columns]
  b[is.na(b)] <- 0
  unname(b)
}

# What an axis shows: the coefficient of a column, not the column.
coefficient_label <- function(fit, column) {
  if (column == "(Intercept)") return("intercept")
  kind <- if (is.numeric(fit$design$frame[[column]])) "slope of" else "coefficient of"
  paste(kind, column)
}

# Two coefficients -------------------------------------------------------------------------

# Beyond so many groups their names would hide the arrows.
most_labels <- 30L

shrinkage_of_two <- function(fit, table, columns) {
  population <- population_coefficients(fit, columns)
  center <- data.frame(model_1 = population[1], model_2 = population[2])
  known <- table[stats::complete.cases(table), ]
  many <- nrow(table) > most_names
  size <- if (many) 0.7 else 1.3
  ggplot2::ggplot(table, ggplot2::aes(x = .data$model_1, y = .data$model_2)) +
    shrinkage_arrows(known, many) +
    ggplot2::geom_point(data = known, size = size,
                        ggplot2::aes(x = .data$own_1, y = .data$own_2,
                                     colour = own_estimate(fit))) +
    ggplot2::geom_point(ggplot2::aes(colour = "model"), size = size) +
    ggplot2::geom_point(data = center, ggplot2::aes(colour = "population"), shape = 18, size = 4) +
    shrinkage_labels(table) +
    # Room for names at the edges.
    ggplot2::scale_x_continuous(expand = ggplot2::expansion(mult = 0.08)) +
    shrinkage_window(fit, table, known, columns) +
    estimate_legend(own_estimate(fit)) +
    ggplot2::labs(x = coefficient_label(fit, columns[1]), y = coefficient_label(fit, columns[2]),
                  colour = NULL) +
    plot_theme()
}

shrinkage_arrows <- function(known, many) {
  length <- ggplot2::unit(if (many) 0.04 else 0.07, "inches")
  ggplot2::geom_segment(data = known, linewidth = if (many) 0.2 else 0.3,
                        colour = if (many) "grey75" else "grey55",
                        ggplot2::aes(x = .data$own_1, y = .data$own_2,
                                     xend = .data$model_1, yend = .data$model_2),
                        arrow = ggplot2::arrow(length = length))
}

# Names at the starts of the arrows, on the other side; those that would lie on others are left out.
shrinkage_labels <- function(table) {
  if (nrow(table) > most_labels) return(NULL)
  table$x <- ifelse(is.na(table$own_1), table$model_1, table$own_1)
  table$y <- ifelse(is.na(table$own_2), table$model_2, table$own_2)
  table$label <- shortened(table$group, 16L)
  table$side <- ifelse(table$model_2 > table$y, 1.7, -0.7)
  ggplot2::geom_text(data = table, size = 2.6, colour = "grey30", check_overlap = TRUE,
                     ggplot2::aes(x = .data$x, y = .data$y, label = .data$label,
                                  vjust = .data$side))
}

estimate_legend <- function(own) {
  colours <- estimate_colours(own)
  list(ggplot2::scale_colour_manual(values = colours, limits = names(colours)),
       ggplot2::guides(colour = ggplot2::guide_legend(
         override.aes = list(shape = c(16, 16, 18), size = c(1.5, 1.5, 3)))))
}

# A group of few rows may have estimates of its own so far off that all else would be a dot: the
# axes leave out what lies beyond three times the distance between quartiles, and a message says
# so.
shrinkage_window <- function(fit, table, known, columns) {
  k <- seq_along(columns)
  own <- as.matrix(known[paste0("own_", k)])
  model <- as.matrix(table[paste0("model_", k)])
  if (nrow(own) == 0) return(NULL)
  inside <- rep(TRUE, nrow(own))
  for (x in as.data.frame(own)) {
    limits <- inner_range(x, 3)
    inside <- inside & x >= limits[1] & x <= limits[2]
  }
  if (all(inside)) return(NULL)
  inform("The {own_estimate(fit)} of {sum(!inside)} group{?s} lie beyond the axes, far from all
          others; {.code + ggplot2::coord_cartesian()} shows them.")
  limits <- apply(rbind(own[inside, , drop = FALSE], model), 2, range)
  ggplot2::coord_cartesian(xlim = limits[, 1], ylim = if (length(k) > 1) limits[, 2],
                           default = TRUE)
}

# One coefficient --------------------------------------------------------------------------

shrinkage_of_one <- function(fit, table, column, name) {
  table$rank <- rank(table$model_1, ties.method = "first")
  table$own_2 <- table$model_2 <- table$rank
  known <- table[stats::complete.cases(table), ]
  many <- nrow(table) > most_names
  size <- if (many) 0.5 else 1.3
  colours <- estimate_colours(own_estimate(fit))
  ggplot2::ggplot(table, ggplot2::aes(x = .data$model_1, y = .data$rank)) +
    ggplot2::geom_vline(ggplot2::aes(xintercept = .data$at, colour = "population"),
                        data = data.frame(at = population_coefficients(fit, column))) +
    shrinkage_arrows(known, many) +
    ggplot2::geom_point(data = known, size = size,
                        ggplot2::aes(x = .data$own_1, colour = own_estimate(fit))) +
    ggplot2::geom_point(ggplot2::aes(colour = "model"), size = size) +
    shrinkage_window(fit, table, known, column) +
    ggplot2::scale_colour_manual(values = colours, limits = names(colours)) +
    ggplot2::labs(x = coefficient_label(fit, column), y = name, colour = NULL) +
    plot_theme() +
    group_scale(table$rank, table$group)
}

#' Plot a fit
#'
#' @param x A fit.
#' @param type `"trace"`: the trace and the density of each variable, a color for each chain.
#'   `"groups"`: a panel for each group with its points, its own least-squares line in blue and
#'   the line of the model in black, the median with a 95% band; for models with an intercept
#'   and one more column.
#' @param variable,regex Which variables `"trace"` shows, as in [as_draws()][as_draws.relm]; the
#'   first twelve hyperparameters unless given.
#' @param ... Not used.
#' @return A ggplot object.
#' @examplesIf requireNamespace("ggplot2", quietly = TRUE)
#' bass$x <- log(bass$length) - ave(log(bass$length), bass$station)
#' fit <- relm(log(mercury) ~ x + (1 + x || station), bass,
#'             chains = 2, draws = 200, seed = 1)
#' plot(fit)
#' plot(fit, "groups")
#' @export
plot.relm <- function(x, type = "trace", variable = NULL, regex = FALSE, ...) {
  check_choice(type, "type", c("trace", "groups"))
  check_installed("ggplot2", "plot()")
  if (type == "groups") plot_groups(x) else plot_traces(x, variable, regex)
}

# Traces beside densities that share the traces' axis of values.
plot_traces <- function(fit, variable, regex) {
  chosen <- if (is.null(variable)) utils::head(hyper_variables(fit), 12)
    else choose_variables(fit, variable, regex)
  draws <- draws_array(fit, chosen)
  panels <- c("iteration", "density")
  long <- function(table, panel) {
    table$variable <- factor(table$variable, chosen)
    table$panel <- factor(rep(panel, nrow(table)), panels)
    table
  }
  ggplot2::ggplot(mapping = ggplot2::aes(x = .data$x, y = .data$value,
                                         colour = factor(.data$chain))) +
    ggplot2::geom_line(data = long(trace_table(draws, chosen), "iteration"),
                       linewidth = 0.2, alpha = 0.6) +
    ggplot2::geom_path(data = long(density_table(draws, chosen), "density")) +
    ggplot2::facet_grid(ggplot2::vars(.data$variable), ggplot2::vars(.data$panel),
                        scales = "free", switch = "x") +
    ggplot2::scale_x_continuous(labels = iteration_labels) +
    ggplot2::scale_y_continuous(n.breaks = 4) +
    chain_colours(ncol(draws)) +
    ggplot2::labs(x = NULL, y = NULL, colour = "chain") +
    ggplot2::theme_minimal() +
    ggplot2::theme(strip.text.y = ggplot2::element_text(angle = 0, hjust = 0),
                   strip.placement = "outside", panel.spacing.x = ggplot2::unit(1, "lines"),
                   legend.position = if (ncol(draws) > 1) "bottom" else "none")
}

# Heights of densities, which reach 1, mean nothing beside each other.
iteration_labels <- function(breaks) {
  if (max(breaks, na.rm = TRUE) <= 1) rep("", length(breaks)) else format(breaks, trim = TRUE)
}

# Okabe and Ito's colours for up to eight chains.
chain_colours <- function(n_chains) {
  if (n_chains > 8) return(ggplot2::scale_colour_viridis_d())
  ggplot2::scale_colour_manual(values = c("#0072B2", "#E69F00", "#009E73", "#CC79A7",
                                          "#56B4E9", "#D55E00", "#F0E442", "#000000"))
}

trace_table <- function(draws, chosen) {
  data.frame(x = rep(seq_len(nrow(draws)), times = ncol(draws) * length(chosen)),
             value = as.numeric(draws),
             chain = rep(rep(seq_len(ncol(draws)), each = nrow(draws)), length(chosen)),
             variable = rep(chosen, each = nrow(draws) * ncol(draws)))
}

# Densities with a height of one, so that variables of any scale share an axis.
density_table <- function(draws, chosen) {
  one <- function(chain, name) {
    values <- draws[, chain, name]
    if (length(unique(values)) < 2) return(NULL)
    density <- reflected_density(values, bounds_of(name))
    data.frame(x = density$y, value = density$x, chain = chain, variable = name)
  }
  none <- data.frame(x = numeric(), value = numeric(), chain = integer(),
                     variable = character())
  table <- do.call(rbind, c(list(none), Map(one, rep(seq_len(ncol(draws)), length(chosen)),
                                            rep(chosen, each = ncol(draws)))))
  table$x <- table$x / stats::ave(table$x, table$variable, FUN = max)
  table
}

bounds_of <- function(name) {
  if (grepl("^(sd_|sigma)", name)) return(c(0, Inf))
  if (startsWith(name, "cor_")) c(-1, 1) else c(-Inf, Inf)
}

# A kernel density whose mass beyond a bound is folded back.
reflected_density <- function(values, bounds) {
  bandwidth <- stats::bw.nrd0(values)
  from <- max(bounds[1], min(values) - 3 * bandwidth)
  to <- min(bounds[2], max(values) + 3 * bandwidth)
  mirrored <- lapply(bounds[is.finite(bounds)], function(bound) 2 * bound - values)
  stats::density(c(values, unlist(mirrored)), bw = bandwidth, n = 200, from = from, to = to)
}

plot_groups <- function(fit) {
  check_grouped(fit, "plot")
  rows <- design_rows(design_of(fit, 'plot(type = "groups")'))
  fixed <- fit$posterior$fixed
  columns <- coef_columns(fit$posterior)
  if (length(columns) != 2 || fixed[1] != "(Intercept)") {
    abort('{.code type = "groups"} draws an intercept and one more column.',
          x = "The model has the columns {.val {columns}}.")
  }
  labels <- group_levels(fit$design$by$group, fit$design$frame)
  levels <- fit$posterior$groups[fit$posterior$group_display]
  points <- data.frame(x = rows$X[, columns[2]], y = rows$y,
                       weight = if (is.null(rows$weights)) 1 else rows$weights,
                       group = factor(labels$labels[labels$index], levels))
  lines <- group_lines(fit, points)
  ggplot2::ggplot(points, ggplot2::aes(x = .data$x)) +
    ggplot2::geom_ribbon(data = lines, fill = "grey88",
                         ggplot2::aes(ymin = .data$lower, ymax = .data$upper)) +
    ggplot2::geom_point(ggplot2::aes(y = .data$y), size = 0.8, colour = "grey40") +
    ggplot2::geom_line(data = lines, ggplot2::aes(y = .data$median, colour = "model")) +
    ggplot2::geom_line(data = least_squares_lines(points),
                       ggplot2::aes(y = .data$y, colour = "least squares")) +
    ggplot2::scale_colour_manual(values = c("least squares" = "#0072B2", model = "black")) +
    ggplot2::facet_wrap(ggplot2::vars(.data$group)) +
    ggplot2::labs(x = columns[2], y = response_label(fit), colour = NULL) +
    ggplot2::theme_minimal() +
    ggplot2::theme(legend.position = "bottom")
}

response_label <- function(fit) {
  offset <- !is.null(stats::model.offset(fit$design$frame))
  paste0(fit$posterior$response, if (offset) " less its offset")
}

# Median and 95% band of each group's line over the range of all x.
group_lines <- function(fit, points) {
  grid <- seq(min(points$x), max(points$x), length.out = 25)
  levels <- levels(points$group)
  names <- matrix(coef_variables(fit), ncol = length(levels))
  do.call(rbind, lapply(seq_along(levels), function(j) {
    line <- as.matrix(fit, names[, j]) %*% rbind(1, grid)
    band <- apply(line, 2, stats::quantile, c(0.025, 0.5, 0.975), names = FALSE)
    data.frame(x = grid, lower = band[1, ], median = band[2, ], upper = band[3, ],
               group = factor(levels[j], levels))
  }))
}

# Each group's own least-squares line, over its own x; none where x does not vary.
least_squares_lines <- function(points) {
  do.call(rbind, lapply(split(points, points$group), function(own) {
    if (length(unique(own$x)) < 2) return(NULL)
    line <- stats::lm.wfit(cbind(1, own$x), own$y, own$weight)$coefficients
    x <- range(own$x)
    data.frame(x = x, y = line[1] + line[2] * x, group = own$group[1:2])
  }))
}

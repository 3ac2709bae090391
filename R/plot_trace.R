# Traces and densities of draws.

# Traces beside densities that share the traces' axis of values.
plot_traces <- function(fit, variable, regex) {
  chosen <- plotted_variables(fit, variable, regex)
  draws <- draws_array(fit, chosen)
  panels <- c("iteration", "density")
  long <- function(tables, panel) {
    table <- bind_tables(tables)
    table$variable <- factor(table$variable, chosen)
    table$panel <- factor(rep(panel, nrow(table)), panels)
    table
  }
  within <- within_axes(draws)
  traces <- long(by_chain(within, trace_table), "iteration")
  densities <- long(by_chain(draws, function(values, name) {
    density_table(values, name, range(within[, , name]))
  }), "density")
  heights <- stats::ave(densities$x, as.character(densities$variable), FUN = max)
  densities$x <- densities$x / heights
  ggplot2::ggplot(mapping = ggplot2::aes(x = .data$x, y = .data$value,
                                         colour = factor(.data$chain))) +
    ggplot2::geom_line(data = traces, linewidth = 0.2, alpha = 0.6) +
    ggplot2::geom_path(data = densities) +
    ggplot2::facet_grid(ggplot2::vars(.data$variable), ggplot2::vars(.data$panel),
                        scales = "free", switch = "x",
                        labeller = ggplot2::labeller(variable = shorten_to(26L))) +
    ggplot2::scale_x_continuous(labels = iteration_labels) +
    ggplot2::scale_y_continuous(n.breaks = if (length(chosen) > 6) 3 else 4) +
    line_colours(ncol(draws)) + chain_guide(ncol(draws)) +
    ggplot2::labs(x = NULL, y = NULL, colour = "chain") +
    plot_theme() +
    ggplot2::theme(strip.text.y = ggplot2::element_text(angle = 0, hjust = 0),
                   axis.text.y = ggplot2::element_text(size = if (length(chosen) > 6) 7 else 9),
                   strip.placement = "outside", panel.spacing.x = ggplot2::unit(1, "lines"))
}

# Heights of densities, which reach 1, mean nothing beside each other.
iteration_labels <- function(breaks) {
  if (max(breaks, na.rm = TRUE) <= 1) rep("", length(breaks)) else format(breaks, trim = TRUE)
}

# Draws of a posterior with a heavy tail lie so far apart that all others would be one line. Those
# farther from the quartiles than ten times the distance between them are drawn at the edge.
within_axes <- function(draws) {
  beyond <- character()
  for (name in dimnames(draws)[[3]]) {
    limits <- inner_range(draws[, , name], 10)
    inside <- pmin(pmax(draws[, , name], limits[1]), limits[2])
    if (any(inside != draws[, , name])) beyond <- c(beyond, name)
    draws[, , name] <- inside
  }
  if (length(beyond)) {
    inform("Draws of {.val {beyond}} reach far beyond the axes, and are drawn at their edge.")
  }
  draws
}

# What `make(values, name)` gives, a table for each chain and variable, with these beside it.
by_chain <- function(draws, make) {
  places <- expand.grid(chain = seq_len(ncol(draws)), name = dimnames(draws)[[3]],
                        stringsAsFactors = FALSE)
  Map(function(chain, name) {
    table <- make(draws[, chain, name], name)
    cbind(table, chain = rep(chain, nrow(table)), variable = rep(name, nrow(table)))
  }, places$chain, places$name)
}

# Points of a line that looks like that through all draws.
most_trace_points <- 2000L

trace_table <- function(values, name) {
  kept <- outline_of(values, most_trace_points)
  data.frame(x = kept, value = values[kept])
}

# All places, or of many those of the lowest and the highest value in each of equal stretches.
outline_of <- function(values, most) {
  n <- length(values)
  if (n <= most) return(seq_len(n))
  stretch <- ceiling(seq_len(n) * (most %/% 2L) / n)
  rising <- order(stretch, values)
  lowest <- rising[!duplicated(stretch[rising])]
  highest <- rising[!duplicated(stretch[rising], fromLast = TRUE)]
  sort(unique(c(lowest, highest)))
}

# The density along x, over these limits; of draws that stand still there is none.
density_table <- function(values, name, limits) {
  if (length(unique(values)) < 2) return(data.frame(x = numeric(), value = numeric()))
  density <- reflected_density(values, bounds_of(name), limits)
  data.frame(x = density$y, value = density$x)
}

bounds_of <- function(name) {
  if (grepl("^(sd_|sigma)", name)) return(c(0, Inf))
  if (startsWith(name, "cor_")) c(-1, 1) else c(-Inf, Inf)
}

# A kernel density whose mass beyond a bound is folded back.
reflected_density <- function(values, bounds, limits) {
  bandwidth <- stats::bw.nrd0(values)
  from <- max(bounds[1], limits[1] - 3 * bandwidth)
  to <- min(bounds[2], limits[2] + 3 * bandwidth)
  mirrored <- lapply(bounds[is.finite(bounds)], function(bound) 2 * bound - values)
  stats::density(c(values, unlist(mirrored)), bw = bandwidth, n = 200, from = from, to = to)
}

# Fits of one model side by side: how well their samplers mix.

# A row of panels for each variable: the trace of each fit, and in two more panels the densities
# and the autocorrelations of all.
plot_comparison <- function(fit, with, variable, regex, lags) {
  fits <- fits_to_compare(fit, with)
  chosen <- plotted_variables(fit, variable, regex, most = 6)
  check_variables_of(fits[-1], chosen)
  table <- comparison_table(fits, chosen, lags)
  trace <- table$panel %in% names(fits)
  ggplot2::ggplot(table, ggplot2::aes(x = .data$x, y = .data$y, colour = .data$fit)) +
    ggplot2::geom_line(data = table[trace, ], linewidth = 0.2) +
    ggplot2::geom_line(data = table[!trace, ]) +
    ggplot2::geom_blank(data = panel_corners(table)) +
    ggplot2::facet_wrap(ggplot2::vars(.data$variable, .data$panel), scales = "free",
                        ncol = length(fits) + 2L, labeller = titles_of_rows) +
    ggplot2::scale_x_continuous(n.breaks = 3) +
    ggplot2::scale_y_continuous(n.breaks = 4) +
    line_colours(length(fits)) +
    ggplot2::labs(x = "iteration / value / lag", y = NULL, colour = NULL) +
    plot_theme() +
    ggplot2::theme(axis.text = ggplot2::element_text(size = 7),
                   plot.margin = ggplot2::margin(5, 15, 5, 5),
                   strip.text = ggplot2::element_text(size = 8, hjust = 0, vjust = 0,
                                                      lineheight = 0.9,
                                                      margin = ggplot2::margin(1, 0, 2, 0)))
}

# A list of two fits at least, each with a name of its own.
fits_to_compare <- function(fit, with) {
  if (inherits(with, "relm")) with <- list(with)
  if (!is.list(with) || !length(with) || !all(vapply(with, inherits, NA, "relm"))) {
    abort("{.arg with} must be a fit of {.fn relm} or a list of them.",
          x = "It is {describe(with)}.",
          i = 'Write {.code plot(fit, "compare", with = update(fit, sampler = "centered"))}.')
  }
  fits <- c(list(fit), unname(with))
  names <- c("", if (is.null(names(with))) rep("", length(with)) else names(with))
  samplers <- vapply(fits, function(fit) fit$sampling$sampler_run, "")
  names(fits) <- make.unique(ifelse(names == "", samplers, names), sep = " ")
  fits
}

check_variables_of <- function(fits, chosen) {
  for (fit in fits) {
    missing <- setdiff(chosen, c(hyper_variables(fit), effect_variables(fit),
                                 coef_variables(fit)))
    if (length(missing)) {
      abort("{.arg with} has no {.val {missing}}, which {.arg x} has.",
            i = "Fits are compared by the variables of one model; {.arg variable} chooses.")
    }
  }
}

# What the panels show of the first chain of each fit, a row each point.
comparison_table <- function(fits, chosen, lags) {
  panels <- c(names(fits), "density", "autocorrelation")
  table <- bind_tables(Map(function(fit, name) {
    draws <- draws_array(fit, chosen)[, 1, , drop = FALSE]
    within <- within_axes(draws)
    bind_tables(by_chain(draws, function(values, variable) {
      trace <- trace_table(within[, 1, variable], variable)
      density <- density_table(values, variable, range(within[, 1, variable]))
      acf <- acf_table(values, lags)
      data.frame(x = c(trace$x, density$value, acf$lag), y = c(trace$value, density$x, acf$acf),
                 panel = rep(c(name, panels[length(fits) + 1:2]),
                             c(nrow(trace), nrow(density), nrow(acf))), fit = name)
    }))
  }, fits, names(fits)))
  table$variable <- factor(table$variable, chosen)
  table$panel <- factor(table$panel, panels)
  table$fit <- factor(table$fit, names(fits))
  table
}

# Two points for each trace and autocorrelation, which give all traces of a variable one range of
# values, and all autocorrelations one that has 0 and 1.
panel_corners <- function(table) {
  own <- table[table$panel != "density", ]
  acf <- own$panel == "autocorrelation"
  kind <- interaction(own$variable, acf)
  own$low <- stats::ave(ifelse(acf, pmin(own$y, 0), own$y), kind, FUN = min)
  own$high <- stats::ave(ifelse(acf, 1, own$y), kind, FUN = max)
  first <- own[!duplicated(own[c("variable", "panel")]), ]
  rbind(transform(first, y = first$low), transform(first, y = first$high))
}

# The first panel of each row says which variable it is, the first row which panel.
titles_of_rows <- function(labels) {
  first <- !duplicated(labels$variable)
  row <- ifelse(first, as.character(labels$variable), "")
  top <- labels$variable == labels$variable[1]
  panels <- as.character(labels$panel[top])
  row[top] <- paste0(row[top], "\n", shortened(panels, 100L %/% length(panels)))
  list(row)
}

# Densities of hypotheses: of the posterior, and of the prior where that was drawn from.

#' @rdname hypothesis
#' @param y Not used; the generic has it.
#' @param ignore_prior Leave the densities of priors out?
#' @export
plot.relm_hypothesis <- function(x, y, ignore_prior = FALSE, ...) {
  refuse_dots(list(...), "plot")
  refuse_generic_argument(y, "plot")
  check_flag(ignore_prior, "ignore_prior")
  check_installed("ggplot2", "plot()")
  shown <- plotted_rows(nrow(x$hypothesis))
  titles <- titles_of_hypotheses(x$hypothesis)
  table <- bind_tables(lapply(shown, densities_of_row, x = x, with_prior = !ignore_prior))
  table$title <- factor(titles[table$row], unique(titles[shown]))
  ggplot2::ggplot(table, ggplot2::aes(x = .data$x, y = .data$density, colour = .data$of)) +
    ggplot2::geom_vline(xintercept = 0, colour = "grey60") +
    ggplot2::geom_line() +
    ggplot2::facet_wrap(ggplot2::vars(.data$title), scales = "free",
                        labeller = shorten_to(panel_text(length(shown))$most)) +
    ggplot2::scale_colour_manual(values = c(posterior = "black", prior = "#0072B2"),
                                 guide = if ("prior" %in% table$of) "legend" else "none") +
    ggplot2::scale_x_continuous(n.breaks = if (length(shown) > 9) 3 else 5) +
    ggplot2::scale_y_continuous(n.breaks = 4) +
    ggplot2::labs(x = "difference", y = "density", colour = NULL) +
    plot_theme()
}

plotted_rows <- function(n) {
  if (n > most_panels) {
    inform("{.fn plot} shows {most_panels} of {n} hypotheses, spread evenly over them.")
  }
  spread_over(seq_len(n), most_panels)
}

titles_of_hypotheses <- function(table) {
  titles <- table$Hypothesis
  if (!is.null(table$Group)) titles <- paste0(table$Group, ": ", titles)
  make.unique(titles, sep = " ")
}

# Where the posterior is, or reaches to 0, the prior with it: elsewhere it is as good as flat.
densities_of_row <- function(k, x, with_prior) {
  limits <- range(inner_range(x$samples[[k]], 10), 0)
  draws <- list(posterior = x$samples[[k]],
                prior = if (with_prior && !anyNA(x$prior_samples[[k]])) x$prior_samples[[k]])
  bind_tables(lapply(names(draws)[lengths(draws) > 0], function(of) {
    if (length(unique(draws[[of]])) < 2) return(NULL)
    edges <- edges_near(draws[[of]], of, limits)
    line <- reflected_density(draws[[of]], edges, limits)
    # The mirrored draws are counted among the others.
    data.frame(x = line$x, density = line$y * (1 + sum(is.finite(edges))), of = of, row = k)
  }))
}

# Edges of the prior's support that the picture reaches to.
edges_near <- function(draws, of, limits) {
  if (of != "prior") return(c(-Inf, Inf))
  reach <- limits + c(-4, 4) * stats::bw.nrd0(draws)
  ends <- range(draws)
  ifelse(ends > reach[1] & ends < reach[2], ends, c(-Inf, Inf))
}

# The distribution function of ranks less that of uniform ones.

#' @rdname sbc
#' @export
plot.relm_sbc <- function(x, y, variable = NULL, prob = 0.95, ...) {
  refuse_dots(list(...), "plot")
  refuse_generic_argument(y, "plot")
  check_probability(prob, "prob")
  check_installed("ggplot2", "plot()")
  if (is.null(attr(x, "draws"))) {
    abort("A part of the ranks does not know of how many draws they are.",
          i = "Plot the result of {.fn sbc} as it is; {.arg variable} chooses columns.")
  }
  shown <- plotted_ranks(x, variable)
  draws <- attr(x, "draws")
  bands <- simultaneous_bands(prob, nrow(x), draws)
  table <- bind_tables(lapply(shown, function(name) data.frame(
    rank_lines(x[[name]], draws), variable = factor(name, shown)
  )))
  ggplot2::ggplot(table, ggplot2::aes(x = .data$rank, y = .data$difference)) +
    ggplot2::geom_ribbon(ggplot2::aes(y = NULL, ymin = .data$low, ymax = .data$high),
                         data = band_table(bands, nrow(x), draws), fill = "#0072B2", alpha = 0.25) +
    ggplot2::geom_hline(yintercept = 0, colour = "grey60") +
    ggplot2::geom_step() +
    ggplot2::facet_wrap(ggplot2::vars(.data$variable),
                        labeller = shorten_to(panel_text(length(shown))$most)) +
    ggplot2::scale_x_continuous(breaks = c(0, 0.5, 1), labels = c("0", "0.5", "1")) +
    ggplot2::labs(x = "rank / number of ranks", y = "distribution function less rank") +
    plot_theme()
}

plotted_ranks <- function(x, variable) {
  if (is.null(variable)) {
    if (length(x) > most_panels) {
      inform("{.fn plot} shows {most_panels} of {length(x)} variables; {.arg variable} chooses
              others.")
    }
    return(utils::head(names(x), most_panels))
  }
  unknown <- setdiff(variable, names(x))
  if (!is.character(variable) || length(unknown)) {
    abort("{.arg variable} must be names of variables that have ranks.",
          x = "{.val {unknown}} has none.",
          i = "Those that have are {.val {utils::head(names(x), 5)}}.")
  }
  variable
}

# At every rank, from 0 to 1.
rank_lines <- function(ranks, draws) {
  k <- 0:(draws + 1)
  z <- k / (draws + 1)
  data.frame(rank = z, difference = counts_below(ranks, k) / length(ranks) - z)
}

band_table <- function(bands, n, draws) {
  z <- bands$points / (draws + 1)
  data.frame(rank = c(0, z, 1), difference = 0, low = c(0, bands$low / n - z, 0),
             high = c(0, bands$high / n - z, 0))
}

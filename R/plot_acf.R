# Autocorrelations of draws.

plot_acf <- function(fit, variable, regex, lags) {
  chosen <- plotted_variables(fit, variable, regex)
  draws <- draws_array(fit, chosen)
  heavy <- chosen[tails_of(fit, chosen) <= 5]
  draws[, , heavy] <- apply(draws[, , heavy, drop = FALSE], 3, normal_scores)
  table <- bind_tables(by_chain(draws, function(values, name) acf_table(values, lags)))
  table$variable <- factor(table$variable, chosen)
  text <- panel_text(length(chosen))
  ggplot2::ggplot(table, ggplot2::aes(x = .data$lag, y = .data$acf,
                                      colour = factor(.data$chain))) +
    ggplot2::geom_hline(yintercept = 0, colour = "grey70") +
    ggplot2::geom_line() +
    ggplot2::facet_wrap(ggplot2::vars(.data$variable), drop = FALSE,
                        labeller = shorten_to(text$most)) +
    line_colours(ncol(draws)) + chain_guide(ncol(draws)) +
    ggplot2::labs(x = "lag", y = "autocorrelation", colour = "chain") +
    plot_theme() +
    ggplot2::theme(strip.text = ggplot2::element_text(size = text$size))
}

# Of draws whose variance does not exist, or has no standard error, an autocorrelation tells of
# the farthest draw. So these have their normal scores in their place, ranked over all chains:
# qnorm((rank - 3/8) / (S + 1/4)) of S draws (Vehtari and others 2021, equation 14).
normal_scores <- function(draws) {
  stats::qnorm((rank(draws) - 3 / 8) / (length(draws) + 1 / 4))
}

# One chain's autocorrelations; of draws that stand still there are none.
acf_table <- function(values, lags) {
  lags <- min(lags, length(values) - 1L)
  if (lags < 1 || length(unique(values)) < 2) {
    return(data.frame(lag = integer(), acf = numeric()))
  }
  data.frame(lag = 0:lags, acf = drop(stats::acf(values, lags, plot = FALSE)$acf))
}

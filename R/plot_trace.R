# Traces, densities and autocorrelations of draws.

# Traces beside densities that share the traces' axis of values.
plot_traces <- function(fit, variable, regex) {
  chosen <- plotted_variables(fit, variable, regex)
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

chain_colours <- function(n_chains) {
  if (n_chains > length(okabe_ito)) return(ggplot2::scale_colour_viridis_d())
  ggplot2::scale_colour_manual(values = okabe_ito)
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

# Autocorrelations --------------------------------------------------------------------------

acf_lags <- 40L

# One chain's autocorrelations; of draws that stand still there are none.
acf_table <- function(draws, lags = acf_lags) {
  lags <- min(lags, length(draws) - 1L)
  if (lags < 1 || length(unique(draws)) < 2) {
    return(data.frame(lag = integer(), acf = numeric()))
  }
  data.frame(lag = 0:lags, acf = drop(stats::acf(draws, lags, plot = FALSE)$acf))
}

bind_tables <- function(tables) do.call(rbind, tables)

plot_acf <- function(fit, variable, regex) {
  chosen <- plotted_variables(fit, variable, regex)
  draws <- draws_array(fit, chosen)
  places <- expand.grid(chain = seq_len(ncol(draws)), name = chosen, stringsAsFactors = FALSE)
  table <- bind_tables(Map(function(chain, name) {
    own <- acf_table(draws[, chain, name])
    cbind(own, chain = rep(chain, nrow(own)), variable = rep(name, nrow(own)))
  }, places$chain, places$name))
  table$variable <- factor(table$variable, chosen)
  ggplot2::ggplot(table, ggplot2::aes(x = .data$lag, y = .data$acf,
                                      colour = factor(.data$chain))) +
    ggplot2::geom_hline(yintercept = 0, colour = "grey70") +
    ggplot2::geom_line() +
    ggplot2::facet_wrap(ggplot2::vars(.data$variable)) +
    chain_colours(ncol(draws)) +
    ggplot2::labs(x = "lag", y = "autocorrelation", colour = "chain") +
    ggplot2::theme_minimal() +
    ggplot2::theme(legend.position = if (ncol(draws) > 1) "bottom" else "none")
}

# Fits side by side -------------------------------------------------------------------------

plot_comparison <- function(fit, with, variable, regex) {
  fits <- fits_to_compare(fit, with)
  chosen <- plotted_variables(fit, variable, regex)
  for (other in fits[-1]) {
    missing <- setdiff(chosen, c(hyper_variables(other), effect_variables(other),
                                 coef_variables(other)))
    if (length(missing)) {
      abort("{.arg with} has no {.val {missing}}, which {.arg x} has.",
            i = "Fits are compared by the variables of one model.")
    }
  }
  tables <- Map(comparison_table, fits, names(fits), MoreArgs = list(chosen = chosen))
  table <- bind_tables(tables)
  table$variable <- factor(table$variable, chosen)
  table$panel <- factor(table$panel, c(names(fits), "autocorrelation"))
  table$fit <- factor(table$fit, names(fits))
  ggplot2::ggplot(table, ggplot2::aes(x = .data$x, y = .data$y, colour = .data$fit)) +
    ggplot2::geom_line(data = table[table$panel != "autocorrelation", ], linewidth = 0.2) +
    ggplot2::geom_line(data = table[table$panel == "autocorrelation", ]) +
    ggplot2::geom_blank(data = common_ranges(table)) +
    ggplot2::facet_wrap(ggplot2::vars(.data$variable, .data$panel), scales = "free",
                        ncol = length(fits) + 1L) +
    ggplot2::scale_x_continuous(n.breaks = 3) +
    ggplot2::scale_y_continuous(n.breaks = 4) +
    chain_colours(length(fits)) +
    ggplot2::labs(x = "iteration, or lag", y = NULL, colour = NULL) +
    ggplot2::theme_minimal() +
    ggplot2::theme(legend.position = "bottom", strip.text = ggplot2::element_text(size = 7))
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

# The first chain's draws and autocorrelations.
comparison_table <- function(fit, name, chosen) {
  draws <- draws_array(fit, chosen)[, 1, , drop = FALSE]
  bind_tables(lapply(chosen, function(variable) {
    own <- draws[, 1, variable]
    acf <- acf_table(own)
    rbind(data.frame(x = seq_along(own), y = own, panel = name, fit = name, variable = variable),
          data.frame(x = acf$lag, y = acf$acf, panel = rep("autocorrelation", nrow(acf)),
                     fit = rep(name, nrow(acf)), variable = rep(variable, nrow(acf))))
  }))
}

# Corners that give all traces of a variable one range of values, and all autocorrelations one.
common_ranges <- function(table) {
  kind <- ifelse(table$panel == "autocorrelation", "acf", "trace")
  kind <- paste(table$variable, kind)
  ends <- lapply(list(min, max), function(end) {
    at <- table[!duplicated(table[c("variable", "panel")]), ]
    at$y <- tapply(table$y, kind, end)[kind[!duplicated(table[c("variable", "panel")])]]
    at
  })
  do.call(rbind, ends)
}

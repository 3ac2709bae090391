# The table of all cases: kept as CSV, printed, drawn.

table_columns <- c(
  "case", "peer", "version", "draws", "seconds", "seconds_per_draw", "compile_seconds", "ess_bulk",
  "ess_tail", "worst", "ess_per_second", "ratio_stored", "ratio_not_stored", "time_ratio",
  "another_run", "runs", "run", "clock", "cores", "r", "cpu"
)

read_table <- function(file) if (file.exists(file)) utils::read.csv(file)

# The rows just measured take the place of their case's; under `only` of those rows alone that
# were measured again.
merge_rows <- function(old, new, only, order) {
  if (is.null(new)) return(old)
  replaced <- if (is.null(only)) old$case %in% new$case
              else paste(old$case, old$peer) %in% paste(new$case, new$peer)
  both <- rbind(old[!replaced, names(new)], new)
  both <- both[order(match(both$case, order), match(both$peer, names(adaptors))), ]
  with_ratios(both)
}

# Of relm's effective draws a second over this row's, and of this row's seconds over relm's where
# whole calls are compared; whether the row is of another run than relm's.
with_ratios <- function(table) {
  relm <- function(peer, column) {
    rows <- table[table$peer == peer, ]
    rows[[column]][match(table$case, rows$case)]
  }
  sampled <- !grepl("^relm|^floor", table$peer) & !is.na(table$ess_per_second)
  ratio <- function(peer) {
    ifelse(sampled, relm(peer, "ess_per_second") / table$ess_per_second, NA)
  }
  table$ratio_stored <- ratio("relm")
  table$ratio_not_stored <- ratio("relm not stored")
  whole <- is.na(table$ess_per_second) & table$case %in% c("J50000", "bass4000", "floor")
  table$time_ratio <- ifelse(whole, table$seconds / relm("relm", "seconds"), NA)
  of_relm <- ifelse(is.na(relm("relm", "run")), relm("relm not stored", "run"),
                    relm("relm", "run"))
  table$another_run <- !is.na(of_relm) & table$run != of_relm
  rownames(table) <- NULL
  table[table_columns]
}

write_table <- function(table, file) {
  dir.create(dirname(file), showWarnings = FALSE)
  numbers <- vapply(table, is.double, NA)
  table[numbers] <- lapply(table[numbers], signif, 5)
  utils::write.csv(table, file, row.names = FALSE)
}

print_case <- function(table, title) {
  number <- function(x, digits = 3) {
    ifelse(is.na(x), "", vapply(signif(x, digits), format, "", big.mark = ",", trim = TRUE,
                                scientific = FALSE, drop0trailing = TRUE))
  }
  shown <- with(table, data.frame(
    peer = paste0(peer, ifelse(another_run, "*", "")), draws = number(draws, 6),
    seconds = number(seconds), "us/draw" = number(1e6 * seconds_per_draw),
    compile = number(ifelse(compile_seconds == 0, NA, compile_seconds)),
    "ESS bulk" = number(ess_bulk), "ESS tail" = number(ess_tail),
    "ESS/s" = number(ess_per_second), "relm/it" = number(ratio_stored),
    "relm not stored/it" = number(ratio_not_stored), "time/relm's" = number(time_ratio),
    check.names = FALSE
  ))
  empty <- vapply(shown, function(column) all(column == ""), NA)
  cat("\n", title, "\n", sep = "")
  old <- options(width = 200)
  on.exit(options(old))
  print(shown[!empty], row.names = FALSE)
  if (any(table$another_run, na.rm = TRUE)) {
    cat("* of another run than relm's: ", toString(unique(table$run[table$another_run])), "\n",
        sep = "")
  }
}

# Effective draws a second, on a logarithmic scale, with how many times more relm has.
draw_figure <- function(table, titles, file) {
  table <- table[!is.na(table$ess_per_second) & !table$case %in% c("J50000", "bass4000"), ]
  if (nrow(table) == 0 || !requireNamespace("ggplot2", quietly = TRUE)) return(invisible())
  table$title <- factor(titles[table$case], titles)
  table$peer <- factor(table$peer, rev(names(adaptors)))
  table$relm <- ifelse(grepl("^relm", table$peer), "relm", "peer")
  ratio <- ifelse(is.na(table$ratio_stored), table$ratio_not_stored, table$ratio_stored)
  table$label <- paste0(format_speed(table$ess_per_second),
                        ifelse(is.na(ratio), "", sprintf("  (1/%s)", format_speed(ratio))),
                        ifelse(table$another_run, "*", ""))
  plot <- ggplot2::ggplot(table, ggplot2::aes(.data$ess_per_second, .data$peer,
                                              colour = .data$relm)) +
    ggplot2::geom_segment(ggplot2::aes(x = floor_of_axis(ess_per_second), yend = .data$peer,
                                       xend = .data$ess_per_second), linewidth = 0.4) +
    ggplot2::geom_point(size = 2.4) +
    ggplot2::geom_text(ggplot2::aes(1.5 * .data$ess_per_second, label = .data$label), hjust = 0,
                       size = 3) +
    ggplot2::facet_wrap("title", ncol = 2, scales = "free_y") +
    ggplot2::scale_x_log10(breaks = 10^seq(-4, 8, 2), labels = format_speed,
                           expand = ggplot2::expansion(c(0.01, 0.25))) +
    ggplot2::scale_colour_manual(values = c(relm = "#0b5394", peer = "grey45"), guide = "none") +
    ggplot2::labs(
      x = "effective draws of the worst hyperparameter, a second (logarithmic scale)", y = NULL,
      caption = paste("In parentheses: as a share of relm's (with group effects stored, where that",
                      "was run). One chain on one core.",
                      if (any(table$another_run, na.rm = TRUE)) "* of another run than relm's.")
    ) +
    ggplot2::theme_minimal(base_size = 11) +
    ggplot2::theme(panel.grid.minor = ggplot2::element_blank(),
                   panel.grid.major.y = ggplot2::element_blank(),
                   strip.text = ggplot2::element_text(hjust = 0, face = "bold"),
                   plot.caption = ggplot2::element_text(hjust = 0))
  rows <- ceiling(length(unique(table$case)) / 2)
  ggplot2::ggsave(file, plot, width = 11, height = 1 + 2.6 * rows, dpi = 110, bg = "white")
}

floor_of_axis <- function(x) 10^floor(log10(min(x)))

format_speed <- function(x) {
  vapply(signif(x, 2), format, "", big.mark = ",", trim = TRUE, scientific = FALSE,
         drop0trailing = TRUE)
}

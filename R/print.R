#' @export
print.relm <- function(x, digits = 3, ...) {
  refuse_dots(list(...), "print")
  check_digits(digits)
  write_wrapped(model_lines(x))
  cat("\nPriors\n")
  writeLines(paste0("  ", short_prior_text(x$posterior)))
  cat(if (is_prior_only(x)) "\nDraws of the prior\n" else "\nPosterior\n")
  quantiles <- shown_quantiles(x, digits)
  table <- in_sections(quantiles, sections_of(x))
  lines <- utils::capture.output(print(table, quote = FALSE, right = TRUE))
  writeLines(sub(" +$", "", lines))
  writeLines(hidden_line(x, quantiles))
  write_wrapped(convergence_lines(x, rownames(quantiles)))
  invisible(x)
}

#' @importFrom utils str
#' @export
str.relm <- function(object, max.level = NA, ...) {
  # A posterior, its draws and a design have over a hundred parts.
  if (length(max.level) == 1 && is.atomic(max.level) && is.na(max.level)) max.level <- 1
  max.level <- check_count(max.level, "max.level", least = 0)
  NextMethod(max.level = max.level)
}

# What each hyperparameter is about.
sections_of <- function(fit) {
  about <- c(b = "Population", sd = "Groups", cor = "Groups", sigma = "Residual",
             pool = "Residual", df = "Residual", shape = "Dispersion")
  parameters <- parameters_of(fit$posterior)
  sections <- unname(about[parameters$part])
  of_groups <- which(sections == "Groups")
  sections[of_groups] <- paste0("Groups (", parameters$grouping[of_groups], ")")
  sections
}

# A table of text with a line above the first row of each section, and these indented.
in_sections <- function(table, sections) {
  rows <- split(seq_len(nrow(table)), factor(sections[seq_len(nrow(table))], unique(sections)))
  parts <- Map(function(name, rows) {
    rbind(matrix("", 1, ncol(table), dimnames = list(name, colnames(table))),
          structure(table[rows, , drop = FALSE],
                    dimnames = list(paste0("  ", rownames(table)[rows]), colnames(table))))
  }, names(rows)[lengths(rows) > 0], rows[lengths(rows) > 0])
  do.call(rbind, unname(parts))
}

# A line for each prior; where there are many, one for all neighbours of a kind.
short_prior_text <- function(posterior, most = 10) {
  table <- prior_table(posterior)
  if (nrow(table) <= most) return(prior_text(posterior))
  runs <- rle(paste(sub("_.*", "", table$parameter), table$prior))$lengths
  last <- cumsum(runs)
  first <- last - runs + 1
  names <- table$parameter[first]
  names[runs > 1] <- paste(names, "...", table$parameter[last])[runs > 1]
  paste0(format(names), "  ", table$prior[first])
}

# Quantiles of the first hyperparameters, as text.
shown_quantiles <- function(fit, digits) {
  shown <- seq_len(min(length(hyper_variables(fit)), 20))
  quantiles <- t(apply(hyper_matrix(fit, shown), 2, stats::quantile, c(0.5, 0.025, 0.975),
                       names = FALSE))
  colnames(quantiles) <- c("median", "2.5%", "97.5%")
  format_estimates(quantiles, quantiles[, 3] - quantiles[, 2], digits)
}

hidden_line <- function(fit, quantiles) {
  hidden <- length(hyper_variables(fit)) - nrow(quantiles)
  if (hidden > 0) paste0("... and ", hidden, " more: see summary().") else character()
}

#' @export
print.relm <- function(x, digits = 3, ...) {
  write_wrapped(model_lines(x))
  cat("\nPriors\n")
  writeLines(paste0("  ", short_prior_text(x$posterior)))
  cat("\nPosterior\n")
  quantiles <- shown_quantiles(x, digits)
  print(quantiles, quote = FALSE, right = TRUE)
  writeLines(hidden_line(x, quantiles))
  write_wrapped(convergence_lines(x, rownames(quantiles)))
  invisible(x)
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

write_wrapped <- function(lines) {
  writeLines(as.character(strwrap(lines, width = min(getOption("width"), 80), exdent = 2)))
}

# The model, the data and the sampler, a line each.
model_lines <- function(fit) {
  posterior <- fit$posterior
  sampling <- fit$sampling
  groups <- if (!is.null(posterior$group)) {
    paste0(", ", length(posterior$groups), " levels of ", posterior$group)
  }
  by <- if (!is.null(posterior$sigma_by)) paste0(", residual variance by ", posterior$sigma_by)
  c(paste0("Random-effects linear model: ", deparse1(posterior$formula)),
    paste0("Data: ", posterior$n_rows, " rows", groups, by,
           if (posterior$weighted) ", weighted"),
    sampler_line(sampling))
}

sampler_line <- function(sampling) {
  if (sampling$sampler_run == "common_line") {
    return(paste0("Sampler: independent draws from the conjugate posterior, ",
                  sampling$chains, " x ", sampling$draws))
  }
  kind <- if (sampling$sampler_run == "collapsed") "" else " Gibbs"
  paste0("Sampler: ", sampling$sampler_run, kind, ", ", sampling$chains, " chain",
         if (sampling$chains > 1) "s", " of ", sampling$draws, " draw",
         if (sampling$draws > 1) "s", " after ",
         sampling$warmup, " warm-up", if (sampling$thin > 1) ", one in ",
         if (sampling$thin > 1) sampling$thin, ", seed", if (length(sampling$seed) > 1) "s", " ",
         paste(sampling$seed, collapse = ", "))
}

#' Summary of a fit
#'
#' Mean, standard deviation, median, 95% interval, R-hat, and bulk and tail effective
#' sample sizes (Vehtari, Gelman, Simpson, Carpenter and Bürkner, 2021; computed by
#' posterior).
#'
#' With few groups a standard deviation's posterior has so heavy a tail that its mean or
#' variance does not exist, and coefficients, group effects and predictions for new groups
#' inherit this (see [relm_posterior()]). The table has `NA` there and a note says so: the
#' average of such draws estimates nothing. Quantiles always exist.
#'
#' @param object A fit.
#' @param variable,regex,pars,regex_pars Which variables, as in [as_draws()][as_draws.relm]; the
#'   hyperparameters unless given.
#' @param x A summary.
#' @param digits Significant digits.
#' @param ... Not used.
#' @return A data frame of class `summary.relm` with the columns `variable`, `mean`, `sd`,
#'   `median`, `q2.5`, `q97.5`, `rhat`, `ess_bulk`, `ess_tail`.
#' @references
#' Vehtari, A., Gelman, A., Simpson, D., Carpenter, B. and Bürkner, P.-C. (2021).
#' Rank-normalization, folding, and localization: an improved R-hat for assessing convergence
#' of MCMC. *Bayesian Analysis* 16, 667--718.
#' @examples
#' fit <- relm(log(mercury) ~ log(length) + (1 | station), bass,
#'             chains = 2, draws = 500, seed = 1)
#' summary(fit)
#' summary(fit, "^r_", regex = TRUE)
#' @export
summary.relm <- function(object, variable = NULL, regex = FALSE, pars = NULL, regex_pars = NULL,
                         ...) {
  all <- is.null(variable) && is.null(pars) && is.null(regex_pars)
  chosen <- if (all) hyper_variables(object)
    else choose_variables(object, variable, regex, pars, regex_pars)
  draws <- draws_array(object, chosen)
  rows <- lapply(chosen, function(name) {
    summarize_variable(matrix(draws[, , name], nrow(draws)))
  })
  table <- data.frame(variable = chosen, do.call(rbind, rows), row.names = NULL)
  names(table) <- c("variable", summary_columns)
  tails <- tails_of(object, chosen)
  table$mean[tails <= 2] <- NA
  table$sd[tails <= 3] <- NA
  structure(table, fit_lines = model_lines(object), notes = summary_notes(object, table, tails),
            class = c("summary.relm", "data.frame"))
}

summary_columns <- c("mean", "sd", "median", "q2.5", "q97.5", "rhat", "ess_bulk", "ess_tail")

# draws: iterations x chains.
summarize_variable <- function(draws) {
  # posterior warns of each ESS that it caps; the table speaks for itself.
  suppressWarnings(c(
    mean(draws), stats::sd(draws),
    stats::quantile(draws, c(0.5, 0.025, 0.975), names = FALSE),
    posterior::rhat(draws), posterior::ess_bulk(draws), posterior::ess_tail(draws)
  ))
}

# Exponents of the tails; group effects and coefficients have the heaviest of all.
tails_of <- function(fit, variables) {
  tails <- fit$posterior$tails[variables]
  tails[is.na(tails)] <- min(fit$posterior$tails)
  tails[grepl("^cor_", variables)] <- Inf
  unname(tails)
}

summary_notes <- function(fit, table, tails) {
  as.character(c(convergence_notes(table), tail_notes(table, tails), proposal_notes(fit)))
}

# At least 100 effective draws for each of four chains, as Vehtari et al. advise.
convergence_notes <- function(table) {
  apart <- which(table$rhat > 1.01)
  few <- which(table$ess_bulk < 400 | table$ess_tail < 400)
  unknown <- which(is.na(table$rhat))
  c(if (length(apart)) {
      paste0("Warning: the chains have not converged (R-hat above 1.01): ",
             shorten(table$variable[apart]), ". Draw more, or try another sampler.")
    } else if (length(few)) {
      paste0("Warning: fewer than 400 effective draws: ", shorten(table$variable[few]),
             ". Draw more, or try another sampler.")
    },
    if (length(unknown)) paste0("Warning: R-hat cannot be computed: ",
                                shorten(table$variable[unknown]), "."))
}

tail_notes <- function(table, tails) {
  heavy <- table$variable[tails <= 3]
  infinite_error <- table$variable[tails > 3 & tails <= 5]
  c(if (length(heavy)) paste0(
      "Note: too few groups or rows for these to have a mean or a variance (NA): ",
      shorten(heavy),
      ". Use their quantiles, or a proper prior."),
    if (length(infinite_error)) paste0(
      "Note: few groups or rows: the sd is not estimated reliably: ", shorten(infinite_error), "."))
}

proposal_notes <- function(fit) {
  sampling <- fit$sampling
  if (sampling$sampler_run == "collapsed") {
    share <- sum(sampling$accepted) / sum(sampling$proposals)
    return(paste0("Acceptance of the covariance proposals: ", round(100 * share), "%.",
                  help_told(fit)))
  }
  if (sum(sampling$kept_sweeps) == 0) return(NULL)
  paste0("Note: in ", sum(sampling$kept_sweeps), " sweeps no covariance matrix was accepted, and ",
         "the old one was kept (", round(sum(sampling$proposals)), " proposals in all).")
}

# Did any chain call for more than the usual moves?
is_helped <- function(fit) {
  any(vapply(fit$sampling$ends, function(end) {
    isTRUE(end$tuning$n_ellipse > sweep_moves[["ellipse"]])
  }, NA))
}

help_told <- function(fit) {
  if (is_helped(fit)) paste0(" Since few are accepted, ", more_ellipses,
                             " elliptical slices follow them in each sweep.")
}

shorten <- function(names) {
  shown <- utils::head(names, 5)
  paste0(paste(shown, collapse = ", "),
         if (length(names) > 5) paste0(" and ", length(names) - 5, " more"))
}

# For print(), which shows no R-hat, of the variables that it shows. Whether chains agree, and have
# 400 effective draws, is told as well by this many draws of each chain.
printed_draws <- 10000L

convergence_lines <- function(fit, variables) {
  if (fit$sampling$draws > printed_draws) {
    rows <- unique(round(seq(1, fit$sampling$draws, length.out = printed_draws)))
    fit$sampling$hyper <- fit$sampling$hyper[rows, , , drop = FALSE]
    fit$sampling$draws <- length(rows)
  }
  summary_notes(fit, summary(fit, variables), tails_of(fit, variables))
}

# Estimates of a row with as many decimals as show `digits` digits of its interval.
format_estimates <- function(estimates, widths, digits) {
  decimals <- pmax(digits - 1 - floor(log10(widths)), 0)
  decimals[!is.finite(decimals)] <- digits
  shown <- estimates
  for (i in seq_len(nrow(estimates))) {
    shown[i, ] <- if (decimals[i] > 7) formatC(estimates[i, ], digits = digits, format = "g")
      else formatC(estimates[i, ], digits = decimals[i], format = "f")
    shown[i, ] <- sub("^-(0\\.?0*)$", "\\1", shown[i, ])
  }
  shown
}

#' @rdname summary.relm
#' @export
print.summary.relm <- function(x, digits = 3, ...) {
  table <- as.data.frame(x)
  class(table) <- "data.frame"
  if (!identical(names(table), c("variable", summary_columns))) return(print(table))
  write_wrapped(attr(x, "fit_lines"))
  cat("\n")
  shown <- cbind(format_estimates(as.matrix(table[2:6]), table$q97.5 - table$q2.5, digits),
                 rhat = format(round(table$rhat, 3)), ess_bulk = format(round(table$ess_bulk)),
                 ess_tail = format(round(table$ess_tail)))
  dimnames(shown) <- list(table$variable, c("mean", "sd", "median", "2.5%", "97.5%", "rhat",
                                            "bulk", "tail"))
  print(shown, quote = FALSE, right = TRUE)
  cat("bulk, tail: effective sample sizes\n")
  write_wrapped(attr(x, "notes"))
  invisible(x)
}

#' Summary of a fit
#'
#' Gives the mean, standard deviation, median, 95% interval, R-hat, and bulk and tail effective
#' sample sizes (Vehtari, Gelman, Simpson, Carpenter and Bürkner, 2021; computed by posterior).
#'
#' With few groups the tail of a standard deviation's posterior is so heavy that its mean or
#' variance does not exist. The same holds for coefficients, group effects and predictions for new
#' groups (see [relm_posterior()]). The table has `NA` there and a note says so, because the average
#' of such draws estimates nothing. Quantiles always exist.
#'
#' @section Convergence:
#' A warning says that chains have not converged if R-hat is above 1.01, or above the value that
#' independent draws would give by chance, if this is larger. With m chains of n draws there are M =
#' 2m halves of N = n / 2 (rounded down) draws. R-hat is the larger of two values. One is for ranks
#' and one for ranks of distances from the median, both made normal. For independent draws each
#' value is \eqn{\sqrt{1 + (F - 1) / N}}{sqrt(1 + (F - 1) / N)}, where F is the mean square between
#' halves over that within. F has the F distribution with M - 1 and M(N - 1) degrees of freedom. The
#' largest value among all variables shown exceeds the limit with a probability of at most 1 in 100
#' (Bonferroni). For four chains and five variables, the limit is 1.052 with 50 draws, and 1.01 from
#' 300 draws on.
#'
#' @param object A fit.
#' @param variable,regex,pars,regex_pars Which variables, as in [as_draws()][as_draws.relm]; by
#'   default the hyperparameters, without those that structured covariances make of others: a note says
#'   which.
#' @param prob Probability of the central interval.
#' @param probs Instead of `prob`: probabilities of the quantiles in the table, as in rstanarm.
#' @param robust Give the median and the median absolute deviation instead of mean, standard
#'   deviation and median?
#' @param x A summary.
#' @param digits Significant digits of each interval, when the summary is printed.
#' @param row.names Names of the rows of the table.
#' @param optional Not used; the generic has it.
#' @param ... Refused.
#' @return A data frame of class `summary.relm` with the columns `variable`, `mean`, `sd`, `median`,
#'   `q2.5`, `q97.5`, `rhat`, `ess_bulk`, `ess_tail`; with `robust`, `median` and `mad` replace the
#'   first three numbers. The names of its rows are the variables. `as.data.frame()` gives a plain
#'   data frame without these names, `coef()` a matrix of the rows of the population's coefficients.
#' @references
#' Vehtari, A., Gelman, A., Simpson, D., Carpenter, B. and Bürkner, P.-C. (2021).
#' Rank-normalization, folding, and localization: an improved R-hat for assessing convergence
#' of MCMC. *Bayesian Analysis* 16, 667--718.
#' @examples
#' fit <- relm(log(mercury) ~ log(length) + (1 | station), bass,
#'             chains = 2, draws = 500, seed = 1)
#' summary(fit)
#' summary(fit)["sigma", "median"]
#' summary(fit, "^r_", regex = TRUE, prob = 0.8)
#' @export
summary.relm <- function(object, variable = NULL, regex = FALSE, pars = NULL, regex_pars = NULL,
                         prob = 0.95, probs = NULL, robust = FALSE, digits = 3, ...) {
  refuse_dots(list(...), "summary")
  if (is.null(probs)) {
    probs <- tail_probs(check_probability(prob, "prob"))
  } else {
    if (!missing(prob)) abort("{.arg prob} and {.arg probs} both choose quantiles.",
                              i = "Give one of them.")
    check_probabilities(probs, "probs")
  }
  check_flag(robust, "robust")
  check_digits(digits)
  all <- is.null(variable) && is.null(pars) && is.null(regex_pars)
  chosen <- if (all) setdiff(hyper_variables(object), repeated_variables(object$posterior))
    else choose_variables(object, variable, regex, pars, regex_pars)
  table <- summarize_variables(draws_array(object, chosen), unique(probs), robust)
  tails <- tails_of(object, chosen)
  if (!robust) {
    table$mean[tails <= 2] <- NA
    table$sd[tails <= 3] <- NA
  }
  structure(table, fit_lines = model_lines(object), notes = summary_notes(object, table, tails),
            digits = digits, class = c("summary.relm", "data.frame"))
}

# draws: iterations x chains x variables.
summarize_variables <- function(draws, probs, robust) {
  names <- dimnames(draws)[[3]]
  quantiles <- paste0("q", format_number(100 * probs))
  rows <- vapply(names, function(name) {
    values <- matrix(draws[, , name], nrow(draws))
    # posterior warns of each ESS that it caps; the table speaks for itself.
    suppressWarnings(c(
      if (robust) c(median = stats::median(values), mad = stats::mad(values))
      else c(mean = mean(values), sd = stats::sd(values), median = stats::median(values)),
      stats::setNames(stats::quantile(values, probs, names = FALSE), quantiles),
      rhat = posterior::rhat(values), ess_bulk = posterior::ess_bulk(values),
      ess_tail = posterior::ess_tail(values)
    ))
  }, numeric(5 + length(probs) + !robust))
  data.frame(variable = names, t(rows), row.names = names, check.names = FALSE)
}

# Each number with as many digits as tell it.
format_number <- function(x) vapply(x, format, "", digits = 7, scientific = FALSE)

# Exponents of the tails; group effects and coefficients have the heaviest of all.
tails_of <- function(fit, variables) {
  all <- parameter_tails(fit$posterior)
  tails <- all[variables]
  tails[is.na(tails)] <- min(all)
  tails[grepl("^cor_", variables)] <- Inf
  unname(tails)
}

summary_notes <- function(fit, table, tails) {
  if (is_prior_only(fit)) return(as.character(prior_tail_notes(table, tails)))
  drawn <- table[!is_known_constant(fit, table$variable), ]
  as.character(c(convergence_notes(drawn, fit$sampling$chains, fit$sampling$draws),
                 tail_notes(table, tails), structure_notes(fit$posterior, table$variable),
                 proposal_notes(fit), lattice_notes(fit)))
}

# What is not shown of structured covariances, since it follows from what is.
structure_notes <- function(posterior, shown) {
  if (any(repeated_variables(posterior) %in% shown)) return(NULL)
  unlist(lapply(groupings_of(posterior), function(grouping) {
    lapply(Filter(is_structured, grouping$blocks), structure_note, posterior, grouping)
  }))
}

structure_note <- function(block, posterior, grouping) {
  own <- variables_of_block(posterior, grouping, block)
  of <- paste0("Effects of ", grouping$name, " in ", block$kind, "(): ")
  paste0(of, paste(c(
    if (is_homogeneous(block)) paste("all standard deviations are", own$sd[1]),
    if (block$kind == "cs") paste("all correlations are", own$cor[1]),
    if (block$kind == "ar1") paste("correlations of neighbors are", paste0(own$cor[1], ","), "others its powers")
  ), collapse = "; "), ".")
}

# Of another family's integrals over group effects: R/family_tuning.R.
lattice_notes <- function(fit) {
  error <- fit$sampling$lattice_error
  if (is.null(error) || isTRUE(error <= most_lattice_error)) return(NULL)
  size <- if (is.na(error)) "that could not be measured" else paste("of", signif(error, 1))
  paste0("Warning: the group effects were integrated out with an error ", size,
         " in the log density (its standard deviation over draws). Fewer random columns, or a prior ",
         "that keeps their standard deviations from growing, make it smaller.")
}

# At least 100 effective draws for each of four chains, as Vehtari et al. advise.
convergence_notes <- function(table, chains, draws) {
  limit <- rhat_limit(chains, draws, nrow(table))
  apart <- which(table$rhat > limit)
  few <- which(table$ess_bulk < 400 | table$ess_tail < 400)
  unknown <- which(is.na(table$rhat))
  c(if (length(apart)) {
      paste0("Warning: the chains have not converged (R-hat above ", limit, "): ",
             shorten(table$variable[apart]), ". Draw more, or try another sampler.")
    } else if (length(few)) {
      paste0("Warning: fewer than 400 effective draws: ", shorten(table$variable[few]),
             ". Draw more", if (chains * draws >= 400) ", or try another sampler", ".")
    },
    if (length(unknown)) paste0("Warning: R-hat cannot be computed: ",
                                shorten(table$variable[unknown]), "."))
}

# The R-hat above which chains have not converged: 1.01, or the quantile of the largest of
# n_variables values of independent draws, of chains that are split in halves. By Cochran's theorem
# N B / W, of N normal scores in each of M halves, has an F distribution, and
# Rhat^2 = (N - 1) / N + B / W. Each variable has two, of its ranks and of its folded ranks.
rhat_limit <- function(chains, draws, n_variables, false_alarms = 0.01) {
  M <- 2 * chains
  N <- draws %/% 2
  if (N < 2) return(1.01)
  largest <- stats::qf(false_alarms / (2 * max(n_variables, 1)), M - 1, M * (N - 1),
                       lower.tail = FALSE)
  max(1.01, ceiling(1000 * sqrt(1 + (largest - 1) / N)) / 1000)
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

# Draws of the prior are independent, and their tails are those of its densities.
prior_tail_notes <- function(table, tails) {
  heavy <- table$variable[tails <= 3]
  if (length(heavy)) paste0("Note: under their priors these have no mean or no variance (NA): ",
                            shorten(heavy), ".")
}

proposal_notes <- function(fit) {
  sampling <- fit$sampling
  if (is_tuned(sampling$sampler_run)) {
    share <- sum(sampling$accepted) / sum(sampling$proposals)
    if (share >= low_acceptance && !is_helped(fit)) return(NULL)
    return(paste0("Note: ", round(100 * share), "% of the proposals of standard deviations and ",
                  "correlations were accepted, which makes draws depend on each other: effective ",
                  "sample sizes tell how much.", help_told(fit)))
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
  if (is_of_several(fit)) return(attr(summary(fit, variables), "notes"))
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
print.summary.relm <- function(x, digits = attr(x, "digits"), ...) {
  refuse_dots(list(...), "print")
  digits <- if (is.null(digits)) 3 else check_digits(digits)
  table <- structure(x, class = "data.frame")
  quantiles <- grep("^q[0-9.]+$", names(table), value = TRUE)
  if (!is_whole_summary(names(table), quantiles)) {
    print(table)
    return(invisible(x))
  }
  write_wrapped(attr(x, "fit_lines"))
  cat("\n")
  numbers <- setdiff(names(table), c("variable", "rhat", "ess_bulk", "ess_tail"))
  shown <- cbind(format_estimates(as.matrix(table[numbers]), shown_widths(table, quantiles), digits),
                 format(round(table$rhat, 3)), format(round(table$ess_bulk)),
                 format(round(table$ess_tail)))
  dimnames(shown) <- list(table$variable, c(sub("^q([0-9.]+)$", "\\1%", numbers), "rhat", "bulk",
                                            "tail"))
  print(shown, quote = FALSE, right = TRUE)
  cat("bulk, tail: effective sample sizes\n")
  write_wrapped(attr(x, "notes"))
  invisible(x)
}

is_whole_summary <- function(names, quantiles) {
  any(vapply(list(c("mean", "sd", "median"), c("median", "mad")), function(moments) {
    identical(names, c("variable", moments, quantiles, "rhat", "ess_bulk", "ess_tail"))
  }, NA))
}

# Of a 95% interval, or how far the quantiles reach that are shown; a single one has no width.
shown_widths <- function(table, quantiles) {
  if (length(quantiles) > 1) {
    reach <- apply(as.matrix(table[quantiles]), 1, range)
    return(reach[2, ] - reach[1, ])
  }
  4 * if (is.null(table$sd)) table$mad else table$sd
}

# lme4's and lm()'s coef(summary(fit)) is a table; without a method it would be NULL.
#' @rdname summary.relm
#' @export
coef.summary.relm <- function(object, ...) {
  refuse_dots(list(...), "coef")
  own <- startsWith(object$variable, "b_")
  table <- as.data.frame(object)[own, names(object) != "variable", drop = FALSE]
  rownames(table) <- object$variable[own]
  as.matrix(table)
}

#' @rdname summary.relm
#' @export
as.data.frame.summary.relm <- function(x, row.names = NULL, optional = FALSE, ...) {
  refuse_dots(list(...), "as.data.frame")
  plain <- lapply(x, identity)
  named_rows(as.data.frame(plain, optional = TRUE), row.names)
}

#' @rdname relm_multiple
#' @export
summary.relm_multiple <- function(object, variable = NULL, regex = FALSE, pars = NULL,
                                  regex_pars = NULL, prob = 0.95, probs = NULL, robust = FALSE,
                                  digits = 3, ...) {
  refuse_dots(list(...), "summary")
  quantiles <- if (is.null(probs) || !missing(prob)) list(prob = prob)
  table <- do.call(summary.relm, c(list(object, variable, regex, pars, regex_pars, probs = probs,
                                        robust = robust, digits = digits), quantiles))
  chosen <- table$variable
  within <- lapply(object$fits, function(fit) {
    summarize_variables(draws_array(fit, chosen), 0.5, FALSE)
  })
  column <- function(name) {
    matrix(vapply(within, `[[`, numeric(length(chosen)), name), length(chosen))
  }
  numbers <- table[setdiff(names(table), c("rhat", "ess_bulk", "ess_tail"))]
  tails <- tails_of(object, chosen)
  numbers$between <- ifelse(tails <= 3, NA, between_share(column("mean"), column("sd")))
  numbers$rhat_within <- apply(column("rhat"), 1, max)
  numbers$rhat_between <- table$rhat
  numbers$ess_bulk <- rowSums(column("ess_bulk"))
  numbers$ess_tail <- rowSums(column("ess_tail"))
  structure(numbers, fit_lines = attr(table, "fit_lines"), digits = digits,
            notes = as.character(c(notes_within(object, numbers), tail_notes(numbers, tails),
                                   lattice_notes(object))),
            class = c("summary.relm_multiple", "summary.relm", "data.frame"))
}

# (1 - 1/m) B over W + (1 - 1/m) B, of means and standard deviations, variables x fits.
between_share <- function(means, sds) {
  between <- rowMeans((means - rowMeans(means))^2)
  share <- between / (between + rowMeans(sds^2))
  # Of what is known.
  ifelse(is.nan(share), NA, share)
}

# Whether the chains of each fit agree, by the R-hat that the largest of all would have by chance.
notes_within <- function(object, table) {
  one <- object$fits[[1]]$sampling
  limit <- rhat_limit(one$chains, one$draws, nrow(table) * length(object$fits))
  apart <- which(table$rhat_within > limit)
  few <- which(table$ess_bulk < 400 | table$ess_tail < 400)
  c(if (length(apart)) {
      paste0("Warning: the chains of a fit have not converged (R-hat above ", limit, "): ",
             shorten(table$variable[apart]), ". Draw more, or try another sampler.")
    } else if (length(few)) {
      paste0("Warning: fewer than 400 effective draws: ", shorten(table$variable[few]),
             ". Draw more.")
    },
    if (length(object$fits) < few_imputations) {
      paste0("Note: with ", length(object$fits), " imputations intervals are too narrow where ",
             "much lies between them: see ?relm_multiple.")
    })
}

# Below so many the variance lacks more than a twentieth of what lies between.
few_imputations <- 20L

#' @rdname relm_multiple
#' @export
print.summary.relm_multiple <- function(x, digits = attr(x, "digits"), ...) {
  refuse_dots(list(...), "print")
  digits <- if (is.null(digits)) 3 else check_digits(digits)
  table <- structure(x, class = "data.frame")
  quantiles <- grep("^q[0-9.]+$", names(table), value = TRUE)
  judged <- c("between", "rhat_within", "rhat_between", "ess_bulk", "ess_tail")
  if (!all(c("variable", judged) %in% names(table)) || length(quantiles) == 0) {
    print(table)
    return(invisible(x))
  }
  write_wrapped(attr(x, "fit_lines"))
  cat("\n")
  numbers <- setdiff(names(table), c("variable", judged))
  widths <- shown_widths(table, quantiles)
  shown <- cbind(format_estimates(as.matrix(table[numbers]), widths, digits),
                 formatC(table$between, digits = 2, format = "f"),
                 format(round(table$rhat_within, 3)), format(round(table$rhat_between, 3)),
                 format(round(table$ess_bulk)), format(round(table$ess_tail)))
  columns <- c(sub("^q([0-9.]+)$", "\\1%", numbers), "between", "within", "all", "bulk", "tail")
  dimnames(shown) <- list(table$variable, columns)
  print(shown, quote = FALSE, right = TRUE)
  write_wrapped(c("between: share of the variance between imputations; within, all: the largest
                   R-hat within a fit, and that of all chains; bulk, tail: effective sample sizes,
                   summed over fits",
                  attr(x, "notes")))
  invisible(x)
}

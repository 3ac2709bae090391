# Standard deviations and correlations of group effects, as one object.

#' @rdname relm-effects
#' @export
VarCorr.relm <- function(x, sigma = 1, summary = NULL, probs = NULL, robust = NULL, ...) {
  refuse_dots(list(...), "VarCorr")
  if (!is.numeric(sigma) || !identical(as.numeric(sigma), 1)) {
    abort("{.arg sigma} must be 1: it multiplies standard deviations in nlme, and has no place
           here.", x = "It is {describe(sigma)}.")
  }
  posterior <- x$posterior
  asked <- asked_estimates(summary, probs, robust)
  if (asked$form != "medians") return(covariance_tables(x, asked))
  estimates <- lapply(groupings_of(posterior), covariance_estimate, x)
  names(estimates) <- if (length(estimates)) names_of_groupings(posterior)
  has_sigma <- identical(family_of(posterior)$scale, "sigma")
  structure(estimates, sc = if (has_sigma) sigma(x), class = "VarCorr.relm")
}

# brms's shape: for each grouping sd, cor and cov, for residuals sd.
covariance_tables <- function(fit, asked) {
  posterior <- fit$posterior
  covariances <- lapply(groupings_of(posterior), group_covariance, fit, asked)
  covariances <- stats::setNames(covariances, names_of_groupings(posterior))
  if (!identical(family_of(posterior)$scale, "sigma")) return(covariances)
  names <- if (!has_strata(posterior)) "sigma" else shown_strata(posterior)
  sd <- sigma_draws(fit)
  residual <- list(sd = asked_form(sd, parameter_tails(posterior)[colnames(sd)], asked,
                                   list(names)))
  c(covariances, list(residual__ = residual))
}

group_covariance <- function(grouping, fit, asked) {
  posterior <- fit$posterior
  columns <- grouping$random$column
  q <- length(columns)
  sd <- hyper_matrix(fit, shown_places_of(posterior, "sd", grouping$name))
  tails <- tails_of_part(posterior, "sd", grouping$name)
  tables <- list(sd = asked_form(sd, tails, asked, list(columns)))
  pairs <- correlated_columns(grouping$random$block)
  if (length(pairs$first) == 0) return(tables)
  # Draws x effects x effects; as a matrix, the pairs of effects in the order of columns.
  correlation <- array(rep(diag(q), each = nrow(sd)), c(nrow(sd), q, q))
  drawn <- hyper_matrix(fit, shown_places_of(posterior, "cor", grouping$name))
  for (k in seq_along(pairs$first)) {
    correlation[, pairs$first[k], pairs$second[k]] <-
      correlation[, pairs$second[k], pairs$first[k]] <- drawn[, k]
  }
  correlation <- matrix(correlation, nrow(sd))
  first <- rep(seq_len(q), times = q)
  second <- rep(seq_len(q), each = q)
  covariance <- correlation * sd[, first, drop = FALSE] * sd[, second, drop = FALSE]
  names <- list(columns, columns)
  c(tables, list(
    cor = asked_form(correlation, rep(Inf, q^2), asked, names),
    cov = asked_form(covariance, tail_of_product(pmin(tails[first], tails[second])), asked, names)
  ))
}

# The density of s^2 falls like s^-((e + 1) / 2) where that of s falls like s^-e; a product of two
# falls no slower than the square of the heavier.
tail_of_product <- function(tail) (tail + 1) / 2

# Draws or a table of them, with these names of one or two dimensions of variables.
asked_form <- function(draws, tails, asked, names) {
  sizes <- lengths(names)
  if (asked$form == "draws") {
    return(array(draws, c(nrow(draws), sizes), c(list(NULL), unname(names))))
  }
  table <- asked_table(draws, unname(tails), asked)
  if (length(sizes) == 1) return(structure(table, dimnames = list(names[[1]], colnames(table))))
  aperm(array(table, c(sizes, ncol(table)), c(names, list(colnames(table)))), c(1, 3, 2))
}

covariance_estimate <- function(grouping, fit) {
  columns <- grouping$random$column
  q <- length(columns)
  medians_of <- function(part) {
    places <- shown_places_of(fit$posterior, part, grouping$name)
    apply(hyper_matrix(fit, places), 2, stats::median)
  }
  sd <- medians_of("sd")
  correlation <- diag(q)
  pairs <- correlated_columns(grouping$random$block)
  medians <- medians_of("cor")
  correlation[cbind(pairs$first, pairs$second)] <- medians
  correlation[cbind(pairs$second, pairs$first)] <- medians
  dimnames(correlation) <- list(columns, columns)
  names(sd) <- columns
  structure(correlation * tcrossprod(sd), stddev = sd, correlation = correlation,
            block = grouping$random$block)
}

#' @rdname relm-effects
#' @param row.names Names of the rows of the table.
#' @param optional Not used; the generic has it.
#' @param order The place of covariances in the table: `"cov.last"`, or `"lower.tri"` for each
#'   variance before the covariances with it.
#' @param stringsAsFactors Convert names to factors?
#' @export
as.data.frame.VarCorr.relm <- function(x, row.names = NULL, optional = FALSE,
                                       order = "cov.last", stringsAsFactors = FALSE, ...) {
  refuse_dots(list(...), "as.data.frame")
  check_choice(order, "order", c("cov.last", "lower.tri"))
  check_flag(stringsAsFactors, "stringsAsFactors")
  group_rows <- function(name) {
    covariance <- x[[name]]
    columns <- rownames(covariance)
    q <- length(columns)
    block <- attr(covariance, "block")
    pairs <- which(lower.tri(covariance) & outer(block, block, "=="), arr.ind = TRUE)[, 2:1]
    pairs <- rbind(cbind(seq_len(q), seq_len(q)), matrix(pairs, ncol = 2))
    if (order == "lower.tri") pairs <- pairs[base::order(pairs[, 1], pairs[, 2]), , drop = FALSE]
    varying <- pairs[, 1] == pairs[, 2]
    data.frame(
      grp = name, var1 = columns[pairs[, 1]],
      var2 = ifelse(varying, NA_character_, columns[pairs[, 2]]),
      vcov = covariance[pairs],
      sdcor = ifelse(varying, attr(covariance, "stddev")[pairs[, 1]],
                     attr(covariance, "correlation")[pairs])
    )
  }
  sc <- attr(x, "sc")
  levels <- if (is.null(names(sc))) NA_character_ else names(sc)
  # Of no rows where there is no residual variance: a table has its columns without groups too.
  residual <- data.frame(grp = rep("Residual", length(sc)), var1 = rep_len(levels, length(sc)),
                         var2 = rep(NA_character_, length(sc)),
                         vcov = as.numeric(sc)^2, sdcor = as.numeric(sc))
  table <- do.call(rbind, c(lapply(names(x), group_rows), list(residual)))
  if (stringsAsFactors) table[1:3] <- lapply(table[1:3], as.factor)
  named_rows(table, row.names)
}

#' @rdname relm-effects
#' @param digits Significant digits.
#' @param comp What to print, any of `"Std.Dev."` and `"Variance"`.
#' @param formatter A function of the numbers and `digits` that makes text of them.
#' @export
print.VarCorr.relm <- function(x, digits = 3, comp = "Std.Dev.", formatter = format_significant,
                               ...) {
  refuse_dots(list(...), "print")
  digits <- check_count(digits, "digits")
  kinds <- c("Variance", "Std.Dev.")
  if (!is.character(comp) || length(comp) == 0 || anyNA(pmatch(comp, kinds))) {
    abort("{.arg comp} must be any of {.or {.val {kinds}}}.", x = "It is {describe(comp)}.")
  }
  comp <- kinds[sort(pmatch(comp, kinds))]
  table <- as.data.frame(x)
  if (nrow(table) == 0) {
    cat("No group effects, and no residual variance.\n")
    return(invisible(x))
  }
  shown <- table[is.na(table$var2), c("grp", "var1")]
  names(shown) <- c("Groups", "Name")
  shown$Name[is.na(shown$Name)] <- ""
  correlations <- vapply(seq_len(nrow(shown)), function(i) {
    rows <- table$grp == shown$Groups[i] & table$var2 %in% shown$Name[i]
    paste(sprintf("%.*f", digits - 1L, table$sdcor[rows]), collapse = " ")
  }, "")
  columns <- c(Variance = "vcov", Std.Dev. = "sdcor")
  for (kind in comp) {
    shown[[kind]] <- formatter(table[is.na(table$var2), columns[[kind]]], digits = digits)
  }
  if (any(nzchar(correlations))) shown$Corr <- correlations
  print(shown, row.names = FALSE, right = FALSE)
  invisible(x)
}

format_significant <- function(x, digits) format(signif(x, digits))

#' Coefficients, group effects and standard deviations
#'
#' Point estimates in the shapes of lme4 and rstanarm, or tables with intervals in those of
#' brms. Point estimates are posterior medians, which exist even where means do not. Where a fit has
#' too many groups to keep draws of their effects (`group_draws` in [relm()]), those of group
#' effects and coefficients are posterior means, and intervals those of a normal distribution.
#'
#' @param object,x A fit.
#' @param summary `FALSE`: medians. `TRUE`: a table with the columns `Estimate` (median),
#'   `Est.Error` (posterior standard deviation; `NA` where it does not exist), `Q2.5` and
#'   `Q97.5`.
#' @param correlation Correlations in place of covariances?
#' @param sigma Not used; it stands in the generic.
#' @param row.names,optional Not used.
#' @param ... Not used.
#' @return
#' * `fixef()`: a named vector, or a matrix with a row for each coefficient.
#' * `ranef()`: a list with one element, named by the grouping factor: a data frame of
#'   gamma_j with a row for each group and a column for each effect, or an array, groups x
#'   4 x effects.
#' * `coef()`: likewise of beta_j, the coefficients of each group; without groups, as
#'   `fixef()`.
#' * `VarCorr()`: a list with one element, the covariance matrix made of the medians of standard
#'   deviations and correlations, with attributes `stddev` and `correlation`; its own
#'   attribute `sc` is the residual standard deviation. `as.data.frame()` gives lme4's
#'   table.
#' * `sigma()`: the residual standard deviation, or a named vector of several.
#' * `vcov()`: the posterior covariance matrix of the coefficients, or with `correlation` their
#'   correlations; `NA` where a variance does not exist.
#' * `ngrps()`: the number of groups, named by the grouping factor.
#' * `nobs()`: the number of rows.
#' @examples
#' fit <- relm(log(mercury) ~ log(length) + (1 | station), bass,
#'             chains = 2, draws = 200, seed = 1)
#' fixef(fit)
#' fixef(fit, summary = TRUE)
#' head(ranef(fit)$station)
#' head(coef(fit)$station)
#' VarCorr(fit)
#' sigma(fit)
#' vcov(fit)
#' ngrps(fit)
#' @name relm-effects
NULL

#' @rdname relm-effects
#' @export
fixef.relm <- function(object, summary = FALSE, ...) {
  check_flag(summary, "summary")
  fixed <- object$posterior$fixed
  draws <- hyper_matrix(object, seq_along(fixed))
  colnames(draws) <- fixed
  if (!summary) return(apply(draws, 2, stats::median))
  summary_table(draws, has_variance(object)[seq_along(fixed)])
}

#' @rdname relm-effects
#' @export
ranef.relm <- function(object, summary = FALSE, ...) {
  check_grouped(object, "ranef")
  if (has_moments(object)) return(moment_estimates(object, FALSE, summary))
  group_estimates(object, effect_variables(object), object$posterior$random$column, summary)
}

#' @rdname relm-effects
#' @export
coef.relm <- function(object, summary = FALSE, ...) {
  if (is.null(object$posterior$group)) return(fixef(object, summary))
  if (has_moments(object)) return(moment_estimates(object, TRUE, summary))
  group_estimates(object, coef_variables(object), coef_columns(object$posterior), summary)
}

#' @rdname relm-effects
#' @export
VarCorr.relm <- function(x, sigma = 1, ...) {
  posterior <- x$posterior
  estimate <- list()
  if (!is.null(posterior$group)) {
    estimate[[posterior$group]] <- covariance_estimate(x)
  }
  structure(estimate, sc = sigma(x), class = "VarCorr.relm")
}

#' @rdname relm-effects
#' @export
sigma.relm <- function(object, ...) {
  names <- hyper_variables(object)
  n_levels <- max(length(object$posterior$levels), 1)
  place <- length(names) - n_levels - count_pooled(object$posterior) + seq_len(n_levels)
  values <- apply(hyper_matrix(object, place), 2, stats::median)
  if (is.null(object$posterior$sigma_by)) return(unname(values))
  stats::setNames(values, object$posterior$levels[object$posterior$level_display])
}

#' @rdname relm-effects
#' @export
vcov.relm <- function(object, correlation = FALSE, ...) {
  check_flag(correlation, "correlation")
  fixed <- object$posterior$fixed
  draws <- hyper_matrix(object, seq_along(fixed))
  covariance <- if (correlation) stats::cor(draws) else stats::cov(draws)
  dimnames(covariance) <- list(fixed, fixed)
  without <- !has_variance(object)[seq_along(fixed)]
  covariance[without, ] <- covariance[, without] <- NA
  covariance
}

#' @rdname relm-effects
#' @export
ngrps <- function(object, ...) UseMethod("ngrps")

#' @rdname relm-effects
#' @rawNamespace S3method(lme4::ngrps, relm)
#' @rawNamespace S3method(brms::ngrps, relm)
#' @export
ngrps.relm <- function(object, ...) {
  stats::setNames(length(object$posterior$groups), object$posterior$group)[
    !is.null(object$posterior$group)]
}

#' @export
ngrps.default <- function(object, ...) pass_on(c("lme4", "brms"), "ngrps", object, ...)

#' @rdname relm-effects
#' @export
nobs.relm <- function(object, ...) {
  n <- object$posterior$n_rows
  if (n > .Machine$integer.max) n else as.integer(n)
}

check_grouped <- function(fit, what) {
  if (is.null(fit$posterior$group)) {
    of <- if (what %in% c("loo", "log_lik")) " by groups"
    abort("{.fn {what}}{of} needs group effects, and the model has none.",
          x = "It is {.code {deparse1(fit$posterior$formula)}}.")
  }
}

# Hyperparameters by their places, draws x variables.
hyper_matrix <- function(fit, places) {
  hyper <- fit$sampling$hyper[, , places, drop = FALSE]
  matrix(hyper, nrow(hyper) * ncol(hyper), length(places),
         dimnames = list(NULL, dimnames(hyper)[[3]]))
}

has_variance <- function(fit) fit$posterior$tails > 3

# variance_exists: one for each column of draws, or one for all.
summary_table <- function(draws, variance_exists, probs = c(0.025, 0.975)) {
  summaries <- summarize_columns(draws, c(0.5, probs))
  sd <- summaries$sd
  sd[rep_len(!variance_exists, length(sd))] <- NA
  table <- cbind(summaries$quantiles[, 1], sd, summaries$quantiles[, -1, drop = FALSE])
  dimnames(table) <- list(colnames(draws), c("Estimate", "Est.Error", paste0("Q", 100 * probs)))
  table
}

# Standard deviation of each column, and quantiles, columns x probs.
summarize_columns <- function(draws, probs) {
  rising <- sort(unique(probs))
  if (ncol(draws) == 0) return(list(sd = numeric(), quantiles = matrix(0, 0, length(probs))))
  summaries <- .Call(ffi_summarize_columns, draws, rising)
  list(sd = summaries[2, ], quantiles = t(summaries[2 + match(probs, rising), , drop = FALSE]))
}

# Variables come group by group, the columns of each together.
group_estimates <- function(fit, names, columns, summary) {
  check_flag(summary, "summary")
  posterior <- fit$posterior
  groups <- posterior$groups[posterior$group_display]
  draws <- as.matrix(fit, names)
  if (summary) {
    exists <- all(posterior$tails > 3)
    table <- summary_table(draws, exists)
    estimates <- aperm(array(table, c(length(columns), length(groups), 4)), c(2, 3, 1))
    dimnames(estimates) <- list(groups, colnames(table), columns)
  } else {
    medians <- matrix(apply(draws, 2, stats::median), ncol = length(columns), byrow = TRUE,
                      dimnames = list(groups, columns))
    estimates <- as.data.frame(medians, optional = TRUE)
  }
  stats::setNames(list(estimates), posterior$group)
}

# Are there too many group effects for their draws?
has_moments <- function(fit) !is.null(fit$sampling$moments)

# The same from means and covariances: means, and the quantiles of a normal distribution.
moment_estimates <- function(fit, with_beta, summary) {
  check_flag(summary, "summary")
  posterior <- fit$posterior
  moments <- fit$sampling$moments
  columns <- if (with_beta) coef_columns(posterior) else posterior$random$column
  groups <- posterior$groups[posterior$group_display]
  place <- match(columns, posterior$random$column)
  fixed <- if (with_beta) match(columns, posterior$fixed) else rep(NA, length(columns))
  hyper <- hyper_matrix(fit, seq_along(posterior$fixed))
  heaviest <- min(posterior$tails)
  estimates <- lapply(seq_along(columns), function(k) {
    mean <- variance <- numeric(length(groups))
    if (!is.na(place[k])) {
      mean <- moments$mean[place[k], ]
      variance <- moments$covariance[place[k], place[k], ]
    }
    if (!is.na(fixed[k])) {
      mean <- mean + base::mean(hyper[, fixed[k]])
      variance <- variance + stats::var(hyper[, fixed[k]])
      if (!is.na(place[k])) variance <- variance + 2 * moments$with_beta[place[k], ]
    }
    sd <- sqrt(pmax(variance, 0))
    if (heaviest <= 2) mean[] <- NA
    if (heaviest <= 3) sd[] <- NA
    cbind(Estimate = mean, Est.Error = sd, Q2.5 = mean - 1.96 * sd,
          Q97.5 = mean + 1.96 * sd)[posterior$group_display, , drop = FALSE]
  })
  all <- array(unlist(estimates), c(length(groups), 4, length(columns)),
               list(groups, colnames(estimates[[1]]), columns))
  if (!summary) {
    all <- as.data.frame(matrix(all[, 1, ], length(groups), dimnames = list(groups, columns)),
                         optional = TRUE)
  }
  stats::setNames(list(all), posterior$group)
}

covariance_estimate <- function(fit) {
  posterior <- fit$posterior
  columns <- posterior$random$column
  q <- length(columns)
  p <- length(posterior$fixed)
  sd <- apply(hyper_matrix(fit, p + seq_len(q)), 2, stats::median)
  correlation <- diag(q)
  pairs <- correlation_pairs(posterior)
  medians <- apply(hyper_matrix(fit, pairs$place), 2, stats::median)
  correlation[cbind(pairs$first, pairs$second)] <- medians
  correlation[cbind(pairs$second, pairs$first)] <- medians
  dimnames(correlation) <- list(columns, columns)
  names(sd) <- columns
  structure(correlation * tcrossprod(sd), stddev = sd, correlation = correlation,
            block = posterior$random$block)
}

# The correlations among the hyperparameters: their places, and the random columns of each pair.
correlation_pairs <- function(posterior) {
  pairs <- lapply(posterior$blocks, function(block) {
    if (length(block$columns) > 1) t(utils::combn(block$columns, 2))
  })
  pairs <- rbind(matrix(0L, 0, 2), do.call(rbind, pairs))
  # As pair_names() has them: each column with those before it.
  block <- posterior$random$block[pairs[, 1]]
  pairs <- pairs[order(block, pairs[, 2], pairs[, 1]), , drop = FALSE]
  first <- length(posterior$fixed) + nrow(posterior$random)
  data.frame(first = pairs[, 1], second = pairs[, 2], place = first + seq_len(nrow(pairs)))
}

#' @rdname relm-effects
#' @export
as.data.frame.VarCorr.relm <- function(x, row.names = NULL, optional = FALSE, ...) {
  group_rows <- function(name) {
    covariance <- x[[name]]
    columns <- rownames(covariance)
    q <- length(columns)
    block <- attr(covariance, "block")
    pairs <- which(lower.tri(covariance) & outer(block, block, "=="), arr.ind = TRUE)[, 2:1]
    pairs <- matrix(pairs, ncol = 2)
    data.frame(
      grp = name, var1 = columns[c(seq_len(q), pairs[, 1])],
      var2 = c(rep(NA, q), columns[pairs[, 2]]),
      vcov = c(diag(covariance), covariance[pairs]),
      sdcor = c(attr(covariance, "stddev"), attr(covariance, "correlation")[pairs])
    )
  }
  sc <- attr(x, "sc")
  levels <- if (is.null(names(sc))) NA_character_ else names(sc)
  residual <- data.frame(grp = "Residual", var1 = levels,
                         var2 = NA_character_, vcov = unname(sc)^2, sdcor = unname(sc))
  table <- do.call(rbind, c(lapply(names(x), group_rows), list(residual)))
  rownames(table) <- NULL
  table
}

#' @export
print.VarCorr.relm <- function(x, digits = 3, ...) {
  table <- as.data.frame(x)
  shown <- table[is.na(table$var2), c("grp", "var1", "sdcor")]
  names(shown) <- c("Groups", "Name", "Std.Dev.")
  shown$Name[is.na(shown$Name)] <- ""
  correlations <- vapply(seq_len(nrow(shown)), function(i) {
    rows <- table$grp == shown$Groups[i] & table$var2 %in% shown$Name[i]
    paste(sprintf("%.*f", digits - 1L, table$sdcor[rows]), collapse = " ")
  }, "")
  if (any(nzchar(correlations))) shown$Corr <- correlations
  shown$Std.Dev. <- format(signif(shown$Std.Dev., digits))
  print(shown, row.names = FALSE, right = FALSE)
  invisible(x)
}

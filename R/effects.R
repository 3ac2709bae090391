#' Coefficients, group effects and standard deviations
#'
#' Gives point estimates in the shapes of lme4 and rstanarm, or tables with intervals and draws in
#' the shapes of brms. Point estimates are posterior medians, which exist even where means do not.
#' If a fit has too many groups to keep draws of their effects (`group_draws` in [relm()]), the
#' estimates of group effects and coefficients are posterior means, and the intervals are those of a
#' normal distribution.
#'
#' @param object,x A fit.
#' @param summary `NULL`: medians. `TRUE`: a table with the columns `Estimate` (median),
#'   `Est.Error` (posterior standard deviation; `NA` where it does not exist), `Q2.5` and
#'   `Q97.5`. `FALSE`: draws, as in brms.
#' @param probs Probabilities of the quantiles in the table. If you give them, the result is a
#'   table.
#' @param robust The table's estimates: `TRUE` for the median and the median absolute deviation,
#'   `FALSE` for the mean and the standard deviation, `NA` where they do not exist; as in brms. By
#'   default the median and the standard deviation.
#' @param pars Names of coefficients or effects, in relm's or brms's spelling: `(Intercept)` or
#'   `Intercept`. All by default.
#' @param groups,whichel Names of grouping factors, all by default; `groups` is brms's argument and
#'   `whichel` is lme4's. The parts of an interaction may stand in any order.
#' @param condVar Give the data frame lme4's attribute `postVar`, the posterior covariance
#'   matrix of each group's effects, effects x effects x groups? `NA` where it does not exist.
#' @param drop Make a named vector of a data frame that has one column?
#' @param add.dropped,complete Show aliased columns, which the model leaves out, as `NA`? The first
#'   is lme4's argument, the second is R's.
#' @param correlation Give correlations instead of covariances?
#' @param sigma 1; a multiplier in nlme, which owns the generic.
#' @param use.fallback Nothing; stats has it for models without a number of rows.
#' @param ... Refused.
#' @return
#' * `fixef()`: a named vector, or a matrix with a row for each coefficient; or draws x
#'   coefficients.
#' * `ranef()`: a list with an element for each grouping factor, named by it: a data frame of gamma_j
#'   with a row for each group and a column for each effect. [as.data.frame()][relm-group-estimates]
#'   makes a long table from it. Or an array, groups x (2 + probabilities) x effects, or draws x
#'   groups x effects.
#' * `coef()`: the same for beta_j, the coefficients of each group: the fixed part and the deviation
#'   of this grouping factor. Coefficients without a fixed part come first, as in lme4; they are zero
#'   where only another grouping factor has them. Without groups, as `fixef()`.
#' * `VarCorr()`: a list with an element for each grouping factor, the covariance matrix made of the
#'   medians of standard deviations and correlations, with attributes `stddev` and `correlation`; its
#'   own attribute `sc` is the residual standard deviation. `as.data.frame()` gives lme4's table. Or,
#'   as in brms, a list for each grouping factor with tables `sd` and, if effects are correlated,
#'   `cor` and `cov` (effects x columns x effects), and a list named `residual__` with the residual
#'   `sd`; or their draws.
#' * `sigma()`: the residual standard deviation, or a named vector if there are several.
#' * `vcov()`: the posterior covariance matrix of the coefficients, or with `correlation` their
#'   correlations; `NA` where a variance does not exist.
#' * `ngrps()`: the number of groups of each grouping factor, named by it.
#' * `nobs()`: the number of rows.
#' @examples
#' fit <- relm(log(mercury) ~ log(length) + (1 | station), bass,
#'             chains = 2, draws = 200, seed = 1)
#' fixef(fit)
#' fixef(fit, probs = c(0.05, 0.95))
#' head(ranef(fit)$station)
#' head(coef(fit)$station)
#' VarCorr(fit)
#' VarCorr(fit, summary = TRUE)$station$sd
#' sigma(fit)
#' vcov(fit)
#' ngrps(fit)
#' @name relm-effects
NULL

#' @rdname relm-effects
#' @export
fixef.relm <- function(object, summary = NULL, probs = NULL, robust = NULL, pars = NULL,
                       add.dropped = FALSE, ...) {
  refuse_dots(list(...), "fixef")
  asked <- asked_estimates(summary, probs, robust)
  fixed <- object$posterior$fixed
  shown <- choose_columns(pars, shown_coefficients(object, add.dropped, "add.dropped"))
  place <- match(shown, fixed)
  draws <- hyper_matrix(object, shown_places_of(object$posterior, "b"))
  if (asked$form == "draws") {
    draws <- draws[, place, drop = FALSE]
    return(structure(draws, dimnames = list(NULL, shown)))
  }
  if (asked$form == "medians") {
    return(stats::setNames(apply(draws, 2, stats::median)[place], shown))
  }
  table <- asked_table(draws, tails_of_part(object$posterior, "b"), asked)
  table <- table[place, , drop = FALSE]
  structure(table, dimnames = list(shown, colnames(table)))
}

#' @rdname relm-effects
#' @export
sigma.relm <- function(object, ...) {
  refuse_dots(list(...), "sigma")
  if (!identical(family_of(object)$scale, "sigma")) {
    abort("A {family_of(object)$label} has no residual standard deviation.",
          i = if (identical(family_of(object)$scale, "shape")) {
            'The shape is among its draws: {.code as.matrix(fit, "shape")}.'
          })
  }
  values <- apply(sigma_draws(object), 2, stats::median)
  if (!has_strata(object$posterior)) return(unname(values))
  stats::setNames(values, shown_strata(object$posterior))
}

#' @rdname relm-effects
#' @export
vcov.relm <- function(object, correlation = FALSE, pars = NULL, complete = FALSE, ...) {
  refuse_dots(list(...), "vcov")
  check_flag(correlation, "correlation")
  fixed <- object$posterior$fixed
  draws <- hyper_matrix(object, shown_places_of(object$posterior, "b"))
  covariance <- if (correlation) stats::cor(draws) else stats::cov(draws)
  without <- tails_of_part(object$posterior, "b") <= 3
  covariance[without, ] <- covariance[, without] <- NA
  shown <- choose_columns(pars, shown_coefficients(object, complete, "complete"))
  place <- match(shown, fixed)
  matrix(covariance[place, place], length(place), dimnames = list(shown, shown))
}

#' @rdname relm-effects
#' @export
ngrps <- function(object, ...) UseMethod("ngrps")

#' @rdname relm-effects
#' @rawNamespace S3method(lme4::ngrps, relm)
#' @rawNamespace S3method(brms::ngrps, relm)
#' @export
ngrps.relm <- function(object, ...) {
  refuse_dots(list(...), "ngrps")
  groupings <- groupings_of(object$posterior)
  sizes <- vapply(groupings, function(grouping) length(grouping$groups), 0L)
  stats::setNames(sizes, names_of_groupings(object$posterior))
}

#' @export
ngrps.default <- function(object, ...) pass_on(c("lme4", "brms"), "ngrps", object, ...)

#' @rdname relm-effects
#' @export
nobs.relm <- function(object, ..., use.fallback = FALSE) {
  refuse_dots(list(...), "nobs")
  check_flag(use.fallback, "use.fallback")
  n <- object$posterior$n_rows
  if (n > .Machine$integer.max) n else as.integer(n)
}

check_grouped <- function(fit, what) {
  if (!has_groups(fit$posterior)) {
    of <- if (what %in% c("loo", "log_lik")) " by groups"
    abort("{.fn {what}}{of} needs group effects, and the model has none.",
          x = "It is {.code {deparse1(fit$posterior$formula)}}.")
  }
}

# What is asked for: medians unless anything tells of brms's tables, these, or draws.
asked_estimates <- function(summary, probs, robust) {
  of_table <- !is.null(probs) || !is.null(robust)
  if (!is.null(robust)) check_flag(robust, "robust")
  if (!is.null(probs)) check_probabilities(probs, "probs")
  if (!is.null(summary) && !check_flag(summary, "summary") && of_table) {
    abort("{.arg probs} and {.arg robust} are of tables, and {.code summary = FALSE} asks for
           draws.")
  }
  form <- if (isFALSE(summary)) "draws" else if (of_table || isTRUE(summary)) "table"
    else "medians"
  list(form = form, probs = if (is.null(probs)) c(0.025, 0.975) else probs, robust = robust)
}

# The table that is asked for, of draws whose densities fall with these exponents.
asked_table <- function(draws, tails, asked) {
  summary_table(draws, tails > 3, asked$probs, asked$robust, tails > 2)
}

# variance_exists, mean_exists: one for each column of draws, or one for all. robust: NULL for the
# median and the standard deviation.
summary_table <- function(draws, variance_exists, probs = c(0.025, 0.975), robust = NULL,
                          mean_exists = variance_exists) {
  summaries <- summarize_columns(draws, c(0.5, probs))
  estimate <- summaries$quantiles[, 1]
  error <- summaries$sd
  error[rep_len(!variance_exists, length(error))] <- NA
  if (isTRUE(robust)) error <- apply(draws, 2, stats::mad)
  if (isFALSE(robust)) {
    estimate <- colMeans(draws)
    estimate[rep_len(!mean_exists, length(estimate))] <- NA
  }
  table <- cbind(estimate, error, summaries$quantiles[, -1, drop = FALSE])
  dimnames(table) <- list(colnames(draws), c("Estimate", "Est.Error", paste0("Q", 100 * probs)))
  table
}

# Columns by their names or as these are spelled in names of draws, in the order of the model.
choose_columns <- function(pars, columns) {
  if (is.null(pars)) return(columns)
  is_text <- is.character(pars) && length(pars) > 0
  place <- if (is_text) match(pars, columns)
  if (is_text) place[is.na(place)] <- match(pars[is.na(place)], spell_term(columns))
  if (!is_text || anyNA(place)) {
    abort("{.arg pars} must name columns of the model.", x = "It is {describe(pars)}.",
          i = "They are {.val {columns}}.")
  }
  columns[sort(unique(place))]
}

# The coefficients, or all columns of the model matrix with those that are aliased.
shown_coefficients <- function(fit, with_aliased, argument) {
  if (!check_flag(with_aliased, argument)) return(fit$posterior$fixed)
  colnames(design_rows(design_of(fit, paste(argument, "= TRUE")), 1L)$X)
}

# The numbers of the groupings that brms's and lme4's arguments name.
groupings_asked <- function(fit, groups, whichel = NULL) {
  if (!is.null(groups)) check_grouped(fit, "groups")
  chosen <- chosen_groupings(fit$posterior, groups, "groups")
  if (is.null(whichel)) return(chosen)
  own <- intersect(chosen, chosen_groupings(fit$posterior, whichel, "whichel"))
  if (length(own)) return(own)
  abort("{.arg groups} and {.arg whichel} name no grouping together.",
        x = "They are {.val {groups}} and {.val {whichel}}.", i = "Give one of them.")
}

# Columns of each of some groupings, of which some may have none that are chosen.
columns_by_grouping <- function(pars, columns) {
  chosen <- choose_columns(pars, unique(unlist(columns)))
  lapply(columns, intersect, chosen)
}

# Standard deviation of each column, and quantiles, columns x probs.
summarize_columns <- function(draws, probs) {
  rising <- sort(unique(probs))
  if (ncol(draws) == 0) return(list(sd = numeric(), quantiles = matrix(0, 0, length(probs))))
  summaries <- .Call(ffi_summarize_columns, draws, rising)
  list(sd = summaries[2, ], quantiles = t(summaries[2 + match(probs, rising), , drop = FALSE]))
}

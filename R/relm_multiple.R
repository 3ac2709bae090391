#' Fits to several imputed data sets
#'
#' Fits a model to each of several completed data sets, such as multiple imputation gives, and pools
#' the draws of all fits into one object.
#'
#' @section Pooling:
#' Let \eqn{D_1, \dots, D_m}{D_1, ..., D_m} be draws of the completed data from \eqn{p(D \mid
#' observed)}{p(D | observed)}. The posterior given what was observed is \deqn{p(\theta \mid
#' observed) = \int p(\theta \mid D)\, p(D \mid observed)\, dD,}{p(theta | observed) = E p(theta |
#' D),} and the draws of all fits together, as many of each, are draws of its estimate \eqn{\frac1m
#' \sum_i p(\theta \mid D_i)}{(1/m) sum p(theta | D_i)} (Zhou and Reiter, 2010). Quantiles and
#' probabilities are those of the mixture, and nothing is assumed to be normal.
#'
#' The mixture's variance is the mean of the variances within, plus the variance of the means. With
#' W the mean of the m posterior variances, and B the variance of the m posterior means with divisor
#' m - 1, the latter with divisor m is (m - 1) B / m, so that the pooled draws have the variance
#' \deqn{W + (1 - 1/m) B.}{W + (1 - 1/m) B.} Rubin (1987) has \eqn{W + (1 + 1/m) B}{W + (1 + 1/m) B}
#' for estimates. Var(theta | observed) is estimated by W + B without bias. His further B/m is for
#' the error of the mean of the m means, as an estimate of the posterior mean. The mixture lacks
#' B/m, since the same m means tell where it is centered and how wide it is. So with few imputations
#' pooled draws are too narrow: by 2B/m from Rubin's rule, of a variance of about W + B. With five
#' imputations and B = W that is a fifth of the variance, with a hundred a hundredth. Zhou and
#' Reiter (2010) therefore advise many imputations, 100 or more, and to mix the draws of all. Fits
#' are cheap: take fewer `draws` of each rather than few imputations.
#'
#' @section What the object can do:
#' It is a fit whose draws are those of all fits: `as_draws()` and its kin, `as.matrix()`,
#' `summary()`, `fixef()`, `ranef()`, `coef()`, `VarCorr()`, `posterior_interval()`, `hypothesis()`,
#' `posterior_predict(newdata = )` and other predictions of new rows work. What needs one data set
#' is refused by name: residuals and predictions without `newdata`, `pp_check()`, `loo()`,
#' `log_lik()`, `logml()`, `update()`, `refit()`, `extend()`, `c()`, `emmeans()`. The fits
#' themselves are the list `fits` of the object: ask one of them, as in `loo(fit$fits[[1]])`.
#'
#' R-hat of all chains together compares imputations, whose posteriors differ: it is no sign of bad
#' mixing. `summary()` has R-hat within the fits, the largest over them, and R-hat between;
#' effective sample sizes are sums over the fits.
#'
#' @param formula A model, as in [relm()].
#' @param data A list of two or more data frames that have the same columns, of the same types and
#'   levels, and the same number of rows; or an object of class `mids` of the package mice.
#' @param ... Other arguments of [relm()], by name, which hold for each fit. `weights`, `offset` and
#'   `subset` are evaluated in each data frame. `target_ess`, `init` and `prior_only` are refused.
#' @param seed A whole number, or `NULL` to take one from the session's stream. Each fit has a seed
#'   of its own from it. The draws are the same whatever `cores` is.
#' @param cores Number of processes, each for a fit at a time; or `"future"`, as in [relm()].
#' @param progress Show a progress bar?
#' @param object A pooled fit.
#' @param variable,regex,pars,regex_pars,prob,probs,robust,digits As in [summary()][summary.relm].
#' @param x A summary.
#' @return `relm_multiple()`: an object of class `relm_multiple`, a [relm()] fit with the further
#'   element `fits`, the list of fits. `summary()`: a data frame as that of
#'   [summary()][summary.relm], with `rhat_within` and `rhat_between` in place of `rhat`, and
#'   `between`, the share of \eqn{(1 - 1/m) B} in the variance of the draws.
#' @section Errors:
#' A data frame that differs from the first in its columns, their types, levels or number of rows is
#' named, and so are fits that end in an error, and fits whose coefficients, groups or bases, such
#' as that of `poly()`, are others than those of the first.
#' @references
#' Rubin, D. B. (1987). *Multiple Imputation for Nonresponse in Surveys*. Wiley.
#'
#' Zhou, X. and Reiter, J. P. (2010). A note on Bayesian inference after multiple imputation. *The
#' American Statistician* 64, 159--163.
#' @examples
#' # Lengths that were not measured, drawn around the mean of their station.
#' set.seed(1)
#' lost <- sample(nrow(bass), 20)
#' imputed <- lapply(1:5, function(i) {
#'   known <- replace(bass$length, lost, NA)
#'   mean <- ave(known, bass$station, FUN = function(x) mean(x, na.rm = TRUE))
#'   drawn <- exp(log(mean) + 0.1 * rnorm(nrow(bass)))
#'   transform(bass, length = ifelse(is.na(known), drawn, known))
#' })
#' fit <- relm_multiple(log(mercury) ~ log(length) + (1 | station), imputed,
#'                      chains = 2, draws = 100, seed = 1)
#' summary(fit)
#' @seealso [many-fits] for other uses of many fits.
#' @export
relm_multiple <- function(formula, data, ..., seed = NULL, cores = 1, progress = interactive()) {
  if (missing(data)) abort("{.arg data} is missing.", i = "Give a list of data frames.")
  call <- match.call()
  arguments <- rlang::enquos(...)
  check_multiple_arguments(arguments)
  imputations <- imputations_of(data)
  check_alike(imputations)
  seed <- check_seed(seed)
  seeds <- chain_seeds(seed, length(imputations))
  one <- function(i) {
    fit <- eval(as.call(c(list(quote(relm), formula, data = imputations[[i]], seed = seeds[i],
                               progress = FALSE), changed_arguments(arguments))))
    fit$call <- call_of_imputation(call, i, seeds[i], inherits(data, "mids"))
    fit
  }
  fits <- fit_each(one, length(imputations), check_cores(cores), check_flag(progress, "progress"),
                   "Imputation")
  check_pooled_fits(fits)
  pool_fits(call, fits, seed)
}

check_multiple_arguments <- function(arguments) {
  own <- c("formula", "data", "seed", "cores", "progress", "...")
  known <- setdiff(names(formals(relm.formula)), own)
  check_dots_empty(arguments[!rlang::names2(arguments) %in% known], c(own, known), "relm_multiple")
  refused <- intersect(c("target_ess", "init", "prior_only"), names(arguments))
  if (length(refused) == 0) return(invisible())
  reason <- c(target_ess = "every fit has to have as many draws as the others",
              init = "every fit starts by itself", prior_only = "the prior has nothing to pool")
  abort("{.arg {refused[1]}} has no place in {.fn relm_multiple}: {reason[[refused[1]]]}.",
        i = "Leave it out.")
}

# As it would be written for one of them.
call_of_imputation <- function(call, i, seed, of_mice) {
  call[[1]] <- quote(relm)
  call$data <- if (of_mice) bquote(mice::complete(.(call$data), .(i)))
    else bquote(.(call$data)[[.(i)]])
  call$seed <- seed
  call$cores <- call$progress <- NULL
  if (inherits(call$formula, "formula")) call$formula <- without_attributes(call$formula)
  call
}

imputations_of <- function(data) {
  if (inherits(data, "mids")) {
    check_installed("mice", "relm_multiple() of a mids object")
    data <- lapply(seq_len(data$m), function(i) mice::complete(data, i))
  }
  if (!is.list(data) || is.data.frame(data) || length(data) < 2) {
    abort("{.arg data} must be a list of two or more data frames, or a {.cls mids} object of mice.",
          x = "It is {describe(data)}.", i = if (is.data.frame(data)) "Use {.fn relm} for one.")
  }
  for (i in seq_along(data)) {
    if (is.data.frame(data[[i]])) next
    abort("Element {i} of {.arg data} must be a data frame.", x = "It is {describe(data[[i]])}.")
  }
  unname(data)
}

check_alike <- function(imputations) {
  first <- imputations[[1]]
  for (i in seq_along(imputations)[-1]) {
    other <- imputations[[i]]
    if (nrow(other) != nrow(first)) {
      refuse_unlike(i, "{nrow(other)} rows, and the first {nrow(first)}")
    }
    lacks <- setdiff(names(first), names(other))
    if (length(lacks)) refuse_unlike(i, "no column {.var {lacks}}, which the first has")
    more <- setdiff(names(other), names(first))
    if (length(more)) refuse_unlike(i, "a column {.var {more}}, which the first has not")
    for (name in names(first)) check_same_column(first[[name]], other[[name]], name, i)
  }
}

refuse_unlike <- function(i, what, envir = parent.frame()) {
  shown <- cli::format_inline(what, .envir = envir)
  abort("Imputation {i} has {shown}.",
        i = "Imputations differ in the values of their columns alone.")
}

check_same_column <- function(first, other, name, i) {
  if (!identical(class(first), class(other)) || !identical(typeof(first), typeof(other))) {
    kinds <- vapply(list(other, first), function(x) class(x)[1], "")
    numbers <- is.numeric(first) && is.numeric(other) && is.null(attributes(first)) &&
      is.null(attributes(other))
    if (numbers) return(invisible())
    refuse_unlike(i, "a column {.var {name}} of class {kinds[1]}, and the first one of class
                      {kinds[2]}")
  }
  if (!identical(levels(first), levels(other))) {
    refuse_unlike(i, "other levels of {.var {name}} than the first, or in another order")
  }
}

# Runs one(i) for each fit, and tells once what messages and warnings they had. what: what i counts.
fit_each <- function(one, n, cores, progress, what) {
  run <- function(i, tell) {
    said <- list()
    keep <- function(condition) {
      said[[length(said) + 1]] <<- condition
      rlang::cnd_muffle(condition)
    }
    fit <- tryCatch(
      withCallingHandlers(one(i), message = keep, warning = keep),
      error = function(e) {
        why <- conditionMessage(e)
        abort("{what} {i} could not be fitted.", x = "{why}")
      }
    )
    if (!is.null(tell)) tell(1)
    list(fit = fit, said = said, interrupted = FALSE)
  }
  # What one of them leaves is no fit of all.
  on.exit(forget_unfinished())
  results <- run_chains(run, n, cores, 1, progress, "fit")
  tell_once(lapply(results, `[[`, "said"), what)
  lapply(results, `[[`, "fit")
}

# Conditions of each fit: those that all had as they were, others with the numbers of the fits.
tell_once <- function(said, what) {
  owner <- rep(seq_along(said), lengths(said))
  all <- unlist(said, recursive = FALSE)
  text <- vapply(all, conditionMessage, "")
  for (one in unique(text)) {
    own <- unique(owner[text == one])
    which <- if (length(own) < length(said)) paste0(what, " ", shorten(own), ": ") else ""
    shown <- trimws(paste0(which, one))
    if (inherits(all[[match(one, text)]], "warning")) rlang::warn(shown) else inform("{shown}")
  }
}

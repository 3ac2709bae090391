#' K-fold cross-validation
#'
#' Leaves out one part of the rows at a time, fits the model again without it, and predicts its
#' rows. This takes K fits and needs no weights. [loo()][loo.relm] is faster if its Pareto k are
#' below 0.7.
#'
#' The estimate is the sum over rows of \eqn{\log p(y_i \mid y_{-k})}{log p(y_i | y_-k)}, with k the
#' fold of row i (Vehtari, Gelman and Gabry, 2017, section 2.4). Group effects are integrated out,
#' with crossed groupings those of one of them, and of all groups that are not in the other folds.
#' If a group has rows in other folds, its effects are conditional on these rows; otherwise only on
#' the hyperparameters. So folds of whole groups, as from `loo::kfold_split_grouped()`, measure how
#' well the model predicts new groups.
#'
#' With another family than the Gaussian one the effects of one grouping are integrated out by the
#' sampler's lattice. With several groupings, rows are given the effects as they were drawn, and
#' groups that are not in the other folds get draws of theirs.
#'
#' @inheritParams loo.relm
#' @param K How many folds to make at random, as equal as possible. You may leave it out if `folds`
#'   or `group` determine the number.
#' @param folds `NULL` for folds of rows; a vector with a value for each row of the fit, equal for
#'   rows that are left out together; or, as in brms, `"stratified"` for folds that have rows of
#'   each group in equal shares, `"grouped"` for folds of whole groups, or `"loo"` for a fold for
#'   each row.
#' @param group The name of a grouping factor or of a variable of the model, whose values are the
#'   groups of `"stratified"` and `"grouped"`; without `folds`, each value is a fold.
#' @param seed The seed of the folds and the refits: a whole number, or `NULL` to take one from the
#'   session's stream.
#' @param ... Refused by relm's method.
#' @return An object of loo's class `kfold`, which loo prints and compares. `pointwise` has a row
#'   for each row of the data. `p_kfold` is the log density of the row given all rows minus the log
#'   density given the other folds.
#' @section Errors:
#' A fit of cross-products has no rows. If there is no posterior without a fold, nothing can be
#' predicted, and the error names the fold. This happens if only that fold informs a coefficient
#' with a flat prior.
#' @references
#' Vehtari, A., Gelman, A. and Gabry, J. (2017). Practical Bayesian model evaluation using
#' leave-one-out cross-validation and WAIC. *Statistics and Computing* 27, 1413--1432.
#' @examplesIf requireNamespace("loo", quietly = TRUE)
#' fit <- relm(log(mercury) ~ log(length) + (1 | station), bass,
#'             chains = 2, draws = 500, seed = 1)
#' kfold(fit, K = 5, seed = 1)
#' kfold(fit, folds = loo::kfold_split_grouped(4, bass$station), seed = 1)
#' @name kfold.relm
NULL

#' @rdname kfold.relm
#' @export
kfold <- function(x, ...) UseMethod("kfold")

#' @export
kfold.default <- function(x, ...) pass_on("loo", "kfold", x, ...)

#' @rdname kfold.relm
#' @rawNamespace S3method(loo::kfold, relm)
#' @export
kfold.relm <- function(x, K = 10, folds = NULL, seed = NULL, group = NULL, ...) {
  name <- model_name(substitute(x))
  refuse_dots(list(...), "kfold")
  check_installed("loo", "kfold()")
  check_several_draws(x, "kfold")
  n <- nrow(design_of(x, "kfold()")$frame)
  seed <- check_seed(seed)
  values <- if (!is.null(group)) fold_groups(x, group)
  folds <- choose_folds(if (!missing(K)) K, folds, values, n, seed)
  exact <- predict_folds(x, folds, seed)
  elpd <- exact["log_density", ]
  lpd <- given_all_data(x)
  pointwise <- cbind(elpd_kfold = elpd, mcse_elpd_kfold = exact["mcse", ], p_kfold = lpd - elpd,
                     kfoldic = -2 * elpd)
  estimates <- matrix(0, 3, 2, dimnames = list(c("elpd_kfold", "p_kfold", "kfoldic"),
                                               c("Estimate", "SE")))
  result <- set_estimates(list(estimates = estimates, pointwise = pointwise))
  result <- structure(result, class = c("kfold", "loo"), K = nlevels(folds), folds = folds,
                      dims = c(ndraws(x), n))
  describe_criterion(result, x, "row", name)
}

# A factor with the folds of rows as its levels. groups: those of the rows, if any are named.
choose_folds <- function(K, folds, groups, n, seed) {
  if (is.character(folds) && length(folds) == 1) {
    return(split_folds(K, folds, groups, n, seed))
  }
  if (!is.null(folds) && !is.null(groups)) {
    abort("{.arg group} has no place beside a vector of {.arg folds}.", i = "Give one of them.")
  }
  if (is.null(folds) && is.null(groups)) {
    K <- check_folds_count(if (is.null(K)) 10 else K, n)
    return(factor(with_stream(seed, sample(rep_len(seq_len(K), n)))))
  }
  if (is.null(folds)) check_folds(groups, n, K, "group") else check_folds(folds, n, K, "folds")
}

split_folds <- function(K, kind, groups, n, seed) {
  check_choice(kind, "folds", c("stratified", "grouped", "loo"))
  if (kind == "loo") {
    if (!is.null(groups)) abort('{.arg group} has no place in {.code folds = "loo"}.')
    return(check_folds(seq_len(n), n, K, "folds"))
  }
  if (is.null(groups)) {
    abort('{.code folds = "{kind}"} needs {.arg group}, the name of a variable of the model.')
  }
  most <- if (kind == "grouped") nlevels(groups) else n
  K <- check_folds_count(if (is.null(K)) min(10, most) else K, most,
                         if (kind == "grouped") "groups" else "rows")
  split <- if (kind == "grouped") loo::kfold_split_grouped else loo::kfold_split_stratified
  check_folds(with_stream(seed, split(K, groups)), n, NULL, "folds")
}

# The values of a variable of the model, or the groups, of each row.
fold_groups <- function(fit, group) {
  design <- fit$design
  usable <- names(Filter(function(column) is.null(dim(column)), design$frame[-1]))
  groupings <- vapply(groupings_of(fit$posterior), `[[`, "", "name")
  check_choice(group, "group", unique(c(groupings, usable)))
  if (group %in% groupings) {
    levels <- group_levels(factors_of(design)[[grouping_part(match(group, groupings))]])
    return(factor(levels$labels[levels$index], levels$labels[levels$display]))
  }
  droplevels(as.factor(design$frame[[group]]))
}

check_folds_count <- function(K, n, of = "rows") {
  K <- check_count(K, "K", least = 2)
  if (K > n) abort("{.arg K} must be at most the number of {of}, {n}.", x = "It is {K}.")
  K
}

check_folds <- function(folds, n, K, argument) {
  if (!is.atomic(folds) || length(folds) != n) {
    abort("{.arg folds} must be a vector with a value for each of the {n} rows.",
          x = "It is {describe(folds)}.")
  }
  if (anyNA(folds)) abort("{.arg {argument}} must not have missing values.")
  folds <- droplevels(as.factor(folds))
  if (nlevels(folds) < 2) abort("{.arg {argument}} must have at least two values.")
  if (!is.null(K) && check_count(K, "K") != nlevels(folds)) {
    abort("{.arg K} must be the number of folds in {.arg {argument}}, {nlevels(folds)}.",
          x = "It is {K}.", i = "It may be left out.")
  }
  folds
}

# The log density of each row given the other folds, and its Monte Carlo standard error.
predict_folds <- function(fit, folds, seed) {
  seeds <- chain_seeds(seed, nlevels(folds))
  exact <- matrix(0, 2, length(folds), dimnames = list(c("log_density", "mcse"), NULL))
  for (k in seq_len(nlevels(folds))) {
    left_out <- which(as.integer(folds) == k)
    without <- fit_without(fit, left_out, paste("fold", dQuote(levels(folds)[k], FALSE)), seeds[k])
    ordered <- in_order_of_groups(without, left_out, fit$design)
    for (rows in split_columns(ordered, ndraws(without))) {
      exact[, rows] <- apply(left_out_rows(without, fit, rows), 2, log_mean_exp,
                             without$sampling$chains)
    }
  }
  exact
}

# The log density of each row given all rows, perhaps from the effects as they are drawn.
given_all_data <- function(fit) {
  if (!takes_effects_as_drawn(fit)) return(integrated_row_density(fit)$lpd())
  density <- conditional_row_density(fit)
  values <- lapply(density$blocks, function(places) col_log_mean_exp(density$columns(places)))
  unlist(values)[order(density$order)]
}

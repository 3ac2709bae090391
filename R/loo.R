#' Leave-one-out cross-validation
#'
#' Estimate how well a model predicts rows, or whole groups, that it has not seen. `loo()` estimates
#' the log density of each row or group given the others by Pareto smoothed importance sampling,
#' with the package loo (Vehtari, Gelman and Gabry, 2017). `waic()` uses the widely applicable
#' information criterion. `loo_compare()` compares models.
#'
#' @section Rows:
#' Given the hyperparameters \eqn{\theta = (\beta, \Sigma, \sigma)}, a row has a normal density
#' given the other rows of its group, \eqn{p(y_i \mid y_{j,-i}, \theta)}{p(y_i | y_j,-i, theta)}.
#' `loo()` weighs the draws of \eqn{\theta} by its inverse, because \deqn{p(y_i \mid y_{-i})^{-1} =
#' E\{p(y_i \mid y_{j,-i}, \theta)^{-1} \mid y\}.}{1 / p(y_i | y_-i) = E(1 / p(y_i | y_j,-i, theta)
#' | y).} This is the integrated importance sampling of Vehtari, Mononen, Tolvanen, Sivula and
#' Winther (2016, section 3.6). The usual weights, `integrated = FALSE`, are the inverses of the
#' conditional density \eqn{p(y_i \mid \theta, \gamma_j)}{p(y_i | theta, gamma_j)}. Their mean over
#' \eqn{\gamma_j} given \eqn{\theta} and y is the integrated weight. By the Rao-Blackwell theorem
#' the variance of the usual weights can only be larger, and it is much larger if a group has few
#' rows. Both estimate the same quantity. For both, `p_loo` is the log density of a row given all
#' rows minus the log density given the other rows.
#'
#' With several groupings, of which each is nested in the next, the effects of all are integrated
#' out. With crossed ones, those of the grouping with the most groups are, and of those that it is
#' nested in; the effects of the others are those of the draw.
#'
#' With [student()] the weights of the rows are drawn once more, and are parameters too: given those of
#' the other rows of a group its effects are normal, and are integrated out with the row's own weight.
#' With several groupings the effects of the others, than that with the most groups, are those of the
#' draw. Whole groups have no such density.
#'
#' With successes or counts and one grouping, the density of a row given the others
#' of its group is a ratio of two integrals by the sampler's lattice. With several groupings, use
#' `integrated = FALSE`, or [kfold()][kfold.relm].
#'
#' @section Groups:
#' `by = "group"` leaves out whole groups, from the densities \eqn{p(y_j \mid \theta)}{p(y_j |
#' theta)} of [log_lik()][log_lik.relm] with the group effects integrated out. This measures how
#' well the model predicts a new group (Merkle, Furr and Rabe-Hesketh, 2019), and `p_loo` counts
#' only hyperparameters.
#'
#' @section Exact refits:
#' A Pareto k above 0.7 says that importance sampling has failed. With `reloo = TRUE` the model is
#' then fitted again without that row or group, and its log density is averaged over the draws of
#' this fit. The design does not change: the basis of `poly()` or a spline is not computed again.
#' There may be no posterior without a row or group: if only this row or group informs a coefficient
#' with a flat prior, if it leaves two groups, or if without it the outcomes are separated. Then
#' there is no density, Pareto k is infinite, and a refit is an error. With another family than the
#' Gaussian one, this is found out for rows whose Pareto k is above 0.5, up to twenty.
#'
#' @section Large data:
#' Rows go through loo in blocks, so the matrix of draws x rows is never in memory. loo takes about
#' a millisecond for a row and 1,000 draws, and shares the rows between `cores`. loo's own interface
#' for large data works row by row with [log_lik()][log_lik.relm]. It corresponds to
#' `integrated = FALSE`, is slower, and keeps some kilobytes for each row:
#' ```
#' density <- function(data_i, draws) log_lik(draws, newdata = data_i)[, 1]
#' loo::loo(density, data = data, draws = fit)
#' ```
#'
#' @param x A fit.
#' @param by `"row"`, or `"group"` to leave out whole groups.
#' @param grouping With `by = "group"` and several groupings, the name of the one whose whole groups
#'   are left out: see [log_lik()][log_lik.relm]. [kfold()][kfold.relm] leaves out those of any.
#' @param integrated Integrate the group effects out? See below. Only `loo()` for rows uses it.
#' @param reloo Refit if Pareto k is above `k_threshold`?
#' @param k_threshold See `reloo`.
#' @param r_eff Relative efficiencies of the draws, one for each row or group. Computed when `NULL`.
#'   With more than 1,000 rows, they are computed for 1,000 rows spread over the data, and all rows
#'   get their median.
#' @param cores Number of processes that loo uses.
#' @param save_psis Keep the smoothed weights? They need memory for draws x rows, and so does their
#'   computation.
#' @param seed The seed of the refits: a whole number, or `NULL` to take one from the session's
#'   stream if something is refitted.
#' @param criterion The criterion for the comparison of fits: `"loo"`, `"waic"`, or `"kfold"` if
#'   [add_criterion()] has kept it in each fit.
#' @param model_names Names of the models; by default as they are written in the call.
#' @param ... `loo()` and `waic()`: more fits, which are compared. `loo_compare()`: more fits, or
#'   results of `loo()` or `waic()`; a list of them may be `x` itself. All else is refused.
#' @return
#' * `loo()`: an object of loo's class `psis_loo`, `waic()` of its class `waic`. loo prints,
#'   compares and plots them. `pointwise` has a row for each row of the data or, in the order of
#'   their levels, for each group.
#'   Of several fits a list like brms's: `loos`, the results named by fit, and `diffs`, what
#'   `loo_compare()` gives of them.
#' * `loo_compare()`: loo's table, a row for each model by its name, the best first.
#' @section Errors:
#' A fit of cross-products has no rows, and it has groups only if they were kept (`by_group` in
#' [crossprods()]). With another family than the Gaussian one, groups need the rows, and several
#' groupings have no integrated densities. A group with its own residual variance under an improper
#' prior has no density given the other groups.
#' @references
#' Merkle, E. C., Furr, D. and Rabe-Hesketh, S. (2019). Bayesian comparison of latent variable
#' models: conditional versus marginal likelihoods. *Psychometrika* 84, 802--829.
#'
#' Vehtari, A., Gelman, A. and Gabry, J. (2017). Practical Bayesian model evaluation using
#' leave-one-out cross-validation and WAIC. *Statistics and Computing* 27, 1413--1432.
#'
#' Vehtari, A., Mononen, T., Tolvanen, V., Sivula, T. and Winther, O. (2016). Bayesian
#' leave-one-out cross-validation approximations for Gaussian latent variable models. *Journal of
#' Machine Learning Research* 17(103), 1--38.
#' @examplesIf requireNamespace("loo", quietly = TRUE)
#' bass$x <- log(bass$length) - ave(log(bass$length), bass$station)
#' fit1 <- relm(log(mercury) ~ x, bass, chains = 2, draws = 500, seed = 1)
#' fit2 <- relm(log(mercury) ~ x + (1 | station), bass, chains = 2, draws = 500, seed = 1)
#' loo(fit2)
#' loo(fit2, by = "group")
#' loo_compare(fit1, fit2)
#' @name loo.relm
NULL

#' @rdname loo.relm
#' @export
loo <- function(x, ...) UseMethod("loo")

#' @export
loo.default <- function(x, ...) pass_on("loo", "loo", x, ...)

#' @rdname loo.relm
#' @rawNamespace S3method(loo::loo, relm)
#' @export
loo.relm <- function(x, ..., by = "row", integrated = TRUE, reloo = FALSE, k_threshold = 0.7,
                     r_eff = NULL, cores = getOption("mc.cores", 1), save_psis = FALSE,
                     seed = NULL, grouping = NULL) {
  name <- model_name(substitute(x))
  others <- other_fits(list(...))
  refuse_dots(others$rest, "loo")
  if (length(others$fits)) {
    names <- names_of_models(as.list(substitute(list(x, ...)))[-1])
    return(several_criteria(c(list(x), others$fits), names, function(fit) {
      loo.relm(fit, by = by, integrated = integrated, reloo = reloo, k_threshold = k_threshold,
               r_eff = r_eff, cores = cores, save_psis = save_psis, seed = seed,
               grouping = grouping)
    }))
  }
  check_installed("loo", "loo()")
  check_several_draws(x, "loo")
  check_choice(by, "by", c("row", "group"))
  if (!is.null(seed)) check_seed(seed)
  for (flag in c("integrated", "reloo", "save_psis")) check_flag(get(flag), flag)
  if (check_number(k_threshold, "k_threshold") < 0) {
    abort("{.arg k_threshold} must not be negative.", x = "It is {k_threshold}.",
          i = "0 with {.code reloo = TRUE} fits anew wherever importance sampling may err.")
  }
  root <- left_out_root(x, by, grouping)
  density <- left_out_density(x, by, integrated, root)
  result <- smoothed_loo(density, r_eff, check_count(cores, "cores"), save_psis)
  if (!is.null(density$lpd)) result <- set_lpd(result, density$lpd())
  pareto_k <- result$diagnostics$pareto_k
  result$diagnostics$pareto_k[without_density(x, by, root, pareto_k)] <- Inf
  bad <- which(result$diagnostics$pareto_k > k_threshold)
  if (reloo && length(bad)) result <- leave_out_exactly(x, by, bad, result, seed, root)
  else if (length(bad)) warn_pareto_k(by, bad, k_threshold)
  describe_criterion(result, x, by, name)
}

# The number of the grouping whose whole groups are left out.
left_out_root <- function(fit, by, grouping) {
  if (by == "group") check_grouped(fit, "loo")
  chosen_root(fit$posterior, by, grouping)
}

#' @rdname loo.relm
#' @export
waic <- function(x, ...) UseMethod("waic")

#' @export
waic.default <- function(x, ...) pass_on("loo", "waic", x, ...)

#' @rdname loo.relm
#' @rawNamespace S3method(loo::waic, relm)
#' @export
waic.relm <- function(x, ..., by = "row", grouping = NULL) {
  name <- model_name(substitute(x))
  others <- other_fits(list(...))
  refuse_dots(others$rest, "waic")
  if (length(others$fits)) {
    names <- names_of_models(as.list(substitute(list(x, ...)))[-1])
    return(several_criteria(c(list(x), others$fits), names, function(fit) {
      waic.relm(fit, by = by, grouping = grouping)
    }))
  }
  check_installed("loo", "waic()")
  check_several_draws(x, "waic")
  check_choice(by, "by", c("row", "group"))
  root <- left_out_root(x, by, grouping)
  density <- left_out_density(x, by, FALSE, root)
  result <- block_by_block(density, FALSE, function(values, places) loo::waic(values))
  warn_p_waic(by, result$pointwise[, "p_waic"])
  describe_criterion(result, x, by, name)
}

#' @rdname loo.relm
#' @export
loo_compare <- function(x, ...) {
  if (missing(x)) return(compare_named(...))
  UseMethod("loo_compare")
}

# Models that all have names, as do.call() gives those of a named list.
compare_named <- function(...) {
  given <- list(...)
  models <- vapply(given, inherits, NA, c("relm", "loo"))
  do.call(loo_compare.default, c(list(given[models]), given[!models]))
}

#' @export
loo_compare.default <- function(x, ...) {
  kinds <- if (is.list(x)) vapply(x, function(one) inherits(one, "relm"), NA)
  if (any(kinds) && all(kinds | vapply(x, inherits, NA, "loo"))) {
    names <- names(x)
    if (is.null(names)) names <- paste0("model", seq_along(x))
    return(compare_list(unname(x), names, ...))
  }
  pass_on("loo", "loo_compare", x, ...)
}

#' @rdname loo.relm
#' @rawNamespace S3method(loo::loo_compare, relm)
#' @export
loo_compare.relm <- function(x, ..., criterion = "loo", by = "row", model_names = NULL) {
  expressions <- as.list(substitute(list(x, ...)))[-1]
  others <- list(...)
  is_option <- check_compared(others)
  if (is.null(model_names)) model_names <- names_of_models(expressions[c(TRUE, !is_option)])
  do.call(compare_fits, c(list(c(list(x), others[!is_option]), model_names, criterion = criterion,
                               by = by), others[is_option]))
}

compare_list <- function(fits, names, ..., criterion = "loo", by = "row", model_names = names) {
  if (!all(check_compared(list(...)))) {
    abort("{.fn loo_compare} takes one list, or models one by one.", i = "Put all into the list.")
  }
  compare_fits(fits, model_names, criterion, by, ...)
}

# Which of these are options of loo(), and not fits or their criteria.
check_compared <- function(others, known = c("x", "criterion", "by", "model_names"),
                           what = "loo_compare") {
  options <- c("integrated", "reloo", "k_threshold", "cores", "seed", "grouping")
  names <- if (is.null(names(others))) rep("", length(others)) else names(others)
  compared <- vapply(others, inherits, NA, c("relm", "loo"))
  foreign <- which(!compared & !names %in% options)
  if (length(foreign) == 0) return(!compared)
  if (names[foreign[1]] != "") {
    check_dots_empty(others[foreign], c(known, options), what)
  }
  abort("{.fn {what}} compares fits of {.fn relm} and results of {.fn loo}, {.fn waic} or
         {.fn kfold}.", x = "Argument {foreign[1] + 1} is {describe(others[[foreign[1]]])}.")
}

compare_fits <- function(fits, model_names, criterion = "loo", by = "row", ...) {
  check_installed("loo", "loo_compare()")
  check_choice(criterion, "criterion", c("loo", "waic", "kfold"))
  criteria <- criteria_of_fits(fits, model_names, criterion, by, "loo_compare", ...)
  name_rows(loo::loo_compare(criteria))
}

# A list of criteria, named by model.
criteria_of_fits <- function(fits, model_names, criterion, by, what, ...) {
  if (length(fits) < 2) abort("{.fn {what}} needs at least two models.")
  if (!is.character(model_names) || length(model_names) != length(fits)) {
    abort("{.arg model_names} must have {length(fits)} names.",
          x = "It is {describe(model_names)}.")
  }
  check_same_data(Filter(function(fit) inherits(fit, "relm"), fits))
  criteria <- lapply(fits, function(fit) {
    if (!inherits(fit, "relm")) return(fit)
    criterion_of(fit, criterion, by, ...)
  })
  stats::setNames(criteria, model_names)
}

# One that add_criterion() has kept, where it is what is asked for; or a new one.
criterion_of <- function(fit, criterion, by, ...) {
  kept <- fit$criteria[[criterion]]
  if (!is.null(kept) && ...length() == 0 && identical(attr(kept, "by"), by)) return(kept)
  switch(criterion,
    loo = loo(fit, by = by, ...),
    waic = waic(fit, by = by, ...),
    abort("A fit to be compared by {.val kfold} must have that criterion.",
          i = 'Write {.code fit <- add_criterion(fit, "kfold", K = 10)}, or compare results of
               {.fn kfold}.'))
}

check_several_draws <- function(fit, what) {
  check_learnt(fit, what)
  if (ndraws(fit) < 2) {
    abort("{.fn {what}} needs several draws, and the fit has one.",
          i = "Use {.fn extend} for more.")
  }
}

# Through loo ---------------------------------------------------------------------------------

smoothed_loo <- function(density, r_eff, cores, save_psis) {
  if (save_psis) check_draws_memory(density$n_draws, 6 * density$n)
  check_r_eff(r_eff, density$n)
  if (is.null(r_eff)) r_eff <- relative_efficiency(density, cores)
  else if (length(r_eff) > 1 && !is.null(density$order)) r_eff <- r_eff[density$order]
  r_eff <- rep_len(r_eff, density$n)
  block_by_block(density, save_psis, function(values, places) {
    loo::loo(values, r_eff = r_eff[places], cores = cores, save_psis = save_psis)
  })
}

check_r_eff <- function(r_eff, n) {
  usable <- is.numeric(r_eff) && length(r_eff) %in% c(1, n) && all(is.finite(r_eff) & r_eff > 0)
  if (!is.null(r_eff) && !usable) {
    abort("{.arg r_eff} must be one positive number, or one for each of the {n} rows or groups.",
          x = "It is {describe(r_eff)}.")
  }
}

# One result of loo from those of blocks of columns. Warnings of Pareto k and of p_waic, one from
# each block, are left to what asks for it.
block_by_block <- function(density, whole, criterion) {
  blocks <- if (whole) list(seq_len(density$n)) else unname(density$blocks)
  results <- lapply(blocks, function(places) {
    withCallingHandlers(criterion(density$columns(places), places), warning = function(w) {
      if (grepl("Pareto|p_waic", conditionMessage(w))) invokeRestart("muffleWarning")
    })
  })
  in_row_order(join_results(results), density)
}

join_results <- function(results) {
  joined <- results[[1]]
  if (length(results) == 1) return(joined)
  joined$pointwise <- do.call(rbind, lapply(results, `[[`, "pointwise"))
  for (name in names(joined$diagnostics)) {
    joined$diagnostics[[name]] <- unlist(lapply(results, function(x) x$diagnostics[[name]]))
  }
  attr(joined, "dims")[2] <- nrow(joined$pointwise)
  set_estimates(joined)
}

# Columns that relative efficiencies are computed from: that takes as long as the smoothing, and
# draws are about as efficient for one row as for another.
efficiency_columns <- 1000

relative_efficiency <- function(density, cores) {
  n <- density$n
  chosen <- if (n <= efficiency_columns) seq_len(n)
    else round(seq(1, n, length.out = efficiency_columns))
  r_eff <- unlist(lapply(split_columns(chosen, density$n_draws), function(places) {
    loo::relative_eff(exp_scaled(density$columns(places)), chain_id = density$chain, cores = cores)
  }))
  # Where draws do not vary there is no efficiency to speak of.
  r_eff <- ifelse(is.na(r_eff), 1, r_eff)
  if (length(r_eff) == n) r_eff else rep(stats::median(r_eff), n)
}

# Densities over their largest: those of a group may be too small for a double.
exp_scaled <- function(x) exp(x - rep(apply(x, 2, max), each = nrow(x)))

in_row_order <- function(result, density) {
  if (!is.null(density$order)) {
    back <- order(density$order)
    result$pointwise <- result$pointwise[back, , drop = FALSE]
    result$diagnostics[] <- lapply(result$diagnostics, `[`, back)
    if (!is.null(result$psis_object)) result$psis_object <- reorder_weights(result$psis_object, back)
  }
  rownames(result$pointwise) <- density$names
  result
}

# loo's smoothed weights with the columns in another order.
reorder_weights <- function(psis, order) {
  n <- ncol(psis$log_weights)
  psis$log_weights[] <- psis$log_weights[, order]
  psis$diagnostics[] <- lapply(psis$diagnostics, `[`, order)
  for (name in c("norm_const_log", "tail_len", "r_eff")) {
    value <- attr(psis, name)
    if (length(value) == n) attr(psis, name) <- value[order]
  }
  psis
}

# p_loo from the log density of each row given all rows.
set_lpd <- function(result, lpd) {
  result$pointwise[, "p_loo"] <- lpd - result$pointwise[, "elpd_loo"]
  set_estimates(result)
}

warn_pareto_k <- function(by, bad, k_threshold) {
  which <- if (length(bad) == 1) by else paste0(by, "s")
  warn("Pareto k is above {k_threshold} for {length(bad)} {which}: importance sampling has failed
        there.", i = "Use {.code reloo = TRUE} to fit anew without each of them.")
}

# Vehtari, Gelman and Gabry (2017), section 2.3: above 0.4 WAIC is not to be trusted.
warn_p_waic <- function(by, p_waic) {
  bad <- sum(p_waic > 0.4)
  if (bad == 0) return(invisible())
  which <- if (bad == 1) by else paste0(by, "s")
  warn("{.field p_waic} is above 0.4 for {bad} {which}: WAIC is not to be trusted there.",
       i = "Use {.fn loo}.")
}

# What loo_compare() goes by: the data, and the name of the model.
describe_criterion <- function(result, fit, by, name) {
  attr(result, "yhash") <- rlang::hash(list(
    by, if (is.null(fit$design)) fit$posterior$n_rows else response_hash(fit)))
  attr(result, "model_name") <- name
  attr(result, "by") <- by
  result
}

#' Weights of models
#'
#' Weights by which predictions of several models can be averaged, from how well each predicts rows,
#' or groups, that it has not seen.
#'
#' `"stacking"` gives the weights whose average of the predictive densities has the highest log
#' score (Yao, Vehtari, Simpson and Gelman, 2018). A model that adds nothing to others has the
#' weight 0, also if it is nearly as good as they are. `"pseudobma"` gives weights in proportion to
#' exp(elpd), with a Bayesian bootstrap for the uncertainty of elpd. Both go by `loo()`. `"loo"`,
#' `"waic"` and `"kfold"` give weights in proportion to the exponential of that criterion, and
#' `"bma"` posterior probabilities of models that are equally probable beforehand, from their
#' marginal likelihoods ([logml()]).
#'
#' @inheritParams loo.relm
#' @param x A fit.
#' @param ... More fits, or results of `loo()`; and options of [loo()][loo.relm].
#' @param method,weights How to weigh; `loo_model_weights()`: `"stacking"` or `"pseudobma"`.
#' @param BB,BB_n,alpha Of `"pseudobma"`, as in loo: whether to use the Bayesian bootstrap, its
#'   number of samples, and the parameter of its Dirichlet distribution.
#' @param seed A whole number for the Bayesian bootstrap, or `NULL` to take one from the session's
#'   stream.
#' @return Weights that add up to 1, named by model; of `loo_model_weights()` an object of loo's
#'   class.
#' @references
#' Yao, Y., Vehtari, A., Simpson, D. and Gelman, A. (2018). Using stacking to average Bayesian
#' predictive distributions. *Bayesian Analysis* 13, 917--1007.
#' @examplesIf requireNamespace("loo", quietly = TRUE)
#' fit1 <- relm(log(mercury) ~ log(length) + (1 | station), bass, chains = 2, draws = 500, seed = 1)
#' fit2 <- update(fit1, . ~ . + river)
#' loo_model_weights(fit1, fit2)
#' model_weights(fit1, fit2, weights = "loo")
#' @name relm-weights
NULL

#' @rdname relm-weights
#' @export
loo_model_weights <- function(x, ...) UseMethod("loo_model_weights")

#' @export
loo_model_weights.default <- function(x, ...) pass_on("loo", "loo_model_weights", x, ...)

#' @rdname relm-weights
#' @rawNamespace S3method(loo::loo_model_weights, relm)
#' @export
loo_model_weights.relm <- function(x, ..., method = "stacking", BB = TRUE, BB_n = 1000, alpha = 1,
                                   by = "row", model_names = NULL, seed = NULL) {
  check_choice(method, "method", c("stacking", "pseudobma"))
  check_flag(BB, "BB")
  check_count(BB_n, "BB_n")
  check_number(alpha, "alpha", above = 0)
  fits <- weighed_fits(x, list(...), as.list(substitute(list(x, ...)))[-1], model_names,
                       "loo_model_weights", names(formals(loo_model_weights.relm)))
  pointwise <- pointwise_of_fits(fits, "loo", by, "loo_model_weights")
  value <- if (method == "stacking") loo::stacking_weights(pointwise) else {
    with_stream(check_seed(seed), loo::pseudobma_weights(pointwise, BB, BB_n, alpha))
  }
  names(value) <- fits$names
  value
}

#' @rdname relm-weights
#' @export
model_weights <- function(x, ...) UseMethod("model_weights")

#' @export
model_weights.default <- function(x, ...) pass_on("brms", "model_weights", x, ...)

#' @rdname relm-weights
#' @rawNamespace S3method(brms::model_weights, relm)
#' @export
model_weights.relm <- function(x, ..., weights = "stacking", by = "row", model_names = NULL,
                               seed = NULL) {
  check_choice(weights, "weights", c("stacking", "pseudobma", "loo", "waic", "kfold", "bma"))
  fits <- weighed_fits(x, list(...), as.list(substitute(list(x, ...)))[-1], model_names,
                       "model_weights", names(formals(model_weights.relm)))
  if (weights == "bma") {
    if (length(fits$options)) {
      abort("{.arg {names(fits$options)[1]}} is an option of {.fn loo}, which {.val bma} does not
             ask.")
    }
    return(do.call(post_prob.relm, c(unname(fits$models), list(model_names = fits$names))))
  }
  criterion <- if (weights %in% c("waic", "kfold")) weights else "loo"
  pointwise <- pointwise_of_fits(fits, criterion, by, "model_weights")
  value <- switch(weights,
    stacking = as.numeric(loo::stacking_weights(pointwise)),
    pseudobma = with_stream(check_seed(seed), as.numeric(loo::pseudobma_weights(pointwise))),
    normalized_exponentials(colSums(pointwise))
  )
  stats::setNames(value, fits$names)
}

normalized_exponentials <- function(x) {
  scaled <- exp(x - max(x))
  scaled / sum(scaled)
}

# list(models, names, options) of the arguments of a method. known: the names of its own.
weighed_fits <- function(x, others, expressions, model_names, what, known) {
  check_installed("loo", paste0(what, "()"))
  is_option <- check_compared(others, known, what)
  if (is.null(model_names)) model_names <- names_of_models(expressions[c(TRUE, !is_option)])
  list(models = c(list(x), unname(others[!is_option])), names = model_names,
       options = others[is_option])
}

# elpd of each row or group, rows x models.
pointwise_of_fits <- function(fits, criterion, by, what) {
  criteria <- do.call(criteria_of_fits, c(list(fits$models, fits$names, criterion, by, what),
                                          fits$options))
  sizes <- vapply(criteria, function(one) nrow(one$pointwise), 0L)
  if (length(unique(sizes)) > 1) {
    abort("Models can be weighed by the same rows or groups only.",
          x = "They have {sizes} of them.")
  }
  vapply(criteria, function(one) {
    one$pointwise[, grep("^elpd_", colnames(one$pointwise))[1]]
  }, numeric(sizes[1]))
}

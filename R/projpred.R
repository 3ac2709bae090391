#' Projections by projpred
#'
#' A method for projpred's `get_refmodel()`, so that `varsel(fit)`, `cv_varsel(fit)` and
#' `project(fit)` take a fit as the reference model: the one whose predictions those of smaller
#' models are to come close to (Piironen, Paasiniemi and Vehtari, 2020).
#'
#' The predictions of the reference are those of [posterior_linpred()][posterior_linpred.relm], with
#' group effects and offsets. Groups that the fit does not know get effects from the distribution
#' of groups. The dispersion of a Gaussian response is `sigma`. K-fold cross-validation fits the
#' model again without each fold, its priors and chains as they are.
#'
#' Smaller models are projpred's own: it reads their formulas, and fits those with group effects
#' by lme4. The response, however it is written, is one column of numbers there, of trials the
#' successes. projpred wants different groupings to have different labels.
#'
#' @param object A fit with a Gaussian, binomial or Poisson response.
#' @param ... Further arguments of projpred's `init_refmodel()`. projpred's own functions hand on
#'   theirs, which change nothing here.
#' @return An object of projpred's class `refmodel`.
#' @section Errors:
#' projpred has no place for these, which are refused: other families; `sigma = ~ f`; weights of a
#' Gaussian response, which divide its variance and in projpred would multiply the log likelihood;
#' groups that are combinations, `(1 | a:b)`, unless these are a column of the data; a model without
#' an intercept; and terms whose columns depend on all rows, such as `poly(x, 2)`, which projpred
#' would make anew of the rows that it predicts. A fit needs its data frame.
#' @references
#' Piironen, J., Paasiniemi, M. and Vehtari, A. (2020). Projective inference in high-dimensional
#' problems: prediction and feature selection. *Electronic Journal of Statistics* 14, 2155--2197.
#' @examplesIf requireNamespace("projpred", quietly = TRUE)
#' fit <- relm(log(mercury) ~ log(length) + river, bass, chains = 2, draws = 200, seed = 1)
#' projpred::varsel(fit, nclusters = 5, nclusters_pred = 10, seed = 1, verbose = FALSE)
#' @name relm-projpred
NULL

#' @rdname relm-projpred
#' @rawNamespace S3method(projpred::get_refmodel, relm)
#' @method get_refmodel relm
get_refmodel.relm <- function(object, ...) {
  check_installed("projpred", "get_refmodel()")
  design <- design_of(object, "get_refmodel()")
  check_projectable(object, design)
  data <- used_data(design)
  if (is.null(data)) {
    abort("{.fn get_refmodel} needs the data frame of the fit.", i = "Fit with {.arg data}.")
  }
  reference_of(object, data, projected_formula(object, data), ...)
}

# What projpred reads otherwise than relm does, or not at all.
check_projectable <- function(fit, design) {
  family <- family_of(fit)
  refuse <- function(what, remedy = NULL) {
    abort(paste("projpred cannot project a model with", what), i = remedy)
  }
  if (!family$name %in% c("gaussian", "binomial", "poisson")) {
    refuse("the family {.val {family$name}}.")
  }
  if (has_strata(fit$posterior)) refuse("{.arg sigma}, residual variances of their own.")
  if (family$weights == "precision" && !is.null(stats::model.weights(design$frame))) {
    refuse("{.arg weights} that divide the residual variance.")
  }
  if (attr(design$terms, "intercept") == 0) refuse("{.code 0 +}, without an intercept.")
  terms <- evaluated_terms(design$terms, design$frame)
  fixed <- vapply(as.list(attr(terms, "predvars"))[-1], as_text, "")
  made <- setdiff(term_variables(terms), fixed)
  if (length(made)) {
    refuse("{.code {made[1]}}, whose columns depend on all rows.",
           "Make columns of the data of it, and fit with these.")
  }
}

# The formula that smaller models are parts of: no offsets, and each bar by itself.
projected_formula <- function(fit, data) {
  formula <- without_dot(fit$design)
  bars <- formula_parts(formula)$bars
  structures <- unlist(lapply(bars, structure_of_bar))
  if (length(structures)) {
    abort("projpred has no structure {.fn {name_of_structure(structures[[1]])}} of group effects.",
          i = "Fit with {.code |} or {.code ||}.")
  }
  plain <- vapply(bars, function(bar) is.name(bar[[3]]), NA)
  if (!all(plain)) {
    group <- as_text(bars[[which(!plain)[1]]][[3]])
    abort("projpred needs {.code {group}}, which effects go by, as a column of the data.",
          i = "Make it with {.fn interaction}, for example, and fit with that column.")
  }
  labels <- c(attr(fit$design$terms, "term.labels"),
              vapply(bars, function(bar) paste0("(", as_text(bar), ")"), ""))
  stats::reformulate(if (length(labels)) labels else "1", projected_response(fit, data),
                     env = environment(formula))
}

# The name of the column that projpred puts the response in; its own where it is these numbers.
projected_response <- function(fit, data) {
  response <- fit$design$formula[[2]]
  name <- as_text(response)
  same <- is.name(response) && is.numeric(data[[name]]) &&
    identical(as.numeric(data[[name]]), as.numeric(projected_rows(fit)$y))
  if (same) return(response)
  name <- gsub("^_+|_+$", "", gsub("[^[:alnum:].]+", "_", name))
  as.name(utils::tail(make.unique(make.names(c(names(data), name))), 1))
}

reference_of <- function(fit, data, formula, ...) {
  refit_folds <- function(folds, ...) {
    parts <- split(seq_along(folds), folds)
    seeds <- chain_seeds(check_seed(NULL), length(parts))
    Map(function(rows, name, seed) {
      list(fit = fit_without(fit, rows, paste("fold", name), seed), rows = rows)
    }, parts, names(parts), seeds, USE.NAMES = FALSE)
  }
  projpred::init_refmodel(
    fit, data, formula, family.relm(fit), ref_predfun = projected_linpred,
    extract_model_data = projected_rows, cvfun = refit_folds,
    cvrefbuilder = function(fold) {
      reference_of(fold$fit, data[-fold$rows, , drop = FALSE], formula, ...)
    },
    dis = if (is_gaussian(fit)) as.numeric(sigma_draws(fit)), ...
  )
}

# Rows x draws, without those that na.exclude has left out.
projected_linpred <- function(fit, newdata = NULL) {
  values <- t(posterior_linpred.relm(fit, newdata = newdata, allow_new_levels = TRUE))
  omitted <- attr(fit$design$frame, "na.action")
  if (is.null(newdata) && inherits(omitted, "exclude")) values[-omitted, , drop = FALSE] else values
}

# What projpred's extract_model_data is to give. wrhs, orhs: weights and offsets of the rows, or
# formulas that have them.
projected_rows <- function(object, newdata = NULL, wrhs = NULL, orhs = NULL, extract_y = TRUE) {
  design <- object$design
  response <- intersect(free_variables(design$formula[[2]]), names(data_of(design)))
  with_response <- extract_y && (is.null(newdata) || all(response %in% names(newdata)))
  beside <- lapply(list(weights = wrhs, offset = orhs), function(given) {
    if (inherits(given, "formula")) eval(given[[2]], newdata, environment(given)) else given
  })
  asked <- asked_prediction(newdata, weights = beside$weights, offset = beside$offset)
  rows <- prediction_rows(object, asked, list(), FALSE, with_response, TRUE)
  n_rows <- nrow(rows$frame)
  weights <- if (family_of(object)$weights == "trials") rows$trials else rows$weights
  list(y = rows$response, weights = if (is.null(weights)) rep(1, n_rows) else weights,
       offset = if (is.null(rows$offset)) rep(0, n_rows) else rows$offset)
}

#' Estimated marginal means
#'
#' `emmeans::emmeans()`, `emmeans::emtrends()` and related functions work on fits. They average the
#' linear predictor without group effects, \eqn{x'\beta}, over a grid of the predictors, for each
#' posterior draw. Summaries are posterior medians and intervals of highest posterior density.
#'
#' `as.mcmc()` of the result gives its draws. `frequentist = TRUE` in its summary treats the
#' posterior of the coefficients as a normal distribution with their mean and covariance. If these
#' do not exist (see [summary()][summary.relm]), its standard errors are `NA`.
#'
#' Functions of predictors, such as `poly(x, 2)`, keep the basis that they had in the fit. A fit
#' keeps the columns of the data that the formula names, so these functions also work in another
#' session.
#'
#' @param object A fit.
#' @param data Data to use instead of the data of the fit.
#' @param trms,xlev,grid Passed by emmeans: terms, levels of factors, and the grid.
#' @param re_formula,re.form `NA` or `~ 0`: means are those of the population.
#' @param ... Passed by emmeans. Arguments for fits of other packages, such as `vcov.`, `lmer.df`
#'   and `epred`, are refused.
#' @return What emmeans needs: a data frame, and a list with the model matrix of the grid `X`,
#'   `bhat`, `V` and the draws `post.beta`.
#' @examplesIf requireNamespace("emmeans", quietly = TRUE)
#' fit <- relm(log(mercury) ~ river * log(length) + (1 | station), bass,
#'             chains = 2, draws = 200, seed = 1)
#' emmeans::emmeans(fit, ~ river | length, at = list(length = c(30, 50)))
#' emmeans::emtrends(fit, pairwise ~ river, var = "log(length)")
#' @name relm-emmeans
NULL

#' @rdname relm-emmeans
#' @rawNamespace S3method(emmeans::recover_data, relm)
#' @method recover_data relm
recover_data.relm <- function(object, data = NULL, ...) {
  design <- design_of(object, "emmeans()")
  terms <- evaluated_terms(design$terms, design$frame)
  if (is.null(data)) data <- used_data(design)
  # What is named beside the columns of the data, such as knots.
  constants <- if (!is.null(data)) setdiff(free_variables(attr(terms, "variables")), names(data))
  recover <- function(..., params = c("pi", constants)) {
    emmeans::recover_data(object$call, terms, attr(design$frame, "na.action"), data = data,
                          frame = design$frame, params = params, ...)
  }
  recover(...)
}

#' @rdname relm-emmeans
#' @rawNamespace S3method(emmeans::emm_basis, relm)
#' @method emm_basis relm
emm_basis.relm <- function(object, trms, xlev, grid, ..., re_formula = NA, re.form = NA) {
  refuse_of_others(list(...))
  for (choice in list(re_formula, re.form)) {
    if (length(chosen_random(object, choice))) {
      abort("{.fn emmeans} has the means of the population: {.arg re_formula} is {.code NA} there.",
            i = "{.fn posterior_epred} has those of groups.")
    }
  }
  design <- design_of(object, "emmeans()")
  frame <- tryCatch(
    stats::model.frame(trms, grid, na.action = stats::na.pass, xlev = xlev),
    error = function(e) {
      abort("The variables of the formula cannot be evaluated on the grid of {.fn emmeans}.",
            x = "{conditionMessage(e)}", i = function_remedy(e))
    }
  )
  X <- terms_matrix(trms, frame, design$coding)
  fixed <- object$posterior$fixed
  draws <- hyper_matrix(object, shown_places_of(object$posterior, "b"))
  colnames(draws) <- fixed
  # Those of aliased columns are NA.
  bhat <- stats::setNames(colMeans(draws)[colnames(X)], colnames(X))
  list(X = X, bhat = bhat, nbasis = null_basis(design, fixed), V = vcov(object),
       dffun = function(k, dfargs) Inf, dfargs = list(), misc = link_labels(object),
       post.beta = structure(draws, n.chains = object$sampling$chains))
}

# What emmeans needs for means: the link, and what its inverse gives.
link_labels <- function(fit) {
  family <- family_of(fit)
  if (family$link == "identity") return(list())
  list(tran = family$link, inv.lbl = if (family$weights == "trials") "prob" else "rate")
}

# Arguments by which emmeans has other packages' fits compute differently, and which it would
# otherwise hand on in silence.
refuse_of_others <- function(dots) {
  theirs <- c("vcov.", "lmer.df", "disable.pbkrtest", "rescale", "dpar", "nlpar", "resp",
              "epred", "allow_new_levels", "allow.new.levels", "ndraws", "draws", "draw_ids")
  found <- intersect(theirs, names(Filter(Negate(is.null), dots)))
  if (length(found) == 0) return(invisible())
  abort("{.arg {found[1]}} is not for fits of relm, whose means and intervals are those of the
         draws of their coefficients.")
}

# Combinations of coefficients that are not estimable: none, or those of aliased columns.
null_basis <- function(design, fixed) {
  X <- design_rows(design)$X
  if (ncol(X) == length(fixed)) return(matrix(NA))
  estimability::nonest.basis(X)
}

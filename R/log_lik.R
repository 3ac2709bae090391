#' Log likelihood of rows or groups
#'
#' The log density of each row, or of each group as a whole, in each draw.
#'
#' By rows it is conditional on the group effects:
#' \eqn{y_i \sim N(x_i'\beta + z_i'\gamma_j, \sigma^2 / w_i)}. Rows are then independent of each other.
#' By groups the effects are integrated out in closed form,
#' \deqn{y_j \sim N(X_j \beta, \sigma^2 W_j^{-1} + Z_j \Sigma Z_j'),}{y_j ~ N(X_j beta, sigma^2 W_j^-1 + Z_j Sigma Z_j'),}
#' and it is the groups that are independent given the hyperparameters: what to use for
#' predicting groups never seen (Merkle, Furr and Rabe-Hesketh, 2019). It is computed from the groups'
#' cross-products in a time that does not depend on the number of rows, never inverts
#' \eqn{\Sigma}, and holds at a standard deviation of zero. Each residual variance may belong to a
#' level of a factor, as the model has it.
#'
#' @inheritParams posterior_predict.relm
#' @param newdata A data frame of other rows, with the response; `NULL` for those of the fit. By
#'   groups, a group is taken by itself, whether or not the fit has seen rows of it.
#' @param by `"row"` or `"group"`.
#' @param allow_new_levels Take up levels of the grouping factor that the data did not have, by
#'   draws of their effects? By groups that is not needed. Likewise levels of the factor that residual
#'   variances go by.
#' @param seed Of the effects of new levels, as in [posterior_predict()].
#' @return A matrix: draws x rows, named by the rows of the data, or draws x groups in the order of
#'   their levels.
#' @section Errors:
#' Those of [posterior_predict()], and `newdata` without the response. A fit of cross-products
#' has no rows, and groups only where these were kept (`by_group` in [crossprods()]).
#' @references
#' Merkle, E. C., Furr, D. and Rabe-Hesketh, S. (2019). Bayesian comparison of latent variable
#' models: conditional versus marginal likelihoods. *Psychometrika* 84, 802--829.
#' @seealso [loo()][loo.relm], which needs no more memory for more rows.
#' @examples
#' fit <- relm(log(mercury) ~ log(length) + (1 | station), bass,
#'             chains = 2, draws = 500, seed = 1)
#' dim(log_lik(fit))
#' colMeans(log_lik(fit, by = "group"))
#' @name log_lik.relm
NULL

#' @rdname log_lik.relm
#' @export
log_lik <- function(object, ...) UseMethod("log_lik")

#' @export
log_lik.default <- function(object, ...) pass_on("rstantools", "log_lik", object, ...)

#' @rdname log_lik.relm
#' @rawNamespace S3method(rstantools::log_lik, relm)
#' @export
log_lik.relm <- function(object, newdata = NULL, re_formula = NULL, by = "row", ndraws = NULL,
                         draw_ids = NULL, allow_new_levels = FALSE,
                         sample_new_levels = "gaussian", new_sigma = NULL, seed = NULL,
                         offset = NULL, weights = NULL, re.form, draws, ...) {
  check_dots_empty(list(...), names(formals(log_lik.relm)), "log_lik")
  check_choice(by, "by", c("row", "group"))
  if (by == "group") {
    if (!is.null(one_spelling(re_formula, re.form))) {
      abort("{.arg re_formula} has no place in {.code by = \"group\"}, which integrates all group
             effects out.")
    }
    draw_ids <- choose_draws(object, one_spelling(ndraws, draws), draw_ids)
    return(log_lik_of_groups(object, newdata, draw_ids, allow_new_levels, sample_new_levels,
                             new_sigma, seed, offset, weights))
  }
  # Nothing is random where levels cannot be new.
  if (is.null(seed) && (is.null(newdata) || !isTRUE(allow_new_levels))) seed <- 0L
  plan <- plan_prediction(object, "log_lik", TRUE, newdata, re_formula, ndraws = ndraws,
                          draw_ids = draw_ids, allow_new_levels = allow_new_levels,
                          sample_new_levels = sample_new_levels, new_sigma = new_sigma,
                          seed = seed, offset = offset, weights = weights, re.form = re.form,
                          draws = draws)
  log_lik_draws(plan, response_of(object, newdata))
}

# Rows ----------------------------------------------------------------------------------------

log_lik_draws <- function(plan, y) {
  check_draws_memory(plan$n_draws, length(y))
  values <- matrix(0, plan$n_draws, length(y),
                   dimnames = list(NULL, as.character(plan$rows$row_names)))
  for (rows in plan$blocks) values[, rows] <- log_lik_columns(plan, rows, y)
  values
}

log_lik_columns <- function(plan, rows, y) {
  mean <- means_of_rows(plan, rows)
  sigma <- sigma_columns(plan, rows)
  scale <- if (is.null(plan$rows$weights)) 1
    else rep(1 / sqrt(plan$rows$weights[rows]), each = plan$n_draws)
  # Symmetric in the value and the mean, of which the matrix comes first.
  stats::dnorm(mean, rep(y[rows], each = plan$n_draws), as.numeric(sigma) * scale, log = TRUE)
}

# Linear predictors, chosen draws x rows.
means_of_rows <- function(plan, rows) {
  plan$residual <- FALSE
  values <- matrix(0, plan$n_draws, length(rows))
  fill_columns(plan, rows, values, seq_along(rows))
  values
}

# Residual standard deviations of unit weight: chosen draws x rows, or a single column for all.
sigma_columns <- function(plan, rows) {
  level <- plan$rows$level$code[rows]
  if (is.null(level)) return(level_sigmas(plan, NULL))
  levels <- unique(level)
  level_sigmas(plan, levels)[, match(level, levels), drop = FALSE]
}

# The response of the fit's rows, or of new ones by the expression in the formula.
response_of <- function(fit, newdata) {
  design <- fit$design
  if (is.null(newdata)) return(as.numeric(.subset2(design$frame, 1)))
  terms <- attr(design$frame, "terms")
  expression <- attr(terms, "predvars")[[2]]
  missing <- setdiff(intersect(all.vars(expression), design$row_variables), names(newdata))
  if (length(missing)) {
    abort("{.arg newdata} has no column {.var {missing}}, of which the response
           {.code {fit$posterior$response}} is made.")
  }
  y <- tryCatch(eval(expression, newdata, environment(terms)), error = function(e) {
    abort("The response {.code {fit$posterior$response}} cannot be evaluated in {.arg newdata}.",
          x = "{conditionMessage(e)}")
  })
  if (!is.numeric(y) || length(y) != nrow(newdata)) {
    abort("The response {.code {fit$posterior$response}} in {.arg newdata} must be one number for
           each row.", x = "It is {describe(y)}.")
  }
  check_complete(as.numeric(y), fit$posterior$response)
  as.numeric(y)
}

# Groups --------------------------------------------------------------------------------------

log_lik_of_groups <- function(fit, newdata, draw_ids, allow_new_levels, sample_new_levels,
                              new_sigma, seed, offset, weights) {
  check_grouped(fit, "log_lik(by = \"group\")")
  given <- all_hyper(fit)
  if (!is.null(draw_ids)) given <- lapply(given, function(x) x[, draw_ids, drop = FALSE])
  if (is.null(newdata) && is.null(offset) && is.null(weights)) {
    groups <- own_groups(fit)
  } else {
    design_of(fit, "log_lik(newdata = )")
    rows <- prediction_rows(fit, newdata, fit$design$bars, TRUE, offset, weights)
    check_flag(allow_new_levels, "allow_new_levels")
    check_new_levels(fit, rows["level"], allow_new_levels)
    given$sigma <- sigma_of_rows(fit, rows, draw_ids, given, sample_new_levels, new_sigma, seed)
    known <- c(fit$posterior$levels, rows$level$new)
    groups <- groups_of_design(design_of_rows(fit, rows, newdata), fit$posterior,
                               function(labels) if (length(labels)) match(labels, known) else 1L)
  }
  check_draws_memory(ncol(given$hyper), length(groups$labels))
  values <- group_log_lik(sampler_model(fit$posterior, "uncentered"), groups, given,
                          groups$display)
  dimnames(values) <- list(NULL, groups$labels[groups$display])
  values
}

# Residual standard deviations of the levels of the fit, and after these of new ones: levels x
# draws.
sigma_of_rows <- function(fit, rows, draw_ids, given, sample_new_levels, new_sigma, seed) {
  new <- length(rows$level$new)
  if (new == 0) return(given$sigma)
  plan <- list(fit = fit, rows = rows["level"], draw_ids = draw_ids, n_draws = ncol(given$hyper),
               residual = FALSE)
  plan <- plan_new_levels(plan, sample_new_levels, new_sigma, seed)
  rbind(given$sigma, t(new_sigmas(plan, seq_len(new))))
}

# New rows as a design of their own, their response less the offset.
design_of_rows <- function(fit, rows, newdata) {
  design <- fit$design
  y <- response_of(fit, newdata) - if (is.null(rows$offset)) 0 else rows$offset
  frame <- unclass(rows$frame)
  terms <- attr(frame, "terms")
  attr(terms, "offset") <- NULL
  if (is.null(newdata)) frame <- frame[-1]
  frame <- c(list(y), frame[!names(frame) %in% c("(weights)", "(offset)")],
             list("(weights)" = rows$weights)[!is.null(rows$weights)])
  names(frame)[1] <- fit$posterior$response
  design$frame <- structure(frame, row.names = .set_row_names(length(y)), class = "data.frame",
                            terms = terms)
  design
}

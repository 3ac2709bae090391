#' Log likelihood of rows or groups
#'
#' Gives the log density of each row, or of each whole group, in each draw.
#'
#' By rows, it is conditional on the group effects, \eqn{y_i \sim N(x_i'\beta + z_i'\gamma_j,
#' \sigma^2 / w_i)}. Given the effects, rows are independent. By groups, the effects are integrated
#' out in closed form, \deqn{y_j \sim N(X_j \beta, \sigma^2 W_j^{-1} + Z_j \Sigma Z_j'),}{y_j ~
#' N(X_j beta, sigma^2 W_j^-1 + Z_j Sigma Z_j'),} and groups are independent given the
#' hyperparameters. Use this to assess predictions of new groups (Merkle, Furr and Rabe-Hesketh,
#' 2019). It is computed from the groups' cross-products in a time that does not depend on the
#' number of rows. It never inverts \eqn{\Sigma} and is valid at a standard deviation of zero.
#' Residual variances may differ between levels of a factor, as in the model.
#'
#' @inheritParams posterior_predict.relm
#' @param newdata A data frame of other rows, with the response; `NULL` for those of the fit. By
#'   groups, each group is treated as new, whether or not the fit has rows of it.
#' @param by `"row"` or `"group"`.
#' @param allow_new_levels,allow.new.levels Allow levels that are not in the data, of the grouping
#'   factor and of the factor of the residual variances? New groups get draws of their effects. By
#'   groups, only new levels of the factor of residual variances need this.
#' @param seed The seed of the effects of new levels, as in [posterior_predict()].
#' @param ... Refused.
#' @return A matrix: draws x rows, named by the rows of the data, or draws x groups in the order of
#'   their levels.
#' @section Errors:
#' The errors of [posterior_predict()], and `newdata` without the response. A fit of cross-products
#' has no rows, and it has groups only if they were kept (`by_group` in [crossprods()]).
#' @references
#' Merkle, E. C., Furr, D. and Rabe-Hesketh, S. (2019). Bayesian comparison of latent variable
#' models: conditional versus marginal likelihoods. *Psychometrika* 84, 802--829.
#' @seealso [loo()][loo.relm], whose memory does not grow with the number of rows.
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
                         offset = NULL, weights = NULL, re.form, draws, allow.new.levels, ...) {
  check_choice(by, "by", c("row", "group"))
  if (by == "group") {
    refuse_dots(list(...), "log_lik")
    check_takes_all_effects(one_spelling(re_formula, re.form), spelling(re_formula, re.form))
    draw_ids <- choose_draws(object, one_spelling(ndraws, draws), draw_ids,
                             spelling(ndraws, draws))
    allowed <- new_levels_allowed(allow_new_levels, allow.new.levels)
    return(log_lik_of_groups(object, newdata, draw_ids, allowed, sample_new_levels, new_sigma,
                             seed, offset, weights))
  }
  plan <- plan_prediction(
    object, "log_lik", FALSE, newdata, re_formula, ..., ndraws = ndraws, draw_ids = draw_ids,
    allow_new_levels = allow_new_levels, sample_new_levels = sample_new_levels,
    new_sigma = new_sigma, seed = seed, offset = offset, weights = weights, re.form = re.form,
    draws = draws, allow.new.levels = allow.new.levels, response = TRUE, sigma = TRUE
  )
  log_lik_draws(plan)
}

check_takes_all_effects <- function(re_formula, name) {
  if (is.null(re_formula)) return(invisible())
  abort("{.arg {name}} has no place in {.code by = \"group\"}, which integrates all group
         effects out.")
}

# Rows ----------------------------------------------------------------------------------------

log_lik_draws <- function(plan) {
  n_rows <- length(plan$rows$response)
  check_draws_memory(plan$n_draws, n_rows)
  values <- matrix(0, plan$n_draws, n_rows,
                   dimnames = list(NULL, as.character(plan$rows$row_names)))
  for (rows in plan$blocks) values[, rows] <- log_lik_columns(plan, rows)
  values
}

log_lik_columns <- function(plan, rows) {
  y <- rep(plan$rows$response[rows], each = plan$n_draws)
  # Symmetric in the value and the mean, of which the matrix comes first.
  stats::dnorm(means_of_rows(plan, rows), y, residual_sd(plan, rows), log = TRUE)
}

# Linear predictors, chosen draws x rows.
means_of_rows <- function(plan, rows) {
  values <- matrix(0, plan$n_draws, length(rows))
  fill_columns(plan, rows, values, seq_along(rows))
  values
}

# The response of the fit's rows, or of new ones.
response_of <- function(fit, newdata) {
  frame <- fit$design$frame
  if (!is.null(newdata)) {
    check_newdata(newdata)
    frame <- new_frame(fit$design, newdata, list(), list(), with_response = TRUE)
  }
  as.numeric(.subset2(frame, 1))
}

# Groups --------------------------------------------------------------------------------------

log_lik_of_groups <- function(fit, newdata, draw_ids, allow_new_levels, sample_new_levels,
                              new_sigma, seed, offset, weights) {
  check_grouped(fit, "log_lik")
  given <- all_hyper(fit)
  if (!is.null(draw_ids)) given <- lapply(given, function(x) x[, draw_ids, drop = FALSE])
  if (is.null(newdata) && is.null(offset) && is.null(weights)) {
    groups <- own_groups(fit)
  } else {
    design_of(fit, "log_lik(newdata = )")
    rows <- prediction_rows(fit, newdata, fit$design$bars, with_sigma = TRUE, offset, weights,
                            with_response = TRUE)
    check_flag(allow_new_levels, "allow_new_levels")
    check_new_levels(fit, rows["level"], allow_new_levels)
    given$sigma <- sigma_of_rows(fit, rows, draw_ids, given, sample_new_levels, new_sigma, seed)
    known <- c(fit$posterior$levels, rows$level$new)
    groups <- groups_of_design(design_of_rows(fit, rows), fit$posterior,
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

# Rows as a design of their own, their response less the offset.
design_of_rows <- function(fit, rows) {
  design <- fit$design
  frame <- rows$frame
  attr(attr(frame, "terms"), "offset") <- NULL
  frame[["(offset)"]] <- NULL
  frame[[1]] <- rows$response - if (is.null(rows$offset)) 0 else rows$offset
  frame[["(weights)"]] <- rows$weights
  design$frame <- frame
  design$factors <- list(
    group = shown_grouping(rows$group, fit$posterior$groups, fit$posterior$group_display),
    sigma = shown_grouping(rows$level, fit$posterior$levels, fit$posterior$level_display)
  )
  design
}

# The grouping of new rows: known levels in the order in which they are shown, then new ones.
shown_grouping <- function(levels, labels, display) {
  if (is.null(levels)) return(NULL)
  order <- c(display, length(labels) + seq_along(levels$new))
  list(code = order(order)[levels$code], labels = c(labels, levels$new)[order])
}

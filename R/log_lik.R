#' Log likelihood of rows or groups
#'
#' Gives the log density of each row, or of each whole group, in each draw.
#'
#' By rows, it is conditional on the group effects, \eqn{y_i \sim N(x_i'\beta + z_i'\gamma_j,
#' \sigma^2 / w_i)}, or with the density of another family. Given the effects, rows are independent.
#' A row of counts that stands several times in the data has the density of all of them. By groups,
#' the effects are integrated out in closed form, \deqn{y_j \sim N(X_j \beta, \sigma^2 W_j^{-1} + Z_j \Sigma Z_j'),}{y_j ~
#' N(X_j beta, sigma^2 W_j^-1 + Z_j Sigma Z_j'),} and groups are independent given the
#' hyperparameters. Use this to assess predictions of new groups (Merkle, Furr and Rabe-Hesketh,
#' 2019). With several groupings this can be done for the one that all others are nested in, whose
#' groups share no effects. It is computed from the groups' cross-products in a time that does not
#' depend on the number of rows. It never inverts \eqn{\Sigma} and is valid at a standard deviation
#' of zero. Residual variances may differ between levels of a factor, as in the model.
#'
#' With another family than the Gaussian one, a group's effects are integrated out by the lattice of
#' the sampler, \deqn{p(y_j \mid \theta) = \int \prod_{i \in j} p(y_i \mid \eta_i)\, p(\gamma_j \mid
#' \Sigma)\, d\gamma_j,}{p(y_j | theta) = integral of prod_i p(y_i | eta_i) p(gamma_j | Sigma)
#' dgamma_j,} with binomial coefficients, factorials and gamma functions. This takes the rows, and a
#' model with one grouping.
#'
#' @inheritParams posterior_predict.relm
#' @param newdata A data frame of other rows, with the response; `NULL` for those of the fit. By
#'   groups, each group is treated as new, whether or not the fit has rows of it.
#' @param by `"row"` or `"group"`.
#' @param grouping With `by = "group"` and several groupings, the name of the one whose whole groups
#'   are meant. It must be the one that all others are nested in, which is the default: other groups
#'   share effects, and have no likelihood of their own.
#' @param allow_new_levels,allow.new.levels Allow levels that are not in the data, of the grouping
#'   factor and of the factor of the residual variances? New groups get draws of their effects. By
#'   groups, only new levels of the factor of residual variances need this.
#' @param seed The seed of the effects of new levels, as in [posterior_predict()].
#' @param ... Refused.
#' @return A matrix: draws x rows, named by the rows of the data, or draws x groups in the order of
#'   their levels.
#' @section Errors:
#' The errors of [posterior_predict()], and `newdata` without the response. A fit of cross-products
#' has no rows, and it has groups only if they were kept (`by_group` in [crossprods()]); with
#' another family than the Gaussian one it has none.
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
                         offset = NULL, weights = NULL, re.form, draws, allow.new.levels,
                         grouping = NULL, ...) {
  check_learnt(object, "log_lik")
  check_choice(by, "by", c("row", "group"))
  if (by == "group") check_grouped(object, "log_lik")
  chosen_root(object$posterior, by, grouping)
  if (by == "group") {
    refuse_dots(list(...), "log_lik")
    return(log_lik_of_groups(object, shared_arguments()))
  }
  log_lik_draws(plan_prediction(object, "log_lik", FALSE, shared_arguments(...), response = TRUE,
                                sigma = TRUE))
}

check_takes_all_effects <- function(asked) {
  if (is.null(asked$re_formula)) return(invisible())
  abort("{.arg {asked$called[['re_formula']]}} has no place in {.code by = \"group\"}, which
         integrates all group effects out.")
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
  family <- family_of(plan$fit)
  values <- family$log_density(y, block_draws(plan, rows), row_scales(plan, rows),
                               row_trials(plan, rows))
  times <- row_times(family, plan$rows$weights)
  if (is.null(times)) values else values * rep(times[rows], each = plan$n_draws)
}

# The response of the fit's rows, or of new ones: of trials the successes.
response_of <- function(fit, newdata) {
  family <- family_of(fit)
  if (is.null(newdata)) return(read_frame(family, fit$design$frame)$y)
  check_newdata(newdata)
  schema <- schema_of(readable_design(fit), character())
  frame <- new_frame(schema, newdata, list(response = TRUE))
  weights <- if (family$weights == "trials") new_weights(schema, newdata, NULL)
  read_new(family, frame[1], weights)$y
}

# Groups --------------------------------------------------------------------------------------

log_lik_of_groups <- function(fit, asked) {
  check_takes_all_effects(asked)
  if (!is_gaussian(fit)) return(log_lik_of_family_groups(fit, asked))
  draw_ids <- asked_draws(fit, asked)
  given <- all_hyper(fit)
  if (!is.null(draw_ids)) given <- lapply(given, function(x) x[, draw_ids, drop = FALSE])
  if (all(vapply(asked[c("newdata", "offset", "weights")], is.null, NA))) {
    groups <- any_groups_of_fit(fit)
  } else {
    check_readable(fit, "log_lik(newdata = )", asked$newdata)
    rows <- prediction_rows(fit, asked, all_random(readable_design(fit)), with_sigma = TRUE,
                            with_response = TRUE)
    check_new_levels(fit, rows["stratum"], asked$allow_new_levels)
    plan <- start_plan(fit, rows["stratum"], draw_ids, residual = FALSE)
    given$sigma <- sigma_of_rows(plan, given$sigma, asked)
    known <- c(strata_of(fit$posterior)$labels, rows$stratum$new)
    groups <- any_groups_of_design(design_of_rows(fit, rows), fit$posterior, function(labels) {
      if (length(labels)) match(labels, known) else 1L
    })
  }
  check_draws_memory(ncol(given$hyper), length(groups$labels))
  values <- any_group_log_lik(sampler_model(fit$posterior, "uncentered"), groups, given,
                              groups$display)
  dimnames(values) <- list(NULL, groups$labels[groups$display])
  values
}

log_lik_of_family_groups <- function(fit, asked) {
  design <- design_of(fit, 'log_lik(by = "group")')
  lattice <- lattice_at_draws(lattice_of_fit(fit, "The log likelihood of a whole group"),
                              asked_draws(fit, asked))
  if (!all(vapply(asked[c("newdata", "offset", "weights")], is.null, NA))) {
    rows <- prediction_rows(fit, asked, all_random(design), with_sigma = FALSE,
                            with_response = TRUE, with_weights = TRUE)
    # With trials of their own, whatever form the fit's response has.
    if (!is.null(rows$trials) && lattice$family$weights == "trials") {
      rows$response <- cbind(rows$response, rows$trials - rows$response)
      rows["weights"] <- list(NULL)
    }
    design <- design_of_rows(fit, rows)
  }
  groups <- family_groups(design, lattice)
  check_draws_memory(ncol(lattice$hyper), length(groups$labels))
  values <- family_group_log_lik(lattice, groups, groups$display)
  dimnames(values) <- list(NULL, groups$labels[groups$display])
  values
}

# Residual standard deviations of the levels of the fit, and after these of new ones: levels x
# draws.
sigma_of_rows <- function(plan, sigma, asked) {
  new <- length(plan$rows$stratum$new)
  if (new == 0) return(sigma)
  rbind(sigma, t(new_sigmas(plan_new_levels(plan, asked), seq_len(new))))
}

# Rows as a design of their own.
design_of_rows <- function(fit, rows) {
  design <- readable_design(fit)
  design$frame <- frame_of_rows(rows)
  groupings <- groupings_of(fit$posterior)
  strata <- strata_of(fit$posterior)
  parts <- grouping_part(seq_along(groupings))
  groups <- Map(function(grouping, part) {
    shown_grouping(rows[[part]], grouping$groups, grouping$display)
  }, groupings, parts)
  design$factors <- c(stats::setNames(groups, parts), list(
    sigma = shown_grouping(rows$stratum, strata$labels, strata$display)
  ))
  design
}

# The grouping of new rows: known levels in the order in which they are shown, then new ones.
shown_grouping <- function(levels, labels, display) {
  if (is.null(levels)) return(NULL)
  order <- c(display, length(labels) + seq_along(levels$new))
  list(code = order(order)[levels$code], labels = c(labels, levels$new)[order])
}

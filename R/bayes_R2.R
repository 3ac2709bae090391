#' Bayesian R-squared
#'
#' For each draw, the variance of the rows' means divided by the sum of that variance and the
#' residual variance (Gelman, Goodrich, Gabry and Vehtari, 2019, equation 3): \deqn{R^2 =
#' \frac{V_i(\mu_i)}{V_i(\mu_i) + \bar\sigma^2},}{R2 = V(mu) / (V(mu) + sigma2),} where \eqn{V_i} is
#' the variance over rows, \eqn{\mu_i = x_i'\beta + z_i'\gamma_j} with its offset, and
#' \eqn{\bar\sigma^2}{sigma2} the mean of \eqn{\sigma^2 / w_i} over rows. rstanarm computes the
#' same. brms, and `residual = TRUE`, replace the modeled residual variance by the variance over
#' rows of \eqn{y_i - \mu_i}, the residuals of that draw. With other families \eqn{\mu_i} is the mean
#' of a row, of trials the probability, and the variance is that of the response given the mean, of
#' trials that of their share of successes.
#'
#' @inheritParams posterior_predict.relm
#' @param newdata A data frame of other rows. It must have the response if `residual = TRUE`.
#' @param residual Use the residuals' own variance?
#' @param summary `TRUE`: a table, as in brms. `FALSE`: the draws, as in rstanarm.
#' @param probs Probabilities of the quantiles in the table.
#' @param robust The table's estimates: `TRUE` for the median and the median absolute deviation,
#'   `FALSE` for the mean and the standard deviation. By default the median and the standard
#'   deviation.
#' @param ... Refused.
#' @return A matrix with one row and the columns `Estimate`, `Est.Error`, `Q2.5` and `Q97.5`, or
#'   the quantiles that `probs` asks for; or a vector with a number for each draw.
#' @references
#' Gelman, A., Goodrich, B., Gabry, J. and Vehtari, A. (2019). R-squared for Bayesian regression
#' models. *The American Statistician* 73, 307--309.
#' @examples
#' fit <- relm(log(mercury) ~ log(length) + (1 | station), bass,
#'             chains = 2, draws = 500, seed = 1)
#' bayes_R2(fit)
#' bayes_R2(fit, re_formula = NA, probs = c(0.05, 0.95))
#' mean(bayes_R2(fit, summary = FALSE) > 0.5)
#' @name bayes_R2.relm
NULL

#' @rdname bayes_R2.relm
#' @export
bayes_R2 <- function(object, ...) UseMethod("bayes_R2")

#' @export
bayes_R2.default <- function(object, ...) pass_on("rstantools", "bayes_R2", object, ...)

#' @rdname bayes_R2.relm
#' @rawNamespace S3method(rstantools::bayes_R2, relm)
#' @export
bayes_R2.relm <- function(object, newdata = NULL, re_formula = NULL, residual = FALSE,
                          summary = TRUE, probs = c(0.025, 0.975), robust = NULL, ndraws = NULL,
                          draw_ids = NULL, allow_new_levels = FALSE,
                          sample_new_levels = "gaussian", new_sigma = NULL, seed = NULL,
                          offset = NULL, weights = NULL, re.form, draws, ...) {
  check_flag(residual, "residual")
  check_flag(summary, "summary")
  check_probabilities(probs, "probs")
  if (!is.null(robust)) check_flag(robust, "robust")
  if (!summary && (!missing(probs) || !is.null(robust))) {
    abort("{.arg probs} and {.arg robust} are of tables, and {.code summary = FALSE} asks for
           draws.")
  }
  plan <- plan_prediction(object, "bayes_R2", FALSE, shared_arguments(...), response = residual,
                          sigma = TRUE)
  n_rows <- length(plan$rows$row_names)
  if (n_rows < 2) abort("A variance over rows needs two of them.", x = "There is {n_rows}.")
  variance <- variances_over_rows(plan, residual)
  R2 <- variance$mean / (variance$mean + variance$residual)
  if (!summary) return(R2)
  summary_table(cbind(R2 = R2), TRUE, probs, robust)
}

# In each draw, the variance over rows of the mean, and of the residual: that of y less the mean,
# or the mean over rows of its variance.
variances_over_rows <- function(plan, of_residuals) {
  mean <- residual <- new_variance(plan$n_draws)
  modelled <- 0
  family <- family_of(plan$fit)
  weights <- row_times(family, plan$rows$weights)
  for (rows in plan$blocks) {
    values <- family$inverse_link(block_draws(plan, rows))
    times <- if (is.null(weights)) rep(1, length(rows)) else weights[rows]
    mean <- add_columns(mean, values, times)
    if (of_residuals) {
      residual <- add_columns(residual, row_responses(plan, rows) - values, times)
    } else {
      sd <- family$sd(values, row_scales(plan, rows), row_trials(plan, rows))
      modelled <- modelled + drop(sd^2 %*% times)
    }
  }
  list(mean = mean$squares / (mean$n - 1),
       residual = if (of_residuals) residual$squares / (mean$n - 1) else modelled / mean$n)
}

# Means and sums of squares about them, row by row of a matrix whose columns come in parts (Chan,
# Golub and LeVeque 1983). times: how often each column counts.
new_variance <- function(n) list(n = 0, mean = numeric(n), squares = numeric(n))

add_columns <- function(sums, values, times) {
  n <- sum(times)
  mean <- drop(values %*% times) / n
  total <- sums$n + n
  difference <- mean - sums$mean
  list(n = total, mean = sums$mean + difference * n / total,
       squares = sums$squares + drop((values - mean)^2 %*% times) +
         difference^2 * sums$n * n / total)
}

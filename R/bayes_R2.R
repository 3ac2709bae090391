#' Bayesian R-squared
#'
#' In each draw, the variance of the rows' means over that variance and the residual one (Gelman,
#' Goodrich, Gabry and Vehtari, 2019, equation 3):
#' \deqn{R^2 = \frac{V_i(\mu_i)}{V_i(\mu_i) + \bar\sigma^2},}{R2 = V(mu) / (V(mu) + sigma2),}
#' where \eqn{V_i} is the variance over rows, \eqn{\mu_i = x_i'\beta + z_i'\gamma_j} with its
#' offset, and \eqn{\bar\sigma^2}{sigma2} the mean of \eqn{\sigma^2 / w_i} over rows. It is what
#' rstanarm computes. brms, and `residual = TRUE`, put the variance over rows of
#' \eqn{y_i - \mu_i}, the residuals of that draw, in the place of the modelled one.
#'
#' @inheritParams posterior_predict.relm
#' @param newdata A data frame of other rows; with the response where `residual = TRUE`.
#' @param residual Use the residuals' own variance?
#' @param summary `FALSE`: all draws. `TRUE`: brms's table, with the median as `Estimate`.
#' @param ... Refused.
#' @return A vector with a number for each draw; or a matrix with one row and the columns
#'   `Estimate`, `Est.Error`, `Q2.5` and `Q97.5`.
#' @references
#' Gelman, A., Goodrich, B., Gabry, J. and Vehtari, A. (2019). R-squared for Bayesian regression
#' models. *The American Statistician* 73, 307--309.
#' @examples
#' fit <- relm(log(mercury) ~ log(length) + (1 | station), bass,
#'             chains = 2, draws = 500, seed = 1)
#' median(bayes_R2(fit))
#' bayes_R2(fit, re_formula = NA, summary = TRUE)
#' @name bayes_R2.relm
NULL

#' @rdname bayes_R2.relm
#' @export
bayes_R2 <- function(object, ...) UseMethod("bayes_R2")

#' @export
bayes_R2.default <- function(object, ...) pass_on("rstantools", "bayes_R2", object, ...)

#' Tables and pictures by sjPlot
#'
#' What sjPlot's `tab_model()` and `plot_model()` ask of a fit: `parameters::model_parameters()` with
#' `ci_method = "wald"`, a table as estimators have it. `plot_model()` draws coefficients and, with
#' `type = "re"`, group effects.
#'
#' This is an approximation, the one of [relm-multcomp]: estimates are posterior means, standard
#' errors posterior standard deviations, and intervals and p-values are those of a normal
#' distribution. It is close where there are many groups. Without an approximation,
#' `parameters::model_parameters(fit)` has medians, intervals and directions from the draws
#' ([relm-easystats]), and `plot(fit, "intervals")` draws them.
#'
#' With other families than the Gaussian one sjPlot shows exponentials: odds ratios and ratios of
#' rates. Rows are spelled as in the model matrix.
#'
#' @section Arguments:
#' `model_parameters(fit, ci_method = "wald")`, or `"normal"`, takes `ci`, one probability, `effects`,
#' `component` and `parameters` as in [relm-easystats], of which only coefficients can be chosen, and
#' `keep` and `drop`, regular expressions of rows. It refuses others.
#'
#' @section Value:
#' A data frame of the class `parameters_model` with the columns `Parameter`, `Coefficient`, `SE`,
#' `CI`, `CI_low`, `CI_high`, `z`, `df_error`, which is infinite, and `p`.
#'
#' @section Errors:
#' Coefficients without a variance ([relm_posterior()] says when this happens).
#' @examplesIf requireNamespace("parameters", quietly = TRUE)
#' fit <- relm(log(mercury) ~ river + log(length) + (1 | station), bass,
#'             chains = 2, draws = 200, seed = 1)
#' parameters::model_parameters(fit, ci_method = "wald")
#' \dontrun{
#' sjPlot::tab_model(fit)
#' sjPlot::plot_model(fit)
#' }
#' @name relm-sjPlot
NULL

asks_for_wald <- function(dots) {
  is.character(dots$ci_method) && tolower(dots$ci_method)[1] %in% c("wald", "normal")
}

# chosen: rows of parameter_table().
wald_table <- function(fit, chosen, ci = 0.95, keep = NULL, drop = NULL, verbose = TRUE, ...) {
  check_wald_arguments(list(...))
  check_probability(ci, "ci")
  check_coefficients(chosen)
  normal <- normal_approximation(fit, "model_parameters(ci_method = \"wald\")")
  place <- match(chosen$Cleaned_Parameter, names(normal$coef))
  estimate <- unname(normal$coef[place])
  se <- unname(sqrt(diag(normal$vcov)))[place]
  reach <- stats::qnorm((1 + ci) / 2) * se
  table <- data.frame(Parameter = names(normal$coef)[place], Coefficient = estimate, SE = se,
                      CI = ci, CI_low = estimate - reach, CI_high = estimate + reach,
                      z = estimate / se, df_error = Inf, p = 2 * stats::pnorm(-abs(estimate / se)))
  is_kept <- rep(TRUE, nrow(table))
  if (!is.null(keep)) is_kept <- name_matches(table$Parameter, keep, "keep")
  if (!is.null(drop)) is_kept <- is_kept & !name_matches(table$Parameter, drop, "drop")
  as_parameters_model(table[is_kept, ], ci)
}

as_parameters_model <- function(table, ci) {
  row.names(table) <- NULL
  structure(table, ci = ci, ci_method = "wald", test_statistic = "z-statistic",
            pretty_names = stats::setNames(table$Parameter, table$Parameter),
            class = c("parameters_model", "see_parameters_model", "data.frame"))
}

# check_table_arguments() has refused what no table of parameters has; `iterations` are those of a
# bootstrap, which is off.
check_wald_arguments <- function(dots) {
  off <- c("ci_method", "iterations", "bootstrap", "vcov", "vcov_args", "p_adjust", "robust",
           "df_method", "digits", "ci_digits", "p_digits", "footer_digits")
  others <- dots[!names(dots) %in% off & !vapply(dots, is_off, NA)]
  if (length(others) == 0) return(invisible())
  abort("{.arg {names(others)[1]}} is not for {.code ci_method = \"wald\"}, which has means, standard
         deviations and normal quantiles.",
        i = "{.code ci_method = \"eti\"} has intervals of the draws.")
}

is_off <- function(x) is.null(x) || isFALSE(x)

check_coefficients <- function(chosen) {
  others <- chosen$Parameter[chosen$Effects != "fixed" | chosen$Component != "conditional"]
  if (length(others) == 0) return(invisible())
  abort("{.code ci_method = \"wald\"} is for coefficients, which {.code {others[1]}} is not.",
        i = "Leave {.arg effects} and {.arg component} out, or take {.code ci_method = \"eti\"}.")
}

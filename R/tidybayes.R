#' Draws by tidybayes
#'
#' tidybayes accepts a fit directly. `tidy_draws()`, `spread_draws()`, `gather_draws()` and related
#' functions use relm's names of draws ([relm_names]). `epred_draws()`, `linpred_draws()`,
#' `predicted_draws()`, and the functions with `add_` before these names or `_rvars` after them, use
#' [posterior_predict()][posterior_predict.relm] and related functions and take their arguments.
#' `residual_draws()` gives the response of each row minus these draws.
#'
#' @param object A fit.
#' @param newdata A data frame of rows. For `residual_draws()` it must have the response.
#' @param value The name of the column of draws.
#' @param ndraws,seed,re_formula As in [posterior_predict()][posterior_predict.relm].
#' @param category Not used: a mean is one number.
#' @param method `"posterior_epred"`: minus the mean. `"posterior_predict"`: minus a new
#'   observation.
#' @param dpar Only `NULL` and `FALSE` are accepted: the draws are those of the mean. The draws of
#'   sigma have their own name.
#' @param ... Other arguments of [posterior_predict()][posterior_predict.relm].
#' @return A data frame with a row for each combination of a row of `newdata` and a draw.
#' @examplesIf requireNamespace("tidybayes", quietly = TRUE)
#' fit <- relm(log(mercury) ~ log(length) + (1 | station), bass,
#'             chains = 2, draws = 200, seed = 1)
#' tidybayes::residual_draws(fit, bass[1:2, ], ndraws = 3)
#' @name relm-tidybayes
NULL

#' @rdname relm-tidybayes
#' @rawNamespace S3method(tidybayes::residual_draws, relm)
#' @method residual_draws relm
residual_draws.relm <- function(object, newdata, ..., value = ".residual", ndraws = NULL,
                                seed = NULL, re_formula = NULL, category = ".category",
                                method = "posterior_epred") {
  check_choice(method, "method", c("posterior_epred", "posterior_predict"))
  predicted <- method == "posterior_predict"
  plan <- plan_prediction(object, "residual_draws", predicted, shared_arguments(...),
                          response = TRUE)
  draw <- if (predicted) tidybayes::predicted_draws else tidybayes::epred_draws
  table <- draw(object, newdata, ..., value = value, ndraws = ndraws, seed = seed,
                re_formula = re_formula, category = category)
  y <- plan$rows$response
  if (!predicted && !is.null(plan$rows$trials)) y <- y / plan$rows$trials
  table[[value]] <- y[table$.row] - table[[value]]
  table
}

#' @rdname relm-tidybayes
#' @rawNamespace S3method(tidybayes::epred_draws, relm)
#' @method epred_draws relm
epred_draws.relm <- function(object, newdata, ..., dpar = NULL) {
  refuse_dpar(dpar)
  NextMethod()
}

#' @rdname relm-tidybayes
#' @rawNamespace S3method(tidybayes::linpred_draws, relm)
#' @method linpred_draws relm
linpred_draws.relm <- function(object, newdata, ..., dpar = NULL) {
  refuse_dpar(dpar)
  NextMethod()
}

refuse_dpar <- function(dpar) {
  if (is.null(dpar) || isFALSE(dpar)) return(invisible())
  abort("{.arg dpar} is not for fits of relm: these are draws of the mean.",
        i = "{.code spread_draws(fit, sigma)} has those of the residual standard deviation.")
}

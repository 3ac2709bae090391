#' Keep criteria in a fit
#'
#' Computes criteria and keeps them in the fit, like brms's function of the same name.
#' [loo_compare()][loo.relm] then uses them and does not compute them again.
#'
#' @param x A fit.
#' @param criterion One or more of `"loo"`, `"waic"`, `"kfold"` and `"bayes_R2"`.
#' @param model_name The name of the model that loo prints. By default the fit as it is written in
#'   the call.
#' @param overwrite Compute criteria again that the fit already has?
#' @param ... Arguments of [loo()][loo.relm], [waic()][loo.relm], [kfold()] and [bayes_R2()]. Each
#'   function gets those that it knows.
#' @return The fit with the list `criteria`. It has an element for each criterion: the result of the
#'   function of that name, and for `"bayes_R2"` the draws.
#' @section Errors:
#' The errors of these functions. [extend()] and [update()] give fits without criteria, because
#' their draws are different.
#' @examplesIf requireNamespace("loo", quietly = TRUE)
#' fit1 <- relm(log(mercury) ~ log(length), bass, chains = 2, draws = 500, seed = 1)
#' fit2 <- relm(log(mercury) ~ log(length) + (1 | station), bass, chains = 2, draws = 500, seed = 1)
#' fit1 <- add_criterion(fit1, "loo")
#' fit2 <- add_criterion(fit2, c("loo", "bayes_R2"))
#' fit2$criteria$loo
#' loo_compare(fit1, fit2)
#' @name add_criterion
NULL

#' @rdname add_criterion
#' @export
add_criterion <- function(x, ...) UseMethod("add_criterion")

#' @export
add_criterion.default <- function(x, ...) pass_on("brms", "add_criterion", x, ...)

#' @rdname add_criterion
#' @rawNamespace S3method(brms::add_criterion, relm)
#' @export
add_criterion.relm <- function(x, criterion, model_name = NULL, overwrite = FALSE, ...) {
  name <- if (is.null(model_name)) model_name(substitute(x)) else model_name
  if (missing(criterion)) {
    abort("{.arg criterion} is missing.", i = "Name some of {.val {criteria}}.")
  }
  if (!is.character(criterion) || length(criterion) == 0 || !all(criterion %in% criteria)) {
    abort("{.arg criterion} must be some of {.val {criteria}}.", x = "It is {describe(criterion)}.")
  }
  if (!is.character(name) || length(name) != 1 || is.na(name)) {
    abort("{.arg model_name} must be one name.", x = "It is {describe(name)}.")
  }
  check_flag(overwrite, "overwrite")
  options <- list(...)
  known <- lapply(criterion_methods()[criterion], function(method) names(formals(method)))
  check_dots_empty(options[!names(options) %in% unlist(known)],
                   c(names(formals(add_criterion.relm)), unique(unlist(known))), "add_criterion")
  new <- if (overwrite) criterion else setdiff(criterion, names(x$criteria))
  for (this in unique(new)) {
    own <- options[names(options) %in% known[[this]]]
    if (this == "bayes_R2") own$summary <- FALSE
    value <- do.call(criterion_methods()[[this]], c(list(x), own), quote = TRUE)
    if (this != "bayes_R2") attr(value, "model_name") <- name
    x$criteria[[this]] <- value
  }
  x
}

criteria <- c("loo", "waic", "kfold", "bayes_R2")

criterion_methods <- function() {
  list(loo = loo.relm, waic = waic.relm, kfold = kfold.relm, bayes_R2 = bayes_R2.relm)
}

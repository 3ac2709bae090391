#' A fit with other arguments
#'
#' Fits a model again with some of its arguments changed.
#'
#' The new fit is the result of [relm()] with the arguments of the old fit's call, except for the
#' changed ones. A `formula.` works as in [stats::update.formula()], including bars: `. ~ . - x`
#' removes a term, and `. ~ . + (1 | g)` adds group effects. `(x || g)` means
#' `(1 | g) + (0 + x | g)`, and you may remove either part. Without a `seed` in the call or among
#' the changed arguments, the new fit has its own seed.
#'
#' By default `update()` uses the rows that the fit keeps. To fit corrected data, give `data`, or
#' `newdata` as brms calls it. A message says so if the data frame that the call names has changed
#' since. A new variable comes from that data frame, looked up where `update()` is called, if this
#' is still the data frame that was fitted. All other arguments of the old call keep their values,
#' whatever their names now refer to. A fit of cross-products uses its own cross-products.
#'
#' A fit keeps the columns of the data, the functions and the other objects that its formula names.
#' It does not keep the environment in which the formula was written. So a fit made in a function
#' does not keep the other objects of that function in memory.
#'
#' @param object A fit.
#' @param formula. Changes to the formula; for a fit of cross-products, other cross-products.
#' @param ... Arguments of [relm()], by name; `newdata` is another name of `data`.
#' @param evaluate `FALSE` for the call instead of the fit.
#' @return A fit, or a call.
#' @section Errors:
#' These are refused: arguments that [relm()] does not know, a formula for a fit of cross-products,
#' and the removal of terms that the model does not have. A variable that the old formula did not
#' name needs the unchanged data, or `data`.
#' @examples
#' bass$x <- log(bass$length) - ave(log(bass$length), bass$station)
#' fit <- relm(log(mercury) ~ x + (1 | station), bass, chains = 2, draws = 200, seed = 1)
#' update(fit, . ~ . + (0 + x | station))
#' update(fit, sampler = "centered", draws = 500)
#' update(fit, . ~ . - x, evaluate = FALSE)
#' @export
update.relm <- function(object, formula., ..., evaluate = TRUE) {
  check_flag(evaluate, "evaluate")
  if (is_of_several(object)) refuse_several_data(object, "update()")
  changes <- rlang::enquos(...)
  of_crossprods <- is.null(object$design)
  known <- names(formals(if (of_crossprods) relm.relm_crossprods else relm.formula))
  if (!of_crossprods) changes <- newdata_as_data(changes)
  check_dots_empty(changes[!names(changes) %in% known], known, "update")
  call <- object$call
  call[names(changes)] <- lapply(changes, rlang::quo_get_expr)
  formula <- if (of_crossprods) crossprods_of(object) else object$design$formula
  if (!missing(formula.)) {
    formula <- if (of_crossprods) check_crossprods(formula.)
      else update_formula(object, formula_of_text(formula., parent.frame(), "formula."))
    call$formula <- if (of_crossprods) substitute(formula.) else without_attributes(formula)
  }
  if (!evaluate) return(call)
  if (isTRUE(object$refitted) && !"data" %in% names(changes)) {
    abort("The response of this fit was given to {.fn refit}, and is not in the data.",
          i = "Give {.arg data}.")
  }
  kept <- setdiff(names(call), names(changes))
  # Of a source it was told when it was read.
  if (of_crossprods) kept <- intersect(kept, known)
  old <- old_arguments(object, kept, formula, changes, parent.frame())
  fit <- eval(as.call(c(list(quote(relm), formula), old, changed_arguments(changes))))
  call$checkpoint <- NULL
  fit$call <- call
  fit
}

newdata_as_data <- function(changes) {
  is_newdata <- names(changes) == "newdata"
  if (any(is_newdata) && "data" %in% names(changes)) {
    abort("Data cannot be given twice, as {.arg data} and as {.arg newdata}.")
  }
  names(changes)[is_newdata] <- "data"
  changes
}

# Weights, offset, subset and known(se) are still to be evaluated in the data.
changed_arguments <- function(changes) {
  in_data <- names(changes) %in% c("weights", "offset", "subset") |
    names(changes) == "sigma" & vapply(changes, rlang::quo_is_call, NA, name = "known")
  changes <- unclass(changes)
  changes[!in_data] <- lapply(changes[!in_data], rlang::eval_tidy)
  changes
}

# Those of the old call: as they were, but for the data.
old_arguments <- function(fit, names, formula, changes, envir) {
  design <- fit$design
  contrasts <- design$contrasts
  own <- c(fit$control, design$quosures, list(
    sigma = sigma_of(design), prior = prior_as_given(fit$posterior), na.action = design$na.action,
    family = family_of(fit)$as_family(), prior_only = is_prior_only(fit),
    contrasts = contrasts[names(contrasts) %in% all.vars(formula)]
  ))
  arguments <- own[intersect(names, names(own))]
  if ("init" %in% names) arguments$init <- old_init(fit$call$init, envir)
  if ("data" %in% names) {
    beside <- changes[intersect(names(changes), c("sigma", "weights", "offset", "subset"))]
    beside <- lapply(beside, function(quosure) free_variables(rlang::quo_get_expr(quosure)))
    arguments$data <- old_data(fit, c(free_variables(formula), unlist(beside)), envir)
  }
  arguments
}

# The rows that were fitted. Where what has changed names other columns of the data, those of the
# data frame that the call names, if it still is the one that was fitted.
old_data <- function(fit, named, envir) {
  own <- data_of(fit$design)
  name <- deparse1(fit$call$data)
  found <- tryCatch(eval(fit$call$data, envir), error = function(e) NULL)
  if (!is.data.frame(found)) return(own)
  found <- plain_columns(found)
  others <- intersect(setdiff(named, names(own)), names(found))
  if (is_same_data(own, found)) return(found)
  if (length(others)) {
    abort("The fit has not kept {.var {others}}, and {.code {name}} is not here as it was when it
           was fitted.", i = "Give {.code data = {name}} to fit what it is now.")
  }
  inform("{.code {name}} is not here as it was when it was fitted: the rows of the fit are used.",
         i = "Give {.code data = {name}} to fit what it is now.")
  own
}

is_same_data <- function(own, found) {
  nrow(own) == nrow(found) && all(names(own) %in% names(found)) &&
    all(vapply(names(own), function(name) identical(own[[name]], found[[name]]), NA))
}

old_init <- function(expression, envir) {
  init <- tryCatch(eval(expression, envir), error = function(e) 0)
  if (is.null(init) || inherits(init, "relm")) return(init)
  abort("The fit was started from {.code init = {deparse1(expression)}}, which is not here.",
        i = "Give {.arg init} anew, or {.code init = NULL} for starting points at random.")
}

check_crossprods <- function(x) {
  if (inherits(x, "relm_crossprods")) return(x)
  abort("{.arg formula.} must be cross-products, as the fit is of cross-products.",
        x = "It is {describe(x)}.", i = "Make them of the new formula with {.fn crossprods}.")
}

# The cross-products in a fit's posterior, without aliased columns.
crossprods_of <- function(fit) {
  posterior <- fit$posterior
  own <- setdiff(names(posterior), c("prior", "beta", "rank", "blocks", "sigma", "shape", "df",
                                     "level_rows", "parameters", "tails", "prior_only"))
  crossprods <- unclass(posterior)[own]
  crossprods$schema <- fit$schema
  structure(crossprods, class = "relm_crossprods")
}

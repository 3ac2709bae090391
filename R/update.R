#' A fit with other arguments
#'
#' Fits a model again with some of its arguments changed.
#'
#' The new fit is what [relm()] gives with the arguments of the old fit's call but for the changed
#' ones. A `formula.` is understood as in [stats::update.formula()], bars included: `. ~ . - x`
#' takes a term out, `. ~ . + (1 | g)` puts group effects in. Without a `seed` in the call or among
#' the changed arguments the new fit has a seed of its own.
#'
#' The data are looked for as the call names them, where `update()` is called, so that corrected
#' data are fitted. Where no data frame of that name is found that has the model's columns, as in
#' another session, those that the fit keeps are used; a message says so. All other arguments of
#' the old call keep the values that they had: what they were called does not matter. A fit of
#' cross-products is updated from its own.
#'
#' A fit keeps the columns of the data that its formula names, and functions and other objects
#' that it names beside them, but not the environment in which the formula was written: a fit made
#' in a function does not hold on to what else the function had.
#'
#' @param object A fit.
#' @param formula. Changes to the formula; for a fit of cross-products, other cross-products.
#' @param ... Arguments of [relm()], by name.
#' @param evaluate `FALSE` for the call instead of the fit.
#' @return A fit, or a call.
#' @section Errors:
#' Arguments that [relm()] does not know are refused, and so is a formula where there are
#' cross-products in place of data. A variable that the old formula did not name needs the data.
#' @examples
#' bass$x <- log(bass$length) - ave(log(bass$length), bass$station)
#' fit <- relm(log(mercury) ~ x + (1 | station), bass, chains = 2, draws = 200, seed = 1)
#' update(fit, . ~ . + (0 + x | station))
#' update(fit, sampler = "centered", draws = 500)
#' update(fit, . ~ . - x, evaluate = FALSE)
#' @export
update.relm <- function(object, formula., ..., evaluate = TRUE) {
  check_flag(evaluate, "evaluate")
  changes <- rlang::enquos(...)
  of_crossprods <- is.null(object$design)
  known <- names(formals(if (of_crossprods) relm.relm_crossprods else relm.formula))
  check_dots_empty(changes[!names(changes) %in% known], known, "update")
  call <- object$call
  call[names(changes)] <- lapply(changes, rlang::quo_get_expr)
  formula <- if (of_crossprods) crossprods_of(object$posterior) else object$design$formula
  if (!missing(formula.)) {
    formula <- if (of_crossprods) check_crossprods(formula.) else update_formula(object, formula.)
    call$formula <- if (of_crossprods) substitute(formula.) else without_attributes(formula)
  }
  if (!evaluate) return(call)
  old <- old_arguments(object, setdiff(names(call), names(changes)), formula, parent.frame())
  fit <- eval(as.call(c(list(quote(relm), formula), old, changed_arguments(changes))))
  fit$call <- call
  fit
}

# Weights, offset and subset are still to be evaluated in the data.
changed_arguments <- function(changes) {
  in_data <- names(changes) %in% c("weights", "offset", "subset")
  changes <- unclass(changes)
  changes[!in_data] <- lapply(changes[!in_data], rlang::eval_tidy)
  changes
}

# Those of the old call: as they were, but for the data.
old_arguments <- function(fit, names, formula, envir) {
  design <- fit$design
  contrasts <- design$contrasts
  own <- c(fit$control, design$quosures, list(
    sigma = design$sigma, prior = fit$posterior$prior, na.action = design$na.action,
    contrasts = contrasts[names(contrasts) %in% all.vars(formula)]
  ))
  arguments <- own[intersect(names, names(own))]
  if ("init" %in% names) arguments$init <- old_init(fit$call$init, envir)
  if ("data" %in% names) arguments$data <- old_data(fit, formula, envir)
  arguments
}

old_data <- function(fit, formula, envir) {
  expression <- fit$call$data
  data <- tryCatch(eval(expression, envir), error = function(e) NULL)
  kept <- c(names(fit$design$kept$columns), fit$design$kept$in_frame)
  if (is.data.frame(data) && all(intersect(all.vars(formula), kept) %in% names(data))) return(data)
  inform("There is no data frame {.code {deparse1(expression)}} with the model's columns here: those
          that the fit keeps of its {.arg data} are used.", i = "Give {.arg data} for others.")
  data_of(fit$design)
}

old_init <- function(expression, envir) {
  init <- tryCatch(eval(expression, envir), error = function(e) 0)
  if (is.null(init) || inherits(init, "relm")) return(init)
  abort("The fit was started from {.code init = {deparse1(expression)}}, which is not here.",
        i = "Give {.arg init} anew, or {.code init = NULL} for starting points at random.")
}

update_formula <- function(fit, new) {
  if (!inherits(new, "formula")) {
    abort("{.arg formula.} must be a formula.", x = "It is {describe(new)}.",
          i = "Write it as {.code . ~ . - x}.")
  }
  old <- without_dot(fit$design)
  formula <- stats::update.formula(old, new)
  own <- environment(old)
  environment(formula) <- if (is_saved_by_name(own)) environment(new)
    else list2env(as.list(own, all.names = TRUE), parent = environment(new))
  formula
}

# The formula with the columns that its dot stood for.
without_dot <- function(design) {
  formula <- design$formula
  if (!"." %in% all.vars(formula)) return(formula)
  bars <- lapply(design$bars, function(terms) {
    call("(", call("|", stats::formula(terms)[[2]], design$by$group))
  })
  formula[[3]] <- Reduce(function(a, b) call("+", a, b),
                         c(stats::formula(design$terms)[[2]], bars))
  formula
}

without_attributes <- function(x) {
  attributes(x) <- NULL
  x
}

check_crossprods <- function(x) {
  if (inherits(x, "relm_crossprods")) return(x)
  abort("{.arg formula.} must be cross-products, as the fit is of cross-products.",
        x = "It is {describe(x)}.", i = "Make them of the new formula with {.fn crossprods}.")
}

# The cross-products in a posterior, without aliased columns.
crossprods_of <- function(posterior) {
  own <- setdiff(names(posterior), c("prior", "beta", "blocks", "sigma", "level_rows", "tails"))
  structure(unclass(posterior)[own], class = "relm_crossprods")
}

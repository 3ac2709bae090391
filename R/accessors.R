#' The model of a fit
#'
#' @param x,object,formula A fit.
#' @param fixed.only,random.only Give only the fixed or only the random part? The same functions
#'   have the same defaults as in lme4.
#' @param type For `model.matrix()`: `"fixed"` for X or `"random"` for Z, rows x columns, which all
#'   groups share, and each once that several grouping factors have; lme4's Z has columns of its own
#'   for each group. For `weights()`: `"prior"`,
#'   the only type.
#' @param env Not used; `as.formula()` gives it.
#' @param ... Refused.
#' @return `formula()`: the model formula. `terms()`: the terms of the fixed part with the response.
#'   They have the attributes `predvars` and `dataClasses` that [lm()] gives, so a model frame of
#'   other rows keeps the basis of `poly()`, `scale()` and splines. Or the terms of all variables,
#'   with bars as sums. `model.frame()`: the data used, a data frame. `model.matrix()`: X with the
#'   attributes `assign` and `contrasts` that [lm()] gives, or Z with one column for each random
#'   column; aliased columns are left out. `prior_summary()`: a data frame with the prior of each
#'   parameter. `family()`: [gaussian()]. `weights()`: the precision weights, 1 where there are
#'   none. `getData()`: the columns of the data that the formula names, of the rows used. A fit of
#'   cross-products has no data, so functions that need data give an error.
#' @examples
#' fit <- relm(log(mercury) ~ log(length) + (1 | station), bass,
#'             chains = 2, draws = 200, seed = 1)
#' formula(fit)
#' formula(fit, fixed.only = TRUE)
#' dim(model.matrix(fit))
#' prior_summary(fit)
#' @name relm-model
NULL

#' @rdname relm-model
#' @export
formula.relm <- function(x, fixed.only = FALSE, random.only = FALSE, env, ...) {
  refuse_dots(list(...), "formula")
  check_one_part(fixed.only, random.only)
  formula <- x$posterior$formula
  if (!fixed.only && !random.only) return(formula)
  parts <- formula_parts(formula)
  if (fixed.only) return(two_sided(formula, fixed_side(parts$fixed)))
  bars <- lapply(parts$bars, summand_of_bar)
  two_sided(formula, if (length(bars)) sum_up(bars) else 0)
}

check_one_part <- function(fixed.only, random.only) {
  check_flag(fixed.only, "fixed.only")
  check_flag(random.only, "random.only")
  if (fixed.only && random.only) {
    abort("{.arg fixed.only} and {.arg random.only} are both TRUE.", i = "Choose one of them.")
  }
}

# Where the bars were all there was, the response may be left alone.
fixed_side <- function(fixed) if (inherits(fixed, "formula")) fixed[[length(fixed)]] else 1

two_sided <- function(formula, side) {
  as_formula(call("~", formula[[2]], side), environment(formula))
}

#' @rdname relm-model
#' @export
terms.relm <- function(x, fixed.only = TRUE, random.only = FALSE, ...) {
  refuse_dots(list(...), "terms")
  if (isTRUE(random.only) && missing(fixed.only)) fixed.only <- FALSE
  check_one_part(fixed.only, random.only)
  design <- design_of(x, "terms()")
  if (fixed.only) return(lm_terms(design, design$terms[[2]]))
  if (!random.only) return(attr(design$frame, "terms"))
  lm_terms(design, bars_to_sums(formula(x, random.only = TRUE))[[3]])
}

# Terms of the response and this side, their variables evaluated as those of the fit were.
lm_terms <- function(design, side) {
  terms <- evaluated_terms(stats::terms(two_sided(design$formula, side)), design$frame)
  classes <- attr(attr(design$frame, "terms"), "dataClasses")
  beside <- names(classes) %in% c("(weights)", "(offset)")
  attr(terms, "dataClasses") <- c(attr(terms, "dataClasses"), classes[beside])
  terms
}

#' @rdname relm-model
#' @export
model.frame.relm <- function(formula, fixed.only = FALSE, ...) {
  refuse_dots(list(...), "model.frame")
  check_flag(fixed.only, "fixed.only")
  frame <- design_of(formula, "model.frame()")$frame
  if (!fixed.only) return(frame)
  terms <- terms(formula)
  structure(frame[term_variables(terms)], terms = terms)
}

#' @rdname relm-model
#' @export
model.matrix.relm <- function(object, type = "fixed", ...) {
  refuse_dots(list(...), "model.matrix")
  check_choice(type, "type", c("fixed", "random"))
  design <- design_of(object, "model.matrix()")
  if (type == "fixed") return(fixed_matrix(design, object$posterior$fixed))
  Z <- design_rows(design)$Z
  if (length(design$bars)) rownames(Z) <- row.names(design$frame)
  Z
}

# X without aliased columns, as lm() makes it.
fixed_matrix <- function(design, columns) {
  all <- lm_matrix(design$terms, design$frame, design$coding)
  kept <- match(columns, colnames(all))
  X <- all[, kept, drop = FALSE]
  storage.mode(X) <- "double"
  attr(X, "assign") <- attr(all, "assign")[kept]
  attr(X, "contrasts") <- attr(all, "contrasts")
  X
}

#' @rdname relm-model
#' @export
family.relm <- function(object, ...) {
  refuse_dots(list(...), "family")
  family_of(object)$as_family()
}

# What stats' defaults would answer with NULL.
# arguments: those of the generic.
refuse_method <- function(name, instead, arguments = alist(object = , ... = )) {
  force(name)
  method <- function() abort("There is no {.fn {name}} for fits of {.fn relm}.", i = instead)
  formals(method) <- arguments
  method
}

#' @export
deviance.relm <- refuse_method("deviance", "{.fn loo} and {.fn waic} compare predictions.")

#' @export
df.residual.relm <- refuse_method("df.residual", "Intervals come from draws, not from a t
                                                  distribution.")

#' @export
logLik.relm <- refuse_method("logLik", "{.fn log_lik} has its draws, and {.fn loo} and {.fn logml}
                                        are criteria for models.")

#' @rdname relm-model
#' @export
weights.relm <- function(object, type = "prior", ...) {
  refuse_dots(list(...), "weights")
  check_choice(type, "type", "prior")
  frame <- design_of(object, "weights()")$frame
  weights <- stats::model.weights(frame)
  if (is.null(weights)) weights <- rep(1, nrow(frame))
  stats::naresid(attr(frame, "na.action"), as.numeric(weights))
}

#' @rdname relm-model
#' @importFrom nlme getData
#' @export
getData.relm <- function(object) {
  design <- design_of(object, "getData()")
  data <- used_data(design)
  if (is.null(data)) design$frame else data
}

design_of <- function(fit, what) {
  if (is_of_several(fit)) refuse_several_data(fit, what)
  if (is.null(fit$design)) {
    abort("{.code {what}} needs the data, and this fit is of cross-products.")
  }
  fit$design
}

# What new rows are read through: of a fit of chunks the schema that these were read through.
readable_design <- function(fit) if (is.null(fit$design)) fit$schema else fit$design

# Rows of the fit need its design, new ones a schema.
check_readable <- function(fit, what, newdata) {
  if (is.null(fit$schema)) return(design_of(fit, what))
  if (is.null(newdata)) {
    if (is_of_several(fit)) refuse_several_data(fit, paste(what, "without newdata"))
    abort("{.code {what}} needs rows, and this fit has not kept those that it was read from.",
          i = "Give {.arg newdata}.")
  }
}

# Terms whose variables are evaluated as those of the fit were: poly() with its basis.
evaluated_terms <- function(terms, frame) {
  whole <- attr(frame, "terms")
  place <- match(term_variables(terms), term_variables(whole))
  attr(terms, "predvars") <- as.call(c(quote(list), as.list(attr(whole, "predvars"))[-1][place]))
  attr(terms, "dataClasses") <- attr(whole, "dataClasses")[place]
  terms
}

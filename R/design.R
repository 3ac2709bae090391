#' From a formula and data to a design
#'
#' Reads a model in lme4's formula syntax and evaluates its variables. It does not make the design
#' matrices: [crossprods()] makes them a few rows at a time.
#'
#' @inheritParams relm
#' @param data A data frame with the variables of the formula.
#' @param drop.unused.levels Leave out levels of factors that do not occur? If only a part of the
#'   data is read, its factors keep their levels.
#' @return An object of class `relm_design`, a list with the elements
#'   \describe{
#'   \item{`frame`}{the model frame, one row for each row of data used}
#'   \item{`family`, `link`}{the names of the family of the response and of its link}
#'   \item{`terms`}{the terms of the fixed part}
#'   \item{`bars`}{the terms of the random part, a list with one element for each
#'     block of the covariance matrix}
#'   \item{`group`, `sigma_by`}{names of the grouping factors and of the factor whose levels have
#'     their own residual variances, or `NULL`}
#'   \item{`of_grouping`}{for each of `bars` the number of its grouping factor}
#'   \item{`by`}{these factors as expressions, a list with the elements `group` (`group2` and so on
#'     where there are several) and `sigma`}
#'   \item{`factors`}{for each of them the code of each row, and the labels of the codes}
#'   \item{`contrasts`, `formula`, `sigma`, `na.action`}{as given; the environment of the formulas
#'     holds only what they name in addition to the data}
#'   \item{`coding`}{the contrasts of each factor among the terms, as given or by the session's
#'     option}
#'   \item{`row_variables`}{names of the variables that came with the rows}
#'   \item{`kept`, `quosures`}{what [update()][update.relm] needs: the columns of `data` that the
#'     model names, and `weights`, `offset` and `subset` as expressions}
#'   }
#' @section Formulas:
#' The random part has any number of grouping factors, each with any columns: `(1 | g)`, `(0 + x |
#' g)`, `(1 + x | g)` with correlated effects, `(1 + x || g)` with independent ones, or several such
#' terms with the same `g`, each with its own block. A grouping factor is a variable, a call of a
#' function such as `(1 | factor(g))`, or an interaction, `(1 | a:b)`, of which `b:a` is another
#' spelling. `(x | a/b)` is `(x | a) + (x | a:b)`. Whether groups are nested or crossed is found
#' from the rows, not from how they are written. Write arithmetic in [I()]. Rows belong to one group
#' if these values are equal: numbers and times are not rounded. Columns may have any class whose
#' values are numbers, text or factors; estimates and predictions have none of their labels and
#' units. A bar within a call, as in `I(p | q)`, means *or*.
#' @examples
#' relm_design(log(mercury) ~ log(length) + (1 | station), data = bass)
#' @export
relm_design <- function(formula, data, sigma = ~ 1, weights, offset, subset,
                        na.action = getOption("na.action"), contrasts = NULL,
                        drop.unused.levels = TRUE, family = "gaussian") {
  family <- check_family(tryCatch(family, error = identity))
  if (missing(formula)) abort("{.arg formula} is missing.",
                              i = "Write {.code relm_design(y ~ x + (1 | g), data)}.")
  formula <- formula_of_text(formula, parent.frame())
  check_formula(formula)
  read <- read_sigma(rlang::enquo(sigma), tryCatch(sigma, error = identity),
                     rlang::enquo(weights), family)
  if (missing(data)) data <- environment(formula)
  else check_data(data)
  if (!is.null(read$se)) check_standard_errors(read$se, data)
  quosures <- list(weights = read$weights, offset = rlang::enquo(offset),
                   subset = rlang::enquo(subset))
  check_flag(drop.unused.levels, "drop.unused.levels")
  design <- check_design(unchecked_design(formula, data, read$sigma, quosures, na.action, contrasts,
                                          drop.unused.levels, family, check = TRUE))
  design$factors <- read_factors(design)
  tell_bare_bar(formula)
  design
}

# A design whose rows may be any, without the codes of groups. quosures: those that are missing too.
# check: refuse weights that are none? Or what they are made of, as text.
unchecked_design <- function(formula, data, sigma, quosures, na.action, contrasts,
                             drop.unused.levels, family, check = FALSE) {
  data <- plain_columns(data)
  parts <- formula_parts(formula)
  whole <- whole_formula(formula, sigma, data)
  data <- named_columns(data)
  environment(whole) <- environment(formula) <- environment(sigma) <-
    own_environment(whole, environment(formula), data)
  quosures <- quosures[!vapply(quosures, rlang::quo_is_missing, NA)]
  extras <- evaluate_extras(data, quosures)
  if (check && is_known_sigma(sigma)) check <- as_text(sigma[[2]])
  frame <- as_factors(evaluate_frame(whole, data, extras, na.action, drop.unused.levels, family,
                                     check))
  bars <- random_terms(parts$bars, environment(formula), formula[[2]])
  groupings <- groupings_of_bars(parts$bars)
  design <- list(
    formula = formula, family = family$name, link = family$link, sigma = sigma, frame = frame,
    terms = fixed_terms(parts$fixed, formula, data), bars = bars,
    by = by_parts(groupings$expressions, if (has_sigma_factor(sigma)) sigma[[2]]),
    contrasts = check_contrasts(contrasts, frame), na.action = na.action,
    quosures = lapply(quosures, own_quosure, data),
    kept = keep_columns(data, whole, quosures, frame)
  )
  design$coding <- settle_contrasts(design)
  design$row_variables <- row_variables(design, whole, data)
  design$group <- grouping_names(design$by)
  design$of_grouping <- groupings$number
  design$sigma_by <- if (has_sigma_factor(sigma)) as_text(design$by$sigma)
  refuse_digits(design)
  structure(design, class = "relm_design")
}

check_data <- function(data) {
  if (is.data.frame(data)) return(invisible())
  if (inherits(data, "DBIConnection")) {
    abort("{.arg data} is a connection to a database, where it must be a table.",
          i = 'Name the table: {.code dplyr::tbl(connection, "fish")}.')
  }
  abort("{.arg data} must be a data frame.", x = "It is {describe(data)}.",
        i = "Try {.code as.data.frame(data)}.")
}

check_contrasts <- function(contrasts, frame) {
  if (is.null(contrasts)) return(NULL)
  if (!is.list(contrasts) || is.null(names(contrasts))) {
    abort("{.arg contrasts} must be a list named by factor.",
          x = "It is {describe(contrasts)}.",
          i = 'For instance {.code contrasts = list(f = "contr.sum")}.')
  }
  unknown <- setdiff(names(contrasts), names(frame))
  if (length(unknown)) {
    abort("{.arg contrasts} names {.var {unknown}}, which the formula does not have.")
  }
  contrasts
}

check_design <- function(design) {
  frame <- design$frame
  if (nrow(frame) == 0) {
    abort("No rows are left to fit.",
          i = "Look at {.arg subset} and at missing values.")
  }
  family <- family_of(design)
  family$check_type(frame)
  check_offsets(frame)
  check_finite_columns(frame)
  family$check_rows(frame)
  family$check_all(frame)
  design
}

#' @export
print.relm_design <- function(x, ...) {
  cat("Design of ", deparse1(x$formula), "\n", sep = "")
  cat("rows: ", nrow(x$frame), "\n", sep = "")
  first <- design_rows(x, seq_len(min(nrow(x$frame), 2)))
  cat("fixed columns: ", paste(colnames(first$X), collapse = ", "), "\n", sep = "")
  if (!is.null(x$group)) {
    for (g in seq_along(x$group)) {
      own <- first$random$grouping == g
      blocks <- vapply(split(first$random$column[own], first$random$block[own]), paste, "",
                       collapse = ", ")
      cat("random columns: ", paste0("(", blocks, ")", collapse = " + "), " by ", x$group[g],
          "\n", sep = "")
    }
  }
  if (!is.null(x$sigma_by)) cat("residual variance by ", x$sigma_by, "\n", sep = "")
  if (!is_gaussian(x)) cat("family: ", family_text(x), "\n", sep = "")
  invisible(x)
}

# sigma: its value, or the error that came of `given`, an expression.
check_sigma <- function(sigma, given, family) {
  if (!inherits(sigma, "formula")) {
    factor <- if (is.name(given)) as.character(given) else "g"
    abort("{.arg sigma} must be a formula.",
          x = if (inherits(sigma, "error")) "It cannot be evaluated: {conditionMessage(sigma)}."
              else "It is {describe(sigma)}.",
          i = "Write it as {.code ~ {factor}}.")
  }
  check_formula(sigma, "sigma", sides = 2)
  if (has_sigma_factor(sigma)) {
    if (!identical(family$scale, "sigma")) {
      abort("{.arg sigma} has no place in a {family$label}, which has no residual variance.",
            i = "Leave {.arg sigma} out.")
    }
    check_grouping(sigma[[2]], "sigma")
  } else if (!identical(sigma[[2]], 1)) {
    abort("{.arg sigma} must be {.code ~ 1} or name a factor.",
          x = "It is {.code {deparse1(sigma)}}.", i = "Write it as {.code ~ g}.")
  }
  sigma
}

# What the argument `sigma` asks for: `sigma`, a formula, which is ~ known(se) where the variances of
# rows are known; `se`, that expression as a quosure, else NULL; and `weights`, a quosure, as they
# were given or follow from se. value: what `given` is, which is not evaluated where it is a call of
# known().
read_sigma <- function(given, value, weights, family) {
  call <- if (rlang::quo_is_call(given, "known")) rlang::quo_get_expr(given)
    else if (is_known_sigma(value)) value[[2]]
  if (is.null(call)) {
    return(list(sigma = check_sigma(value, rlang::quo_get_expr(given), family),
                weights = weights))
  }
  check_known_call(call, weights, family)
  envir <- if (rlang::quo_is_call(given, "known")) rlang::quo_get_env(given) else environment(value)
  se <- call[[2]]
  # As 1/se^2, but for a negative se.
  weight <- rlang::expr(1 / (!!se * abs(!!se)))
  list(sigma = rlang::new_formula(NULL, call, envir), se = rlang::new_quosure(se, envir),
       weights = rlang::new_quosure(weight, envir))
}

check_known_call <- function(call, weights, family) {
  if (!identical(family$scale, "sigma")) {
    abort("{.arg sigma} has no place in a {family$label}, which has no residual variance.",
          i = "Leave {.arg sigma} out.")
  }
  if (length(call) != 2 || !is.null(names(call))) {
    abort("{.code known()} takes the standard errors of the rows, and nothing else.",
          x = "It is {.code {deparse1(call)}}.", i = "Write {.code sigma = known(se)}.")
  }
  if (!rlang::quo_is_missing(weights) && !rlang::quo_is_null(weights)) {
    abort("{.arg weights} have no place beside {.code sigma = {deparse1(call)}}, which gives each
           row its variance.", i = "Leave {.arg weights} out.")
  }
}

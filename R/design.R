#' From a formula and data to a design
#'
#' Reads a model in lme4's formula syntax and evaluates its variables, without
#' making the design matrices: [crossprods()] makes them a few rows at a time.
#'
#' @inheritParams relm
#' @param drop.unused.levels Leave out levels of factors that do not occur? Where a part of the
#'   data is read, its factors keep their levels.
#' @return An object of class `relm_design`, a list with the elements
#'   \describe{
#'   \item{`frame`}{the model frame, one row for each row of data used}
#'   \item{`terms`}{the terms of the fixed part}
#'   \item{`bars`}{the terms of the random part, a list with one element for each
#'     block of the covariance matrix}
#'   \item{`group`, `sigma_by`}{names of the grouping factor and of the factor that
#'     residual variances go by, or `NULL`}
#'   \item{`by`}{these factors as expressions, a list with the elements `group` and `sigma`}
#'   \item{`contrasts`, `formula`, `sigma`, `na.action`}{as given; the environment of formulas is
#'     one that holds what they name beside the data and nothing more}
#'   \item{`coding`}{the contrasts of each factor among the terms, as given or by the session's
#'     option}
#'   \item{`row_variables`}{names of the variables that came with the rows}
#'   \item{`kept`, `quosures`}{what [update()][update.relm] needs: the columns of `data` that the
#'     model names, and `weights`, `offset` and `subset` as expressions}
#'   }
#' @section Formulas:
#' The random part is one grouping factor with any columns: `(1 | g)`,
#' `(0 + x | g)`, `(1 + x | g)` with correlated effects, `(1 + x || g)` with
#' independent ones, or several such terms of the same `g`, each a block of
#' its own. The grouping factor may be an interaction, `(1 | a:b)`.
#' @examples
#' relm_design(log(mercury) ~ log(length) + (1 | station), data = bass)
#' @export
relm_design <- function(formula, data, sigma = ~ 1, weights, offset, subset,
                        na.action = getOption("na.action"), contrasts = NULL,
                        drop.unused.levels = TRUE) {
  check_formula(formula)
  check_formula(sigma, "sigma", sides = 2)
  if (missing(data)) data <- environment(formula)
  else check_data(data)
  check_bars(formula[[3]])
  whole <- whole_formula(formula, sigma, data)
  environment(whole) <- environment(formula) <- environment(sigma) <-
    own_environment(whole, environment(formula), data)
  check_variables(whole, data)
  quosures <- list(weights = rlang::enquo(weights), offset = rlang::enquo(offset),
                   subset = rlang::enquo(subset))
  quosures <- quosures[!vapply(quosures, rlang::quo_is_missing, NA)]
  extras <- evaluate_extras(data, quosures)
  check_flag(drop.unused.levels, "drop.unused.levels")
  frame <- as_factors(evaluate_frame(whole, data, extras, na.action, drop.unused.levels))
  parts <- formula_parts(formula)
  bars <- random_terms(parts$bars, environment(formula))
  design <- list(
    formula = formula, sigma = sigma, frame = frame,
    terms = fixed_terms(parts$fixed, formula, data), bars = lapply(bars, `[[`, "terms"),
    by = list(group = if (length(bars)) bars[[1]]$group,
              sigma = if (length(all.vars(sigma))) sigma[[2]]),
    contrasts = check_contrasts(contrasts, frame), na.action = na.action,
    quosures = lapply(quosures, own_quosure, data),
    kept = keep_columns(data, whole, quosures, frame)
  )
  design$coding <- settle_contrasts(design)
  design$row_variables <- row_variables(design, whole, data)
  design$group <- if (length(bars)) as_text(design$by$group)
  design$sigma_by <- if (length(all.vars(sigma))) as_text(design$by$sigma)
  check_design(structure(design, class = "relm_design"))
}

check_data <- function(data) {
  if (is.data.frame(data)) return(invisible())
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

check_formula <- function(formula, name = "formula", sides = 3) {
  if (!inherits(formula, "formula")) {
    abort("{.arg {name}} must be a formula.", x = "It is {describe(formula)}.")
  }
  if (length(formula) != sides) {
    abort(if (sides == 3) "{.arg formula} has no response."
          else "{.arg {name}} must have no left-hand side.",
          x = "It is {.code {deparse1(formula)}}.",
          i = if (sides == 3) "Write it as {.code y ~ x + (1 | g)}."
              else "Write it as {.code ~ g}.")
  }
}

# The formula with its bars and the factor of the residual variances as plain
# terms, so that one model frame holds all variables.
whole_formula <- function(formula, sigma, data) {
  whole <- bars_to_sums(formula)
  if (length(all.vars(sigma))) whole[[3]] <- call("+", whole[[3]], sigma[[2]])
  if ("." %in% all.vars(whole)) {
    whole <- stats::formula(stats::terms(whole, data = data))
  }
  environment(whole) <- environment(formula)
  whole
}

bars_to_sums <- function(expression) {
  if (!has_bar(expression)) return(expression)
  head <- expression[[1]]
  if (identical(head, quote(`|`)) || identical(head, quote(`||`))) expression[[1]] <- quote(`+`)
  for (k in seq_along(expression)[-1]) expression[[k]] <- bars_to_sums(expression[[k]])
  expression
}

check_variables <- function(whole, data) {
  within <- if (is.data.frame(data)) names(data) else character()
  names <- setdiff(all.vars(whole), c(within, "."))
  found <- vapply(names, exists, NA, envir = environment(whole), mode = "numeric") |
    vapply(names, function(name) {
      value <- get0(name, environment(whole))
      !is.null(value) && !is.function(value)
    }, NA)
  missing <- names[!found]
  if (length(missing)) {
    abort(if (length(within)) "The formula names {.var {missing}}, not in {.arg data}."
          else "The formula names {.var {missing}}, which is nowhere to be found, and
                {.arg data} was not given.",
          i = if (length(within)) "{.arg data} has {.var {within}}.")
  }
}

# Weights, offset and subset, as lm() would find them: in the data, then where the
# call was written.
evaluate_extras <- function(data, quosures) {
  mask <- if (is.data.frame(data)) data
  extras <- lapply(quosures, function(quosure) {
    tryCatch(rlang::eval_tidy(quosure, mask), error = function(e) {
      abort("{.code {rlang::as_label(quosure)}} cannot be evaluated.",
            x = "{conditionMessage(e)}")
    })
  })
  for (name in c("weights", "offset")) check_extra(extras[[name]], name, mask)
  extras[!vapply(extras, is.null, NA)]
}

check_extra <- function(values, name, data) {
  if (is.null(values)) return(invisible())
  if (!is.numeric(values)) {
    abort("{.arg {name}} must be numbers.", x = "It is {describe(values)}.")
  }
  if (!is.null(data) && NROW(values) != nrow(data)) {
    abort("{.arg {name}} must have one number for each of the {nrow(data)} rows of
           {.arg data}.", x = "It has {NROW(values)}.")
  }
}

evaluate_frame <- function(whole, data, extras, na.action, drop_levels) {
  action <- if (is.null(na.action)) stats::na.pass else match.fun(na.action)
  frame <- tryCatch(
    do.call(stats::model.frame, c(list(whole, data, na.action = check_then(action),
                                       drop.unused.levels = drop_levels), extras)),
    error = function(e) {
      if (inherits(e, "relm_error")) stop(e)
      abort("The variables of the formula cannot be evaluated.", x = "{conditionMessage(e)}")
    }
  )
  dropped <- length(attr(frame, "na.action"))
  if (dropped && nrow(frame)) {
    inform("Dropped {dropped} of {dropped + nrow(frame)} rows with missing values.")
  }
  frame
}

# Bad weights are an error even where na.action would drop their rows.
check_then <- function(action) {
  function(frame) {
    weights <- frame[["(weights)"]]
    if (!is.null(weights)) check_weights(weights)
    if (identical(action, stats::na.omit) && is_left_by_na_omit(frame)) frame
    else action(frame)
  }
}

# na.omit() copies a frame also where nothing is missing, and takes most attributes off its
# columns.
is_left_by_na_omit <- function(frame) {
  for (column in frame) {
    described <- attributes(column)
    if (identical(described$class, "factor")) described[c("levels", "class")] <- NULL
    if (length(described) || anyNA(column)) return(FALSE)
  }
  TRUE
}

check_weights <- function(weights) {
  bad <- which(!is.finite(weights) | weights <= 0)
  if (length(bad)) {
    abort("{.arg weights} must be finite and positive.",
          x = "In {length(bad)} row{?s}, the first of them row {bad[1]}, the weight is
               {describe(weights[bad[1]])}.",
          i = "Leave rows out with {.arg subset}.")
  }
}

as_factors <- function(frame) {
  text <- vapply(frame, is.character, NA)
  text[1] <- FALSE
  if (!any(text)) return(frame)
  frame[text] <- lapply(frame[text], factor)
  frame
}

# The formula without its bars, and the bars, with `||` split into a bar for each block as
# lme4 splits it. A sum of terms grouped by plain names, which most formulas are, is read
# here: to load reformulas for the others takes a second, and its reading as long as a model
# frame of a few rows.
formula_parts <- function(formula) {
  summands <- if (!has_bar(formula[[2]])) sum_of(formula[[3]])
  if (is.null(summands)) {
    return(list(fixed = reformulas::nobars(formula), bars = reformulas::findbars(formula)))
  }
  if (!is.null(summands$fixed)) formula[[3]] <- summands$fixed
  else formula <- as_formula(call("~", formula[[2]], 1), environment(formula))
  list(fixed = formula, bars = unlist(lapply(summands$bars, split_bar)))
}

has_bar <- function(expression) any(c("|", "||") %in% all.names(expression))

# A sum's fixed terms, still as a sum, and its bars; NULL where bars stand elsewhere than in
# parentheses of their own.
sum_of <- function(expression) {
  if (!has_bar(expression)) return(list(fixed = expression))
  if (identical(expression[[1]], quote(`(`))) {
    bar <- expression[[2]]
    is_bar <- is.call(bar) && is.name(bar[[1]]) && has_bar(bar[[1]])
    plain <- is_bar && is.name(bar[[3]]) && !identical(bar[[3]], quote(.)) &&
      !has_bar(bar[[2]])
    return(if (plain) list(bars = list(bar)))
  }
  if (!identical(expression[[1]], quote(`+`)) || length(expression) != 3) return(NULL)
  left <- sum_of(expression[[2]])
  right <- sum_of(expression[[3]])
  if (is.null(left) || is.null(right)) return(NULL)
  fixed <- if (is.null(left$fixed)) right$fixed else if (is.null(right$fixed)) left$fixed
    else call("+", left$fixed, right$fixed)
  list(fixed = fixed, bars = c(left$bars, right$bars))
}

# (1 + x || g) is (1 | g) + (0 + x | g).
split_bar <- function(bar) {
  if (identical(bar[[1]], quote(`|`))) return(list(bar))
  side <- stats::terms(as_formula(call("~", bar[[2]]), environment()))
  columns <- lapply(attr(side, "term.labels"), function(label) {
    call("+", 0, str2lang(label))
  })
  if (attr(side, "intercept") != 0) columns <- c(1, columns)
  lapply(columns, function(column) call("|", column, bar[[3]]))
}

as_formula <- function(call, environment) {
  attributes(call) <- list(class = "formula", .Environment = environment)
  call
}

# deparse1(), which takes long over a name.
as_text <- function(expression) {
  if (is.name(expression)) as.character(expression) else deparse1(expression)
}

fixed_terms <- function(fixed, formula, data) {
  # Where the bars were all there was, nobars() may give the response alone.
  if (!inherits(fixed, "formula")) fixed <- as_formula(call("~", formula[[2]], 1), NULL)
  environment(fixed) <- environment(formula)
  stats::delete.response(stats::terms(fixed, data = data))
}

# One element for each block: its terms (as a one-sided formula's terms) and
# its grouping expression.
random_terms <- function(bars, environment) {
  groups <- unique(vapply(bars, function(bar) as_text(bar[[3]]), ""))
  if (length(groups) > 1) {
    abort("The random terms must have one grouping factor.",
          x = "They have {.code {groups}}.",
          i = "Models with several grouping factors are not supported; an
               interaction such as {.code (1 | a:b)} is one factor.")
  }
  lapply(bars, function(bar) {
    side <- stats::terms(as_formula(call("~", bar[[2]]), environment))
    if (!is.null(attr(side, "offset"))) {
      abort("{.fn offset} stands in a random term.", x = "It is {.code {deparse1(bar)}}.",
            i = "Write it among the fixed terms.")
    }
    list(terms = side, group = bar[[3]])
  })
}

# Bars that group by nothing would be passed over.
check_bars <- function(expression) {
  if (!is.call(expression) || !has_bar(expression)) return(invisible())
  is_bar <- identical(expression[[1]], quote(`|`)) || identical(expression[[1]], quote(`||`))
  if (is_bar && length(all.vars(expression[[3]])) == 0) {
    abort("A random term has no grouping factor.",
          x = "It is {.code ({deparse1(expression)})}.", i = "Write {.code (1 | g)}.")
  }
  if (is_bar && is.call(expression[[2]]) && identical(expression[[2]][[1]], quote(`|`))) {
    abort("A random term has two bars.", x = "It is {.code ({deparse1(expression)})}.",
          i = "Write {.code (1 | g)}.")
  }
  for (part in as.list(expression)[-1]) check_bars(part)
}

check_design <- function(design) {
  frame <- design$frame
  if (nrow(frame) == 0) {
    abort("No rows are left to fit.",
          i = "Look at {.arg subset} and at missing values.")
  }
  check_response(.subset2(frame, 1), frame)
  check_finite_columns(frame)
  design
}

check_response <- function(y, frame) {
  if (!is.numeric(y) || NCOL(y) != 1) {
    abort("The response {.code {names(frame)[1]}} must be one column of numbers.",
          x = "It is {describe(stats::model.response(frame, 'any'))}.",
          i = if (is.character(y)) "Convert it with {.fn as.numeric}.")
  }
}

check_finite_columns <- function(frame) {
  for (name in names(frame)) {
    column <- .subset2(frame, name)
    if (!is.numeric(column) || all_finite(column)) next
    bad <- which(!is.finite(rowSums(as.matrix(column))))
    if (length(bad)) {
      abort("{.code {name}} must be finite.",
            x = "In {length(bad)} row{?s}, the first of them row {bad[1]}, it is not.",
            i = "Take these rows out with {.arg subset}.")
    }
  }
  y <- .subset2(frame, 1)
  if (length(y) > 1 && y[2] == y[1] && all(y == y[1])) {
    abort("The response {.code {names(frame)[1]}} is constant.",
          x = "All {length(y)} values are {describe(unname(y[1]))}.",
          i = "A model of it has no residual variance.")
  }
}

# A finite sum has finite terms: no vector of flags is needed then.
all_finite <- function(column) {
  (is.double(column) && !is.object(column) && is.finite(sum(column))) ||
    all(is.finite(column))
}

# The rows `rows` (all when NULL) of the design matrices, which have no row names.
design_rows <- function(design, rows = NULL) {
  frame <- design$frame
  if (!is.null(rows)) frame <- frame_rows(frame, rows)
  offset <- stats::model.offset(frame)
  y <- as.numeric(.subset2(frame, 1))
  Z <- lapply(design$bars, terms_matrix, frame = frame, contrasts = design$coding)
  list(
    X = terms_matrix(design$terms, frame, design$coding),
    Z = if (length(Z)) do.call(cbind, Z) else matrix(0, length(y), 0),
    y = if (is.null(offset)) y else y - as.numeric(offset),
    weights = stats::model.weights(frame),
    block = rep(seq_along(Z), vapply(Z, ncol, 1L))
  )
}

# frame[rows, ] without its row names, which take longer to subset than the columns.
frame_rows <- function(frame, rows) {
  described <- attributes(frame)
  described$row.names <- .set_row_names(length(rows))
  frame <- lapply(frame, function(column) {
    if (is.matrix(column)) column[rows, , drop = FALSE] else column[rows]
  })
  attributes(frame) <- described
  frame
}

terms_matrix <- function(terms, frame, contrasts) {
  X <- plain_matrix(terms, frame)
  if (!is.null(X)) return(X)
  if (!is.null(contrasts)) {
    variables <- vapply(attr(terms, "variables"), deparse1, "")[-1]
    contrasts <- contrasts[names(contrasts) %in% variables]
  }
  X <- tryCatch(
    stats::model.matrix(terms, frame, contrasts.arg = contrasts),
    error = function(e) {
      abort("The model matrix cannot be made.", x = "{conditionMessage(e)}")
    }
  )
  matrix(as.double(X), nrow(X), dimnames = list(NULL, colnames(X)))
}

# The model matrix of terms that are vectors of numbers, each a column as it stands; NULL for
# other terms.
plain_matrix <- function(terms, frame) {
  labels <- attr(terms, "term.labels")
  place <- match(labels, names(frame))
  if (anyNA(place) || any(attr(terms, "order") > 1)) return(NULL)
  columns <- .subset(frame, place)
  for (column in columns) {
    plain <- is.numeric(column) && is.null(dim(column)) &&
      (!is.object(column) || inherits(column, "AsIs"))
    if (!plain) return(NULL)
  }
  n_rows <- .row_names_info(frame, 2L)
  intercept <- if (attr(terms, "intercept") > 0) rep(1, n_rows)
  names <- c(if (!is.null(intercept)) "(Intercept)", labels)
  X <- as.double(unlist(c(list(intercept), columns), use.names = FALSE))
  dim(X) <- c(n_rows, length(names))
  dimnames(X) <- list(NULL, names)
  X
}

# The levels of a grouping expression in the order in which they first appear,
# and the level of each row. The order of sampling follows the rows, so that the
# spelling of labels cannot matter.
group_levels <- function(expression, frame, argument = "formula") {
  factor <- grouping_factor(expression, frame, argument)
  codes <- as.integer(factor)
  seen <- in_order_of_rows(codes, nlevels(factor))
  list(labels = levels(factor)[seen$codes], index = seen$index, display = order(seen$codes),
       all = levels(factor))
}

# The codes 1, ..., n_codes that occur, as unique() gives them, and the place of each row's
# code among them.
in_order_of_rows <- function(codes, n_codes) {
  if (!anyNA(codes)) return(.Call(ffi_number_by_first_row, codes, n_codes))
  seen <- unique(codes)
  list(codes = seen, index = match(codes, seen))
}

grouping_factor <- function(expression, frame, argument) {
  if (is.call(expression) && identical(expression[[1]], quote(`:`))) {
    return(interaction(grouping_factor(expression[[2]], frame, argument),
                       grouping_factor(expression[[3]], frame, argument),
                       sep = ":", drop = TRUE, lex.order = TRUE))
  }
  if (is.call(expression) && identical(expression[[1]], quote(`(`))) {
    return(grouping_factor(expression[[2]], frame, argument))
  }
  values <- .subset2(frame, as_text(expression))
  if (is.null(values) || !is.null(dim(values))) {
    abort("{.arg {argument}} groups by {.code {deparse1(expression)}}, which is not one factor.",
          i = "A grouping factor is one variable or an interaction, {.code a:b}.")
  }
  factor <- whole_number_factor(values)
  if (is.null(factor)) as.factor(values) else factor
}

# as.factor() of whole numbers in a range not much longer than their vector; NULL of others.
whole_number_factor <- function(x) {
  if (!is.numeric(x) || !is.null(attributes(x)) || !length(x) || anyNA(x)) return(NULL)
  ends <- range(x)
  if (max(abs(ends)) > 2^30 || ends[2] - ends[1] > 2 * length(x)) return(NULL)
  code <- as.integer(x)
  if (is.double(x) && !all(code == x)) return(NULL)
  code <- code - (as.integer(ends[1]) - 1L)
  counts <- tabulate(code)
  occurs <- which(counts > 0L)
  place <- cumsum(counts > 0L)
  levels <- occurs + as.integer(ends[1]) - 1L
  storage.mode(levels) <- storage.mode(x)
  structure(place[code], levels = as.character(levels), class = "factor")
}

#' @export
print.relm_design <- function(x, ...) {
  cat("Design of ", deparse1(x$formula), "\n", sep = "")
  cat("rows: ", nrow(x$frame), "\n", sep = "")
  first <- design_rows(x, seq_len(min(nrow(x$frame), 2)))
  cat("fixed columns: ", paste(colnames(first$X), collapse = ", "), "\n", sep = "")
  if (!is.null(x$group)) {
    blocks <- vapply(split(colnames(first$Z), first$block), paste, "", collapse = ", ")
    cat("random columns: ", paste0("(", blocks, ")", collapse = " + "), " by ", x$group,
        "\n", sep = "")
  }
  if (!is.null(x$sigma_by)) cat("residual variance by ", x$sigma_by, "\n", sep = "")
  invisible(x)
}

# The grammar of formulas: bars, the fixed part, what they may name.

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

# What may stand in a grouping expression: variables, calls of functions, `:` and parentheses.
# whole: what it is part of, as it is written.
check_grouping <- function(expression, argument, whole = expression) {
  if (!is.call(expression) || !is_operator(expression[[1]])) return(invisible())
  operator <- as.character(expression[[1]])
  if (!operator %in% c(":", "(")) {
    abort("{.arg {argument}} groups by {.code {deparse1(whole)}}, which has the operator
           {.code {operator}}.",
          i = "Groups are those of a variable, of a call such as {.code factor(g)}, or of an
               interaction {.code a:b}. Arithmetic stands in {.fn I}.")
  }
  for (part in as.list(expression)[-1]) check_grouping(part, argument, whole)
}

# Names that terms() reads as operators of formulas; all others are functions to it.
is_operator <- function(head) {
  is.name(head) && as.character(head) %in%
    c("~", "+", "-", "*", "/", "^", ":", "%in%", "(", "|", "||")
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

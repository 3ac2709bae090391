# The grammar of formulas: bars, the fixed part, what they may name.
#
# A bar is one below the operators of formulas and parentheses. Within a call of a function, `|`
# is the function's own, as "or" in I(p | q).

check_formula <- function(formula, name = "formula", sides = 3) {
  if (!inherits(formula, "formula")) {
    abort("{.arg {name}} must be a formula.", x = "It is {describe(formula)}.")
  }
  if (length(formula) != sides || sides == 3 && is.null(formula[[2]])) {
    abort(if (sides == 3) "{.arg formula} has no response."
          else "{.arg {name}} must have no left-hand side.",
          x = "It is {.code {deparse1(formula)}}.",
          i = if (sides == 3) "Write it as {.code y ~ x + (1 | g)}."
              else "Write it as {.code ~ g}.")
  }
}

# A formula given as text, as lm() reads it; all else as it is.
formula_of_text <- function(formula, envir, name = "formula") {
  if (!is.character(formula) || length(formula) != 1) return(formula)
  tryCatch(stats::as.formula(formula, envir), error = function(e) {
    abort("{.arg {name}} cannot be read as a formula.", x = "It is {.val {formula}}.",
          i = "Write it as {.code y ~ x + (1 | g)}.")
  })
}

# sigma: its value, or the error that came of `given`, an expression.
check_sigma <- function(sigma, given) {
  if (!inherits(sigma, "formula")) {
    factor <- if (is.name(given)) as.character(given) else "g"
    abort("{.arg sigma} must be a formula.",
          x = if (inherits(sigma, "error")) "It cannot be evaluated: {conditionMessage(sigma)}."
              else "It is {describe(sigma)}.",
          i = "Write it as {.code ~ {factor}}.")
  }
  check_formula(sigma, "sigma", sides = 2)
  if (has_sigma_factor(sigma)) {
    check_grouping(sigma[[2]], "sigma")
  } else if (!identical(sigma[[2]], 1)) {
    abort("{.arg sigma} must be {.code ~ 1} or name a factor.",
          x = "It is {.code {deparse1(sigma)}}.", i = "Write it as {.code ~ g}.")
  }
  sigma
}

has_sigma_factor <- function(sigma) length(free_variables(sigma)) > 0

# The formula with its bars and the factor of the residual variances as plain
# terms, so that one model frame holds all variables.
whole_formula <- function(formula, sigma, data) {
  whole <- bars_to_sums(formula)
  if (has_sigma_factor(sigma)) whole <- add_term(whole, sigma[[2]])
  if ("." %in% free_variables(whole)) {
    check_dot(data)
    whole <- stats::formula(stats::terms(whole, data = data))
  }
  environment(whole) <- environment(formula)
  whole
}

add_term <- function(formula, term) {
  as_formula(call("~", formula[[2]], call("+", formula[[3]], term)), environment(formula))
}

check_dot <- function(data) {
  if (!is.data.frame(data)) {
    abort("A dot stands for the columns of {.arg data}, which was not given.",
          i = "Name the columns, or give {.arg data}.")
  }
  unnamed <- which(is.na(names(data)) | names(data) == "")
  if (length(unnamed)) {
    abort("A dot stands for the columns of {.arg data}, and {cli::qty(length(unnamed))}column{?s}
           {unnamed} {cli::qty(length(unnamed))}{?has/have} no name.", i = "Name all columns.")
  }
}

# A sum of many terms is as deep a call on its left side: a function that called itself there
# would use up the stack. Its terms from left to right, and their sum.
summands_of <- function(expression) {
  summands <- list()
  while (is_sum(expression)) {
    summands[[length(summands) + 1]] <- expression[[3]]
    expression <- expression[[2]]
  }
  c(list(expression), rev(summands))
}

is_sum <- function(expression) {
  is.call(expression) && length(expression) == 3 && identical(expression[[1]], quote(`+`))
}

sum_up <- function(summands) Reduce(function(left, right) call("+", left, right), summands)

bars_to_sums <- function(expression) {
  if (!has_bar(expression)) return(expression)
  if (is_sum(expression)) return(sum_up(lapply(summands_of(expression), bars_to_sums)))
  parts <- as.list(expression)
  parts[-1] <- lapply(parts[-1], bars_to_sums)
  if (is_bar(expression)) parts[[1]] <- quote(`+`)
  sums <- as.call(unname(parts))
  attributes(sums) <- attributes(expression)
  sums
}

# Names that terms() reads as operators of formulas; all others are functions to it.
is_operator <- function(head) {
  is.name(head) && as.character(head) %in%
    c("~", "+", "-", "*", "/", "^", ":", "%in%", "(", "|", "||")
}

is_bar <- function(expression) {
  is.call(expression) && is.name(expression[[1]]) &&
    as.character(expression[[1]]) %in% c("|", "||")
}

has_bar <- function(expression) {
  for (part in summands_of(expression)) {
    if (is.call(part) && is_operator(part[[1]]) &&
          (is_bar(part) || any(vapply(as.list(part)[-1], has_bar, NA)))) return(TRUE)
  }
  FALSE
}

# The formula without its bars, and the bars, with `||` split into a bar for each block as
# lme4 splits it.
formula_parts <- function(formula) {
  check_bars(formula)
  if (!has_bar(formula)) return(list(fixed = formula))
  summands <- sum_of(formula[[3]])
  fixed <- if (is.null(summands$fixed)) 1 else summands$fixed
  list(fixed = as_formula(call("~", formula[[2]], fixed), environment(formula)),
       bars = unlist(lapply(summands$bars, split_bar)))
}

# A sum's fixed terms, still as a sum, and its bars.
sum_of <- function(expression) {
  if (!has_bar(expression)) return(list(fixed = expression))
  if (is_bar(expression)) return(list(bars = list(expression)))
  parts <- lapply(if (is_sum(expression)) summands_of(expression) else as.list(expression)[-1],
                  sum_of)
  fixed <- Filter(Negate(is.null), lapply(parts, `[[`, "fixed"))
  bars <- unlist(lapply(parts, `[[`, "bars"))
  if (is_sum(expression)) return(list(fixed = sum_up(fixed), bars = bars))
  # One side of a difference is left as it is, and parentheses of bars alone go with these.
  keeps_operator <- length(fixed) == length(parts) || identical(expression[[1]], quote(`-`))
  list(fixed = if (length(fixed) && keeps_operator) as.call(c(expression[[1]], fixed))
         else if (length(fixed)) fixed[[1]],
       bars = bars)
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
  environment(fixed) <- environment(formula)
  terms <- stats::terms(fixed, data = data)
  factors <- attr(terms, "factors")
  if (length(factors) && any(factors[1, ] > 0)) refuse_response(formula[[2]], fixed[[3]])
  stats::delete.response(terms)
}

refuse_response <- function(response, side) {
  abort("The response {.code {deparse1(response)}} stands among the terms that explain it.",
        x = "They are {.code {deparse1(side)}}.", i = "Take it out.")
}

# One element for each block: its terms (as a one-sided formula's terms) and
# its grouping expression.
random_terms <- function(bars, environment, response = NULL) {
  groups <- unique(vapply(bars, function(bar) as_text(bar[[3]]), ""))
  if (length(groups) > 1) refuse_groups("They have", groups)
  lapply(bars, function(bar) {
    side <- stats::terms(as_formula(call("~", bar[[2]]), environment))
    if (!is.null(attr(side, "offset"))) {
      abort("{.fn offset} stands in a random term.", x = "It is {.code {deparse1(bar)}}.",
            i = "Write it among the fixed terms.")
    }
    if (!is.null(response) && as_text(response) %in% term_variables(side)) {
      refuse_response(response, bar)
    }
    list(terms = side, group = bar[[3]])
  })
}

refuse_groups <- function(said, groups) {
  abort("The random terms must have one grouping factor.", x = "{said} {.code {groups}}.",
        i = "Models with several grouping factors are not supported; an interaction such as
             {.code (1 | a:b)} is one factor.")
}

# The grammar of formulas: bars, the fixed part, what they may name.
#
# A bar is one below the operators of formulas and parentheses, or what a call of a structure has first,
# as in cs(1 + x | g). Within a call of another function, `|` is the function's own, as "or" in
# I(p | q).

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

# ~ known(se)?
is_known_sigma <- function(sigma) {
  inherits(sigma, "formula") && length(sigma) == 2 && rlang::is_call(sigma[[2]], "known")
}

has_sigma_factor <- function(sigma) !is_known_sigma(sigma) && length(free_variables(sigma)) > 0

# The formula with its bars and the factor of the residual variances as plain
# terms, so that one model frame holds all variables.
whole_formula <- function(formula, sigma, data) {
  whole <- bars_to_sums(formula)
  if (has_sigma_factor(sigma)) whole <- add_term(whole, sigma[[2]])
  if ("." %in% free_variables(whole)) {
    check_dot(data)
    whole <- stats::formula(read_terms(whole, data))
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

bars_to_sums <- function(expression) {
  if (!has_bar(expression)) return(expression)
  if (is_sum(expression)) return(sum_up(lapply(summands_of(expression), bars_to_sums)))
  parts <- as.list(if (is_bar(expression)) as_bar(expression) else expression)
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
    (as.character(expression[[1]]) %in% c("|", "||") || is_structured_bar(expression))
}

has_bar <- function(expression) {
  for (part in summands_of(expression)) {
    if (is_bar(part)) return(TRUE)
    if (is.call(part) && is_operator(part[[1]]) &&
          any(vapply(as.list(part)[-1], has_bar, NA))) return(TRUE)
  }
  FALSE
}

as_formula <- function(call, environment) {
  attributes(call) <- list(class = "formula", .Environment = environment)
  call
}

# deparse1(), which takes long over a name.
as_text <- function(expression) {
  if (is.name(expression)) as.character(expression) else deparse1(expression)
}

# Terms of what a caller wrote, in which a text or a number may stand where a variable should. Where a
# dot meets names that the data have not R warns of its own list of variables.
read_terms <- function(formula, data = NULL) {
  tryCatch(suppressWarnings(stats::terms(formula, data = data)), error = function(e) {
    abort("{.code {deparse1(formula)}} is no formula that R can read.", x = "{conditionMessage(e)}",
          i = "Terms are variables, calls of functions, and sums, interactions and powers of these;
               arithmetic stands in {.fn I}.")
  })
}

fixed_terms <- function(fixed, formula, data) {
  environment(fixed) <- environment(formula)
  terms <- read_terms(fixed, data)
  factors <- attr(terms, "factors")
  if (length(factors) && any(factors[1, ] > 0)) refuse_response(formula[[2]], fixed[[3]])
  stats::delete.response(terms)
}

refuse_response <- function(response, side) {
  abort("The response {.code {deparse1(response)}} stands among the terms that explain it.",
        x = "They are {.code {deparse1(side)}}.", i = "Take it out.")
}

term_variables <- function(terms) {
  vapply(as.list(attr(terms, "variables"))[-1], as_text, "")
}

# The terms of a model frame with some of its variables alone.
terms_of <- function(terms, needed) {
  kept <- which(term_variables(terms) %in% needed)
  offsets <- match(attr(terms, "offset"), kept)
  for (part in c("variables", "predvars")) {
    attr(terms, part) <- attr(terms, part)[c(1L, kept + 1L)]
  }
  attr(terms, "offset") <- if (any(!is.na(offsets))) offsets[!is.na(offsets)]
  attr(terms, "response") <- 0L
  terms
}

without_attributes <- function(x) {
  attributes(x) <- NULL
  x
}

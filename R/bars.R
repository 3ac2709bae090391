# Random terms: a formula's bars read, and what may not stand in them, with what to write.

check_bars <- function(formula) {
  if (has_bar(formula[[2]])) {
    abort("The response has a bar.", x = "It is {.code {deparse1(formula[[2]])}}.",
          i = remedy_of_response(formula[[2]]))
  }
  check_summand(formula[[3]])
}

# brms writes beside the response what is known of it.
remedy_of_response <- function(response) {
  known <- if (is_bar(response)) response[[3]]
  if (is.call(known) && identical(known[[1]], quote(trials)) && length(known) > 1) {
    y <- deparse1(response[[2]])
    return(paste0("Write {.code cbind(", y, ", ", deparse1(known[[2]]), " - ", y, ")}, the ",
                  "successes and the failures."))
  }
  paste("Weights are given as {.arg weights}, and standard errors that are known as",
        "{.code sigma = known(se)}; {.code |} as {.emph or} stands in {.fn I}.")
}

# lattice and nlme write `y ~ x | g`, where x has a coefficient of the population too; and in lme4's
# syntax who forgets parentheses takes the whole sum for a random term.
tell_bare_bar <- function(formula) {
  bar <- formula[[3]]
  if (!is_bar(bar) || length(free_variables(bar[[2]])) == 0) return(invisible())
  columns <- bar[[2]]
  adds_one <- is_sum(columns) && length(columns) == 3 && identical(columns[[3]], 1)
  if (adds_one) bar[[2]] <- 1
  meant <- paste0(deparse1(formula[[2]]), " ~ ", deparse1(if (adds_one) columns[[2]] else columns),
                  " + (", deparse1(bar), ")")
  inform("Without parentheses all of {.code {deparse1(formula[[3]])}} is a random term: the
          population has an intercept and no other coefficient.",
         i = "For coefficients of the population write {.code {meant}}.")
}

check_summand <- function(expression) {
  if (!is.call(expression)) return(invisible())
  if (is_bar(expression)) return(check_bar(as_bar(expression)))
  if (!is_operator(expression[[1]])) return(check_structure(expression))
  if (is_sum(expression)) {
    for (part in summands_of(expression)) check_summand(part)
    return(invisible())
  }
  operator <- as.character(expression[[1]])
  # What is taken away, such as 1, may stand after bars.
  last <- expression[[length(expression)]]
  if (!operator %in% c("+", "(", if (!has_bar(last)) "-") && has_bar(expression)) {
    abort("A random term stands under the operator {.code {operator}}.",
          x = "It is {.code {deparse1(expression)}}.",
          i = "Random terms are added: {.code y ~ x + (1 | g)}.")
  }
  for (part in as.list(expression)[-1]) check_summand(part)
}

# glmmTMB's other covariance structures are calls around a bar.
check_structure <- function(expression) {
  head <- as_text(expression[[1]])
  structures <- c("homdiag", "homcs", "hetar1", "toep", "ou", "exp", "mat", "gau", "rr", "propto",
                  "equalto")
  if (!head %in% structures) return(invisible())
  bar <- Filter(is_bar, as.list(expression)[-1])
  if (length(bar) == 0) return(invisible())
  bar <- bar_text(bar[[1]])
  same <- c(homdiag = "diag({bar}, hom = TRUE)", homcs = "cs({bar}, hom = TRUE)",
            hetar1 = "ar1({bar}, hom = FALSE)")
  abort("There is no structure {.fn {head}} of random terms.",
        x = "It is {.code {deparse1(expression)}}.",
        i = if (head %in% names(same)) paste0("Write {.code ", same[[head]], "}.")
            else "There are {.fn us}, {.fn diag}, {.fn cs} and {.fn ar1}.")
}

check_bar <- function(bar) {
  text <- paste0("(", bar_text(bar), ")")
  group <- bar[[3]]
  if (has_bar(bar[[2]]) || is_bar(group)) {
    abort("A random term has two bars.", x = "It is {.code {text}}.",
          i = "Write {.code (1 | g)}.")
  }
  if ("." %in% c(free_variables(bar[[2]]), free_variables(group))) {
    abort("A dot stands in a random term.", x = "It is {.code {text}}.",
          i = "Name the columns that it is to stand for.")
  }
  if (length(free_variables(group)) == 0) {
    abort("A random term has no grouping factor.", x = "It is {.code {text}}.",
          i = "Write {.code (1 | g)}.")
  }
  check_group_call(group, bar)
  check_grouping(group, "formula")
}

# brms's gr() and mm().
check_group_call <- function(group, bar) {
  head <- if (is.call(group)) as_text(group[[1]]) else ""
  if (!head %in% c("gr", "mm")) return(invisible())
  first <- Filter(is.name, as.list(group)[-1])
  plain <- if (length(first)) deparse1(first[[1]]) else "g"
  plain <- paste0("(", deparse1(bar[[2]]), " | ", plain, ")")
  abort(if (head == "gr") "Grouping factors have no {.fn gr} around them."
        else "There are no terms of several memberships, {.fn mm}.",
        x = "It is {.code ({bar_text(bar)})}.",
        i = if (head == "gr") "Write {.code {plain}}, of which the covariance matrix is one for all
                               groups."
            else "Each row is of one group: {.code {plain}}.")
}

# The groupings that an expression stands for, outermost first: a/b is a and a:b.
nested_groupings <- function(expression) {
  if (is.name(expression) || !is_nested(expression)) return(list(expression))
  written <- unique(grouping_parts(expression, c(":", "(", "/")))
  terms <- read_terms(stats::as.formula(call("~", expression)))
  lapply(attr(terms, "term.labels"), function(label) {
    parts <- written[written %in% grouping_parts(str2lang(label))]
    Reduce(function(left, right) call(":", left, right), lapply(parts, str2lang))
  })
}

# Does `/` stand in it as an operator?
is_nested <- function(expression) {
  if (!is.call(expression) || !is_operator(expression[[1]])) return(FALSE)
  identical(expression[[1]], quote(`/`)) || any(vapply(as.list(expression)[-1], is_nested, NA))
}

# What may stand in a grouping expression: variables, calls of functions, `:` and parentheses; and in a
# bar, not within an interaction, `/`. whole: what it is part of, as it is written.
check_grouping <- function(expression, argument, whole = expression,
                           operators = c(":", "(", if (argument == "formula") "/")) {
  if (is.name(expression)) return(invisible())
  said <- "{.arg {argument}} groups by {.code {deparse1(whole)}}"
  remedy <- "Groups are those of a variable, of a call such as {.code factor(g)}, or of an
             interaction {.code a:b}. Arithmetic stands in {.fn I}."
  if (!is.call(expression)) {
    abort(paste0(said, ", in which {.code {deparse1(expression)}} is no variable."), i = remedy)
  }
  if (!is_operator(expression[[1]])) return(invisible())
  operator <- as.character(expression[[1]])
  if (!operator %in% operators) {
    abort(paste0(said, ", which has the operator {.code {operator}}."), i = remedy)
  }
  if (operator == ":") operators <- setdiff(operators, "/")
  for (part in as.list(expression)[-1]) check_grouping(part, argument, whole, operators)
}

# The formula without its bars, and the bars, with `||` split into a bar for each block as
# lme4 splits it.
formula_parts <- function(formula) {
  check_bars(formula)
  if (!has_bar(formula)) return(list(fixed = formula))
  summands <- sum_of(formula[[3]])
  fixed <- if (is.null(summands$fixed)) 1 else summands$fixed
  list(fixed = as_formula(call("~", formula[[2]], fixed), environment(formula)),
       bars = unlist(lapply(unlist(lapply(summands$bars, split_slash)), split_bar)))
}

# A sum's fixed terms, still as a sum, and its bars.
sum_of <- function(expression) {
  if (!has_bar(expression)) return(list(fixed = expression))
  if (is_bar(expression)) return(list(bars = list(as_bar(expression))))
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

# (x | a/b) is (x | a) + (x | a:b).
split_slash <- function(bar) {
  lapply(nested_groupings(bar[[3]]), function(group) as.call(list(bar[[1]], bar[[2]], group)))
}

# (1 + x || g) is (1 | g) + (0 + x | g).
split_bar <- function(bar) {
  if (!identical(bar[[1]], quote(`||`))) return(list(bar))
  side <- read_terms(as_formula(call("~", bar[[2]]), environment()))
  columns <- lapply(attr(side, "term.labels"), function(label) {
    call("+", 0, str2lang(label))
  })
  if (attr(side, "intercept") != 0) columns <- c(1, columns)
  lapply(columns, function(column) call("|", column, bar[[3]]))
}

# The grouping of each bar: a list of their expressions, in the order in which bars first name them,
# and the number of that of each bar. a:b and b:a are one grouping.
groupings_of_bars <- function(bars) {
  if (length(bars) == 1) return(list(expressions = list(bars[[1]][[3]]), number = 1L))
  spelled <- vapply(bars, function(bar) spelled_alike(bar[[3]]), "")
  first <- which(!duplicated(spelled))
  list(expressions = lapply(bars[first], `[[`, 3), number = match(spelled, spelled[first]))
}

# The numbers of the groupings of bars among those of a design; NA of others.
numbers_of_bars <- function(by, bars) {
  known <- vapply(by[grouping_parts_of(by)], spelled_alike, "")
  match(vapply(bars, function(bar) spelled_alike(bar[[3]]), ""), known)
}

spelled_alike <- function(group) paste(sort(grouping_parts(group)), collapse = "\r")

# One element for each block: its terms, as a one-sided formula's terms.
random_terms <- function(bars, environment, response = NULL) {
  lapply(bars, function(bar) {
    side <- read_terms(as_formula(call("~", bar[[2]]), environment))
    if (!is.null(attr(side, "offset"))) {
      abort("{.fn offset} stands in a random term.", x = "It is {.code {bar_text(bar)}}.",
            i = "Write it among the fixed terms.")
    }
    if (!is.null(response) && as_text(response) %in% term_variables(side)) {
      refuse_response(response, written_bar(bar))
    }
    attr(side, "structure") <- structure_of_bar(bar)
    side
  })
}

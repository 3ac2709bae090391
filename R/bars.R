# What may stand in random terms: refusals, each with what to write.

check_bars <- function(formula) {
  if (has_bar(formula[[2]])) {
    abort("The response has a bar.", x = "It is {.code {deparse1(formula[[2]])}}.",
          i = "Weights are given as {.arg weights}; {.code |} as {.emph or} stands in {.fn I}.")
  }
  check_summand(formula[[3]])
}

check_summand <- function(expression) {
  if (!is.call(expression)) return(invisible())
  if (!is_operator(expression[[1]])) return(check_structure(expression))
  if (is_bar(expression)) return(check_bar(expression))
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

# glmmTMB's covariance structures are calls around a bar.
check_structure <- function(expression) {
  head <- as_text(expression[[1]])
  structures <- c("us", "diag", "homdiag", "cs", "homcs", "ar1", "hetar1", "toep", "ou", "mat",
                  "gau", "rr", "propto")
  if (!head %in% structures) return(invisible())
  bar <- Filter(is_bar, as.list(expression)[-1])
  if (length(bar) == 0) return(invisible())
  bar <- bar[[1]]
  plain <- paste0("(", deparse1(bar), ")")
  independent <- paste0("(", deparse1(bar[[2]]), " || ", deparse1(bar[[3]]), ")")
  abort("There is no structure {.fn {head}} of random terms.",
        x = "It is {.code {deparse1(expression)}}.",
        i = switch(head, us = "Write {.code {plain}}.", diag = "Write {.code {independent}}.",
                   "Write {.code {plain}} for effects that are correlated, {.code {independent}}
                    for independent ones."))
}

check_bar <- function(bar) {
  text <- paste0("(", deparse1(bar), ")")
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
  check_slash(bar, group)
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
        x = "It is {.code ({deparse1(bar)})}.",
        i = if (head == "gr") "Write {.code {plain}}, of which the covariance matrix is one for all
                               groups."
            else "Each row is of one group: {.code {plain}}.")
}

# a/b is two groupings, a and a:b.
check_slash <- function(bar, group) {
  is_slash <- is.call(group) && identical(group[[1]], quote(`/`))
  if (!is_slash) return(invisible())
  bars <- reformulas::findbars(as_formula(call("~", call("(", bar)), NULL))
  groups <- vapply(bars, function(bar) deparse1(bar[[3]]), "")
  refuse_groups(paste0("(", deparse1(bar), ") has"), groups)
}

# What may stand in a grouping expression: variables, calls of functions, `:` and parentheses.
# whole: what it is part of, as it is written.
check_grouping <- function(expression, argument, whole = expression) {
  if (is.name(expression)) return(invisible())
  said <- "{.arg {argument}} groups by {.code {deparse1(whole)}}"
  remedy <- "Groups are those of a variable, of a call such as {.code factor(g)}, or of an
             interaction {.code a:b}. Arithmetic stands in {.fn I}."
  if (!is.call(expression)) {
    abort(paste0(said, ", in which {.code {deparse1(expression)}} is no variable."), i = remedy)
  }
  if (!is_operator(expression[[1]])) return(invisible())
  operator <- as.character(expression[[1]])
  if (!operator %in% c(":", "(")) {
    abort(paste0(said, ", which has the operator {.code {operator}}."), i = remedy)
  }
  for (part in as.list(expression)[-1]) check_grouping(part, argument, whole)
}

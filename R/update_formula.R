# Changes to a formula with bars. What is taken out must be there: update.formula() passes over
# terms that are not, and the model would be fitted again as it was.

update_formula <- function(fit, new) {
  if (!inherits(new, "formula")) {
    abort("{.arg formula.} must be a formula.", x = "It is {describe(new)}.",
          i = "Write it as {.code . ~ . - x}.")
  }
  old <- without_dot(fit$design)
  own <- environment(old)
  taken <- lapply(taken_out(new[[length(new)]]), without_parentheses)
  are_bars <- vapply(taken, is_bar, NA)
  check_terms_taken(taken[!are_bars], fit)
  if (any(are_bars)) old <- without_bars(old, taken[are_bars])
  # update.formula() leaves offsets in.
  offsets <- vapply(Filter(is_offset, taken), as_text, "")
  if (length(offsets)) {
    left <- without_summands(old[[3]], offsets)
    old[[3]] <- if (is.null(left)) 1 else left
  }
  new[[length(new)]] <- without_taken(new[[length(new)]])
  formula <- changed_formula(old, new)
  environment(formula) <- if (is_saved_by_name(own)) environment(new)
    else list2env(as.list(own, all.names = TRUE), parent = environment(new))
  formula
}

changed_formula <- function(old, new) {
  tryCatch(stats::update.formula(old, new), error = function(e) {
    abort("{.arg formula.} is no formula that R can read.", x = "{conditionMessage(e)}",
          i = "It is {.code {deparse1(new)}}.")
  })
}

# What stands behind minus signs in a sum, each an expression.
taken_out <- function(expression) {
  if (!is.call(expression)) return(list())
  head <- as_text(expression[[1]])
  if (head == "-" && length(expression) == 2) return(list(expression[[2]]))
  if (!head %in% c("+", "-") || length(expression) != 3) return(list())
  c(taken_out(expression[[2]]),
    if (head == "-") list(expression[[3]]) else taken_out(expression[[3]]))
}

without_parentheses <- function(expression) {
  while (is.call(expression) && as_text(expression[[1]]) == "(") expression <- expression[[2]]
  expression
}

is_offset <- function(expression) is.call(expression) && as_text(expression[[1]]) == "offset"

# A sum less the summands that read so; NULL where nothing is left.
without_summands <- function(expression, texts) {
  if (as_text(expression) %in% texts) return(NULL)
  if (!is.call(expression) || !as_text(expression[[1]]) %in% c("+", "-") ||
        length(expression) != 3) return(expression)
  left <- without_summands(expression[[2]], texts)
  if (is.null(left)) return(if (identical(expression[[1]], quote(`+`))) expression[[3]]
                            else call("-", expression[[3]]))
  if (identical(expression[[1]], quote(`-`))) {
    expression[[2]] <- left
    return(expression)
  }
  right <- without_summands(expression[[3]], texts)
  if (is.null(right)) left else call("+", left, right)
}

without_taken <- function(expression) {
  if (!is.call(expression) || !as_text(expression[[1]]) %in% c("+", "-")) return(expression)
  last <- length(expression)
  minus <- identical(expression[[1]], quote(`-`))
  out <- without_parentheses(expression[[last]])
  if (minus && (is_bar(out) || is_offset(out))) {
    return(if (last == 3) without_taken(expression[[2]]) else 0)
  }
  expression[[2]] <- without_taken(expression[[2]])
  if (last == 3 && !minus) expression[[3]] <- without_taken(expression[[3]])
  expression
}

# The formula less these bars, each of which is one of its blocks or several: of (x || g), which is
# (1 | g) + (0 + x | g), either may go, and of (1 | a/b) (1 | a) or (1 | a:b).
without_bars <- function(formula, taken) {
  written <- sum_of(formula[[3]])$bars
  out <- unlist(lapply(taken, blocks_of_bar))
  keys <- vapply(out, bar_key, "")
  known <- vapply(unlist(lapply(written, blocks_of_bar)), bar_key, "")
  absent <- out[!keys %in% known]
  if (length(absent)) {
    abort("{.arg formula.} takes out a term that the model does not have.",
          x = "It takes out {.code {deparse1(summand_of_bar(absent[[1]]))}}.",
          i = "The model is {.code {deparse1(formula)}}.")
  }
  left <- unlist(lapply(written, function(bar) {
    blocks <- blocks_of_bar(bar)
    stays <- !vapply(blocks, bar_key, "") %in% keys
    if (all(stays)) list(bar) else blocks[stays]
  }))
  fixed <- fixed_side(formula_parts(formula)$fixed)
  formula[[3]] <- sum_up(c(list(fixed), lapply(left, summand_of_bar)))
  formula
}

blocks_of_bar <- function(bar) unlist(lapply(split_slash(as_bar(bar)), split_bar))

# What a bar says, however it is written: its columns, the grouping factor and the structure.
bar_key <- function(bar) {
  side <- read_terms(as_formula(call("~", bar[[2]]), environment()))
  paste(c(attr(side, "intercept"), sort(attr(side, "term.labels")), spelled_alike(bar[[3]]),
          structure_of_bar(bar)), collapse = " | ")
}

check_terms_taken <- function(taken, fit) {
  labels_of <- function(terms) {
    labels <- c(attr(terms, "term.labels"), term_variables(terms)[attr(terms, "offset")])
    vapply(strsplit(labels, ":", fixed = TRUE), function(parts) paste(sort(parts), collapse = ":"),
           "")
  }
  known <- labels_of(fit$design$terms)
  for (expression in taken) {
    labels <- labels_of(read_terms(as_formula(call("~", expression), environment())))
    if (length(labels) && !any(labels %in% known)) {
      abort("{.arg formula.} takes out a term that the model does not have.",
            x = "It takes out {.code {deparse1(expression)}}.",
            i = "The model is {.code {deparse1(fit$posterior$formula)}}.")
    }
  }
}

# The formula with the columns that its dot stood for.
without_dot <- function(design) {
  formula <- design$formula
  if (!"." %in% free_variables(formula)) return(formula)
  bars <- lapply(design$bars, function(terms) {
    summand_of_bar(call(head_of_structure(attr(terms, "structure")), stats::formula(terms)[[2]],
                        design$by$group))
  })
  formula[[3]] <- sum_up(c(list(stats::formula(design$terms)[[2]]), bars))
  formula
}

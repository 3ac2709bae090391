# The names that an expression uses, as R would look for them: not those of a function's own
# arguments, nor of elements after `$`.

# A list: `variables`, and `functions` that are called.
free_names <- function(expression, bound = character()) {
  if (is.name(expression)) {
    name <- as.character(expression)
    return(list(variables = if (nzchar(name)) setdiff(name, bound)))
  }
  if (is.pairlist(expression) || is.expression(expression)) {
    return(join_names(lapply(as.list(expression), free_names, bound)))
  }
  if (!is.call(expression)) return(list())
  head <- expression[[1]]
  if (!is.name(head)) return(join_names(lapply(as.list(expression), free_names, bound)))
  head <- as.character(head)
  if (head %in% c("::", ":::", "quote", "bquote")) return(list())
  parts <- as.list(expression)[-1]
  if (head == "function") {
    bound <- c(bound, names(expression[[2]]))
    parts <- parts[1:2]
  } else if (head %in% c("$", "@")) {
    parts <- parts[1]
  }
  join_names(c(list(list(functions = setdiff(head, bound))), lapply(parts, free_names, bound)))
}

join_names <- function(found) {
  list(variables = unique(unlist(lapply(found, `[[`, "variables"))),
       functions = unique(unlist(lapply(found, `[[`, "functions"))))
}

free_variables <- function(expression) as.character(free_names(expression)$variables)

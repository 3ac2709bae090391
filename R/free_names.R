# The names that an expression uses, as R would look for them: not those of a function's own
# arguments, nor of elements after `$`.

# A list: `variables`, and `functions` that are called.
free_names <- function(expression) {
  variables <- functions <- character()
  walk <- function(part, bound) {
    if (is.name(part)) {
      name <- as.character(part)
      if (nzchar(name) && !name %in% bound) variables <<- c(variables, name)
    } else if (is_sum(part)) {
      if (!"+" %in% bound) functions <<- c(functions, "+")
      for (summand in summands_of(part)) walk(summand, bound)
    } else if (is.call(part) && is.name(part[[1]])) {
      head <- as.character(part[[1]])
      if (head %in% c("::", ":::", "quote", "bquote")) return(invisible())
      if (!head %in% bound) functions <<- c(functions, head)
      if (head == "function") bound <- c(bound, names(part[[2]]))
      # A function's fourth part is where it was written.
      last <- switch(head, "$" = , "@" = 2, "function" = 3, length(part))
      for (k in seq_len(last)[-1]) walk(part[[k]], bound)
    } else if (is.call(part) || is.pairlist(part) || is.expression(part)) {
      for (k in seq_along(part)) walk(part[[k]], bound)
    }
  }
  walk(expression, character())
  list(variables = unique(variables), functions = unique(functions))
}

free_variables <- function(expression) free_names(expression)$variables

# cut() with breaks that are given: what R makes of numbers, of which SQL can be written.

cut_arguments <- function(x, breaks, labels, include.lowest, right, dig.lab, ordered_result) NULL

# The call with all of its arguments named.
named_cut <- function(expression) {
  tryCatch(match.call(cut_arguments, expression), error = function(e) {
    abort("{.code {as_text(expression)}} cannot be written in SQL.", x = "{conditionMessage(e)}")
  })
}

# Intervals in their order: `above`, `below`, their ends; `left`, `right`: is a number at an end in
# it? `values`: what R makes of a number in each, elements of a factor or whole numbers.
read_cut <- function(call, envir) {
  of <- function(name, default = NULL) {
    if (is.null(call[[name]])) default else eval(call[[name]], envir)
  }
  cannot <- function(e) {
    abort("{.code {as_text(call)}} cannot be evaluated.", x = "{conditionMessage(e)}")
  }
  breaks <- tryCatch(of("breaks"), error = cannot)
  if (!is.numeric(breaks) || length(breaks) < 2) {
    abort("{.arg breaks} of {.code {as_text(call)}} must be two numbers or more.",
          x = "It is {describe(breaks)}.",
          i = "A number of intervals would depend on all rows, which the database does not give.")
  }
  breaks <- sort(as.double(breaks))
  n <- length(breaks)
  right <- tryCatch(isTRUE(as.logical(of("right", TRUE))), error = cannot)
  lowest <- tryCatch(isTRUE(as.logical(of("include.lowest", FALSE))), error = cannot)
  call[[1]] <- quote(base::cut)
  call$x <- if (right) breaks[-1] else breaks[-n]
  list(above = breaks[-n], below = breaks[-1],
       left = if (right) lowest & seq_len(n - 1) == 1 else rep(TRUE, n - 1),
       right = if (right) rep(TRUE, n - 1) else lowest & seq_len(n - 1) == n - 1,
       values = tryCatch(eval(call, envir), error = cannot))
}

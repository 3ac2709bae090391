# Tables of arguments that other packages' methods have, and what a fit of relm() makes of each.

# The call gives the value, and without the argument it gives another one or an error.
same <- function(call, value) {
  list(kind = "same", call = substitute(call), value = substitute(value))
}

# The call gives the value, and so it does without the argument, which has one meaning here.
idle <- function(call, value) {
  list(kind = "idle", call = substitute(call), value = substitute(value))
}

# The call gives the value, whatever it does without the argument.
gives <- function(call, value) {
  list(kind = "gives", call = substitute(call), value = substitute(value))
}

# The call ends in an error that names the argument.
refused <- function(call) list(kind = "refused", call = substitute(call))

# The same for each of some arguments of a call, where they are TRUE.
all_refused <- function(call, ...) {
  call <- substitute(call)
  arguments <- c(...)
  rows <- lapply(arguments, function(name) {
    list(kind = "refused", call = as.call(c(as.list(call), stats::setNames(list(TRUE), name))))
  })
  stats::setNames(rows, arguments)
}

# A call without an argument, wherever in it that is given.
without_argument <- function(call, name) {
  if (!is.call(call)) return(call)
  parts <- as.list(call)
  if (!is.null(names(parts))) parts <- parts[names(parts) != name]
  as.call(lapply(parts, without_argument, name))
}

expect_row <- function(row, name, envir) {
  label <- deparse1(row$call)
  if (row$kind == "refused") {
    expect_error(suppressMessages(eval(row$call, envir)), paste0("`", name, "`"),
                 class = "relm_error", label = label)
    return(invisible())
  }
  quietly <- function(call) suppressWarnings(suppressMessages(eval(call, envir)))
  value <- quietly(row$value)
  expect_equal(quietly(row$call), value, label = label)
  bare <- without_argument(row$call, name)
  expect_false(identical(bare, row$call), label = paste(label, "does not name the argument"))
  if (row$kind == "idle") return(invisible())
  other <- tryCatch(quietly(bare), error = identity)
  expect_false(isTRUE(all.equal(other, value)), label = paste(deparse1(bare), "gives the same"))
}

expect_rows <- function(rows, envir) {
  for (k in seq_along(rows)) expect_row(rows[[k]], names(rows)[k], envir)
}

# The warning or message that comes, or "".
condition_of <- function(code) {
  tryCatch({
    force(code)
    ""
  }, warning = conditionMessage, message = conditionMessage)
}

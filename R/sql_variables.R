# The variables of a model whose rows are in a database: what of them is summed, and what rows are
# grouped by.
#
# A variable is an element of a list named as the columns of the model frame are:
#   expression   as it stands in the formula
#   is_key       are rows grouped by it? Factors, text and logical values of the terms are, and
#                what the model groups by
#   is_number    is it a number of the terms?
#   keys         numbers of its key columns
#   envir        where it finds what is no column
#
# Functions of one column that make a factor of it, whatever other rows have; in SQL it stays what
# it is, and R makes the factor of the values that occur.
factor_calls <- c("factor", "as.factor", "ordered", "as.ordered", "relevel", "as.character")

# The expression in which the calls above have been taken off.
inner_expression <- function(expression) {
  while (is.call(expression) && as_text(expression[[1]]) %in% factor_calls) {
    expression <- expression[[2]]
  }
  expression
}

# What `offset(x)` and `cbind(x, z)` are made of.
made_of <- function(expression) {
  head <- if (is.call(expression)) as_text(expression[[1]]) else ""
  if (head %in% c("offset", "cbind")) as.list(expression)[-1] else list(expression)
}

# Everything that a model asks of the table: expressions named as in its frame, and where each finds
# what is no column.
model_expressions <- function(whole, quosures, envir) {
  variables <- as.list(attr(whole, "variables"))[-1]
  names(variables) <- vapply(variables, as_text, "")
  given <- quosures[intersect(names(quosures), c("weights", "offset"))]
  beside <- lapply(given, rlang::quo_get_expr)
  if (length(given)) names(beside) <- sprintf("(%s)", names(given))
  list(expressions = c(variables, beside),
       envirs = c(rep(list(envir), length(variables)), lapply(given, rlang::quo_get_env)))
}

# Of the response alone is cbind() known.
check_expressions <- function(expressions, table) {
  for (name in names(expressions)) {
    own <- expressions[[name]]
    parts <- if (name == names(expressions)[1]) made_of(own) else less_offset_call(own)
    for (part in parts) check_translatable(inner_expression(part), table)
  }
}

less_offset_call <- function(expression) {
  is_offset <- is.call(expression) && identical(expression[[1]], quote(offset))
  as.list(if (is_offset) expression[-1] else call("(", expression)[-1])
}

# design: of the first rows. counted: are rows grouped by everything?
model_variables <- function(design, asked, counted) {
  in_terms <- unlist(lapply(c(list(design$terms), design$bars), term_variables))
  grouped <- unlist(lapply(design$by[lengths(design$by) > 0], grouping_parts))
  names <- names(asked$expressions)
  variables <- lapply(seq_along(names), function(k) {
    column <- .subset2(design$frame, names[k])
    is_matrix <- length(dim(column)) > 1
    if (is_matrix && k > 1) {
      abort("{.code {names[k]}} has {ncol(column)} columns, which a table in a database has not.")
    }
    is_number <- is.numeric(column) && !is_matrix && !is_time(column)
    if (names[k] %in% in_terms && is_time(column)) {
      abort("{.code {names[k]}} is a time, which databases reckon with otherwise than R.",
            i = "Make a column of numbers of it in the table.")
    }
    list(expression = asked$expressions[[k]], envir = asked$envirs[[k]], is_number = is_number,
         is_key = counted || names[k] %in% grouped || names[k] %in% in_terms && !is_number)
  })
  names(variables) <- names
  variables
}

translate_in <- function(expression, variable, table) {
  table$envir <- variable$envir
  translate(expression, table)
}

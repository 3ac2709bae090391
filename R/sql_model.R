# A model of a table: what is asked, in the words of the engine, and what is found out before all
# rows are asked for.
#
#   table, family  as they are
#   design         of a few rows
#   variables      R/sql_variables.R
#   keys           R/sql_keys.R
#   columns        names of the table's columns that it has
#   pilot          some rows of these

survey_model <- function(source, formula, sigma, quosures, contrasts, family) {
  table <- new_table(source, environment(formula))
  check_bars(formula)
  empty <- structure(lapply(table$types, function(type) logical()), class = "data.frame",
                     row.names = integer())
  whole <- read_terms(whole_formula(formula, sigma, empty))
  asked <- model_expressions(whole, quosures, table$envir)
  check_expressions(asked$expressions, table)
  if (!is.null(quosures$subset)) check_translatable(rlang::quo_get_expr(quosures$subset), table)
  subset <- lapply(quosures["subset"], function(quosure) {
    if (!is.null(quosure)) rlang::quo_get_expr(quosure)
  })
  probe <- probe_table(table, used_columns(table, c(asked$expressions, subset)))
  table <- with_subset(probe$table, quosures$subset)
  of_rows <- quosures[names(quosures) != "subset"]
  design <- unchecked_design(formula, probe$rows, sigma, of_rows, NULL, contrasts, TRUE, family)
  family$check_type(design$frame)
  variables <- model_variables(design, asked, collects_rows(family))
  keyed <- model_keys(variables, table)
  model <- list(table = table, design = design, family = family, variables = keyed$variables,
                keys = keyed$keys, columns = used_columns(table, asked$expressions))
  compare_with_r(model)
}

with_subset <- function(table, quosure) {
  if (is.null(quosure)) return(table)
  made <- translate_in(rlang::quo_get_expr(quosure), list(envir = rlang::quo_get_env(quosure)),
                       table)
  if (made$type != "logical") {
    abort("{.arg subset} must be TRUE or FALSE in each row.", x = "It is a {made$type}.")
  }
  # NaN is greater than any number to some engines.
  table$where <- c(made$sql, made$given)
  table
}

# The first rows of the subset, with what the database makes of them: refuses what R makes
# otherwise, and keeps the rows.
compare_with_r <- function(model) {
  computed <- Filter(function(variable) {
    variable$is_number && !is.name(made_of(variable$expression)[[1]])
  }, model$variables)
  expressions <- lapply(computed, function(variable) made_of(variable$expression)[[1]])
  envirs <- lapply(computed, `[[`, "envir")
  sql <- Map(function(expression, variable) {
    translate_in(expression, variable, model$table)$sql
  }, expressions, computed)
  keys <- Filter(function(key) !is.name(key$expression), model$keys)
  expressions <- c(unname(expressions), lapply(keys, `[[`, "expression"))
  envirs <- c(unname(envirs), lapply(keys, function(key) model$variables[[1]]$envir))
  pilot <- ask_pilot(model$table, model$columns,
                      c(as.character(unlist(sql)), vapply(keys, `[[`, "", "sql")),
                      model$table$where)
  if (nrow(pilot$rows) == 0) abort("No rows are left to fit.", i = "Look at {.arg subset}.")
  check_same_values(expressions, values_in_r(expressions, envirs, pilot$rows), pilot$beside,
                    model$table)
  model$pilot <- pilot$rows
  model
}

# list(n, complete): rows of the subset, all of whose weights must be good ones, and those of them
# where the conditions `given` hold. sums: what of these is summed, each of which must have a value.
count_table <- function(model, given, sums = NULL) {
  condition <- paste(c("(1 = 1)", unique(given)), collapse = " AND ")
  rows_where <- function(text) sprintf("SUM(CASE WHEN %s THEN 1 ELSE 0 END)", text)
  lost <- if (!is.null(sums)) paste(condition, "AND", sums$v, "IS NULL")
  columns <- c(n = "COUNT(*)", complete = rows_where(condition), named(rows_where(lost), "lost"))
  weights <- model$variables[["(weights)"]]
  if (!is.null(weights)) {
    weight <- translate_in(weights$expression, weights, model$table)$sql
    columns["bad"] <- sprintf("SUM(CASE WHEN %s > 0.0 AND %s < %s THEN 0 ELSE 1 END)", weight,
                              weight, model$table$engine$infinity)
  }
  if (model$table$engine$loose) columns <- c(columns, count_text(model))
  answer <- ask(model$table, select_text(model$table, columns))
  if (!is.null(weights) && model$family$weights != "trials" && isTRUE(answer$bad > 0)) {
    said <- if (is_known_sigma(model$design$sigma)) known_label(model$design$sigma) else "weights"
    abort("{.code {said}} must be finite and positive.",
          x = "In {answer$bad} row{?s} the weight is not, or is missing.",
          i = "Leave rows out with {.arg subset}.")
  }
  refuse_texts(model, unlist(answer[startsWith(names(answer), "text")]))
  refuse_lost(model, sums$names, unlist(answer[startsWith(names(answer), "lost")]))
  list(n = as.double(answer$n), complete = as.double(answer$complete))
}

# A sum leaves out what has no value, as the sine of an infinite number, and the row is counted.
refuse_lost <- function(model, names, n) {
  bad <- which(n > 0)
  if (length(bad)) {
    abort("{model$table$engine$label} has no value of {.code {names[bad[1]]}} in {n[bad[1]]} row{?s}
           where no column is missing.", i = "Take these rows out with {.arg subset}.")
  }
}

# A driver may end a query when R is interrupted and give what it has; a table may lose rows.
check_all_came <- function(n, counted, table) {
  if (n >= counted$complete || is.na(counted$complete)) return(invisible())
  shown <- format(c(n, counted$complete), big.mark = ",", scientific = FALSE, trim = TRUE)
  abort("The answer of {table$engine$label} has not all rows: {shown[1]} of {shown[2]}.",
        i = "The query was broken off, or rows were deleted in the meantime. Nothing is kept.")
}

# Where a column of numbers may hold text, a cast would make 0 of it.
count_text <- function(model) {
  names <- numbers_among(model)
  sql <- sprintf("SUM(CASE WHEN typeof(%s) IN ('text', 'blob') THEN 1 ELSE 0 END)",
                 vapply(names, function(name) sql_name(model$table, name), ""))
  named(sql, "text")
}

numbers_among <- function(model) {
  Filter(function(name) sql_type(model$table$types[[name]]) == "number", model$columns)
}

refuse_texts <- function(model, n) {
  bad <- which(n > 0)
  if (length(bad)) {
    abort("{.var {numbers_among(model)[bad[1]]}} is a column of numbers that holds text in
           {n[bad[1]]} row{?s}.", i = "Mend these rows, or leave them out with {.arg subset}.")
  }
}

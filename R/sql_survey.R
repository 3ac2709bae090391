# What is found out of a table before all of its rows are asked for: types of columns, some rows,
# and whether the database computes what R does.

# Rows that are read for it.
n_pilot <- 1000L

# Columns of the table that a model names.
used_columns <- function(table, expressions) {
  used <- unlist(lapply(expressions, free_variables))
  intersect(names(table$types), used)
}

# Rows without missing values of some columns as the database has them; with `beside`, texts, as
# columns of their own.
ask_pilot <- function(table, columns, beside = character(), where = character()) {
  sql <- vapply(columns, function(name) sql_name(table, name), "")
  given <- unname(c(if (length(sql)) paste(sql, "IS NOT NULL"), where))
  asked <- c(unname(sql), unname(beside))
  if (length(asked) == 0) asked <- "1.0"
  names(asked) <- paste0("c", seq_along(asked))
  answer <- ask(table, pilot_text(table, asked, given, n_pilot))
  own <- seq_along(columns)
  list(rows = structure(as.list(answer)[own], names = columns, class = "data.frame",
                        row.names = .set_row_names(nrow(answer))),
       beside = as.list(answer)[-own])
}

# The table with the types of these columns, and the rows that have them.
probe_table <- function(table, columns) {
  probe <- ask_pilot(table, columns)$rows
  if (nrow(probe) == 0) {
    abort("No rows are left to fit.", x = "No row of the table has all of {.var {columns}}.")
  }
  table$types[columns] <- lapply(probe, zero_rows)
  list(table = table, rows = probe)
}

# The values in R of expressions of rows, each of one length.
values_in_r <- function(expressions, envirs, rows) {
  Map(function(expression, envir) {
    value <- suppressWarnings(eval(expression, rows, envir))
    rep_len(if (is.factor(value)) as.character(value) else value, nrow(rows))
  }, expressions, envirs)
}

# Refuses an expression that the database computes otherwise.
check_same_values <- function(expressions, in_r, in_sql, table) {
  for (k in seq_along(expressions)) {
    own <- in_r[[k]]
    theirs <- in_sql[[k]]
    if (is.logical(own)) own <- as.numeric(own)
    if (is_time(own) || !is.numeric(own) && !is.character(own)) next
    if (is.numeric(own)) theirs <- as.numeric(theirs)
    same <- if (is.numeric(own)) same_numbers(as.numeric(own), theirs) else same_texts(own, theirs)
    differ <- which(!same)
    if (length(differ)) {
      abort("{table$engine$label} computes {.code {as_text(expressions[[k]])}} otherwise than R.",
            x = "Where R has {describe(own[differ[1]])}, it has {describe(theirs[differ[1]])}.",
            i = "Make it a column of the table, or read the rows in chunks: {.code ?crossprods}.")
    }
  }
}

same_texts <- function(x, y) ifelse(is.na(x), is.na(y), !is.na(y) & x == y)

# To some units in the last place of what they are made of.
same_numbers <- function(x, y) {
  finite <- is.finite(x)
  scale <- if (any(finite)) max(abs(x[finite])) else 0
  ifelse(finite, is.finite(y) & abs(x - y) <= 1e-12 * scale,
         is.na(x) & is.na(y) | !is.na(x) & !is.na(y) & x == y)
}

# What rows in a database are grouped by. A key is a column of a query, list(expression, sql, type,
# given, like) as translate() has it; of its values R makes columns of a model frame, with a row
# for each cell.

# Keys of all variables, each once, and the number of each variable's.
model_keys <- function(variables, table) {
  keys <- list()
  for (name in names(variables)) {
    if (!variables[[name]]$is_key) next
    for (part in made_of(variables[[name]]$expression)) {
      inner <- inner_expression(part)
      text <- as_text(inner)
      if (is.null(keys[[text]])) keys[[text]] <- new_key(inner, variables[[name]], table)
      variables[[name]]$keys <- c(variables[[name]]$keys, match(text, names(keys)))
    }
  }
  list(variables = variables, keys = unname(keys))
}

# A column is a key as it is, of its own type.
new_key <- function(expression, variable, table) {
  name <- if (is.name(expression)) as.character(expression) else ""
  if (!name %in% names(table$types)) {
    return(c(list(expression = expression), translate_in(expression, variable, table)))
  }
  made <- translate_column(name, table)
  made$sql <- sql_name(table, name)
  c(list(expression = expression), made)
}

# The columns of the model frame that keys have: values is a data frame with a column for each key.
key_columns <- function(variables, keys, values) {
  values <- Map(typed_values, keys, values)
  made <- lapply(Filter(function(variable) variable$is_key, variables), function(variable) {
    head <- if (is.call(variable$expression)) as_text(variable$expression[[1]]) else ""
    parts <- Map(column_of_key, made_of(variable$expression), values[variable$keys],
                 list(variable$envir))
    if (head == "cbind") do.call(cbind, parts) else parts[[1]]
  })
  lapply(made, function(column) {
    if (is.character(column)) as.factor(column) else column
  })
}

typed_values <- function(key, values) {
  if (!is.null(key$like)) return(factor(values, levels(key$like), ordered = is.ordered(key$like)))
  if (key$type == "logical") as.logical(values) else values
}

# The value of an expression whose inner one has these values.
column_of_key <- function(expression, values, envir) {
  inner <- inner_expression(expression)
  if (identical(inner, expression)) return(values)
  place <- quote(.values)
  put <- function(part) {
    if (identical(part, inner)) return(place)
    part[[2]] <- put(part[[2]])
    part
  }
  eval(put(expression), list(.values = values), envir)
}

# Do the first rows show many combinations of keys, beside the one that has most values? To count
# cells takes half as long as to sum.
may_have_many_cells <- function(model) {
  if (length(model$design$group) > 1) return(TRUE)
  if (length(model$keys) < 2) return(FALSE)
  envir <- model$variables[[1]]$envir
  values <- values_in_r(lapply(model$keys, `[[`, "expression"), list(envir), model$pilot)
  n_values <- lengths(lapply(values, unique))
  beside <- do.call(paste, c(unname(values[-which.max(n_values)]), sep = "\r"))
  length(unique(beside)) > length(beside) / 5
}

# Cells are counted where they may be very many, before they are asked for.
count_cells <- function(table, sums, max_cells) {
  if (length(sums$keys) < 2) return(invisible())
  cells <- select_text(table, named(sums$keys, "g"), c(table$where, sums$given), sums$keys)
  counted <- ask(table, paste0("SELECT COUNT(*) AS relm_n\nFROM (", cells, ") relm_cells"))
  if (counted$n > max_cells) refuse_cells(as.double(counted$n), max_cells, exactly = TRUE)
}

refuse_cells <- function(n, most, exactly = FALSE) {
  abort("The rows make {if (!exactly) 'more than '}{format(if (exactly) n else most, big.mark = ',',
         scientific = FALSE)} cells: combinations of groups and of levels of factors that occur.",
        x = "{.arg max_cells} is {format(most, big.mark = ',', scientific = FALSE)}.",
        i = "Each takes memory for the products of all columns. Raise {.arg max_cells}, or take out
             the grouping or the factor with the most levels.")
}

# The model frame of cells, or of rows that stand for several: of its variables those that are keys
# have values, others are 1.
design_of_cells <- function(model, columns, n) {
  design <- model$design
  frame <- lapply(design$frame, function(column) rep(1, n))
  frame[names(columns)] <- columns
  described <- attributes(design$frame)
  described$names <- names(frame)
  described$row.names <- .set_row_names(n)
  described$na.action <- NULL
  attributes(frame) <- described
  design$frame <- frame
  design$factors <- read_factors(design)
  design
}

# Cells without those of which R makes a missing value, and the columns of their keys.
known_cells <- function(moments, model) {
  columns <- key_columns(model$variables, model$keys, moments$keys)
  missing <- Reduce(`|`, lapply(columns, function(column) {
    if (is.matrix(column)) rowSums(is.na(column)) > 0 else is.na(column)
  }), logical(length(moments$n)))
  if (any(missing)) {
    columns <- lapply(columns, function(column) {
      if (is.matrix(column)) column[!missing, , drop = FALSE] else column[!missing]
    })
    moments <- keep_cells(moments, !missing)
  }
  if (model$drops_levels) {
    columns <- lapply(columns, function(column) {
      if (is.factor(column)) column[, drop = TRUE] else column
    })
  }
  c(moments, list(columns = columns))
}

keep_cells <- function(moments, kept) {
  for (name in c("n", "weight", "log_weights")) {
    if (!is.null(moments[[name]])) moments[[name]] <- moments[[name]][kept]
  }
  if (is.null(moments$mean)) return(moments)
  moments$mean <- moments$mean[kept, , drop = FALSE]
  for (name in c("scatter", "roots")) moments[[name]] <- moments[[name]][, , kept, drop = FALSE]
  moments
}

# What a design keeps so that its model can be fitted again, and predicted from, without what it
# came from: the columns of the data that its variables are made of, and objects beside the data
# that its formula names. Columns and objects are referred to, not copied. The environment in
# which a formula was written is not kept: it may hold anything.

# An environment with those objects alone, those of the workspace among them, which another session
# has not, and this one may change; or the formula's own where there are none and R saves no more of
# it than its name. Names of `data` are not sought.
own_environment <- function(expression, envir, data) {
  if (is.null(envir)) return(envir)
  within <- if (is.data.frame(data)) names(data)
  used <- free_names(expression)
  # A function may bear the name of a column.
  beside <- setdiff(used$variables, within)
  names <- union(beside, used$functions)
  modes <- ifelse(names %in% beside, "any", "function")
  owners <- lapply(seq_along(names), function(k) owner_of(names[k], envir, modes[k]))
  found <- lengths(owners) > 0
  if (!any(found) && is_saved_by_name(envir)) return(envir)
  own <- new.env(parent = saved_ancestor(envir))
  for (k in which(found)) assign_copy(names[k], owners[[k]], own, modes[k])
  own
}

is_saved_by_name <- function(envir) {
  identical(envir, globalenv()) || isNamespace(envir) || identical(envir, emptyenv()) ||
    identical(envir, baseenv()) || !is.null(attr(envir, "path"))
}

saved_ancestor <- function(envir) {
  while (!is_saved_by_name(envir)) envir <- parent.env(envir)
  envir
}

# The environment that has an object, among those that are not saved by name and the workspace.
owner_of <- function(name, envir, mode) {
  while (!is_saved_by_name(envir) || identical(envir, globalenv())) {
    if (exists(name, envir, mode = mode, inherits = FALSE)) return(envir)
    envir <- parent.env(envir)
  }
}

# An argument that was not given has no value to copy.
assign_copy <- function(name, from, to, mode) {
  tryCatch(assign(name, get(name, from, mode = mode, inherits = FALSE), to),
           error = function(e) NULL)
}

own_quosure <- function(quosure, data) {
  expression <- rlang::quo_get_expr(quosure)
  rlang::new_quosure(expression, own_environment(expression, rlang::quo_get_env(quosure), data))
}

# The columns of `data` that the variables of `whole` and of the quosures are made of: `columns`,
# and the names of those that the frame holds as they are, which are none where it has not all
# rows of the data.
keep_columns <- function(data, whole, quosures, frame) {
  if (!is.data.frame(data)) return(NULL)
  beside <- lapply(quosures, function(quosure) free_variables(rlang::quo_get_expr(quosure)))
  names <- intersect(c(free_variables(whole), unlist(beside)), names(data))
  columns <- .subset(data, names)
  n_rows <- nrow(data)
  in_frame <- if (is.null(quosures$subset) && nrow(frame) == n_rows) {
    # Text has become a factor, and a factor may have lost levels.
    Filter(function(name) {
      identical(attributes(.subset2(frame, name)), attributes(columns[[name]]))
    }, intersect(names, names(frame)))
  }
  row_names <- attr(data, "row.names")
  list(columns = columns[setdiff(names, in_frame)], in_frame = in_frame, n_rows = n_rows,
       row_names = if (is.character(row_names)) row_names)
}

# The data of a design, as far as it names their columns; NULL where it had none.
data_of <- function(design) {
  kept <- design$kept
  if (is.null(kept)) return(NULL)
  all_rows <- !is.null(kept$in_frame)
  columns <- c(kept$columns, .subset(design$frame, kept$in_frame))
  rows <- if (all_rows) attr(design$frame, "row.names")
    else if (is.null(kept$row_names)) .set_row_names(kept$n_rows) else kept$row_names
  structure(columns, row.names = rows, class = "data.frame")
}

# The rows of the data that the fit used, in the order of its frame; NULL where they are not to
# be had.
used_data <- function(design) {
  data <- data_of(design)
  if (is.null(data) || !is.null(design$kept$in_frame)) return(data)
  rows <- rows_used(design, data)
  if (length(rows) == nrow(design$frame) && !anyNA(rows)) data[rows, , drop = FALSE]
}

# Numbers of the rows of the data that the fit used.
rows_used <- function(design, data) {
  rows <- seq_len(design$kept$n_rows)
  if (!is.null(design$quosures$subset)) rows <- rows[rlang::eval_tidy(design$quosures$subset, data)]
  omitted <- attr(design$frame, "na.action")
  if (length(omitted)) rows[-omitted] else rows
}

# A chunk of rows as a model frame, through a schema: what would be these rows of the frame of all.

# asked: `subset` (a quosure or NULL) and `na.action`. The frame has all variables of the model;
# rows that were dropped are told in its attribute "na.action".
chunk_frame <- function(schema, chunk, asked) {
  chunk <- chunk_columns(schema, chunk)
  quosures <- c(schema$quosures, asked["subset"][lengths(asked["subset"]) > 0])
  extras <- evaluate_extras(chunk, quosures)
  frame <- quiet_frame(schema$whole, chunk, extras, asked$na.action, FALSE, family_of(schema),
                       known_label(schema$sigma))
  dropped <- attr(frame, "na.action")
  frame <- frame_in_schema(schema, plain_columns(frame))
  attr(frame, "na.action") <- dropped
  check_offsets(frame)
  check_finite_columns(frame)
  check_rows_of(family_of(schema), frame)
  frame
}

# The columns that the model names, in the schema's types.
chunk_columns <- function(schema, chunk) {
  chunk <- plain_columns(named_columns(chunk))
  missing <- setdiff(schema$row_variables, names(chunk))
  if (length(missing)) {
    abort("It has no column{?s} {.var {missing}}.",
          i = "The model names {.var {schema$row_variables}}.")
  }
  chunk <- chunk[schema$row_variables]
  for (name in names(chunk)) {
    column <- .subset2(chunk, name)
    fitted <- schema$raw[[name]]
    if (is.null(fitted)) next
    if (is_all_missing(column)) chunk[[name]] <- missing_like(fitted, length(column))
    else check_same_type(column, fitted, name)
  }
  in_types_of(schema, chunk)
}

# Missing values have no type.
is_all_missing <- function(column) is.logical(column) && all(is.na(column))

missing_like <- function(fitted, n) {
  none <- rep(NA_integer_, n)
  if (is.null(dim(fitted))) fitted[none] else fitted[none, , drop = FALSE]
}

check_same_type <- function(column, fitted, name) {
  same <- identical(type_of(column), type_of(fitted)) && identical(NCOL(column), NCOL(fitted))
  if (same) return(invisible())
  abort("The column {.code {name}} is not of the type that it had before.",
        x = "Now it is {describe_type(column)}, and was {describe_type(fitted)}.",
        i = "Columns must have one type in all chunks.")
}

# What columns of chunks may differ in and be of one type: numbers, text, moments, and so on.
type_of <- function(column) {
  if (is.factor(column) || is.character(column)) return("text")
  if (inherits(column, c("Date", "POSIXct", "POSIXlt"))) return(class(column)[1])
  if (inherits(column, "difftime")) return("difftime")
  if (is.numeric(column)) "number" else class(column)[1]
}

# The variables of the terms as the schema has them: factors with its levels.
frame_in_schema <- function(schema, frame) {
  terms <- c(list(schema$terms), schema$bars)
  names <- unique(c(names(schema$columns)[1], unlist(lapply(terms, term_variables))))
  for (name in intersect(names, names(frame))) {
    column <- drop_matrix(.subset2(frame, name))
    fitted <- schema$columns[[name]]
    check_known_levels(column, fitted, name)
    frame[[name]] <- like_fitted(column, fitted, name)
  }
  frame
}

check_known_levels <- function(column, fitted, name) {
  if (!is.factor(fitted)) return(check_same_type(column, fitted, name))
  if (!is.factor(column) && !is.character(column)) return(check_same_type(column, fitted, name))
  values <- if (is.factor(column)) levels(column)[tabulate(column, nlevels(column)) > 0]
    else unique(column)
  unknown <- setdiff(values, c(levels(fitted), NA))
  if (length(unknown) == 0) return(invisible())
  abort("The column {.code {name}} has the level{?s} {.val {utils::head(unknown, 5)}}, which it had
         not before.", x = "Its levels are {.val {levels(fitted)}}.",
        i = "Give all of them by {.arg levels}.")
}

# What rows are grouped by, by part.
chunk_keys <- function(schema, frame) {
  lapply(schema$by[lengths(schema$by) > 0], function(expression) {
    lapply(grouping_parts(expression), function(name) {
      column <- .subset2(frame, name)
      check_one_group_column(column, name)
      check_given(column, name)
      column
    })
  })
}

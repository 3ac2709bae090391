# From a model frame to the columns of X and Z.

# Some rows of a design, or all.
design_rows <- function(design, rows = NULL) schema_rows(design, design$frame, rows)

# The rows `rows` (all when NULL) of a model frame that was read through a schema, or is that of a
# design: list(X, Z, y, offset, weights, random, trials, times), with what each random column is.
# The matrices have no row names, and Z has a column that several groupings share once. weights:
# those of precision; trials and times: see R/read_response.R.
schema_rows <- function(schema, frame, rows = NULL) {
  if (!is.null(rows)) frame <- frame_rows(frame, rows)
  family <- family_of(schema)
  read <- read_frame(family, frame)
  weights <- stats::model.weights(frame)
  Z <- random_matrices(schema, frame)
  random <- random_columns(schema, Z, frame)
  Z <- if (length(Z)) do.call(cbind, Z) else matrix(0, length(read$y), 0)
  list(
    X = terms_matrix(schema$terms, frame, schema$coding),
    Z = if (anyDuplicated(random$place)) Z[, !duplicated(random$place), drop = FALSE] else Z,
    y = read$y, offset = as_numeric_or_null(stats::model.offset(frame)),
    weights = if (family$weights == "precision") weights, random = random,
    trials = read$trials, times = row_times(family, weights)
  )
}

# What each random column is: its name, its block, the number of its grouping, and its place among the
# columns of all groupings, of which those with the same values are one.
random_columns <- function(schema, Z, frame) {
  columns <- as.character(unlist(lapply(Z, colnames)))
  sizes <- vapply(Z, ncol, 1L)
  grouping <- schema$of_grouping
  of_bars <- blocks_of_bars(schema$bars, sizes)
  if (max(grouping, 1L) == 1L) {
    return(c(list(column = columns, grouping = rep(1L, length(columns)),
                  place = seq_along(columns)), of_bars))
  }
  # Of numbers a column's name tells it; contrasts of a factor go by the whole term.
  told <- vapply(schema$bars, function(bar) {
    numbers <- vapply(.subset(frame, term_variables(bar)), is.numeric, NA)
    if (all(numbers)) "" else deparse1(stats::formula(bar))
  }, "")
  key <- ifelse(columns == "(Intercept)", columns, paste(columns, rep(told, sizes)))
  # Within a grouping each column is one of its own.
  key <- paste(key, stats::ave(seq_along(key), rep(grouping, sizes), key, FUN = seq_along))
  c(list(column = columns, grouping = rep(grouping, sizes), place = match(key, unique(key))),
    of_bars)
}

# The matrix of each random term.
random_matrices <- function(schema, frame, bars = schema$bars) {
  lapply(bars, terms_matrix, frame = frame, contrasts = schema$coding)
}

# Of such rows, the response less its offset, as what is computed from a linear model's rows has it.
# Elsewhere an offset is a part of the linear predictor.
less_offset <- function(rows) {
  if (!is.null(rows$offset)) rows$y <- rows$y - rows$offset
  rows$offset <- NULL
  rows
}

# Rows of a linear model, for `what`.
linear_rows <- function(design, rows, what) {
  check_gaussian(design, what)
  less_offset(design_rows(design, rows))
}

# frame[rows, ] without its row names, which take longer to subset than the columns.
frame_rows <- function(frame, rows) {
  described <- attributes(frame)
  described$row.names <- .set_row_names(length(rows))
  frame <- lapply(frame, function(column) {
    if (is.matrix(column)) column[rows, , drop = FALSE] else column[rows]
  })
  attributes(frame) <- described
  frame
}

terms_matrix <- function(terms, frame, contrasts) {
  X <- plain_matrix(terms, frame)
  if (!is.null(X)) return(X)
  X <- lm_matrix(terms, frame, contrasts)
  if (!is.double(X)) storage.mode(X) <- "double"
  attr(X, "assign") <- attr(X, "contrasts") <- NULL
  dimnames(X) <- list(NULL, colnames(X))
  X
}

# The model matrix with its attributes, as lm() makes it.
lm_matrix <- function(terms, frame, contrasts) {
  if (!is.null(contrasts)) {
    variables <- vapply(attr(terms, "variables"), deparse1, "")[-1]
    contrasts <- contrasts[names(contrasts) %in% variables]
  }
  tryCatch(
    stats::model.matrix(terms, frame, contrasts.arg = contrasts),
    error = function(e) {
      abort("The model matrix cannot be made.", x = "{conditionMessage(e)}")
    }
  )
}

# The model matrix of terms that are vectors of numbers, each a column as it stands; NULL for
# other terms.
plain_matrix <- function(terms, frame) {
  labels <- attr(terms, "term.labels")
  place <- match(labels, names(frame))
  if (anyNA(place) || any(attr(terms, "order") > 1)) return(NULL)
  columns <- .subset(frame, place)
  for (column in columns) {
    plain <- is.numeric(column) && is.null(dim(column)) &&
      (!is.object(column) || inherits(column, "AsIs"))
    if (!plain) return(NULL)
  }
  n_rows <- nrow(frame)
  intercept <- if (attr(terms, "intercept") > 0) rep(1, n_rows)
  names <- c(if (!is.null(intercept)) "(Intercept)", labels)
  X <- as.double(unlist(c(list(intercept), columns), use.names = FALSE))
  dim(X) <- c(n_rows, length(names))
  dimnames(X) <- list(NULL, names)
  X
}

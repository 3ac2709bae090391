# Labels of rows that come in chunks, numbered in the order in which they first appear: a table of
# keys in C, which grows by doubling, so that a chunk costs the same however many there were before.
#
# labels: an environment that changes in place
#   columns   of each column that rows are grouped by (one, or the parts of a:b): a table, and its
#             values in the order of their numbers
#   pairs     of several columns: a table of the combinations of their numbers, and these

# is_made: of each column, is it what a function makes of columns of the data?
new_labels <- function(is_made) {
  labels <- new.env(parent = emptyenv())
  labels$n <- 0L
  labels$columns <- lapply(is_made, new_label_column)
  labels$pairs <- if (length(is_made) > 1) .Call(ffi_new_keys, length(is_made))
  labels$numbers <- list()
  labels
}

new_label_column <- function(is_made) {
  column <- new.env(parent = emptyenv())
  column$is_made <- is_made
  column$keys <- .Call(ffi_new_keys, 1L)
  column$values <- list()
  column
}

# The number of each row's label; columns: what rows are grouped by (grouping_columns() gives them
# of a frame, chunk_columns() as they are).
number_by_label <- function(labels, columns) {
  codes <- Map(number_values, labels$columns, columns)
  if (length(codes) == 1) {
    labels$n <- labels$columns[[1]]$n
    return(codes[[1]])
  }
  numbered <- .Call(ffi_number_keys, labels$pairs, unname(codes))
  if (length(numbered$new_rows)) {
    new <- lapply(unname(codes), `[`, numbered$new_rows)
    labels$numbers <- c(labels$numbers, list(new))
    labels$n <- labels$n + length(numbered$new_rows)
  }
  numbered$number
}

# Keys are values, as code_values() takes them: numbers and times by their number, all else by text.
number_values <- function(column, x) {
  x <- unmarked(x)
  column$kind <- same_kind(column$kind, kind_of(x))
  if (is.null(column$is_factor)) column$is_factor <- is.factor(x)
  if (is.factor(x)) return(number_levels(column, x))
  if (column$kind == "text") return(number_keys(column, enc2utf8(as.character(x))))
  if (is.null(column$like)) column$like <- attributes(x)
  if (column$kind == "difftime") units(x) <- column$like$units
  number_keys(column, as.double(unclass(x)))
}

# Of a factor those levels that rows have; the others are levels too.
number_levels <- function(column, x) {
  if (!identical(column$last_levels, levels(x))) {
    column$last_levels <- levels(x)
    column$levels <- c(column$levels, list(levels(x)))
  }
  seen <- in_order_of_rows(as.integer(x), nlevels(x))
  number_keys(column, enc2utf8(levels(x)[seen$codes]))[seen$index]
}

number_keys <- function(column, values) {
  numbered <- .Call(ffi_number_keys, column$keys, list(values))
  if (length(numbered$new_rows)) {
    column$values <- c(column$values, list(values[numbered$new_rows]))
    column$n <- sum(column$n, length(numbered$new_rows))
  }
  numbered$number
}

same_kind <- function(before, now) {
  if (is.null(before) || before == now) return(now)
  said <- function(kind) switch(kind, text = "text", number = "numbers", kind)
  abort("Groups were {said(before)} in the chunks before, and are {said(now)} in this one.",
        i = "Convert the column in all chunks.")
}

# The columns of a data frame with one row for each label, in the order of their numbers, as
# grouping_columns() would have them of the rows: what groups and levels are called, and their
# order, is then told of these.
label_columns <- function(labels, drop.unused.levels) {
  columns <- lapply(labels$columns, label_values, drop.unused.levels)
  if (is.null(labels$pairs)) return(columns)
  numbers <- do.call(Map, c(list(c), labels$numbers))
  Map(function(column, number) column[number], columns, numbers)
}

label_values <- function(column, drop.unused.levels) {
  values <- unlist(column$values)
  if (column$kind != "text") return(structure(values, class = column$like$class,
                                              units = column$like$units,
                                              tzone = column$like$tzone))
  # What rbind() makes of the chunks: a factor where the first is one.
  if (!column$is_factor) return(factor(values))
  levels <- union(unlist(column$levels), values)
  if (column$is_made && length(column$levels) > 1) levels <- sort_if_sorted(levels, column$levels)
  factor(values, if (drop.unused.levels) levels[levels %in% values] else levels)
}

# What factor() made of numbers or text is sorted in each chunk, and was so of all rows.
sort_if_sorted <- function(levels, parts) {
  numbers <- suppressWarnings(as.numeric(levels))
  if (!anyNA(numbers)) {
    sorted <- vapply(parts, function(part) !is.unsorted(as.numeric(part)), NA)
    if (all(sorted)) return(levels[order(numbers)])
  }
  if (any(vapply(parts, is.unsorted, NA))) levels else sort(levels)
}

# Grouping factors: the group of each row, of the data and of new rows.

# The levels of a grouping expression in the order in which they first appear,
# and the level of each row. The order of sampling follows the rows, so that the
# spelling of labels cannot matter.
group_levels <- function(expression, frame, argument = "formula") {
  factor <- grouping_factor(expression, frame, argument)
  codes <- as.integer(factor)
  seen <- in_order_of_rows(codes, nlevels(factor))
  list(labels = levels(factor)[seen$codes], index = seen$index, display = order(seen$codes),
       all = levels(factor))
}

# The codes 1, ..., n_codes that occur, as unique() gives them, and the place of each row's
# code among them.
in_order_of_rows <- function(codes, n_codes) {
  if (!anyNA(codes)) return(.Call(ffi_number_by_first_row, codes, n_codes))
  seen <- unique(codes)
  list(codes = seen, index = match(codes, seen))
}

grouping_factor <- function(expression, frame, argument) {
  if (is.call(expression) && identical(expression[[1]], quote(`:`))) {
    return(interaction(grouping_factor(expression[[2]], frame, argument),
                       grouping_factor(expression[[3]], frame, argument),
                       sep = ":", drop = TRUE, lex.order = TRUE))
  }
  if (is.call(expression) && identical(expression[[1]], quote(`(`))) {
    return(grouping_factor(expression[[2]], frame, argument))
  }
  values <- .subset2(frame, as_text(expression))
  if (is.null(values) || !is.null(dim(values))) {
    abort("{.arg {argument}} groups by {.code {deparse1(expression)}}, which is not one factor.",
          i = "A grouping factor is one variable or an interaction, {.code a:b}.")
  }
  factor <- whole_number_factor(values)
  if (is.null(factor)) as.factor(values) else factor
}

# as.factor() of whole numbers in a range not much longer than their vector; NULL of others.
whole_number_factor <- function(x) {
  if (!is.numeric(x) || !is.null(attributes(x)) || !length(x) || anyNA(x)) return(NULL)
  ends <- range(x)
  if (max(abs(ends)) > 2^30 || ends[2] - ends[1] > 2 * length(x)) return(NULL)
  code <- as.integer(x)
  if (is.double(x) && !all(code == x)) return(NULL)
  code <- code - (as.integer(ends[1]) - 1L)
  counts <- tabulate(code)
  occurs <- which(counts > 0L)
  place <- cumsum(counts > 0L)
  levels <- occurs + as.integer(ends[1]) - 1L
  storage.mode(levels) <- storage.mode(x)
  structure(place[code], levels = as.character(levels), class = "factor")
}

# The variables that a grouping expression such as a:b is made of, as columns of a model frame.
grouping_parts <- function(expression) {
  if (is.null(expression)) return(character())
  is_made <- is.call(expression) && as_text(expression[[1]]) %in% c(":", "(")
  if (!is_made) return(as_text(expression))
  unlist(lapply(as.list(expression)[-1], grouping_parts))
}

# The level of each row among those of the fit, and after these the new ones in the order in
# which they first appear.
code_levels <- function(expression, frame, labels) {
  factor <- grouping_factor(expression, frame, "newdata")
  code <- as.integer(factor)
  place <- match(levels(factor), labels)
  if (!anyNA(place)) return(list(code = place[code], new = character()))
  seen <- unique(code[is.na(place[code])])
  place[seen] <- length(labels) + seq_along(seen)
  list(code = place[code], new = levels(factor)[seen])
}

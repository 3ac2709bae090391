# What the likelihood of a family without cross-products of its own takes from the rows: those that
# are equal in all but their response merged, sorted by group.
#
#   X, Z          the columns of the fixed part, and the random ones, each once, as they are
#   y, trials     sums over the rows that are merged: successes and trials; of counts these and how
#                 many rows there are
#   offset
#   group         numbers of the groups, a column for each grouping, by which the rows are sorted,
#                 one after another, and within the same groups by their values
#   values, times where a family keeps them: the counts that occur, and in how many rows each does
#   log_constant  what the likelihood has beside, which does not depend on parameters
#   stratum       where each row is kept, as t residuals need: its number of those of residual
#                 variances; then y is its response and trials its precision
#
# Two parts of the data have as theirs what is merged of both.

# Rows that have been read and not been merged yet, of at most as many rows as are merged already,
# or this many.
most_unmerged <- 200000L

new_collection <- function() list(merged = NULL, parts = list(), n_rows = 0)

# Does a family need more of the rows than sums?
collects_rows <- function(family) family$rows != "none"

# Adds a chunk of rows (design_rows()), which may have `count`, how many rows of the data each stands
# for. group: rows x groupings; stratum: of rows.
collect_rows <- function(collection, chunk, group, stratum, family) {
  part <- merge_rows(if (family$rows == "each") each_row(chunk, group, stratum)
                     else responses_of_rows(chunk, group, family))
  collection$parts <- c(collection$parts, list(part))
  collection$n_rows <- collection$n_rows + length(part$y)
  if (collection$n_rows <= max(most_unmerged, length(collection$merged$y))) return(collection)
  list(merged = collected_responses(collection), parts = list(), n_rows = 0)
}

collected_responses <- function(collection) {
  parts <- c(if (!is.null(collection$merged)) list(collection$merged), collection$parts)
  if (length(parts) == 1) parts[[1]] else merge_responses(parts)
}

responses_of_rows <- function(chunk, group, family) {
  n <- length(chunk$y)
  times <- if (is.null(chunk$times)) rep(1, n) else as.numeric(chunk$times)
  if (!is.null(chunk$count)) times <- times * chunk$count
  is_sum <- family$weights == "trials"
  values <- if (family$keeps_values) count_values(chunk$y, times)
  list(
    X = unname(chunk$X), Z = unname(chunk$Z), y = chunk$y * times,
    trials = if (is_sum && !is.null(chunk$trials)) chunk$trials * times else times,
    offset = if (is.null(chunk$offset)) numeric(n) else chunk$offset, group = group,
    values = as.numeric(values$values), times = as.numeric(values$times),
    log_constant = sum(times * family$log_constant(chunk$y, chunk$trials))
  )
}

# Rows that are kept as they are.
each_row <- function(chunk, group, stratum) {
  n <- length(chunk$y)
  list(X = unname(chunk$X), Z = unname(chunk$Z), y = as.numeric(chunk$y),
       trials = if (is.null(chunk$weights)) rep(1, n) else as.numeric(chunk$weights),
       offset = if (is.null(chunk$offset)) numeric(n) else as.numeric(chunk$offset),
       group = group, stratum = as.integer(stratum), values = numeric(), times = numeric(),
       log_constant = 0)
}

# The numbers that occur in `values`, and the sum of their `times`.
count_values <- function(values, times) {
  distinct <- sort(unique(values))
  if (length(distinct) == 0) return(list(values = numeric(), times = numeric()))
  sums <- rowsum(times, match(values, distinct), reorder = TRUE)
  list(values = distinct, times = as.numeric(sums))
}

# Those of several parts whose groups have the same numbers.
merge_responses <- function(parts) {
  join <- function(name, by) unname(do.call(by, lapply(parts, `[[`, name)))
  rows <- stats::setNames(lapply(c("X", "Z", "group"), join, rbind), c("X", "Z", "group"))
  counted <- count_values(join("values", c), join("times", c))
  merge_rows(c(list(
    X = rows$X, Z = rows$Z, y = join("y", c), trials = join("trials", c),
    offset = join("offset", c), group = rows$group
  ), if (!is.null(parts[[1]]$stratum)) list(stratum = join("stratum", c)), list(
    values = counted$values, times = counted$times, log_constant = sum(join("log_constant", c))
  )))
}

# Sorts rows, and adds up the responses of equal ones where each is not kept.
merge_rows <- function(rows) {
  if (!is.null(rows$stratum)) return(choose_rows(rows, sort_rows(keys_of_rows(rows))$order))
  n <- length(rows$y)
  sorted <- sort_rows(keys_of_rows(rows))
  first <- sorted$order[sorted$is_new]
  for (matrix in c("X", "Z", "group")) rows[[matrix]] <- rows[[matrix]][first, , drop = FALSE]
  rows$offset <- rows$offset[first]
  # Whole numbers: no digit is lost.
  last <- c(which(sorted$is_new)[-1] - 1L, n)
  for (sum in c("y", "trials")) rows[[sum]] <- diff(c(0, cumsum(rows[[sum]][sorted$order])[last]))
  rows
}

# By what rows are sorted: their groups first.
keys_of_rows <- function(rows) {
  c(columns_of(rows$group), columns_of(rows$Z), columns_of(rows$X), list(rows$offset),
    if (!is.null(rows$stratum)) list(rows$stratum, rows$y, rows$trials))
}

choose_rows <- function(rows, chosen) {
  for (part in c("X", "Z", "group")) rows[[part]] <- rows[[part]][chosen, , drop = FALSE]
  for (part in c("y", "trials", "offset", "stratum")) rows[[part]] <- rows[[part]][chosen]
  rows
}

# The order of rows by their columns, one after another; is_new: does each in this order differ
# from the one before?
sort_rows <- function(columns) {
  n <- length(columns[[1]])
  columns <- Filter(function(column) any(column != column[1]), columns)
  order <- if (length(columns)) do.call(order, c(columns, list(method = "radix"))) else seq_len(n)
  differs <- logical(n - 1)
  for (column in columns) {
    sorted <- column[order]
    differs <- differs | sorted[-1] != sorted[-n]
  }
  list(order = order, is_new = c(TRUE, differs))
}

columns_of <- function(matrix) lapply(seq_len(ncol(matrix)), function(k) matrix[, k])

# Without some columns of X.
drop_response_columns <- function(responses, dropped) {
  if (is.null(responses)) return(NULL)
  responses$X <- responses$X[, -dropped, drop = FALSE]
  merge_rows(responses)
}

# The lines of print() of cross-products.
response_lines <- function(x) {
  if (is.null(x$responses)) return(character())
  responses <- x$responses
  if (!is.null(responses$stratum)) return(paste0("family: ", family_text(x)))
  counted <- if (family_of(x)$weights == "trials") {
    paste0(format(sum(responses$y)), " successes in ", format(sum(responses$trials)), " trials")
  } else {
    paste0(format(sum(responses$y)), " counted in ", format(sum(responses$trials)), " rows")
  }
  c(paste0("family: ", family_text(x)),
    paste0("responses: ", counted, ", ", length(responses$y), " rows that differ otherwise"))
}

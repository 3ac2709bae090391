# Cross-products of cells whose moments are known: a cell is its mean, with the weight of all its
# rows, and the root of its scatter, rows in which the intercept is 0.

# Rows of some cells, list(mean, root, cell_of_root): columns of numbers as they are, the response
# last.
cell_values <- function(moments, some) {
  coordinates <- moments$coordinates
  k <- dim(moments$scatter)[1]
  mean <- from_coordinates(moments$mean[some, , drop = FALSE], coordinates)
  root <- rows_of_roots(moments$roots[, , some, drop = FALSE])
  is_row <- rowSums(root != 0) > 0
  list(mean = mean + rep(coordinates$shift, each = length(some)),
       root = from_coordinates(root[is_row, , drop = FALSE], coordinates),
       cell_of_root = rep(seq_along(some), each = k)[is_row])
}

# Rows of cells as design_rows() has those of data.
rows_of_values <- function(coded, cells, constant, values) {
  k <- ncol(values)
  numbers <- values[, -k, drop = FALSE]
  Z <- lapply(coded$random, code_rows, cells, constant, numbers)
  Z <- if (length(Z)) do.call(cbind, Z) else matrix(0, nrow(values), 0)
  list(X = code_rows(coded$fixed, cells, constant, numbers),
       Z = Z[, !duplicated(coded$columns$place), drop = FALSE], y = values[, k],
       random = coded$columns)
}

# Codes of all columns of some cells. A number that is a group's label too is 1 in a code.
codes_of_cells <- function(design, some, parts, variables) {
  frame <- frame_rows(design$frame, some)
  numbers <- names(variables)[vapply(variables, `[[`, NA, "is_number")]
  frame[intersect(names(frame), numbers)] <- 1
  coded <- function(terms) term_codes(terms, frame, design$coding, parts, variables)
  random <- lapply(design$bars, coded)
  list(fixed = coded(design$terms), random = random,
       columns = random_columns(design, lapply(random, `[[`, "codes"), frame))
}

# design: its frame has a row for each cell.
crossprods_of_cells <- function(design, moments, parts, variables, by_group) {
  found <- find_cells(design, sorted_levels)
  found$cells$rows <- as.numeric(rowsum(moments$n, found$cell))
  accumulation <- by_cell <- NULL
  for (some in pieces_of(length(moments$n))) {
    coded <- codes_of_cells(design, some, parts, variables)
    values <- cell_values(moments, some)
    mean <- rows_of_values(coded, seq_along(some), 1, values$mean)
    root <- rows_of_values(coded, values$cell_of_root, 0, values$root)
    if (is.null(accumulation)) {
      accumulation <- empty_accumulation(design, mean, found, moments, some)
      if (keeps_rest(by_group, accumulation)) by_cell <- new_cell_factors(accumulation)
    }
    if (has_groups(accumulation)) {
      accumulation <- keep_paired(keep_paired(accumulation, mean), root)
    }
    mean$weights <- moments$weight[some]
    cell <- found$cell[some]
    for (into in c(list(accumulation), if (!is.null(by_cell)) list(by_cell))) {
      absorb(into, mean, cell)
      absorb(into, root, cell[values$cell_of_root], shift = numeric(length(into$shift)))
    }
  }
  accumulation$cells$rest <- by_cell$strata$factor
  check_in_range(accumulation)
}

empty_accumulation <- function(design, mean, found, moments, some) {
  accumulation <- new_crossprods(design, mean, found)
  accumulation$n_rows <- sum(moments$n)
  accumulation$shift <- pilot_shift(accumulation, mean_row(mean, moments$weight[some]))
  if (!is.null(moments$log_weights)) {
    accumulation$weighted <- TRUE
    accumulation$cells["log_weights"] <- list(as.numeric(rowsum(moments$log_weights, found$cell)))
  }
  accumulation
}

# The mean of rows, as a row.
mean_row <- function(rows, weight) {
  of <- function(x) crossprod(weight / sum(weight), x)
  list(X = of(rows$X), Z = of(rows$Z), y = drop(of(rows$y)))
}

# Groups in the order of their labels, in which an answer of a database has none: as bytes, whatever
# the locale is.
sorted_levels <- function(grouping) {
  codes <- sort(unique(grouping$code))
  codes <- codes[order(grouping$labels[codes], method = "radix")]
  numbered_levels(grouping, codes, match(grouping$code, codes))
}

check_varied <- function(moments, name) {
  k <- dim(moments$scatter)[1]
  means <- range(moments$mean[, k])
  if (any(moments$coordinates$T[-k, k] != 0)) return(invisible())
  if (any(moments$roots[, k, ] != 0) || means[1] != means[2]) return(invisible())
  refuse_constant_response(name, sum(moments$n),
                           signif(means[1] + moments$coordinates$shift[k], 7))
}

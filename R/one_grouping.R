# A model of several groupings as one of them alone has it: with its random columns and its cells,
# so that all that there is for a model of one grouping serves for each.

# x: cross-products or a posterior; that of one grouping is its own. by_group: with the rest of each
# cell, if x has it.
one_grouping <- function(x, g, by_group = FALSE) {
  if (length(groupings_of(x)) < 2) return(x)
  grouping <- x$groupings[[g]]
  into <- cells_of_grouping(x, g)
  merged <- merge_cells(x, grouping$random$place, into, by_group)
  x$cells <- c(into[c("group", "stratum")], merge_sums(x$cells, into$cell),
               merged[c("factor", "rest")])
  x$strata$factor <- merged$left
  x$shift <- merged$shift
  x$intercepts[["Z"]] <- match(x$intercepts[["Z"]], grouping$random$place, nomatch = 0L)
  grouping$random$place <- NULL
  grouping["parent"] <- list(NULL)
  x$groupings <- list(grouping)
  if (!is.null(x$parameters)) x$parameters <- parameters_of_one(x)
  x
}

# Groups and strata of the cells that a grouping alone has, and which of them each cell goes to.
cells_of_grouping <- function(x, g) {
  group <- x$cells$group[, g]
  n_groups <- length(x$groupings[[g]]$groups)
  if (n_strata(x) == 1) {
    return(list(cell = group, group = seq_len(n_groups), stratum = rep(1L, n_groups)))
  }
  crossed <- cross_codes(list(group, x$cells$stratum), c(n_groups, n_strata(x)))
  list(cell = crossed$code, group = as.integer(crossed$places[[1]]),
       stratum = as.integer(crossed$places[[2]]))
}

merge_sums <- function(cells, cell) {
  sums <- function(x) if (!is.null(x)) as.numeric(rowsum(x, cell))
  list(rows = sums(cells$rows), log_weights = sums(cells$log_weights))
}

# The factors of the columns at these places over larger cells: those of the cells, and of what
# these leave in their strata, are absorbed like rows. into: the new `cell` of each cell, and the
# `stratum` of each new one. Without their intercept, columns have no shift.
merge_cells <- function(x, places, into, by_group = FALSE) {
  p <- length(x$fixed)
  q <- length(places)
  shift <- x$shift[places] * (x$intercepts[["Z"]] %in% places)
  merged <- empty_factors(q, p, into$stratum, x$strata$factor)
  n <- length(into$stratum)
  by_cell <- if (by_group && !is.null(x$cells$rest)) {
    empty_factors(q, p, seq_len(n), array(0, c(p + 1, p + 1, n)))
  }
  for (some in pieces_of(n_cells(x))) {
    rows <- rows_of_cells(x, some, places, x$shift[places] - shift)
    cell <- rep(into$cell[some], each = n_cell_columns(x))
    absorb(merged, rows, cell)
    if (is.null(by_cell)) next
    absorb(by_cell, rows, cell)
    absorb(by_cell, rows_of_rest(x$cells$rest[, , some, drop = FALSE], q),
           rep(into$cell[some], each = p + 1))
  }
  list(factor = merged$cells$factor, rest = by_cell$strata$factor, left = merged$strata$factor,
       shift = c(shift, x$shift[n_cell_columns(x) + seq_len(p + 1)]))
}

# Factors of cells that rows are absorbed into as they are, beside a copy of those of their strata.
empty_factors <- function(q, p, stratum, of_strata) {
  list(shift = numeric(q + p + 1),
       cells = list(factor = array(0, c(q, q + p + 1, length(stratum))), stratum = stratum),
       strata = list(factor = of_strata + 0))
}

# Cells whose rows are made at once, so that they never weigh beside the cells themselves.
pieces_of <- function(n, size = 1e5) {
  starts <- seq(1, n, by = size)
  lapply(starts, function(start) start:min(n, start + size - 1))
}

# The rows of the factors of some cells, with as much of the intercept back in each column.
rows_of_cells <- function(x, cells, places, back) {
  p <- length(x$fixed)
  q <- n_cell_columns(x)
  rows <- matrix(aperm(x$cells$factor[, , cells, drop = FALSE], c(1, 3, 2)), ncol = q + p + 1)
  Z <- rows[, places, drop = FALSE]
  if (any(back != 0)) Z <- Z + outer(rows[, x$intercepts[["Z"]]], back)
  list(Z = Z, X = rows[, q + seq_len(p), drop = FALSE], y = rows[, q + p + 1])
}

# The same of [X y] beside Z, of which there are q columns.
rows_of_rest <- function(rest, q) {
  p <- dim(rest)[2] - 1
  rows <- matrix(aperm(rest, c(1, 3, 2)), ncol = p + 1)
  list(Z = matrix(0, nrow(rows), q), X = rows[, seq_len(p), drop = FALSE], y = rows[, p + 1])
}

# The table of all parameters less those of other groupings.
parameters_of_one <- function(posterior) {
  all <- posterior$parameters
  posterior$parameters <- NULL
  own <- new_parameters(posterior)
  own$tail <- all$tail[match(own$variable, all$variable)]
  own
}

# Cells and strata, of cross-products and of a posterior.
#
# A cell is the rows of one group, or of one group of each grouping, in one stratum. Cells are numbered
# so that those of a group, of the first grouping, are neighbors:
#   group, stratum   the numbers of both, for each cell; of several groupings a matrix, a column each
#   rows             how many
#   log_weights      sums of log weights, or NULL without weights
#   factor           q x (q + p + 1) x cells, [R C c]
#   rest             (p + 1) x (p + 1) x cells, what the factor leaves of [X y]; NULL if not kept
#
# A stratum is what a residual variance goes by, a level of a factor; without one, all rows are of
# a single stratum that has no label:
#   name             the factor as it is written, or NULL
#   labels           in the order in which they appear in the rows
#   display, order   the order in which they are shown; all levels of the factor, in their order
#   parts            of an interaction: labels of its parts, for each stratum
#   rows             how many
#   factor           (p + 1) x (p + 1) x strata, what the cells leave of [X y]

# x: cross-products or a posterior; those of version 0.1.0 have these as parts of their own.
cells_of <- function(x) {
  if (!is.null(x$cells)) return(x$cells)
  list(group = x$cell_group, stratum = x$cell_level, rows = x$cell_rows,
       log_weights = x$cell_log_weights, factor = x$cell_factor, rest = x$cell_rest)
}

strata_of <- function(x) {
  if (!is.null(x$strata)) return(x$strata)
  list(name = x$sigma_by, labels = x$levels, display = x$level_display, order = x$level_order,
       parts = x$level_parts, rows = rows_of_strata(cells_of(x)), factor = x$level_factor)
}

n_cells <- function(x) length(cells_of(x)$stratum)

n_strata <- function(x) max(1L, length(strata_of(x)$labels))

has_strata <- function(x) !is.null(strata_of(x)$name)

rows_of_strata <- function(cells) {
  if (all(cells$stratum == 1L)) sum(cells$rows)
  else as.numeric(rowsum(cells$rows, cells$stratum))
}

# Cross-products of version 0.1.0 as those of this one.
in_this_form <- function(x) {
  if (!is.null(x$cells)) return(x)
  new <- list(groupings = as.list(groupings_of(x)), cells = cells_of(x), strata = strata_of(x))
  old <- c("group", "groups", "group_display", "group_order", "group_parts", "random", "cell_group",
           "cell_level", "cell_rows", "cell_log_weights", "cell_factor", "cell_rest", "sigma_by",
           "levels", "level_display", "level_order", "level_parts", "level_factor", "level_rows")
  x[old] <- NULL
  x[names(new)] <- new
  x
}

# The groups and strata of a design's rows, the cell of each row, and the cells: pairs of both that
# occur. number: numbers the codes of a factor, as group_levels() does.
find_cells <- function(design, number = group_levels) {
  n_rows <- nrow(design$frame)
  one <- list(labels = character(), index = rep(1L, n_rows), display = integer(),
              all = character())
  levels_of <- function(grouping) if (is.null(grouping)) one else number(grouping)
  factors <- factors_of(design)
  stratum <- levels_of(factors$sigma)
  groups <- lapply(factors[grouping_parts_of(design$by)], number)
  if (length(groups) > 1) return(find_cells_of_several(groups, stratum))
  group <- if (length(groups)) groups[[1]] else one
  n_strata <- max(1L, length(stratum$labels))
  if (n_strata == 1L) {
    cell <- group$index
    pairs <- seq_len(max(1L, length(group$labels)))
  } else {
    pair <- (group$index - 1) * n_strata + stratum$index
    pairs <- sort(unique(pair))
    cell <- match(pair, pairs)
  }
  list(
    groups = list(group), stratum = stratum, cell = cell,
    cells = list(group = as.integer((pairs - 1) %/% n_strata) + 1L,
                 stratum = as.integer((pairs - 1) %% n_strata) + 1L,
                 rows = as.numeric(tabulate(cell, length(pairs))))
  )
}

# The same of several groupings: the combinations of their groups that occur.
find_cells_of_several <- function(groups, stratum) {
  codes <- lapply(c(unname(groups), list(stratum)), `[[`, "index")
  crossed <- cross_codes(codes, vapply(codes, max, 1L))
  n <- length(groups)
  list(
    groups = unname(groups), stratum = stratum, cell = crossed$code,
    cells = list(group = matrix(as.integer(unlist(crossed$places[seq_len(n)])), ncol = n),
                 stratum = as.integer(crossed$places[[n + 1L]]),
                 rows = as.numeric(tabulate(crossed$code)))
  )
}

# Sums of log weights over the rows of each cell.
cell_log_weights <- function(frame, found) {
  weights <- stats::model.weights(frame)
  if (is.null(weights)) return(numeric(length(found$cells$rows)))
  as.numeric(rowsum(log(as.numeric(weights)), found$cell))
}

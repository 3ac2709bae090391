#' Cross-products of a design
#'
#' Reads the data once and keeps everything that the samplers need. The size of the result depends
#' on the numbers of groups and columns, not on the number of rows.
#'
#' Cross-products are kept as triangular factors. They are made by Householder reflections after a
#' shift is subtracted from each column, so no digits cancel even for a column such as a year. For
#' each group the factor is \eqn{[R\; C\; c]} with \eqn{Z'Z = R'R}, \eqn{Z'X = R'C} and \eqn{Z'y =
#' R'c}. The rest of \eqn{[X\; y]}, orthogonal to \eqn{Z}, is kept in one factor for all groups (or
#' one for each residual variance).
#'
#' Cross-products of two parts of the data can be added with `+`, whether or not the parts share
#' groups. In this way you can fit data that are too large for memory. The parts must give the same
#' columns. Factors need the same levels in each part, and terms that depend on the data, such as
#' `poly()`, need the same basis.
#'
#' @param x A formula, with further arguments as for [relm_design()], or a design.
#' @param ... Arguments of [relm_design()].
#' @param drop.unused.levels As in [relm_design()].
#' @param by_group Keep the factor of \eqn{[X\; y]} that each cell leaves, (p + 1)^2 numbers per
#'   cell? Only the likelihood of a whole group needs it, as in `loo(fit, by = "group")` for a fit
#'   of cross-products. `NULL` keeps it if it takes less than 50 MB.
#' @return An object of class `relm_crossprods`, a list. The parts of general use:
#'   \describe{
#'   \item{`n_rows`}{number of rows}
#'   \item{`fixed`}{names of the p columns of X}
#'   \item{`groupings`}{a list with one element for each grouping: its `name`; `groups`, the labels of
#'     its groups in the order in which they appear; and `random`, a data frame of the q columns of Z
#'     (`column`, `block`, and `paired`, the column of X that equals it)}
#'   \item{`levels`}{labels of the residual variances, in the order in which they appear}
#'   \item{`cell_factor`}{q x (q + p + 1) x cells; a cell is the rows of one group with
#'     the same residual variance}
#'   \item{`level_factor`}{(p + 1) x (p + 1) x levels, upper triangular}
#'   \item{`cell_rest`}{(p + 1) x (p + 1) x cells, the same for each cell; `NULL` if it is not kept}
#'   }
#' @examples
#' whole <- crossprods(log(mercury) ~ log(length) + (1 | station), data = bass)
#' whole
#' parts <- crossprods(log(mercury) ~ log(length) + (1 | station), data = bass[1:80, ]) +
#'   crossprods(log(mercury) ~ log(length) + (1 | station), data = bass[81:171, ])
#' relm(parts, chains = 1, draws = 100, seed = 1)
#' @export
crossprods <- function(x, ...) UseMethod("crossprods")

#' @rdname crossprods
#' @export
crossprods.formula <- function(x, ..., drop.unused.levels = FALSE, by_group = NULL) {
  crossprods(relm_design(x, ..., drop.unused.levels = drop.unused.levels), by_group = by_group)
}

#' @export
crossprods.character <- function(x, ...) {
  x <- formula_of_text(x, parent.frame())
  if (is.character(x)) return(crossprods.default(x))
  crossprods.formula(x, ...)
}

#' @export
crossprods.default <- function(x, ...) {
  abort("{.arg x} must be a formula or a design.", x = "It is {describe(x)}.")
}

# Rows whose design matrices are made at once: few enough that they never weigh
# beside the model frame.
chunk_rows <- 20000L

#' @rdname crossprods
#' @export
crossprods.relm_design <- function(x, ..., by_group = NULL) {
  if (!is.null(by_group)) check_flag(by_group, "by_group")
  n_rows <- nrow(x$frame)
  cells <- find_cells(x)
  starts <- seq(1L, n_rows, by = chunk_rows)
  accumulation <- NULL
  largest <- 0
  for (start in starts) {
    end <- min(start + chunk_rows - 1L, n_rows)
    rows <- if (length(starts) > 1) start:end
    chunk <- design_rows(x, rows)
    check_columns(chunk)
    if (is.null(accumulation)) {
      accumulation <- new_crossprods(x, chunk, cells)
      by_cell <- if (keeps_rest(by_group, accumulation)) new_cell_factors(accumulation)
    }
    # A random column is the group version of a fixed one when both are the same.
    if (has_groups(accumulation)) accumulation <- keep_paired(accumulation, chunk)
    cell <- if (is.null(rows)) cells$cell else cells$cell[rows]
    largest <- max(largest, abs(range(chunk$y) - y_shift(accumulation)))
    absorb(accumulation, chunk, cell)
    if (!is.null(by_cell)) absorb(by_cell, chunk, cell)
  }
  accumulation$cell_rest <- by_cell$level_factor
  check_no_underflow(largest)
  check_in_range(accumulation)
}

keep_paired <- function(crossprods, chunk) {
  paired <- grouping_of(crossprods)$random$paired
  crossprods$groupings[[1]]$random$paired <- .Call(ffi_still_paired, chunk$Z, chunk$X, paired)
  crossprods
}

# Bytes up to which the cells' own factors of [X y] are kept unasked.
rest_bytes <- 50e6

keeps_rest <- function(by_group, crossprods) {
  if (!has_groups(crossprods)) return(FALSE)
  if (!is.null(by_group)) return(by_group)
  8 * length(crossprods$cell_level) * (length(crossprods$fixed) + 1)^2 <= rest_bytes
}

# Factors in which each cell has a level of its own.
new_cell_factors <- function(crossprods, n_cells = length(crossprods$cell_level)) {
  p <- length(crossprods$fixed)
  q <- n_random(crossprods)
  list(shift = crossprods$shift, cell_factor = array(0, c(q, q + p + 1, n_cells)),
       level_factor = array(0, c(p + 1, p + 1, n_cells)), cell_level = seq_len(n_cells))
}

# Groups, levels of the residual variance, and cells: pairs of both that occur.
# Cells are numbered so that those of one group are neighbours.
find_cells <- function(design) {
  n_rows <- nrow(design$frame)
  one <- list(labels = character(), index = rep(1L, n_rows), display = integer(),
              all = character())
  levels_of <- function(grouping) if (is.null(grouping)) one else group_levels(grouping)
  group <- levels_of(factors_of(design)$group)
  level <- levels_of(factors_of(design)$sigma)
  n_levels <- max(1L, length(level$labels))
  if (n_levels == 1L) {
    cell <- group$index
    pairs <- seq_len(max(1L, length(group$labels)))
  } else {
    pair <- (group$index - 1) * n_levels + level$index
    pairs <- sort(unique(pair))
    cell <- match(pair, pairs)
  }
  list(
    group = group, level = level, cell = cell,
    cell_group = as.integer((pairs - 1) %/% n_levels) + 1L,
    cell_level = as.integer((pairs - 1) %% n_levels) + 1L,
    cell_rows = as.numeric(tabulate(cell, length(pairs)))
  )
}

check_columns <- function(chunk) {
  for (matrix in list(chunk$X, chunk$Z)) {
    bad <- colnames(matrix)[!is.finite(colSums(matrix))]
    if (length(bad)) {
      abort("The column {.code {bad[1]}} of the model matrix must be finite.",
            i = "Look for values that its terms cannot take.")
    }
  }
}

new_crossprods <- function(design, chunk, cells) {
  p <- ncol(chunk$X)
  q <- ncol(chunk$Z)
  repeated <- unique(colnames(chunk$Z)[duplicated(colnames(chunk$Z))])
  if (length(repeated)) {
    abort("The random column {.code {repeated}} stands in two terms of
           {.code {design$group}}.", i = "Write it once.")
  }
  crossprods <- list(
    response = as_text(design$formula[[2]]), formula = design$formula,
    n_rows = as.numeric(nrow(design$frame)), fixed = colnames(chunk$X),
    groupings = if (is.null(design$group)) list() else {
      list(new_grouping(design$group, cells$group$labels, cells$group$display, cells$group$all,
                        cells$group$parts, random_columns(chunk)))
    },
    sigma_by = design$sigma_by, levels = cells$level$labels,
    level_display = cells$level$display, level_order = cells$level$all,
    level_parts = cells$level$parts,
    intercepts = c(X = attr(design$terms, "intercept"), Z = z_intercept(chunk$Z)),
    weighted = !is.null(chunk$weights),
    cell_group = cells$cell_group, cell_level = cells$cell_level,
    cell_rows = cells$cell_rows,
    cell_log_weights = if (!is.null(chunk$weights)) cell_log_weights(design$frame, cells),
    cell_factor = array(0, c(q, q + p + 1, length(cells$cell_level))),
    level_factor = array(0, c(p + 1, p + 1, max(cells$cell_level)))
  )
  crossprods$shift <- pilot_shift(crossprods, chunk)
  structure(crossprods, class = "relm_crossprods")
}

# A data frame; data.frame() would take longer than the cross-products of a few rows.
random_columns <- function(chunk) {
  columns <- list(column = as.character(colnames(chunk$Z)), block = chunk$block,
                  paired = match(colnames(chunk$Z), colnames(chunk$X)))
  structure(columns, row.names = .set_row_names(ncol(chunk$Z)), class = "data.frame")
}

z_intercept <- function(Z) match("(Intercept)", colnames(Z), nomatch = 0L)

# What is taken off each column of [Z X y]: its mean over the first rows, where an
# intercept can give it back.
pilot_shift <- function(crossprods, chunk) {
  pilot <- seq_len(min(length(chunk$y), 256L))
  pilot_mean <- function(x) colMeans(x[pilot, , drop = FALSE])
  z_shift <- pilot_mean(chunk$Z) * (crossprods$intercepts[["Z"]] > 0)
  x_shift <- pilot_mean(chunk$X) * (crossprods$intercepts[["X"]] > 0)
  z_shift[names(z_shift) == "(Intercept)"] <- 0
  x_shift[names(x_shift) == "(Intercept)"] <- 0
  y_shift <- mean(chunk$y[pilot]) * (crossprods$intercepts[["X"]] > 0)
  unname(c(z_shift, x_shift, y_shift))
}

# Absorbs rows into the factors, which change in place.
absorb <- function(crossprods, chunk, cell, shift = crossprods$shift) {
  rows <- list(
    y = chunk$y, X = chunk$X, Z = chunk$Z, weights = as_numeric_or_null(chunk$weights),
    shift = shift, cell = cell - 1L
  )
  .Call(ffi_absorb_rows, rows, crossprods$cell_factor, crossprods$level_factor,
        crossprods$cell_level - 1L)
}

check_in_range <- function(crossprods) {
  if (!all_finite(crossprods$cell_factor) || !all_finite(crossprods$level_factor)) {
    abort("The data's squares overflow.", i = "Rescale the response or the predictors.")
  }
  crossprods
}

# `largest` is the response's greatest distance from its shift.
check_no_underflow <- function(largest) {
  if (largest > 0 && largest < 1e-152) {
    abort("The squares of the response underflow.",
          x = "It varies by {signif(largest, 2)}, and its square is 0 in double precision.",
          i = "Rescale the response.")
  }
}

#' @export
Ops.relm_crossprods <- function(e1, e2) {
  if (.Generic != "+" || nargs() != 2) {
    abort("Cross-products can only be added.", x = "The operator was {.code {(.Generic)}}.")
  }
  for (e in list(e1, e2)) {
    if (!inherits(e, "relm_crossprods")) {
      abort("Cross-products can only be added to cross-products.",
            x = "The other is {describe(e)}.")
    }
  }
  add_crossprods(e1, e2)
}

# The factors of y become rows, absorbed into those of x: that is exact, and no
# other code is needed.
add_crossprods <- function(x, y) {
  x <- check_intact(x)
  y <- check_intact(y)
  check_same_columns(x, y)
  union <- unite_cells(x, y)
  absorb_factors(union$sum, y, union$cell_of_y, union$level_of_y)
  check_in_range(union$sum)
}

check_same_columns <- function(x, y) {
  said <- function(crossprods) {
    c(crossprods[c("response", "fixed", "sigma_by")], list(group = grouping_of(crossprods)$name))
  }
  of_x <- said(x)
  of_y <- said(y)
  for (part in c("response", "fixed", "group", "sigma_by")) {
    if (!identical(of_x[[part]], of_y[[part]])) {
      abort("The two cross-products differ in their {part}.",
            x = "{.val {format(of_x[[part]])}} and {.val {format(of_y[[part]])}}.")
    }
  }
  random <- lapply(list(x, y), function(crossprods) {
    grouping_of(crossprods)$random[c("column", "block")]
  })
  if (!identical(random[[1]], random[[2]])) {
    abort("The two cross-products differ in their random columns.",
          x = "{.val {random[[1]]$column}} and {.val {random[[2]]$column}}.")
  }
}

# The sum with room for the cells of both and the factors of x in place, and
# where each cell of y went.
unite_cells <- function(x, y) {
  own <- grouping_of(x)
  theirs <- grouping_of(y)
  groups <- unite_labels(own$groups, theirs$groups, own$parts, theirs$parts)
  levels <- unite_labels(x$levels, y$levels, x$level_parts, y$level_parts)
  n_levels <- max(1L, length(levels$labels))
  key <- function(part, group_of, level_of) {
    (group_of[part$cell_group] - 1) * n_levels + level_of[part$cell_level]
  }
  key_of_x <- key(x, groups$of_x, levels$of_x)
  key_of_y <- key(y, groups$of_y, levels$of_y)
  keys <- sort(unique(c(key_of_x, key_of_y)))
  cell_of_x <- match(key_of_x, keys)
  cell_of_y <- match(key_of_y, keys)
  sum <- unclass(x)
  sum$n_rows <- x$n_rows + y$n_rows
  sum$weighted <- x$weighted || y$weighted
  if (has_groups(x)) sum$groupings <- list(unite_grouping(own, theirs, groups))
  sum[c("levels", "level_parts")] <- levels[c("labels", "parts")]
  sum$level_order <- unite_order(x$level_order, y$level_order)
  sum$level_display <- order(match(sum$levels, sum$level_order))
  sum$cell_group <- as.integer((keys - 1) %/% n_levels) + 1L
  sum$cell_level <- as.integer((keys - 1) %% n_levels) + 1L
  sum$cell_rows <- numeric(length(keys))
  sum$cell_rows[cell_of_x] <- x$cell_rows
  sum$cell_rows[cell_of_y] <- sum$cell_rows[cell_of_y] + y$cell_rows
  sum$cell_log_weights <- if (sum$weighted) {
    both <- numeric(length(keys))
    if (x$weighted) both[cell_of_x] <- x$cell_log_weights
    if (y$weighted) both[cell_of_y] <- both[cell_of_y] + y$cell_log_weights
    both
  }
  sum$cell_factor <- array(0, c(dim(x$cell_factor)[1:2], length(keys)))
  sum$cell_factor[, , cell_of_x] <- x$cell_factor
  sum$level_factor <- array(0, c(dim(x$level_factor)[1:2], n_levels))
  sum$level_factor[, , seq_len(dim(x$level_factor)[3])] <- x$level_factor
  sum$cell_rest <- if (!is.null(x$cell_rest) && !is.null(y$cell_rest)) {
    rest <- array(0, c(dim(x$cell_rest)[1:2], length(keys)))
    rest[, , cell_of_x] <- x$cell_rest
    rest
  }
  list(sum = structure(sum, class = "relm_crossprods"), cell_of_y = cell_of_y,
       level_of_y = levels$of_y)
}

unite_grouping <- function(x, y, united) {
  x[c("groups", "parts")] <- united[c("labels", "parts")]
  x$order <- unite_order(x$order, y$order)
  x$display <- order(match(x$groups, x$order))
  x$random$paired <- ifelse(is.na(y$random$paired), NA, x$random$paired)
  x
}

# The labels of both, those of x first, and where each went. Pairs are the same where their parts
# are, and only these tell: the labels of two parts of the data may read alike. Where there is
# nothing to go by, all rows are of one.
unite_labels <- function(x, y, x_parts, y_parts) {
  if (length(x) == 0) return(list(labels = x, parts = NULL, of_x = 1L, of_y = 1L))
  escaped <- function(parts) {
    do.call(paste, c(lapply(unname(parts), gsub, pattern = "([\\\\:])", replacement = "\\\\\\1"),
                     sep = ":"))
  }
  keys <- if (is.null(x_parts)) list(x, y) else list(escaped(x_parts), escaped(y_parts))
  all <- unique(unlist(keys))
  of <- lapply(keys, match, all)
  first <- match(seq_along(all), unlist(of))
  parts <- if (!is.null(x_parts)) Map(function(a, b) c(a, b)[first], x_parts, y_parts)
  list(labels = if (is.null(parts)) all else join_labels(parts), parts = parts,
       of_x = of[[1]], of_y = of[[2]])
}

# Levels of both in one order: sorted where both are (numbers as numbers), else those of x
# first.
unite_order <- function(x, y) {
  both <- union(x, y)
  numbers <- suppressWarnings(as.numeric(both))
  if (!anyNA(numbers) && !is.unsorted(as.numeric(x)) && !is.unsorted(as.numeric(y))) {
    return(both[order(numbers)])
  }
  if (!is.unsorted(x) && !is.unsorted(y)) sort(both) else both
}

absorb_factors <- function(sum, part, cell_of_part, level_of) {
  if (!is.null(sum$cell_rest)) absorb_rest(sum, part, cell_of_part)
  cell <- match(level_of, sum$cell_level)
  absorb(sum, factor_rows(sum, part, part$level_factor),
         c(rep(cell_of_part, each = n_random(sum)), rep(cell, each = length(sum$fixed) + 1)),
         shift = numeric(length(sum$shift)))
}

# A cell's rows are those of its factor and of its rest. The cells' factors are absorbed
# with them, in a copy.
absorb_rest <- function(sum, part, cell_of_part) {
  by_cell <- list(shift = sum$shift, cell_factor = sum$cell_factor + 0,
                  level_factor = sum$cell_rest, cell_level = seq_along(sum$cell_level))
  absorb(by_cell, factor_rows(sum, part, part$cell_rest),
         c(rep(cell_of_part, each = n_random(sum)),
           rep(cell_of_part, each = length(sum$fixed) + 1)), shift = numeric(length(sum$shift)))
}

# The rows of the cells' factors and of those of what they leave, with the shift of `sum`.
factor_rows <- function(sum, part, rest) {
  q <- n_random(sum)
  p <- length(sum$fixed)
  rows <- matrix(aperm(part$cell_factor, c(1, 3, 2)), ncol = q + p + 1)
  rest <- matrix(aperm(rest, c(1, 3, 2)), ncol = p + 1)
  rows <- rbind(rows, cbind(matrix(0, nrow(rest), q), rest))
  rows <- shift_columns(rows, part$shift - sum$shift, sum$intercepts, q)
  list(Z = rows[, seq_len(q), drop = FALSE], X = rows[, q + seq_len(p), drop = FALSE],
       y = rows[, q + p + 1])
}

# Gives back a shift: each column gets that many of its intercept column.
shift_columns <- function(rows, shift, intercepts, q) {
  Z <- seq_len(q)
  X <- seq_along(shift)[-Z]
  if (q == 0) X <- seq_along(shift)
  shifted <- rows
  if (intercepts[["Z"]] > 0) {
    shifted[, Z] <- rows[, Z] + outer(rows[, intercepts[["Z"]]], shift[Z])
  }
  if (intercepts[["X"]] > 0) {
    shifted[, X] <- rows[, X] + outer(rows[, q + 1], shift[X])
  }
  shifted
}

#' @export
print.relm_crossprods <- function(x, ...) {
  cat("Cross-products of ", deparse1(x$formula), "\n", sep = "")
  cat("rows: ", x$n_rows, if (x$weighted) " (weighted)", "\n", sep = "")
  cat("fixed columns: ", paste(x$fixed, collapse = ", "), "\n", sep = "")
  for (grouping in groupings_of(x)) {
    cat("random columns: ", paste(grouping$random$column, collapse = ", "), " in ",
        length(grouping$groups), " levels of ", grouping$name, "\n", sep = "")
  }
  if (!is.null(x$sigma_by)) {
    cat("residual variances: ", length(x$levels), " levels of ", x$sigma_by, "\n", sep = "")
  }
  cat("size: ", format(utils::object.size(x), units = "auto"), "\n", sep = "")
  invisible(x)
}

# Sums of log weights over the rows of each cell.
cell_log_weights <- function(frame, cells) {
  weights <- stats::model.weights(frame)
  if (is.null(weights)) return(numeric(length(cells$cell_level)))
  as.numeric(rowsum(log(as.numeric(weights)), cells$cell))
}

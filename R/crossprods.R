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
#' groups. The parts must give the same columns. Factors need the same levels in each part, and
#' terms that depend on the data, such as `poly()`, need the same basis.
#'
#' @section Data in chunks:
#' Data that are too large for memory come in chunks: `data` is then a source of data frames. The
#' result is that of all rows in one data frame, as `rbind()` makes it of the chunks. Memory is for
#' one chunk and for the result, and the time of a chunk does not depend on the number of groups.
#'
#' * A function without arguments gives the next data frame each time it is called, and `NULL` after
#'   the last. If it has an argument `reset`, it starts over when that is `TRUE`.
#' * Names of files are read in blocks of `chunk_rows` rows, as `read.csv()` reads them, compressed
#'   or not, or with the package arrow or nanoparquet where they end in `.parquet`. nanoparquet
#'   reads a file at once. Several files are one table.
#' * A connection with comma-separated values is read in blocks too. If it is open, it is read from
#'   where it is, once, and stays open. If not, it is opened, as often as is needed, and closed.
#'
#' Levels of factors and bases of terms such as `poly()` are those of all rows. Where the model has
#' factors, text or such terms among its columns, the source must be able to start over; what can
#' be read once needs `levels` or `like`. Grouping factors, and `sigma`, need neither.
#'
#' * Where levels are all that is asked for, those of the first chunk are taken. If no other chunk
#'   has more, the rows are read once. If one has, the chunks after it are surveyed for levels, and
#'   all are read anew: as in data that are sorted by a factor, for which `levels` spare that.
#' * Where there are terms of which all rows are needed, or the files are read by several processes,
#'   a first pass surveys all chunks. It keeps in full the columns of which `poly()`, `scale()`,
#'   `ns()`, `bs()` and functions that relm does not know are made: 8 bytes a row and column.
#'
#' Types of a file's columns are those of its first block, and whole numbers are numbers. A column
#' of numbers that has text further on is text where levels or bases are to be found in the rows,
#' and is refused elsewhere.
#'
#' Chunks must have the same columns, of the same types. What differs is refused by the number of
#' the chunk and the name of the column, and no partial result is given. A column whose values
#' depend on all rows together, such as `x - mean(x)`, is refused; compute it before.
#'
#' A fit of chunks has no rows. It predicts new ones: give `newdata`.
#'
#' @param x A formula, with further arguments as for [relm_design()], or a design.
#' @param data A data frame; or a source of data frames, see *Data in chunks*; or a table in a
#'   database, see [sql-sources].
#' @param ... Arguments of [relm_design()].
#' @param drop.unused.levels As in [relm_design()].
#' @param by_group Keep the factor of \eqn{[X\; y]} that each cell leaves, (p + 1)^2 numbers per
#'   cell? Only the likelihood of a whole group needs it, as in `loo(fit, by = "group")` for a fit
#'   of cross-products. `NULL` keeps it if it takes less than 50 MB.
#' @param levels With data in chunks, levels of factors that are columns of the model: a list of
#'   text vectors, named by the factors as the formula has them. Those of others are found in the
#'   rows.
#' @param like With data in chunks, a design of the same model, made by [relm_design()], or
#'   cross-products of other chunks. Levels and bases are those of the design, and rows are read
#'   once.
#' @param chunk_rows How many rows of a file or connection are read at a time. Of anything else it
#'   is refused: a function gives chunks of its own size, and other data do not come in chunks.
#' @param cores With names of several files, the number of processes that read them at the same time;
#'   or `"future"`, for processes that [future::plan()] gives: on the machines of a cluster, which
#'   must see the files by the same names. Each file gives cross-products, which are united in the
#'   order of the files, as [sum_crossprods()] does. The result is the same whatever the number of
#'   processes and the plan, but its factors differ in the last digits, and its groups may in their
#'   order, from those of files that are read one after another.
#' @param progress With data in chunks, show how many rows have been read, and how fast? Nothing is
#'   shown of a data frame, which is read at once, and of a table, whose database does not tell.
#' @return An object of class `relm_crossprods`, a list. The parts of general use:
#'   \describe{
#'   \item{`n_rows`}{number of rows}
#'   \item{`fixed`}{names of the p columns of X}
#'   \item{`groupings`}{a list with one element for each grouping: its `name`; `groups`, the labels
#'     of its groups in the order in which they appear; and `random`, a data frame of the q columns
#'     of Z (`column`, `block`, and `paired`, the column of X that equals it)}
#'   \item{`strata`}{what the residual variances go by: `name`; `labels`, in the order in which they
#'     appear; `rows`, the number of each; and `factor`, (p + 1) x (p + 1) x strata, upper
#'     triangular}
#'   \item{`cells`}{a cell is the rows of one group in one stratum: `group`, `stratum` and `rows` of
#'     each; `factor`, q x (q + p + 1) x cells; and `rest`, (p + 1) x (p + 1) x cells, what is left
#'     of each cell beside its factor, or `NULL` if it is not kept}
#'   \item{`responses`}{with another family than the Gaussian one, where y is 0 in the factors: the
#'     rows that differ in more than their response, sorted by group, with the sums of their
#'     responses `y` and `trials` (of counts, how many rows each is), `X`, `Z`, `offset` and
#'     `group`; `values` and `times`, the counts that occur and how often (negative binomial); and
#'     `log_constant`}
#'   \item{`schema`}{of data in chunks, what they were read through, which new rows are read through
#'   too} }
#' @examples
#' whole <- crossprods(log(mercury) ~ log(length) + (1 | station), data = bass)
#' whole
#' parts <- crossprods(log(mercury) ~ log(length) + (1 | station), data = bass[1:80, ]) +
#'   crossprods(log(mercury) ~ log(length) + (1 | station), data = bass[81:171, ])
#' relm(parts, chains = 1, draws = 100, seed = 1)
#'
#' # The same from a function that gives 50 rows at a time.
#' next_row <- 1
#' chunks <- function(reset = FALSE) {
#'   if (reset) next_row <<- 1
#'   if (reset || next_row > nrow(bass)) return(NULL)
#'   rows <- next_row:min(next_row + 49, nrow(bass))
#'   next_row <<- next_row + 50
#'   bass[rows, ]
#' }
#' crossprods(log(mercury) ~ log(length) + (1 | station), chunks)
#' @export
crossprods <- function(x, ...) UseMethod("crossprods")

#' @rdname crossprods
#' @export
crossprods.formula <- function(x, data, ..., drop.unused.levels = FALSE, by_group = NULL,
                               levels = NULL, like = NULL, chunk_rows = 100000, cores = 1,
                               progress = interactive()) {
  if (!missing(chunk_rows)) check_in_blocks(if (!missing(data)) data)
  reading <- list(levels = levels, like = like, chunk_rows = check_count(chunk_rows, "chunk_rows"),
                  cores = check_cores(cores), progress = check_flag(progress, "progress"))
  if (!missing(data) && is_source(data)) {
    return(crossprods_of_source(data, x, ..., drop.unused.levels = drop.unused.levels,
                                by_group = by_group, reading = reading))
  }
  refuse_of_sources(levels = levels, like = like)
  if (!reads_in_order(reading)) refuse_cores("A data frame is read at once.")
  design <- relm_design(x, data, ..., drop.unused.levels = drop.unused.levels)
  crossprods(design, by_group = by_group)
}

# Arguments for what comes in chunks.
refuse_of_sources <- function(...) {
  given <- names(Filter(Negate(is.null), list(...)))
  if (length(given) == 0) return(invisible())
  abort("{.arg {given}} {?is/are} for {.arg data} in chunks, and a data frame has all its levels and
         bases itself.", i = "Leave {cli::qty(given)}{?it/them} out.")
}

#' @export
crossprods.character <- function(x, ...) {
  if (missing(x)) return(crossprods.default())
  x <- formula_of_text(x, parent.frame())
  if (is.character(x)) return(crossprods.default(x))
  crossprods.formula(x, ...)
}

#' @export
crossprods.default <- function(x, ...) {
  abort("{.arg x} must be a formula or a design.",
        x = "It is {if (missing(x)) 'missing' else describe(x)}.")
}

# Rows whose design matrices are made at once: few enough that they never weigh
# beside the model frame.
chunk_rows <- 20000L

#' @rdname crossprods
#' @export
crossprods.relm_design <- function(x, ..., by_group = NULL) {
  refuse_dots(list(...), "crossprods")
  if (!is.null(by_group)) check_flag(by_group, "by_group")
  n_rows <- nrow(x$frame)
  found <- find_cells(x)
  starts <- seq(1L, n_rows, by = chunk_rows)
  family <- family_of(x)
  collection <- if (collects_rows(family)) new_collection()
  accumulation <- NULL
  largest <- 0
  for (start in starts) {
    end <- min(start + chunk_rows - 1L, n_rows)
    rows <- if (length(starts) > 1) start:end
    chunk <- design_rows(x, rows)
    check_columns(chunk)
    cell <- if (is.null(rows)) found$cell else found$cell[rows]
    if (!is.null(collection)) {
      collection <- collect_rows(collection, chunk, number_groups(found, x, rows),
                                 found$cells$stratum[cell], family)
    }
    chunk <- if (is_linear(x)) less_offset(chunk) else without_response(chunk)
    if (is.null(accumulation)) {
      accumulation <- new_crossprods(x, chunk, found)
      by_cell <- if (keeps_rest(by_group, accumulation)) new_cell_factors(accumulation)
    }
    # A random column is the group version of a fixed one when both are the same.
    if (has_groups(accumulation)) accumulation <- keep_paired(accumulation, chunk)
    largest <- max(largest, abs(range(chunk$y) - y_shift(accumulation)))
    absorb(accumulation, chunk, cell)
    if (!is.null(by_cell)) absorb(by_cell, chunk, cell)
  }
  accumulation$cells$rest <- by_cell$strata$factor
  if (!is.null(collection)) accumulation$responses <- collected_responses(collection)
  check_no_underflow(largest)
  check_in_range(accumulation)
}

# Numbers of the groups, rows x groupings.
number_groups <- function(found, design, rows) {
  numbers <- lapply(found$groups[seq_along(design$group)], function(group) {
    if (is.null(rows)) group$index else group$index[rows]
  })
  n_rows <- if (is.null(rows)) length(found$cell) else length(rows)
  matrix(as.integer(unlist(numbers)), n_rows)
}

# Rows of which cross-products of [Z X] alone are wanted.
without_response <- function(rows) {
  rows$y <- numeric(length(rows$y))
  rows$offset <- NULL
  rows
}

keep_paired <- function(crossprods, chunk) {
  for (g in seq_along(crossprods$groupings)) {
    random <- crossprods$groupings[[g]]$random
    crossprods$groupings[[g]]$random$paired <- still_paired(random, chunk)
  }
  crossprods
}

still_paired <- function(random, chunk) {
  Z <- if (is.null(random$place)) chunk$Z else chunk$Z[, random$place, drop = FALSE]
  .Call(ffi_still_paired, Z, chunk$X, random$paired)
}

# Bytes up to which the cells' own factors of [X y] are kept unasked.
rest_bytes <- 50e6

keeps_rest <- function(by_group, crossprods) {
  if (!has_groups(crossprods)) return(FALSE)
  if (!is.null(by_group)) return(by_group)
  rest_fits(n_cells(crossprods), length(crossprods$fixed))
}

rest_fits <- function(n_cells, p) 8 * n_cells * (p + 1)^2 <= rest_bytes

# Factors in which each cell is a stratum of its own.
new_cell_factors <- function(crossprods, n = n_cells(crossprods)) {
  p <- length(crossprods$fixed)
  q <- n_cell_columns(crossprods)
  list(shift = crossprods$shift,
       cells = list(factor = array(0, c(q, q + p + 1, n)), stratum = seq_len(n)),
       strata = list(factor = array(0, c(p + 1, p + 1, n))))
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

new_crossprods <- function(design, chunk, found) {
  p <- ncol(chunk$X)
  q <- ncol(chunk$Z)
  crossprods <- describe_crossprods(design, chunk, found, as.numeric(nrow(design$frame)))
  crossprods$strata$factor <- array(0, c(p + 1, p + 1, max(found$cells$stratum)))
  crossprods$cells["log_weights"] <- list(if (!is.null(chunk$weights)) {
    cell_log_weights(design$frame, found)
  })
  crossprods$cells$factor <- array(0, c(q, q + p + 1, n_cells(crossprods)))
  crossprods$shift <- pilot_shift(crossprods, chunk)
  structure(crossprods, class = "relm_crossprods")
}

# All of cross-products but the factors, and what these are shifted by.
describe_crossprods <- function(design, chunk, found, n_rows) {
  c(list(
    response = as_text(design$formula[[2]]), formula = design$formula, family = design$family,
    link = design$link, n_rows = n_rows, fixed = colnames(chunk$X),
    groupings = lapply(seq_along(design$group), function(g) {
      group <- found$groups[[g]]
      new_grouping(design$group[g], group$labels, group$display, group$all, group$parts,
                   columns_of_grouping(design, chunk, g))
    }),
    strata = list(name = design$sigma_by, labels = found$stratum$labels,
                  display = found$stratum$display, order = found$stratum$all,
                  parts = found$stratum$parts, rows = rows_of_strata(found$cells)),
    intercepts = c(X = attr(design$terms, "intercept"), Z = z_intercept(chunk$Z)),
    weighted = !is.null(chunk$weights), cells = found$cells
  ), if (is_known_sigma(design$sigma)) list(sigma_known = TRUE))
}

# A data frame; data.frame() would take longer than the cross-products of a few rows. With several
# groupings it has the places of the columns among those of all.
columns_of_grouping <- function(design, chunk, g) {
  own <- which(chunk$random$grouping == g)
  names <- chunk$random$column[own]
  if (anyDuplicated(names)) {
    repeated <- unique(names[duplicated(names)])
    abort("The random column {.code {repeated}} stands in two terms of
           {.code {design$group[g]}}.", i = "Write it once.")
  }
  columns <- list(column = names, block = match(chunk$random$block[own],
                                                unique(chunk$random$block[own])),
                  paired = match(names, colnames(chunk$X)))
  if (length(design$group) > 1) columns$place <- chunk$random$place[own]
  columns$structure <- chunk$random$structure[own]
  columns$term <- chunk$random$term[own]
  structure(columns, row.names = .set_row_names(length(own)), class = "data.frame")
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
  .Call(ffi_absorb_rows, rows_to_absorb(chunk, cell, shift), crossprods$cells$factor,
        crossprods$strata$factor, crossprods$cells$stratum - 1L)
}

rows_to_absorb <- function(chunk, cell, shift) {
  list(y = chunk$y, X = chunk$X, Z = chunk$Z, weights = as_numeric_or_null(chunk$weights),
       shift = shift, cell = cell - 1L)
}

# Sums of squares of numbers up to this are numbers.
largest_squared <- 1e150

# A cell of one row has no squares in it, but sums over cells do.
check_in_range <- function(crossprods) {
  factors <- list(crossprods$cells$factor, crossprods$strata$factor)
  largest <- vapply(factors, function(x) if (length(x)) max(abs(range(x))) else 0, 0)
  if (!all(is.finite(largest)) || max(largest) > largest_squared) {
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
print.relm_crossprods <- function(x, ...) {
  cat("Cross-products of ", deparse1(x$formula), "\n", sep = "")
  cat("rows: ", x$n_rows, if (isTRUE(x$sigma_known)) " (known standard errors)"
      else if (x$weighted) " (weighted)", "\n", sep = "")
  cat("fixed columns: ", paste(x$fixed, collapse = ", "), "\n", sep = "")
  for (grouping in groupings_of(x)) {
    cat("random columns: ", paste(grouping$random$column, collapse = ", "), " in ",
        length(grouping$groups), " levels of ", grouping$name, "\n", sep = "")
  }
  if (!is.null(x$strata$name)) {
    cat("residual variances: ", length(x$strata$labels), " levels of ", x$strata$name, "\n",
        sep = "")
  }
  for (line in response_lines(x)) cat(line, "\n", sep = "")
  cat("size: ", format(utils::object.size(x), units = "auto"), "\n", sep = "")
  invisible(x)
}

# Cross-products that grow while rows come in chunks: of any number of them, in place, so that a
# chunk costs the same however many groups there are.
#
# An accumulation is an environment:
#   schema            what the rows were read through
#   labels            by part (`group`, `group2`, ..., `sigma`), see R/keys.R
#   cell_keys         a table of the groups and stratum of each cell; `cell_codes`, these by cell
#   factor, rest      of the cells, as cross-products have them, with room for `room` of them
#   cell_stratum      from 0; cell_rows, log_weights: sums
#   stratum_factor    with room too
#   waiting           rows that have come since the last were absorbed
# Rows are absorbed as many at a time as those of a data frame are, whatever the chunks. So a model
# of one grouping without strata has the factors of the data frame bit for bit; with several, whose
# cells the data frame numbers by their groups and an accumulation as they come, to rounding.

new_accumulation <- function(schema, by_group = NULL, drop.unused.levels = FALSE) {
  parts <- names(schema$by)[lengths(schema$by) > 0]
  accumulation <- new.env(parent = emptyenv())
  accumulation$schema <- schema
  accumulation$family <- family_of(schema)
  accumulation$by_group <- by_group
  accumulation$drop.unused.levels <- drop.unused.levels
  accumulation$labels <- sapply(parts, function(part) {
    new_labels(!grouping_parts(schema$by[[part]]) %in% schema$row_variables)
  }, simplify = FALSE)
  accumulation$n_rows <- 0
  accumulation$largest <- 0
  accumulation$range <- c(Inf, -Inf)
  accumulation$waiting <- list()
  accumulation$n_waiting <- 0
  accumulation
}

# Parts that wait are joined when there are so many.
most_parts <- 256L

# rows: as schema_rows() has them, at most rows_wanted(). keys: by part the columns that they are
# grouped by.
accumulate <- function(accumulation, rows, keys) {
  n <- length(rows$y)
  if (n == 0) return(invisible(accumulation))
  check_columns(rows)
  check_same_weights(accumulation, rows)
  codes <- sapply(names(accumulation$labels), function(part) {
    number_by_label(accumulation$labels[[part]], keys[[part]])
  }, simplify = FALSE)
  note_range(accumulation, rows$y)
  accumulation$n_rows <- accumulation$n_rows + n
  accumulation$waiting <- c(accumulation$waiting, list(list(rows = rows, codes = codes)))
  accumulation$n_waiting <- accumulation$n_waiting + n
  if (accumulation$n_waiting >= chunk_rows) take_waiting(accumulation)
  else if (length(accumulation$waiting) >= most_parts) {
    accumulation$waiting <- list(join_waiting(accumulation))
  }
  invisible(accumulation)
}

# How many rows are absorbed next.
rows_wanted <- function(accumulation) chunk_rows - accumulation$n_waiting

note_range <- function(accumulation, y) {
  accumulation$range <- c(min(accumulation$range[1], y), max(accumulation$range[2], y))
}

take_waiting <- function(accumulation) {
  if (accumulation$n_waiting == 0) return(invisible())
  joined <- join_waiting(accumulation)
  accumulation$waiting <- list()
  accumulation$n_waiting <- 0
  if (is.null(accumulation$shift)) start_accumulation(accumulation, joined$rows)
  take_rows(accumulation, joined$rows, joined$codes)
}

join_waiting <- function(accumulation) {
  codes <- lapply(accumulation$waiting, `[[`, "codes")
  list(rows = join_rows(lapply(accumulation$waiting, `[[`, "rows")),
       codes = if (length(codes) == 1) codes[[1]] else do.call(Map, c(list(c), codes)))
}

join_rows <- function(parts) {
  if (length(parts) == 1) return(parts[[1]])
  rows <- parts[[1]]
  for (name in c("X", "Z")) rows[[name]] <- do.call(rbind, lapply(parts, `[[`, name))
  for (name in c("y", "offset", "weights", "trials", "times")) {
    rows[[name]] <- unlist(lapply(parts, `[[`, name))
  }
  rows
}

start_accumulation <- function(accumulation, rows) {
  p <- ncol(rows$X)
  q <- ncol(rows$Z)
  design <- accumulation$schema
  accumulation$described <- list(X = rows$X[0, , drop = FALSE], Z = rows$Z[0, , drop = FALSE],
                                 random = rows$random, weights = rows$weights[0])
  accumulation$intercepts <- c(X = attr(design$terms, "intercept"), Z = z_intercept(rows$Z))
  pilot <- if (is_additive(accumulation)) less_offset(rows) else without_response(rows)
  accumulation$shift <- pilot_shift(list(intercepts = accumulation$intercepts), pilot)
  accumulation$paired <- lapply(seq_along(design$group), function(g) {
    columns_of_grouping(design, rows, g)
  })
  accumulation$cell_keys <- if (has_cell_keys(accumulation)) {
    .Call(ffi_new_keys, length(accumulation$labels))
  }
  accumulation$cell_codes <- list()
  accumulation$n_cells <- 0L
  accumulation$room <- 0L
  accumulation$factor <- array(0, c(q, q + p + 1, 0))
  accumulation$stratum_factor <- array(0, c(p + 1, p + 1, 0))
  accumulation$cell_stratum <- integer()
  accumulation$cell_rows <- accumulation$log_weights <- numeric()
  if (keeps_rest_yet(accumulation)) {
    accumulation$rest <- array(0, c(p + 1, p + 1, 0))
    accumulation$rest_factor <- accumulation$factor
  }
  if (collects_rows(accumulation$family)) accumulation$collection <- new_collection()
}

# Have cross-products the response?
is_additive <- function(accumulation) accumulation$family$weights == "precision"

# One grouping without strata has a cell for each group, with its number.
has_cell_keys <- function(accumulation) {
  !identical(names(accumulation$labels), "group") && length(accumulation$labels) > 0
}

keeps_rest_yet <- function(accumulation) {
  if (length(accumulation$schema$group) == 0) return(FALSE)
  if (!is.null(accumulation$by_group)) return(accumulation$by_group)
  rest_fits(accumulation$n_cells, ncol(accumulation$described$X))
}

# codes: by part the number of each row's label.
take_rows <- function(accumulation, rows, codes) {
  if (collects_rows(accumulation$family)) collect_codes(accumulation, rows, codes)
  rows <- if (is_additive(accumulation)) less_offset(rows) else without_response(rows)
  cell <- number_cells(accumulation, codes, length(rows$y))
  count_rows(accumulation, rows, cell)
  # A random column is the group version of a fixed one when both are the same.
  accumulation$paired <- Map(function(random) {
    random$paired <- still_paired(random, rows)
    random
  }, accumulation$paired)
  y_shift <- accumulation$shift[length(accumulation$shift)]
  ends <- c(min(rows$y), max(rows$y))
  accumulation$largest <- max(accumulation$largest, abs(ends - y_shift))
  absorb_in_place(accumulation, rows, cell)
  invisible(accumulation)
}

collect_codes <- function(accumulation, rows, codes) {
  n <- length(rows$y)
  group <- matrix(as.integer(unlist(codes[grouping_parts_of(accumulation$schema$by)])), n)
  stratum <- if (is.null(codes$sigma)) rep(1L, n) else codes$sigma
  accumulation$collection <- collect_rows(accumulation$collection, rows, group, stratum,
                                          accumulation$family)
}

check_same_weights <- function(accumulation, rows) {
  weighted <- !is.null(rows$weights)
  if (is.null(accumulation$weighted)) accumulation$weighted <- weighted
  if (weighted != accumulation$weighted) abort("Some chunks have weights, and others have none.")
}

# The cell of each row, with room for new ones.
number_cells <- function(accumulation, codes, n) {
  n_strata <- max(1L, accumulation$labels$sigma$n)
  if (length(codes) == 0) {
    cell <- rep(1L, n)
    grow_cells(accumulation, 1L, 0L)
  } else if (is.null(accumulation$cell_keys)) {
    cell <- codes[[1]]
    n_new <- accumulation$labels[[1]]$n - accumulation$n_cells
    grow_cells(accumulation, accumulation$labels[[1]]$n, integer(n_new))
  } else {
    numbered <- .Call(ffi_number_keys, accumulation$cell_keys, unname(codes))
    new <- lapply(unname(codes), `[`, numbered$new_rows)
    cell <- numbered$number
    n_new <- length(numbered$new_rows)
    if (n_new) accumulation$cell_codes <- c(accumulation$cell_codes, list(new))
    stratum <- if (is.null(codes$sigma)) integer(n_new) else codes$sigma[numbered$new_rows] - 1L
    grow_cells(accumulation, accumulation$n_cells + n_new, stratum)
  }
  grow_strata(accumulation, n_strata)
  cell
}

# Room for n cells, at least twice what there was where there is more to be: each cell is moved a
# few times at most, however many come. stratum: of the new ones.
grow_cells <- function(accumulation, n, stratum) {
  new <- seq_len(n - accumulation$n_cells) + accumulation$n_cells
  if (length(new) == 0) return(invisible())
  accumulation$n_cells <- n
  if (!is.null(accumulation$rest) && !keeps_rest_yet(accumulation)) {
    accumulation$rest <- accumulation$rest_factor <- NULL
  }
  if (n > accumulation$room) {
    room <- max(n, 2 * accumulation$room, 16)
    for (name in c("factor", "rest", "rest_factor")) {
      if (!is.null(accumulation[[name]])) {
        accumulation[[name]] <- with_last(accumulation[[name]], room)
      }
    }
    more <- room - accumulation$room
    accumulation$cell_stratum <- c(accumulation$cell_stratum, integer(more))
    accumulation$cell_rows <- c(accumulation$cell_rows, numeric(more))
    accumulation$log_weights <- c(accumulation$log_weights, numeric(more))
    accumulation$room <- room
  }
  if (any(stratum != 0L)) accumulation$cell_stratum[new] <- stratum
}

grow_strata <- function(accumulation, n) {
  has_room <- dim(accumulation$stratum_factor)[3] >= n
  if (!has_room) {
    accumulation$stratum_factor <- with_last(accumulation$stratum_factor, 2 * n)
  }
}

# An array with room for n in its last dimension, or as many of what it has; what is new is 0.
with_last <- function(array, n) {
  dims <- c(dim(array)[-length(dim(array))], n)
  size <- prod(dims)
  values <- if (size < length(array)) array[seq_len(size)]
    else c(array, numeric(size - length(array)))
  dim(values) <- dims
  values
}

count_rows <- function(accumulation, rows, cell) {
  .Call(ffi_add_at, accumulation$cell_rows, cell, 1)
  if (is.null(rows$weights)) return(invisible())
  .Call(ffi_add_at, accumulation$log_weights, cell, log(as.numeric(rows$weights)))
}

# The arrays belong to the accumulation alone, and change in place.
absorb_in_place <- function(accumulation, rows, cell) {
  rows <- rows_to_absorb(rows, cell, accumulation$shift)
  .Call(ffi_absorb_rows, rows, accumulation$factor, accumulation$stratum_factor,
        accumulation$cell_stratum)
  if (is.null(accumulation$rest)) return(invisible())
  .Call(ffi_absorb_rows, rows, accumulation$rest_factor, accumulation$rest,
        seq_len(accumulation$room) - 1L)
}

# The cross-products of all rows that came.
finish_accumulation <- function(accumulation) {
  if (accumulation$n_rows == 0) refuse_no_rows()
  take_waiting(accumulation)
  refuse_constant(accumulation)
  found <- found_cells(accumulation)
  crossprods <- describe_crossprods(accumulation$schema, accumulation$described, found,
                                    accumulation$n_rows)
  for (g in seq_along(crossprods$groupings)) {
    crossprods$groupings[[g]]$random <- accumulation$paired[[g]]
  }
  crossprods$strata$factor <- with_last(accumulation$stratum_factor, max(found$cells$stratum))
  crossprods$cells["log_weights"] <- list(if (crossprods$weighted) {
    accumulation$log_weights[found$order]
  })
  crossprods$cells$factor <- in_order(accumulation$factor, found$order)
  crossprods$shift <- accumulation$shift
  crossprods$cells$rest <- if (!is.null(accumulation$rest)) {
    in_order(accumulation$rest, found$order)
  }
  if (collects_rows(accumulation$family)) {
    crossprods$responses <- collected_responses(accumulation$collection)
  }
  crossprods$schema <- with_known(accumulation$schema, found$values, found$labels)
  check_no_underflow(accumulation$largest)
  check_in_range(structure(crossprods, class = "relm_crossprods"))
}

refuse_no_rows <- function() {
  abort("No rows are left to fit.", i = "Look at {.arg subset} and at missing values.")
}

refuse_constant <- function(accumulation) {
  ends <- accumulation$range
  # A few rows that are added to others may have the same response.
  if (isTRUE(accumulation$is_part) || !is_additive(accumulation) || accumulation$n_rows < 2 ||
        ends[1] < ends[2]) {
    return(invisible())
  }
  refuse_constant_response(names(accumulation$schema$columns)[1], accumulation$n_rows, ends[1])
}

# Cells in the order of their groups and strata.
in_order <- function(array, order) {
  n <- length(order)
  if (identical(order, seq_len(n))) with_last(array, n) else array[, , order, drop = FALSE]
}

# As find_cells() has them; with them the order of the cells, and by part the values that groups are
# told by (code_values() of each column) and their labels.
found_cells <- function(accumulation) {
  schema <- accumulation$schema
  values <- lapply(accumulation$labels, function(labels) {
    lapply(label_columns(labels, accumulation$drop.unused.levels), code_values)
  })
  labels <- lapply(values, function(parts) group_levels(group_by_values(parts)))
  parts <- grouping_parts_of(schema$by)
  n_cells <- accumulation$n_cells
  codes <- cell_codes(accumulation)
  order <- do.call(order, c(unname(codes), list(method = "radix")))
  codes <- lapply(codes, function(code) as.integer(code[order]))
  group <- unname(codes[parts])
  one <- list(labels = character(), display = integer(), all = character())
  list(
    groups = if (length(parts)) unname(labels[parts]) else list(one),
    stratum = if (is.null(labels$sigma)) one else labels$sigma,
    cells = list(
      group = if (length(group) > 1) matrix(unlist(group), ncol = length(group))
        else if (length(group)) group[[1]] else rep(1L, n_cells),
      stratum = if (is.null(codes$sigma)) rep(1L, n_cells) else codes$sigma,
      rows = accumulation$cell_rows[order]
    ),
    order = order, values = values, labels = lapply(labels, `[[`, "labels")
  )
}

# Numbers of the labels that each cell is of, by part.
cell_codes <- function(accumulation) {
  if (is.null(accumulation$cell_keys)) {
    codes <- rep(list(seq_len(accumulation$n_cells)), max(1L, length(accumulation$labels)))
    return(stats::setNames(codes, if (length(accumulation$labels)) names(accumulation$labels)
                                  else "none"))
  }
  stats::setNames(do.call(Map, c(list(c), accumulation$cell_codes)), names(accumulation$labels))
}

# A schema that knows these groups.
with_known <- function(schema, values, labels) {
  schema$known <- Map(function(parts, labels) list(labels = labels, parts = unname(parts)), values,
                      labels)
  schema
}

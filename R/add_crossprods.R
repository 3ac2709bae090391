# Cross-products of two parts of the data as those of both.

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
  absorb_factors(union$sum, y, union$cell_of_y, union$stratum_of_y)
  check_in_range(union$sum)
}

check_same_columns <- function(x, y) {
  said <- function(crossprods) {
    list(family = family_text(crossprods), response = crossprods$response,
         fixed = crossprods$fixed, group = vapply(crossprods$groupings, `[[`, "", "name"),
         sigma = crossprods$strata$name)
  }
  of_x <- said(x)
  of_y <- said(y)
  for (part in c("family", "response", "fixed", "group", "sigma")) {
    if (!identical(of_x[[part]], of_y[[part]])) {
      abort("The two cross-products differ in their {part}.",
            x = "The first has {.val {or_none(of_x[[part]])}}.",
            x = "The second has {.val {or_none(of_y[[part]])}}.")
    }
  }
  random <- lapply(list(x, y), function(crossprods) {
    lapply(crossprods$groupings, function(grouping) {
      grouping$random[names(grouping$random) != "paired"]
    })
  })
  if (!identical(random[[1]], random[[2]])) {
    columns <- lapply(random, function(groupings) unlist(lapply(groupings, `[[`, "column")))
    abort("The two cross-products differ in their random columns.",
          x = "{.val {columns[[1]]}} and {.val {columns[[2]]}}.")
  }
}

or_none <- function(names) if (length(names)) names else "none"

# The sum with room for the cells of both and the factors of x in place, and
# where each cell of y went.
unite_cells <- function(x, y) {
  groups <- Map(function(own, theirs) {
    unite_labels(own$groups, theirs$groups, own$parts, theirs$parts)
  }, x$groupings, y$groupings)
  strata <- unite_labels(x$strata$labels, y$strata$labels, x$strata$parts, y$strata$parts)
  united <- unite_codes(x$cells, y$cells, groups, strata)
  places <- united$places
  sum <- unclass(x)
  sum$n_rows <- x$n_rows + y$n_rows
  sum$weighted <- x$weighted || y$weighted
  sum$groupings <- Map(unite_grouping, x$groupings, y$groupings, groups)
  sum$cells <- c(united$codes, unite_sums(x$cells, y$cells, length(united$codes$stratum), places))
  sum$strata <- unite_strata(x$strata, y$strata, strata)
  sum$strata$rows <- rows_of_strata(sum$cells)
  sum$responses <- add_responses(x$responses, y$responses, groups)
  list(sum = structure(sum, class = "relm_crossprods"), cell_of_y = places$y,
       stratum_of_y = strata$of_y)
}

# Groups and strata of the cells of both, in their order, and where the cells of x and of y are.
unite_codes <- function(x, y, groups, strata) {
  n <- length(groups)
  of_groups <- function(cells, g) if (n > 1) cells$group[, g] else cells$group
  codes <- lapply(seq_len(n), function(g) {
    c(groups[[g]]$of_x[of_groups(x, g)], groups[[g]]$of_y[of_groups(y, g)])
  })
  codes <- c(codes, list(c(strata$of_x[x$stratum], strata$of_y[y$stratum])))
  crossed <- cross_codes(codes, vapply(codes, max, 1L))
  of_x <- seq_along(x$stratum)
  group <- lapply(crossed$places[seq_len(n)], as.integer)
  stratum <- as.integer(crossed$places[[n + 1L]])
  list(codes = list(group = if (n > 1) matrix(unlist(group), ncol = n)
                      else if (n == 1) group[[1]] else rep(1L, length(stratum)),
                    stratum = stratum),
       places = list(x = crossed$code[of_x], y = crossed$code[-of_x]))
}

# The cells of both: numbers that add up, and the factors of x.
unite_sums <- function(x, y, n, places) {
  total <- function(of_x, of_y) {
    sum <- numeric(n)
    if (!is.null(of_x)) sum[places$x] <- of_x
    if (!is.null(of_y)) sum[places$y] <- sum[places$y] + of_y
    sum
  }
  list(
    rows = total(x$rows, y$rows),
    log_weights = if (!is.null(x$log_weights) || !is.null(y$log_weights)) {
      total(x$log_weights, y$log_weights)
    },
    factor = with_room(x$factor, places$x, n),
    rest = if (!is.null(x$rest) && !is.null(y$rest)) with_room(x$rest, places$x, n)
  )
}

unite_strata <- function(x, y, united) {
  x[c("labels", "parts")] <- united[c("labels", "parts")]
  x$order <- unite_order(x$order, y$order)
  x$display <- order(match(x$labels, x$order))
  x$factor <- with_room(x$factor, seq_len(dim(x$factor)[3]), max(1L, length(x$labels)))
  x
}

# Factors at `places` among n, the others of which are 0.
with_room <- function(factors, places, n) {
  room <- array(0, c(dim(factors)[1:2], n))
  room[, , places] <- factors
  room
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

absorb_factors <- function(sum, part, cell_of_part, stratum_of) {
  if (!is.null(sum$cells$rest)) absorb_rest(sum, part, cell_of_part)
  cell <- match(stratum_of, sum$cells$stratum)
  absorb(sum, factor_rows(sum, part, part$strata$factor),
         c(rep(cell_of_part, each = n_cell_columns(sum)), rep(cell, each = length(sum$fixed) + 1)),
         shift = numeric(length(sum$shift)))
}

# A cell's rows are those of its factor and of its rest. The cells' factors are absorbed
# with them, in a copy.
absorb_rest <- function(sum, part, cell_of_part) {
  by_cell <- list(
    shift = sum$shift,
    cells = list(factor = sum$cells$factor + 0, stratum = seq_along(sum$cells$stratum)),
    strata = list(factor = sum$cells$rest)
  )
  absorb(by_cell, factor_rows(sum, part, part$cells$rest),
         c(rep(cell_of_part, each = n_cell_columns(sum)),
           rep(cell_of_part, each = length(sum$fixed) + 1)), shift = numeric(length(sum$shift)))
}

# The rows of the cells' factors and of those of what they leave, with the shift of `sum`.
factor_rows <- function(sum, part, rest) {
  q <- n_cell_columns(sum)
  p <- length(sum$fixed)
  rows <- matrix(aperm(part$cells$factor, c(1, 3, 2)), ncol = q + p + 1)
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

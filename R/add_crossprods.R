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
  unite_crossprods(list(e1, e2))
}

#' Sum of many cross-products
#'
#' Unites cross-products of parts of the data, as `+` does, at once. `+` takes the time of the whole
#' sum for each part, and this for all parts together.
#'
#' @param parts A list of cross-products, made by [crossprods()], which must have the same columns.
#' @return Cross-products of all rows. Groups are in the order of the parts. New rows can be
#'   predicted from a fit of them where each part was read in chunks.
#' @section Errors:
#' Parts that differ in their model are refused, and so is what is no list of cross-products.
#' @examples
#' parts <- lapply(split(bass, bass$station), function(rows) {
#'   crossprods(log(mercury) ~ log(length) + (1 | station), rows)
#' })
#' sum_crossprods(parts)
#' @export
sum_crossprods <- function(parts) {
  if (missing(parts) || !is.list(parts) || length(parts) == 0 ||
        !all(vapply(parts, inherits, NA, "relm_crossprods"))) {
    abort("{.arg parts} must be a list of cross-products.",
          x = "It is {if (missing(parts)) 'missing' else describe(parts)}.",
          i = "Make each with {.fn crossprods}.")
  }
  unite_crossprods(unname(parts))
}

# The factors of all but the first become rows, absorbed into those of the first: that is exact, and
# no other code is needed.
unite_crossprods <- function(parts) {
  parts <- lapply(parts, check_intact)
  for (part in parts[-1]) check_same_columns(parts[[1]], part)
  united <- unite_cells(parts)
  sum <- united$sum
  # The cells' factors are absorbed with their rests, in a copy.
  by_cell <- if (!is.null(sum$cells$rest)) list(
    cells = list(factor = sum$cells$factor + 0, stratum = seq_along(sum$cells$stratum)),
    strata = list(factor = sum$cells$rest)
  )
  for (k in seq_along(parts)[-1]) {
    absorb_factors(sum, parts[[k]], united$cells[[k]], united$first_cell[united$strata[[k]]])
    if (!is.null(by_cell)) absorb_rest(sum, by_cell, parts[[k]], united$cells[[k]])
  }
  check_in_range(sum)
}

check_same_columns <- function(x, y) {
  said <- function(crossprods) {
    list(family = family_text(crossprods), response = crossprods$response,
         fixed = crossprods$fixed, group = vapply(crossprods$groupings, `[[`, "", "name"),
         sigma = if (isTRUE(crossprods$sigma_known)) "known" else crossprods$strata$name)
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

# The sum with room for the cells of all and the factors of the first in place, and where the cells
# and strata of each part went; first_cell: a cell of each stratum.
unite_cells <- function(parts) {
  first <- parts[[1]]
  of_all <- function(of) lapply(parts, of)
  groups <- lapply(seq_along(first$groupings), function(g) {
    unite_labels(of_all(function(part) part$groupings[[g]]$groups),
                 of_all(function(part) part$groupings[[g]]$parts))
  })
  strata <- unite_labels(of_all(function(part) part$strata$labels),
                         of_all(function(part) part$strata$parts))
  united <- unite_codes(parts, groups, strata)
  sum <- unclass(first)
  sum$n_rows <- sum(vapply(parts, `[[`, 0, "n_rows"))
  sum$weighted <- any(vapply(parts, `[[`, NA, "weighted"))
  sum$groupings <- lapply(seq_along(groups), function(g) {
    unite_grouping(of_all(function(part) part$groupings[[g]]), groups[[g]])
  })
  n <- length(united$codes$stratum)
  sum$cells <- c(united$codes, unite_sums(of_all(cells_of), n, united$places))
  sum$strata <- unite_strata(of_all(strata_of), strata)
  sum$strata$rows <- rows_of_strata(sum$cells)
  sum$responses <- unite_responses(parts, groups, strata)
  sum$schema <- unite_schemas(of_all(function(part) part$schema), sum)
  list(sum = structure(sum, class = "relm_crossprods"), cells = united$places, strata = strata$of,
       first_cell = match(seq_len(n_strata(sum)), sum$cells$stratum))
}

# Groups and strata of the cells of all, in their order, and where the cells of each part are.
unite_codes <- function(parts, groups, strata) {
  n <- length(groups)
  codes_of <- function(united, codes) unlist(Map(`[`, united$of, lapply(parts, codes)))
  codes <- lapply(seq_len(n), function(g) {
    codes_of(groups[[g]], function(part) {
      if (n > 1) part$cells$group[, g] else part$cells$group
    })
  })
  codes <- c(codes, list(codes_of(strata, function(part) part$cells$stratum)))
  crossed <- cross_codes(codes, vapply(codes, max, 1L))
  group <- lapply(crossed$places[seq_len(n)], as.integer)
  stratum <- as.integer(crossed$places[[n + 1L]])
  part <- rep(seq_along(parts), vapply(parts, n_cells, 0L))
  list(codes = list(group = if (n > 1) matrix(unlist(group), ncol = n)
                      else if (n == 1) group[[1]] else rep(1L, length(stratum)),
                    stratum = stratum),
       places = unname(split(crossed$code, part)))
}

# The n cells of all: numbers that add up, and the factors of the first.
unite_sums <- function(cells, n, places) {
  total <- function(name) {
    sum <- numeric(n)
    for (k in seq_along(cells)) {
      if (is.null(cells[[k]][[name]])) next
      sum[places[[k]]] <- sum[places[[k]]] + cells[[k]][[name]]
    }
    sum
  }
  has <- function(name) vapply(cells, function(part) !is.null(part[[name]]), NA)
  list(
    rows = total("rows"),
    log_weights = if (any(has("log_weights"))) total("log_weights"),
    factor = with_room(cells[[1]]$factor, places[[1]], n),
    rest = if (all(has("rest"))) with_room(cells[[1]]$rest, places[[1]], n)
  )
}

unite_strata <- function(strata, united) {
  x <- strata[[1]]
  x[c("labels", "parts")] <- united[c("labels", "parts")]
  x$order <- unite_order(lapply(strata, `[[`, "order"))
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

unite_grouping <- function(groupings, united) {
  x <- groupings[[1]]
  x[c("groups", "parts")] <- united[c("labels", "parts")]
  x$order <- unite_order(lapply(groupings, `[[`, "order"))
  x$display <- order(match(x$groups, x$order))
  for (other in groupings[-1]) x$random$paired[is.na(other$random$paired)] <- NA
  x
}

# The labels of all, those of the first part first, and where those of each part went (`of`). Pairs
# are the same where their parts are, and only these tell: the labels of two parts of the data may
# read alike. Where there is nothing to go by, all rows are of one.
unite_labels <- function(labels, label_parts) {
  if (length(labels[[1]]) == 0) {
    return(list(labels = labels[[1]], parts = NULL, of = rep(list(1L), length(labels))))
  }
  escaped <- function(parts) {
    do.call(paste, c(lapply(unname(parts), gsub, pattern = "([\\\\:])", replacement = "\\\\\\1"),
                     sep = ":"))
  }
  are_pairs <- !is.null(label_parts[[1]])
  keys <- if (are_pairs) lapply(label_parts, escaped) else labels
  all <- unique(unlist(keys))
  first <- match(all, unlist(keys))
  parts <- if (are_pairs) do.call(Map, c(list(function(...) c(...)[first]), label_parts))
  list(labels = if (is.null(parts)) all else join_labels(parts), parts = parts,
       of = lapply(keys, match, all))
}

# Levels of all in one order: sorted where each is (numbers as numbers), else as they come.
unite_order <- function(orders) {
  all <- unique(unlist(orders))
  if (length(all) == 0) return(orders[[1]])
  numbers <- suppressWarnings(as.numeric(all))
  rises <- function(as) !any(vapply(orders, function(order) is.unsorted(as(order)), NA))
  if (!anyNA(numbers) && rises(as.numeric)) return(all[order(numbers)])
  if (rises(identity)) sort(all) else all
}

# Those of the sum of cross-products; groups: for each grouping unite_labels(), and strata.
unite_responses <- function(parts, groups, strata) {
  if (is.null(parts[[1]]$responses)) return(NULL)
  merge_responses(lapply(seq_along(parts), function(k) {
    responses <- parts[[k]]$responses
    for (g in seq_along(groups)) {
      responses$group[, g] <- groups[[g]]$of[[k]][responses$group[, g]]
    }
    if (!is.null(responses$stratum)) responses$stratum <- strata$of[[k]][responses$stratum]
    responses
  }))
}

# That of the first part, with the groups of the sum, where all have one.
unite_schemas <- function(schemas, sum) {
  if (any(vapply(schemas, is.null, NA))) return(NULL)
  schema <- schemas[[1]]
  labels <- labels_of_parts(sum)
  schema$known <- sapply(names(schema$known), function(part) {
    known <- lapply(schemas, function(other) other$known[[part]])
    unite_known(known, labels[[part]])
  }, simplify = FALSE)
  schema
}

# What is known of groups (known_levels()), in the order in which they first come.
unite_known <- function(known, labels) {
  columns <- lapply(seq_along(known[[1]]$parts), function(k) {
    parts <- lapply(known, function(one) one$parts[[k]])
    values <- unlist(lapply(parts, function(part) part$values[part$code]))
    spelled <- unlist(lapply(parts, function(part) part$labels[part$code]))
    list(values = values, labels = spelled, kind = parts[[1]]$kind)
  })
  keys <- lapply(columns, function(column) match(column$values, unique(column$values)))
  codes <- cross_codes(keys, vapply(keys, max, 1L))$code
  first <- which(!duplicated(codes))
  list(labels = labels, parts = lapply(columns, function(column) {
    seen <- !duplicated(column$values)
    values <- column$values[seen]
    list(code = match(column$values[first], values), values = values,
         labels = make.unique(column$labels[seen]), kind = column$kind)
  }))
}

# cells, first_cells: where the cells of the part went, and a cell of each of its strata.
absorb_factors <- function(sum, part, cells, first_cells) {
  absorb(sum, factor_rows(sum, part, part$strata$factor),
         c(rep(cells, each = n_cell_columns(sum)), rep(first_cells, each = length(sum$fixed) + 1)),
         shift = numeric(length(sum$shift)))
}

# A cell's rows are those of its factor and of its rest.
absorb_rest <- function(sum, by_cell, part, cells) {
  absorb(by_cell, factor_rows(sum, part, part$cells$rest),
         c(rep(cells, each = n_cell_columns(sum)), rep(cells, each = length(sum$fixed) + 1)),
         shift = numeric(length(sum$shift)))
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

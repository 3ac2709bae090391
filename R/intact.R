# Objects that a user holds may have been edited. What C reads is checked there, so that nothing is
# read that is not; here the parts of cross-products that C reads are checked with their names,
# before anything is made of them.

# Refuses cross-products, or a posterior, whose parts do not fit together; those of version 0.1.0
# become those of this one.
check_intact <- function(x, what = "cross-products") {
  x <- in_this_form(x)
  for (part in c("groupings", "cells", "strata")) {
    if (!is.list(x[[part]])) refuse_edited(part, what, "is no list")
  }
  check_groupings(x$groupings, what)
  q <- n_cell_columns(x)
  p <- length(x$fixed)
  check_part(x$shift, "shift", what, q + p + 1)
  check_strata(x$strata, p, what)
  check_cells(x$cells, p, q, n_strata(x), what)
  check_cell_groups(x, what)
  check_intercepts(x, what)
  if (collects_rows(family_of(x))) check_responses(x, p, q, what)
  invisible(x)
}

check_strata <- function(strata, p, what) {
  if (!is.character(strata$labels)) refuse_edited("strata$labels", what, "is no text")
  n_strata <- max(1L, length(strata$labels))
  check_part(strata$rows, "strata$rows", what, n_strata)
  check_part(strata$factor, "strata$factor", what, c(p + 1, p + 1, n_strata))
}

check_cells <- function(cells, p, q, n_strata, what) {
  n <- length(cells$stratum)
  check_part(cells$factor, "cells$factor", what, c(q, q + p + 1, n))
  check_part(cells$rows, "cells$rows", what, n)
  if (!is.null(cells$rest)) check_part(cells$rest, "cells$rest", what, c(p + 1, p + 1, n))
  if (!is.null(cells$log_weights)) check_part(cells$log_weights, "cells$log_weights", what, n)
  check_codes(cells$stratum, "cells$stratum", what, n, n_strata)
}

# Cells are in the order of the groups of the first grouping.
check_cell_groups <- function(x, what) {
  n <- length(x$cells$stratum)
  groups <- x$cells$group
  several <- length(x$groupings) > 1
  if (several && (!is.matrix(groups) || ncol(groups) != length(x$groupings))) {
    refuse_edited("cells$group", what, "has no column for each grouping")
  }
  for (g in seq_len(max(1L, length(x$groupings)))) {
    codes <- if (several) groups[, g] else groups
    n_groups <- if (length(x$groupings)) length(x$groupings[[g]]$groups) else 1L
    check_codes(codes, "cells$group", what, n, n_groups)
    if (g == 1 && is.unsorted(codes)) refuse_edited("cells$group", what, "does not rise")
  }
}

check_groupings <- function(groupings, what) {
  if (!is.list(groupings)) refuse_edited("groupings", what, "is no list")
  for (grouping in groupings) {
    named <- is.list(grouping) && is.character(grouping$name) && is.character(grouping$groups)
    if (!named) refuse_edited("groupings", what, "has no names of groups")
    check_random(grouping$random, length(groupings) > 1, what)
  }
}

check_random <- function(random, several, what) {
  whole <- is.data.frame(random) && is.character(random$column) &&
    is.numeric(random$block) && is.integer(random$paired) &&
    (!several || is.integer(random$place) && all(random$place >= 1L))
  if (!whole) refuse_edited("random", what, "is no data frame of columns")
}

# Finite numbers of this shape.
check_part <- function(part, name, what, shape) {
  given <- if (length(shape) == 1) length(part) else dim(part)
  if (!is.double(part) || !identical(as.numeric(given), as.numeric(shape))) {
    refuse_edited(name, what, paste("is", describe(part), "and must be doubles of size",
                                    paste(shape, collapse = " x ")))
  }
  if (!all_finite(part)) refuse_edited(name, what, "has values that are not finite")
}

# `length` whole numbers from 1 to n, each of which occurs.
check_codes <- function(codes, name, what, length, n) {
  fits <- is.integer(codes) && length(codes) == length && !anyNA(codes) &&
    all(codes >= 1L & codes <= n) && all(tabulate(codes, n) > 0)
  if (!fits) refuse_edited(name, what, paste("must have each number from 1 to", n))
}

check_responses <- function(x, p, q, what) {
  responses <- x$responses
  if (!is.list(responses)) refuse_edited("responses", what, "is no list")
  n <- length(responses$y)
  name <- function(part) paste0("responses$", part)
  check_part(responses$X, name("X"), what, c(n, p))
  check_part(responses$Z, name("Z"), what, c(n, q))
  for (part in c("y", "trials", "offset")) check_part(responses[[part]], name(part), what, n)
  for (part in c("values", "times")) {
    check_part(responses[[part]], name(part), what, length(responses$values))
  }
  check_part(responses$log_constant, name("log_constant"), what, 1)
  if (family_of(x)$rows == "each") check_each_row(responses, n, n_strata(x), what)
  else check_sums(responses, family_of(x), what)
  group <- responses$group
  if (!is.matrix(group) || !identical(dim(group), c(n, length(x$groupings)))) {
    refuse_edited(name("group"), what, "has no column for each grouping")
  }
  for (g in seq_along(x$groupings)) {
    check_codes(group[, g], name("group"), what, n, length(x$groupings[[g]]$groups))
  }
  if (length(x$groupings) && is.unsorted(group[, 1])) {
    refuse_edited(name("group"), what, "does not rise")
  }
}

check_each_row <- function(responses, n, n_strata, what) {
  if (!all(responses$trials > 0)) refuse_edited("responses$trials", what, "must be positive")
  check_codes(responses$stratum, "responses$stratum", what, n, n_strata)
}

# Of the responses of merged rows.
check_sums <- function(responses, family, what) {
  whole <- function(x, least) all(x >= least & x == round(x))
  if (!whole(responses$trials, 1)) {
    refuse_edited("responses$trials", what, "must be whole numbers, none below 1")
  }
  y <- responses$y
  counted <- whole(y, 0) && (family$weights == "times" || all(y <= responses$trials))
  if (!counted) refuse_edited("responses$y", what, "are not what can be counted")
  if (!whole(responses$values, 0) || !whole(responses$times, 1)) {
    refuse_edited("responses$values", what, "must be counts, and how often each occurs")
  }
}

check_intercepts <- function(x, what) {
  places <- x$intercepts[c("X", "Z")]
  fits <- is.numeric(places) && !anyNA(places) && places[["X"]] %in% 0:1 &&
    places[["Z"]] %in% 0:n_cell_columns(x) && places[["X"]] <= length(x$fixed)
  if (!fits) refuse_edited("intercepts", what, "names columns that are not there")
}

refuse_edited <- function(name, what, why) {
  abort("The {what} have been changed since they were made: {.code {name}} {why}.",
        i = "Make them anew with {.fn crossprods}.")
}

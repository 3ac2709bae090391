# Objects that a user holds may have been edited. What C reads is checked there, so that nothing is
# read that is not; here the parts of cross-products that C reads are checked with their names,
# before anything is made of them.

# Refuses cross-products, or a posterior, whose parts do not fit together; those of version 0.1.0
# become those of this one.
check_intact <- function(x, what = "cross-products") {
  x <- with_groupings(x)
  check_groupings(x$groupings, what)
  q <- n_random(x)
  p <- length(x$fixed)
  n_cells <- length(x$cell_level)
  n_levels <- max(1L, length(x$levels))
  check_part(x, "shift", what, q + p + 1)
  check_part(x, "cell_factor", what, c(q, q + p + 1, n_cells))
  check_part(x, "cell_rows", what, n_cells)
  check_part(x, "level_factor", what, c(p + 1, p + 1, n_levels))
  if (!is.null(x$cell_rest)) check_part(x, "cell_rest", what, c(p + 1, p + 1, n_cells))
  if (!is.null(x$cell_log_weights)) check_part(x, "cell_log_weights", what, n_cells)
  check_codes(x, "cell_level", what, n_levels)
  check_codes(x, "cell_group", what, max(1L, n_groups(x)))
  if (is.unsorted(x$cell_group)) refuse_edited("cell_group", what, "does not rise")
  check_intercepts(x, what)
  invisible(x)
}

check_groupings <- function(groupings, what) {
  if (!is.list(groupings) || length(groupings) > 1) {
    refuse_edited("groupings", what, "is no list of one grouping")
  }
  for (grouping in groupings) {
    named <- is.list(grouping) && is.character(grouping$name) && is.character(grouping$groups)
    if (!named) refuse_edited("groupings", what, "has no names of groups")
    check_random(grouping$random, what)
  }
}

check_random <- function(random, what) {
  whole <- is.data.frame(random) && is.character(random$column) &&
    is.numeric(random$block) && is.integer(random$paired)
  if (!whole) refuse_edited("random", what, "is no data frame of columns")
}

# Finite numbers of this shape.
check_part <- function(x, name, what, shape) {
  part <- x[[name]]
  given <- if (length(shape) == 1) length(part) else dim(part)
  if (!is.double(part) || !identical(as.numeric(given), as.numeric(shape))) {
    refuse_edited(name, what, paste("is", describe(part), "and must be doubles of size",
                                    paste(shape, collapse = " x ")))
  }
  if (!all_finite(part)) refuse_edited(name, what, "has values that are not finite")
}

# Whole numbers from 1 to n, each of which occurs.
check_codes <- function(x, name, what, n) {
  codes <- x[[name]]
  fits <- is.integer(codes) && length(codes) == length(x$cell_rows) && !anyNA(codes) &&
    all(codes >= 1L & codes <= n) && all(tabulate(codes, n) > 0)
  if (!fits) refuse_edited(name, what, paste("must have each number from 1 to", n))
}

check_intercepts <- function(x, what) {
  places <- x$intercepts[c("X", "Z")]
  fits <- is.numeric(places) && !anyNA(places) && places[["X"]] %in% 0:1 &&
    places[["Z"]] %in% 0:n_random(x) && places[["X"]] <= length(x$fixed)
  if (!fits) refuse_edited("intercepts", what, "names columns that are not there")
}

refuse_edited <- function(name, what, why) {
  abort("The {what} have been changed since they were made: {.code {name}} {why}.",
        i = "Make them anew with {.fn crossprods}.")
}

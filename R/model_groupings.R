# The groupings of a model: a list, also where there is one.
#
#   name     the grouping expression as it is written
#   groups   labels, in the order in which they appear in the rows
#   display  the order in which they are shown
#   order    labels of all levels of the factor, in their order
#   parts    of an interaction: labels of its parts, for each group
#   random   a data frame of its random columns: `column`, `block`, and `paired`, the column of X
#            that is the same; and where there are several groupings `place`, among the columns of
#            all, of which those that have the same values are one
#   blocks   blocks of the covariance matrix of its effects, with their priors
#   parent   the number of the grouping that it is nested in, or NULL

new_grouping <- function(name, groups, display, order, parts, random, blocks = list(),
                         parent = NULL) {
  list(name = name, groups = groups, display = display, order = order, parts = parts,
       random = random, blocks = blocks, parent = parent)
}

# What stands for a grouping where a model has none.
no_grouping <- new_grouping(
  NULL, character(), integer(), character(), NULL,
  data.frame(column = character(), block = integer(), paired = integer())
)

# x: cross-products or a posterior; those of version 0.1.0 have the parts of one grouping as theirs.
groupings_of <- function(x) {
  if (!is.null(x$groupings) || is.null(x$group)) return(x$groupings)
  list(new_grouping(x$group, x$groups, x$group_display, x$group_order, x$group_parts, x$random,
                    as.list(x$blocks)))
}

has_groups <- function(x) length(groupings_of(x)) > 0

has_several <- function(x) length(groupings_of(x)) > 1

names_of_groupings <- function(x) vapply(groupings_of(x), `[[`, "", "name")

# The numbers of the groupings that are named, rising, all where `given` is NULL; the parts of an
# interaction may be named in any order.
chosen_groupings <- function(x, given, argument) {
  names <- names_of_groupings(x)
  if (is.null(given)) return(seq_along(names))
  if (is.character(given) && length(given)) {
    number <- match(given, names)
    other <- is.na(number)
    number[other] <- match(parts_in_order(given[other]), parts_in_order(names))
    if (!anyNA(number)) return(sort(unique(number)))
  }
  abort(if (length(names) == 1) "{.arg {argument}} must be {.val {names}}."
        else "{.arg {argument}} must name some of the groupings {.val {names}}.",
        x = "It is {describe(given)}.")
}

parts_in_order <- function(names) {
  vapply(strsplit(as.character(names), ":", fixed = TRUE), function(parts) {
    paste(sort(parts), collapse = ":")
  }, "")
}

# The number of the one that is named, or of the only one.
chosen_grouping <- function(x, given, argument, what) {
  names <- names_of_groupings(x)
  if (is.null(given) && length(names) > 1) {
    abort("{.fn {what}} is of one grouping, and the model has {.val {names}}.",
          i = "Say which by {.arg {argument}}.")
  }
  chosen <- chosen_groupings(x, given, argument)
  if (length(chosen) == 1) return(chosen)
  abort("{.arg {argument}} must be one of {.or {.val {names}}}.", x = "It is {describe(given)}.")
}

# The one of a model with one.
grouping_of <- function(x) {
  groupings <- groupings_of(x)
  if (length(groupings)) groupings[[1]] else no_grouping
}

# Columns of Z in a cell's factor: those of all groupings, each once.
n_cell_columns <- function(x) {
  groupings <- groupings_of(x)
  if (length(groupings) > 1) max(0L, unlist(lapply(groupings, function(g) g$random$place)))
  else n_random(x)
}

# The places of a grouping's columns among those.
places_in_cells <- function(x, g) {
  random <- groupings_of(x)[[g]]$random
  if (is.null(random$place)) seq_len(nrow(random)) else random$place
}

n_groups <- function(x) length(grouping_of(x)$groups)

# Of the grouping with the most.
max_groups <- function(x) {
  max(0L, vapply(groupings_of(x), function(grouping) length(grouping$groups), 0L))
}

# In the order of their levels.
groups_in_order <- function(grouping) grouping$groups[grouping$display]

n_random <- function(x) nrow(grouping_of(x)$random)

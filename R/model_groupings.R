# The groupings of a model: a list, also where there is one.
#
#   name     the grouping expression as it is written
#   groups   labels, in the order in which they appear in the rows
#   display  the order in which they are shown
#   order    labels of all levels of the factor, in their order
#   parts    of an interaction: labels of its parts, for each group
#   random   a data frame of its random columns: `column`, `block`, and `paired`, the column of X
#            that is the same
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

# The one of a model with one.
grouping_of <- function(x) {
  groupings <- groupings_of(x)
  if (length(groupings)) groupings[[1]] else no_grouping
}

n_groups <- function(x) length(grouping_of(x)$groups)

# In the order of their levels.
groups_in_order <- function(grouping) grouping$groups[grouping$display]

n_random <- function(x) nrow(grouping_of(x)$random)

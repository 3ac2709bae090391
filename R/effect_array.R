# Draws of the group effects of one chain, as an array: random columns x groups x draws.

# Version 0.1.0 kept a matrix with a column a draw, as C gives it, in which the columns of a group
# stand together: the same numbers in the same order.
as_effects <- function(drawn, n_columns, n_groups) {
  if (length(dim(drawn)) == 2) dim(drawn) <- c(n_columns, n_groups, ncol(drawn))
  drawn
}

# What is of one grouping itself, and of several a list by grouping.
by_grouping <- function(x) if (is.list(x)) x else list(x)

# f over what is so, in the same form.
map_groupings <- function(f, x, ...) if (is.list(x)) Map(f, x, ...) else f(x, ...)

# Of some groups and columns, by their places. All of them are not copied.
part_of_effects <- function(effects, groups, columns = seq_len(nrow(effects))) {
  all <- identical(groups, seq_len(ncol(effects))) && identical(columns, seq_len(nrow(effects)))
  if (all) effects else effects[columns, groups, , drop = FALSE]
}

# Of single effects, each of a column in a group: draws x effects.
single_effects <- function(effects, columns, groups) {
  places <- array(seq_len(prod(dim(effects)[1:2])), dim(effects)[1:2])
  drawn <- draws_first(effects)
  dim(drawn) <- c(nrow(drawn), length(places))
  drawn[, places[cbind(columns, groups)], drop = FALSE]
}

# draws x columns x groups
draws_first <- function(effects) aperm(effects, c(3, 1, 2))

# Arrays that differ in the last of their dimensions alone, one after the other along it.
bind_last <- function(parts) {
  sizes <- vapply(parts, dim, dim(parts[[1]]))
  bound <- unlist(parts, use.names = FALSE)
  dim(bound) <- c(sizes[-nrow(sizes), 1], sum(sizes[nrow(sizes), ]))
  bound
}

# Steps: what is drawn jointly. A step is a nested chain of groupings, from the leaf, whose groups
# lie in those of the next, to the root; one grouping that lies in none, and in which none lies, is
# a chain of length one.

# Numbers of groupings, leaf to root, of each step. Every grouping is in one: where several lie in
# the same, the chain of the first goes on with it, and the others end before it.
find_steps <- function(groupings) {
  parents <- vapply(groupings, function(grouping) {
    if (is.null(grouping$parent)) NA_integer_ else grouping$parent
  }, 0L)
  leaves <- setdiff(seq_along(groupings), parents)
  taken <- integer()
  lapply(leaves, function(leaf) {
    chain <- chain_from(leaf, parents, taken)
    taken <<- c(taken, chain)
    chain
  })
}

# Of several steps the leaves, no two of which lie in each other.
names_of_leaves <- function(posterior) {
  leaves <- vapply(find_steps(groupings_of(posterior)), `[`, 0L, 1L)
  names_of_groupings(posterior)[leaves]
}

# The steps of a posterior's scan: of another family than the Gaussian one, whose effects are
# integrated out by groups, each grouping is one.
steps_of <- function(posterior) {
  groupings <- groupings_of(posterior)
  if (is_linear(posterior)) find_steps(groupings) else as.list(seq_along(groupings))
}

# Are they drawn in turn, each given the effects of the others? merged: are crossed groupings one
# step?
is_scanned <- function(posterior, merged = FALSE) !merged && length(steps_of(posterior)) > 1

encode_steps <- function(posterior, steps = steps_of(posterior)) {
  # Without groups another family's step has its coefficients alone.
  if (!length(steps) && !is_linear(posterior)) return(list(list(groupings = integer())))
  lapply(steps, encode_step, posterior, length(steps))
}

# A step as C has it (step_t in src/step.h): the numbers of its groupings, and of a longer chain, or
# one of several, the groups of each, the children of a group beside each other.
encode_step <- function(step, posterior, n_steps = 1L) {
  if (length(step) == 1 && n_steps == 1) return(list(groupings = step - 1L))
  list(groupings = step - 1L, levels = arrange_chain(step, posterior))
}

arrange_chain <- function(step, posterior) {
  n <- length(step)
  sizes <- vapply(posterior$groupings[step], function(grouping) length(grouping$groups), 0L)
  levels <- vector("list", n)
  levels[[n]] <- list(number = seq_len(sizes[n]) - 1L, parent = integer(sizes[n]))
  for (l in rev(seq_len(n - 1))) {
    place <- order(levels[[l + 1]]$number)
    parent <- place[group_parents(posterior$cells, step[l], step[l + 1])]
    number <- order(parent)
    levels[[l]] <- list(number = number - 1L, parent = parent[number] - 1L)
    levels[[l + 1]]$child_start <- c(0L, cumsum(tabulate(parent, sizes[l + 1])))
  }
  levels
}

chain_from <- function(leaf, parents, taken) {
  chain <- leaf
  repeat {
    following <- parents[chain[length(chain)]]
    if (is.na(following) || following %in% taken) return(chain)
    chain <- c(chain, following)
  }
}

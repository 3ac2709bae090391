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

chain_from <- function(leaf, parents, taken) {
  chain <- leaf
  repeat {
    following <- parents[chain[length(chain)]]
    if (is.na(following) || following %in% taken) return(chain)
    chain <- c(chain, following)
  }
}

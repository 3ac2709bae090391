# Nested chains of another family than the Gaussian one as C has them (totals_t in src/totals.h):
# the totals of a leaf's effects, its ancestors' and those of the coefficients whose columns are,
# within each leaf, linear combinations of the leaf's.

# All chains from a leaf to its root; NULL of Gaussian responses.
encode_chains <- function(posterior) {
  if (is_linear(posterior)) return(NULL)
  groupings <- groupings_of(posterior)
  parents <- vapply(groupings, function(grouping) {
    if (is.null(grouping$parent)) NA_integer_ else grouping$parent
  }, 0L)
  chains <- lapply(setdiff(seq_along(groupings), parents), chain_from, parents, integer())
  lapply(Filter(function(chain) length(chain) > 1, chains), encode_chain, posterior)
}

encode_chain <- function(chain, posterior) {
  places <- lapply(posterior$groupings[chain], function(grouping) grouping$random$place)
  levels <- lapply(seq_along(chain), function(l) {
    above <- chain[-1][l]
    list(grouping = chain[l] - 1L,
         parent = if (!is.na(above)) group_parents(posterior$cells, chain[l], above) - 1L,
         leaf = match(places[[l]], places[[1]], nomatch = 0L) - 1L)
  })
  c(list(levels = levels), leaf_versions(posterior, chain[1], places[[1]]))
}

# fixed: the columns of X, from 0, that within each group are linear combinations of those of Z;
# version: these, columns of Z x columns of X x groups.
leaf_versions <- function(posterior, leaf, place) {
  responses <- posterior$responses
  group <- responses$group[, leaf]
  Z <- responses$Z[, place, drop = FALSE]
  X <- responses$X
  version <- solve_by_group(Z, X, group)
  apart <- X
  for (k in seq_len(ncol(Z))) {
    apart <- apart - Z[, k] * matrix(version[group, k, ], nrow(X))
  }
  fixed <- which(apply(abs(apart), 2, max) <= 1e-9 * apply(abs(X), 2, max))
  version <- aperm(version[, , fixed, drop = FALSE], c(2, 3, 1))
  list(fixed = fixed - 1L, version = as.numeric(version))
}

# Least squares of the columns of X on those of Z within each group, one of many where there are
# many: groups x columns of Z x columns of X. By Gram-Schmidt in each group, all groups at once.
solve_by_group <- function(Z, X, group) {
  q <- ncol(Z)
  sums <- function(x) rowsum(x, group, reorder = TRUE)
  basis <- Z
  triangle <- array(0, c(max(group), q, q))
  along <- array(0, c(max(group), q, ncol(X)))
  for (k in seq_len(q)) {
    before <- drop(sums(Z[, k]^2))
    for (l in seq_len(k - 1)) {
      triangle[, l, k] <- sums(basis[, l] * basis[, k])
      basis[, k] <- basis[, k] - basis[, l] * triangle[group, l, k]
    }
    length <- sqrt(drop(sums(basis[, k]^2)))
    none <- length <= 1e-7 * sqrt(before)
    triangle[, k, k] <- ifelse(none, 0, length)
    basis[, k] <- basis[, k] * ifelse(none, 0, 1 / length)[group]
    along[, k, ] <- sums(basis[, k] * X)
  }
  solution <- along
  for (k in rev(seq_len(q))) {
    left <- along[, k, ]
    for (l in seq_len(q)[-seq_len(k)]) left <- left - triangle[, k, l] * solution[, l, ]
    diagonal <- triangle[, k, k]
    solution[, k, ] <- left * ifelse(diagonal > 0, 1 / diagonal, 0)
  }
  solution
}

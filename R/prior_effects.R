# Group effects given hyperparameters, and nothing else: in draws of the prior.

# Effects of groups (from 0, of several groupings a list) in draws of the prior, for each chain, in
# the form in which they are kept. Each group has random numbers of its own, so that its effects do
# not depend on which others are wanted, nor on when.
prior_effects <- function(posterior, sampling, groups) {
  groupings <- groupings_of(posterior)
  groups <- by_grouping(groups)
  sizes <- vapply(groupings, function(grouping) length(grouping$groups), 0L)
  lapply(seq_len(sampling$chains), function(chain) {
    if (length(groupings) == 0) return(array(0, c(0, 0, sampling$draws)))
    hyper <- t(drawn_hyper(sampling, posterior, chain))
    of_groups <- chain_seeds(sampling$seeds[chain], 2)[2]
    seeds <- split(chain_seeds(of_groups, sum(sizes)), rep(seq_along(sizes), sizes))
    effects <- lapply(seq_along(groupings), function(g) {
      effects_of_roots(roots_of_draws(hyper, posterior, g), seeds[[g]][groups[[g]] + 1L])
    })
    if (length(effects) > 1) effects else effects[[1]]
  })
}

# L z with a z for each seed: columns x groups x draws. roots: draws x columns x columns.
effects_of_roots <- function(roots, seeds) {
  n <- dim(roots)[1]
  q <- dim(roots)[2]
  effects <- array(0, c(q, length(seeds), n))
  for (j in seq_along(seeds)) {
    z <- with_stream(seeds[j], matrix(stats::rnorm(n * q), n))
    for (k in seq_len(q)) effects[k, j, ] <- rowSums(matrix(roots[, k, ], n) * z)
  }
  effects
}

# Cholesky roots L of Sigma = L L' of grouping g, from standard deviations and correlations. hyper:
# draws x hyperparameters, in the order of drawing.
roots_of_draws <- function(hyper, posterior, g) {
  grouping <- groupings_of(posterior)[[g]]
  n <- nrow(hyper)
  q <- nrow(grouping$random)
  C <- array(rep(diag(q), each = n), c(n, q, q))
  pairs <- correlated_columns(grouping$random$block)
  places <- places_of(posterior, "cor", grouping$name)
  for (m in seq_along(places)) C[, pairs$second[m], pairs$first[m]] <- hyper[, places[m]]
  L <- array(0, c(n, q, q))
  before <- function(k, l) matrix(L[, k, seq_len(l - 1)], n)
  for (l in seq_len(q)) {
    L[, l, l] <- sqrt(pmax(1 - rowSums(before(l, l)^2), 0))
    for (k in seq_len(q)[-seq_len(l)]) {
      rest <- C[, k, l] - rowSums(before(k, l) * before(l, l))
      L[, k, l] <- ifelse(L[, l, l] > 0, rest / L[, l, l], 0)
    }
  }
  L * as.numeric(hyper[, places_of(posterior, "sd", grouping$name)])
}

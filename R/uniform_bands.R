# Are ranks uniform? Exact simultaneous bands of their distribution function.
#
# Of n ranks that are uniform on 0, ..., L, the number C_k below k is binomial with probability
# z_k = k / (L + 1), and C_k' - C_k given C_k with n - C_k trials and probability
# (z_k' - z_k) / (1 - z_k): a Markov chain. The statistic of ranks is the least two-sided tail
# probability, 2 min(P(C <= c), P(C >= c)), over some k; that it stays above gamma is that the chain
# stays within the bands of gamma.

# Values of k, at most so many, spread evenly.
most_band_points <- 50L

band_points <- function(draws) {
  unique(round(seq(1, draws, length.out = min(draws, most_band_points))))
}

# Counts below each k.
counts_below <- function(ranks, points) vapply(points, function(k) sum(ranks < k), 0L)

tail_of_counts <- function(counts, n, points, draws) {
  z <- points / (draws + 1)
  below <- stats::pbinom(counts, n, z)
  above <- stats::pbinom(counts - 1, n, z, lower.tail = FALSE)
  pmin(1, 2 * pmin(below, above))
}

# The least and the largest counts whose tail probability is above gamma; n and 0 where none is.
bands_of <- function(gamma, n, points, draws) {
  counts <- 0:n
  inside <- vapply(points, function(k) {
    within <- counts[tail_of_counts(counts, n, k, draws) > gamma * (1 + 1e-10)]
    if (length(within)) range(within) else c(n, 0)
  }, numeric(2))
  list(low = inside[1, ], high = inside[2, ])
}

# The probability that uniform ranks stay within bands.
probability_within <- function(bands, n, points, draws) {
  if (any(bands$low > bands$high)) return(0)
  z <- c(0, points / (draws + 1))
  counts <- 0L
  mass <- 1
  for (k in seq_along(points)) {
    step <- (z[k + 1] - z[k]) / (1 - z[k])
    reached <- bands$low[k]:bands$high[k]
    moves <- outer(reached, counts, "-")
    trials <- matrix(n - counts, length(reached), length(counts), byrow = TRUE)
    chance <- matrix(stats::dbinom(moves, trials, step), length(reached))
    mass <- drop(chance %*% mass)
    counts <- reached
  }
  sum(mass)
}

p_uniform <- function(ranks, draws) {
  points <- band_points(draws)
  n <- length(ranks)
  least <- min(tail_of_counts(counts_below(ranks, points), n, points, draws))
  if (least >= 1) return(1)
  1 - probability_within(bands_of(least, n, points, draws), n, points, draws)
}

# The narrowest bands that uniform ranks stay within with probability `prob` or more.
simultaneous_bands <- function(prob, n, draws) {
  points <- band_points(draws)
  within <- function(log_gamma) {
    probability_within(bands_of(exp(log_gamma), n, points, draws), n, points, draws)
  }
  # By Bonferroni's bound the lower end is wide enough.
  low <- log((1 - prob) / length(points))
  high <- log(1 - prob)
  if (length(points) > 1) for (i in 1:20) {
    middle <- (low + high) / 2
    if (within(middle) >= prob) low <- middle else high <- middle
  }
  c(bands_of(exp(low), n, points, draws), list(points = points))
}

# The evidence for a point: the density of the posterior there over that of the prior (Dickey and
# Lientz 1970), of draws less the point.

# Draws of the prior, and of either as many within a bandwidth of the point as a density there
# needs.
n_prior_draws <- 40000L
least_near <- 20L

# The ratio, or why there is none, as a text.
point_evidence <- function(posterior, prior) {
  edges <- range(prior)
  at_zero <- lapply(list(posterior = posterior, prior = prior), density_at_zero, edges)
  few <- vapply(at_zero, function(one) one$near < least_near || one$density <= 0, NA)
  if (any(few)) {
    return(paste("the", names(at_zero)[few][1], "has hardly a draw near this point"))
  }
  at_zero$posterior$density / at_zero$prior$density
}

# By a kernel of fourth order, (3 - u^2) phi(u) / 2, whose bias is that of the bandwidth's fourth
# power; the bandwidth for normal densities is 1.08 sd n^(-1/9) (Hansen 2009, Lecture notes on
# nonparametrics, chapter 2). Mass is folded back at the edges of the prior's support, which matter
# where they are near. near: the draws within a bandwidth.
density_at_zero <- function(draws, edges) {
  spread <- min(stats::sd(draws), stats::IQR(draws) / 1.349)
  bandwidth <- 1.08 * spread * length(draws)^(-1 / 9)
  inside <- edges[1] <= 0 && edges[2] >= 0 || min(abs(edges)) < 1e-3 * bandwidth
  if (spread == 0 || !inside) return(list(density = 0, near = 0))
  u <- c(draws, 2 * edges[1] - draws, 2 * edges[2] - draws) / bandwidth
  density <- sum((3 - u^2) / 2 * stats::dnorm(u)) / (length(draws) * bandwidth)
  list(density = density, near = sum(abs(draws) < bandwidth))
}

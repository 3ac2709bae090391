# Proposals of the collapsed sampler learnt before any chain runs, by importance sampling: a t at
# the mode proposes points, their weights give the mean and covariance of the next t, and so on
# (population Monte Carlo; Cappé, Guillin, Marin and Robert 2004). All points count, not only those
# that a chain would have accepted, and none depends on another.

# Points for each coordinate, in each round and in the last one, which decides; and the share of
# them that the weights leave effective at which rounds end. Rounds: some, and then more as long as
# each gains by a fifth, as where the mode is not where the posterior is.
learning_points <- c(each = 100L, last = 400L)
enough_effective <- 0.6
learning_rounds <- c(some = 3L, most = 10L)

# A tuning that has learnt, and the share of its proposals that a chain accepts. The points are the
# same whatever the seed of the chains.
learn_proposal <- function(model, tuning, sigma2) {
  n <- length(tuning$center) * learning_points
  effective <- 0
  for (round in seq_len(learning_rounds[["most"]])) {
    before <- effective
    drawn <- weigh_proposals(model, tuning, sigma2, n[["each"]], round)
    tuning <- tune_to_weighted(tuning, drawn)
    effective <- 1 / sum(drawn$weight^2) / n[["each"]]
    if (effective > enough_effective) break
    if (round >= learning_rounds[["some"]] && effective < 1.2 * before) break
  }
  drawn <- weigh_proposals(model, tuning, sigma2, n[["last"]], round + 1L)
  list(tuning = tune_to_weighted(tuning, drawn), accepted_share = max(0, drawn$accepted_share))
}

# Points that a tuning proposes, those in the domain, with weights that add up to one; or NULL
# where the density vanishes at all of them.
weigh_proposals <- function(model, tuning, sigma2, n, seed) {
  proposed <- with_stream(seed, propose(model, tuning, n))
  inside <- !is.na(proposed$log_density)
  points <- proposed$points[, inside, drop = FALSE]
  log_weight <- log_target(model, tuning, points, sigma2) - proposed$log_density[inside]
  if (!any(is.finite(log_weight))) return(NULL)
  weight <- exp(log_weight - max(log_weight))
  share <- accepted_share(c(weight, numeric(n - sum(inside))))
  list(points = points, weight = truncate_weights(weight), accepted_share = share)
}

# How often Metropolis-Hastings accepts: a proposal of weight w' at a point of weight w with
# probability min(1, w'/w), and it is at w in proportion to w. The mean of min(w, w') over that
# of w.
accepted_share <- function(weight) {
  n <- length(weight)
  sum(sort(weight) * (2 * (n - seq_len(n)) + 1)) / (n * sum(weight))
}

# Weights above the square root of their number times their mean are cut to it (Ionides 2008).
truncate_weights <- function(weight) {
  weight <- pmin(weight, sqrt(length(weight)) * mean(weight))
  weight / sum(weight)
}

# A t at the weighted mean. Its covariance leans on the present one by as much as twice as many
# points as there are coordinates.
tune_to_weighted <- function(tuning, drawn) {
  if (is.null(drawn)) return(tuning)
  weight <- drawn$weight
  center <- drop(drawn$points %*% weight)
  apart <- drawn$points - center
  lean <- 2 * length(center) * sum(weight^2)
  before <- chol2inv(tuning$root) / proposal_width^2
  covariance <- (apart %*% (weight * t(apart)) + lean * before) / (1 + lean)
  place_proposal(tuning, center, covariance)
}

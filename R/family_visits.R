# What the proposals of a scan's step learn from its visits in a pilot: a t about where they are
# centered, which moves with the effects of others, and a surrogate of the density there.

# The parts of a record, which has a column for each visit: where it ended, the shift of the
# coefficients and the score of the standard deviations, which its proposals followed; the other one
# of the points that it chose from, and how much less the log density is there.
parts_of_records <- function(records, tuning) {
  sizes <- c(point = length(tuning$center), shift = 0L, score = ncol(tuning$slope),
             other = length(tuning$center), log_ratio = 1L)
  sizes["shift"] <- nrow(records) - sum(sizes)
  split <- rep(names(sizes), sizes)
  lapply(stats::setNames(nm = names(sizes)), function(part) {
    t(records[split == part, , drop = FALSE])
  })
}

# A t about what is left of the points once what they follow is taken off. Visits that hardly moved
# say nothing of a spread.
learn_from_visits <- function(tuning, records) {
  later <- records[, seq(ncol(records) %/% 4 + 1, ncol(records)), drop = FALSE]
  later <- parts_of_records(later, tuning)
  n <- length(tuning$center)
  if (sum(diff(later$point[, 1]) != 0) < 2 * n) return(tuning)
  q <- ncol(tuning$slope)
  points <- later$point
  theta <- places_of_theta(tuning, ncol(later$shift))
  points[, theta] <- points[, theta] + later$shift
  score <- later$score
  tuning$mean_score <- colMeans(score)
  centered <- sweep(score, 2, tuning$mean_score)
  slope <- tryCatch(solve(crossprod(centered), crossprod(centered, points)),
                    error = function(e) matrix(0, q, n))
  tuning$slope <- t(slope)
  tune_to_draws(tuning, points - centered %*% slope)
}

# The places of n_coef coefficients, after standard deviations and correlations, which alone change
# with signs of columns.
places_of_theta <- function(tuning, n_coef) sum(tuning$sign_columns > 0) + seq_len(n_coef)

# Where proposals are centered in each visit: coordinates x visits.
centers_of_visits <- function(tuning, visits) {
  centers <- tuning$center + tuning$slope %*% (t(visits$score) - tuning$mean_score)
  theta <- places_of_theta(tuning, ncol(visits$shift))
  centers[theta, ] <- centers[theta, , drop = FALSE] - t(visits$shift)
  centers
}

# The tuning with a surrogate that has its center where proposals have theirs. A visit's density is
# known but for a constant of its own: what is fitted are the differences between its two points.
# Each part of the visits tells whether the surrogate of all the others serves.
fit_surrogate_to_visits <- function(tuning, records, accepted_share, n_tries) {
  if (length(tuning$center) > surrogate_limits[["any"]]) return(tuning)
  pairs <- visited_pairs(tuning, records)
  if (length(pairs$y) < 2 * ncol(pairs$terms)) return(tuning)
  part <- seq_along(pairs$y) %% parts_of_visits
  shares <- vapply(unique(part), function(own) {
    accepted_on_pairs(fit_to_pairs(tuning, pairs, part != own, n_tries), pairs, part == own)
  }, 0)
  if (!isTRUE(mean(shares) > accepted_share + enough_by_pairs)) return(tuning)
  tuning <- fit_to_pairs(tuning, pairs, rep(TRUE, length(part)), n_tries)
  tuning$n_ellipse <- 0L
  widen_proposal(tuning)
}

# A surrogate of fewer visits than there are is worse: of half of 840, one of 61 terms was foretold
# to have .46 accepted, of four fifths .68; it had .7.
parts_of_visits <- 5L

# How much more of the proposals have to be accepted.
enough_by_pairs <- 0.02

# The terms of a polynomial, their values at both points of visits, visits x terms, and the
# difference of the log weights of the t.
visited_pairs <- function(tuning, records) {
  visits <- parts_of_records(records, tuning)
  is_usable <- is.finite(visits$log_ratio[, 1])
  visits <- lapply(visits, function(part) part[is_usable, , drop = FALSE])
  moved <- replace(tuning, "center", list(centers_of_visits(tuning, visits)))
  points <- lapply(visits[c("point", "other")], t)
  terms <- surrogate_terms(length(tuning$center))
  log_t <- lapply(points, function(points) {
    log_folded_t(folded_distances(points, moved), tuning$df, 1)
  })
  list(terms = terms, values = lapply(points, surrogate_values, moved, terms),
       y = visits$log_ratio[, 1] - log_t$point + log_t$other)
}

fit_to_pairs <- function(tuning, pairs, chosen, n_tries) {
  values <- pairs$values
  x <- (values$point - values$other)[chosen, -1, drop = FALSE]
  y <- pmax(pmin(pairs$y[chosen], surrogate_weights[["most"]]), -surrogate_weights[["most"]])
  weight <- pmax(exp(-abs(y) / 2), 0.02)
  coefficient <- ridge_coefficients(x, y, weight / mean(weight))
  level <- colMeans(rbind(values$point, values$other)[, -1, drop = FALSE])
  coefficient <- c(-sum(level * coefficient), coefficient)
  tuning$surrogate <- new_surrogate(tuning, coefficient, pairs$terms, n_tries)
  tuning
}

# The share of steps by the surrogate that are accepted, from pairs of a point of the chain and a
# proposal. Which is which is not asked: that the chain was at the first has odds of e^y. A proposal
# weighs as the surrogate has it.
accepted_on_pairs <- function(tuning, pairs, chosen) {
  g <- lapply(pairs$values, function(values) {
    cut_log_weights(drop(values %*% tuning$surrogate$coefficient))
  })
  left <- pairs$y - g$point + g$other
  weight <- cbind(exp(g$other) * stats::plogis(pairs$y), exp(g$point) * stats::plogis(-pairs$y))
  accepted <- pmin(1, exp(cbind(-left, left)))
  sum((weight * accepted)[chosen, ]) / sum(weight[chosen, ])
}

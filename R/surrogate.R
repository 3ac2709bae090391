# A polynomial in place of the target's log density less that of a t: moves on it decide which
# proposal the target is asked about (surrogate_t in src/surrogate.h).

# Steps on it for each evaluation of the target: more where this has many rows, beside which they
# take no time.
surrogate_tries <- function(n_rows) if (n_rows < many_rows) 8L else 16L
many_rows <- 500L
# How far coordinates and log weights are told, as in src/surrogate.c.
most_surrogate_coordinate <- 4
surrogate_weights <- c(least = -3, most = 6)
# From how many coordinates on products of three different ones are left out, and none is fitted.
surrogate_limits <- c(triples = 10L, any = 20L)
# Points for each term at least.
points_per_term <- 8

# The coordinates of each term, n + 1 for none: 4 x terms. All products of up to three, and fourth
# powers.
surrogate_terms <- function(n) {
  none <- n + 1L
  places <- seq_len(n)
  pairs <- t(expand.grid(places, places))
  pairs <- pairs[, pairs[1, ] >= pairs[2, ], drop = FALSE]
  triples <- if (n <= surrogate_limits[["triples"]]) t(expand.grid(places, places, places))
    else t(expand.grid(places, places))[c(1, 2, 2), , drop = FALSE]
  if (n <= surrogate_limits[["triples"]]) {
    kept <- triples[1, ] >= triples[2, ] & triples[2, ] >= triples[3, ]
    triples <- triples[, kept, drop = FALSE]
  }
  unname(cbind(
    rep(none, 4), rbind(places, none, none, none), rbind(pairs, none, none), rbind(triples, none),
    rbind(places, places, places, places)
  ))
}

# The values of the terms at points, points x terms.
surrogate_values <- function(points, tuning, terms) {
  n <- nrow(points)
  v <- tuning$root %*% (points - tuning$center)
  v <- rbind(pmax(pmin(v, most_surrogate_coordinate), -most_surrogate_coordinate), 1)
  t(v[terms[1, ], , drop = FALSE] * v[terms[2, ], , drop = FALSE] *
      v[terms[3, ], , drop = FALSE] * v[terms[4, ], , drop = FALSE])
}

# g at points, as surrogate_log_weight() in src/surrogate.c has it.
surrogate_log_weights <- function(points, surrogate) {
  g <- drop(surrogate_values(points, surrogate, matrix(surrogate$factor, 4) + 1L) %*%
              surrogate$coefficient)
  cut_log_weights(g)
}

cut_log_weights <- function(g) {
  pmax(pmin(g, surrogate_weights[["most"]]), surrogate_weights[["least"]])
}

# The tuning with a surrogate, fitted by ridge regression to log weights of points, those of the
# target less those of the proposals; without one where there are too few points. times: how many
# of the proposals each point stands for. Points weigh by the geometric mean of proposals and
# target: where either is much the polynomial has to be right.
fit_surrogate <- function(tuning, points, log_target, log_proposal, times, n_tries) {
  n <- nrow(points)
  if (n > surrogate_limits[["any"]]) return(tuning)
  terms <- surrogate_terms(n)
  if (ncol(points) < 2 * ncol(terms)) return(tuning)
  y <- log_target - log_proposal
  weight <- times * pmax(exp(pmin(y - stats::median(y), 4) / 2), 0.02)
  y <- y - sum(y * weight) / sum(weight)
  y <- cut_log_weights(y)
  x <- surrogate_values(points, tuning, terms)
  coefficient <- ridge_coefficients(x, y, weight / mean(weight))
  tuning$surrogate <- new_surrogate(tuning, coefficient, terms, n_tries)
  widen_proposal(tuning)
}

# A polynomial times the t of a tuning.
new_surrogate <- function(tuning, coefficient, terms, n_tries) {
  list(coefficient = coefficient, factor = as.integer(terms - 1L), center = tuning$center,
       root = tuning$root, df = tuning$df, n_tries = n_tries)
}

# Proposals with tails in which a chain does not stay: the surrogate makes up for what they have
# too much of, but not for what they lack.
widen_proposal <- function(tuning) {
  tuning$df <- min(tuning$df, widened[["df"]])
  tuning$root <- tuning$root / widened[["volume"]]^(1 / length(tuning$center))
  tuning
}

widened <- c(df = 7, volume = 2)

# Coefficients of columns that are standardized, with the penalty that generalized cross-validation
# likes best (Golub, Heath and Wahba 1979).
ridge_coefficients <- function(x, y, weight) {
  size <- sqrt(colMeans(x^2 * weight))
  x <- x * sqrt(weight) / rep(size, each = nrow(x))
  y <- y * sqrt(weight)
  decomposition <- eigen(crossprod(x), symmetric = TRUE)
  values <- pmax(decomposition$values, 0)
  along <- drop(crossprod(decomposition$vectors, crossprod(x, y)))
  n <- length(y)
  score <- vapply(ridge_penalties * n, function(penalty) {
    kept <- 1 / (values + penalty)
    left <- sum(y^2) - sum(along^2 * kept * (2 - values * kept))
    left / (n - sum(values * kept))^2
  }, 0)
  penalty <- n * ridge_penalties[which.min(score)]
  drop(decomposition$vectors %*% (along / (values + penalty))) / size
}

ridge_penalties <- 10^seq(-6, 1, by = 0.5)

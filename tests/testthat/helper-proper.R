# Likelihoods of few rows integrated over effects and flat coefficients, by quadrature, for standard
# deviations that are large: how they fall is what the existence of a posterior turns on.

# Nodes and weights of n-point Gauss-Legendre quadrature (Golub and Welsch 1969).
legendre_rule <- function(n) {
  i <- seq_len(n - 1)
  J <- matrix(0, n, n)
  J[cbind(i, i + 1)] <- J[cbind(i + 1, i)] <- i / sqrt(4 * i^2 - 1)
  decomposition <- eigen(J, symmetric = TRUE)
  list(x = decomposition$values, w = 2 * decomposition$vectors[1, ]^2)
}

# Over (-width, width), of a function that has features of size one at the kinks and is smooth
# beside: pieces that are three times as long with each step away from a kink.
kinked_nodes <- function(kinks, width, n = 6, first = 0.7) {
  steps <- first * 3^(0:ceiling(log(2 * width / first, 3)))
  near <- lapply(kinks, function(kink) c(kink - steps, kink, kink + steps))
  ends <- c(-width, width, unlist(near))
  ends <- sort(unique(ends[abs(ends) <= width]))
  ends <- ends[c(TRUE, diff(ends) > 1e-9 * width)]
  rule <- legendre_rule(n)
  half <- diff(ends) / 2
  list(x = as.numeric(outer(rule$x, half) + rep(ends[-1] - half, each = n)),
       w = as.numeric(outer(rule$w, half)))
}

# Log densities of rows up to constants, plainly; r: the shape of the negative binomial.
plain_log_density <- function(family, y, trials, eta, r = 1) {
  times <- function(n, value) if (n > 0) n * value else 0
  low <- pmin(eta, 700)
  switch(family,
    logit = times(y, plogis(eta, log.p = TRUE)) + times(trials - y, plogis(-eta, log.p = TRUE)),
    probit = times(y, pnorm(eta, log.p = TRUE)) + times(trials - y, pnorm(-eta, log.p = TRUE)),
    cloglog = times(y, log(-expm1(-exp(low)))) - times(trials - y, exp(low)),
    poisson = times(y, eta) - exp(low),
    negative_binomial = {
      total <- pmax(eta, log(r)) + log1p(exp(-abs(eta - log(r))))
      times(y, eta - total) + r * (log(r) - total)
    })
}

# One group's likelihood, its effect of z integrated out; eta: of the rows without it.
group_likelihood <- function(family, rows, eta, tau) {
  nodes <- kinked_nodes(-eta[rows$z != 0] / rows$z[rows$z != 0], 9 * tau)
  log_density <- dnorm(nodes$x, 0, tau, log = TRUE)
  for (i in seq_along(eta)) {
    log_density <- log_density +
      plain_log_density(family, rows$y[i], rows$trials[i], eta[i] + rows$z[i] * nodes$x)
  }
  sum(nodes$w * exp(log_density))
}

# rows: a data frame of y, trials, z, g; X: no, one or two flat coefficients.
log_integrated <- function(family, rows, X, tau) {
  groups <- split(seq_len(nrow(rows)), rows$g)
  given <- function(beta) {
    eta <- if (length(beta)) drop(X %*% beta) else numeric(nrow(rows))
    prod(vapply(groups, function(own) {
      group_likelihood(family, rows[own, ], eta[own], tau)
    }, 0))
  }
  if (ncol(X) == 0) return(log(given(numeric())))
  nodes <- kinked_nodes(0, 12 * tau, if (ncol(X) == 1) 6 else 3, if (ncol(X) == 1) 0.7 else tau / 3)
  values <- if (ncol(X) == 1) nodes$w * vapply(nodes$x, given, 0) else {
    outer(nodes$w, nodes$w) * outer(nodes$x, nodes$x, Vectorize(function(a, b) given(c(a, b))))
  }
  log(sum(values))
}

# The power -d log(f) / d log(x) between two points.
power_of_fall <- function(log_f, at) {
  -(log_f(at[2]) - log_f(at[1])) / log(at[2] / at[1])
}

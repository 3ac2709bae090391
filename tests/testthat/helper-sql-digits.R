# Coefficients and residual sums of squares within groups, from factors and in 250 bits.

# years: 2000 by 6; far: groups 50 years apart; seconds: since 1970, 1,000 s a group. y is 1e6.
digits_data <- function(kind, J = 40, n = 50) {
  set.seed(12)
  group <- rep(seq_len(J), each = n)
  own <- stats::rnorm(J * n)
  x <- switch(kind, years = 2000 + 6 * own, far = 2000 + 50 * group + 6 * own,
              seconds = round(1.6e9 + 1e6 * group + 300 * own))
  u <- (x - mean(x)) / stats::sd(x)
  data.frame(g = group, x = x, y = 1e6 + 3 * u + u^2 + stats::rnorm(J)[group] + stats::rnorm(J * n))
}

digits_formula <- function(kind) {
  if (kind == "seconds") y ~ x + (1 | g) else y ~ x + I(x^2) + (1 | g)
}

# list(beta, rss)
within_of_crossprods <- function(crossprods) {
  p <- length(crossprods$fixed)
  R <- qr_factor(crossprods$strata$factor[-1, -1, 1])
  X <- seq_len(p - 1)
  list(beta = backsolve(R[X, X, drop = FALSE], R[X, p]), rss = R[p, p]^2)
}

within_in_250_bits <- function(data, squared) {
  exact <- function(x) Rmpfr::mpfr(x, 250)
  columns <- list(exact(data$x), exact(data$y))
  # The square as R has it in double precision is the data.
  if (squared) columns <- append(columns, list(exact(data$x^2)), 1)
  centered <- lapply(columns, function(column) {
    do.call(c, lapply(split(seq_along(data$g), data$g), function(rows) {
      column[rows] - sum(column[rows]) / length(rows)
    }))
  })
  k <- length(centered)
  product <- function(i, j) sum(centered[[i]] * centered[[j]])
  if (!squared) {
    beta <- product(1, 2) / product(1, 1)
    return(list(beta = beta, rss = product(2, 2) - beta * product(1, 2)))
  }
  det <- product(1, 1) * product(2, 2) - product(1, 2)^2
  b1 <- (product(2, 2) * product(1, 3) - product(1, 2) * product(2, 3)) / det
  b2 <- (product(1, 1) * product(2, 3) - product(1, 2) * product(1, 3)) / det
  list(beta = c(b1, b2), rss = product(3, 3) - b1 * product(1, 3) - b2 * product(2, 3))
}

relative_errors <- function(own, exact) {
  relative <- function(x, y) max(as.numeric(abs(x / y - 1)))
  c(beta = relative(own$beta, exact$beta), rss = relative(own$rss, exact$rss))
}

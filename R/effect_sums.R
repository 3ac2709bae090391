# Means and covariances of group effects over draws, added up piece by piece as a chain runs: those of
# a model whose effects are drawn in a scan over several steps, of which there is no closed form given
# the hyperparameters.

# Of a piece of a chain, for each grouping: n, the number of draws; mean, columns x groups; covariance,
# columns x columns x groups; beta, the means of the coefficients that its columns deviate from, and
# with_beta, the covariances with them. effects: by grouping, columns x groups x draws; hyper: x draws,
# coefficients first; paired: by grouping, the coefficient of each column, NA where there is none.
sum_effects <- function(effects, hyper, paired) {
  Map(function(effects, paired) {
    size <- dim(effects)
    mean <- matrix(rowMeans(effects, dims = 2), size[1])
    centered <- lapply(seq_len(size[1]), function(k) matrix(effects[k, , ], size[2]) - mean[k, ])
    covariance <- array(0, size[c(1, 1, 2)])
    for (k in seq_len(size[1])) {
      for (l in seq_len(k)) {
        covariance[k, l, ] <- covariance[l, k, ] <- rowSums(centered[[k]] * centered[[l]])
      }
    }
    coefficients <- hyper[paired, , drop = FALSE]
    coefficients[is.na(paired), ] <- 0
    beta <- rowMeans(coefficients)
    with_beta <- lapply(seq_along(beta), function(k) centered[[k]] %*% (coefficients[k, ] - beta[k]))
    divisor <- max(size[3] - 1, 1)
    list(n = size[3], mean = mean, covariance = covariance / divisor, beta = beta,
         with_beta = matrix(unlist(with_beta), size[1], byrow = TRUE) / divisor)
  }, effects, paired)
}

# Of two pieces together (Chan, Golub and LeVeque 1983).
add_sums <- function(first, second) {
  if (is.null(first)) return(second)
  Map(function(a, b) {
    n <- a$n + b$n
    moved <- b$mean - a$mean
    moved_beta <- b$beta - a$beta
    weights <- c(a$n - 1, b$n - 1, a$n * b$n / n) / (n - 1)
    q <- nrow(moved)
    between <- array(moved[rep(seq_len(q), q), ] * moved[rep(seq_len(q), each = q), ],
                     dim(a$covariance))
    list(n = n, mean = a$mean + moved * (b$n / n),
         covariance = weights[1] * a$covariance + weights[2] * b$covariance + weights[3] * between,
         beta = a$beta + moved_beta * (b$n / n),
         with_beta = weights[1] * a$with_beta + weights[2] * b$with_beta +
           weights[3] * moved * moved_beta)
  }, first, second)
}

# Models with several groupings by dense linear algebra: rows and covariance matrices written out.

# Z of each grouping with a column for each effect, groups in their order, columns within groups.
dense_effects <- function(posterior) {
  rows <- rows_of(posterior$design)
  lapply(seq_along(posterior$groupings), function(g) {
    grouping <- posterior$groupings[[g]]
    factor <- factors_of(posterior$design)[[grouping_part(g)]]
    group <- match(factor$labels, grouping$groups)[factor$code]
    # The only one has all columns.
    place <- grouping$random$place
    Z <- if (is.null(place)) rows$Z else rows$Z[, place, drop = FALSE]
    do.call(cbind, lapply(seq_along(grouping$groups), function(j) Z * (group == j)))
  })
}

# The relative covariance factor at a point of a tuning, for each grouping of its step, leaf first.
factors_at <- function(point, model, tuning) {
  lambda <- tuning$scale * sinh(point[seq_along(tuning$scale)])
  z <- tanh(point[-seq_along(tuning$scale)])
  used <- 0
  first <- 0
  lapply(groupings_of_step(model, tuning$step), function(grouping) {
    L <- matrix(0, grouping$n_random, grouping$n_random)
    for (block in grouping$blocks) {
      own <- block$first + seq_len(block$size)
      corner <- diag(block$size)
      for (r in seq_len(block$size)[-1]) {
        rest <- 1
        for (k in seq_len(r - 1)) {
          used <<- used + 1
          corner[r, k] <- z[used] * sqrt(rest)
          rest <- rest - corner[r, k]^2
        }
        corner[r, r] <- sqrt(rest)
      }
      L[own, own] <- corner * lambda[first + own]
    }
    first <<- first + grouping$n_random
    L
  })
}

# Log density of LKJ(1) in the coordinates of its partial correlations, up to a constant.
jacobian_of_correlations <- function(points, model, step = 0L) {
  blocks <- grouping_of_step(model, step)$blocks
  place <- grouping_of_step(model, step)$n_random
  total <- numeric(ncol(points))
  for (block in blocks) {
    for (r in seq_len(block$size)[-1]) for (k in seq_len(r - 1)) {
      place <- place + 1
      total <- total + (block$size - k + 1) / 2 * log(1 - tanh(points[place, ])^2)
    }
  }
  total
}

# log p(L | y) of the groupings `numbers` with the factors L, sigma and beta integrated out, up to a
# constant; y: in place of the response.
dense_log_marginal <- function(posterior, numbers, L, y = NULL) {
  rows <- rows_of(posterior$design)
  if (is.null(y)) y <- rows$y
  w <- if (is.null(rows$weights)) rep(1, length(y)) else rows$weights
  Z <- dense_effects(posterior)[numbers]
  V <- diag(1 / w)
  for (i in seq_along(numbers)) {
    n_groups <- length(posterior$groupings[[numbers[i]]]$groups)
    V <- V + tcrossprod(Z[[i]] %*% kronecker(diag(n_groups), L[[i]]))
  }
  root <- chol(crossprod(cbind(rows$X, y), solve(V, cbind(rows$X, y))))
  p <- ncol(rows$X)
  q <- sum(vapply(L, nrow, 0L))
  -as.numeric(determinant(V)$modulus) / 2 - sum(log(diag(root)[seq_len(p)])) -
    (length(y) - p - q) * log(root[p + 1, p + 1])
}

# Mean and covariance of all effects, grouping after grouping, given hyperparameters as they are drawn.
dense_conditional <- function(posterior, draw) {
  rows <- rows_of(posterior$design)
  w <- if (is.null(rows$weights)) rep(1, length(rows$y)) else rows$weights
  state <- state_of(draw, posterior)
  Z <- do.call(cbind, dense_effects(posterior))
  blocks <- Map(function(grouping, Sigma) kronecker(diag(length(grouping$groups)), Sigma),
                posterior$groupings, state$Sigma)
  size <- cumsum(c(0, vapply(blocks, nrow, 0L)))
  S <- matrix(0, ncol(Z), ncol(Z))
  for (g in seq_along(blocks)) {
    own <- size[g] + seq_len(nrow(blocks[[g]]))
    S[own, own] <- blocks[[g]]
  }
  V <- Z %*% S %*% t(Z) + diag(state$sigma2 / w)
  K <- S %*% t(Z) %*% solve(V)
  list(mean = as.numeric(K %*% (rows$y - rows$X %*% state$beta)), covariance = S - K %*% Z %*% S)
}

# Quantiles of the standard deviations over sigma of two groupings with intercepts, by a grid in their
# inverse hyperbolic sines, sigma and the coefficients integrated out.
quantiles_on_grid <- function(posterior, p, n = 110, top = 7, scale = 0.2) {
  h <- top / n
  u <- (seq_len(n) - 0.5) * h
  lambda <- scale * sinh(u)
  Z <- lapply(dense_effects(posterior), tcrossprod)
  rows <- rows_of(posterior$design)
  q <- ncol(rows$X)
  density <- vapply(lambda, function(second) vapply(lambda, function(first) {
    V <- diag(nrow(rows$X)) + first^2 * Z[[1]] + second^2 * Z[[2]]
    root <- chol(crossprod(cbind(rows$X, rows$y), solve(V, cbind(rows$X, rows$y))))
    -as.numeric(determinant(V)$modulus) / 2 - sum(log(diag(root)[seq_len(q)])) -
      (nrow(rows$X) - q - 2) * log(root[q + 1, q + 1])
  }, 0), lambda)
  density <- exp(density - max(density)) * outer(cosh(u), cosh(u))
  lapply(list(rowSums(density), colSums(density)), function(mass) {
    scale * sinh(stats::approx(c(0, cumsum(mass) / sum(mass)), c(0, u + h / 2), p, ties = "ordered")$y)
  })
}

# Nested and crossed rows, few of them: `a` over `b`, with `c` and `d` across.
joint_data <- function(n = 60, seed = 7) {
  set.seed(seed)
  b <- sample(rep(1:14, length.out = n))
  a <- c(1, 1, 1, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5, 5)[b]
  c <- sample(6, n, TRUE)
  x <- rnorm(n)
  v <- rnorm(n)
  y <- 1 + x + rnorm(5)[a] + rnorm(14, sd = 0.7)[b] + rnorm(6, sd = 0.6)[c] +
    rnorm(14, sd = 0.5)[b] * x + rnorm(n, sd = 0.8)
  data.frame(y, x, v, a, b, c, d = (c + 1) %/% 2, w = rexp(n) + 0.3)
}

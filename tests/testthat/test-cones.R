# Dimensions that responses bound: searches that take some rows and groups against all at once, and
# sets of columns against integrals.

skip_on_cran()

cone_rows <- function(X, Z, group, side) {
  list(X = X, flat = seq_len(ncol(X)), Z = Z, group = group,
       n_groups = apply(group, 2, max), side = side)
}

# t_S from all rows in one factor.
t_of_all <- function(rows, set) {
  made <- cone_matrix(rows, seq_along(rows$side), set)
  ncol(made$M) - ncol(cone_of(made$M, rows$side)$hull) - length(rows$flat)
}

test_that("some rows at a time find what all do", {
  set.seed(1)
  none <- list(grouping = integer(), place = integer())
  dimensions <- vapply(1:24, function(i) {
    n <- 2000
    X <- cbind(1, matrix(round(rnorm(n * (1 + i %% 4)), 2), n))
    eta <- drop(X %*% rnorm(ncol(X)))
    eta <- eta + switch(1 + i %% 4, 0, 0.02 * rnorm(n), c(rep(0, n - 1), 2 * rnorm(1)),
                        ifelse(X[, 2] > 2, 3 * rnorm(n), 0))
    side <- sign(eta)
    if (i %% 3 == 0) side[abs(eta) < 0.02] <- 0
    if (i %% 5 == 0) X <- cbind(X, seq_len(n) %% 997 == 0)
    rows <- cone_rows(X, matrix(1, n, 1), matrix(1L, n, 1), side)
    found <- cone_of_rows(rows, seq_len(n), none, 0)
    expect_true(found$decided)
    expect_identical(found$t, t_of_all(rows, none))
    as.numeric(found$t)
  }, 0)
  expect_gt(sum(dimensions == 0), 5)
  expect_gt(sum(dimensions < 0), 5)
})

test_that("some groups at a time find what all do", {
  set.seed(2)
  t <- vapply(1:48, function(i) {
    J <- c(5, 30, 50)[1 + i %% 3]
    g <- rep(seq_len(J), each = 2 + i %% 7)
    n <- length(g)
    X <- matrix(round(rnorm(n * (i %% 4)), 1), n)
    if (ncol(X) && i %% 2) X[, 1] <- 1
    if (ncol(X) > 1 && i %% 5 == 0) X[, 2] <- rnorm(J)[g]
    z <- if (i %% 3) rep(1, n) else sample(c(-1, 0, 0.5, 2), n, TRUE)
    eta <- drop(X %*% rnorm(ncol(X))) + z * 3 * rnorm(J)[g] +
      switch(1 + i %% 3, 0, 0.3 * rnorm(n), c(2 * rnorm(2), rep(0, n - 2)))
    side <- sign(eta)
    side[side == 0] <- 1
    if (i %% 4 == 0) side[abs(eta) < 0.05] <- 0
    rows <- cone_rows(X, cbind(z), cbind(g), side)
    set <- list(grouping = 1L, place = 1L)
    all <- t_of_all(rows, set)
    expect_identical(cone_of_column(rows, 1L, 1L, 1e9)$t, all)
    expect_identical(cone_of_set(rows, set, 1e9)$t, all)
    expect_identical(min(cone_of_column(rows, 1L, 1L, 8)$t, 8), min(all, 8))
    as.numeric(all)
  }, 0)
  expect_gt(sum(t < 0), 5)
  expect_gt(sum(t > 8), 2)
})

test_that("intercepts and slopes of one grouping: the likelihood falls like its power t of both", {
  # Two trials where x is 0 and where it is 1, in linear predictors e there.
  of_group <- function(first, second, beta, tau) {
    nodes <- kinked_nodes(0, 9 * tau, 5)
    value <- function(y) nodes$w * exp(plain_log_density("logit", y, 2, nodes$x))
    density <- outer(nodes$x, nodes$x, function(e0, e1) {
      dnorm(e0, 0, tau) * dnorm(e1 - e0 - beta, 0, tau)
    })
    sum(value(first) * (density %*% value(second)))
  }
  log_likelihood <- function(first, second, flat, tau) {
    given <- function(beta) prod(mapply(of_group, first, second, beta, tau))
    if (!flat) return(log(given(0)))
    nodes <- kinked_nodes(0, 12 * tau, 4, 1)
    log(sum(nodes$w * vapply(nodes$x, given, 0)))
  }
  check <- function(first, second, flat, t) {
    J <- length(first)
    x <- rep(0:1, J)
    y <- as.numeric(rbind(first, second))
    X <- cbind(x)[, seq_len(flat), drop = FALSE]
    rows <- cone_rows(X, cbind(1, x), cbind(rep(seq_len(J), each = 2)), (y == 2) - (y == 0))
    set <- list(grouping = c(1L, 1L), place = 1:2)
    expect_equal(cone_of_set(rows, set, 50)$t, t)
    power <- power_of_fall(function(tau) log_likelihood(first, second, flat, tau), c(200, 800))
    expect_lt(abs(power - t), 0.03)
  }
  check(c(1, 1, 1), c(1, 1, 1), 0, 6)
  check(c(1, 1, 1), c(1, 1, 1), 1, 5)
  check(c(1, 0, 2), c(2, 1, 0), 0, 2)
  check(c(1, 0, 2), c(2, 1, 0), 1, 1)
  check(c(1, 1, 1), c(2, 0, 2), 1, 2)
  check(c(0, 0, 0), c(2, 2, 1), 1, 0)
})

test_that("crossed groupings: the likelihood falls like its power t of both", {
  # Two levels of h, in u and v, v + u.
  log_likelihood <- function(rows, tau) {
    given <- function(effects) {
      prod(dnorm(effects, 0, tau)) * prod(vapply(split(seq_len(nrow(rows)), rows$g), function(own) {
        group_likelihood("logit", rows[own, ], effects[rows$h[own]], tau)
      }, 0))
    }
    nodes <- kinked_nodes(0, 7 * tau, 3, 3)
    log(sum(outer(nodes$w, nodes$w) *
              outer(nodes$x, nodes$x, Vectorize(function(u, v) given(c(u + v, v))))))
  }
  check <- function(y, trials, t) {
    rows <- transform(expand.grid(g = 1:3, h = 1:2), y = y, trials = trials, z = 1)
    side <- (y == trials) - (y == 0)
    cone <- cone_of_set(cone_rows(matrix(0, 6, 0), matrix(1, 6, 1), cbind(rows$g, rows$h), side),
                        list(grouping = 1:2, place = c(1L, 1L)), 50)
    expect_equal(cone$t, t)
    power <- power_of_fall(function(tau) log_likelihood(rows, tau), c(100, 400))
    expect_lt(abs(power - t), 0.05)
  }
  check(c(0, 0, 1, 0, 1, 1), 1, 0)
  check(c(1, 0, 2, 1, 0, 1), 2, 3)
})

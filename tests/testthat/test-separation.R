# Cones of directions against extreme rays, in small numbers, whose signs are exact.

# Which rows are pinned: all that vanish in all extreme rays, each of which is where as many rows as
# dimensions but one vanish. M has full column rank.
pinned_by_rays <- function(M, side) {
  d <- ncol(M)
  A <- rbind((side * M)[side != 0, , drop = FALSE], M[side == 0, , drop = FALSE],
             -M[side == 0, , drop = FALSE])
  rays <- lapply(utils::combn(nrow(A), d - 1, simplify = FALSE), function(some) {
    fit <- qr(t(A[some, , drop = FALSE]))
    if (fit$rank < d - 1) return(NULL)
    ray <- qr.Q(fit, complete = TRUE)[, d]
    both <- cbind(ray, -ray)
    both[, apply(A %*% both > -1e-9, 2, all), drop = FALSE]
  })
  rays <- if (d == 1) cbind(c(1, -1)[vapply(c(1, -1), function(v) all(A * v >= 0), NA)]) |> t()
    else do.call(cbind, rays)
  if (NCOL(rays) == 0 || is.null(rays)) return(rep(TRUE, nrow(M)))
  rowSums(abs(M %*% rays)) < 1e-9
}

test_that("a cone pins the rows that its extreme rays pin, and its direction is inside", {
  set.seed(2)
  seen <- c(all = 0, some = 0, none = 0)
  for (i in 1:150) {
    d <- sample(1:4, 1)
    n <- d + sample(0:8, 1)
    M <- matrix(sample(-2:2, n * d, TRUE), n)
    if (qr(M)$rank < d) next
    side <- sample(c(-1, 1, 0), n, TRUE, c(0.5, 0.5, 0.1))
    if (i %% 2) {
      side <- as.numeric(sign(M %*% sample(-2:2, d, TRUE)))
      side[side == 0] <- sample(c(-1, 1, 0), sum(side == 0), TRUE)
    }
    pinned <- pinned_by_rays(M, side)
    cone <- cone_of(M, side)
    along <- drop(M %*% (cone$direction * cone$scale))
    rank <- if (any(pinned)) qr(M[pinned, ])$rank else 0L
    right <- identical(cone$pinned, pinned) && cone$decided && d - ncol(cone$hull) == rank &&
      all((side * along)[!pinned] > 1e-8) && all(abs(along[pinned]) < 1e-8)
    expect_true(right, info = paste("cone", i))
    kind <- if (all(pinned)) "all" else if (any(pinned)) "some" else "none"
    seen[[kind]] <- seen[[kind]] + 1
  }
  expect_true(all(seen > 15))
})

test_that("many columns are separated to within what one row is off", {
  set.seed(3)
  X <- cbind(1, matrix(rnorm(800 * 19), 800))
  gain <- drop(X %*% rnorm(20))
  side <- sign(gain)
  expect_identical(ncol(cone_of(X, side)$hull), 20L)
  # The row that is farthest from the plane is on its wrong side.
  far <- which.max(gain)
  expect_identical(ncol(cone_of(X, replace(side, far, -1))$hull), 0L)
  # Beside rows that are pinned, half of the columns.
  X <- rbind(X, cbind(matrix(0, 10, 10), diag(10)))
  cone <- cone_of(X, c(side, rep(0, 10)))
  expect_identical(20L - ncol(cone$hull), qr(X[cone$pinned, ])$rank)
  expect_true(all(cone$pinned[801:810]))
})

test_that("columns of rounding errors do not count", {
  # Two rows that are opposite, beside directions of which rounding is left.
  M <- rbind(c(-2, -1, -2, 0), c(1, 2, 1, 0), c(-1, 1, 0, 0), c(1, 0, -2, 1), c(2, 1, 0, -2),
             c(0, 0, 1, 0), c(-2, 2, -2, -2), c(2, 1, 1, -2), c(2, -1, -1, 2), c(2, -2, -2, 0),
             c(0, -1, 1, 1), c(1, 0, -1, 0))
  side <- c(-1, 1, 0, 1, -1, -1, -1, -1, 1, -1, 1, 1)
  expect_identical(which(cone_of(M, side)$pinned), c(3L, 6L, 10L))
})

test_that("no columns and no rows are cones too", {
  expect_identical(cone_of(matrix(0, 3, 0), c(1, -1, 0))$pinned, rep(TRUE, 3))
  expect_identical(ncol(cone_of(matrix(0, 0, 2), numeric())$hull), 2L)
})

test_that("the quick search and the slow one find the same", {
  set.seed(5)
  found <- vapply(1:60, function(i) {
    X <- cbind(1, matrix(round(rnorm(120), 1), 40))
    gain <- drop(X %*% rnorm(4)) + (i %% 3 == 0) * rnorm(40)
    A <- sign(gain + (gain == 0)) * X
    if (i %% 3 == 1) A <- rbind(A, cbind(0, 0, c(1, -1), 0))
    Q <- qr.Q(qr(A))
    quick <- quick_direction(Q)
    slow <- nonnegative_residual(Q / sqrt(rowSums(Q^2)))
    expect_true(slow$decided)
    if (!is.null(quick)) expect_identical(is.null(quick$direction), is.null(slow$direction))
    for (one in list(quick, slow)) {
      if (!is.null(one$direction)) expect_true(all(abs((Q %*% one$direction)[!one$open]) < 1e-8) &&
                                                 all((Q %*% one$direction)[one$open] > 0))
    }
    c(quick = !is.null(quick), separates = !is.null(slow$direction))
  }, c(quick = NA, separates = NA))
  expect_gt(mean(found["quick", ]), 0.5)
  expect_gt(sum(found["separates", ]), 20)
  expect_gt(sum(!found["separates", ]), 5)
})

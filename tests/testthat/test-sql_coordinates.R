# Coordinates in which products are summed.

test_that("nearly parallel columns are no longer so", {
  set.seed(1)
  year <- 2000 + 6 * stats::rnorm(500)
  V <- cbind(year, year^2, stats::rnorm(500))
  coordinates <- new_coordinates(V)
  u <- sweep(V, 2, coordinates$shift) %*% coordinates$T
  expect_lt(max(abs(stats::cor(u) - diag(3))), 0.2)
  expect_identical(coordinates$T[upper.tri(diag(3))] != 0, c(TRUE, FALSE, FALSE))
  expect_equal(from_coordinates(u, coordinates), sweep(unname(V), 2, coordinates$shift),
               tolerance = 1e-9)
})

test_that("a shift has no more digits than its column needs", {
  expect_identical(short_shift(1234.56789, 10, 0), 1234.57)
  expect_identical(short_shift(1600000123.456, 0.01, 0), 1600000123.456)
  expect_identical(short_shift(c(0.1, 5), c(0, 5), c(0.1, 1)), c(0.1, 5))
})

test_that("rows without values and columns that depend on others change nothing", {
  x <- c(1, 2, 4, NA)
  coordinates <- new_coordinates(cbind(x, 2 * x, c(1, 0, 1, 0)))
  expect_true(all(is.finite(coordinates$T)))
  expect_identical(new_coordinates(matrix(NA_real_, 3, 2)), list(shift = c(0, 0), T = diag(2)))
  expect_true(all(is.finite(new_coordinates(cbind(5, x))$T)))
})

test_that("columns are written as the coordinates have them", {
  coordinates <- list(shift = c(2, 0, 1), T = rbind(c(1, -4, 0), c(0, 1, 0), c(0, 0, 1)))
  expect_identical(coordinate_texts(coordinates, c("a", "b", "c")),
                   c("(a - 2.0)", "(b + (-4.0) * (a - 2.0))", "(c - 1.0)"))
})

# Cells whose moments are known, as cross-products.

test_that("rows of a cell have the products of its rows", {
  set.seed(4)
  V <- cbind(stats::rnorm(30, 5), stats::rexp(30), stats::rnorm(30))
  w <- stats::runif(30)
  coordinates <- list(shift = c(5, 1, 0), T = rbind(c(1, 0.5, 0), c(0, 1, -2), c(0, 0, 1)))
  u <- sweep(V, 2, coordinates$shift) %*% coordinates$T
  mean <- colSums(w * u) / sum(w)
  scatter <- array(crossprod(sqrt(w) * sweep(u, 2, mean)), c(3, 3, 1))
  moments <- list(mean = t(mean), scatter = scatter, roots = scatter_roots(scatter, 30),
                  coordinates = coordinates)
  own <- cell_values(moments, 1L)
  expect_equal(sum(w) * crossprod(own$mean) + crossprod(own$root), crossprod(sqrt(w) * V),
               tolerance = 1e-13)
  expect_identical(own$cell_of_root, c(1L, 1L, 1L))
})

test_that("a constant response is refused, a nearly constant one is not", {
  fish <- data.frame(y = 0.1, x = c(1, 4, 2, 3), g = c("a", "a", "b", "b"))
  expect_error(crossprods(y ~ x + (1 | g), sqlite_table(fish)), "All 4 values are 0.1",
               class = "relm_error")
  fish$y <- c(0.1, 0.1, 0.2, 0.2)
  expect_crossprods_of_rows(crossprods(y ~ x + (1 | g), sqlite_table(fish)),
                            crossprods(y ~ x + (1 | g), fish))
})

test_that("by_group keeps what cells leave", {
  fish <- fish_data()
  table <- sqlite_table(fish)
  own <- function(data, ...) suppressMessages(crossprods(y ~ x + (1 | lake), data, ...))
  expect_null(own(table, by_group = FALSE)$cells$rest)
  theirs <- own(fish)
  rest <- own(table)$cells$rest
  for (j in 1:5) {
    at <- match(own(table)$groupings[[1]]$groups[j], theirs$groupings[[1]]$groups)
    expect_equal(sum(rest[2:3, 2:3, j]^2), sum(theirs$cells$rest[2:3, 2:3, at]^2),
                 tolerance = 1e-10)
  }
})

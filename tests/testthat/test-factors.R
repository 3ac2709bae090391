# Triangular factors: their products are those of the rows that they stand for.

test_that("a triangular factor has the products of its rows, and a nonnegative diagonal", {
  set.seed(1)
  tall <- matrix(rnorm(40), 10)
  upper <- diag(c(-1, 2, -3))
  upper[1, 3] <- 5
  for (rows in list(tall, tall[1:3, ], tall[1, , drop = FALSE], cbind(tall, tall[, 1]), upper,
                    rbind(upper, 0), matrix(0, 2, 3))) {
    R <- qr_factor(rows)
    expect_identical(dim(R), rep(ncol(rows), 2))
    expect_equal(crossprod(R), crossprod(rows), tolerance = 1e-14)
    expect_true(all(R[lower.tri(R)] == 0))
    expect_true(all(diag(R) >= 0))
  }
})

test_that("the factor of all rows has their products, and lengths without the shift", {
  data <- transform(grouped_data(9), x = x + 1000)
  for (sigma in list(~ 1, ~ f)) {
    posterior <- posterior_of(y ~ x + (1 + x | g), data, sigma = sigma)
    rows <- rows_of(posterior$design)
    shift <- posterior$shift[3:5]
    shifted <- sweep(cbind(rows$X, rows$y), 2, shift)
    expect_equal(crossprod(total_factor(posterior)), unname(crossprod(shifted)),
                 tolerance = 1e-12)
    expect_equal(raw_lengths(total_factor(posterior), shift[1:2]),
                 unname(sqrt(colSums(rows$X^2))), tolerance = 1e-12)
    expect_equal(unname(shift_rows(cbind(rows$X, rows$Z), posterior)),
                 unname(sweep(cbind(rows$X, rows$Z), 2, posterior$shift[c(3:4, 1:2)])))
  }
})

test_that("cells' factors have the products of their rows as given", {
  data <- transform(grouped_data(9), x = x + 1000)
  posterior <- posterior_of(y ~ x + (1 + x | g), data)
  rows <- rows_of(posterior$design)
  factor <- raw_cell_factor(posterior)
  groups <- grouping_of(posterior)$groups
  for (j in seq_along(groups)) {
    own <- data$g == groups[j]
    expect_equal(crossprod(factor[, 1:2, j]), unname(crossprod(rows$Z[own, ])), tolerance = 1e-10)
  }
  expect_identical(group_start(posterior), 0:9)
})

# Gamma variates by the ratio of two uniforms: weights of t residuals.

draw_gamma <- function(n, shape) .Call(ffi_draw_gamma, n, shape)

# Cheng and Feast's GKM3 in plain R.
replay_gamma <- function(shape) {
  mode <- shape - 1
  repeat {
    u <- stats::runif(2)
    if (shape > 2.5) u[1] <- u[2] + (1 - 1.86 * u[1]) / sqrt(shape)
    if (u[1] <= 0 || u[1] >= 1) next
    v <- (shape - 1 / (6 * shape)) / mode * u[2] / u[1]
    if (2 / mode * log(u[1]) - log(v) + v <= 1) return(mode * v)
  }
}

# Chi-squared of draws in cells of equal probability, which cover the tails.
cells_p_value <- function(draws, shape, n_cells = 200) {
  counts <- tabulate(1 + floor(n_cells * stats::pgamma(draws, shape)), n_cells)
  stats::chisq.test(counts)$p.value
}

test_that("draws have the gamma distribution, of shapes near 1, about the change, and large", {
  set.seed(1)
  for (shape in c(1 + 1e-9, 1.001, 1.2, 1.7, 2.5, 2.500001, 4, 30, 1e4, 1e8)) {
    draws <- draw_gamma(2e5L, shape)
    expect_gt(cells_p_value(draws, shape), 1e-4)
    error <- sqrt(shape / length(draws))
    expect_lt(abs(mean(draws) - shape), 4 * error)
    # The far tails, where cells are wide.
    least <- stats::pgamma(range(draws), shape) * length(draws)
    expect_true(least[1] > 1e-4 && length(draws) - least[2] > 1e-4, label = paste("shape", shape))
  }
})

test_that("they are replayed in plain R", {
  for (shape in c(1.3, 2.5, 9)) {
    set.seed(2)
    theirs <- replicate(50, replay_gamma(shape))
    set.seed(2)
    expect_equal(draw_gamma(50L, shape), theirs)
  }
})

test_that("huge shapes end, and draws are about the shape", {
  set.seed(3)
  for (shape in c(1e12, 1e15, 1e300)) {
    expect_true(all(abs(draw_gamma(1000L, shape) / shape - 1) < 1e-4), label = paste(shape))
  }
  expect_error(draw_gamma(1L, 1), "internal error")
})

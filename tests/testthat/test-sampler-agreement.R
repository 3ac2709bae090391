# All samplers against quadrature where samplers are known to fail: no variance between
# groups, a large one, three groups, groups of one row, groups of very different sizes.
#
# The uncentered sampler moves beta and gamma by about sigma / sqrt(n_j) at a time where
# they are free to move by tau, so it takes the more sweeps the larger tau / sigma and its
# tail are: it is thinned until its effective draws can be judged. With three groups, where
# tau's density falls like tau^-2, its excursions into the tail are so long that no practicable
# number of sweeps lets it be judged there: it is judged at the medians, the others at all
# quantiles.

skip_on_cran()

small_data <- function(sizes, tau, seed) {
  set.seed(seed)
  g <- rep(seq_along(sizes), sizes)
  x <- rnorm(length(g))
  effects <- matrix(rnorm(2 * length(sizes)), 2) * tau
  data.frame(g, x, y = 1 + x + effects[1, g] + effects[2, g] * x + rnorm(length(g)))
}

expect_all_agree <- function(formula, data, exact, uncentered_thin = 10) {
  thin <- c(centered = 10, uncentered = uncentered_thin, interweaved = 2, collapsed = 2)
  for (sampler in names(thin)) {
    fit <- relm(formula, data, sampler = sampler, draws = 3000, warmup = 1000,
                thin = thin[[sampler]], seed = 10)
    expect_agreement(fit, exact, sampler)
  }
}

# Half the nodes: at most 1e-4 off in probability.
exact_small <- function(data, q) {
  X <- cbind("(Intercept)" = 1, x = data$x)
  exact_posterior(data$y, X, X[, seq_len(q), drop = FALSE], data$g, gname = "g",
                  refine = 0.5)
}

test_that("groups that do not differ", {
  data <- small_data(rep(6, 10), c(0, 0), 3)
  expect_all_agree(y ~ x + (1 | g), data, exact_small(data, 1))
  expect_all_agree(y ~ x + (1 + x || g), data, exact_small(data, 2))
})

test_that("groups that differ much", {
  data <- small_data(rep(4, 12), c(5, 1), 4)
  expect_all_agree(y ~ x + (1 + x || g), data, exact_small(data, 2), 40)
})

test_that("three groups, and four", {
  data <- small_data(rep(4, 3), c(0.3, 0), 1)
  exact <- exact_small(data, 1)
  thin <- c(centered = 10, uncentered = 50, interweaved = 2, collapsed = 2)
  for (sampler in names(thin)) {
    fit <- relm(y ~ x + (1 | g), data, sampler = sampler, draws = 3000, warmup = 1000,
                thin = thin[[sampler]], seed = 10)
    probabilities <- if (sampler == "uncentered") 0.5 else c(0.025, 0.5, 0.975)
    expect_agreement(fit, exact, sampler, probabilities = probabilities)
  }
  data <- small_data(rep(4, 4), c(0.3, 0), 1)
  expect_all_agree(y ~ x + (1 | g), data, exact_small(data, 1), 50)
})

test_that("groups of one row", {
  data <- small_data(c(1, 1, 1, 1, 2, 2, 3, 9), c(1, 0.5), 2)
  expect_all_agree(y ~ x + (1 | g), data, exact_small(data, 1))
  expect_all_agree(y ~ x + (1 + x || g), data, exact_small(data, 2))
})

test_that("groups of very different sizes", {
  data <- small_data(c(2, 3, 80, 5, 2, 30), c(1, 1), 5)
  expect_all_agree(y ~ x + (1 + x || g), data, exact_small(data, 2), 40)
})

test_that("few uneven groups with correlated effects", {
  data <- small_data(c(1, 9, 4, 6, 2, 12), c(1, 0.3), 6)
  X <- cbind("(Intercept)" = 1, x = data$x)
  exact <- exact_posterior_cov(data$y, X, X, data$g, gname = "g")
  expect_all_agree(y ~ x + (1 + x | g), data, exact, 30)
})

# A scan over several steps: its draws against numerical integration, and against its own priors.

skip_on_cran()

test_that("crossed intercepts have the posterior that a grid gives, by a scan and in one step", {
  set.seed(5)
  data <- expand.grid(a = 1:5, b = 1:6)[-c(3, 9, 22), ]
  data$x <- rnorm(27)
  data$y <- rnorm(27) + rnorm(5)[data$a] + 0.5 * rnorm(6)[data$b] + 0.3 * data$x
  posterior <- posterior_of(y ~ x + (1 | a) + (1 | b), data)
  p <- c(0.05, 0.25, 0.5, 0.75, 0.95)
  grid <- quantiles_on_grid(posterior, p)
  sample <- function() relm(y ~ x + (1 | a) + (1 | b), data, seed = 3, draws = 5000)
  fits <- list(by_scan(sample()), sample())
  expect_identical(vapply(fits, function(fit) isTRUE(fit$sampling$merged), NA), c(FALSE, TRUE))
  for (fit in fits) {
    hyper <- fit$sampling$hyper
    for (g in 1:2) {
      lambda <- hyper[, , c("sd_a__Intercept", "sd_b__Intercept")[g]] / hyper[, , "sigma"]
      n <- posterior::ess_bulk(lambda)
      below <- vapply(grid[[g]], function(q) mean(lambda < q), 0)
      expect_lt(max(abs(below - p) / sqrt(p * (1 - p) / n)), 3.5)
      # Nearly independent draws.
      expect_gt(n, 0.5 * length(lambda))
    }
  }
})

test_that("parameters that data were made with rank uniformly among draws: crossed with slopes", {
  ranks <- by_scan(ranks_of_truth(y ~ x + (1 + x | b) + (1 + x | c), 150, 1000))
  expect_gt(least_uniform(ranks), 1e-4)
})

test_that("they do for a nested chain that is crossed with another grouping", {
  ranks <- by_scan(ranks_of_truth(y ~ x + (1 | a) + (1 + x || b) + (1 | c), 150, 3000))
  expect_gt(least_uniform(ranks), 1e-4)
})

test_that("they do with several residual variances", {
  ranks <- by_scan(ranks_of_truth(y ~ x + (1 | b) + (1 + x | c), 100, 5000, sigma = ~ d))
  expect_gt(least_uniform(ranks), 1e-4)
})

test_that("a chain over several steps in two pieces is the chain in one, and other processes run it", {
  fit <- function(draws, ...) {
    by_scan(relm(y ~ x + (1 | a) + (1 + x | b) + (1 | c), joint_data(), chains = 2, draws = draws,
                 seed = 2, ...))
  }
  whole <- fit(60)
  expect_identical(as.matrix(extend(fit(25), 35)), as.matrix(whole))
  expect_identical(as.matrix(fit(60, cores = 2)), as.matrix(whole))
  again <- fit(60, group_draws = FALSE)
  for (g in 1:3) {
    expect_identical(by_scan(effect_draws(again, 1:3, g = g)), effect_draws(whole, 1:3, g = g))
  }
})

test_that("three crossed groupings are three steps, and the order of bars does not matter much", {
  data <- joint_data(90)
  data$e <- rep_len(1:7, 90)
  fits <- by_scan(list(relm(y ~ x + (1 | b) + (1 | c) + (1 | e), data, seed = 1),
                       relm(y ~ x + (1 | e) + (1 | c) + (1 | b), data, seed = 2)))
  expect_identical(lengths(find_steps(fits[[1]]$posterior$groupings)), rep(1L, 3))
  for (variable in c("b_x", "sd_b__Intercept", "sd_c__Intercept", "sd_e__Intercept", "sigma")) {
    draws <- lapply(fits, function(fit) log(abs(fit$sampling$hyper[, , variable])))
    error <- sqrt(sum(vapply(draws, posterior::mcse_mean, 0)^2))
    expect_lt(abs(mean(draws[[1]]) - mean(draws[[2]])), 4 * error)
  }
})

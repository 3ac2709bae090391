# Small designs and variances of nothing, with several groupings.

# Draws of the standard deviations over sigma, against quantiles that a grid gives.
expect_on_grid <- function(formula, data, sds, top) {
  p <- c(0.1, 0.25, 0.5, 0.75, 0.9)
  grid <- quantiles_on_grid(posterior_of(formula, data), p, top = top)
  fit <- relm(formula, data, seed = 3, draws = 4000)
  for (g in 1:2) {
    lambda <- fit$sampling$hyper[, , sds[g]] / fit$sampling$hyper[, , "sigma"]
    n <- posterior::ess_bulk(lambda)
    below <- vapply(grid[[g]], function(q) mean(lambda < q), 0)
    expect_lt(max(abs(below - p) / sqrt(p * (1 - p) / n)), 3.5)
    expect_gt(n, 0.5 * length(lambda))
  }
}

test_that("a chain with three groups in its root has the posterior that a grid gives", {
  skip_on_cran()
  set.seed(9)
  data <- data.frame(leaf = rep(1:9, each = 3))
  data$root <- (data$leaf - 1) %/% 3
  data$x <- rnorm(27)
  data$y <- rnorm(27) + rnorm(3)[data$root + 1] + 0.5 * rnorm(9)[data$leaf] + 0.3 * data$x
  expect_on_grid(y ~ x + (1 | root) + (1 | leaf), data, c("sd_root__Intercept", "sd_leaf__Intercept"), 12)
})

test_that("three groups of one crossed grouping have the posterior that a grid gives", {
  skip_on_cran()
  set.seed(10)
  data <- expand.grid(a = 1:3, b = 1:7)
  data$x <- rnorm(21)
  data$y <- rnorm(21) + rnorm(3)[data$a] + 0.5 * rnorm(7)[data$b] + 0.3 * data$x
  expect_on_grid(y ~ x + (1 | a) + (1 | b), data, c("sd_a__Intercept", "sd_b__Intercept"), 12)
})

test_that("a group that is seen once has the effect that the others leave it", {
  data <- several_data(80)
  data$c[3] <- "lonely"
  data$b[7] <- 88
  for (formula in c(y ~ x + (1 | a) + (1 | c), y ~ x + (1 | a / b))) {
    fit <- relm(formula, data, chains = 1, draws = 300, seed = 1)
    name <- names(ngrps(fit))[2]
    groups <- fit$posterior$groupings[[2]]$groups
    place <- match(if (name == "c") "lonely" else paste0(data$a[7], ":88"), groups)
    effects <- effects_of_grouping(fit, 2)[, 1, place]
    posterior <- fit$posterior
    posterior$design <- fit$design
    before <- length(posterior$groupings[[1]]$groups)
    hyper <- hyper_of(fit)
    given <- lapply(seq_len(300), function(t) {
      all <- dense_conditional(posterior, hyper[, t])
      c(all$mean[before + place], all$covariance[before + place, before + place])
    })
    mean <- vapply(given, `[`, 0, 1)
    z <- (effects - mean) / sqrt(vapply(given, `[`, 0, 2))
    # Independent standard normals.
    expect_lt(abs(mean(z)), 4 / sqrt(300))
    expect_lt(abs(mean(z^2) - 1), 4 * sqrt(2 / 300))
  }
})

# The least of bulk and tail effective draws over all hyperparameters, for each draw.
worst_of <- function(fit) {
  table <- posterior::summarise_draws(posterior::as_draws_array(fit$sampling$hyper), "ess_bulk", "ess_tail")
  min(table$ess_bulk, table$ess_tail) / ndraws(fit)
}

test_that("a grouping that does not vary does not hold up the chain", {
  skip_on_cran()
  set.seed(2)
  data <- expand.grid(a = 1:20, b = 1:30)
  data$leaf <- paste(data$a, data$b %% 4)
  data$x <- rnorm(600)
  data$y <- rnorm(20)[data$a] + data$x + rnorm(600)
  # Effects of b, of leaves and of the slope are nothing; then those of a.
  for (formula in c(y ~ x + (1 | a) + (1 | b), y ~ x + (1 + x | a) + (1 + x | b), y ~ x + (1 | a) + (1 + x | leaf),
                    y ~ x + (1 | b) + (1 | a) + (1 | leaf))) {
    expect_gt(worst_of(relm(formula, data, seed = 1, draws = 1000, group_draws = FALSE)), 0.1)
  }
  data$y <- data$x + rnorm(600, sd = 1e-3)
  for (formula in c(y ~ x + (1 | a) + (1 | b), y ~ x + (1 | a) + (1 | leaf))) {
    expect_gt(worst_of(relm(formula, data, seed = 1, draws = 1000, group_draws = FALSE)), 0.1)
  }
})

test_that("two groupings with the same groups are told, and their sum is what one has alone", {
  skip_on_cran()
  data <- several_data(200)
  data$again <- paste0("as_", data$a)
  expect_message(both <- relm(y ~ x + (1 | a) + (1 | again), data, seed = 1,
                              prior = relm_prior(sd = half_normal(1))), "same groups")
  alone <- relm(y ~ x + (1 | a), data, seed = 2, prior = relm_prior(sd = half_normal(1)))
  draws <- as.matrix(both)
  together <- draws[, "r_a[c,Intercept]"] + draws[, "r_again[as_c,Intercept]"]
  one <- as.matrix(alone)[, "r_a[c,Intercept]"]
  error <- posterior::mcse_mean(matrix(together, ncol = 4)) + posterior::mcse_mean(matrix(one, ncol = 4))
  # The prior of the sum's variance is another, which moves the mean by a little of its standard deviation.
  expect_lt(abs(mean(together) - mean(one)), 4 * error + 0.05 * sd(one))
  expect_lt(abs(log(sd(together) / sd(one))), 0.1)
})

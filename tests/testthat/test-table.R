# The table is a proposal: its draws must have the density that it says it has.

tabulated <- function(formula) {
  posterior <- posterior_of(formula, grouped_data())
  model <- model_of(posterior)
  control <- control_of(draws = 1e5)
  model <- tuned_model(model, whole_tuning_of(model, posterior, control))
  model
}

models <- lapply(c(y ~ x + (1 | g), y ~ x + (1 + x || g), y ~ x + (1 + x | g)), tabulated)

is_mirrored <- function(table, columns) {
  seq_along(table$low) <= columns & table$low < 0.75 * table$step
}

# The density at a point, by the triangles of all nodes.
density_in_r <- function(table, point, columns) {
  nodes <- grid_points(table$low, table$step, table$size)
  hats <- lapply(seq_along(point), function(k) {
    hat <- function(x) pmax(1 - abs(x - nodes[k, ]) / table$step[k], 0)
    hat(point[k]) + if (is_mirrored(table, columns)[k]) hat(-point[k]) else 0
  })
  heavy <- vapply(seq_along(point), function(k) {
    own <- function(x) 0.5 / (table$spread[k] * (1 + abs(x - table$center[k]) / table$spread[k])^2)
    own(point[k]) + if (k <= columns) own(-point[k]) else 0
  }, 0)
  (1 - table$defence) * sum(table$density * Reduce(`*`, hats)) + table$defence * prod(heavy)
}

# The probability that all coordinates are below `point`, in closed form.
cdf_in_r <- function(table, point, columns) {
  nodes <- grid_points(table$low, table$step, table$size)
  triangle <- function(t) {
    t <- pmin(pmax(t, -1), 1)
    ifelse(t < 0, (1 + t)^2 / 2, 1 - (1 - t)^2 / 2)
  }
  below <- lapply(seq_along(point), function(k) {
    p <- triangle((point[k] - nodes[k, ]) / table$step[k])
    if (is_mirrored(table, columns)[k]) p - triangle((-point[k] - nodes[k, ]) / table$step[k]) else p
  })
  heavy <- vapply(seq_along(point), function(k) {
    cdf <- function(x) {
      t <- (x - table$center[k]) / table$spread[k]
      0.5 + sign(t) * (1 - 1 / (1 + abs(t))) / 2
    }
    cdf(point[k]) - if (k <= columns) cdf(-point[k]) else 0
  }, 0)
  weights <- table$density * prod(table$step)
  (1 - table$defence) * sum(weights * Reduce(`*`, below)) + table$defence * prod(heavy)
}

test_that("a table's density is that of its triangles, and adds up to one", {
  for (model in models) {
    table <- tuning_in(model)$table
    set.seed(1)
    proposed <- proposals_of(model, tuning_in(model), 40)
    ours <- exp(proposed$log_density)
    q <- grouping_in(model)$n_random
    expect_equal(ours, apply(proposed$points, 2, function(x) density_in_r(table, x, q)))
    expect_equal(sum(table$density) * prod(table$step), 1)
  }
})

test_that("points are drawn with that density", {
  for (model in models) {
    table <- tuning_in(model)$table
    set.seed(2)
    draws <- proposals_of(model, tuning_in(model), 40000)$points
    for (share in c(0.2, 0.35, 0.5, 0.7)) {
      point <- table$low + table$step * table$size * share
      expected <- cdf_in_r(table, point, grouping_in(model)$n_random)
      found <- mean(colSums(draws < point) == length(point))
      expect_lt(abs(found - expected) / sqrt(expected * (1 - expected) / 40000 + 1e-12), 4)
    }
  }
})

test_that("the folded t is drawn with the density that it says", {
  model <- models[[3]]
  tuning <- tuning_in(model)
  tuning["table"] <- list(NULL)
  tuning$center <- c(0.3, 0.1, 0.4)
  tuning$root <- chol(solve(matrix(c(0.2, 0.05, 0, 0.05, 0.3, 0.1, 0, 0.1, 0.5), 3)))
  tuning$near <- 3L
  set.seed(3)
  proposed <- proposals_of(model, tuning, 40000)
  expect_true(all(proposed$points[1:2, ] >= 0))
  # Against the t summed over signs, normalized.
  t_density <- function(x) {
    square <- colSums((tuning$root %*% (x - tuning$center))^2)
    gamma((tuning$df + 3) / 2) / gamma(tuning$df / 2) / (tuning$df * pi)^1.5 *
      prod(diag(tuning$root)) * (1 + square / tuning$df)^(-(tuning$df + 3) / 2)
  }
  flips <- list(c(1, 1, 1), c(-1, 1, -1), c(1, -1, -1), c(-1, -1, 1))
  density <- Reduce(`+`, lapply(flips, function(s) t_density(s * proposed$points)))
  expect_lt(diff(range(proposed$log_density - log(density))), 1e-10)
  # The average of 1/density over a box is its volume.
  box <- colSums(proposed$points < c(1, 1, 1.5)) == 3 & proposed$points[3, ] > -0.5
  value <- ifelse(box, 1 / density, 0)
  expect_lt(abs(mean(value) - 2) / (sd(value) / sqrt(40000)), 4)
})

# One group of four lies far off, where its prior does not expect it: either the standard
# deviation is large or the residual's is.
test_that("a posterior with two humps is drawn from both, in their proportion", {
  set.seed(1)
  data <- data.frame(g = rep(1:4, each = 3))
  data$y <- rnorm(12) + ifelse(data$g == 1, 18, 0)
  prior <- relm_prior(sd = half_normal(0.6), sigma = half_cauchy(1))
  posterior <- posterior_of(y ~ 1 + (1 | g), data, prior)
  model <- model_of(posterior)
  estimate <- scales_of(model)
  tuning <- tuning_at_mode(model, "coordinate", estimate)
  nodes <- as.matrix(expand.grid(seq(0, 5, length.out = 401), seq(-3, 5, length.out = 401)))
  weights <- exp(log_density_at(model, tuning, t(nodes), estimate$sigma2) + 30)
  # The trapezoidal rule gives nodes at zero half a weight.
  weights[nodes[, 1] == 0] <- weights[nodes[, 1] == 0] / 2
  at_low_sigma <- sum(weights[nodes[, 2] < log(3)]) / sum(weights)
  expect_gt(at_low_sigma, 0.05)
  expect_lt(at_low_sigma, 0.95)
  fit <- relm(y ~ 1 + (1 | g), data, prior = prior, chains = 1, draws = 20000, seed = 1)
  below <- as.numeric(fit$sampling$hyper[, 1, "sigma"] < 3)
  expect_lt(abs(mean(below) - at_low_sigma) / posterior::mcse_mean(below), 4)
})

test_that("a posterior that is a ridge has a finer table, and others have not", {
  # Ages of 8 to 14, from 0 on: intercepts and slopes hold each other.
  fit <- relm(distance ~ age + (1 + age | Subject), nlme::Orthodont, chains = 1, draws = 5000,
              seed = 1)
  expect_identical(fit$sampling$tuning$table$grid$size, rep(17L, 3))
  expect_gt(sum(fit$sampling$accepted) / sum(fit$sampling$proposals), 0.85)
  hyper <- summary(fit)
  expect_gt(min(hyper$ess_bulk, hyper$ess_tail), 0.5 * 5000)
  # log(length) has a mean of twenty of its standard deviations.
  narrow <- suppressMessages(relm(log(mercury) ~ log(length) + (1 + log(length) | station), bass,
                                  chains = 1, draws = 2000, seed = 1))
  expect_identical(narrow$sampling$tuning$table$grid$size, rep(21L, 3))
  expect_gt(sum(narrow$sampling$accepted) / sum(narrow$sampling$proposals), 0.7)
  plain <- relm(log(mercury) ~ x + (1 + x | station), bass_centered(), chains = 1, draws = 20,
                seed = 1)
  expect_identical(plain$sampling$tuning$table$grid$size, rep(13L, 3))
})

test_that("only an axis of standard deviations that begins near 0 has a mirror image there", {
  quadratic <- function(points) -colSums((points - c(1.4, 0.7))^2) + points[1, ] * points[2, ] / 3
  for (low in c(1, 0.03)) {
    box <- list(low = c(low, 0.02), high = c(2, 1.3), floor = c(0, -Inf))
    grid <- table_axes(box, c(11, 11))
    expect_identical(grid$mirrored, c(low < 0.1, FALSE))
    grid$values <- quadratic(grid_points(grid$low, grid$step, grid$size))
    refined <- refine_grid(grid, 4L)
    exact <- quadratic(grid_points(refined$low, refined$step, refined$size))
    # Cubics are exact where no mirror image comes in.
    away <- if (low < 0.1) rep(seq_len(refined$size[1]) > 8, refined$size[2]) else TRUE
    expect_equal(refined$values[away], exact[away], tolerance = 1e-10)
  }
})

test_that("there is no box where the density is no number, and one about what is not", {
  no_number <- function(points) rep(NaN, ncol(points))
  expect_null(find_table_box(no_number, 0, 1, 0))
  expect_null(find_table_box(function(points) rep(Inf, ncol(points)), 0, 1, 0))
  half <- function(points) ifelse(points[1, ] < 0, NaN, -points[1, ]^2 / 2)
  box <- find_table_box(half, 1, 1, 0)
  expect_true(box$low < 0 && box$high > 4 && box$high < 20)
})

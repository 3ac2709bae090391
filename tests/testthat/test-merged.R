# Crossed groupings in one step: its target against dense covariances, its draws against a scan's.

crossings <- list(
  y ~ x + (1 | b) + (1 | c), y ~ x + (1 + x | b) + (1 + x | c), y ~ x + (1 | a) + (1 + x | b) + (1 | c),
  y ~ x + (1 | c) + (1 + x + v || b) + (1 | d), y ~ 1 + (0 + v | c) + (1 + x | b)
)

# Differences of the target's log densities from the dense ones', which are all the same.
off_dense <- function(formula, points, ...) {
  posterior <- posterior_of(formula, joint_data(), ...)
  model <- merged_model_of(posterior)
  expect_identical(length(model$steps), 1L)
  tuning <- tuning_of(model, "integrated")
  points <- points(length(tuning$center))
  dense <- apply(points, 2, function(point) {
    dense_log_marginal(posterior, numbers_of_step(model), factors_at(point, model, tuning)) +
      sum(log(cosh(point[seq_along(tuning$scale)])))
  })
  log_density_at(model, tuning, points, 1) - dense - jacobian_of_correlations(points, model)
}

any_points <- function(n) {
  set.seed(n)
  points <- matrix(rnorm(n * 6), n)
  # No grouping varies, and the first alone does not.
  points[, 1] <- 0
  points[1, 2] <- 0
  points
}

test_that("the target of crossed groupings in one step is that of the dense covariance", {
  for (formula in crossings) expect_lt(diff(range(off_dense(formula, any_points))), 1e-9)
  expect_lt(diff(range(off_dense(crossings[[2]], any_points, weights = w))), 1e-9)
})

test_that("rotations take over where products would cancel", {
  far <- function(n) {
    points <- any_points(n)[, 3:5]
    points[1, ] <- c(8, 9, 10)
    points
  }
  expect_lt(diff(range(off_dense(crossings[[1]], far))), 1e-5)
  expect_lt(diff(range(off_dense(crossings[[2]], far))), 1e-5)
})

test_that("several residual variances weigh the rows", {
  data <- joint_data()
  posterior <- posterior_of(y ~ x + (1 | b) + (1 + x | c), data, sigma = ~ d)
  model <- merged_model_of(posterior)
  tuning <- tuning_of(model, "given")
  sigma2 <- c(0.5, 1.2, 2)
  scale <- sigma2[match(data$d, posterior$strata$labels)]
  rows <- rows_of(posterior$design)
  points <- any_points(length(tuning$center))
  points[2, 3] <- 9
  dense <- apply(points, 2, function(point) {
    V <- diag(scale)
    for (g in 1:2) {
      L <- factors_at(point, model, tuning)[[g]]
      n_groups <- length(posterior$groupings[[g]]$groups)
      V <- V + tcrossprod(dense_effects(posterior)[[g]] %*% kronecker(diag(n_groups), L))
    }
    root <- chol(crossprod(cbind(rows$X, rows$y), solve(V, cbind(rows$X, rows$y))))
    -as.numeric(determinant(V)$modulus) / 2 - sum(log(diag(root)[1:2])) - root[3, 3]^2 / 2 +
      sum(log(cosh(point[seq_along(tuning$scale)])))
  })
  off <- log_density_at(model, tuning, points, sigma2) - dense -
    jacobian_of_correlations(points, model)
  expect_lt(diff(range(off)), 1e-6)
})

test_that("moments of the effects are those of the dense conditional", {
  for (formula in crossings) {
    posterior <- posterior_of(formula, joint_data(), weights = w)
    draw <- rep(0.7, nrow(posterior$parameters))
    draw[posterior$parameters$part == "cor"] <- -0.3
    # A grouping that does not vary has no effects.
    draw[which(posterior$parameters$part == "sd")[1]] <- 0
    moments <- effect_moments(merged_model_of(posterior), list(cbind(draw, draw)))
    dense <- dense_conditional(posterior, draw)
    ours <- unlist(lapply(moments, `[[`, "mean"))
    expect_equal(ours, dense$mean, tolerance = 1e-9)
    before <- 0
    for (g in seq_along(moments)) {
      q <- nrow(moments[[g]]$mean)
      for (j in seq_len(ncol(moments[[g]]$mean))) {
        own <- before + seq_len(q)
        expect_equal(matrix(moments[[g]]$covariance[, , j], q),
                     dense$covariance[own, own, drop = FALSE], tolerance = 1e-9)
        before <- before + q
      }
    }
  }
})

test_that("effects are drawn from the dense conditional", {
  posterior <- posterior_of(y ~ x + (1 | b) + (1 + x | c), joint_data(), weights = w)
  draw <- rep(0.7, nrow(posterior$parameters))
  draw[posterior$parameters$part == "cor"] <- -0.3
  n <- 2000
  all <- lapply(posterior$groupings, function(grouping) seq_along(grouping$groups) - 1L)
  drawn <- draw_deferred_effects(merged_model_of(posterior), matrix(draw, length(draw), n), 5L, all)
  drawn <- do.call(rbind, lapply(drawn, matrix, ncol = n))
  dense <- dense_conditional(posterior, draw)
  # Uncorrelated standard normals, with the root of the covariance taken off.
  z <- backsolve(chol(dense$covariance), drawn - dense$mean, transpose = TRUE)
  expect_lt(max(abs(rowMeans(z))) * sqrt(n), 4)
  squares <- tcrossprod(z) / n - diag(nrow(z))
  expect_lt(max(abs(squares[upper.tri(squares)])) * sqrt(n), 4.5)
  expect_lt(max(abs(diag(squares))) * sqrt(n / 2), 4)
})

# Means of log standard deviations and of coefficients, two fits apart, in their standard errors.
apart <- function(one, other) {
  vapply(dimnames(one$sampling$hyper)[[3]], function(variable) {
    draws <- lapply(list(one, other), function(fit) {
      drawn <- fit$sampling$hyper[, , variable]
      if (grepl("^sd_|^sigma", variable)) log(drawn) else drawn
    })
    means <- vapply(draws, mean, 0)
    diff(means) / sqrt(sum(vapply(draws, posterior::mcse_mean, 0)^2))
  }, 0)
}

test_that("draws of one step and of a scan have one posterior", {
  skip_on_cran()
  for (case in list(list(y ~ x + (1 | b) + (1 | c)), list(y ~ x + (1 + x | b) + (1 | c)),
                    list(y ~ x + (1 | b) + (1 | c), sigma = ~ d))) {
    arguments <- c(case, list(data = joint_data(120), draws = 1500, progress = FALSE))
    merged <- in_one_step(do.call(relm, c(arguments, seed = 1)))
    scanned <- by_scan(do.call(relm, c(arguments, seed = 2)))
    expect_true(merged$sampling$merged)
    expect_null(scanned$sampling$merged)
    expect_lt(max(abs(apart(merged, scanned))), 4)
    for (g in 1:2) {
      effects <- lapply(list(merged, scanned), function(fit) {
        simplify2array(lapply(effect_draws(fit, 1:5, 1L, g), function(drawn) drawn[1, , ]))
      })
      error <- vapply(1:5, function(j) {
        sqrt(sum(vapply(effects, function(drawn) posterior::mcse_mean(drawn[j, , ]), 0)^2))
      }, 0)
      expect_lt(max(abs(rowMeans(effects[[1]]) - rowMeans(effects[[2]])) / error), 4)
    }
  }
})

test_that("parameters that data were made with rank uniformly among draws", {
  skip_on_cran()
  ranks <- in_one_step(ranks_of_truth(y ~ x + (1 + x | b) + (1 | c), 60, 7000, thin = 1))
  expect_gt(least_uniform(ranks), 1e-4)
})

test_that("two groupings that nearly coincide are one step, whose draws are nearly independent", {
  skip_on_cran()
  set.seed(3)
  data <- data.frame(worker = rep(1:120, each = 4), x = rnorm(480))
  data$firm <- (data$worker - 1) %/% 8
  moved <- sample(480, 12)
  data$firm[moved] <- sample(0:14, 12, TRUE)
  data$y <- rnorm(120)[data$worker] + rnorm(15)[data$firm + 1] + rnorm(480)
  fit <- relm(y ~ x + (1 | worker) + (1 | firm), data, seed = 1, draws = 500, progress = FALSE)
  expect_true(fit$sampling$merged)
  summary <- posterior::summarise_draws(posterior::as_draws_array(fit$sampling$hyper), "ess_bulk")
  expect_gt(min(summary$ess_bulk), 1200)
})

test_that("it does not stick where a grouping hardly varies", {
  skip_on_cran()
  set.seed(9)
  data <- expand.grid(a = 1:12, b = 1:5)
  data$y <- rnorm(12)[data$a] + rnorm(60)
  fit <- relm(y ~ 1 + (1 | a) + (1 | b), data, seed = 1, progress = FALSE)
  expect_true(fit$sampling$merged)
  expect_gt(mean(fit$sampling$hyper[, , "sd_b__Intercept"] < 0.1), 0.1)
  summary <- posterior::summarise_draws(posterior::as_draws_array(fit$sampling$hyper), "ess_bulk",
                                        "ess_tail")
  expect_gt(min(summary$ess_bulk, summary$ess_tail), 0.1 * 4000)
})

test_that("where crossed groupings meet too often to be one step, a scan runs", {
  set.seed(4)
  data <- expand.grid(a = 1:30, b = 1:30)
  data$y <- rnorm(30)[data$a] + rnorm(30)[data$b] + rnorm(900)
  fit <- relm(y ~ 1 + (1 | a) + (1 | b), data, seed = 1, chains = 1, draws = 20, progress = FALSE)
  expect_null(fit$sampling$merged)
  few <- merged_model_of(posterior_of(y ~ 1 + (1 | a) + (1 | b), data[data$b < 4, ]))
  many <- merged_model_of(posterior_of(y ~ 1 + (1 | a) + (1 | b), data))
  expect_gt(cost_of_merged(many) / cost_of_merged(few), 3)
})

test_that("a chain in two pieces is the chain in one, and effects are had again", {
  fit <- function(draws, ...) {
    relm(y ~ x + (1 | b) + (1 | d), joint_data(), chains = 2, draws = draws, seed = 2,
         progress = FALSE, ...)
  }
  whole <- fit(300)
  expect_true(whole$sampling$merged)
  expect_identical(as.matrix(extend(fit(130), 170)), as.matrix(whole))
  again <- fit(300, group_draws = FALSE)
  some <- fit(300, group_draws = list(d = "2"))
  for (g in 1:2) {
    expect_identical(effect_draws(again, 3:1, g = g), effect_draws(whole, 3:1, g = g))
    expect_identical(effect_draws(some, 2L, g = g), effect_draws(whole, 2L, g = g))
  }
  other <- relm(y ~ x + (1 | b) + (1 | d), joint_data(), chains = 1, draws = 300, seed = 5,
                progress = FALSE)
  joined <- c(whole, other)
  expect_identical(effect_draws(joined, 1:3, g = 2L)[[3]], effect_draws(other, 1:3, g = 2L)[[1]])
})

test_that("moments are those of all draws, longer and joined, where effects are too many to keep", {
  fit <- function(draws, seed = 2) {
    in_one_step(relm(y ~ x + (1 | b) + (1 | d), joint_data(), chains = 1, draws = draws, seed = seed,
                     prior = relm_prior(sd = half_normal(1)), progress = FALSE))
  }
  many <- with_relm("kept_bytes", 1, {
    longer <- extend(fit(150), 250)
    list(whole = fit(400), longer = longer, joined = c(longer, fit(400, seed = 3)))
  })
  expect_identical(many$longer$sampling$moments, many$whole$sampling$moments)
  kept <- fit(400)
  expect_null(kept$sampling$moments)
  drawn <- ranef(kept, summary = FALSE)$b[, , 1]
  means <- as.numeric(as.matrix(ranef(many$whole)$b))
  # Of 100 draws, conditional means: within what draws differ by.
  expect_lt(max(abs(means - colMeans(drawn)) / apply(drawn, 2, sd)), 4 / sqrt(100))
  joined <- as.numeric(as.matrix(ranef(many$joined)$b))
  expect_gt(max(abs(joined - means)), 0)
  expect_lt(max(abs(joined - means) / apply(drawn, 2, sd)), 4 / sqrt(100))
})

test_that("several residual variances have their effects in the chain, in two pieces too", {
  fit <- function(draws) {
    in_one_step(relm(y ~ x + (1 | b) + (1 | c), joint_data(), sigma = ~ d, chains = 2, draws = draws,
                     seed = 2, progress = FALSE))
  }
  whole <- fit(60)
  expect_true(whole$sampling$merged)
  expect_identical(as.matrix(extend(fit(25), 35)), as.matrix(whole))
})

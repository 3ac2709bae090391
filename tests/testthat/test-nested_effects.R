# Deferred effects of a nested chain, given the hyperparameters, against their normal distribution.

test_that("draws of the effects of a chain have the mean and covariance of the dense conditional", {
  for (formula in list(y ~ x + (1 | a) + (1 + x | b), y ~ x + (1 + x | a) + (1 | b))) {
    posterior <- posterior_of(formula, joint_data(), weights = w)
    model <- model_of(posterior)
    n <- 20000
    set.seed(3)
    draw <- c(0.8, 1.1, 0.6 + runif(3) / 2, 0.4, 0.9)
    # In the order of drawing: the correlation follows the standard deviations of its grouping.
    order <- match(posterior$parameters$part, "sd", nomatch = 0) > 0
    draw[posterior$parameters$part == "cor"] <- 0.4
    draw[order] <- c(0.6, 0.9, 0.7)
    kept <- lapply(posterior$groupings, function(grouping) seq_along(grouping$groups) - 1L)
    drawn <- draw_deferred_effects(model, matrix(draw, length(draw), n), 5L, kept)
    all <- do.call(rbind, lapply(drawn, function(x) matrix(x, ncol = n)))
    dense <- dense_conditional(posterior, draw)
    z <- (rowMeans(all) - dense$mean) / sqrt(diag(dense$covariance) / n)
    expect_lt(max(abs(z)), 4.5)
    C <- dense$covariance
    z <- (stats::cov(t(all)) - C) / sqrt((C^2 + outer(diag(C), diag(C))) / n)
    expect_lt(max(abs(z)), 5)
  }
})

test_that("the draws of a group do not depend on which others are wanted, nor on when", {
  fit <- function(...) {
    relm(y ~ x + (1 | a) + (1 + x | b), joint_data(), chains = 2, draws = 300, seed = 4, ...)
  }
  all <- fit()
  none <- fit(group_draws = FALSE)
  some <- fit(group_draws = list(b = c("3", "9")))
  for (g in 1:2) {
    groups <- seq_along(all$posterior$groupings[[g]]$groups)
    expect_identical(effect_draws(none, groups, g = g), effect_draws(all, groups, g = g))
    expect_identical(effect_draws(none, rev(groups)[1:3], 1L, g), effect_draws(all, rev(groups)[1:3], 1L, g))
  }
  expect_identical(lengths(some$sampling$kept), c(0L, 2L))
  expect_identical(effect_draws(some, c(2L, 5L), g = 2), effect_draws(all, c(2L, 5L), g = 2))
  longer <- extend(fit(group_draws = FALSE), 30)
  expect_identical(effect_draws(longer, 4L, g = 2),
                   effect_draws(relm(y ~ x + (1 | a) + (1 + x | b), joint_data(), chains = 2,
                                     draws = 330, seed = 4), 4L, g = 2))
})

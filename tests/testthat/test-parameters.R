# The table of hyperparameters against what a model says of them.

test_that("each hyperparameter has a row that says what it belongs to", {
  data <- grouped_data(9)
  parameters <- posterior_of(y ~ x + v + (1 + x + v | g), data)$parameters

  expect_identical(parameters$part, rep(c("b", "sd", "cor", "sigma"), c(3, 3, 3, 1)))
  expect_identical(parameters$grouping, c(rep(NA, 3), rep("g", 6), NA))
  columns <- c("(Intercept)", "x", "v")
  expect_identical(parameters$column, c(columns, columns, "x", "v", "v", NA))
  expect_identical(parameters$with, c(rep(NA, 6), "(Intercept)", "(Intercept)", "x", NA))
  expect_identical(parameters$variable[7:9],
                   c("cor_g__Intercept__x", "cor_g__Intercept__v", "cor_g__x__v"))
  expect_identical(parameters$shown, 1:10)
})

test_that("correlations are of one block, whatever the order of the blocks' columns", {
  pairs <- correlated_columns(c(1, 2, 2, 3, 3, 3))
  expect_identical(pairs$first, c(2L, 4L, 4L, 5L))
  expect_identical(pairs$second, c(3L, 5L, 6L, 6L))
  expect_identical(correlated_columns(1:3), list(first = integer(), second = integer()))
  blocks <- list(list(columns = 1L, kind = "variance"), list(columns = 2:3, kind = "lkj"),
                 list(columns = 4:6, kind = "cs"), list(columns = 7:8, kind = "diag"))
  expect_equal(pairs_of_blocks(blocks), list(integer(), 1L, 2:4, integer()))
})

test_that("strata are drawn in the order of the rows and shown in that of their levels", {
  data <- grouped_data(9)
  data$f <- factor(data$f, rev(unique(as.character(data$f))))
  fit <- relm(y ~ x + (1 | g), data, sigma = ~ f, chains = 2, draws = 10, seed = 1)
  parameters <- fit$posterior$parameters
  sigma <- parameters[parameters$part == "sigma", ]

  expect_identical(sigma$stratum, unique(as.character(data$f)))
  expect_identical(variables(fit)[parameters$shown], parameters$variable)
  expect_identical(names(sigma(fit)), levels(data$f))
  expect_false(identical(order(parameters$shown), seq_len(nrow(parameters))))
})

test_that("a draw is what its table says", {
  data <- grouped_data(9)
  prior <- relm_prior(sigma = pooled(), sd = half_cauchy(1))
  posterior <- posterior_of(y ~ x + (1 + x | g), data, prior, sigma = ~ f)
  expect_identical(sum(posterior$parameters$part == "pool"), 2L)
  draw <- c(1, 2, 0.5, 2, -0.25, 1, 3, 4, 0.1)[seq_len(nrow(posterior$parameters))]
  state <- state_of(draw, posterior)

  expect_identical(state$beta, c(1, 2))
  expect_equal(state$Sigma[[1]], matrix(c(0.25, -0.25, -0.25, 4), 2))
  expect_identical(state$sigma2, draw[posterior$parameters$part == "sigma"]^2)
})

test_that("partial correlations give the correlations again", {
  set.seed(1)
  correlations <- t(replicate(5, {
    C <- cov2cor(crossprod(matrix(rnorm(12), 4)))
    C[upper.tri(C)]
  }))
  blocks <- list(list(columns = 1:2, kind = "lkj"), list(columns = 3L, kind = "variance"),
                 list(columns = 4:6, kind = "lkj"))
  z <- angles_of(cbind(0.3, correlations), blocks)
  expect_equal(z[, 1], rep(atanh(0.3), 5))
  for (i in 1:5) {
    L <- covariance_factors(list(sd = matrix(1, 1, 3), z = z[i, 2:4, drop = FALSE]),
                            list(list(columns = 1:3, kind = "lkj")))[, , 1]
    expect_equal(tcrossprod(L)[upper.tri(L)], correlations[i, ])
  }
})

test_that("each of several groupings has its rows, and a draw its covariance matrices", {
  posterior <- posterior_of(y ~ x + (1 + x | a) + (1 + x | c), several_data())
  parameters <- posterior$parameters
  expect_identical(parameters$part, c("b", "b", rep(c("sd", "sd", "cor"), 2), "sigma"))
  expect_identical(parameters$grouping, c(NA, NA, rep(c("a", "c"), each = 3), NA))
  expect_identical(places_of(posterior, "sd", "c"), 6:7)
  expect_identical(variables_of_part(posterior, "cor", "c"), "cor_c__Intercept__x")

  draw <- c(1, 2, 3, 4, 0.5, 5, 6, -0.25, 1)
  covariance <- function(s, r) matrix(c(s[1]^2, rep(r * prod(s), 2), s[2]^2), 2)
  expect_equal(state_of(draw, posterior)$Sigma,
               list(covariance(3:4, 0.5), covariance(5:6, -0.25)))
})

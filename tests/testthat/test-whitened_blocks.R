# Sigma given the effects themselves, where correlations may be near -1 and 1.

skip_on_cran()

# Rows that tell the effects but for a hundredth, with standard deviations and a correlation of theirs.
told_effects <- function(J, r) {
  set.seed(6)
  effects <- matrix(rnorm(2 * J), J) %*% chol(matrix(c(1, r, r, 1), 2))
  data <- data.frame(g = rep(seq_len(J), each = 4), x = rep(c(-1, -0.5, 0.5, 1), J), w = 1e4)
  data$y <- effects[data$g, 1] + effects[data$g, 2] * data$x + rnorm(4 * J, sd = 0.01)
  data
}

test_that("a whole matrix is proposed where the effects are told, and is drawn right", {
  for (r in c(0, 0.9)) {
    data <- told_effects(8, r)
    fit <- relm(y ~ 0 + (1 + x | g), data, weights = w, sampler = "interweaved", draws = 4000,
                seed = 7, prior = relm_prior(sd = half_normal(1), cor = lkj(0.3),
                                             sigma = known_sigma))
    expect_grid(fit, 0.3, data, seq(-2, 1.5, 0.04), atanh(r) + seq(-4, 4, 0.04), paste("r", r))
    # Slices given the whitened effects move by a hundredth: it is the proposals that carry it.
    ess <- posterior::ess_bulk(fit$sampling$hyper[, , "sd_g__Intercept"])
    expect_gt(ess, 2000)
  }
})

test_that("a standard deviation beside such a block has its closed form", {
  data <- told_effects(8, 0.5)
  set.seed(8)
  data$v <- rep(c(1, -1, -1, 1), 8)
  effect <- rnorm(8)
  data$y <- data$y + effect[data$g] * data$v
  fit <- relm(y ~ 0 + (1 + x | g) + (0 + v | g), data, weights = w, sampler = "interweaved",
              draws = 8000, seed = 9,
              prior = relm_prior(sd = list(Intercept = half_normal(1), x = half_normal(1)),
                                 cor = lkj(0.3), sigma = known_sigma))
  # Under a uniform one tau^2 ~ IG((J - 1)/2, sum of squares/2), within what the rows leave open.
  told <- vapply(split(data, data$g), function(own) {
    coef(lm(y ~ x + v, own))[["v"]]
  }, 0)
  tau <- fit$sampling$hyper[, , "sd_g__v"]
  probabilities <- c(0.1, 0.3, 0.5, 0.7, 0.9)
  limits <- sqrt(sum(told^2) / 2 / qgamma(1 - probabilities, 7 / 2))
  expect_shares(lapply(limits, function(l) tau < l), probabilities, "variance")
})

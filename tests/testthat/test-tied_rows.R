# Responses that are alike, and t residuals: with Jeffreys' prior the posterior exists if
# nu (n - s) > s - m, nu being 1 at least.

fit_tied <- function(y, formula = y ~ 1, ..., data = data.frame(y = y)) {
  relm(formula, data, family = student(), ..., seed = 1, draws = 5, chains = 1)
}

test_that("an intercept needs enough responses that differ", {
  set.seed(1)
  # s - 1 < n - s: 10 of 20 may be alike, 11 may not.
  expect_s3_class(fit_tied(c(rep(0, 10), rnorm(10))), "relm")
  expect_error(fit_tied(c(rep(0, 11), rnorm(9))), "11 of 20 can be fitted exactly",
               class = "relm_error")
  # Half-normal priors are positive at zero: one more. Inverse gamma ones vanish there.
  proper <- function(s, sigma) {
    fit_tied(c(rep(0, s), rnorm(20 - s)), prior = relm_prior(sigma = sigma))
  }
  expect_s3_class(fit_tied(c(rep(0, 11), rnorm(10)), prior = relm_prior(sigma = half_normal(1))),
                  "relm")
  expect_error(fit_tied(c(rep(0, 11), rnorm(10))), "11 of 21", class = "relm_error")
  expect_error(proper(11, half_normal(1)), "11 of 20", class = "relm_error")
  expect_s3_class(proper(15, inverse_gamma(1, 1)), "relm")
  expect_s3_class(proper(15, fixed(1)), "relm")
})

test_that("known degrees of freedom say how much the others weigh", {
  set.seed(2)
  known <- function(s, df) {
    fit_tied(c(rep(2, s), rnorm(20 - s)), prior = relm_prior(df = fixed(df)))
  }
  # s - 1 < 4 (20 - s): 16 and no more.
  expect_s3_class(known(16, 4), "relm")
  expect_error(known(17, 4), "17 of 20", class = "relm_error")
})

test_that("slopes take directions away, and groups have theirs", {
  set.seed(3)
  data <- data.frame(y = c(rep(0, 11), rnorm(10)), x = rnorm(21))
  expect_s3_class(fit_tied(formula = y ~ x, data = data), "relm")
  data$y[12] <- 0
  expect_error(fit_tied(formula = y ~ x, data = data), "12 of 21", class = "relm_error")
  # Six effects, each the most frequent value of its group.
  grouped <- data.frame(g = rep(1:6, each = 8), y = rnorm(48))
  tied <- function(each) {
    for (g in 1:6) grouped$y[8 * (g - 1) + seq_len(each)] <- g
    fit_tied(formula = y ~ 1 + (1 | g), data = grouped)
  }
  expect_s3_class(tied(4), "relm")
  expect_error(tied(5), "30 of 48", class = "relm_error")
})

test_that("levels of the residual variance are judged one by one", {
  set.seed(4)
  data <- data.frame(f = rep(c("a", "b"), each = 20), y = rnorm(40))
  data$y[1:12] <- 1
  expect_s3_class(fit_tied(formula = y ~ f, data = data), "relm")
  expect_error(fit_tied(formula = y ~ f, sigma = ~ f, data = data), "12 of 20",
               class = "relm_error")
})

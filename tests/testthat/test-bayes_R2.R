data <- grouped_data(7)
fit <- relm(y ~ x + (1 | g), data, weights = w, chains = 2, draws = 50, seed = 3)

draws_of <- function(...) bayes_R2(..., summary = FALSE)

test_that("it is the variance of means over itself and the modelled residual variance", {
  mean <- posterior_epred(fit)
  variance <- apply(mean, 1, var)
  sigma <- as.matrix(fit, "sigma")[, 1]
  expect_equal(draws_of(fit), variance / (variance + sigma^2 * mean(1 / data$w)))
  error <- apply(rep(data$y, each = 100) - mean, 1, var)
  expect_equal(draws_of(fit, residual = TRUE), variance / (variance + error))
})

test_that("group effects may be left out, draws chosen, and rows new", {
  variance <- apply(posterior_epred(fit, re_formula = NA, draw_ids = 4:9), 1, var)
  sigma <- as.matrix(fit, "sigma")[4:9, 1]
  expect_equal(draws_of(fit, re_formula = NA, draw_ids = 4:9),
               variance / (variance + sigma^2 * mean(1 / data$w)))
  expect_equal(draws_of(fit, data), draws_of(fit))
  expect_error(draws_of(fit, data[1, ]), "two", class = "relm_error")
})

test_that("residual variances by level are averaged over the rows", {
  by_level <- relm(y ~ x + (1 | g), data, sigma = ~ f, chains = 1, draws = 20, seed = 3)
  variance <- apply(posterior_epred(by_level), 1, var)
  sigmas <- as.matrix(by_level, sprintf("sigma_f[%s]", c("a", "b", "c")))
  sigma2 <- rowMeans(sigmas[, match(data$f, c("a", "b", "c"))]^2)
  expect_equal(draws_of(by_level), variance / (variance + sigma2))
})

test_that("the table has brms's shape", {
  table <- bayes_R2(fit)
  expect_identical(dimnames(table), list("R2", c("Estimate", "Est.Error", "Q2.5", "Q97.5")))
  expect_equal(table[1, 1], median(draws_of(fit)))
  other <- bayes_R2(fit, probs = c(0.1, 0.9), robust = FALSE)
  R2 <- draws_of(fit)
  expect_equal(other[1, ], c(Estimate = mean(R2), Est.Error = sd(R2),
                             Q10 = quantile(R2, 0.1, names = FALSE),
                             Q90 = quantile(R2, 0.9, names = FALSE)))
  expect_equal(bayes_R2(fit, robust = TRUE)[1, 2], mad(R2))
  expect_error(bayes_R2(fit, probs = 2), "`probs`", class = "relm_error")
  expect_error(bayes_R2(fit, robust = NA), "`robust`", class = "relm_error")
  expect_error(bayes_R2(fit, resp = "y"), "no argument `resp`", class = "relm_error")
})

test_that("columns in parts have the variance of the whole, far from zero too", {
  set.seed(1)
  values <- 1e8 + matrix(rnorm(60), 3)
  sums <- new_variance(3)
  for (part in list(1:7, 8, 9:20)) {
    sums <- add_columns(sums, values[, part, drop = FALSE], rep(1, length(part)))
  }
  expect_equal(sums$squares / 19, apply(values, 1, var), tolerance = 1e-6)
  expect_equal(sums$mean, rowMeans(values))
  times <- rep(c(1, 4, 2), length.out = 20)
  whole <- add_columns(add_columns(new_variance(3), values[, 1:5], times[1:5]), values[, 6:20], times[6:20])
  expect_equal(whole$squares / (sum(times) - 1), tolerance = 1e-6,
               apply(values[, rep(1:20, times)], 1, var))
})

test_that("rstanarm's and rstantools' answers are the same where they should be", {
  skip_if_not_installed("rstantools")
  expect_identical(rstantools::bayes_R2(fit, summary = FALSE), draws_of(fit))
  # rstantools takes the residuals' own variance.
  expect_equal(rstantools::bayes_R2(posterior_epred(fit), data$y), draws_of(fit, residual = TRUE))
  expect_equal(bayes_R2(posterior_epred(fit), data$y), draws_of(fit, residual = TRUE))
})

test_that("of other families it is the variance of the means over that and the family's", {
  data <- response_data()
  fits <- family_fits(data)
  for (name in names(fits)) {
    fit <- fits[[name]]
    rows <- rows_of_fit_family(name, fit, data)
    mean <- posterior_epred(fit)
    # A row that stands in the data several times is as many rows.
    each <- if (name == "counts") rep(seq_len(nrow(data)), data$times) else seq_len(nrow(data))
    between <- apply(mean[, each], 1, stats::var)
    within <- matrix(plain_sd(name, rows, as.numeric(mean))^2, ndraws(fit))
    expect_equal(bayes_R2(fit, summary = FALSE), between / (between + rowMeans(within[, each])))
    errors <- matrix(rows$y / rows$trials, ndraws(fit)) - mean
    expect_equal(bayes_R2(fit, summary = FALSE, residual = TRUE),
                 between / (between + apply(errors[, each], 1, stats::var)))
  }
})

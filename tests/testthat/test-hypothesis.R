data <- grouped_data()
fit <- relm(y ~ x + (1 + x | g), data, chains = 2, draws = 200, seed = 1)
draws <- as.matrix(fit)

test_that("probabilities, ratios and intervals are those of the draws of a difference", {
  found <- hypothesis(fit, c("x > 0.5", small = "2 * x < Intercept", "x = 0.5"))
  x <- unname(draws[, "b_x"])
  difference <- unname(2 * x - draws[, "b_Intercept"])
  table <- found$hypothesis
  expect_identical(table$Hypothesis, c("(x)-(0.5) > 0", "small", "(x)-(0.5) = 0"))
  expect_equal(found$samples, data.frame(H1 = x - 0.5, H2 = difference, H3 = x - 0.5))
  expect_equal(table$Post.Prob[1:2], c(mean(x > 0.5), mean(difference < 0)))
  expect_equal(table$Evid.Ratio[1], sum(x > 0.5) / sum(x < 0.5))
  expect_equal(table$Estimate, c(median(x) - 0.5, median(difference), median(x) - 0.5))
  interval <- function(values, p) unname(quantile(values, p))
  expect_equal(c(table$CI.Lower, table$CI.Upper),
               c(interval(x, 0.05) - 0.5, interval(difference, 0.05), interval(x, 0.025) - 0.5,
                 interval(x, 0.95) - 0.5, interval(difference, 0.95), interval(x, 0.975) - 0.5))
  outside <- prod(interval(x, c(0.025, 0.975)) - 0.5) > 0
  expect_identical(table$Star, ifelse(c(table$Post.Prob[1:2] > 0.95, outside), "*", ""))
})

test_that("names are found by class and group, or written in full", {
  difference <- function(...) hypothesis(fit, ...)$samples$H1
  expect_equal(difference("x > 1", class = "sd"), unname(draws[, "sd_g__x"]) - 1)
  expect_equal(difference("g__x > Intercept", class = "sd", group = "g"),
               unname(draws[, "sd_g__x"] - draws[, "sd_g__Intercept"]))
  expect_equal(difference("Intercept__x = 0", class = "cor"), unname(draws[, "cor_g__Intercept__x"]))
  expect_equal(difference("b_x < sigma", class = ""), unname(draws[, "b_x"] - draws[, "sigma"]))
  expect_equal(difference("r_g[g1,x] > r_g[g2,x]"), unname(draws[, "r_g[g1,x]"] - draws[, "r_g[g2,x]"]))
  expect_equal(difference("coef_g[g1,x] > x"), unname(draws[, "r_g[g1,x]"]))
})

test_that("hypotheses of groups have a row for each", {
  found <- hypothesis(fit, c("Intercept > x", "x = 0"), scope = "ranef")
  expect_identical(found$hypothesis$Group, rep(paste0("g", 1:7), 2))
  first <- draws[, "r_g[g3,Intercept]"] - draws[, "r_g[g3,x]"]
  expect_equal(found$samples$H3, unname(first))
  expect_equal(found$samples$H10, unname(draws[, "r_g[g3,x]"]))
  expect_equal(found$hypothesis$Post.Prob[3], mean(first > 0))
  coefs <- hypothesis(fit, "x > 0.5 + sigma", scope = "coef", group = "g")
  expect_equal(coefs$samples$H2, unname(draws[, "b_x"] + draws[, "r_g[g2,x]"] - 0.5 - draws[, "sigma"]))
})

test_that("moments are shown where they exist", {
  # Of seven groups with two columns, the density of a standard deviation falls like t^-4 or slower.
  tail <- fit$posterior$parameters$tail[match("sd_g__x", fit$posterior$parameters$variable)]
  few <- hypothesis(fit, c("sd_g__x > 1", "sd_g__x^2 > 1", "exp(x) > 1",
                           "sd_g__x^2 / (sd_g__x^2 + sigma^2) > 0.5"), robust = FALSE)$hypothesis
  expect_identical(is.na(few$Estimate), c(tail <= 2, (tail - 1) / 2 <= 1, TRUE, FALSE))
  expect_identical(is.na(few$Est.Error), c(tail <= 3, (tail - 1) / 2 <= 2, TRUE, FALSE))
  share <- draws[, "sd_g__x"]^2 / (draws[, "sd_g__x"]^2 + draws[, "sigma"]^2)
  expect_equal(few$Estimate[4], mean(share) - 0.5)
  expect_equal(few$Est.Error[4], sd(share))
  expect_equal(hypothesis(fit, "exp(x) > 1", robust = TRUE)$hypothesis$Est.Error, mad(exp(draws[, "b_x"])))
})

# y ~ x with b_x ~ N(0, s^2), a flat intercept and p(sigma) = 1/sigma: given sigma the density of b_x is
# normal, and that of sigma is integrated by quadrature.
density_by_quadrature <- function(x, y, s, at) {
  x <- x - mean(x)
  y <- y - mean(y)
  least <- sum(x * y) / sum(x^2)
  rest <- sum((y - least * x)^2)
  sigma <- sqrt(rest / length(y)) * exp(seq(-2, 2, length.out = 4001))
  # sigma^-n, times sigma for each of the intercept and b_x, 1/sigma of the prior, sigma for log(sigma).
  weight <- -(length(y) - 2) * log(sigma) - rest / (2 * sigma^2) +
    dnorm(least, 0, sqrt(s^2 + sigma^2 / sum(x^2)), log = TRUE)
  weight <- exp(weight - max(weight))
  precision <- sum(x^2) / sigma^2 + 1 / s^2
  sum(weight * dnorm(at, sum(x * y) / sigma^2 / precision, 1 / sqrt(precision))) / sum(weight)
}

test_that("the ratio of a point is that of densities by quadrature", {
  set.seed(2)
  x <- rnorm(30)
  y <- 1 + 0.3 * x + rnorm(30)
  line <- relm(y ~ x, data.frame(x, y), prior = relm_prior(beta = list(x = normal(0, 1.5))), chains = 2,
               draws = 5000, seed = 1)
  for (at in c(0, 0.3)) {
    exact <- density_by_quadrature(x, y, 1.5, at) / dnorm(at, 0, 1.5)
    found <- hypothesis(line, paste("x =", at), seed = 1)
    # Four errors of both kernels: test-point_evidence.R.
    expect_equal(found$hypothesis$Evid.Ratio, exact, tolerance = 0.12)
    expect_equal(found$hypothesis$Post.Prob, found$hypothesis$Evid.Ratio / (1 + found$hypothesis$Evid.Ratio))
    expect_length(found$prior_samples$H1, 40000)
  }
  expect_identical(hypothesis(line, "x = 0", seed = 1), hypothesis(line, "x = 0", seed = 1))
})

test_that("without a proper prior, or draws near the point, there is no ratio, and the reason is told", {
  found <- hypothesis(fit, c("x = 0", "sd_g__x = 1", "x > 0"))
  expect_identical(found$hypothesis$Evid.Ratio[1:2], c(NA_real_, NA_real_))
  expect_match(found$reasons[1:2], "improper: (b_x: flat|sd_g__x: uniform)[(][)]")
  expect_identical(found$reasons[3], NA_character_)
  expect_true(all(is.na(found$prior_samples)))
  proper <- relm(y ~ x, data, prior = relm_prior(beta = list(x = normal(0, 5))), chains = 1, draws = 500, seed = 1)
  expect_match(hypothesis(proper, "x = 9")$reasons, "posterior has hardly a draw near")
  expect_printed(hypothesis(fit, c("x = 0.8", "x > 0.8")))
})

test_that("a session's stream is taken from only where a prior is drawn", {
  set.seed(5)
  before <- .Random.seed
  hypothesis(fit, "x > 0")
  expect_identical(.Random.seed, before)
})

test_that("what cannot be tested is refused", {
  expect_messages(expression(
    hypothesis(fit),
    hypothesis(fit, 3),
    hypothesis(fit, "z > 1"),
    hypothesis(fit, "sd_g > 1"),
    hypothesis(fit, "x > 1", class = "ar"),
    hypothesis(fit, "x > 1", group = "g"),
    hypothesis(fit, "x > 1", class = "sd", group = "h"),
    hypothesis(fit, "x > 1", scope = "both"),
    hypothesis(fit, "v > 1", scope = "ranef"),
    hypothesis(fit, "x > 1", alpha = 2),
    hypothesis(fit, "x > 1", robust = 2),
    hypothesis(fit, "x > 1", prob = 0.9)
  ))
  line <- relm(y ~ x, data, chains = 1, draws = 20, seed = 1)
  expect_error(hypothesis(line, "x > 1", scope = "ranef"), "needs group effects", class = "relm_error")
})

test_that("fits of cross-products, and effects that are not kept, are asked the same", {
  sums <- relm(crossprods(y ~ x + (1 + x | g), data), chains = 2, draws = 200, seed = 1, group_draws = FALSE)
  expect_equal(hypothesis(sums, "r_g[g1,x] > x")$hypothesis, hypothesis(fit, "r_g[g1,x] > x")$hypothesis)
})

# Coordinates in which samplers work.

test_that("columns of very different sizes are fitted as least squares fits them", {
  set.seed(9)
  x <- runif(100, 1e5, 1e6)
  data <- data.frame(x, y = 1 + x / 1e6 + (x / 1e6)^3 + rnorm(100))
  fit <- relm(y ~ x + I(x^2) + I(x^3), data, chains = 1, draws = 20000, seed = 1)
  reference <- lm(y ~ x + I(x^2) + I(x^3), data)
  draws <- as.matrix(fit, "^b_", regex = TRUE)
  distance <- (colMeans(draws) - coef(reference)) / (apply(draws, 2, sd) / sqrt(20000))
  expect_lt(max(abs(distance)), 4)
})

# Those of car, as Fox and Monette (1992) define them, from a covariance matrix.
data <- transform(grouped_data(), f = factor(f), z = x + rnorm(46, 0, 0.3))

test_that("variance inflation is that of the coefficients' posterior correlations", {
  fit <- relm(y ~ x + z + (1 | g), data, seed = 1, chains = 2, draws = 500)
  r <- cor(as.matrix(fit, c("b_x", "b_z")))[1, 2]
  expect_equal(vif.relm(fit), c(x = 1, z = 1) / (1 - r^2))
})

test_that("terms of several columns have generalized factors, which a basis does not change", {
  factors <- lapply(c(FALSE, TRUE), function(raw) {
    fit <- relm(y ~ poly(x, 2, raw = raw) + f + z + (1 | g), data, seed = 1, chains = 2, draws = 500)
    vif.relm(fit)
  })
  expect_identical(colnames(factors[[1]]), c("GVIF", "Df", "GVIF^(1/(2*Df))"))
  expect_identical(unname(factors[[1]][, "Df"]), c(2, 2, 1))
  expect_equal(factors[[1]], factors[[2]], ignore_attr = TRUE, tolerance = 1e-6)
  expect_equal(factors[[1]][, 3], factors[[1]][, 1]^(1 / (2 * factors[[1]][, 2])))
})

test_that("car finds the method", {
  skip_if_not_installed("car")
  fit <- relm(y ~ x + z + (1 | g), data, seed = 1, chains = 2, draws = 50)
  expect_identical(car::vif(fit), vif.relm(fit))
})

test_that("one term has nothing to be inflated by", {
  fit <- relm(y ~ x + (1 | g), data, seed = 1, chains = 1, draws = 5)
  expect_error(vif.relm(fit), "two terms, and the model has `x`", class = "relm_error")
  fit <- relm(y ~ 1 + (1 | g), data, seed = 1, chains = 1, draws = 5)
  expect_error(vif.relm(fit), "two terms, and the model has none", class = "relm_error")
})

data <- grouped_data()
fit <- relm(y ~ x + (1 | g), data, seed = 1, chains = 2, draws = 100, weights = w, sigma = ~ f)

test_that("residuals are the response less its mean", {
  expect_equal(residuals(fit), setNames(data$y, rownames(data)) - fitted(fit))
  expect_identical(residuals(fit, type = "response"), residuals(fit))
  table <- residuals(fit, summary = TRUE, probs = c(0.1, 0.9))
  fitted <- fitted(fit, summary = TRUE, probs = c(0.1, 0.9))
  expect_equal(unname(table),
               unname(cbind(data$y - fitted[, 1], fitted[, 2], data$y - fitted[, 4:3])))
  expect_identical(colnames(table), c("Estimate", "Est.Error", "Q10", "Q90"))
})

test_that("Pearson residuals are in units of their standard deviation", {
  levels <- c("a", "b", "c")
  sigma <- as.matrix(fit, sprintf("sigma_f[%s]", levels))[, match(data$f, levels)]
  errors <- rep(data$y, each = 200) - posterior_epred(fit)
  expected <- apply(errors / sigma * rep(sqrt(data$w), each = 200), 2, median)
  set.seed(1)
  before <- .Random.seed
  expect_equal(residuals(fit, type = "pearson"), expected)
  expect_identical(.Random.seed, before)
})

test_that("deviance residuals and scaled ones are those of lm and lme4", {
  one <- relm(y ~ x + (1 | g), data, seed = 1, chains = 2, draws = 100, weights = w)
  sigma <- as.numeric(as.matrix(one, "sigma"))
  errors <- rep(data$y, each = 200) - posterior_epred(one)
  root <- rep(sqrt(data$w), each = 200)
  medians <- function(draws) apply(draws, 2, median)
  expect_equal(residuals(one, type = "deviance"), medians(errors * root))
  expect_equal(residuals(one, type = "deviance", scaled = TRUE), medians(errors * root / sigma))
  expect_equal(residuals(one, scaled = TRUE), medians(errors / sigma))
  expect_equal(residuals(one, type = "response", scaled = TRUE), residuals(one, scaled = TRUE))
  expect_equal(residuals(one, type = "pearson", scaled = TRUE), residuals(one, type = "pearson"))
  expect_equal(residuals(relm(y ~ x, data, seed = 1, chains = 1, draws = 20), type = "deviance"),
               residuals(relm(y ~ x, data, seed = 1, chains = 1, draws = 20)))
  # With several residual variances each row has its own.
  own <- as.matrix(fit, sprintf("sigma_f[%s]", c("a", "b", "c")))[, match(data$f, c("a", "b", "c"))]
  expect_equal(residuals(fit, scaled = TRUE),
               medians((rep(data$y, each = 200) - posterior_epred(fit)) / own))
  skip_if_not_installed("lme4")
  merMod <- lme4::lmer(y ~ x + (1 | g), data, weights = w)
  ratio <- function(type) residuals(merMod, type = type) / residuals(merMod)
  expect_equal(residuals(one, type = "deviance") / residuals(one), ratio("deviance"))
})

test_that("predictive errors are the response less a prediction", {
  errors <- predictive_error(fit, seed = 4)
  expect_equal(errors, rep(data$y, each = 200) - posterior_predict(fit, seed = 4))
  expect_equal(residuals(fit, method = "posterior_predict", seed = 4), apply(errors, 2, median))
})

test_that("new rows need their response", {
  rows <- data[c(4, 9, 2), ]
  expect_equal(residuals(fit, rows), residuals(fit)[c(4, 9, 2)])
  expect_equal(predictive_error(fit, rows, seed = 1),
               rep(rows$y, each = 200) - posterior_predict(fit, rows, seed = 1))
  rows$y <- NULL
  expect_error(residuals(fit, rows), "no column.*y", class = "relm_error")
  logged <- relm(exp(y) ~ x, data, seed = 1, chains = 1, draws = 20)
  expect_equal(residuals(logged, data[1:2, ]), residuals(logged)[1:2])
})

test_that("what cannot be asked for is refused", {
  expect_error(residuals(fit, type = "partial"), "type.*pearson", class = "relm_error")
  expect_error(residuals(fit, method = "posterior_predict", scaled = TRUE), "scaled",
               class = "relm_error")
  expect_error(residuals(fit, method = "predict"), "method", class = "relm_error")
  expect_error(residuals(fit, method = "posterior_predict", type = "pearson"), "pearson",
               class = "relm_error")
  expect_error(predictive_error(fit, fun = exp), "predictive_error.*fun", class = "relm_error")
})

test_that("residuals of other families are glm()'s at each draw", {
  data <- response_data()
  fits <- family_fits(data)
  for (name in names(fits)) {
    fit <- fits[[name]]
    rows <- rows_of_fit_family(name, fit, data)
    mean <- as.numeric(posterior_epred(fit))
    errors <- rows$y / rows$trials - mean
    drawn <- function(...) as.numeric(residuals(fit, summary = FALSE, ...))
    expect_equal(drawn(), errors)
    expect_equal(drawn(type = "pearson"), errors / plain_sd(name, rows, mean) * sqrt(rows$times))
    deviance <- drawn(type = "deviance")
    expect_equal(sign(deviance), sign(errors))
    row <- switch(name, counts = rows$y, dispersed = rows$y, rows$y / rows$trials)
    at_best <- plain_row_density(name, rows, row)
    expect_equal(deviance^2 / 2, at_best - plain_row_density(name, rows, mean), tolerance = 1e-8)
    predicted <- residuals(fit, method = "posterior_predict", summary = FALSE, seed = 4)
    y <- as.numeric(posterior_predict(fit, seed = 4))
    expect_equal(as.numeric(predicted), (rows$y - y) / rows$trials)
    expect_equal(as.numeric(predictive_error(fit, seed = 4)), rows$y - y)
    expect_equal(unname(residuals(fit, newdata = data[5:9, ])), unname(residuals(fit)[5:9]))
    expect_error(residuals(fit, scaled = TRUE), "has none", class = "relm_error")
  }
  expect_error(sigma(fits$counts), "no residual standard deviation", class = "relm_error")
  expect_error(sigma(fits$dispersed), "The shape is among its draws", class = "relm_error")
})

data <- grouped_data()
fit <- relm(log(y + 9) ~ x + (1 | g), data, weights = w, seed = 4, chains = 2, draws = 50)

test_that("a refit is the fit of the other response", {
  set.seed(1)
  new <- log(data$y + 9) + rnorm(nrow(data))
  data$new <- new
  expected <- relm(new ~ x + (1 | g), data, weights = w, seed = 4, chains = 2, draws = 50)
  for (values in list(new, data.frame(sim_1 = new), matrix(new))) {
    expect_identical(as.matrix(refit(fit, values)), as.matrix(expected))
  }
  again <- refit(fit, log(data$y + 9))
  expect_identical(as.matrix(again), as.matrix(fit))
  expect_identical(fitted(refit(fit, new)), fitted(expected))
  expect_identical(residuals(refit(fit, new)), residuals(expected))
  expect_false(identical(as.matrix(refit(fit, new, seed = 5)), as.matrix(expected)))
})

test_that("simulated responses fit, rows that were left out included", {
  data$x[c(2, 5)] <- NA
  part <- suppressMessages(relm(y ~ x + (1 | g), data, na.action = na.exclude, seed = 1, chains = 1,
                                draws = 20))
  simulated <- simulate(part, seed = 2)
  again <- refit(part, simulated)
  expect_identical(nobs(again), 44L)
  y <- as.numeric(na.omit(simulated[[1]]))
  expect_equal(unname(model.response(model.frame(again))), y)
  expect_equal(getData(again)$y, y)
})

test_that("responses that are none are refused, and update() needs the data", {
  expect_error(refit(fit, 1:3), "newresp.*46 numbers", class = "relm_error")
  expect_error(refit(fit, letters[rep(1, 46)]), "newresp", class = "relm_error")
  expect_error(refit(fit, rep(NA_real_, 46)), "finite", class = "relm_error")
  expect_error(refit(fit), "missing", class = "relm_error")
  expect_error(refit(fit, data$y, draws = 5), "no argument", class = "relm_error")
  again <- refit(fit, data$y)
  expect_error(update(again, draws = 10), "refit.*data", class = "relm_error")
  expect_s3_class(update(again, draws = 10, data = data), "relm")
  small <- relm(crossprods(y ~ x, data = data), seed = 1, chains = 1, draws = 5)
  expect_error(refit(small, data$y), "needs the data", class = "relm_error")
})

test_that("other packages' fits are passed on", {
  skip_if_not_installed("lme4")
  merMod <- lme4::lmer(y ~ x + (1 | g), data)
  expect_equal(lme4::fixef(refit(merMod, data$v)), lme4::fixef(lme4::refit(merMod, data$v)))
})

test_that("a model of several groupings is fitted to another response", {
  fit <- nested_fit(draws = 20)
  data <- several_data()
  again <- refit(fit, 3 * data$y)
  direct <- relm(I(3 * y) ~ x + (1 | a) + (1 + x | a:b), data, seed = 1, chains = 2, draws = 20)
  expect_equal(unname(as.matrix(again)), unname(as.matrix(direct)))
})

test_that("a new response has the type of the old one", {
  data <- transform(response_data(), f = factor(b, 0:1, c("no", "yes")))
  fits <- family_fits(data)
  refused <- function(fit, newresp, says) {
    expect_error(refit(fit, newresp), says, class = "relm_error")
  }
  refused(fits$cbind, data$s, "60 rows of successes and failures")
  refused(fits$cbind, cbind(data$m, -1), "failures.*negative")
  refused(family_fit(f ~ x, data, binomial()), data$b, "a factor with the same levels")
  refused(fits$bernoulli, data$b + 1, "must be 0 or 1")
  refused(fits$counts, data$k / 2, "whole numbers")
  refused(fits$counts, factor(data$k), "60 numbers")
})

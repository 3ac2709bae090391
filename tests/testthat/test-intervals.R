data <- grouped_data()
fit <- relm(y ~ x + f + (1 | g), data, seed = 1, chains = 2, draws = 100)
limits <- function(draws, probs) t(apply(draws, 2, quantile, probs, names = FALSE))

test_that("posterior_interval() has central quantiles of the parameters, 95% unless asked", {
  all <- posterior_interval(fit)
  expect_identical(dimnames(all), list(variables(fit), c("2.5%", "97.5%")))
  expect_equal(unname(all), unname(limits(as.matrix(fit), c(0.025, 0.975))))
  some <- posterior_interval(fit, prob = 0.5, variable = c("sigma", "b_x"))
  expect_identical(dimnames(some), list(c("sigma", "b_x"), c("25%", "75%")))
  expect_identical(posterior_interval(fit, prob = 0.5, pars = "sigma", regex_pars = "^b_x$"), some)
  expect_identical(posterior_interval(fit, variable = "^sd_", regex = TRUE),
                   all["sd_g__Intercept", , drop = FALSE])
})

test_that("confint() has those of the coefficients, as lm() names them", {
  table <- confint(fit)
  line <- confint(lm(y ~ x + f, data))
  expect_identical(dimnames(table), dimnames(line))
  expect_equal(unname(table), unname(limits(as.matrix(fit, "^b_", regex = TRUE), c(0.025, 0.975))))
  expect_identical(confint(fit, "x", level = 0.9), confint(fit, 2, level = 0.9))
  expect_identical(colnames(confint(fit, "x", level = 0.9)), c("5 %", "95 %"))
})

test_that("predictive_interval() has those of predictions", {
  expect_equal(unname(predictive_interval(fit, seed = 3)),
               unname(limits(posterior_predict(fit, seed = 3), c(0.025, 0.975))))
  rows <- data.frame(x = 1:2, f = "b", g = c("g1", "new"))
  interval <- predictive_interval(fit, prob = 0.8, newdata = rows, allow_new_levels = TRUE,
                                  fun = exp, seed = 3)
  expect_identical(dimnames(interval), list(c("1", "2"), c("10%", "90%")))
  drawn <- posterior_predict(fit, rows, allow_new_levels = TRUE, seed = 3)
  expect_equal(unname(interval), unname(limits(exp(drawn), c(0.1, 0.9))))
})

test_that("what cannot be asked for is refused", {
  for (prob in list(0, 1, 1.5, NA, c(0.5, 0.9), "a")) {
    expect_error(posterior_interval(fit, prob = prob), "`prob`", class = "relm_error")
    expect_error(predictive_interval(fit, prob = prob), "`prob`", class = "relm_error")
    expect_error(confint(fit, level = prob), "`level`", class = "relm_error")
  }
  expect_error(posterior_interval(fit, type = "hdi"), "central", class = "relm_error")
  expect_error(posterior_interval(fit, variable = "b_z"), "b_z", class = "relm_error")
  expect_error(posterior_interval(fit, variable = "sigma", pars = "sigma"), "variable.*pars",
               class = "relm_error")
  expect_error(posterior_interval(fit, probs = 0.9), "posterior_interval.*probs.*prob",
               class = "relm_error")
  expect_error(confint(fit, "sigma"), "parm.*sigma.*posterior_interval", class = "relm_error")
  expect_error(confint(fit, 9), "parm", class = "relm_error")
})

test_that("the owners' generics find relm's methods, and relm's pass others on", {
  skip_if_not_installed("rstantools")
  draws <- matrix(stats::rnorm(200), 100)
  expect_identical(posterior_interval(draws, prob = 0.5),
                   rstantools::posterior_interval(draws, prob = 0.5))
  expect_identical(predictive_interval(draws), rstantools::predictive_interval(draws))
  expect_identical(predictive_error(draws, y = 1:2), rstantools::predictive_error(draws, y = 1:2))
  expect_identical(rstantools::posterior_interval(fit), posterior_interval(fit))
  expect_identical(rstantools::predictive_interval(fit, seed = 1),
                   predictive_interval(fit, seed = 1))
  expect_identical(rstantools::predictive_error(fit, seed = 1), predictive_error(fit, seed = 1))
})

test_that("coefficients that the model has not are refused, of whatever kind they are", {
  fit <- relm(log(mercury) ~ x, bass_centered(), chains = 1, draws = 20, seed = 1)
  for (parm in list("z", 3, NA, sum, list(1), character(0), TRUE)) {
    expect_error(confint(fit, parm), "`parm` must name", class = "relm_error")
  }
})

skip_if_not_installed("ggeffects")

S <- grouped_data()
fit <- relm(y ~ x + f + (1 + x | g), S, chains = 2, draws = 200, seed = 1)
at <- data.frame(x = c(-1, 0, 2), f = "a")
curve <- function(...) as.data.frame(suppressMessages(ggeffects::ggpredict(...)))
knows_methods <- "get_predictions" %in% ls(asNamespace("ggeffects"))

test_that("ggpredict() shows the population, with intervals of its draws", {
  skip_if_not(knows_methods, "ggeffects too old")
  draws <- posterior_epred(fit, at, re_formula = NA)
  shown <- curve(fit, "x [-1, 0, 2]", ci_level = 0.8)
  expect_equal(plain(shown$x), at$x)
  expect_equal(plain(shown$predicted), unname(apply(draws, 2, median)))
  expect_equal(plain(shown$conf.low), unname(apply(draws, 2, quantile, 0.1)))
  expect_equal(plain(shown$conf.high), unname(apply(draws, 2, quantile, 0.9)))
  expect_true(all(is.na(curve(fit, "x [-1, 0, 2]", ci_level = NA)$conf.low)))
  wide <- curve(fit, "x [0]", interval = "prediction", seed = 3)
  observations <- posterior_predict(fit, at[2, ], re_formula = NA, seed = 3)
  expect_equal(plain(wide$conf.high), quantile(observations, 0.975, names = FALSE))
})

test_that("a logged response comes back as it was measured", {
  skip_if_not(knows_methods, "ggeffects too old")
  logged <- relm(log(mercury) ~ length + (1 | station), bass, chains = 1, draws = 100, seed = 1)
  shown <- curve(logged, "length [30, 40]")
  draws <- posterior_epred(logged, data.frame(length = c(30, 40)), re_formula = NA)
  expect_equal(plain(shown$predicted), unname(exp(apply(draws, 2, median))))
})

test_that("groups are those of the terms or the condition, else a new one", {
  skip_if_not(knows_methods, "ggeffects too old")
  rows <- expand.grid(x = c(-1, 2), g = c("g2", "g5"), f = "a")
  shown <- curve(fit, c("x [-1, 2]", "g [g2, g5]"), type = "random")
  expected <- apply(posterior_epred(fit, rows), 2, median)
  expect_equal(plain(shown$predicted[order(plain(shown$group), plain(shown$x))]), unname(expected))
  shown <- curve(fit, "x [-1, 2]", type = "random", condition = c(g = "g2"))
  expect_equal(plain(shown$predicted), unname(expected[1:2]))
  new <- curve(fit, "x [-1, 2]", type = "random", seed = 7)
  draws <- posterior_epred(fit, data.frame(x = c(-1, 2), f = "a", g = "none"),
                           allow_new_levels = TRUE, seed = 7)
  expect_equal(plain(new$conf.low), unname(apply(draws, 2, quantile, 0.025)))
})

test_that("what ggpredict() asks and a fit has not is refused", {
  skip_if_not(knows_methods, "ggeffects too old")
  expect_error(curve(fit, "x", type = "simulate"), "`type`", class = "relm_error")
  expect_error(curve(fit, "x", vcov = vcov(fit)), "`vcov`", class = "relm_error")
  expect_error(curve(fit, "x", ci_level = 95), "`ci_level`", class = "relm_error")
})

test_that("versions that do not say what they want are refused", {
  skip_if(knows_methods, "this ggeffects says what it wants")
  expect_error(curve(fit, "x"), "ggemmeans", class = "relm_error")
})

test_that("ggemmeans() shows the population too", {
  skip_if_not_installed("emmeans")
  shown <- as.data.frame(suppressMessages(ggeffects::ggemmeans(fit, "x [-1, 0, 2]")))
  # Over the levels of f, as emmeans averages.
  over <- lapply(c("a", "b", "c"), function(f) {
    posterior_epred(fit, data.frame(x = at$x, f = f), re_formula = NA)
  })
  draws <- Reduce(`+`, over) / 3
  expect_equal(plain(shown$predicted), unname(apply(draws, 2, median)))
})

data <- data.frame(x = c(1, 2, 6), two = c(0, 1, 1), f = factor(c("b", "a", "b"), c("b", "a", "unused")), t = c("u", "w", "u"),
                   l = c(TRUE, FALSE, TRUE), k = c(3, 5, 3), day = as.Date("2020-01-01") + c(0, 10, 20), y = 1:3,
                   g = c("p", "q", "p"), s = c("m", "n", "m"), e = 2:4)
fit_of <- function(formula, ...) list(design = relm_design(formula, data, ...), posterior = list(formula = formula))
variables_in <- function(formula, ..., random = list(), strata = FALSE) {
  variables_of_rows(fit_of(formula, ...), random, strata, NULL)
}

test_that("numbers stay at their mean, factors at their first level", {
  found <- variables_in(y ~ x + two + f + t + l + day)
  expect_equal(found$x$reference, 3)
  expect_equal(found$x$axis(3), c(1, 3.5, 6))
  expect_equal(found$x$between, 3 + c(-1, 0, 1) * sd(data$x))
  expect_equal(found$two$between, c(0, 1))
  expect_identical(found$f$axis(3), factor(c("b", "a"), c("b", "a")))
  expect_identical(as.character(found$t$reference), "u")
  expect_identical(found$l$reference, FALSE)
  expect_identical(found$day$reference, as.Date("2020-01-11"))
  expect_identical(found$day$axis(3), as.Date("2020-01-01") + c(0, 10, 20))
})

test_that("a number that the formula makes a factor has its values", {
  expect_equal(variables_in(y ~ factor(k))$k$axis(100), c(3, 5))
  expect_false(variables_in(y ~ factor(k) + x)$k$curve)
  expect_true(variables_in(y ~ cut(x, c(0, 3, 9)))$x$curve)
  expect_true(variables_in(y ~ log(x))$x$curve)
})

test_that("variables of offsets and strata are among them where they are needed, groups are not", {
  expect_named(variables_in(y ~ x + offset(log(e)) + (1 | g)), c("x", "e"))
  expect_named(variables_in(y ~ x, offset = e), c("x", "e"))
  expect_named(variables_in(y ~ x, sigma = ~ s, strata = TRUE), c("x", "s"))
  expect_named(variables_in(y ~ x, sigma = ~ s), "x")
  random <- all_random(relm_design(y ~ x + (1 + two | g), data))
  expect_named(variables_in(y ~ x + (1 + two | g), random = random), c("x", "two"))
})

test_that("effects are those of terms, a number before a factor", {
  asked <- function(formula, effects = NULL) {
    fit <- fit_of(formula)
    effects_asked(effects, fit, list(), variables_of_rows(fit, list(), FALSE, NULL))
  }
  expect_identical(asked(y ~ f * x), list("f", "x", c("x", "f")))
  expect_identical(asked(y ~ log(x):two + two), list("two", "x", c("x", "two")))
  expect_identical(asked(y ~ I(x * two)), list("x", "two", c("x", "two")))
  expect_length(asked(y ~ x * f * two), 6)
  expect_identical(asked(y ~ f * x, "f:x"), list(c("f", "x")))
  expect_error(asked(y ~ x, "x:x"), "effects.*joined by a colon", class = "relm_error")
})

test_that("the rows are all combinations, with classes kept", {
  variables <- variables_in(y ~ x + f + day)
  conditions <- check_conditions(data.frame(f = c("b", "a")), variables, character())
  grid <- effect_grid(c("x", "day"), variables, conditions, NULL, 4)
  expect_identical(nrow(grid), 24L)
  expect_s3_class(grid$day, "Date")
  expect_identical(as.character(grid$cond__[13]), "f = a")
  expect_equal(grid$effect1__, rep(seq(1, 6, length.out = 4), 6))
  expect_identical(as.character(grid$f), rep(c("b", "a"), each = 12))
  expect_identical(nlevels(grid$effect2__), 3L)
})

test_that("conditions on a variable that moves are none", {
  two <- data.frame(x = c(1, 2), f = c("a", "a"))
  beside <- conditions_beside(two, c("x", "day"))
  expect_identical(beside, list(rows = data.frame(f = "a"), labels = "f = a"))
  expect_identical(conditions_beside(two["x"], "x")$labels, "1")
  expect_identical(nrow(conditions_beside(two["x"], "x")$rows), 1L)
  expect_identical(conditions_beside(two, "f")$labels, c("x = 1", "x = 2"))
  named <- structure(two, row.names = c("low", "high"))
  expect_identical(conditions_beside(named, "f")$labels, c("low", "high"))
})

test_that("levels and means that are not known are asked for", {
  expect_error(values_on_axis(list(name = "x", curve = TRUE), 3), "range is needed.*newdata", class = "relm_error")
  expect_error(reference_value(list(name = "x", curve = TRUE)), "mean is needed.*conditions", class = "relm_error")
  variables <- variables_in(y ~ x + f)
  expect_error(check_conditions(data.frame(f = NA), variables, character()), "missing values", class = "relm_error")
  expect_error(check_conditions(data.frame(f = "unused"), variables, character()), "Its values are", class = "relm_error")
})

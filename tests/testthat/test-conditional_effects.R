data <- grouped_data()
data$n <- as.numeric(factor(data$f))
fit <- relm(y ~ x * f + v + (1 + x | g), data, chains = 2, draws = 100, seed = 1)
draws <- as.matrix(fit)
b <- function(name) draws[, paste0("b_", name)]

# Medians, median absolute deviations and quantiles of draws x values.
by_hand <- function(values, prob = 0.95) {
  tail <- (1 - prob) / 2
  cbind(estimate__ = apply(values, 2, median), se__ = apply(values, 2, mad),
        lower__ = apply(values, 2, quantile, tail, names = FALSE),
        upper__ = apply(values, 2, quantile, 1 - tail, names = FALSE))
}
numbers <- function(table) as.matrix(table[c("estimate__", "se__", "lower__", "upper__")])
expect_curve <- function(table, values, ...) {
  expect_equal(unname(numbers(table)), unname(by_hand(values, ...)), tolerance = 1e-10)
}

test_that("a curve is over the range of a number, with others at means and first levels", {
  found <- conditional_effects(fit)
  expect_named(found, c("x", "f", "v", "x:f"))
  x <- seq(min(data$x), max(data$x), length.out = 100)
  expect_equal(found$x$effect1__, x)
  expect_identical(as.character(unique(found$x$f)), "a")
  expect_equal(unique(found$x$v), mean(data$v))
  expect_curve(found$x, outer(b("x"), x) + b("Intercept") + b("v") * mean(data$v))
})

test_that("a factor has its levels, and an interaction a curve for each", {
  found <- conditional_effects(fit, c("f", "x:f"), resolution = 5, prob = 0.5)
  expect_identical(as.character(found$f$effect1__), c("a", "b", "c"))
  at <- mean(data$x)
  base <- b("Intercept") + b("v") * mean(data$v)
  expect_curve(found$f, cbind(base + b("x") * at, base + b("x") * at + b("fb") + b("x:fb") * at,
                              base + b("x") * at + b("fc") + b("x:fc") * at), 0.5)
  x <- seq(min(data$x), max(data$x), length.out = 5)
  third <- found[["x:f"]][found[["x:f"]]$effect2__ == "c", ]
  expect_curve(third, outer(b("x") + b("x:fc"), x) + base + b("fc"), 0.5)
  turned <- conditional_effects(fit, "f:x")[["f:x"]]
  expect_identical(levels(turned$effect2__), as.character(signif(at + c(-1, 0, 1) * sd(data$x), 3)))
  second <- turned[turned$effect1__ == "b" & turned$effect2__ == levels(turned$effect2__)[3], ]
  expect_curve(second, cbind(base + b("fb") + (b("x") + b("x:fb")) * (at + sd(data$x))))
})

test_that("conditions say where the others stay, and values of the second variable", {
  conditions <- data.frame(f = c("b", "c"), v = c(1, 2))
  found <- conditional_effects(fit, "x", conditions, resolution = 3)$x
  expect_identical(levels(found$cond__), c("f = b, v = 1", "f = c, v = 2"))
  x <- seq(min(data$x), max(data$x), length.out = 3)
  expect_curve(found[found$cond__ == "f = c, v = 2", ],
               outer(b("x") + b("x:fc"), x) + b("Intercept") + b("fc") + 2 * b("v"))
  own <- conditional_effects(fit, "f:x", int_conditions = list(x = c(0, 7)))[["f:x"]]
  expect_identical(levels(own$effect2__), c("0", "7"))
  expect_curve(own[own$effect2__ == "7" & own$effect1__ == "a", ],
               cbind(b("Intercept") + 7 * b("x") + b("v") * mean(data$v)))
  named <- conditional_effects(fit, "x", structure(conditions, row.names = c("one", "two")))$x
  expect_identical(levels(named$cond__), c("one", "two"))
})

test_that("a group's own curve has its effects, beside the population's", {
  found <- conditional_effects(fit, "x", data.frame(g = "g2"), re_formula = NULL, resolution = 4)$x
  expect_identical(levels(found$curve__), c("population", "group"))
  x <- seq(min(data$x), max(data$x), length.out = 4)
  base <- b("Intercept") + b("v") * mean(data$v)
  expect_curve(found[found$curve__ == "population", ], outer(b("x"), x) + base)
  effect <- function(column) draws[, paste0("r_g[g2,", column, "]")]
  expect_curve(found[found$curve__ == "group", ],
               outer(b("x") + effect("x"), x) + base + effect("Intercept"))
  some <- conditional_effects(fit, "x", data.frame(g = "g2"), re_formula = ~ (1 | g), resolution = 4)$x
  expect_curve(some[some$curve__ == "group", ], outer(b("x"), x) + base + effect("Intercept"))
})

test_that("responses that are functions of a variable are shown in its units", {
  mercury <- relm(log(mercury) ~ log(length) + (1 | station), bass, chains = 2, draws = 100, seed = 1)
  b <- as.matrix(mercury, c("b_Intercept", "b_loglength"))
  found <- conditional_effects(mercury, resolution = 3)
  length <- seq(min(bass$length), max(bass$length), length.out = 3)
  linear <- b %*% rbind(1, log(length))
  expect_curve(found$length, exp(linear))
  expect_identical(attr(found, "response"), "mercury")
  expect_curve(conditional_effects(mercury, resolution = 3, transform = FALSE)$length, linear)
  expect_curve(conditional_effects(mercury, resolution = 3, method = "linpred")$length, linear)
  expect_curve(conditional_effects(mercury, resolution = 3, transform = function(x) 2 * x)$length, 2 * linear)
  expect_message(conditional_effects(relm(log(mercury + 1) ~ length, bass, chains = 1, draws = 20, seed = 1)),
                 "stays as it is")
  expect_true(all(is.na(conditional_effects(mercury, robust = FALSE)$length$estimate__)))
})

test_that("the mean and standard deviation are shown where they exist", {
  line <- relm(y ~ x, data, chains = 2, draws = 100, seed = 1)
  b <- as.matrix(line, c("b_Intercept", "b_x"))
  found <- conditional_effects(line, "x", robust = FALSE, resolution = 3)$x
  values <- b %*% rbind(1, seq(min(data$x), max(data$x), length.out = 3))
  expect_equal(found$estimate__, unname(colMeans(values)))
  expect_equal(found$se__, unname(apply(values, 2, sd)))
})

test_that("new observations have the spread of the residuals", {
  found <- conditional_effects(fit, "f", method = "predict", seed = 3)$f
  rows <- data.frame(x = mean(data$x), f = c("a", "b", "c"), v = mean(data$v))
  expect_curve(found, unname(posterior_predict(fit, rows, re_formula = NA, seed = 3)))
  strata <- relm(y ~ x + (1 | g), data, sigma = ~ f, chains = 2, draws = 100, seed = 1, weights = w)
  found <- conditional_effects(strata, "x", data.frame(f = "c"), method = "predict", seed = 3, resolution = 2)$x
  rows <- data.frame(x = range(data$x), f = "c")
  expect_curve(found, unname(posterior_predict(strata, rows, re_formula = NA, seed = 3, weights = c(1, 1))))
})

test_that("other families are shown on the scale of the response, at the mean of the offset's variable", {
  counts <- transform(data, y = rpois(nrow(data), 3), exposure = seq(1, 3, length.out = nrow(data)))
  rates <- relm(y ~ x + offset(log(exposure)) + (1 | g), counts, family = poisson(), chains = 2, draws = 50, seed = 1)
  b <- as.matrix(rates, c("b_Intercept", "b_x"))
  x <- seq(min(data$x), max(data$x), length.out = 3)
  found <- conditional_effects(rates, resolution = 3)
  expect_named(found, "x")
  expect_curve(found$x, exp(b %*% rbind(1, x)) * mean(counts$exposure))
  expect_curve(conditional_effects(rates, "x", data.frame(exposure = 1), resolution = 3)$x, exp(b %*% rbind(1, x)))
  # Points are what the rows would have at that exposure.
  expect_equal(attr(found$x, "points")$response__, counts$y * 2 / counts$exposure)
  trials <- transform(data, k = 3, y = rbinom(nrow(data), 3, 0.4))
  shares <- relm(cbind(y, k - y) ~ x + (1 | g), trials, family = binomial(), chains = 2, draws = 50, seed = 1)
  b <- as.matrix(shares, c("b_Intercept", "b_x"))
  found <- conditional_effects(shares, resolution = 3)$x
  expect_curve(found, plogis(b %*% rbind(1, x)))
  expect_equal(attr(found, "points")$response__, trials$y / 3)
  expect_identical(attr(conditional_effects(shares), "response"), "share of successes")
  expect_identical(attr(conditional_effects(shares, method = "linpred"), "response"), "linear predictor")
  expect_true(all(conditional_effects(shares, method = "predict")$x$upper__ %in% 0:1))
})

test_that("medians are those of emmeans", {
  skip_if_not_installed("emmeans")
  found <- conditional_effects(fit, "f")$f
  theirs <- suppressMessages(emmeans::emmeans(fit, "f", at = list(x = mean(data$x), v = mean(data$v))))
  both <- do.call(rbind, lapply(coda::as.mcmc.list(coda::as.mcmc(theirs)), as.matrix))
  expect_equal(unname(apply(both, 2, median)), found$estimate__)
})

test_that("fits of chunks have what their schema knows, and ask for the rest", {
  sums <- relm(y ~ x * f + v + (1 + x | g), function_of(list(data)), levels = list(f = c("a", "b", "c")), chains = 2,
               draws = 100, seed = 1)
  expect_error(conditional_effects(sums), "range is needed.*newdata", class = "relm_error")
  expect_error(conditional_effects(sums, "f"), "mean is needed.*conditions.*newdata", class = "relm_error")
  at <- data.frame(x = mean(data$x), v = mean(data$v))
  expect_equal(numbers(conditional_effects(sums, "f", at)$f), numbers(conditional_effects(fit, "f")$f),
               tolerance = 1e-8)
  expect_equal(numbers(conditional_effects(sums, "x:f", newdata = data)[[1]]),
               numbers(conditional_effects(fit, "x:f")[[1]]), tolerance = 1e-8)
  expect_error(conditional_effects(relm(crossprods(y ~ x, data), chains = 1, draws = 10, seed = 1)),
               "needs the data", class = "relm_error")
})

test_that("what is printed has some values of each effect, and where the others stay", {
  expect_printed(conditional_effects(fit, c("f", "x:f")))
  expect_output(print(conditional_effects(fit, "f", data.frame(v = 2))), "at x = [-0-9.]+, v = 2")
})

test_that("what cannot be shown is refused", {
  expect_messages(expression(
    conditional_effects(fit, "z"),
    conditional_effects(fit, "x:f:v"),
    conditional_effects(fit, 3),
    conditional_effects(fit, conditions = list(f = "a")),
    conditional_effects(fit, conditions = data.frame(z = 1)),
    conditional_effects(fit, conditions = data.frame(f = "q")),
    conditional_effects(fit, int_conditions = c(x = 1)),
    conditional_effects(fit, re_formula = NULL),
    conditional_effects(fit, prob = 2),
    conditional_effects(fit, method = "fitted"),
    conditional_effects(fit, transform = 3),
    conditional_effects(fit, resolution = 1),
    conditional_effects(fit, newdata = 3),
    conditional_effects(fit, surface = TRUE)
  ))
  none <- relm(y ~ 1 + (1 | g), data, chains = 1, draws = 10, seed = 1)
  expect_error(conditional_effects(none), "no predictors", class = "relm_error")
})

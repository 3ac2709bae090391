data <- transform(grouped_data(), far = 2000 + 3 * v)
fit_of <- function(formula, data, ...) relm(formula, data, seed = 1, chains = 1, draws = 2, ...)

test_that("a random slope of a column far from zero is told, with the center to take off", {
  for (formula in list(y ~ far + (far | g), y ~ far + (far || g), y ~ (0 + far | g) + (1 | g))) {
    expect_message(fit_of(formula, data), "far` has a random slope.*I\\(far - 2000\\)",
                   class = "relm_message", label = deparse1(formula))
  }
  expect_message(relm(crossprods(y ~ far + (far | g), data = data), seed = 1, chains = 1, draws = 2),
                 "far from zero")
  expect_message(fit_of(y ~ x + (x + far + I(far + 5) || g), data), "and so `I\\(far \\+ 5\\)`")
  expect_message(fit_of(y ~ far + (far | g), data, sigma = ~ f, weights = w), "far from zero")
})

test_that("columns near zero, or without an intercept beside them, are left alone", {
  expect_silent(fit_of(y ~ I(far - 2000) + (I(far - 2000) | g), data))
  expect_silent(fit_of(y ~ far + (0 + far | g), data))
  expect_silent(fit_of(y ~ far + (1 | g), data))
  expect_silent(fit_of(y ~ f + (f || g), data))
  skip_if_not_installed("lme4")
  expect_silent(fit_of(Reaction ~ Days + (Days | Subject), lme4::sleepstudy))
})

test_that("means and deviations within groups are those of the rows", {
  posterior <- posterior_of(y ~ x + (far + x | g), data, sigma = ~ f)
  found <- slope_distances(posterior)
  within <- function(x) sqrt(mean((x - ave(x, data$g))^2))
  expect_equal(found$mean[-1], c(mean(data$far), mean(data$x)))
  expect_equal(found$sd[-1], c(within(data$far), within(data$x)))
  expect_equal(found$distance[-1], abs(found$mean[-1]) / found$sd[-1])
  # The same within each group: between them.
  constant <- slope_distances(posterior_of(
    y ~ x + (between | g), data, relm_prior(sd = half_t(3, 1))))
  expect_equal(constant$sd[2], sqrt(mean((data$between - mean(data$between))^2)))
})

test_that("each grouping of several is told by its name", {
  data$h <- rep_len(c("u", "v", "w", "z"), nrow(data))
  two <- transform(data, far = far + c(u = 0, v = 40, w = 10, z = -20)[h])
  told <- capture_messages(tell_far_slopes(posterior_of(y ~ far + (far || g) + (1 + far || h), two)))
  expect_match(told, "`far` has a random slope in `[gh]`", all = TRUE)
  expect_length(told, 2)
  # Without an intercept beside it in its own grouping.
  one <- capture_messages(tell_far_slopes(posterior_of(y ~ far + (0 + far | g) + (far || h), two)))
  expect_match(one, "in `h`")
  posterior <- posterior_of(y ~ x + (0 + x | g) + (far || h), two)
  within <- function(x) sqrt(mean((x - ave(x, two$h))^2))
  expect_equal(slope_distances(posterior, 2)$sd[2], within(two$far))
  expect_equal(slope_distances(posterior, 2)$mean[2], mean(two$far))
  expect_identical(slope_distances(posterior, 1)$distance, 0)
})

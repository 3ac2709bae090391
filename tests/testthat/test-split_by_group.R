data <- grouped_data()

test_that("columns are the means of groups and the deviations from them", {
  split <- split_by_group(data, c("x", "v"), "g")
  expect_equal(split$x_between, ave(data$x, data$g))
  expect_equal(split$v_within, data$v - ave(data$v, data$g))
  expect_identical(split[names(data)], data, ignore_attr = TRUE)
  both <- split_by_group(data, "x", c("g", "f"), suffixes = c("_w", "_b"))
  expect_equal(both$x_b, ave(data$x, data$g, data$f))
  expect_equal(both$x_w + both$x_b, data$x)
})

test_that("levels with colons are told apart", {
  colons <- data.frame(x = c(1, 3, 10), a = c("p:q", "p:q", "p"), b = c("r", "r", "q:r"))
  expect_equal(split_by_group(colons, "x", c("a", "b"))$x_between, c(2, 2, 10))
})

test_that("the slope within groups is that of a model with a coefficient for each group", {
  split <- split_by_group(data, "x", "g")
  each <- coef(lm(y ~ x + g, data))[["x"]]
  expect_equal(coef(lm(y ~ x_within + x_between, split))[["x_within"]], each)
  # Also with a random intercept, whose groups the deviations are orthogonal to.
  fit <- relm(y ~ x_within + x_between + (1 | g), split, chains = 2, draws = 2000, seed = 1)
  draws <- as.matrix(fit, "b_x_within")
  expect_lt(abs(mean(draws) - each), 4 * sd(draws) / sqrt(4000))
})

test_that("new rows get the means of groups that are known", {
  split <- split_by_group(data, "x", "g")
  new <- data.frame(x = c(1, 2, 4), g = c("g2", "new", "new"))
  found <- split_by_group(new, "x", "g", like = split)
  expect_equal(found$x_between, c(mean(data$x[data$g == "g2"]), 3, 3))
  expect_equal(found$x_within, new$x - found$x_between)
})

test_that("missing values stay missing", {
  holes <- data.frame(x = c(1, NA, 5, 7, NA), g = c("a", "a", "a", NA, "b"))
  split <- split_by_group(holes, "x", "g")
  expect_identical(split$x_between, c(3, 3, 3, NA, NA))
  expect_identical(split$x_within, c(-2, NA, 2, NA, NA))
})

test_that("other arguments are refused", {
  split <- split_by_group(data, "x", "g")
  expect_messages(expression(
    split_by_group(as.list(data), "x", "g"),
    split_by_group(data, "z", "g"),
    split_by_group(data, "f", "g"),
    split_by_group(data, "x", 3),
    split_by_group(data, "x", "g", suffixes = "_w"),
    split_by_group(data, "v", "g", like = split),
    split_by_group(data, "x", "f", like = split),
    split_by_group(data, "x", "g", like = data)
  ))
})

test_that("arguments that are missing are told", {
  expect_error(split_by_group(), "`data` must be a data frame", class = "relm_error")
  expect_error(split_by_group(bass), "`columns` must name", class = "relm_error")
  expect_error(split_by_group(bass, "length"), "`by` must name", class = "relm_error")
})

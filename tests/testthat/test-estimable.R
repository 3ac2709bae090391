groups_of_sizes <- function(sizes, seed = 1) {
  set.seed(seed)
  g <- rep(letters[seq_along(sizes)], sizes)
  n <- length(g)
  x <- rnorm(n)
  data.frame(g, x, between = rnorm(length(sizes))[factor(g)], v = rnorm(n),
             y = x + rnorm(length(sizes))[factor(g)] + rnorm(n, sd = 0.5))
}

# Quadrature finds moments that do not exist by the weight of what is far out.
exact_sd <- function(data, X, Z, rows) {
  new <- list(X = model.matrix(X, rows), Z = model.matrix(Z, rows), group = rows$g)
  each <- split(diag(nrow(rows)), seq_len(nrow(rows)))
  exact <- exact_prediction(data$y, model.matrix(X, data), model.matrix(Z, data), data$g,
                            new = new, sums = each)
  exact$sd
}

expect_same_existence <- function(formula, X, Z, data, rows) {
  fit <- relm(formula, data, seed = 1, chains = 2, draws = 100)
  predicted <- predict(fit, rows, allow_new_levels = TRUE, seed = 1)
  expect_identical(unname(is.na(predicted[, "Est.Error"])), is.na(exact_sd(data, X, Z, rows)),
                   label = deparse1(formula))
  expect_false(anyNA(predicted[, -2]))
}

test_that("Est.Error is NA where quadrature finds no variance", {
  for (sizes in list(c(4, 5, 6), c(3, 8, 5, 6), c(4, 3, 5, 6, 4))) {
    data <- groups_of_sizes(sizes)
    rows <- data.frame(g = c("a", "b", "new", "new"), x = c(0, 9, 0, 3), between = 0.3)
    expect_same_existence(y ~ x + (1 | g), ~ x, ~ 1, data, rows)
    expect_same_existence(y ~ 0 + x + (1 | g), ~ 0 + x, ~ 1, data, rows)
  }
})

test_that("it is so with slopes, one of them known from a single row", {
  skip_on_cran()
  data <- groups_of_sizes(c(6, 5, 1, 7, 6))
  rows <- data.frame(g = c("a", "c", "c", "new"), x = c(0, data$x[data$g == "c"], 5, 0))
  expect_same_existence(y ~ x + (0 + x | g), ~ x, ~ 0 + x, data, rows)
  expect_same_existence(y ~ x + (1 + x || g), ~ x, ~ x, groups_of_sizes(c(6, 5, 1, 7)),
                        transform(rows,
                                  x = ifelse(g == "c", groups_of_sizes(c(6, 5, 1, 7))$x[12], x)))
})

test_that("a difference between groups is known to the rows of the data alone", {
  data <- groups_of_sizes(c(6, 5, 4, 7))
  data$between <- c(1, 1, 0, 0)[factor(data$g)]
  rows <- data.frame(g = c("a", "a"), x = 0, between = c(1, 0))
  expect_same_existence(y ~ x + between + (1 | g), ~ x + between, ~ 1, data, rows)
})

test_that("means of the fit's rows have a variance, and coefficients of few groups none", {
  fit <- relm(y ~ x + (1 | g), groups_of_sizes(c(4, 5, 6)), seed = 1, chains = 2, draws = 100)
  expect_false(anyNA(fitted(fit, summary = TRUE)))
  expect_true(all(is.na(fitted(fit, summary = TRUE, re_formula = NA)[, "Est.Error"])))
  expect_true(is.na(vcov(fit)["(Intercept)", "(Intercept)"]))
  expect_false(is.na(vcov(fit)["x", "x"]))
})

test_that("a residual variance without a mean takes the variance of its own rows alone", {
  data <- groups_of_sizes(c(2, 9, 8, 9, 9, 9, 8))
  fit <- relm(y ~ 1 + (1 | g), data, sigma = ~ g, seed = 1, chains = 2, draws = 100)
  expect_identical(tails_in(fit$posterior)[["sigma_g[a]"]], 3)
  table <- predict(fit, data.frame(g = letters[1:3]), seed = 1)
  expect_identical(unname(is.na(table[, "Est.Error"])), c(TRUE, FALSE, FALSE))
  expect_false(anyNA(fitted(fit, summary = TRUE)))
})

test_that("new levels of the residual variance have one where their prior has", {
  has <- prior_has_variance
  expect_true(has(half_normal(1)) && has(exponential(1)) && has(half_t(3, 1)) && has(uniform(2)) &&
                has(inverse_gamma(1.5, 1)))
  expect_false(has(half_t(2, 1)) || has(half_cauchy(1)) || has(inverse_gamma(1, 1)) ||
                 has(pooled()))
  data <- grouped_data()
  table <- function(prior) {
    fit <- relm(y ~ x, data, sigma = ~ f, prior = relm_prior(sigma = prior), seed = 1, chains = 1,
                draws = 50)
    rows <- data.frame(x = 0, f = c("a", "z"))
    predict(fit, rows, allow_new_levels = TRUE, seed = 1)[, "Est.Error"]
  }
  expect_false(anyNA(table(half_t(3, 1))))
  expect_identical(unname(is.na(table(half_cauchy(1)))), c(FALSE, TRUE))
})

test_that("of several groupings those of few groups have effects without a variance", {
  set.seed(4)
  data <- data.frame(a = rep(letters[1:3], each = 40), x = rnorm(120))
  data$b <- rep(1:30, each = 4)
  data$y <- data$x + rnorm(3)[factor(data$a)] + rnorm(30)[data$b] + rnorm(120, sd = 0.5)
  fit <- suppressMessages(relm(y ~ x + (1 | a) + (1 | b), data, seed = 1, chains = 2, draws = 100))
  tails <- tails_in(fit$posterior)
  expect_lte(tails[["sd_a__Intercept"]], 3)
  expect_gt(tails[["sd_b__Intercept"]], 3)
  exists <- function(rows, ...) {
    unname(!is.na(fitted(fit, rows, summary = TRUE, allow_new_levels = TRUE, seed = 1,
                         ...)[, "Est.Error"]))
  }
  # Known and new groups of either.
  rows <- data.frame(x = 1, a = c("a", "a", "new", "new"), b = c(1, 99, 1, 99))
  expect_identical(exists(rows), c(TRUE, TRUE, FALSE, FALSE))
  expect_identical(exists(rows, re_formula = ~ (1 | a)), c(TRUE, TRUE, FALSE, FALSE))
  # Without the effect of its parent a row has the intercept alone, which three groups tell of.
  expect_identical(exists(rows, re_formula = ~ (1 | b)), rep(FALSE, 4))
  expect_identical(exists(rows, re_formula = NA), rep(FALSE, 4))
  expect_identical(exists(NULL), rep(TRUE, 120))
  # Where that takes too long, only rows that do not need it are said to have one.
  expect_identical(with_relm("most_products", 1, exists(rows)), rep(FALSE, 4))
})

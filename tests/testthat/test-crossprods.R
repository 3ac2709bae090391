# The factors hold the cross-products of the rows: checked against sums of products.

test_that("cross-products are those of the rows", {
  data <- grouped_data()
  for (formula in list(y ~ x + v + (1 + x || g), y ~ f + (0 + v | g), y ~ 0 + x + (1 | g))) {
    design <- relm_design(formula, data)
    expect_products(crossprods(design), design)
  }
  weighted <- relm_design(y ~ x + v + (1 + x | g), data, weights = w, sigma = ~ f)
  expect_products(crossprods(weighted), weighted)
})

test_that("factors are triangular with a nonnegative diagonal", {
  model <- crossprods(y ~ x + v + (1 + x + v | g), grouped_data())
  for (cell in seq_along(model$cells$stratum)) {
    R <- model$cells$factor[, 1:3, cell]
    expect_identical(R[lower.tri(R)], numeric(3))
    expect_true(all(diag(R) >= 0))
  }
  expect_true(all(diag(model$strata$factor[, , 1]) >= 0))
})

test_that("a year loses no digits", {
  data <- grouped_data()
  data$year <- 2000 + 3 * data$v
  model <- crossprods(y ~ year + (1 | g), data)
  exact <- crossprods(y ~ v + (1 | g), data)
  # What the groups leave of the column is the same to its last digits.
  left <- function(model) sqrt(sum(model$strata$factor[, 2, 1]^2))
  expect_equal(left(model), 3 * left(exact), tolerance = 1e-13)
})

test_that("more rows than one chunk give the same as one chunk", {
  set.seed(1)
  n <- 2 * chunk_rows + 77
  big <- data.frame(g = sample(5, n, TRUE), f = sample(letters[1:3], n, TRUE), x = rnorm(n))
  big$y <- big$x + rnorm(n)
  design <- relm_design(y ~ poly(x, 2) + f + (1 + x | g), big)
  expect_products(crossprods(design), design)
})

# Groups of 1 to 150 rows, with n_columns columns beside the intercept.
wide_rows <- function(n_columns) {
  set.seed(n_columns)
  g <- rep(c(1:12, 1:30), c(150, rep(9, 11), rep(3, 30)))
  data <- data.frame(g, f = factor(sample(c("a", "b"), length(g), TRUE)),
                     w = runif(length(g), 0.5, 2))
  data$X <- matrix(rnorm(length(g) * n_columns, 2), length(g))
  data$y <- rnorm(length(g))
  data
}

# The factor of [X y] over all rows by qr().
factor_of_rows <- function(crossprods, data, w = 1) {
  rows <- sweep(cbind(1, data$X, data$y), 2, crossprods$shift[-1])
  R <- qr.R(qr(sqrt(w) * rows))
  R * sign(diag(R))
}

test_that("many columns are absorbed in panels to the same factors", {
  # Panels of 32, whole and in parts, and one column less than takes panels.
  for (n_columns in c(61, 62, 63, 69, 95, 130)) {
    data <- wide_rows(n_columns)
    one <- crossprods(y ~ X + (1 | g), data)
    expect_equal(total_factor(one), factor_of_rows(one, data), tolerance = 1e-12)
    weighted <- crossprods(y ~ X + (1 | g), data, weights = w)
    expect_equal(total_factor(weighted), factor_of_rows(weighted, data, data$w),
                 tolerance = 1e-12)
  }
})

test_that("that holds for two random columns, several residual variances and sums of parts", {
  data <- wide_rows(70)
  expect_products(crossprods(y ~ X + (1 + w | g), data), relm_design(y ~ X + (1 + w | g), data))
  levels <- crossprods(y ~ X + (1 | g), data, sigma = ~ f)
  totals <- totals_of(levels)
  for (level in levels$strata$labels) {
    own <- data[data$f == level, ]
    expect_equal(totals[, , match(level, levels$strata$labels)], factor_of_rows(levels, own),
                 tolerance = 1e-12)
  }
  first <- seq_len(nrow(data)) %% 3 == 0
  sum <- crossprods(y ~ X + (1 | g), data[first, ]) + crossprods(y ~ X + (1 | g), data[!first, ])
  expect_equal(total_factor(sum), factor_of_rows(sum, data), tolerance = 1e-12)
})

test_that("the factors of few rows a group do not underflow", {
  set.seed(3)
  for (n_columns in c(20, 40, 61, 100, 200)) for (size in 1:3) {
    data <- data.frame(g = rep(1:200, each = size))
    data$X <- matrix(rnorm(200 * size * n_columns), 200 * size)
    data$y <- rnorm(200 * size)
    k <- crossprods(y ~ X + (1 | g), data)
    rows <- sweep(cbind(1, data$X, data$y), 2, k$shift[-1])
    expect_equal(crossprod(total_factor(k)), crossprod(rows), tolerance = 1e-11)
  }
})

test_that("cross-products say what they are of", {
  model <- crossprods(y ~ x + (1 | g), grouped_data(), sigma = ~ f)
  text <- paste(capture.output(print(model)), collapse = "\n")
  expect_match(text, "Cross-products of y ~ x + (1 | g)", fixed = TRUE)
  expect_match(text, "7 levels of g", fixed = TRUE)
  expect_match(text, "3 levels of f", fixed = TRUE)
})

test_that("a response whose squares underflow is refused, as such", {
  data <- transform(grouped_data(), small = 1e-155 * y, smaller = 1e-300 * y, fits = 1e-150 * y)
  for (formula in c(small ~ x + (1 | g), smaller ~ x + (1 | g), smaller ~ 0 + x)) {
    expect_error(crossprods(formula, data), "squares of the response underflow", class = "relm_error")
  }
  scaled <- crossprods(fits ~ x + (1 | g), data)$strata$factor
  whole <- crossprods(y ~ x + (1 | g), data)$strata$factor
  expect_equal(scaled[, 3, ] * 1e150, whole[, 3, ], tolerance = 1e-9)
})

test_that("what rounding leaves of rounding errors does not overflow", {
  # A column for each row: reflections of what is 0 but for rounding, over and over.
  data <- grouped_data()
  data$h <- factor(seq_len(nrow(data)))
  for (sigma in c(~ 1, ~ f)) {
    model <- crossprods(y ~ h + (1 | g), data, sigma = sigma)
    expect_true(all(is.finite(model$strata$factor)))
    totals <- total_factor(model)
    expect_equal(sum(totals[, ncol(totals)]^2), sum((data$y - y_shift(model))^2))
  }
})

test_that("crossprods() of nothing says so", {
  expect_error(crossprods(), class = "relm_error")
  expect_error(crossprods(like = "a"), class = "relm_error")
  expect_error(crossprods(unknown = "a"), "missing", class = "relm_error")
})

test_that("columns whose squares overflow are refused where each cell has one row, too", {
  data <- data.frame(k = c(2L, 9L, 1L, 5L, 3L, 4L), g = rep(c("a", "b", "c"), 2),
                     h = c("u", "v", "u", "v", "u", "w"))
  data$x <- c(2, 1, 4, 3, 5, 6) * 1e200
  for (formula in list(k ~ x + (1 | g), k ~ x + (1 | g) + (1 | h), k ~ 1 + (0 + x | g) + (1 | h), k ~ x)) {
    for (family in list("gaussian", "poisson", "student")) {
      expect_error(crossprods(formula, data, family = family), "squares overflow", class = "relm_error")
    }
  }
  data$x <- data$x * 1e-80
  expect_s3_class(crossprods(k ~ x + (1 | g) + (1 | h), data, family = "poisson"), "relm_crossprods")
})

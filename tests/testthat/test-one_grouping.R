# One grouping of several against the model that has it alone.

two_groupings <- function() {
  data <- grouped_data(9)
  set.seed(2)
  data$h <- paste0("h", sample(5, nrow(data), TRUE))
  data$far <- 2000 + 3 * data$v
  data
}

products_of_cells <- function(x) {
  p <- length(x$fixed)
  q <- dim(x$cells$factor)[1]
  lapply(seq_along(x$cells$stratum), function(cell) {
    factor <- matrix(x$cells$factor[, , cell], q)
    raw <- shift_columns(factor, x$shift, x$intercepts, q)
    crossprod(raw[, seq_len(q), drop = FALSE], raw)
  })
}

expect_alone <- function(several, alone, g, ...) {
  one <- one_grouping(several, g, ...)
  expect_identical(names(one), names(alone))
  expect_identical(one$cells[c("group", "stratum")], alone$cells[c("group", "stratum")])
  expect_equal(one$cells[c("rows", "log_weights")], alone$cells[c("rows", "log_weights")])
  expect_identical(one$groupings, alone$groupings)
  expect_identical(one$intercepts, alone$intercepts)
  expect_equal(products_of_cells(one), products_of_cells(alone), tolerance = 1e-10)
  expect_equal(total_products(one), total_products(alone), tolerance = 1e-10)
  of_strata <- function(x) lapply(seq_len(n_strata(x)), function(s) {
    crossprod(shift_columns(matrix(x$strata$factor[, , s], length(x$fixed) + 1),
                            utils::tail(x$shift, length(x$fixed) + 1),
                            c(X = x$intercepts[["X"]], Z = 0), 0))
  })
  expect_equal(of_strata(one), of_strata(alone), tolerance = 1e-8)
}

test_that("cross-products of one grouping of several are those of the model with it alone", {
  data <- two_groupings()
  both <- crossprods(y ~ x + f + (1 + far | g) + (1 + v + x || h), data)
  expect_alone(both, crossprods(y ~ x + f + (1 + far | g), data), 1)
  expect_alone(both, crossprods(y ~ x + f + (1 + v + x || h), data), 2)
  # A grouping without the intercept, strata and weights.
  both <- crossprods(y ~ x + (1 | g) + (0 + far | h) + (1 | h:f), data, sigma = ~ f, weights = w)
  expect_alone(both, crossprods(y ~ x + (1 | g), data, sigma = ~ f, weights = w), 1)
  expect_alone(both, crossprods(y ~ x + (0 + far | h), data, sigma = ~ f, weights = w), 2)
  expect_alone(both, crossprods(y ~ x + (1 | h:f), data, sigma = ~ f, weights = w), 3)
  # The factors that are absorbed are left as they were.
  before <- both$strata$factor + 0
  one_grouping(both, 1)
  expect_identical(both$strata$factor, before)
})

test_that("cells keep their rest where it is asked for", {
  data <- two_groupings()
  both <- crossprods(y ~ x + (1 | g) + (1 + x | h), data, by_group = TRUE)
  alone <- crossprods(y ~ x + (1 + x | h), data, by_group = TRUE)
  square <- function(x) apply(x$cells$rest, 3, crossprod)
  shifted <- alone$shift - one_grouping(both, 2)$shift
  expect_equal(shifted, numeric(length(shifted)))
  expect_equal(square(one_grouping(both, 2, by_group = TRUE)), square(alone), tolerance = 1e-8)
  expect_null(one_grouping(both, 2)$cells$rest)
})

test_that("cells are absorbed in pieces, and a model of one grouping is its own", {
  data <- two_groupings()
  expect_identical(pieces_of(5, 2), list(1:2, 3:4, 5:5))
  one <- crossprods(y ~ x + (1 | g), data)
  expect_identical(one_grouping(one, 1), one)
})

test_that("a posterior of one grouping has its parameters, with the tails of all", {
  data <- two_groupings()
  both <- posterior_of(y ~ x + (1 + x | g) + (1 | h), data)
  one <- one_grouping(both, 2)
  expect_identical(one$parameters$variable, c("b_Intercept", "b_x", "sd_h__Intercept", "sigma"))
  expect_identical(one$parameters$tail, unname(tails_in(both)[one$parameters$variable]))
  # Its cross-products have a posterior like others.
  alone <- relm_posterior(one_grouping(crossprods(y ~ x + (1 + x | g) + (1 | h), data), 2))
  expect_identical(alone$parameters, posterior_of(y ~ x + (1 | h), data)$parameters)
})

# Sums of cross-products.

test_that("parts of the data add up, shared groups or not", {
  data <- grouped_data()
  formula <- y ~ x + v + (1 + x | g)
  for (sigma in list(~ 1, ~ f, ~ g)) {
    design <- relm_design(formula, data, sigma = sigma, weights = w)
    # Far from the first part's shift.
    parts <- list(1:9, 10:17, 18:nrow(data))
    pieces <- lapply(parts, function(rows) {
      crossprods(relm_design(formula, data[rows, ], sigma = sigma, weights = w))
    })
    sum <- Reduce(`+`, pieces)
    expect_equal(sum$n_rows, nrow(data))
    expect_products(sum, design)
    whole <- crossprods(design)
    expect_setequal(grouping_of(sum)$groups, grouping_of(whole)$groups)
    expect_equal(sort(sum$cells$rows), sort(whole$cells$rows))
    expect_equal(sum(sum$strata$factor^2), sum(whole$strata$factor^2), tolerance = 1e-12)
  }
})

test_that("a sum of parts gives the chain of the whole", {
  data <- grouped_data()
  formula <- y ~ x + v + (1 + x | g)
  sum <- crossprods(formula, data[1:20, ]) + crossprods(formula, data[21:nrow(data), ])
  one <- relm(formula, data, draws = 50, seed = 1)
  two <- relm(sum, draws = 50, seed = 1)
  expect_lt(largest_difference(two$sampling$hyper, one$sampling$hyper), 1e-8)
})

test_that("what cannot be added is refused", {
  data <- grouped_data()
  one <- crossprods(y ~ x + (1 | g), data)
  expect_error(one + crossprods(y ~ v + (1 | g), data), "differ in their fixed",
               class = "relm_error")
  expect_error(one + crossprods(y ~ x + (0 + x | g), data), "random columns",
               class = "relm_error")
  expect_error(one - one, "only be added", class = "relm_error")
})

test_that("only cross-products are added to cross-products", {
  k <- crossprods(log(mercury) ~ length + (1 | station), data = bass)
  for (other in list(1, "a", NULL, list(1), sum)) {
    expect_error(k + other, "Cross-products can only be added", class = "relm_error")
  }
  expect_error(1 + k, "The other is 1", class = "relm_error")
})

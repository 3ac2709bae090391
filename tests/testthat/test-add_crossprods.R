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

test_that("many parts are united at once as one after another", {
  data <- grouped_data(20)
  data$h <- rep_len(c("u", "v", "w"), nrow(data))
  parts_of <- function(formula, ...) {
    lapply(split(seq_len(nrow(data)), rep_len(1:7, nrow(data))), function(rows) {
      crossprods(relm_design(formula, data[rows, ], ...))
    })
  }
  models <- list(y ~ x + (1 + x | g), y ~ x, y ~ x + (1 | g:h) + (1 | h), y ~ x + ar1(1 + x + v | g),
                 known = y ~ x + (1 + x | g))
  for (k in seq_along(models)) {
    parts <- if (names(models)[k] == "known") parts_of(models[[k]], sigma = ~ known(w))
      else parts_of(models[[k]], sigma = ~ h, weights = w)
    united <- sum_crossprods(parts)
    expect_same_crossprods(united, Reduce(`+`, parts))
    expect_identical(sum_crossprods(parts[1:2]), parts[[1]] + parts[[2]])
    expect_same_crossprods(sum_crossprods(parts[1]), parts[[1]])
  }
  counts <- lapply(parts_of(y ~ x + (1 | g)), function(part) part$n_rows)
  expect_identical(sum_crossprods(parts_of(y ~ x + (1 | g)))$n_rows, sum(unlist(counts)))
  parts <- parts_of(y ~ x + (1 | g), family = student(), sigma = ~ h, weights = w)
  expect_same_crossprods(sum_crossprods(parts), Reduce(`+`, parts))
  expect_identical(sum_crossprods(parts)$responses, Reduce(`+`, parts)$responses)
  data$one <- as.numeric(data$y > 1)
  parts <- parts_of(one ~ x + (1 | g), family = binomial())
  expect_same_crossprods(sum_crossprods(parts), Reduce(`+`, parts))
})

test_that("parts that were summed stay as they are", {
  parts <- lapply(list(1:80, 81:120, 121:171), function(rows) {
    crossprods(log(mercury) ~ length + (1 | station), bass[rows, ])
  })
  factors <- function() lapply(parts, function(part) list(part$cells, part$strata))
  before <- unserialize(serialize(factors(), NULL))
  sum_crossprods(parts)
  expect_identical(factors(), before)
})

test_that("orders of levels are united as they are sorted", {
  expect_identical(unite_order(list(c("10", "9"), "2")), c("10", "2", "9"))
  expect_identical(unite_order(list(c("9", "8"), "2")), c("9", "8", "2"))
  expect_identical(unite_order(list(c("9", "10"), "2")), c("2", "9", "10"))
  expect_identical(unite_order(list(c("a", "c"), "b", c("a", "d"))), c("a", "b", "c", "d"))
  expect_identical(unite_order(list(c("c", "a"), "b")), c("c", "a", "b"))
  expect_identical(unite_order(list(character(), character())), character())
})

test_that("sums of what was read in chunks predict new rows", {
  data <- grouped_data(20)
  formula <- y ~ x + f + (1 | g:f)
  # The order in which pairs are shown is that of the parts.
  in_one_order <- function(fit) as.matrix(fit)[, sort(variables(fit))]
  levels <- list(f = c("a", "b", "c"))
  parts <- lapply(list(100:nrow(data), 1:60, 61:99), function(rows) {
    crossprods(formula, chunks_of(data[rows, ], 7), levels = levels)
  })
  few <- function(x, ...) suppressMessages(relm(x, ..., chains = 1, draws = 20, seed = 1))
  united <- few(sum_crossprods(parts))
  whole <- few(formula, data[c(100:nrow(data), 1:99), ])
  expect_lt(largest_difference(in_one_order(united), in_one_order(whole)), 1e-8)
  expect_equal(posterior_epred(united, data[c(3, 70, 130), ]),
               posterior_epred(whole, data[c(3, 70, 130), ]), tolerance = 1e-6)
  expect_null((parts[[1]] + crossprods(formula, data))$schema)
})

test_that("what is no list of cross-products is refused", {
  one <- crossprods(log(mercury) ~ length, bass)
  for (parts in list(list(), list(one, 1), one, NULL, 1)) {
    expect_error(sum_crossprods(parts), "must be a list of cross-products", class = "relm_error")
  }
  expect_error(sum_crossprods(), "missing", class = "relm_error")
  expect_error(sum_crossprods(list(one, crossprods(log(mercury) ~ 1, bass))), "differ in their fixed",
               class = "relm_error")
})

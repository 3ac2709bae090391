# Cross-products that grow chunk by chunk are those of all rows.

d <- grouped_data(40)
set.seed(4)
d$h <- rep_len(c("u", "v", "w", "z", "y"), nrow(d))
d$ff <- factor(d$f, c("c", "a", "b"))
d$times <- 1L + rpois(nrow(d), 1)
d$one <- as.numeric(d$y > 1)
d$count <- rpois(nrow(d), exp(pmin(d$y, 2) / 2))
d$trials <- 3L + rpois(nrow(d), 2)
d$successes <- rbinom(nrow(d), d$trials, 0.4)

# Rows of a design, absorbed a few at a time.
accumulated <- function(formula, size, ..., by_group = NULL) {
  design <- relm_design(formula, d, ...)
  schema <- schema_of(design, character())
  accumulation <- new_accumulation(schema, by_group)
  for (start in seq(1, nrow(d), by = size)) {
    rows <- start:min(start + size - 1, nrow(d))
    accumulate_frame(accumulation, schema, frame_rows(design$frame, rows), function() NULL)
  }
  finish_accumulation(accumulation)
}

expect_accumulates <- function(formula, ..., by_group = NULL, sizes = c(1, 7, 50, nrow(d))) {
  whole <- crossprods(relm_design(formula, d, ...), by_group = by_group)
  for (size in sizes) {
    expect_same_crossprods(accumulated(formula, size, ..., by_group = by_group), whole)
  }
}

test_that("one grouping, none and several", {
  expect_accumulates(y ~ x + ff + (1 + x | g))
  expect_accumulates(y ~ x + ff)
  expect_accumulates(y ~ 0 + x + (0 + v | g))
  expect_accumulates(y ~ x + (1 | g / h))
  expect_accumulates(y ~ x * ff + (1 | g) + (1 + x | h))
  expect_accumulates(y ~ x + (1 | h:ff) + (x || g), by_group = TRUE)
})

test_that("strata, weights and offsets", {
  expect_accumulates(y ~ x + (1 | g), sigma = ~ f, weights = w, offset = v / 2)
  expect_accumulates(y ~ x + (1 + x | g) + (1 | h), sigma = ~ f:h, weights = w)
  expect_accumulates(y ~ x + offset(v), sigma = ~ f)
})

test_that("what cells leave is kept where it is asked for, or small", {
  expect_accumulates(y ~ x + (1 | g), by_group = TRUE)
  expect_accumulates(y ~ x + (1 | g), by_group = FALSE)
  expect_null(accumulated(y ~ x + (1 | g), 7, by_group = FALSE)$cells$rest)
  with_relm("rest_bytes", 8 * 30 * 9, {
    expect_null(accumulated(y ~ x + (1 | g), 7)$cells$rest)
    expect_null(crossprods(y ~ x + (1 | g), d)$cells$rest)
  })
})

test_that("responses of other families", {
  expect_accumulates(one ~ x + ff + (1 | g), family = binomial())
  expect_accumulates(cbind(successes, trials - successes) ~ x + (1 | g), family = binomial("probit"),
                     offset = v)
  expect_accumulates(count ~ ff + (1 | g) + (1 | h), family = poisson(), weights = times)
  expect_accumulates(count ~ ff + (ff | h), family = negative_binomial(), weights = times)
})

test_that("a response that stays the same is refused, and one that varies late is not", {
  d$flat <- c(rep(1, nrow(d) - 1), 2)
  formula <- flat ~ x + (1 | g)
  read <- function(data) {
    schema <- schema_of(relm_design(formula, d), character())
    accumulation <- new_accumulation(schema)
    accumulate_frame(accumulation, schema, chunk_frame(schema, data, list()), function() NULL)
    finish_accumulation(accumulation)
  }
  expect_same_crossprods(read(d), crossprods(formula, d))
  expect_error(read(d[-nrow(d), ]), "`flat` is constant.*All 263 values are 1", class = "relm_error")
  expect_error(finish_accumulation(new_accumulation(schema_of(relm_design(formula, d)))),
               "No rows are left", class = "relm_error")
})

test_that("the factors of one grouping are those of the data frame bit for bit", {
  with_relm("chunk_rows", 60L, {
    for (formula in c("y ~ x + ff + (1 + x | g)", "y ~ x")) {
      whole <- crossprods(relm_design(as.formula(formula), d, weights = w))
      for (size in c(1, 7, 50, 60)) {
        read <- accumulated(as.formula(formula), size, weights = w)
        factors <- function(x) list(x$shift, x$strata$factor, x$cells$factor, x$cells$rest)
        expect_identical(factors(read), factors(whole))
      }
    }
  })
})

test_that("what has come is not moved with every chunk", {
  schema <- schema_of(relm_design(y ~ x + (1 | g), d), character())
  accumulation <- new_accumulation(schema)
  random <- list(column = "(Intercept)", block = 1L, grouping = 1L, place = 1L)
  rooms <- numeric()
  with_relm("chunk_rows", 50L, for (k in 1:200) {
    rows <- list(X = cbind("(Intercept)" = 1, x = rnorm(50)), Z = cbind("(Intercept)" = rep(1, 50)),
                 y = rnorm(50), random = random)
    accumulate(accumulation, rows, list(group = list(50 * k + 1:50)))
    rooms <- c(rooms, dim(accumulation$factor)[3])
  })
  expect_identical(accumulation$n_cells, 10000L)
  expect_lt(length(unique(rooms)), 10)
  expect_lte(max(rooms), 20000)
  expect_identical(finish_accumulation(accumulation)$cells$rows, rep(1, 10000))
})

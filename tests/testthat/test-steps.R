# Chains of groupings that are drawn jointly.

# Groupings that lie in those with these numbers, NA for none.
nested_in <- function(...) {
  lapply(c(...), function(parent) list(parent = if (!is.na(parent)) as.integer(parent)))
}

test_that("a grouping by itself is a chain of length one", {
  expect_identical(find_steps(list()), list())
  expect_identical(find_steps(nested_in(NA)), list(1L))
  expect_identical(find_steps(nested_in(NA, NA, NA)), list(1L, 2L, 3L))
})

test_that("nested groupings are one chain, leaf to root, in whatever order they are written", {
  expect_identical(find_steps(nested_in(2, NA)), list(1:2))
  expect_identical(find_steps(nested_in(NA, 1)), list(2:1))
  expect_identical(find_steps(nested_in(3, NA, 2)), list(c(1L, 3L, 2L)))
  # A chain beside a grouping that crosses it.
  expect_identical(find_steps(nested_in(NA, 3, NA)), list(1L, 2:3))
  expect_identical(find_steps(nested_in(2, NA, 4, NA)), list(1:2, 3:4))
})

test_that("where several lie in the same grouping, each is in one chain", {
  expect_identical(find_steps(nested_in(3, 3, NA)), list(c(1L, 3L), 2L))
  # 1 in 2 in 5, and 3 in 4 in 5.
  expect_identical(find_steps(nested_in(2, 5, 4, 5, NA)), list(c(1L, 2L, 5L), 3:4))
  for (parents in list(c(NA, 1, 1, 2, 2, 3), c(6, 6, 5, 5, 6, NA), c(2, 3, 4, NA, 4, 3))) {
    steps <- find_steps(nested_in(parents))
    expect_setequal(unlist(steps), seq_along(parents))
    expect_false(anyDuplicated(unlist(steps)) > 0)
    for (step in steps) expect_identical(as.numeric(step[-1]), parents[step[-length(step)]])
  }
})

test_that("the steps of a model are those of its groupings", {
  data <- grouped_data(9)
  steps <- function(formula) model_of(posterior_of(formula, data))$steps
  expect_identical(steps(y ~ x), list())
  expect_identical(steps(y ~ x + (1 + x | g)), list(list(groupings = 0L)))
})

test_that("a chain of several, or several steps, are refused by what handles one of one", {
  data <- grouped_data(9)
  posterior <- posterior_of(y ~ x + (1 + x | g), data)
  model <- model_of(posterior)
  hyper <- c(1, 0.5, 1, 1, 0, 1)
  start <- plain_start(posterior)
  # A second grouping like the first.
  model$groupings[2] <- model$groupings
  start$Sigma <- list(start$Sigma, start$Sigma)
  crossed <- nested <- model
  crossed$steps <- list(list(groupings = 0L), list(groupings = 1L))
  nested$steps <- list(list(groupings = 0:1))
  for (several in list(crossed, nested)) {
    expect_error(em_step(several, lapply(start$Sigma, as.numeric), 1), "where one is meant")
    expect_error(.Call(ffi_marginal, several, diag(2), 1L), "where one is meant")
    expect_error(draw_deferred_effects(several, matrix(c(hyper[1:5], hyper[3:6]), 9), 1L, 0:2),
                 "where one is meant")
    # The Gibbs samplers take all steps alike.
    chain <- sample_chain(several, "centered", start, 3)
    expect_identical(dim(chain$hyper), c(9L, 3L))
  }
  # Groupings that are in no step, or in two.
  model$steps <- list(list(groupings = 0L))
  expect_error(em_step(model, lapply(start$Sigma, as.numeric), 1), "groupings in steps")
})

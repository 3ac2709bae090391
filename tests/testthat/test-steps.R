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
  data <- joint_data()
  models <- list(model_of(posterior_of(y ~ x + (1 | b) + (1 | c), data)),
                 model_of(posterior_of(y ~ x + (1 | a / b), data)))
  expect_identical(lapply(models, function(model) lengths(lapply(model$steps, `[[`, "groupings"))),
                   list(c(1L, 1L), 2L))
  for (model in models) {
    expect_error(em_step(model, list(1, 1), 1), "where one of one grouping is meant")
    expect_error(.Call(ffi_marginal, model, diag(1), 1L), "where one of one grouping is meant")
    expect_error(draw_deferred_effects(model, matrix(1, 5), 1L, 0:2),
                 "where one of one grouping is meant")
  }
  # Groupings that are in no step, or in two.
  model <- models[[1]]
  model$steps <- model$steps[1]
  expect_error(em_step(model, list(1, 1), 1), "groupings in steps")
})

test_that("chains that do not fit their groupings are refused", {
  model <- model_of(posterior_of(y ~ x + (1 | a / b), joint_data()))
  tuning <- tuning_of(model, "integrated")
  point <- numeric(2)
  expect_true(is.finite(log_target(model, tuning, point, 1)))
  edits <- list(
    function(levels) levels[1],
    function(levels) { levels[[1]]$number[2] <- levels[[1]]$number[1]; levels },
    function(levels) { levels[[1]]$parent <- rev(levels[[1]]$parent); levels },
    function(levels) { levels[[1]]$parent[1] <- 99L; levels },
    function(levels) { levels[[2]]$child_start[2] <- 99L; levels },
    function(levels) { levels[[2]]$child_start <- NULL; levels }
  )
  for (edit in edits) {
    edited <- model
    edited$steps[[1]]$levels <- edit(model$steps[[1]]$levels)
    expect_error(log_target(edited, tuning, point, 1), "internal error")
  }
  edited <- model
  edited$cells$group[3] <- 99L
  expect_error(log_target(edited, tuning, point, 1), "internal error")
})

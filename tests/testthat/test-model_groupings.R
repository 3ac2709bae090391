# The list of a model's groupings.

test_that("a model has a list of groupings, also where it has one or none", {
  data <- grouped_data(9)
  one <- crossprods(y ~ x + (1 + x | g), data)
  expect_length(one$groupings, 1)
  grouping <- one$groupings[[1]]
  expect_identical(grouping$name, "g")
  expect_setequal(grouping$groups, as.character(unique(data$g)))
  expect_identical(grouping$groups, as.character(unique(data$g)))
  expect_identical(grouping$random$column, c("(Intercept)", "x"))
  expect_identical(grouping$random$paired, 1:2)
  expect_null(grouping$parent)

  none <- crossprods(y ~ x, data)
  expect_identical(none$groupings, list())
  expect_false(has_groups(none))
  expect_identical(c(n_groups(none), n_random(none)), c(0L, 0L))
})

test_that("cross-products of version 0.1.0 become those of this one", {
  now <- crossprods(y ~ x + (1 | g), grouped_data(9))
  before <- unclass(now)
  own <- before$groupings[[1]]
  before$groupings <- NULL
  before[c("group", "groups", "group_display", "group_order", "random")] <-
    own[c("name", "groups", "display", "order", "random")]
  class(before) <- class(now)

  expect_identical(grouping_of(before)$groups, own$groups)
  expect_identical(relm_posterior(before)$groupings, relm_posterior(now)$groupings)
  expect_identical((before + now)$groupings, (now + now)$groupings)
  fits <- lapply(list(before, now), relm, chains = 1, draws = 5, seed = 1)
  expect_identical(as.matrix(fits[[1]]), as.matrix(fits[[2]]))
})

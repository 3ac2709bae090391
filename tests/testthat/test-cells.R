# Cells, strata, and those of version 0.1.0.

test_that("a cell is the rows of one group in one stratum, and its numbers are theirs", {
  data <- grouped_data(9)
  found <- find_cells(relm_design(y ~ x + (1 | g), data, sigma = ~ f, weights = w))
  cells <- found$cells
  pair <- paste(data$g, data$f)

  expect_identical(found$groups[[1]]$labels[cells$group[found$cell]], data$g)
  expect_identical(found$stratum$labels[cells$stratum[found$cell]], data$f)
  expect_identical(length(cells$rows), length(unique(pair)))
  expect_equal(cells$rows[found$cell], as.numeric(table(pair)[pair]))
  expect_false(is.unsorted(cells$group))
  expect_equal(rows_of_strata(cells)[match(c("a", "b", "c"), found$stratum$labels)],
               as.numeric(table(data$f)))
  model <- crossprods(y ~ x + (1 | g), data, sigma = ~ f, weights = w)
  expect_equal(model$cells$log_weights[found$cell], ave(log(data$w), pair, FUN = sum))
  expect_null(crossprods(y ~ x + (1 | g), data)$cells$log_weights)
})

test_that("rows without groups or strata are one cell in one stratum without a name", {
  model <- crossprods(y ~ x, grouped_data(9))
  expect_identical(n_cells(model), 1L)
  expect_identical(n_strata(model), 1L)
  expect_false(has_strata(model))
  expect_identical(model$strata$rows, model$n_rows)
  expect_true(has_strata(crossprods(y ~ x, transform(grouped_data(9), f = "one"), sigma = ~ f)))
})

test_that("cross-products of version 0.1.0 become those of this one", {
  new <- crossprods(y ~ x + (1 + x | g), grouped_data(9), sigma = ~ f, weights = w)
  old <- unclass(new)
  grouping <- old$groupings[[1]]
  old[c("groupings", "cells", "strata")] <- NULL
  old[c("group", "groups", "group_display", "group_order", "random")] <-
    grouping[c("name", "groups", "display", "order", "random")]
  old[c("cell_group", "cell_level", "cell_rows", "cell_log_weights", "cell_factor", "cell_rest")] <-
    new$cells[c("group", "stratum", "rows", "log_weights", "factor", "rest")]
  old[c("sigma_by", "levels", "level_display", "level_order", "level_factor")] <-
    new$strata[c("name", "labels", "display", "order", "factor")]
  class(old) <- class(new)

  expect_identical(grouping_of(old)$groups, grouping$groups)
  again <- in_this_form(old)
  expect_setequal(names(again), names(new))
  expect_equal(again$cells, new$cells)
  expect_equal(again$strata[names(new$strata)], new$strata)
  draws <- function(x) as.matrix(relm(x, chains = 1, draws = 10, warmup = 10, seed = 1))
  expect_identical(draws(old), draws(new))
  expect_identical(draws(old + new), draws(new + new))
  expect_identical((old + new)$groupings, (new + new)$groupings)
})

# Draws of group effects are the same numbers kept, had again, or read a few at a time.

kept_and_not <- function(...) {
  lapply(list(TRUE, FALSE), function(kept) {
    relm(y ~ x + (1 + x | g), grouped_data(9), chains = 2, draws = 20, warmup = 10, seed = 3,
         group_draws = kept, ...)
  })
}

test_that("effects that were not kept are had again", {
  for (sampler in c("collapsed", "interweaved")) {
    fits <- kept_and_not(sampler = sampler)
    groups <- c(7L, 2L)
    expect_identical(effect_draws(fits[[2]], groups), effect_draws(fits[[1]], groups))
    expect_identical(effect_draws(fits[[2]], groups, 2L),
                     lapply(effect_draws(fits[[1]], groups), function(x) x[2, , , drop = FALSE]))
  }
})

test_that("a reader of a few groups at a time gives those that were asked for, in any order", {
  fits <- kept_and_not()
  for (fit in fits) {
    read <- effect_reader(fit, c(2L, 3L, 5L, 8L, 9L), 1:2)
    for (groups in list(2:3, 5L, c(9L, 8L), 3L, 1L)) {
      expect_identical(read(groups), effect_draws(fits[[1]], groups))
    }
  }
})

test_that("single effects are those of a column in a group", {
  fits <- kept_and_not()
  at <- effects_at(fits[[2]], columns = c(2L, 1L, 1L), groups = c(4L, 4L, 1L))
  all <- effect_draws(fits[[1]], 1:9)
  for (chain in 1:2) {
    expected <- cbind(all[[chain]][2, 4, ], all[[chain]][1, 4, ], all[[chain]][1, 1, ])
    expect_identical(unname(at[[chain]]), expected)
  }
})

test_that("effects of several groupings that were not kept are had again at once", {
  for (formula in list(y ~ x + (1 | a) + (1 + x | a:b), y ~ x + (1 | a) + (1 + x | c))) {
    kept <- nested_fit(formula = formula, draws = 20)
    without <- update(kept, group_draws = FALSE)
    groups <- list(c(3L, 1L, 3L), 2:4)
    held <- with_effects_at_hand(without, groups)
    expect_identical(held$sampling$kept, list(c(0L, 2L), 1:3))
    for (g in 1:2) {
      own <- groups[[g]]
      drawn <- effect_draws(kept, own, g = g)
      expect_identical(effect_draws(held, own, g = g), drawn)
      expect_identical(effect_draws(with_effects_at_hand(kept, groups), own, g = g), drawn)
    }
    expect_identical(with_effects_at_hand(held, list(3L, integer())), held)
    expect_identical(ranef(without), ranef(kept))
    expect_identical(coef(without, groups = "a"), coef(kept, groups = "a"))
  }
})

test_that("few effects are drawn when they are asked for, many are stored: the same numbers", {
  draw <- function(chains) {
    relm(y ~ x + (1 + x | g), grouped_data(9), chains = chains, draws = 1000, seed = 5)
  }
  few <- draw(27)
  many <- draw(28)
  expect_null(few$sampling$effects)
  expect_length(many$sampling$effects, 28)
  expect_identical(effect_draws(few, c(4L, 1L, 9L)), effect_draws(many, c(4L, 1L, 9L))[-28])
  expect_identical(effect_draws(few, 3L, 2L), effect_draws(many, 3L, 2L)[-28])
  expect_identical(all_stored_effects(few$sampling, few$posterior, 0:8), many$sampling$effects[-28])
  none <- array(0, c(2, 0, 1000))
  expect_identical(effect_draws(few, integer()), rep(list(none), 27))
  expect_identical(effect_draws(many, integer()), rep(list(none), 28))
})

test_that("a fit that is extended beyond what is drawn when asked for stores its effects", {
  draw <- function(draws) {
    relm(y ~ x + (1 + x | g), grouped_data(9), chains = 2, draws = draws, seed = 5)
  }
  short <- draw(13000)
  long <- extend(short, 1000, progress = FALSE)
  whole <- draw(14000)
  expect_null(short$sampling$effects)
  expect_length(long$sampling$effects, 2)
  expect_identical(long$sampling$effects, whole$sampling$effects)
  expect_null(extend(draw(20), 10, progress = FALSE)$sampling$effects)
})

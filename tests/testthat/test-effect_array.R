# Effects of 3 columns, 4 groups and 5 draws, each of which says where it stands.
effects <- array(0, c(3, 4, 5))
effects[] <- 100 * slice.index(effects, 1) + 10 * slice.index(effects, 2) + slice.index(effects, 3)

test_that("the matrix that C gives and version 0.1.0 kept is taken as an array", {
  kept <- matrix(effects, 12, 5)
  expect_identical(as_effects(kept, 3, 4), effects)
  expect_identical(as_effects(effects, 3, 4), effects)
  expect_identical(dim(kept), c(12L, 5L))
  expect_identical(dim(as_effects(matrix(0, 0, 5), 3, 0)), c(3L, 0L, 5L))
  expect_error(as_effects(kept, 3, 5))
})

test_that("groups, columns and single effects are found by their places", {
  expect_identical(part_of_effects(effects, c(4L, 2L)), effects[, c(4, 2), ])
  expect_identical(part_of_effects(effects, 1:4, 2L), effects[2, , , drop = FALSE])
  expect_identical(part_of_effects(effects, 1:4), effects)
  expect_identical(single_effects(effects, c(3, 1, 3), c(2, 4, 1)),
                   outer(1:5, c(320, 140, 310), "+"))
  one <- effects[, , 1, drop = FALSE]
  expect_identical(single_effects(one, c(3, 1, 3), c(2, 4, 1)), t(c(321, 141, 311)))
})

test_that("draws come first where rows are predicted", {
  turned <- draws_first(effects)
  expect_identical(dim(turned), c(5L, 3L, 4L))
  expect_identical(turned[5, 3, 4], 345)
})

test_that("arrays are joined along their last dimension", {
  parts <- list(effects[, , 1:2], effects[, , 3, drop = FALSE], effects[, , 4:5])
  expect_identical(bind_last(parts), effects)
  expect_identical(bind_last(list(effects)), effects)
  expect_identical(bind_last(list(diag(2), matrix(3, 2, 1))), cbind(diag(2), 3))
  expect_identical(bind_last(list(matrix(0, 0, 2), matrix(0, 0, 1))), matrix(0, 0, 3))
})

test_that("a fit keeps columns x groups x draws, also when it is extended or joined", {
  fit <- relm(y ~ x + (1 + x | g), grouped_data(9), chains = 2, draws = 20, seed = 1)
  expect_identical(lapply(kept_effects(fit), dim), list(c(2L, 9L, 20L), c(2L, 9L, 20L)))
  longer <- extend(fit, 5, progress = FALSE)
  expect_identical(dim(kept_effects(longer)[[1]]), c(2L, 9L, 25L))
  few <- update(fit, group_draws = c("g4", "g2"), seed = 2)
  both <- c(fit, few)
  expect_identical(dim(both$sampling$effects[[4]]), c(2L, 2L, 20L))
  expect_identical(as.matrix(both, "r_g[g2,x]")[1:40, ], as.matrix(fit, "r_g[g2,x]")[, 1])
})

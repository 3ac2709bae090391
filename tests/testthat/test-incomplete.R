# Fits that have fewer chains or draws than were asked for.

test_that("the largest rectangle of chains is kept", {
  expect_identical(largest_rectangle(c(1000L, 400L, 0L)), list(chains = 1L, draws = 1000L))
  expect_identical(largest_rectangle(c(0L, 900L, 1000L)), list(chains = 2:3, draws = 900L))
  expect_identical(largest_rectangle(c(5L, 5L)), list(chains = 1:2, draws = 5L))
  expect_identical(largest_rectangle(c(0L, 0L))$draws, 0L)
})

test_that("the mark of a fit goes when it has all that was asked for", {
  sampling <- list(chains = 2L, draws = 10L)
  asked <- list(chains = 2L, draws = 20L, continues = TRUE)
  expect_null(still_incomplete(sampling))
  expect_identical(still_incomplete(c(sampling, list(incomplete = asked))), asked)
  expect_null(still_incomplete(list(chains = 2L, draws = 20L, incomplete = asked)))
  asked$continues <- FALSE
  expect_identical(still_incomplete(list(chains = 2L, draws = 20L, incomplete = asked)), asked)
  expect_identical(incomplete_line(list(chains = 1L, draws = 1200L, incomplete = list(chains = 2L, draws = 5000L))),
                   "Incomplete: 1 of 2 chains, 1,200 of 5,000 draws of each")
})

test_that("a chain of several rounds is cut in its last one", {
  result <- list(hyper = matrix(1:12 + 0, 2), effects = array(1:18 + 0, c(1, 3, 6)), interrupted = TRUE,
                 end = list(draws = 106L, state = 1))
  plan <- list(summed = list())
  cut <- whole_result(result, 4L, plan, 1L, list(draws = 100L))
  expect_identical(cut$hyper, result$hyper[, 1:4])
  expect_identical(cut$effects, result$effects[, , 1:4, drop = FALSE])
  expect_identical(cut$end$draws, 104L)
  expect_false(cut$interrupted)
})

test_that("bass has one row per fish and the documented columns", {
  expect_identical(dim(bass), c(171L, 5L))
  expect_identical(
    vapply(bass, class, ""),
    c(river = "factor", station = "factor", length = "numeric", weight = "numeric",
      mercury = "numeric")
  )
  expect_false(anyNA(bass))
})

test_that("bass has the stations of each river with their numbers of fish", {
  lumber <- c(l1 = 10L, l2 = 19L, l3 = 13L, l4 = 10L, l5 = 14L, l6 = 3L, l7 = 4L)
  waccamaw <- c(w1 = 10L, w2 = 14L, w3 = 3L, w4 = 21L, w5 = 9L, w6 = 13L, w7 = 4L, w8 = 13L,
                w9 = 11L)
  fish <- unclass(table(bass$river, bass$station))

  expect_identical(rownames(fish), c("lumber", "waccamaw"))
  expect_identical(fish["lumber", ], c(lumber, 0L * waccamaw))
  expect_identical(fish["waccamaw", ], c(0L * lumber, waccamaw))
})

test_that("bass is in centimetres, grams and parts per million", {
  expect_equal(range(bass$length), c(25.2, 65))
  expect_equal(range(bass$weight), c(203, 4511))
  expect_equal(range(bass$mercury), c(0.11, 3.6))

  # Fulton's condition factor, 100 g / cm^3, is between 0.5 and 3.5 for a living bass.
  condition <- 100 * bass$weight / bass$length^3
  expect_gt(min(condition), 0.5)
  expect_lt(max(condition), 3.5)
})

test_that("bass holds the measurements of data-raw/bass.csv, in their order", {
  measurements <- as.matrix(bass[c("length", "weight", "mercury")])
  row <- seq_len(nrow(bass))

  expect_equal(colSums(measurements), c(length = 6835, weight = 196293, mercury = 203.79))
  expect_equal(colSums(row * measurements),
               c(length = 599833.5, weight = 17303870, mercury = 19442.36))
  expect_identical(bass[1, "mercury"], 1.6)
  expect_identical(levels(bass$station)[bass$station[171]], "w9")
})

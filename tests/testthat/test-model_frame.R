test_that("weights, offset and subset are found in the data, and where the call was written", {
  data <- grouped_data()
  own <- 2 * data$w
  frame <- relm_design(y ~ x + (1 | g), data, weights = own, subset = x > 0)$frame
  expect_equal(frame[["(weights)"]], own[data$x > 0])
  wrapper <- function(...) relm_design(y ~ x + (1 | g), data, ...)
  expect_equal(wrapper(weights = w, subset = x > 0)$frame[["(weights)"]],
               data$w[data$x > 0])
  inner <- function(given) relm_design(y ~ x + (1 | g), data, weights = given)$frame
  expect_equal(inner(own)[["(weights)"]], own)
})

test_that("rows with missing values are dropped, and their number is said", {
  data <- grouped_data()
  data$x[c(2, 5)] <- c(NA, NaN)
  data$g[7] <- NA
  expect_message(design <- relm_design(y ~ x + (1 | g), data),
                 sprintf("Dropped 3 of %d rows", nrow(data)), class = "relm_message")
  expect_equal(nrow(design$frame), nrow(data) - 3)
  expect_equal(suppressMessages(nobs(relm(y ~ x + (1 | g), data, chains = 1, draws = 2))),
               nrow(data) - 3)
})

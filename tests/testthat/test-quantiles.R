test_that("means, standard deviations and quantiles of columns are R's", {
  set.seed(1)
  probabilities <- c(0, 0.025, 0.5, 0.9, 1)
  for (n in c(1, 2, 7, 400)) {
    values <- cbind(rnorm(n), 3, sample(rep_len(c(1, 2, 5), n)))
    ours <- .Call(ffi_summarize_columns, values, probabilities)
    theirs <- apply(values, 2, function(x) c(mean(x), sd(x), quantile(x, probabilities)))
    expect_equal(ours, theirs, tolerance = 1e-12, ignore_attr = TRUE)
  }
  with_nan <- values
  with_nan[3, 2] <- NaN
  told <- .Call(ffi_summarize_columns, with_nan, probabilities)
  expect_identical(told[, -2], ours[, -2])
  expect_identical(told[, 2], rep(NA_real_, 7))
})

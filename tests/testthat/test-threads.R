# Threads, and processes that are forked.

test_that("processes forked from one that has used threads do not wait for them", {
  skip_on_os("windows")
  set.seed(1)
  large <- data.frame(y = rnorm(24000), g = rep(1:12000, 2))
  model <- crossprods(y ~ 1 + (1 | g), large)
  fit <- function(...) relm(model, chains = 2, draws = 3, seed = 1, group_draws = FALSE, ...)
  expected <- as_draws_array(fit())
  expect_identical(as_draws_array(fit(threads = 2)), expected)
  setTimeLimit(elapsed = 60, transient = TRUE)
  on.exit(setTimeLimit())
  expect_identical(as_draws_array(fit(threads = 2, cores = 2)), expected)
})

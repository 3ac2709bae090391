# Extracted from test-several_criteria.R:16

# setup ------------------------------------------------------------------------
library(testthat)
test_env <- simulate_test_env(package = "relm", path = "..")
attach(test_env, warn.conflicts = FALSE)

# prequel ----------------------------------------------------------------------
skip_if_not_installed("loo")
data <- grouped_data()
first <- relm(y ~ x + (1 | g), data, chains = 2, draws = 100, seed = 1)
second <- relm(y ~ 1 + (1 | g), data, chains = 2, draws = 100, seed = 1)

# test -------------------------------------------------------------------------
both <- suppressWarnings(loo(first, second))
expect_named(both$loos, c("first", "second"))
expect_equal(both$loos$second$estimates, suppressWarnings(loo(second))$estimates)
expect_equal(both$diffs, suppressWarnings(loo_compare(first, second)))
expect_identical(rownames(both$diffs), c("first", "second"))
groups <- suppressWarnings(waic(first, other = second, by = "group"))
expect_named(groups$loos, c("first", "other"))
expect_equal(groups$loos$first$estimates, suppressWarnings(waic(first, by = "group"))$estimates)
expect_equal(groups$diffs, suppressWarnings(loo_compare(waic(first, by = "group"),
                                                          waic(second, by = "group"))), ignore_attr = TRUE)

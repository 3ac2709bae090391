# Extracted from test-several_criteria.R:23

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
printed <- capture.output(print(suppressWarnings(loo(first, second))))
expect_length(grep("^Model (first|second)$", printed), 2)
expect_length(grep("^Computed from", printed), 2)
expect_match(tail(printed, 1), "^second +-")

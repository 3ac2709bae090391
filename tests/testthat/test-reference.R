# Where R, BLAS and compiler are those that the file of reference draws was made with, its draws
# are these draws to the last bit. tools/reference-draws.R renews it.

test_that("draws of every sampler, prior and shape are those of the reference", {
  skip_on_cran()
  file <- test_path("fixtures", "reference-draws.rds")
  skip_if_not(file.exists(file), "no reference draws")
  reference <- readRDS(file)
  skip_if_not(identical(reference_machine(), reference$machine), "another machine")

  draws <- lapply(reference_cases(), reference_draws_of)

  expect_identical(names(draws), names(reference$draws))
  same <- mapply(identical, draws, reference$draws)
  expect_identical(names(draws)[!same], character())
})

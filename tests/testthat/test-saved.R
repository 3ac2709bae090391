# Fits that version 0.1.0 saved, one of each sampler and with several residual variances, effects
# that were kept or not, priors and cross-products, with what its methods made of them.

test_that("methods make of a fit saved by version 0.1.0 what it made of it", {
  skip_if(length(saved_fits()) == 0, "no saved fits")
  expected <- readRDS(test_path("fixtures", "saved-0.1.0", "answers.rds"))
  fits <- saved_fits()
  expect_setequal(names(fits), names(expected))
  for (name in names(expected)) {
    expect_equal(saved_answers(fits[[name]]), expected[[name]], label = name, tolerance = 1e-6)
  }
})

test_that("where groups are told apart otherwise than by version 0.1.0, it says to fit again", {
  data <- data.frame(a = rep(c("1", "1:1"), each = 20), u = rep(c("1:2", "2"), 20), y = rnorm(40))
  fit <- relm(y ~ 1 + (1 | a:u), data, seed = 1, chains = 1, draws = 20)
  # As that version would have had it: three groups of four.
  fit$posterior$groupings[[1]]$groups <- unique(paste(data$a, data$u, sep = ":"))
  fit$design$factors <- NULL

  expect_error(fitted(fit), "update\\(fit\\)", class = "relm_error")
  expect_error(predict(fit, data[1:2, ]), "earlier version", class = "relm_error")
})

# Derivatives of the modes of group effects against differences of modes.

test_that("a little way from the reference modes are where their derivatives say", {
  data <- family_data()
  for (case in family_cases()) {
    shape <- if (identical(case$family$family, "negative_binomial")) 2
    hyper <- c(0.2, 0.5, 1.4, 0.8, 0.3, shape)
    model <- model_of(family_posterior(case, ~ x + (1 + x | g), data))
    at <- function(hyper) with_modes(model, hyper)$responses
    n <- length(at(hyper)$reference)
    # theta, the three elements of L, and log r.
    expect_length(at(hyper)$reference, 2 + 3 + length(shape))
    slope <- array(at(hyper)$slope, c(n, 2, 6))
    for (k in seq_along(hyper)) {
      step <- replace(numeric(length(hyper)), k, 1e-4)
      up <- at(hyper + step)
      down <- at(hyper - step)
      moved <- apply(slope * (up$reference - down$reference), c(2, 3), sum)
      expect_equal(moved, matrix(up$mode - down$mode, 2), tolerance = 1e-5)
      expect_gt(max(abs(moved)), 1e-6)
    }
  }
})

test_that("what the target is does not depend on where modes are foretold from", {
  data <- family_data()
  for (case in family_cases()[c("logit", "poisson", "dispersed")]) {
    shape <- if (identical(case$family$family, "negative_binomial")) 2
    for (terms in list(~ x + (1 | g), ~ x + (1 + x | g))) {
      model <- model_of(family_posterior(case, terms, data))
      tuning <- family_tuning_of(model)
      q <- length(tuning$scale)
      near <- c(0.2, 0.5, rep(1.2, q), if (q == 2) 0.3, shape)
      far <- c(-3, 2, rep(8, q), if (q == 2) -0.6, 3 * shape)
      point <- family_point(model, tuning, rep(0.9, q), if (q == 2) 0.1, c(0.3, 0.4), shape)
      values <- vapply(list(near, far), function(hyper) {
        log_target(with_modes(model, hyper), tuning, point, 1)
      }, 0)
      expect_equal(values[1], values[2], tolerance = 1e-6)
      expect_equal(values[1], log_target(model, tuning, point, 1), tolerance = 1e-6)
    }
  }
})

# Coordinates of the collapsed sampler's target as R handles them; their density is held against
# dense covariances in the tests of C's.

model <- model_of(posterior_of(y ~ x + (1 + x + v | g), grouped_data(9),
                               prior = relm_prior(sd = uniform(5))))

test_that("a point and its folded one have the same density, and no negative scale", {
  tuning <- tuning_of(model, "integrated")
  set.seed(1)
  points <- matrix(rnorm(6 * 20), 6)
  folded <- apply(points, 2, fold_point, tuning)
  expect_true(all(folded[1:3, ] >= 0))
  expect_equal(log_target(model, tuning, folded, 1), log_target(model, tuning, points, 1),
               tolerance = 1e-12)
  expect_gt(stats::sd(log_target(model, tuning, points, 1)), 0.1)
})

test_that("a point beyond a bound is brought within it", {
  tuning <- tuning_of(model, "coordinate")
  point <- within_bounds(c(50, -50, 0.1, 0, 0, 0, 0), model, tuning)
  sds <- sinh(point[1:3]) * tuning$scale * exp(point[7])
  expect_equal(abs(sds[1:2]), rep(0.95 * 5, 2))
  expect_equal(point[3], 0.1)
  expect_true(is.finite(log_target(model, tuning, point, 1)))
  expect_identical(sd_bounds(without_bounds(model)$groupings[[1]]), rep(Inf, 3))
})

test_that("proposals forget the last digits of what they were placed by", {
  set.seed(4)
  covariance <- crossprod(matrix(rnorm(60), 12)) / c(1, 10, 100, 1e3, 1e4)
  covariance <- (covariance + t(covariance)) / 2 + diag(5)
  tuning <- list(scale = c(1, 2), sign_columns = c(1L, 2L, 0L, 0L, 0L))
  center <- c(0.3, 2, -40, 0, 1e3)
  place <- function(change) {
    change <- 1 + change * matrix(rnorm(25), 5)
    place_proposal(tuning, center * change[1, ], covariance * change * t(change))
  }
  placed <- place(0)
  for (i in 1:20) expect_identical(place(1e-11), placed)
  expect_false(identical(place(1e-3), placed))
  # What is forgotten is little beside the proposal.
  sd <- sqrt(diag(covariance))
  expect_lt(max(abs(placed$center - center) / sd), 1e-5)
  expect_equal(crossprod(placed$root), solve(covariance * proposal_width^2), tolerance = 1e-4)
})

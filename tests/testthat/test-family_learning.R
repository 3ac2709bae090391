# What proposals for other families learn from the points of all rounds.

data <- family_data()

pool_of <- function() {
  posterior <- family_posterior(family_cases()$logit, ~ x + (1 | g), data)
  model <- tune_family(model_of(posterior), list(threads = 1L))
  tuning <- tuning_of_model(model)
  tuning$surrogate <- NULL
  wide <- replace(tuning, "root", list(tuning$root / 1.5))
  pool <- add_points(NULL, model, tuning, 4000L, 1L)
  pool <- add_points(pool, model, wide, 2000L, 2L)
  list(pool = pool, tuning = tuning, model = model)
}

test_that("points of several proposals, weighted, have the moments that one proposal's have", {
  made <- pool_of()
  moments <- function(points, weight) {
    weight <- weight / sum(weight)
    mean <- drop(points %*% weight)
    error <- sqrt(drop((points - mean)^2 %*% weight^2))
    list(mean = mean, error = error)
  }
  all <- moments(made$pool$points, pool_weights(made$pool))
  fresh <- add_points(NULL, made$model, made$tuning, 6000L, 77L)
  own <- moments(fresh$points, pool_weights(fresh, made$tuning))
  expect_lt(max(abs(all$mean - own$mean) / sqrt(all$error^2 + own$error^2)), 4)
})

test_that("densities of folded proposals are those of C up to a constant", {
  made <- pool_of()
  proposed <- with_stream(3L, propose(made$model, made$tuning, 200L))
  inside <- !is.na(proposed$log_density)
  own <- log_folded_t(folded_distances(proposed$points[, inside], made$tuning), made$tuning$df, 1)
  expect_lt(diff(range(own - proposed$log_density[inside])), 1e-10)
})

test_that("shares of accepted points count how many each stands for", {
  weight <- c(0.5, 1, 3, 2)
  expect_equal(weighted_acceptance(weight, rep(1, 4)), accepted_share(weight))
  expect_equal(weighted_acceptance(weight, c(2, 1, 1, 3)), accepted_share(rep(weight, c(2, 1, 1, 3))))
})

test_that("the shape that is chosen leaves more of its points effective than a bad one", {
  made <- pool_of()
  bad <- replace(made$tuning, "root", list(made$tuning$root / 1.8))
  shaped <- shape_proposal(bad, made$pool)
  effective <- function(tuning) {
    fresh <- add_points(NULL, made$model, tuning, 2000L, 5L)
    weight <- pool_weights(fresh, tuning)
    sum(weight)^2 / sum(weight^2) / 2000
  }
  expect_gt(effective(shaped), 1.2 * effective(bad))
})

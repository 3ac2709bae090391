# A scan from C is, variate for variate, what plain R draws from dense covariances of all rows.

# Draws of both, from the same start, with proposals at each step's mode.
expect_scan_replay <- function(formula, sweeps = 20, ..., prior = relm_prior(), moves = c(2, 1)) {
  data <- joint_data(64)
  data$e <- rep_len(1:5, 64)
  # Within a, as b is, and crossed with b.
  data$f <- paste(data$a, rep_len(1:2, 64))
  posterior <- posterior_of(formula, data, prior, ...)
  model <- model_of(posterior)
  scales <- scales_of(model)
  role <- role_of_sigma(posterior)
  tunings <- lapply(seq_along(model$steps), function(s) {
    tuning <- tune_at_mode(model, scales, role, step = s - 1L)
    tuning$n_independent <- as.integer(moves[1])
    tuning$n_ellipse <- as.integer(moves[2])
    tuning
  })
  model <- with_tuning(model, tunings)
  set.seed(3)
  effects <- lapply(posterior$groupings, function(grouping) {
    matrix(rnorm(nrow(grouping$random) * length(grouping$groups)), nrow(grouping$random))
  })
  start <- list(theta = numeric(length(posterior$fixed)), Sigma = scales$Sigma, sigma2 = scales$sigma2,
                point = lapply(tunings, `[[`, "center"), effect = lapply(effects, as.numeric))
  set.seed(5)
  ours <- sample_chain(model, "collapsed", start, sweeps)
  set.seed(5)
  theirs <- replay_scan(posterior, model, list(points = start$point, sigma2 = start$sigma2,
                                               effects = effects), sweeps)
  # Proposals are refused and accepted.
  if (moves[1]) {
    expect_gt(ours$accepted, 0)
    expect_lt(ours$accepted, ours$proposals)
  }
  off <- vapply(seq_len(sweeps), function(t) {
    state <- state_of(ours$hyper[, t], posterior)
    drawn <- lapply(ours$effects, function(effects) effects[, , t])
    own <- theirs[[t]]
    max(largest_difference(state$beta, own$beta), largest_difference(state$sigma2, own$sigma2),
        mapply(largest_difference, state$Sigma, own$Sigma),
        mapply(function(a, b) largest_difference(as.numeric(a), as.numeric(b)), drawn, own$effects))
  }, 0)
  expect_lt(max(off), 1e-8)
}

test_that("crossed intercepts", {
  expect_scan_replay(y ~ x + (1 | b) + (1 | c))
  expect_scan_replay(y ~ x + (1 | b) + (1 | c) + (1 | e), weights = w)
})

test_that("crossed intercepts and slopes, correlated and not", {
  expect_scan_replay(y ~ x + (1 + x | b) + (1 + x || c), prior = relm_prior(cor = lkj(2)))
  expect_scan_replay(y ~ x + (1 + x + v | b) + (0 + x | c), weights = w)
})

test_that("chains crossed with another grouping", {
  expect_scan_replay(y ~ x + (1 | a) + (1 + x | b) + (1 | c))
  expect_scan_replay(y ~ x + (1 + x | a) + (1 | b) + (1 + x | c), weights = w, moves = c(0, 3))
})

test_that("several residual variances", {
  expect_scan_replay(y ~ x + (1 | b) + (1 + x | c), sigma = ~ d)
  expect_scan_replay(y ~ x + (1 | a) + (1 | b) + (1 | c), sigma = ~ d, weights = w)
})

test_that("pooled residual variances, crossed", {
  expect_scan_replay(y ~ x + (1 | b) + (1 + x | c), sigma = ~ d, prior = relm_prior(sigma = pooled()))
})

test_that("pooled residual variances, nested", {
  expect_scan_replay(y ~ x + (1 | a) + (1 + x | b), sigma = ~ d, prior = relm_prior(sigma = pooled()), weights = w)
})

test_that("two branches under one root are a chain and a step beside it", {
  expect_scan_replay(y ~ x + (1 | a) + (1 | b) + (1 | f))
  expect_scan_replay(y ~ x + (1 + x | a) + (1 | b) + (1 | f), weights = w)
})

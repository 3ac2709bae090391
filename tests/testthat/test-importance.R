# What proposals learn, against the target on a grid and against a chain.

two_columns <- function(formula = log(mercury) ~ x + (1 + x || station)) {
  posterior <- posterior_of(formula, bass_centered())
  model <- model_of(posterior)
  estimate <- scales_of(model)
  list(model = model, estimate = estimate,
       tuning = tuning_at_mode(model, role_of_sigma(posterior), estimate))
}

test_that("the share that is accepted is that of all pairs", {
  set.seed(1)
  weight <- c(rexp(20)^3, 0, 0)
  pairs <- outer(weight, weight, function(here, there) here * pmin(1, there / pmax(here, 1e-300)))
  expect_equal(accepted_share(weight), sum(pairs) / (length(weight) * sum(weight)))
})

test_that("weights that are far too great are cut, and add up to one", {
  expect_equal(truncate_weights(c(1, 2, 1)), c(1, 2, 1) / 4)
  cut <- truncate_weights(c(rep(1, 99), 1e6))
  expect_equal(sum(cut), 1)
  expect_equal(cut[100] / cut[1], 10 * mean(c(rep(1, 99), 1e6)))
})

test_that("proposals take the posterior's mean and covariance", {
  case <- two_columns()
  # The posterior on a grid of cells over all that matters of it.
  sides <- list(seq(0.005, 6, by = 0.01), seq(0.005, 6, by = 0.01))
  grid <- t(as.matrix(expand.grid(sides)))
  density <- log_density_at(case$model, case$tuning, grid, case$estimate$sigma2)
  density <- exp(density - max(density))
  density <- density / sum(density)
  mean <- drop(grid %*% density)
  apart <- grid - mean
  covariance <- apart %*% (density * t(apart))
  learnt <- learn_proposal(case$model, case$tuning, case$estimate$sigma2)$tuning
  # At least half of the last round's points are effective.
  n <- 0.5 * 2 * learning_points[["last"]]
  expect_lt(max(abs(learnt$center - mean) / sqrt(diag(covariance) / n)), 4)
  sd <- sqrt(diag(chol2inv(learnt$root))) / proposal_width
  # Of a standard deviation: that of a density with a kurtosis of 4.
  expect_lt(max(abs(sd / sqrt(diag(covariance)) - 1)), 4 * sqrt(0.75 / n))
})

test_that("a chain accepts the share that the weights say", {
  case <- two_columns(log(mercury) ~ x + (1 + x | station))
  shares <- vapply(1:20, function(seed) {
    weigh_proposals(case$model, case$tuning, case$estimate$sigma2, 1000, seed)$accepted_share
  }, 0)
  case$tuning[c("n_independent", "n_ellipse")] <- list(1L, 0L)
  case$model <- tuned_model(case$model, case$tuning)
  set.seed(2)
  state <- c(case$estimate, list(point = list(case$tuning$center)))
  chains <- vapply(1:20, function(part) {
    chain <- chain_of(case$model, "collapsed", state, 1000L, kept = integer())
    state <<- chain$state
    chain$accepted / chain$proposals
  }, 0)
  expect_lt(abs(mean(shares) - mean(chains)) / sqrt((var(shares) + var(chains)) / 20), 4)
})

test_that("points without a density teach nothing", {
  case <- two_columns()
  away <- replace(case$tuning, c("center", "near"), list(c(400, 400), 0L))
  expect_null(weigh_proposals(case$model, away, case$estimate$sigma2, 50, 1))
  learnt <- learn_proposal(case$model, away, case$estimate$sigma2)
  expect_equal(learnt, list(tuning = away, accepted_share = 0))
})

test_that("what is learnt depends on no seed, and leaves the caller's stream alone", {
  case <- two_columns()
  learn <- function(seed) {
    set.seed(seed)
    before <- .Random.seed
    learnt <- learn_proposal(case$model, case$tuning, case$estimate$sigma2)
    expect_identical(.Random.seed, before)
    learnt
  }
  expect_identical(learn(1), learn(2))
})

test_that("of two humps both are learnt, against the interweaved sampler", {
  # One group of four lies far off: it varies much, or the residuals do.
  set.seed(1)
  data <- data.frame(g = rep(1:4, each = 3), x = rnorm(12))
  data$y <- rnorm(12) + ifelse(data$g == 1, 12, 0)
  prior <- relm_prior(normal(0, 50), sd = half_normal(0.6), sigma = half_cauchy(1))
  fits <- lapply(c("collapsed", "interweaved"), function(sampler) {
    relm(y ~ x + (1 + x | g), data, prior = prior, sampler = sampler, draws = 20000, seed = 2)
  })
  expect_null(fits[[1]]$sampling$tuning$table)
  low <- lapply(fits, function(fit) 1 * (fit$sampling$hyper[, , "sigma"] < 2.5))
  shares <- vapply(low, mean, 0)
  expect_gt(shares[1], 0.2)
  expect_lt(shares[1], 0.6)
  errors <- vapply(low, posterior::mcse_mean, 0)
  expect_lt(abs(diff(shares)) / sqrt(sum(errors^2)), 4)
  # These are two humps: of three equal steps the middle one has the least.
  sigma <- fits[[1]]$sampling$hyper[, , "sigma"]
  steps <- vapply(c(0.8, 2.2, 4), function(place) mean(abs(sigma - place) < 0.15), 0)
  expect_lt(2 * steps[2], min(steps[-2]))
  expect_gt(min(apply(fits[[1]]$sampling$hyper, 3, posterior::ess_bulk)), 0.3 * 80000)
})

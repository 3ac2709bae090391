# What must not matter to a chain does not, and what must move it moves it as theory says.

formula <- y ~ x + v + (1 + x || g)
samplers <- c("centered", "uncentered", "interweaved")
sweeps <- 50

# The chain of `changed` beside that of `data`, both from the same starting point, which
# `move(start)` turns into the changed model's; `back` turns its draws into the original's.
expect_moved <- function(changed, move, back, data = grouped_data(),
                         build = function(data) posterior_of(formula, data)) {
  for (sampler in samplers) {
    plain <- build(data)
    moved <- build(changed)
    start <- plain_start(plain)
    one <- run_sampler(plain, sampler, sweeps, start = start)$hyper
    two <- run_sampler(moved, sampler, sweeps, start = move(start))$hyper
    colnames(one) <- colnames(two) <- plain$parameters$variable
    expect_lt(largest_difference(back(two), one), 1e-8, label = sampler)
  }
}

test_that("row order and group order change nothing, with the variates permuted alike", {
  data <- grouped_data()
  set.seed(3)
  shuffled <- data[sample(nrow(data)), ]
  expect_false(identical(unique(data$g), unique(shuffled$g)))
  for (sampler in samplers) {
    ours <- run_sampler(posterior_of(y ~ x + v + (1 + x | g), shuffled), sampler, sweeps)
    theirs <- run_replay(posterior_of(y ~ x + v + (1 + x | g), data), sampler, sweeps,
                         group_order = match(unique(shuffled$g), unique(data$g)))
    expect_lt(largest_difference(ours$hyper, theirs$hyper), 1e-8)
  }
})

test_that("rows within groups can stand in any order", {
  data <- grouped_data()
  sorted <- data[order(match(data$g, data$g), -data$x), ]
  for (sampler in samplers) {
    one <- run_sampler(posterior_of(formula, data), sampler, sweeps)
    two <- run_sampler(posterior_of(formula, sorted), sampler, sweeps)
    expect_lt(largest_difference(two$hyper, one$hyper), 1e-8)
    expect_lt(largest_difference(two$effects, one$effects), 1e-8)
  }
})

test_that("the spelling of labels changes nothing at all", {
  data <- grouped_data()
  respelled <- transform(data, g = chartr("1234567", "7351264", g))
  numbered <- transform(data, g = -match(g, unique(g)))
  for (sampler in samplers) {
    one <- relm(formula, data, sigma = ~ f, sampler = sampler, draws = 20, seed = 1)
    for (other in list(respelled, numbered, transform(data, g = factor(g)))) {
      two <- relm(formula, other, sigma = ~ f, sampler = sampler, draws = 20, seed = 1)
      expect_identical(two$sampling$hyper, one$sampling$hyper)
      expect_identical(kept_effects(two), kept_effects(one))
    }
  }
})

test_that("a rescaled response rescales everything", {
  expect_moved(
    transform(grouped_data(), y = 1000 * y),
    function(s) list(beta = 1000 * s$beta, Sigma = 1e6 * s$Sigma, sigma2 = 1e6 * s$sigma2),
    function(hyper) hyper / 1000
  )
})

test_that("a rescaled column rescales its coefficient and its standard deviation", {
  scale <- diag(c(1, 1 / 50))
  back <- function(hyper) {
    hyper[, c("b_x", "sd_g__x")] <- 50 * hyper[, c("b_x", "sd_g__x")]
    hyper
  }
  expect_moved(
    transform(grouped_data(), x = 50 * x),
    function(s) list(beta = s$beta / c(1, 50, 1), Sigma = scale %*% s$Sigma %*% scale,
                     sigma2 = s$sigma2),
    back
  )
})

test_that("a shifted response shifts the intercept", {
  back <- function(hyper) {
    hyper[, "b_Intercept"] <- hyper[, "b_Intercept"] - 100
    hyper
  }
  shift <- function(s) replace(s, "beta", list(s$beta + c(100, 0, 0)))
  expect_moved(transform(grouped_data(), y = y + 100), shift, back)
  expect_moved(transform(grouped_data(), y = y + 100), shift, back,
               build = function(data) posterior_of(formula, data, sigma = ~ f))
})

# A year has a mean of 2000 and a spread of 3.
test_that("a shifted column without a random slope shifts the intercept, and loses no digits", {
  far <- function(by) list(
    changed = transform(grouped_data(), v = 3 * v + by),
    data = transform(grouped_data(), v = 3 * v),
    move = function(s) replace(s, "beta", list(s$beta - c(by * s$beta[3], 0, 0))),
    back = function(hyper) {
      hyper[, "b_Intercept"] <- hyper[, "b_Intercept"] + by * hyper[, "b_v"]
      hyper
    }
  )
  builds <- list(
    function(data) posterior_of(formula, data),
    function(data) posterior_of(formula, data, sigma = ~ f, weights = w),
    function(data) posterior_of(y ~ x + v + (1 | g), data)
  )
  for (by in c(2000, 1e5)) {
    case <- far(by)
    for (build in builds) {
      expect_moved(case$changed, case$move, case$back, case$data, build)
    }
  }
})

test_that("weights in grams, as a column, lose no digits", {
  grams <- transform(bass_centered(), y = log(mercury), v = weight, g = station)
  kilograms <- transform(grams, v = (v - 1000) / 1000)
  expect_moved(
    grams,
    function(s) replace(s, "beta", list(c(s$beta[1] - s$beta[3], s$beta[2], s$beta[3] / 1000))),
    function(hyper) {
      hyper[, "b_v"] <- 1000 * hyper[, "b_v"]
      hyper[, "b_Intercept"] <- hyper[, "b_Intercept"] + hyper[, "b_v"]
      hyper
    },
    kilograms
  )
})

test_that("noise in the last digits of data moves no draw by more than a millionth of its spread", {
  data <- grouped_data()
  set.seed(5)
  noisy <- data
  for (name in c("y", "x", "v")) {
    noisy[[name]] <- data[[name]] * (1 + .Machine$double.eps * rnorm(nrow(data)))
  }
  expect_false(identical(noisy, data))
  for (sampler in c("collapsed", "interweaved")) {
    draws <- lapply(list(data, noisy), function(data) {
      as.matrix(relm(formula, data, sampler = sampler, draws = 200, chains = 2, seed = 1))
    })
    spread <- apply(draws[[1]], 2, stats::IQR)
    expect_lt(max(abs(draws[[1]] - draws[[2]]) / rep(spread, each = 400)), 1e-6, label = sampler)
  }
})

test_that("other seeds give draws of the same posterior", {
  fits <- lapply(1:3, function(seed) relm(formula, grouped_data(), draws = 2000, seed = seed))
  variables <- grep("^r_", variables(fits[[1]]), value = TRUE, invert = TRUE)
  for (other in fits[2:3]) {
    expect_lt(max(abs(median_distances(list(fits[[1]], other))[variables])), 4)
  }
})

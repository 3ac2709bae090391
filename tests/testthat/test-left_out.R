skip_if_not_installed("loo")

test_that("rows in blocks give what all at once give, in the order of the data", {
  set.seed(2)
  shuffled <- bass_centered()[sample(171), ]
  shuffled$river <- substr(shuffled$station, 1, 1)
  fit <- relm(log(mercury) ~ x + (1 + x | station), shuffled, seed = 1, chains = 2, draws = 200,
              sigma = ~ river, group_draws = FALSE)
  run <- function(density, size) {
    most <- 0
    columns <- density$columns
    density$columns <- function(places) {
      most <<- max(most, length(places))
      columns(places)
    }
    density$blocks <- split(seq_len(density$n), (seq_len(density$n) - 1) %/% size)
    result <- smoothed_loo(density, rep(1, density$n), 1, FALSE)
    expect_lte(most, size)
    result
  }
  for (density in list(left_out_density(fit, "row", TRUE),
                       left_out_density(fit, "row", FALSE),
                       left_out_density(fit, "group"))) {
    expect_equal(run(density, 9), run(density, 200), tolerance = 1e-10)
  }
  values <- log_lik(fit)
  theirs <- suppressWarnings(loo::loo(values, r_eff = rep(1, 171)))
  ours <- run(left_out_density(fit, "row", FALSE), 9)
  expect_equal(unname(ours$pointwise), unname(theirs$pointwise))
  expect_equal(ours$estimates, theirs$estimates)
  expect_equal(attributes(ours)$dims, attributes(theirs)$dims)
  expect_equal(names(ours), names(theirs))
})

test_that("densities of rows left out are those of their normal distributions", {
  posterior <- posterior_of(y ~ x + (1 + x | g), grouped_data(7), weights = w)
  fit <- relm(y ~ x + (1 + x | g), grouped_data(7), weights = w, chains = 2, draws = 10, seed = 1)
  density <- left_out_density(fit, "row", TRUE)
  rows <- replay_data(posterior)
  hyper <- hyper_of(fit)
  values <- density$columns(c(40L, 3L))
  for (d in c(2, 17)) {
    state <- state_at(hyper[, d], posterior)
    exact <- vapply(c(40, 3), function(i) {
      at <- dense_left_out(rows, state, i)
      dnorm(rows$y[i], at[1], at[2], log = TRUE)
    }, 0)
    expect_equal(values[d, ], exact)
  }
})

test_that("the density given all data has the group effects integrated out too", {
  fit <- relm(y ~ x + (1 | g), grouped_data(7), seed = 1, chains = 4, draws = 2000)
  exact <- left_out_density(fit, "row", TRUE)$lpd()
  # With draws of the effects the mean has an error, which that of the integrated one is below.
  density <- exp(log_lik(fit))
  error <- apply(density, 2, sd) / sqrt(8000) / colMeans(density)
  expect_lt(max(abs(exact - log(colMeans(density))) / error), 4)
})

test_that("a group that takes its residual variance with it needs a proper prior of that", {
  own <- function(...) {
    relm(log(mercury) ~ x + (1 | station), bass_centered(), sigma = ~ station, seed = 1,
         chains = 1, draws = 50, ...)
  }
  expect_error(loo(own(), by = "group"), "jeffreys.*improper.*l1", class = "relm_error")
  expect_error(loo(own(prior = relm_prior(sigma = uniform())), by = "group"), "uniform",
               class = "relm_error")
  expect_s3_class(suppressWarnings(loo(own(prior = relm_prior(sigma = pooled())), by = "group")),
                  "loo")
})

test_that("means of densities do not underflow", {
  x <- rbind(c(-2000, -1), c(-2001, -2))
  expect_equal(col_log_mean_exp(x), c(-2000, -1) + log((1 + exp(-1)) / 2))
})

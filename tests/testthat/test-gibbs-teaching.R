# inst/teaching/gibbs.R: the lecture's samplers in plain R, against quadrature of the posterior.

skip_on_cran()

gibbs_code <- function() readLines(system.file("teaching", "gibbs.R", package = "relm"))

samplers_of <- function(code) {
  space <- new.env(parent = globalenv())
  eval(parse(text = code), space)
  space
}

# How many Monte Carlo standard errors the means of the draws are from the exact ones.
distances <- function(sampler, exact, draws = 1100, seed = 1) {
  data <- bass_centered()
  set.seed(seed)
  chains <- lapply(1:4, function(chain) {
    sampler(log(data$mercury), data$x, data$station, draws)[-(1:100), ]
  })
  vapply(1:5, function(k) {
    own <- vapply(chains, function(chain) chain[, k], numeric(draws - 100))
    abs(mean(own) - exact$mean[k]) / posterior::mcse_mean(own)
  }, 0)
}

data <- bass_centered()
exact <- exact_posterior(log(data$mercury), cbind("(Intercept)" = 1, x = data$x),
                         cbind("(Intercept)" = 1, x = data$x), data$station)

test_that("draws in plain R have the means of the posterior", {
  expect_identical(rownames(exact), c("b_Intercept", "b_x", "sd_station__Intercept",
                                      "sd_station__x", "sigma"))
  space <- samplers_of(gibbs_code())
  expect_lt(max(distances(space$gibbs_centered, exact)), 4)
  expect_lt(max(distances(space$gibbs_uncentered, exact)), 4)
})

test_that("an error in a full conditional would be found", {
  mutant <- function(name, from, to) {
    code <- gibbs_code()
    expect_gt(sum(grepl(from, code, fixed = TRUE)), 0)
    sampler <- samplers_of(sub(from, to, code, fixed = TRUE))[[name]]
    max(distances(sampler, exact, draws = 500))
  }
  expect_gt(mutant("gibbs_centered", "(J - 1) / 2", "(J - 5) / 2"), 5)
  expect_gt(mutant("gibbs_centered", "n / 2", "(n + 9) / 2"), 5)
  expect_gt(mutant("gibbs_uncentered", "own <- (Xy[[j]] - XX[[j]] %*% beta)", "own <- (Xy[[j]])"), 5)
})

test_that("both samplers are for reading", {
  code <- gibbs_code()
  starts <- grep("<- function", code)
  expect_length(starts, 2)
  expect_lt(max(nchar(code)), 101)
  expect_lt(max(diff(c(starts, length(code) + 1))), 40)
})

# Draws of standard deviations against numerical integration of their densities.

test_that("a prior of a scale is its density", {
  s <- c(0.2, 0.7, 1.9, 4)
  for (prior in c(scale_priors_of(0.6), list(inverse_gamma(2, 0.3), jeffreys(), uniform(7)))) {
    encoded <- encode_scale(prior)
    rest <- switch(encoded[["kind"]] + 1, 0,
      -(encoded[["df"]] + 1) / 2 * log(1 + s^2 / encoded[["df"]] / encoded[["scale"]]^2),
      -(s / encoded[["scale"]])^2 / 2, -s / encoded[["scale"]])
    value <- -(2 * encoded[["shape"]] + 1) * log(s) - encoded[["rate"]] / s^2 + rest
    textbook <- vapply(s, log_sd_density, 0, own = prior)
    expect_equal(diff(value), diff(textbook), label = format(prior))
  }
})

test_that("half_cauchy is half_t with one degree of freedom", {
  draws <- function(prior) {
    as.matrix(relm(log(mercury) ~ 1 + (1 | station), bass, draws = 20, chains = 1, seed = 1,
                   prior = relm_prior(sd = prior, sigma = prior)))
  }
  expect_identical(draws(half_cauchy(0.2)), draws(half_t(1, 0.2)))
})

# Distances of two fits' medians of hyperparameters, in Monte Carlo standard errors.
hyper_distances <- function(fits) {
  draws <- lapply(fits, function(fit) fit$sampling$hyper)
  vapply(dimnames(draws[[1]])[[3]], function(name) {
    x <- lapply(draws, function(d) matrix(d[, , name], dim(d)[1]))
    medians <- vapply(x, median, 0)
    (medians[1] - medians[2]) / sqrt(sum(vapply(x, posterior::mcse_median, 0)^2))
  }, 0)
}

test_that("the three Gibbs samplers agree under every prior", {
  skip_on_cran()
  data <- grouped_data(8)
  cases <- c(
    lapply(scale_priors_of(0.5), function(prior) {
      list(y ~ x + (1 + x || g), ~ 1, relm_prior(sd = prior, sigma = prior))
    }),
    list(
      list(y ~ x + (1 + x | g), ~ 1,
           relm_prior(sd = list(Intercept = half_t(3, 0.4), x = uniform(1)), cor = lkj(2))),
      list(y ~ x + (1 + x | g), ~ 1, relm_prior(cov = huang_wand(2, c(0.5, 1)))),
      list(y ~ x + (1 + x || g), ~ f, relm_prior(sd = half_normal(0.5), sigma = pooled()))
    )
  )
  for (case in cases) {
    fits <- lapply(c("uncentered", "centered", "interweaved"), function(sampler) {
      relm(case[[1]], data, sigma = case[[2]], prior = case[[3]], sampler = sampler,
           draws = 10000, seed = 4)
    })
    expect_lt(max(abs(hyper_distances(fits[1:2]))), 4)
    expect_lt(max(abs(hyper_distances(fits[2:3]))), 4)
  }
})

# Replay: the C samplers draw, variate by variate, what textbook normal equations on the
# raw rows draw in plain R.

sweeps <- 50

expect_replay <- function(posterior, samplers = c("centered", "uncentered", "interweaved")) {
  for (sampler in samplers) {
    ours <- run_sampler(posterior, sampler, sweeps)
    theirs <- run_replay(posterior, sampler, sweeps)
    expect_lt(largest_difference(ours$hyper, theirs$hyper), 1e-10, label = sampler)
    if (!is.null(posterior$group)) {
      expect_lt(largest_difference(ours$effects, theirs$effects), 1e-10, label = sampler)
    }
  }
}

test_that("the lecture's three models are replayed", {
  data <- bass_centered()
  expect_replay(posterior_of(log(mercury) ~ x, data), "uncentered")
  expect_replay(posterior_of(log(mercury) ~ x + (1 | station), data))
  expect_replay(posterior_of(log(mercury) ~ x + (1 + x || station), data))
})

test_that("diagonal Sigma is replayed for one to three random columns", {
  data <- grouped_data()
  expect_replay(posterior_of(y ~ x + (0 + x | g), data))
  expect_replay(posterior_of(y ~ x + v + (1 + x || g), data))
  expect_replay(posterior_of(y ~ x + v + (1 + x + v || g), data))
})

test_that("full and block-diagonal Sigma are replayed", {
  data <- grouped_data()
  expect_replay(posterior_of(y ~ x + (1 + x | g), data))
  expect_replay(posterior_of(y ~ x + v + between + (1 + x + v | g), data))
  expect_replay(posterior_of(y ~ x + v + (1 + x | g) + (0 + v | g), data))
  expect_replay(posterior_of(y ~ x + (1 + x | g), data, relm_prior(cor = lkj(3))))
  wishart <- relm_prior(cov = inverse_wishart(4, matrix(c(1, 0.3, 0.3, 0.5), 2)))
  expect_replay(posterior_of(y ~ x + (1 + x | g), data, wishart))
})

test_that("columns in X alone and in Z alone are replayed", {
  data <- grouped_data()
  expect_replay(posterior_of(y ~ x + f + between + (1 | g), data))
  expect_replay(posterior_of(y ~ between + (1 + x | g), data))
  expect_replay(posterior_of(y ~ 0 + x + (1 + v || g), data))
  expect_replay(posterior_of(y ~ x + (0 + v | g), data))
  expect_replay(posterior_of(y ~ f + (1 + f || g), grouped_data(12)))
})

test_that("a residual variance for each group, or for a factor across groups, is replayed", {
  data <- grouped_data()
  data <- data[ave(data$y, data$g, FUN = length) > 3, ]
  expect_replay(posterior_of(y ~ x + (1 + x || g), data, sigma = ~ g))
  expect_replay(posterior_of(y ~ x + v + (1 + x | g), data, sigma = ~ f))
  expect_replay(posterior_of(y ~ x + v + (1 | g), data, sigma = ~ f))
  expect_replay(posterior_of(y ~ x + v, data, sigma = ~ f), "uncentered")
  river <- bass_centered()
  expect_replay(posterior_of(log(mercury) ~ x + (1 + x || station), river, sigma = ~ river))
})

test_that("weights and an offset are replayed", {
  data <- grouped_data()
  expect_replay(posterior_of(y ~ x + v + (1 + x || g), data, weights = w))
  expect_replay(posterior_of(y ~ x + (1 + x | g), data, weights = w, sigma = ~ f, offset = v))
  expect_replay(posterior_of(y ~ x + offset(v), data, weights = w), "uncentered")
})

test_that("proper priors are replayed", {
  data <- grouped_data()
  prior <- relm_prior(
    beta = list(Intercept = normal(0, 2), x = normal(1, 0.5)),
    sd = list(Intercept = inverse_gamma(2, 0.5), x = uniform(1.5)),
    sigma = inverse_gamma(3, 2)
  )
  expect_replay(posterior_of(y ~ x + v + (1 + x || g), data, prior))
  expect_replay(posterior_of(y ~ x + v + (1 + x || g), data, prior, sigma = ~ f))
  expect_replay(posterior_of(y ~ x + v, data, relm_prior(beta = normal(0, 1))), "uncentered")
  expect_replay(posterior_of(y ~ x + v + (1 + x || g), data,
                             relm_prior(sd = uniform(0.4), sigma = uniform(0.9))))
  expect_replay(posterior_of(y ~ x + v, data, relm_prior(sigma = uniform())), "uncentered")
})

test_that("every family of scales is replayed, of one standard deviation and of sigma", {
  data <- grouped_data()
  for (family in list(half_t(3, 0.4), half_cauchy(0.3), half_normal(0.3), exponential(5))) {
    expect_replay(posterior_of(y ~ x + v + (1 + x || g), data,
                               relm_prior(sd = family, sigma = family)))
    expect_replay(posterior_of(y ~ x + v, data, relm_prior(sigma = family)), "uncentered")
  }
  mixed <- relm_prior(sd = list(Intercept = half_t(4, 1)), sigma = half_normal(0.5))
  expect_replay(posterior_of(y ~ x + v + (1 + x || g), data, mixed, sigma = ~ f))
})

test_that("every family of scales is replayed in blocks, with many groups and with few", {
  data <- grouped_data()
  mixed <- list(Intercept = half_t(3, 0.4), x = uniform(1.5), v = inverse_gamma(2, 1))
  expect_replay(posterior_of(y ~ x + v + (1 + x + v | g), data,
                             relm_prior(sd = mixed, cor = lkj(2))))
  expect_replay(posterior_of(y ~ x + v + (1 + x + v | g), data,
                             relm_prior(sd = list(x = exponential(2), v = half_normal(1)))))
  expect_replay(posterior_of(y ~ x + v + (1 + x | g) + (0 + v | g), data,
                             relm_prior(sd = half_cauchy(0.2), cor = lkj(0.7))))
  few <- data[data$g %in% unique(data$g)[1:2], ]
  expect_replay(posterior_of(y ~ x + (1 + x + v | g), few, relm_prior(sd = half_t(3, 1))))
})

test_that("Huang and Wand's prior is replayed", {
  data <- grouped_data()
  expect_replay(posterior_of(y ~ x + (1 + x | g), data,
                             relm_prior(cov = huang_wand(2, c(0.5, 2)))))
  expect_replay(posterior_of(y ~ x + v + (1 + x + v | g), data,
                             relm_prior(cov = huang_wand(3, 0.3))))
  expect_replay(posterior_of(y ~ x + (1 | g), data, relm_prior(cov = huang_wand(2, 1))))
})

test_that("pooled residual variances are replayed, with their parameters", {
  data <- grouped_data()
  pooled <- relm_prior(sigma = pooled())
  expect_replay(posterior_of(y ~ x + v + (1 + x || g), data, pooled, sigma = ~ f))
  expect_replay(posterior_of(y ~ x + (1 | g), data, pooled, sigma = ~ g))
  expect_replay(posterior_of(y ~ x + v, data, pooled, sigma = ~ f), "uncentered")
})

test_that("a chain cut in two is the chain in one piece", {
  posteriors <- list(
    posterior_of(y ~ x + v + (1 + x | g), grouped_data()),
    posterior_of(y ~ x + v + (1 + x | g), grouped_data(), sigma = ~ f,
                 relm_prior(sd = half_t(3, 1), sigma = pooled()))
  )
  for (posterior in posteriors) for (sampler in c("centered", "uncentered", "interweaved")) {
    whole <- run_sampler(posterior, sampler, 20)
    model <- relm:::sampler_model(posterior, relm:::parameterization_of(sampler))
    set.seed(5)
    first <- relm:::sample_chain(model, sampler, plain_start(posterior), 8)
    second <- relm:::sample_chain(model, sampler, first$state, 12)
    expect_identical(cbind(first$hyper, second$hyper), t(whole$hyper))
    expect_identical(cbind(first$effects, second$effects), t(whole$effects))
  }
})

test_that("warm-up and thinning keep the draws they say", {
  posterior <- posterior_of(y ~ x + (1 | g), grouped_data())
  every <- run_sampler(posterior, "centered", 30)
  kept <- run_sampler(posterior, "centered", 5, warmup = 10L, thin = 4L)
  expect_identical(kept$hyper, every$hyper[10 + 4 * (1:5), ])
  expect_identical(kept$effects, every$effects[10 + 4 * (1:5), ])
})

test_that("columns of very different sizes are fitted as least squares fits them", {
  set.seed(9)
  x <- runif(100, 1e5, 1e6)
  data <- data.frame(x, y = 1 + x / 1e6 + (x / 1e6)^3 + rnorm(100))
  fit <- relm(y ~ x + I(x^2) + I(x^3), data, chains = 1, draws = 20000, seed = 1)
  reference <- lm(y ~ x + I(x^2) + I(x^3), data)
  draws <- as.matrix(fit, "^b_", regex = TRUE)
  distance <- (colMeans(draws) - coef(reference)) / (apply(draws, 2, sd) / sqrt(20000))
  expect_lt(max(abs(distance)), 4)
})

# Replay: the C samplers draw, variate by variate, what textbook normal equations on the raw rows
# draw in plain R (expect_replay()).

skip_on_cran()

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

# The Gibbs samplers of several groupings, replayed in plain R from the raw rows
# (helper-replay-several.R).

test_that("crossed groupings are replayed, with intercepts and with slopes", {
  data <- joint_data()
  expect_replay_of_several(posterior_of(y ~ x + (1 | b) + (1 | c), data))
  expect_replay_of_several(posterior_of(y ~ x + v + (1 + x | b) + (1 + v || c), data))
  expect_replay_of_several(posterior_of(y ~ x + (1 | a) + (0 + v | b) + (1 + x | c), data))
})

test_that("weights, offsets and several residual variances are, pooled ones too", {
  data <- joint_data()
  expect_replay_of_several(posterior_of(y ~ x + (1 + x | b) + (1 | c), data, weights = w, offset = v))
  expect_replay_of_several(posterior_of(y ~ x + (1 | a) + (1 + x | b) + (1 | c), data, sigma = ~ d,
                                        weights = w))
  expect_replay_of_several(posterior_of(y ~ x + (1 | b) + (1 | c), data,
                                        relm_prior(sigma = pooled()), sigma = ~ c))
})

test_that("priors by grouping are, of every kind of covariance", {
  data <- joint_data()
  prior <- relm_prior(beta = list(x = normal(0, 1)), sigma = half_normal(1),
                      sd = list(b = list(Intercept = half_t(3, 1), x = uniform(2)), c = exponential(1)),
                      cor = lkj(2))
  expect_replay_of_several(posterior_of(y ~ x + (1 + x | b) + (1 | c), data, prior))
  wishart <- relm_prior(cov = list(b = inverse_wishart(4, diag(2)), c = huang_wand(2, c(1, 2))))
  expect_replay_of_several(posterior_of(y ~ x + (1 + x | b) + (1 + x | c), data, wishart))
})

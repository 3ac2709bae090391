# Hierarchical centering in nested chains: replay in plain R, where each grouping's coefficients have
# those of the group above for their mean, and draws against the collapsed sampler's.

test_that("chains are replayed, with columns that several of their groupings have and that one has", {
  data <- joint_data()
  expect_replay_of_several(posterior_of(y ~ x + (1 | a / b), data))
  expect_replay_of_several(posterior_of(y ~ x + v + (1 + x | a) + (1 + x + v || b), data))
  expect_replay_of_several(posterior_of(y ~ x + v + (1 + x | a) + (0 + v | b), data))
  expect_replay_of_several(posterior_of(y ~ x + (1 + v | a) + (1 + x | b), joint_data(150), sigma = ~ d,
                                        weights = w), sweeps = 15)
})

test_that("longer chains are, some of whose groupings have not a column that the ends have", {
  data <- joint_data(90)
  data$e <- (data$a + 1) %/% 2
  expect_replay_of_several(posterior_of(y ~ x + (1 | e) + (1 | a) + (1 | b), data,
                                        relm_prior(sd = half_t(3, 1))))
  expect_replay_of_several(posterior_of(y ~ x + (1 + x | e) + (0 + v | a) + (1 + x | b), data,
                                        relm_prior(sd = half_normal(1), cor = lkj(2))))
  expect_replay_of_several(posterior_of(y ~ x + (1 | e) + (1 + x || a) + (0 + x | b), data,
                                        relm_prior(sd = half_t(3, 1))))
})

test_that("chains beside others are, also two that lie in the same grouping", {
  data <- joint_data(90)
  expect_replay_of_several(posterior_of(y ~ x + v + (1 + x | a) + (1 + x + v || b) + (1 | c), data))
  set.seed(2)
  data$f <- paste(data$a, sample(3, 90, TRUE))
  posterior <- posterior_of(y ~ x + (1 + x | a) + (1 | b) + (1 | f), data)
  expect_identical(lengths(find_steps(posterior$groupings)), 2:1)
  expect_replay_of_several(posterior)
})

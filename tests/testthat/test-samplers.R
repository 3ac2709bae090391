# What each sampler is, in one table.

test_that("the table of samplers has what the rest asks of each", {
  for (sampler in samplers) {
    expect_named(sampler, c("label", "parameterization", "asked", "tuned", "check"))
    expect_true(sampler$parameterization %in% c("centered", "uncentered"))
  }
  expect_setequal(samplers_by_name(), c("collapsed", "interweaved", "centered", "uncentered"))
})

test_that("the sampler that runs is the one that was asked for, or that suits the model", {
  data <- grouped_data(9)
  grouped <- posterior_of(y ~ x + (1 | g), data)
  expect_identical(sampler_that_runs(grouped, NULL), "collapsed")
  expect_identical(sampler_that_runs(grouped, "centered"), "centered")
  plain <- posterior_of(y ~ x, data)
  expect_identical(sampler_that_runs(plain, "centered"), "common_line")
  known <- posterior_of(y ~ x, data, relm_prior(beta = normal(0, 1)))
  expect_identical(sampler_that_runs(known, NULL), "interweaved")
  expect_error(check_sampler(known, "collapsed"), "needs group effects", class = "relm_error")
  near <- posterior_of(y ~ x + (1 + x | g), data, relm_prior(cor = lkj(0.2)))
  expect_error(check_sampler(near, "centered"), "lkj\\(0.2\\)", class = "relm_error")
  expect_silent(check_sampler(near, "interweaved"))
})

test_that("effects are drawn in the chain but by the collapsed sampler with one residual variance", {
  data <- grouped_data(9)
  one <- posterior_of(y ~ x + (1 | g), data)
  several <- posterior_of(y ~ x + (1 | g), data, sigma = ~ f)
  expect_false(effects_in_chain(one, "collapsed"))
  expect_true(effects_in_chain(several, "collapsed"))
  expect_true(effects_in_chain(one, "centered"))
})

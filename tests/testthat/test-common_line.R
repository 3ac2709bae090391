test_that("the common line is replayed in plain R, by Gibbs steps and by independent draws", {
  posterior <- posterior_of(log(mercury) ~ x, bass_centered())
  expect_replay(posterior, c("uncentered", "collapsed"))
  expect_identical(sampler_that_runs(posterior, "collapsed"), "common_line")
})

test_that("the uncentered sampler of the lecture's models is replayed in plain R", {
  data <- bass_centered()
  expect_replay(posterior_of(log(mercury) ~ x + (1 | station), data), "uncentered")
  expect_replay(posterior_of(log(mercury) ~ x + (1 + x || station), data), "uncentered")
})

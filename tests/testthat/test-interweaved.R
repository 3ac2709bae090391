test_that("the interweaved sampler of the lecture's models is replayed in plain R", {
  data <- bass_centered()
  expect_replay(posterior_of(log(mercury) ~ x + (1 | station), data), "interweaved")
  expect_replay(posterior_of(log(mercury) ~ x + (1 + x || station), data), "interweaved")
})

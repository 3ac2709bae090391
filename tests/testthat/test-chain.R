# Chains of sweeps: what they store, and where they go on.

test_that("a chain cut in two is the chain in one piece", {
  posteriors <- list(
    posterior_of(y ~ x + v + (1 + x | g), grouped_data()),
    posterior_of(y ~ x + v + (1 + x | g), grouped_data(), sigma = ~ f,
                 relm_prior(sd = half_t(3, 1), sigma = pooled()))
  )
  for (posterior in posteriors) for (sampler in c("centered", "uncentered", "interweaved")) {
    whole <- run_sampler(posterior, sampler, 20)
    model <- model_of(posterior, sampler)
    set.seed(5)
    first <- chain_of(model, sampler, plain_start(posterior), 8)
    second <- chain_of(model, sampler, first$state, 12)
    expect_identical(cbind(first$hyper, second$hyper), t(whole$hyper))
    expect_identical(cbind(effect_matrix(first$effects), effect_matrix(second$effects)),
                     t(whole$effects))
  }
})

test_that("warm-up and thinning keep the draws they say", {
  posterior <- posterior_of(y ~ x + (1 | g), grouped_data())
  every <- run_sampler(posterior, "centered", 30)
  kept <- run_sampler(posterior, "centered", 5, warmup = 10L, thin = 4L)
  expect_identical(kept$hyper, every$hyper[10 + 4 * (1:5), ])
  expect_identical(kept$effects, every$effects[10 + 4 * (1:5), ])
})

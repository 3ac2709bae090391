# How long chains run, and where they start.

fit_from <- function(..., formula = y ~ x + (1 + x | g), draws = 300) {
  relm(formula, grouped_data(9), chains = 2, draws = draws, seed = 3, progress = FALSE, ...)
}

test_that("chains run until there are enough effective draws, or say that they gave up", {
  expect_message(fit <- fit_from(draws = 50, target_ess = 900), "at least .* effective draws",
                 class = "relm_message")
  table <- summary(fit)
  expect_gte(min(table$ess_bulk, table$ess_tail), 900)
  expect_message(fit <- fit_from(draws = 50, target_ess = 1e6, max_draws = 120),
                 "max_draws.* = 120 draws", class = "relm_message")
  expect_identical(posterior::niterations(fit), 120L)
  # In blocks or in one piece, the draws are the same.
  for (sampler in c("interweaved", "centered")) {
    blocks <- suppressMessages(fit_from(draws = 50, target_ess = 1e6, max_draws = 300, sampler = sampler))
    expect_identical(as_draws_array(blocks), as_draws_array(fit_from(sampler = sampler)))
  }
})

test_that("a fit can start another", {
  first <- fit_from(sampler = "uncentered")
  for (sampler in c("uncentered", "collapsed", "interweaved")) {
    fit <- fit_from(sampler = sampler, init = first, warmup = 0, draws = 2)
    expect_true(all(is.finite(as.matrix(fit))))
    expect_identical(as.matrix(fit_from(sampler = sampler, init = first, warmup = 0, draws = 2)),
                     as.matrix(fit))
  }
  expect_error(fit_from(init = 3), "init.*fit", class = "relm_error")
  expect_error(fit_from(init = first, formula = y ~ x + v + (1 | g)), "init.*b_v", class = "relm_error")
})

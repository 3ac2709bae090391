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

test_that("draws that are many enough for memory are not lost to those that are not", {
  with_relm("free_memory", function() 6e7, {
    expect_message(fit <- fit_from(target_ess = 1e7, max_draws = 1e7), "memory has no room",
                   class = "relm_message")
  })
  # Six hyperparameters three times and eighteen group effects, in 8 bytes, of two chains.
  expect_lt(ndraws(fit) * 8 * (3 * 6 + 18), 6e7)
  expect_gt(ndraws(fit), 2 * 300)
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

test_that("a fit whose last draw lies on the border starts another", {
  first <- fit_from(draws = 5)
  edges <- list(c(sd_g__x = 0), c(cor_g__Intercept__x = 1), c(cor_g__Intercept__x = -1),
                c(sd_g__Intercept = 0, sd_g__x = 0))
  for (edge in edges) {
    at_edge <- first
    at_edge$sampling$hyper[5, , names(edge)] <- rep(edge, each = 2)
    for (sampler in c("collapsed", "interweaved", "centered", "uncentered")) {
      fit <- fit_from(sampler = sampler, init = at_edge, warmup = 0, draws = 5)
      expect_true(all(is.finite(as.matrix(fit))))
    }
  }
  line <- fit_from(formula = y ~ x, draws = 5)
  expect_true(all(is.finite(as.matrix(fit_from(formula = y ~ x, draws = 5, init = line)))))
})

test_that("extended and joined fits start others, from the last draws of all their chains", {
  first <- fit_from(draws = 5, sampler = "centered")
  other <- relm(y ~ x + (1 + x | g), grouped_data(9), chains = 1, draws = 8, seed = 4,
                sampler = "centered")
  joined <- c(extend(first, 3), other)
  states <- initial_states(joined, joined$posterior)
  expect_length(states, 3)
  last <- as_draws_array(joined)[8, , ]
  names <- joined$posterior$parameters$variable
  for (chain in 1:3) {
    expect_equal(states[[chain]]$hyper, as.numeric(last[1, chain, names]))
  }
  fit <- function(init) {
    relm(y ~ x + (1 + x | g), grouped_data(9), chains = 3, draws = 5, warmup = 0, seed = 2,
         sampler = "centered", init = init, group_draws = FALSE)
  }
  started <- fit(joined)
  expect_identical(as.matrix(extend(started, 2), "^r_", regex = TRUE)[1:5, ],
                   as.matrix(started, "^r_", regex = TRUE)[1:5, ])
  expect_false(any(as.matrix(started) == as.matrix(fit(first))))
})

test_that("a fit of several groupings starts another", {
  first <- nested_fit(draws = 5)
  states <- initial_states(first, first$posterior)
  last <- as_draws_array(first)[5, 2, ]
  sd <- as.numeric(last[, , c("sd_a:b__Intercept", "sd_a:b__x")])
  expect_equal(states[[2]]$Sigma[[1]], matrix(as.numeric(last[, , "sd_a__Intercept"])^2))
  expect_equal(sqrt(diag(states[[2]]$Sigma[[2]])), sd)
  expect_equal(states[[2]]$Sigma[[2]][1, 2],
               prod(sd) * as.numeric(last[, , "cor_a:b__Intercept__x"]))
  expect_true(all(is.finite(as.matrix(nested_fit(draws = 5, init = first)))))
})

test_that("more effective draws take longer chains", {
  length_of <- function(target) {
    ndraws(suppressMessages(fit_from(draws = 50, target_ess = target, sampler = "interweaved")))
  }
  lengths <- vapply(c(100, 400, 1600), length_of, 0)
  expect_true(all(diff(lengths) > 0))
})

test_that("messages and warnings can be silenced, and what they said stays in the fit", {
  data <- grouped_data(9)
  data$x[seq(1, nrow(data), by = 3)] <- NA
  fit_gappy <- function() relm(y ~ x + (1 | g), data, chains = 2, draws = 8, seed = 1, warmup = 0,
                               sampler = "centered", progress = FALSE)
  said <- testthat::capture_warnings(suppressMessages(fit_gappy()))
  expect_match(said, "missing values", all = FALSE)
  expect_silent(fit <- suppressWarnings(suppressMessages(fit_gappy())))
  expect_identical(nobs(fit), sum(!is.na(data$x)))
  expect_true(all(c("rhat", "ess_bulk") %in% names(summary(fit))))
  refused <- tryCatch(relm(y ~ nothing, data), error = identity)
  expect_s3_class(refused, "relm_error")
})

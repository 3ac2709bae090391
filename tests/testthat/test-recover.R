# Draws of fits that did not come to their end.

# Evaluates a fit whose bar fails after so many calls, which stops a chain as an interrupt does.
stop_after <- function(code, calls = 3) {
  told <- 0
  bar <- function(total) {
    list(set = function(done) {
      told <<- told + 1
      if (told > calls) stop("stopped")
    }, done = function() NULL)
  }
  with_relm("progress_bar", bar, tryCatch(code, interrupt = function(condition) "interrupt"))
}

slow_fit <- function(..., chains = 2, draws = 1e5) {
  relm(y ~ x + (1 + x | g), grouped_data(9), chains = chains, draws = draws, thin = 10, seed = 1, ...)
}

# Are a fit's draws those that the same chains begin with?
expect_first_draws <- function(part, whole) {
  n <- part$sampling$draws
  chains <- seq_len(part$sampling$chains)
  expect_identical(part$sampling$hyper, whole$sampling$hyper[seq_len(n), chains, , drop = FALSE])
  expect_identical(as_draws_array(part), posterior::subset_draws(
    as_draws_array(whole), chain = chains, iteration = seq_len(n)))
}

test_that("an interrupted fit leaves the draws of its first chains, by each sampler", {
  skip_on_cran()
  for (sampler in c("collapsed", "uncentered", "interweaved")) {
    caught <- stop_after(slow_fit(sampler = sampler, progress = TRUE))
    expect_identical(caught, "interrupt")
    part <- recover_fit()
    expect_identical(part$sampling$chains, 1L)
    expect_gt(part$sampling$draws, 1L)
    expect_identical(part$sampling$incomplete, list(chains = 2L, draws = 100000L, continues = FALSE))
    whole <- slow_fit(sampler = sampler, chains = 1, draws = part$sampling$draws)
    expect_first_draws(part, whole)
    expect_identical(ranef(part), ranef(whole))
  }
  expect_match(capture.output(print(part)), "Incomplete: 1 of 2 chains, [0-9,]+ of 100,000 draws",
               all = FALSE)
  expect_match(capture.output(print(summary(part))), "Incomplete: 1 of 2 chains", all = FALSE)
  expect_error(extend(part, 10), "stopped within a sweep", class = "relm_error")
  again <- update(part, init = part, draws = 20, chains = 1)
  expect_null(again$sampling$incomplete)
  expect_identical(ndraws(again), 20L)
})

test_that("other families and several groupings leave theirs", {
  skip_on_cran()
  data <- transform(grouped_data(12), h = rep_len(1:5, length(y)), hit = as.numeric(y > mean(y)))
  fits <- list(
    function(...) relm(hit ~ x + (1 | g), data, family = "binomial", seed = 2, ...),
    function(...) relm(hit ~ x + (1 | g) + (1 | h), data, family = "binomial", seed = 2, ...),
    function(...) relm(y ~ x + (1 | g), data, family = student(), seed = 2, ...),
    function(...) relm(y ~ x + (1 + x | g) + (1 | h), data, seed = 2, ...)
  )
  for (fit in fits) {
    expect_identical(stop_after(fit(chains = 1, draws = 3e5, progress = TRUE)), "interrupt")
    part <- recover_fit()
    whole <- fit(chains = 1, draws = part$sampling$draws)
    expect_first_draws(part, whole)
    expect_identical(ranef(part), ranef(whole))
  }
})

test_that("an interrupted extension leaves the longer fit, and the fit as it was", {
  skip_on_cran()
  fit <- slow_fit(chains = 1, draws = 50)
  before <- fit$sampling
  expect_identical(stop_after(extend(fit, 1e5, progress = TRUE)), "interrupt")
  expect_identical(fit$sampling, before)
  part <- recover_fit()
  expect_gt(ndraws(part), 50L)
  expect_first_draws(part, slow_fit(chains = 1, draws = ndraws(part)))
  expect_identical(part$sampling$incomplete$draws, 100050L)
})

test_that("a run that is saved leaves what its last round has beside the file", {
  skip_on_cran()
  file <- tempfile(fileext = ".rds")
  # Rounds of 10, 200 and all other draws, of which the first two tell of their ends alone.
  with_relm("checkpoint_seconds", 1e6, {
    caught <- stop_after(slow_fit(chains = 1, progress = TRUE, draws = 1e6, checkpoint = file), 4)
  })
  expect_identical(caught, "interrupt")
  part <- recover_fit()
  saved <- recover_fit(file)
  expect_identical(ndraws(saved), 4410L)
  expect_gt(ndraws(part), ndraws(saved))
  expect_first_draws(part, slow_fit(chains = 1, draws = ndraws(part)))
  expect_identical(part$sampling$incomplete$draws, 1000000L)
  expect_identical(saved$sampling$incomplete$draws, 1000000L)
})

test_that("chains that ended before an error are kept, and go on", {
  fail <- function(plan, chain, ...) {
    if (chain == 2) stop("lost")
    run_one(plan, chain, ...)
  }
  expect_error(with_relm("run_one", fail, slow_fit(draws = 20)), "lost")
  part <- recover_fit()
  expect_identical(part$sampling[c("chains", "draws")], list(chains = 1L, draws = 20L))
  expect_true(part$sampling$incomplete$continues)
  longer <- extend(part, 10)
  expect_identical(as.matrix(longer), as.matrix(slow_fit(chains = 1, draws = 30)))
  # Fewer chains than asked for, still.
  expect_identical(longer$sampling$incomplete$chains, 2L)
})

test_that("what is not there is refused", {
  slow_fit(chains = 1, draws = 5)
  expect_error(recover_fit(), "No fit of this session was interrupted", class = "relm_error")
  fail <- function(...) stop("lost")
  expect_error(with_relm("run_one", fail, slow_fit(draws = 20)), "lost")
  expect_error(recover_fit(), "stopped before the first draw", class = "relm_error")
  expect_error(recover_fit(3), "must be the name of a file", class = "relm_error")
  expect_error(recover_fit(file.path(tempdir(), "nothing.rds")), "There is no file", class = "relm_error")
  # A fit of several is not recovered by one of its parts.
  expect_error(with_relm("run_one", fail, relm_multiple(y ~ x + (1 | g), list(grouped_data(9),
                                                                             grouped_data(9)))))
  expect_error(recover_fit(), "No fit of this session", class = "relm_error")
})

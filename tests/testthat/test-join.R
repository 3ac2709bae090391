fit_seeded <- function(seed, ..., formula = y ~ x + (1 + x | g), draws = 40,
                       data = grouped_data(9)) {
  relm(formula, data, draws = draws, warmup = 60, chains = 2, seed = seed, progress = FALSE, ...)
}

plain_draws <- function(fit, ...) unname(unclass(as_draws_array(fit, ...))[, , ])

# Iterations x all fits' chains x variables.
side_by_side <- function(fits, ...) {
  draws <- lapply(fits, plain_draws, ...)
  chains <- unlist(lapply(draws, function(x) asplit(x, 2)), recursive = FALSE)
  unname(aperm(simplify2array(chains), c(1, 3, 2)))
}

test_that("joined fits have all chains, in order, and their group effects, kept or not", {
  for (sampler in c("collapsed", "interweaved", "centered", "uncentered")) {
    for (kept in list(TRUE, FALSE)) {
      fits <- list(fit_seeded(1, sampler = sampler, group_draws = kept),
                   relm(y ~ x + (1 + x | g), grouped_data(9), draws = 40, warmup = 60, chains = 3,
                        seed = 2, sampler = sampler, group_draws = kept))
      joined <- do.call(c, fits)
      expect_s3_class(joined, "relm")
      expect_identical(posterior::nchains(joined), 5L)
      expect_identical(plain_draws(joined), side_by_side(fits))
      expect_identical(plain_draws(joined, "^(r|coef)_", regex = TRUE),
                       side_by_side(fits, "^(r|coef)_", regex = TRUE))
    }
  }
  fits <- lapply(1:2, fit_seeded, sigma = ~ f, group_draws = FALSE)
  expect_identical(plain_draws(do.call(c, fits), "^r_", regex = TRUE),
                   side_by_side(fits, "^r_", regex = TRUE))
})

test_that("joined chains are extended as each would be", {
  for (case in list(list(), list(sigma = ~ f), list(sampler = "centered"),
                    list(formula = y ~ x + (1 + x + v | g)))) {
    fits <- lapply(1:2, function(seed) do.call(fit_seeded, c(seed, case)))
    longer <- extend(do.call(c, fits), 30)
    expect_identical(plain_draws(longer), side_by_side(lapply(fits, extend, 30)))
    expect_identical(sum(longer$sampling$proposals),
                     sum(unlist(lapply(fits, function(fit) extend(fit, 30)$sampling$proposals))))
  }
})

test_that("chains whose proposals differ, as from machines that round differently, keep theirs", {
  fits <- lapply(1:2, fit_seeded)
  fits[[2]]$sampling$tuning$table$grid$values <- fits[[2]]$sampling$tuning$table$grid$values / 2
  joined <- do.call(c, fits)
  longer <- extend(extend(joined, 20), 10)
  expect_identical(plain_draws(longer), side_by_side(lapply(fits, extend, 30)))
})

test_that("joining goes on, one or many at a time", {
  fits <- lapply(1:3, fit_seeded, group_draws = FALSE)
  at_once <- do.call(c, fits)
  in_turn <- c(c(fits[[1]], fits[[2]]), fits[[3]])
  parts <- setdiff(names(at_once$sampling), "seconds")
  expect_identical(in_turn$sampling[parts], at_once$sampling[parts])
  expect_identical(c(fits[[1]]), fits[[1]])
})

test_that("fits that started from others are joined with those that did not", {
  first <- fit_seeded(9, draws = 3)
  for (sampler in c("collapsed", "centered")) {
    fits <- list(fit_seeded(1, sampler = sampler, group_draws = FALSE),
                 fit_seeded(2, sampler = sampler, group_draws = FALSE, init = first))
    expect_identical(plain_draws(do.call(c, fits), "^r_", regex = TRUE),
                     side_by_side(fits, "^r_", regex = TRUE))
  }
})

test_that("draws of those groups are kept that all fits kept", {
  fits <- list(fit_seeded(1, group_draws = c("g1", "g5")),
               fit_seeded(2, group_draws = c("g5", "g9")))
  joined <- do.call(c, fits)
  expect_identical(grep("^r_", variables(joined), value = TRUE),
                   c("r_g[g5,Intercept]", "r_g[g5,x]"))
  expect_identical(plain_draws(joined, "^r_", regex = TRUE),
                   side_by_side(fits, "^r_", regex = TRUE))
})

test_that("where all draws take too much, moments take the place of them", {
  fits <- lapply(1:2, fit_seeded)
  joined <- with_relm("kept_bytes", 8 * 18 * 2 * 50, do.call(c, fits))
  expect_length(joined$sampling$kept, 0)
  model <- model_of(joined$posterior)
  hyper <- unlist(lapply(fits, function(fit) {
    lapply(1:2, function(chain) hyper_of(fit, chain))
  }), recursive = FALSE)
  expect_identical(joined$sampling$moments, effect_moments_of(model, hyper))
})

test_that("a joined fit prints, is summarized and starts others", {
  joined <- c(fit_seeded(1), fit_seeded(2))
  expect_match(paste(capture.output(print(joined)), collapse = "\n"), "4 chains.*seeds 1, 2")
  expect_identical(nrow(summary(joined)), 6L)
  fit <- fit_seeded(5, init = extend(joined, 5))
  expect_true(all(is.finite(as.matrix(fit))))
  again <- suppressMessages(update(joined, seed = 4))
  expected <- relm(y ~ x + (1 + x | g), grouped_data(9), draws = 40, warmup = 60, chains = 4,
                   seed = 4)
  expect_identical(as_draws_array(again), as_draws_array(expected))
})

test_that("fits that do not belong together are refused, with what differs", {
  fit <- fit_seeded(1)
  refused <- function(says, ...) {
    expect_error(c(fit, fit_seeded(2, ...)), says, class = "relm_error")
  }
  refused("model.*1 \\+ x \\| g.*1 \\| g", formula = y ~ x + (1 | g))
  refused("residual variances.*one.*level of f", sigma = ~ f)
  refused("numbers of rows", data = grouped_data(9)[-1, ])
  refused("different data", data = transform(grouped_data(9), y = y + (seq_along(y) == 3)))
  refused("different data", weights = w)
  # The same numbers, of other groups.
  refused("different data", data = transform(grouped_data(9), g = paste0(g, "'")))
  refused("priors.*sd_g__x.*half_normal", prior = relm_prior(sd = list(x = half_normal(1))))
  refused("different priors", prior = relm_prior(cor = lkj(1 + 1e-12)))
  refused("sampler.*collapsed.*interweaved", sampler = "interweaved")
  refused("thin.*1 and 2", thin = 2)
  refused("draws.*40 and 30", draws = 30)
  expect_error(c(fit, relm(y ~ x + (1 + x | g), grouped_data(9), draws = 40, warmup = 2, seed = 2)),
               "warmup", class = "relm_error")
  expect_error(c(fit, fit_seeded(2), fit_seeded(1)), "Fits 1 and 3 have the same.*seed",
               class = "relm_error")
  expect_error(c(fit, fit_seeded(1, init = fit)), "same.*seed", class = "relm_error")
  expect_error(c(fit, 3), "Only fits.*One is 3", class = "relm_error")
})

test_that("fits of several groupings are joined, with the groups that all of them kept", {
  fits <- list(nested_fit(draws = 20),
               nested_fit(draws = 20, seed = 2, group_draws = list(a = c("c", "d"))))
  joined <- do.call(c, fits)
  expect_identical(grep("^r_", variables(joined), value = TRUE),
                   c("r_a[c,Intercept]", "r_a[d,Intercept]"))
  names <- c("sd_a:b__x", "r_a[d,Intercept]", "r_a:b[c:1,x]")
  expect_identical(as.matrix(joined, names), do.call(rbind, lapply(fits, as.matrix, names)))
  other <- nested_fit(formula = y ~ x + (1 | a) + (1 | a:b), draws = 20, seed = 3)
  expect_error(c(fits[[1]], other), "model", class = "relm_error")
})

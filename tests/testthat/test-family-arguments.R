# What relm() makes of its arguments with other families: fits that have to have the same draws.

skip_on_cran()

n_rows <- 90

# Intercepts alone, where slopes would tell no more of an argument.
intercepts <- y ~ x + (1 | a)

rows_of_family <- function(family) {
  transform(with_response_of(several_data(n_rows), family), k = rep_len(c("u", "v", "w"), n_rows), o = w / 4,
            times = rep_len(c(1, 3, 2), n_rows))
}

# Hyperparameters and effects.
family_draws <- function(family, ..., formula = scenes$one, rows = rows_of_family(family), draws = 30, chains = 2,
                         seed = 1) {
  as.matrix(relm(formula, rows, family = family, ..., draws = draws, chains = chains, seed = seed))
}

expect_family_rows <- function(family, formula = scenes$one) {
  rows <- rows_of_family(family)
  of <- function(...) family_draws(family, ..., formula = formula)
  bare <- of()
  # formula, data, family, progress
  expect_identical(as.matrix(relm(deparse1(formula), rows, family = family, draws = 30, chains = 2, seed = 1)), bare)
  object <- switch(family, binomial = binomial(), poisson = poisson, negative_binomial())
  expect_identical(as.matrix(relm(formula, rows, family = object, draws = 30, chains = 2, seed = 1)), bare)
  utils::capture.output(told <- of(progress = TRUE), type = "message")
  expect_identical(told, bare)
  # weights: how often a row stands in the data, or trials.
  if (family == "binomial") {
    rows$y <- rbinom(n_rows, rows$times, 0.4) / rows$times
    rows$s <- rows$y * rows$times
    totals <- update(formula, cbind(s, times - s) ~ .)
    expect_equal(as.matrix(relm(formula, rows, family = family, weights = times, draws = 30, chains = 2, seed = 1)),
                 as.matrix(relm(totals, rows, family = family, draws = 30, chains = 2, seed = 1)))
  } else {
    # The same likelihood; its coordinates, and so the draws, go by the rows.
    repeated <- rows[rep(1:n_rows, rows$times), ]
    expect_equal(crossprods(formula, rows, family = family, weights = times)$responses,
                 crossprods(formula, repeated, family = family)$responses)
    expect_false(identical(of(weights = times), bare))
  }
  # offset: in the formula and beside it; a constant one is a part of the intercept, to the digits in which
  # the proposals are found.
  expect_equal(of(offset = o), as.matrix(relm(update(formula, . ~ . + offset(o)), rows_of_family(family),
                                              family = family, draws = 30, chains = 2, seed = 1)))
  shifted <- of(offset = rep(0.7, n_rows))
  expect_equal(shifted[, "b_Intercept"] + 0.7, bare[, "b_Intercept"], tolerance = 0.01)
  expect_equal(shifted[, "b_x"], bare[, "b_x"], tolerance = 0.01)
  # subset, na.action
  rows <- rows_of_family(family)
  expect_equal(of(subset = x < 1), of(rows = rows[rows$x < 1, ]))
  lost <- rows
  lost$y[5] <- lost$a[9] <- NA
  expect_equal(suppressMessages(of(rows = lost, na.action = na.exclude)), of(rows = rows[-c(5, 9), ]))
}

expect_family_contrasts <- function(family, formula = intercepts) {
  rows <- rows_of_family(family)
  coded <- transform(rows, k1 = (k == "u") - (k == "w"), k2 = (k == "v") - (k == "w"))
  fit <- function(added, ...) {
    as.matrix(relm(update(formula, added), coded, family = family, ..., draws = 20, chains = 2, seed = 1))
  }
  expect_equal(unname(fit(. ~ . + k, contrasts = list(k = "contr.sum"))), unname(fit(. ~ . + k1 + k2)),
               tolerance = 1e-6)
}

expect_family_chains <- function(family, formula = intercepts) {
  rows <- rows_of_family(family)
  of <- function(...) family_draws(family, ..., formula = formula, rows = rows)
  bare <- of()
  # draws, chains, seed
  expect_identical(of(chains = 3)[1:60, ], bare)
  expect_identical(of(draws = 40)[c(1:30, 41:70), ], bare)
  expect_identical(of(), bare)
  expect_false(identical(of(seed = 2), bare))
  # thin: every other draw.
  hyper <- function(...) of(..., group_draws = FALSE)
  expect_equal(hyper(thin = 2)[1:30, "b_x"], hyper(draws = 60)[seq(2, 60, 2), "b_x"])
  # cores, threads
  expect_identical(of(cores = 2), bare)
  expect_identical(of(threads = 2), bare)
  # group_draws: those that are not kept are the same when they are asked for.
  some <- relm(formula, rows, family = family, draws = 30, chains = 2, seed = 1,
               group_draws = if (identical(formula, intercepts)) c("a", "c") else list(a = c("a", "c")))
  wanted <- c("r_a[a,Intercept]", "r_a[c,Intercept]", "r_a[b,Intercept]")
  expect_equal(as.matrix(some, wanted), bare[, wanted])
  # init: another fit's last draws, from which chains go on that are not warmed up.
  first <- relm(formula, rows, family = family, draws = 30, chains = 2, seed = 1)
  begun <- function(...) of(draws = 3, seed = 3, warmup = 0, ...)
  expect_false(identical(begun(init = first), begun()))
  expect_identical(begun(init = first), begun(init = first))
  # target_ess, max_draws
  long <- suppressMessages(relm(formula, rows, family = family, draws = 50, chains = 2, seed = 1, target_ess = 300))
  expect_gte(min(summary(long)$ess_bulk, summary(long)$ess_tail, na.rm = TRUE), 300)
  expect_message(short <- relm(formula, rows, family = family, draws = 20, chains = 2, seed = 1, target_ess = 1e5,
                               max_draws = 60), "max_draws")
  expect_lte(nrow(as.matrix(short)), 120)
}

expect_family_growth <- function(family, formula = intercepts) {
  rows <- rows_of_family(family)
  fit <- function(..., formula. = formula, data = rows, draws = 40, seed = 1) {
    relm(formula., data, family = family, draws = draws, chains = 2, seed = seed, ...)
  }
  whole <- fit()
  first <- fit(draws = 15)
  expect_identical(as.matrix(extend(first, 25)), as.matrix(whole))
  expect_identical(as.matrix(extend(first, draws = 25, cores = 2, threads = 2, progress = FALSE)), as.matrix(whole))
  other <- fit(seed = 2)
  expect_equal(unname(as.matrix(c(whole, other))), unname(rbind(as.matrix(whole), as.matrix(other))))
  expect_identical(as.matrix(update(first, draws = 40)), as.matrix(whole))
  expect_identical(update(first, draws = 40, evaluate = FALSE)$draws, 40)
  expect_equal(as.matrix(update(whole, formula. = . ~ . - x)), as.matrix(fit(formula. = update(formula, . ~ . - x))))
  again <- rows
  again$y <- rev(rows$y)
  expect_equal(as.matrix(refit(whole, newresp = again$y, seed = 1)), as.matrix(fit(data = again)))
  # Cross-products of parts: the same draws but for the order of the rows within a group.
  products <- function(...) crossprods(..., family = family)
  parts <- products(formula, rows[1:50, ]) + products(formula, rows[51:n_rows, ])
  read <- products(formula, rows)
  others <- list(products(deparse1(formula), rows), crossprods(relm_design(formula, rows, family = family)), parts)
  for (other in others) expect_equal(other$responses, read$responses)
  of_parts <- relm(parts, draws = 40, chains = 2, seed = 1)
  hyper <- whole$posterior$parameters$variable
  expect_equal(as.matrix(of_parts, hyper), as.matrix(whole, hyper), tolerance = 1e-5)
  # A fit that was saved.
  file <- tempfile()
  saveRDS(whole, file)
  saved <- readRDS(file)
  unlink(file)
  expect_identical(as.matrix(extend(saved, 3)), as.matrix(extend(whole, 3)))
  expect_identical(posterior_predict(saved, seed = 1), posterior_predict(whole, seed = 1))
}

families_of_tests <- c("binomial", "poisson", "negative_binomial")

test_that("other families have the rows that arguments ask for", {
  for (family in families_of_tests) expect_family_rows(family)
})

test_that("other families have the contrasts that are asked for", {
  for (family in families_of_tests) expect_family_contrasts(family)
})

test_that("other families have the chains that arguments ask for", {
  for (family in families_of_tests) expect_family_chains(family)
})

test_that("fits of other families go on, join, are fitted anew and saved", {
  for (family in families_of_tests) expect_family_growth(family)
})

# Several groupings -----------------------------------------------------------------------------

test_that("several groupings of other families have what arguments ask for", {
  crossed <- y ~ x + (1 | a) + (1 | c)
  expect_family_rows("poisson", crossed)
  expect_family_contrasts("binomial", crossed)
  expect_family_chains("binomial", y ~ x + (1 | a / b))
  expect_family_growth("negative_binomial", crossed)
})

# What relm() makes of its arguments with one grouping, with nested and with crossed ones: fits that have
# to have the same draws.

skip_on_cran()

data <- transform(several_data(150), k = rep_len(c("u", "v", "w"), 150))
formulas <- list(one = y ~ x + (1 + x | a), nested = y ~ x + (1 | a) + (1 + x | a:b),
                 crossed = y ~ x + (1 | a) + (1 + x | c))

# Hyperparameters and effects.
draws_of <- function(kind, ..., rows = data, draws = 30, chains = 2, seed = 1) {
  as.matrix(relm(formulas[[kind]], rows, ..., draws = draws, chains = chains, seed = seed))
}

expect_arguments_of_rows <- function(kind) {
  bare <- draws_of(kind)
  # formula, data: order of the rows of a group, and names.
  expect_equal(as.matrix(relm(deparse1(formulas[[kind]]), data, draws = 30, chains = 2, seed = 1)), bare)
  close <- function(a, b) expect_equal(unname(a), unname(b), tolerance = 1e-6)
  # weights: a constant is a unit of sigma^2.
  double <- draws_of(kind, weights = rep(4, 150))
  scale <- ifelse(colnames(bare) == "sigma", 2, 1)
  close(sweep(double, 2, scale, "/"), bare)
  # offset
  close(draws_of(kind, offset = x / 2), draws_of(kind, rows = transform(data, y = y - x / 2)))
  # subset, na.action
  close(draws_of(kind, subset = x < 1), draws_of(kind, rows = data[data$x < 1, ]))
  lost <- data
  lost$c[5] <- lost$a[9] <- NA
  complete <- draws_of(kind, rows = stats::na.omit(lost[c("y", "x", "a", "b", if (kind == "crossed") "c")]))
  close(suppressMessages(draws_of(kind, rows = lost[c("y", "x", "a", "b", if (kind == "crossed") "c")],
                                  na.action = na.exclude)), complete)
  # family, progress
  expect_identical(draws_of(kind, family = gaussian()), bare)
  utils::capture.output(told <- draws_of(kind, progress = TRUE), type = "message")
  expect_identical(told, bare)
}

expect_contrasts <- function(kind) {
  formula <- update(formulas[[kind]], . ~ . + k)
  sum_to_zero <- relm(formula, data, contrasts = list(k = "contr.sum"), draws = 20, seed = 1)
  coded <- transform(data, k1 = (k == "u") - (k == "w"), k2 = (k == "v") - (k == "w"))
  by_hand <- relm(update(formulas[[kind]], . ~ . + k1 + k2), coded, draws = 20, seed = 1)
  expect_equal(unname(as.matrix(sum_to_zero)), unname(as.matrix(by_hand)), tolerance = 1e-6)
}

expect_arguments_of_chains <- function(kind) {
  bare <- draws_of(kind)
  hyper <- function(...) draws_of(kind, ..., group_draws = FALSE)
  # draws, chains, seed
  expect_identical(draws_of(kind, chains = 3)[1:60, ], bare)
  expect_identical(draws_of(kind, draws = 40)[c(1:30, 41:70), ], bare)
  expect_identical(draws_of(kind), bare)
  expect_false(identical(draws_of(kind, seed = 2), bare))
  # thin: every other draw.
  expect_equal(hyper(thin = 2)[1:30, "sigma"], hyper(draws = 60)[seq(2, 60, 2), "sigma"])
  # warmup: the Gibbs samplers' is what they are told.
  gibbs <- function(...) hyper(sampler = "interweaved", chains = 1, ...)
  expect_equal(gibbs(warmup = 10)[, "sigma"], gibbs(warmup = 0, draws = 40)[11:40, "sigma"])
  # cores, threads
  expect_identical(draws_of(kind, cores = 2), bare)
  expect_identical(draws_of(kind, threads = 2), bare)
  # group_draws: those of some groups, whatever is kept of the others.
  some <- relm(formulas[[kind]], data, draws = 30, chains = 2, seed = 1,
               group_draws = if (kind == "one") c("a", "c") else list(a = c("a", "c")))
  wanted <- c("r_a[a,Intercept]", "r_a[c,Intercept]")
  expect_equal(as.matrix(some, wanted), bare[, wanted])
  # init: another fit's last draws, from which chains go on that are not warmed up.
  first <- relm(formulas[[kind]], data, draws = 30, chains = 2, seed = 1)
  begun <- function(...) draws_of(kind, draws = 3, seed = 3, warmup = 0, sampler = "uncentered", ...)
  expect_false(identical(begun(init = first), begun()))
  expect_identical(begun(init = first), begun(init = first))
  # target_ess, max_draws
  long <- suppressMessages(relm(formulas[[kind]], data, draws = 50, chains = 2, seed = 1,
                                target_ess = 300))
  expect_gte(min(summary(long)$ess_bulk, summary(long)$ess_tail, na.rm = TRUE), 300)
  expect_message(short <- relm(formulas[[kind]], data, draws = 20, chains = 2, seed = 1, target_ess = 1e5,
                               max_draws = 60), "max_draws")
  expect_lte(nrow(as.matrix(short)), 120)
}

expect_arguments_of_growth <- function(kind) {
  whole <- relm(formulas[[kind]], data, draws = 40, chains = 2, seed = 1)
  first <- relm(formulas[[kind]], data, draws = 15, chains = 2, seed = 1)
  expect_identical(as.matrix(extend(first, 25)), as.matrix(whole))
  expect_identical(as.matrix(extend(first, draws = 25, cores = 2, threads = 2, progress = FALSE)),
                   as.matrix(whole))
  other <- relm(formulas[[kind]], data, draws = 40, chains = 2, seed = 2)
  expect_equal(unname(as.matrix(c(whole, other))), unname(rbind(as.matrix(whole), as.matrix(other))))
  expect_identical(as.matrix(update(first, draws = 40)), as.matrix(whole))
  expect_identical(update(first, draws = 40, evaluate = FALSE)$draws, 40)
  expect_equal(as.matrix(update(whole, formula. = . ~ . - x)),
               as.matrix(relm(update(formulas[[kind]], . ~ . - x), data, draws = 40, chains = 2, seed = 1)))
  expect_equal(unname(as.matrix(refit(whole, newresp = data$y + 1, seed = 1))),
               unname(draws_of(kind, rows = transform(data, y = y + 1), draws = 40)), tolerance = 1e-8)
  parts <- crossprods(formulas[[kind]], data[1:80, ]) + crossprods(formulas[[kind]], data[81:150, ])
  # One reading or two, from text, a formula or a design.
  read <- crossprods(formulas[[kind]], data)
  for (other in list(crossprods(deparse1(formulas[[kind]]), data), crossprods(relm_design(formulas[[kind]], data)))) {
    expect_equal(other[c("cells", "strata")], read[c("cells", "strata")], tolerance = 1e-12)
  }
  of_parts <- as.matrix(relm(parts, draws = 40, chains = 2, seed = 1))
  expect_equal(unname(of_parts[, "sigma"]), unname(as.matrix(whole)[, "sigma"]), tolerance = 1e-5)
}

test_that("one grouping has the rows that arguments ask for", {
  expect_arguments_of_rows("one")
})

test_that("nested groupings have the rows that arguments ask for", {
  expect_arguments_of_rows("nested")
})

test_that("crossed groupings have the rows that arguments ask for", {
  expect_arguments_of_rows("crossed")
})

test_that("one grouping has the contrasts that are asked for", {
  expect_contrasts("one")
})

test_that("nested groupings have the contrasts that are asked for", {
  expect_contrasts("nested")
})

test_that("crossed groupings have the contrasts that are asked for", {
  expect_contrasts("crossed")
})

test_that("one grouping has the chains that arguments ask for", {
  expect_arguments_of_chains("one")
})

test_that("nested groupings have the chains that arguments ask for", {
  expect_arguments_of_chains("nested")
})

test_that("crossed groupings have the chains that arguments ask for", {
  expect_arguments_of_chains("crossed")
})

test_that("one grouping goes on, joins and is fitted anew", {
  expect_arguments_of_growth("one")
})

test_that("nested groupings go on, join and are fitted anew", {
  expect_arguments_of_growth("nested")
})

test_that("crossed groupings go on, join and are fitted anew", {
  expect_arguments_of_growth("crossed")
})

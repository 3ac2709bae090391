# What relm() makes of its arguments with one grouping, with nested and with crossed ones, with structured
# covariances, known standard errors and t residuals: fits that have to have the same draws.

skip_on_cran()

data <- transform(several_data(150), k = rep_len(c("u", "v", "w"), 150), se = 0.3 + w / 4)
formulas <- list(one = y ~ x + (1 + x | a), nested = y ~ x + (1 | a) + (1 + x | a:b),
                 crossed = y ~ x + (1 | a) + (1 + x | c), structured = y ~ x + (1 | a) + ar1(1 + x + w | a:b),
                 known = y ~ x + (1 | a) + (1 + x | a:b), student = y ~ x + (1 | a) + (1 + x | a:b))
family_of_kind <- function(kind) if (kind == "student") student() else gaussian()
sigma_of_kind <- function(kind) if (kind == "known") ~ known(se) else ~ 1
has_gibbs <- function(kind) kind != "structured"

fit_of_kind <- function(kind, ..., formula = formulas[[kind]], rows = data, draws = 30, chains = 2, seed = 1,
                        family = family_of_kind(kind)) {
  relm(formula, rows, ..., sigma = sigma_of_kind(kind), draws = draws, chains = chains, seed = seed,
       family = family)
}

# Hyperparameters and effects.
draws_of <- function(...) as.matrix(fit_of_kind(...))

expect_arguments_of_rows <- function(kind) {
  bare <- draws_of(kind)
  # formula, data: order of the rows of a group, and names.
  expect_equal(draws_of(kind, formula = deparse1(formulas[[kind]])), bare)
  close <- function(a, b) expect_equal(unname(a), unname(b), tolerance = 1e-6)
  # weights: a constant is a unit of sigma^2.
  if (kind == "known") expect_error(draws_of(kind, weights = rep(4, 150)), "`weights`", class = "relm_error")
  else close(sweep(draws_of(kind, weights = rep(4, 150)), 2, ifelse(colnames(bare) == "sigma", 2, 1), "/"), bare)
  # offset
  close(draws_of(kind, offset = x / 2), draws_of(kind, rows = transform(data, y = y - x / 2)))
  # subset, na.action
  close(draws_of(kind, subset = x < 1), draws_of(kind, rows = data[data$x < 1, ]))
  lost <- data
  lost$c[5] <- lost$a[9] <- NA
  own <- lost[c("y", "x", "a", "b", "w", "se", if (kind == "crossed") "c")]
  complete <- draws_of(kind, rows = stats::na.omit(own))
  close(suppressMessages(draws_of(kind, rows = own, na.action = na.exclude)), complete)
  # family, progress
  expect_identical(draws_of(kind, family = family_of_kind(kind)$family), bare)
  utils::capture.output(told <- draws_of(kind, progress = TRUE), type = "message")
  expect_identical(told, bare)
}

expect_contrasts <- function(kind) {
  formula <- update(formulas[[kind]], . ~ . + k)
  sum_to_zero <- draws_of(kind, formula = formula, contrasts = list(k = "contr.sum"))
  coded <- transform(data, k1 = (k == "u") - (k == "w"), k2 = (k == "v") - (k == "w"))
  by_hand <- draws_of(kind, formula = update(formulas[[kind]], . ~ . + k1 + k2), rows = coded)
  expect_equal(unname(sum_to_zero), unname(by_hand), tolerance = 1e-6)
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
  expect_equal(hyper(thin = 2)[1:30, "sd_a__Intercept"], hyper(draws = 60)[seq(2, 60, 2), "sd_a__Intercept"])
  # warmup: the Gibbs samplers' is what they are told.
  told <- function(...) hyper(sampler = if (has_gibbs(kind)) "interweaved", chains = 1, ...)[, "sd_a__Intercept"]
  expect_equal(told(warmup = 10), told(warmup = 0, draws = 40)[11:40])
  # cores, threads
  expect_identical(draws_of(kind, cores = 2), bare)
  expect_identical(draws_of(kind, threads = 2), bare)
  # group_draws: those of some groups, whatever is kept of the others.
  some <- fit_of_kind(kind, group_draws = if (kind == "one") c("a", "c") else list(a = c("a", "c")))
  wanted <- c("r_a[a,Intercept]", "r_a[c,Intercept]")
  expect_equal(as.matrix(some, wanted), bare[, wanted])
  # init: another fit's last draws, from which chains go on that are not warmed up.
  first <- fit_of_kind(kind)
  begun <- function(...) {
    draws_of(kind, draws = 3, seed = 3, warmup = 0, sampler = if (has_gibbs(kind)) "uncentered", ...)
  }
  expect_false(identical(begun(init = first), begun()))
  expect_identical(begun(init = first), begun(init = first))
  # target_ess, max_draws
  long <- suppressMessages(fit_of_kind(kind, draws = 50, target_ess = 300))
  expect_gte(min(summary(long)$ess_bulk, summary(long)$ess_tail, na.rm = TRUE), 300)
  expect_message(short <- fit_of_kind(kind, draws = 20, target_ess = 1e5, max_draws = 60), "max_draws")
  expect_lte(nrow(as.matrix(short)), 120)
}

expect_arguments_of_growth <- function(kind) {
  whole <- fit_of_kind(kind, draws = 40)
  first <- fit_of_kind(kind, draws = 15)
  expect_identical(as.matrix(extend(first, 25)), as.matrix(whole))
  expect_identical(as.matrix(extend(first, draws = 25, cores = 2, threads = 2, progress = FALSE)),
                   as.matrix(whole))
  other <- fit_of_kind(kind, draws = 40, seed = 2)
  expect_equal(unname(as.matrix(c(whole, other))), unname(rbind(as.matrix(whole), as.matrix(other))))
  expect_identical(as.matrix(update(first, draws = 40)), as.matrix(whole))
  expect_identical(update(first, draws = 40, evaluate = FALSE)$draws, 40)
  expect_equal(as.matrix(update(whole, formula. = . ~ . - x)),
               draws_of(kind, formula = update(formulas[[kind]], . ~ . - x), draws = 40))
  expect_equal(unname(as.matrix(refit(whole, newresp = data$y + 1, seed = 1))),
               unname(draws_of(kind, rows = transform(data, y = y + 1), draws = 40)), tolerance = 1e-8)
  # One reading or two, from text, a formula or a design.
  sigma <- sigma_of_kind(kind)
  family <- family_of_kind(kind)
  of_rows <- function(rows) crossprods(formulas[[kind]], data[rows, ], sigma = sigma, family = family)
  read <- of_rows(1:150)
  for (other in list(crossprods(deparse1(formulas[[kind]]), data, sigma = sigma, family = family),
                     crossprods(relm_design(formulas[[kind]], data, sigma = sigma, family = family)))) {
    expect_equal(other[c("cells", "strata")], read[c("cells", "strata")], tolerance = 1e-12)
  }
  of_parts <- as.matrix(relm(of_rows(1:80) + of_rows(81:150), draws = 40, chains = 2, seed = 1))
  for (name in c("sigma", "sd_a__Intercept")) {
    expect_equal(unname(of_parts[, name]), unname(as.matrix(whole)[, name]), tolerance = 1e-5)
  }
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

test_that("structured covariances have the rows that arguments ask for", {
  expect_arguments_of_rows("structured")
})

test_that("known standard errors have the rows that arguments ask for", {
  expect_arguments_of_rows("known")
})

test_that("structured covariances have the contrasts that are asked for", {
  expect_contrasts("structured")
})

test_that("known standard errors have the contrasts that are asked for", {
  expect_contrasts("known")
})

test_that("structured covariances have the chains that arguments ask for", {
  expect_arguments_of_chains("structured")
})

test_that("known standard errors have the chains that arguments ask for", {
  expect_arguments_of_chains("known")
})

test_that("structured covariances go on, join and are fitted anew", {
  expect_arguments_of_growth("structured")
})

test_that("known standard errors go on, join and are fitted anew", {
  expect_arguments_of_growth("known")
})

test_that("t residuals have the rows that arguments ask for", {
  expect_arguments_of_rows("student")
})

test_that("t residuals have the contrasts that are asked for", {
  expect_contrasts("student")
})

test_that("t residuals have the chains that arguments ask for", {
  expect_arguments_of_chains("student")
})

test_that("t residuals go on, join and are fitted anew", {
  expect_arguments_of_growth("student")
})

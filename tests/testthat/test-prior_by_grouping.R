# Priors that are named by grouping and by column.

# The priors that each grouping's standard deviations have, and its correlations.
priors_of <- function(..., formula = y ~ x + (1 + x | a) + (1 + x | c)) {
  posterior <- posterior_of(formula, several_data(), relm_prior(...))
  lapply(stats::setNames(posterior$groupings, names_of_groupings(posterior)), function(grouping) {
    unlist(lapply(grouping$blocks, function(block) {
      c(vapply(block$sd, format, ""), if (length(block$columns) > 1) format(block$distribution))
    }))
  })
}

test_that("a prior is of all groupings, a column's of each that has it, a grouping's of its own", {
  flat <- c("uniform()", "uniform()", "lkj(1)")
  expect_identical(priors_of(), list(a = flat, c = flat))
  expect_identical(priors_of(sd = half_t(3, 1))$c, c("half_t(3, 1)", "half_t(3, 1)", "lkj(1)"))
  by_column <- c("uniform()", "exponential(2)", "lkj(1)")
  expect_identical(priors_of(sd = list(x = exponential(2))), list(a = by_column, c = by_column))
  expect_identical(priors_of(sd = list(c = exponential(2))),
                   list(a = flat, c = c("exponential(2)", "exponential(2)", "lkj(1)")))
  mixed <- priors_of(sd = list(x = exponential(2), a = list(Intercept = half_normal(3)),
                               c = list("(Intercept)" = half_normal(4), x = half_normal(5))))
  expect_identical(mixed, list(a = c("half_normal(3)", "exponential(2)", "lkj(1)"),
                               c = c("half_normal(4)", "half_normal(5)", "lkj(1)")))
  expect_identical(priors_of(cor = list(c = lkj(4)))[["a"]][3], "lkj(1)")
  expect_identical(priors_of(cor = list(c = lkj(4)))[["c"]][3], "lkj(4)")
})

test_that("an interaction is named in any order of its parts", {
  nested <- function(name) {
    priors_of(formula = y ~ x + (1 | a / b), sd = stats::setNames(list(half_t(3, 1)), name))
  }
  expected <- list(a = "uniform()", "a:b" = "half_t(3, 1)")
  expect_identical(nested("a:b"), expected)
  expect_identical(nested("b:a"), expected)
})

test_that("names that a model has not, or has twice, are refused", {
  expect_refused <- function(pattern, ...) {
    expect_error(priors_of(...), pattern, class = "relm_error")
  }
  expect_refused("\"v\".*Its columns are.*Its groupings are", sd = list(v = exponential(1)))
  expect_refused("\"v\".*Its columns are", sd = list(a = list(v = exponential(1))))
  expect_refused("\"x\".*Its groupings are", cor = list(x = lkj(2)))
  expect_refused("two priors", sd = list(a = exponential(1), a = exponential(2)))
  expect_error(posterior_of(y ~ x + (1 + x | a) + (1 | x), transform(several_data(), x = round(x)),
                            relm_prior(sd = list(x = exponential(1)))),
               "grouping and a random column", class = "relm_error")
})

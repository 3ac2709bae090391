test_that("a posterior says its priors, spread over the columns", {
  prior <- relm_prior(beta = list(x = normal(0, 10)), sd = list(x = inverse_gamma(1, 2)),
                      sigma = uniform())
  posterior <- posterior_of(y ~ x + (1 + x || g), grouped_data(), prior)
  table <- relm:::prior_table(posterior)
  expect_identical(table$parameter, c("b_Intercept", "b_x", "sd_g__Intercept", "sd_g__x", "sigma"))
  expect_identical(table$prior, c("flat()", "normal(0, 10)", "uniform()",
                                  "inverse_gamma(1, 2)", "uniform()"))
  expect_match(capture.output(print(posterior)), "b_x +normal\\(0, 10\\)", all = FALSE)
})

test_that("blocks hold the prior of their columns", {
  data <- grouped_data()
  kinds <- function(formula, ...) {
    vapply(posterior_of(formula, data, relm_prior(...))$blocks, `[[`, "", "kind")
  }
  expect_identical(kinds(y ~ x + (1 + x || g)), c("variance", "variance"))
  expect_identical(kinds(y ~ x + (1 + x | g) + (0 + v | g)), c("lkj", "variance"))
  expect_identical(kinds(y ~ x + (1 + x | g), cov = inverse_wishart(3, 1)), "inverse_wishart")
  expect_identical(kinds(y ~ x + (1 + x | g), cov = huang_wand(2, 1)), "huang_wand")
  # One column: Huang and Wand's prior is half-t.
  one <- posterior_of(y ~ x + (1 | g), data, relm_prior(cov = huang_wand(3, 0.5)))$blocks[[1]]
  expect_identical(one$distribution, half_t(3, 0.5))
  # One column: the inverse-Wishart is an inverse gamma.
  block <- posterior_of(y ~ x + (1 | g), data, relm_prior(cov = inverse_wishart(3, 2)))$blocks[[1]]
  expect_identical(block$variance[1:3, ], c(shape = 1.5, rate = 1, upper = Inf))
})

test_that("aliased columns are those that lm leaves out", {
  data <- transform(grouped_data(), twice = 2 * x, shifted = x + 3, one = 1)
  formula <- y ~ x + twice + one + shifted + f + v
  expect_message(posterior <- relm_posterior(crossprods(formula, data)), "3 aliased columns")
  kept <- names(which(!is.na(coef(lm(formula, data)))))
  expect_identical(posterior$fixed, kept)
  with_groups <- posterior_of(y ~ twice + x + v + (1 + v | g), data)
  expect_identical(with_groups$fixed, c("(Intercept)", "twice", "v"))
  expect_identical(with_groups$random$paired, c(1L, 3L))
  without <- posterior_of(y ~ twice + v + (1 + v | g), data)
  expect_equal(with_groups$cell_factor, without$cell_factor)
  expect_equal(with_groups$level_factor, without$level_factor, tolerance = 1e-12)
})

test_that("a year beside an intercept is not aliased", {
  data <- transform(grouped_data(), year = 2000 + 3 * v)
  expect_identical(posterior_of(y ~ x + year + (1 | g), data)$fixed,
                   c("(Intercept)", "x", "year"))
})

test_that("what is not a posterior's part is refused", {
  expect_error(relm_posterior(3), "must be made by `crossprods", class = "relm_error")
  expect_error(relm_posterior(crossprods(y ~ x, grouped_data()), 3), "must be made by `relm_prior",
               class = "relm_error")
})

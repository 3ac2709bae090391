test_that("a posterior says its priors, spread over the columns", {
  prior <- relm_prior(beta = list(x = normal(0, 10)), sd = list(x = inverse_gamma(1, 2)),
                      sigma = uniform())
  posterior <- posterior_of(y ~ x + (1 + x || g), grouped_data(), prior)
  table <- prior_table(posterior)
  expect_identical(table$parameter, c("b_Intercept", "b_x", "sd_g__Intercept", "sd_g__x", "sigma"))
  expect_identical(table$prior, c("flat()", "normal(0, 10)", "uniform()",
                                  "inverse_gamma(1, 2)", "uniform()"))
  expect_match(capture.output(print(posterior)), "b_x +normal\\(0, 10\\)", all = FALSE)
})

test_that("blocks hold the prior of their columns", {
  data <- grouped_data()
  kinds <- function(formula, ...) {
    vapply(grouping_of(posterior_of(formula, data, relm_prior(...)))$blocks, `[[`, "", "kind")
  }
  expect_identical(kinds(y ~ x + (1 + x || g)), c("variance", "variance"))
  expect_identical(kinds(y ~ x + (1 + x | g) + (0 + v | g)), c("lkj", "variance"))
  expect_identical(kinds(y ~ x + (1 + x | g), cov = inverse_wishart(3, 1)), "inverse_wishart")
  expect_identical(kinds(y ~ x + (1 + x | g), cov = huang_wand(2, 1)), "huang_wand")
  # One column: Huang and Wand's prior is half-t.
  one <- grouping_of(posterior_of(y ~ x + (1 | g), data, relm_prior(cov = huang_wand(3, 0.5))))$blocks[[1]]
  expect_identical(one$distribution, half_t(3, 0.5))
  # One column: the inverse-Wishart is an inverse gamma.
  block <- grouping_of(posterior_of(y ~ x + (1 | g), data,
                                    relm_prior(cov = inverse_wishart(3, 2))))$blocks[[1]]
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
  expect_identical(grouping_of(with_groups)$random$paired, c(1L, 3L))
  without <- posterior_of(y ~ twice + v + (1 + v | g), data)
  expect_equal(with_groups$cells$factor, without$cells$factor)
  expect_equal(with_groups$strata$factor, without$strata$factor, tolerance = 1e-12)
})

test_that("a year beside an intercept is not aliased", {
  data <- transform(grouped_data(), year = 2000 + 3 * v)
  expect_identical(posterior_of(y ~ x + year + (1 | g), data)$fixed,
                   c("(Intercept)", "x", "year"))
})

test_that("without a column that is not aliased the model is the one without fixed columns", {
  data <- transform(grouped_data(), zero = 0)
  expect_message(fit <- relm(y ~ 0 + zero + (1 | g), data, seed = 1, chains = 1, draws = 20),
                 "1 aliased column.*zero")
  none <- relm(y ~ 0 + (1 | g), data, seed = 1, chains = 1, draws = 20)
  expect_identical(as.matrix(fit), as.matrix(none))
  expect_identical(posterior_epred(fit, data[1:3, ]), posterior_epred(none, data[1:3, ]))
  two <- posterior_of(y ~ 0 + zero + I(2 * zero), data)
  expect_identical(two$fixed, character())
})

test_that("a column far from zero is not aliased, but for the rounding of its numbers", {
  data <- transform(grouped_data(), near = w, far = 1e9 + round(1e3 * v), k = -seq_along(v))
  data$whole <- .Machine$integer.max + data$k
  fits <- lapply(list(y ~ whole + (1 | g), y ~ k + (1 | g)), relm, data, seed = 1, chains = 1,
                 draws = 50)
  expect_equal(fitted(fits[[1]]), fitted(fits[[2]]), tolerance = 1e-6)
  expect_equal(tails_in(fits[[1]]$posterior), tails_in(fits[[2]]$posterior), ignore_attr = TRUE)
  expect_identical(posterior_of(y ~ x + far + (1 + far | g), data)$fixed,
                   c("(Intercept)", "x", "far"))
  expect_identical(posterior_of(y ~ far + I(2 * far + 7) + I(1e10 + near) + near, data)$fixed,
                   c("(Intercept)", "far", "near"))
  expect_identical(posterior_of(y ~ I(1e8 + near) + near, data)$fixed,
                   c("(Intercept)", "I(1e+08 + near)"))
  expect_identical(posterior_of(y ~ I(0.1 + 0 * x) + x, data)$fixed, c("(Intercept)", "x"))
})

test_that("what is not a posterior's part is refused", {
  expect_error(relm_posterior(3), "must be made by `crossprods", class = "relm_error")
  expect_error(relm_posterior(crossprods(y ~ x, grouped_data()), 3), "must be made by `relm_prior",
               class = "relm_error")
})

test_that("a prior that scales itself goes by the columns' standard deviations", {
  data <- transform(grouped_data(), n = abs(round(3 * y)), x = 1e3 + 7 * x)
  prior <- relm_prior(beta = normal(1, 2.5, autoscale = TRUE), sd = half_t(3, 1))
  sds <- c(1, stats::sd(data$x), stats::sd(data$f == "b"), stats::sd(data$f == "c"))
  for (family in list("gaussian", "poisson")) {
    posterior <- relm_posterior(crossprods(n ~ x + f + (1 | g), data, family = family), prior)
    expect_equal(posterior$beta$precision, (sds / 2.5)^2, tolerance = 1e-9)
    expect_equal(posterior$beta$mean, rep(1, 4))
  }
  expect_identical(prior_table(posterior)$prior[1], "normal(1, 2.5, autoscale = TRUE)")
  by_column <- relm_prior(beta = list(x = normal(0, 1, autoscale = TRUE), fb = normal(0, 1)))
  posterior <- relm_posterior(crossprods(n ~ x + f + (1 | g), data), by_column)
  expect_equal(posterior$beta$precision, c(0, sds[2]^2, 1, 0))
  # Without an intercept columns are compared with 0; weights multiply rows.
  posterior <- relm_posterior(crossprods(n ~ 0 + x, data), prior)
  expect_equal(posterior$beta$precision, mean(data$x^2) / 2.5^2)
  weighted <- relm_posterior(crossprods(n ~ v, data, weights = rep(2, nrow(data))), prior)
  plain <- relm_posterior(crossprods(n ~ v, data), prior)
  expect_equal(weighted$beta, plain$beta)
})

test_that("another family has the parameters and the priors of the linear model, but for sigma", {
  data <- transform(grouped_data(), n = abs(round(3 * y)))
  prior <- relm_prior(sd = list(x = half_normal(2)))
  posterior_of <- function(family, prior) {
    relm_posterior(crossprods(n ~ v + (1 + x | g), data, family = family), prior)
  }
  posterior <- posterior_of("poisson", prior)
  expect_identical(posterior$parameters$variable,
                   c("b_Intercept", "b_v", "sd_g__Intercept", "sd_g__x", "cor_g__Intercept__x"))
  expect_null(posterior$sigma)
  expect_output(print(posterior), "sd_g__x +half_normal\\(2\\)\ncor_g\\(Intercept,x\\) +lkj\\(1\\)$")
  prior <- relm_prior(shape = half_t(3, 1.5))
  posterior <- posterior_of("negative_binomial", prior)
  expect_identical(utils::tail(posterior$parameters$variable, 1), "shape")
  expect_identical(utils::tail(posterior$parameters$part, 1), "shape")
  expect_identical(posterior$shape, encode_scale(half_t(3, 1.5)))
  # Poisson's counts are as likely: the prior of r^(-1/2) leaves r a tail without a mean.
  expect_output(print(posterior), "shape +half_t\\(3, 1.5\\)\nwithout a variance: shape$")
  # p(r) of gamma(a, b) is that of r^(-1/2) with an inverse gamma square.
  expect_identical(posterior_of("negative_binomial", relm_prior())$shape,
                   encode_scale(inverse_gamma(0.01, 0.01)))
})

one_draw_of <- function(...) suppressMessages(relm(..., chains = 1, draws = 1, seed = 1))

# Such a model ended R: it has a draw of nothing.
test_that("a family without a scale parameter needs a column or a random term", {
  data <- data.frame(k = c(0, 1, 1, 0), x = 1:4)
  for (family in list("poisson", "binomial", binomial("cloglog"))) {
    for (formula in c(k ~ 0, k ~ -1 + offset(x), k ~ 0 + I(0 * x))) {
      expect_error(suppressMessages(relm(formula, data, family = family)), "nothing to estimate",
                   class = "relm_error")
      expect_error(suppressMessages(relm(formula, data, family = family, prior_only = TRUE)),
                   "nothing to estimate", class = "relm_error")
    }
  }
  expect_s3_class(one_draw_of(k ~ 0, data, family = "negative_binomial"), "relm")
  expect_s3_class(one_draw_of(k ~ 0, data), "relm")
})

test_that("cross-products that are missing are an error of the package's", {
  expect_error(relm_posterior(), "missing", class = "relm_error")
})

test_that("a covariance prior beside a term without columns is refused as the term is", {
  data <- transform(grouped_data(), h = rep_len(1:3, length(y)))
  expect_no_warning(expect_error(
    relm(y ~ x + (0 | g/h), data, prior = relm_prior(cov = huang_wand(2, 1))), "has no columns",
    class = "relm_error"
  ))
})

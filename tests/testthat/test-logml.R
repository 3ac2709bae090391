proper <- relm_prior(beta = normal(0, 2), sd = half_normal(1), sigma = half_normal(1))
data <- bass_centered()
fit_proper <- function(formula) {
  relm(formula, data, prior = proper, chains = 2, draws = 1000, seed = 1)
}
fit1 <- fit_proper(log(mercury) ~ x)
fit2 <- fit_proper(log(mercury) ~ x + (1 | station))
fit3 <- fit_proper(log(mercury) ~ x + (1 + x || station))

test_that("a log marginal likelihood prints its error and is otherwise a number", {
  value <- logml(fit2)
  expect_output(print(value), "quadrature over 2 dimensions, error")
  expect_identical(value - 1, as.numeric(value) - 1)
  expect_true(value > -1e3)
  expect_identical(-value, -as.numeric(value))
  expect_identical(logml(-3.5), -3.5)
  expect_error(logml(fit2, method = "laplace"), "quadrature", class = "relm_error")
})

test_that("Bayes factors and posterior probabilities follow from it", {
  log_bf <- as.numeric(logml(fit2)) - as.numeric(logml(fit1))
  expect_equal(bayes_factor(fit2, fit1, log = TRUE)$bf, log_bf)
  expect_equal(bayes_factor(fit2, fit1)$bf, exp(log_bf))
  expect_equal(bayes_factor(fit2, logml(fit1))$bf, exp(log_bf))
  expect_equal(bayes_factor(logml(fit2), fit1)$bf, exp(log_bf))
  expect_output(print(bayes_factor(fit2, fit1)), "Bayes factor of fit2 over fit1")
  values <- c(logml(fit1), logml(fit2), logml(fit3))
  expect_equal(post_prob(fit1, fit2, fit3),
               setNames(exp(values - max(values)) / sum(exp(values - max(values))),
                        c("fit1", "fit2", "fit3")))
  expect_equal(post_prob(fit1, fit2, prior_prob = c(1, 0), model_names = c("a", "b")),
               c(a = 1, b = 0))
})

test_that("improper priors are refused by name", {
  flat_fit <- relm(log(mercury) ~ x + (1 | station), data, chains = 1, draws = 20, seed = 1)
  expect_error(logml(flat_fit), "b_x: flat.*sd_station__Intercept: uniform.*sigma: jeffreys",
               class = "relm_error")
  expect_error(bayes_factor(flat_fit, fit2), "proper", class = "relm_error")
  skip_if_not_installed("bridgesampling")
  expect_error(bridge_sampler(flat_fit), "proper", class = "relm_error")
})

test_that("models of different data are not compared", {
  other <- relm(log(mercury) ~ x, data[-1, ], prior = proper, chains = 1, draws = 20, seed = 1)
  raw <- relm(mercury ~ x, data, prior = proper, chains = 1, draws = 20, seed = 1)
  turned <- relm(log(mercury) ~ x, data[171:1, ], prior = proper, chains = 1, draws = 20, seed = 1)
  expect_error(bayes_factor(fit2, other), "171.*170", class = "relm_error")
  expect_error(bayes_factor(fit2, raw), "mercury", class = "relm_error")
  expect_error(post_prob(fit2, raw), "mercury", class = "relm_error")
  expect_error(bayes_factor(fit2, turned), "same order", class = "relm_error")
  expect_error(post_prob(fit2, fit1, prior_prob = c(0.5, 0.6)), "prior_prob", class = "relm_error")
  expect_error(bayes_factor(fit2, "a"), class = "error")
})

test_that("what does not tell apart rows or cross-products changes nothing", {
  weighted <- transform(data, w = runif(171, 0.5, 2))
  fit <- relm(log(mercury) ~ x + (1 | station), weighted, prior = proper, weights = w, seed = 1)
  model <- function(rows) {
    crossprods(log(mercury) ~ x + (1 | station), weighted[rows, ], weights = w)
  }
  parts <- relm(model(1:80) + model(81:171), prior = proper, seed = 1)
  expect_equal(as.numeric(logml(parts)), as.numeric(logml(fit)), tolerance = 1e-8)
})

test_that("bridgesampling agrees, with its own functions on its own object", {
  skip_on_cran()
  skip_if_not_installed("bridgesampling")
  full <- relm(log(mercury) ~ x + (1 + x | station), data, chains = 2, draws = 1000, seed = 1,
               prior = relm_prior(beta = normal(0, 2), cov = huang_wand(2, 1), sigma = uniform(3)))
  for (fit in list(fit1, fit2, fit3, full)) {
    theirs <- bridge_sampler(fit, silent = TRUE)
    error <- sqrt(bridgesampling::error_measures(theirs)$re2)
    ours <- logml(fit, seed = 1)
    expect_lt(abs(theirs$logml - ours) / sqrt(error^2 + attr(ours, "error")^2), 4)
  }
  expect_s3_class(theirs, "bridge")
  expect_identical(logml(theirs), theirs$logml)
  expect_equal(bridgesampling::logml(fit2), logml(fit2))
  expect_equal(bridgesampling::bayes_factor(fit2, fit1)$bf, bayes_factor(fit2, fit1)$bf)
  other <- bridge_sampler(fit1, silent = TRUE)
  expect_equal(log(plain(bridgesampling::bf(theirs, other)$bf)),
               plain(theirs$logml) - plain(other$logml))
  expect_equal(unname(bridgesampling::post_prob(fit1, fit2)), unname(post_prob(fit1, fit2)))
  expect_equal(bayes_factor(theirs, fit2, log = TRUE)$bf, theirs$logml - logml(fit2))
})

test_that("a Bayes factor of models that are no names has short ones", {
  prior <- relm_prior(beta = normal(0, 5), sigma = half_normal(1))
  fits <- lapply(c(log(mercury) ~ x, log(mercury) ~ 1), relm, bass_centered(), prior = prior,
                 chains = 1, draws = 10, seed = 1)
  expect_match(capture.output(print(do.call(bayes_factor, fits))), "of model1 over model2: ")
  expect_match(capture.output(print(bayes_factor(fits[[1]], fits[[2]]))),
               "of fits[[1]] over fits[[2]]: ", fixed = TRUE)
})

test_that("quadrature and bridge sampling agree on nested groupings", {
  fit <- nested_fit(formula = y ~ x + (1 | a/b), prior = proper, draws = 2000)
  exact <- logml(fit)
  expect_identical(attr(exact, "method"), "quadrature")
  expect_lt(attr(exact, "error"), 1e-5)
  bridge <- logml(fit, method = "bridge", seed = 1)
  expect_lt(abs(bridge - exact), 4 * attr(bridge, "error"))
  expect_lt(attr(bridge, "error"), 0.05)
  # Slopes of pairs are two dimensions more.
  larger <- nested_fit(prior = proper, draws = 2000)
  expect_identical(attr(logml(larger, seed = 1), "dimensions"), 5L)
  expect_gt(as.numeric(logml(larger, seed = 1)), as.numeric(exact))
})

test_that("post_prob() has a name for each model, and bridge_sampler() two methods", {
  fit <- suppressMessages(relm(y ~ x + (1 | g), grouped_data(), chains = 2, draws = 50, seed = 1,
                               prior = relm_prior(beta = normal(0, 5), sd = half_t(3, 1),
                                                  sigma = half_t(3, 1))))
  for (wrong in list("a", c("a", NA), 1:2, list("a", "b"))) {
    expect_error(post_prob(fit, fit, model_names = wrong), "`model_names` must have 2 names",
                 class = "relm_error")
  }
  expect_named(post_prob(fit, fit, model_names = c("a", "b")), c("a", "b"))
  skip_if_not_installed("bridgesampling")
  expect_error(bridge_sampler(fit, method = "fitted"), "`method` must be", class = "relm_error")
})

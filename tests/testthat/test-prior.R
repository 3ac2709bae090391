test_that("a conjugate prior is its density on the scale of the variance", {
  variance <- c(0.2, 0.7, 1.9, 4)
  log_kernel <- function(prior) {
    scale <- encode_scale(prior)
    -(scale[["shape"]] + 1) * log(variance) - scale[["rate"]] / variance
  }
  sd <- sqrt(variance)
  # A density on the sd, or on the precision, times the Jacobian.
  expected <- list(
    list(jeffreys(), -2 * log(sd)),
    list(uniform(), dunif(sd, 0, 9, log = TRUE) - log(2 * sd)),
    list(inverse_gamma(2.5, 0.4), dgamma(1 / variance, 2.5, 0.4, log = TRUE) - 2 * log(variance))
  )
  for (case in expected) {
    expect_equal(diff(log_kernel(case[[1]])), diff(case[[2]]), label = format(case[[1]]))
  }
})

test_that("a bounded uniform prior bounds every draw", {
  fit <- relm(log(mercury) ~ length + (1 | station), bass, seed = 1, chains = 2, draws = 200,
              prior = relm_prior(sd = uniform(0.35), sigma = uniform(0.4)))
  draws <- as.matrix(fit, c("sd_station__Intercept", "sigma"))
  expect_lt(max(draws[, 1]), 0.35)
  expect_lt(max(draws[, 2]), 0.4)
})

test_that("a prior narrower than any likelihood is the posterior, on the column it names", {
  prior <- relm_prior(beta = list(length = normal(3, 1e-6)),
                      sd = list(`(Intercept)` = inverse_gamma(1e8, 4e8)),
                      sigma = inverse_gamma(1e8, 9e8))
  fit <- relm(log(mercury) ~ length + (1 | station), bass, prior = prior, seed = 1, chains = 1,
              draws = 50)
  draws <- as.matrix(fit, c("b_length", "sd_station__Intercept", "sigma"))
  expect_equal(colMeans(draws), c(b_length = 3, sd_station__Intercept = 2, sigma = 3),
               tolerance = 1e-4)
})

test_that("an inverse-Wishart prior narrower than any likelihood is the posterior", {
  Sigma <- matrix(c(1, -0.6, -0.6, 4), 2)
  prior <- relm_prior(cov = inverse_wishart(1e8, 1e8 * Sigma))
  fit <- relm(log(mercury) ~ x + (1 + x | station), bass_centered(), prior = prior, seed = 1,
              chains = 1, draws = 50)
  draws <- colMeans(as.matrix(fit, "^(sd|cor)_", regex = TRUE))
  expect_equal(unname(draws), c(1, 2, -0.3), tolerance = 1e-3)
})

test_that("priors are named as in the model matrix or as in the draws; others stay default", {
  table <- function(...) {
    names <- posterior_of(log(mercury) ~ I(length^2) + (1 + length || station), bass,
                          relm_prior(...))
    prior_table(names)
  }
  spelled <- table(beta = list(IlengthE2 = normal(1, 2)), sd = list(length = uniform(3)))
  expect_identical(spelled, table(beta = list(`I(length^2)` = normal(1, 2)),
                                  sd = list(length = uniform(3))))
  expect_identical(spelled$parameter, c("b_Intercept", "b_IlengthE2", "sd_station__Intercept",
                                        "sd_station__length", "sigma"))
  expect_identical(spelled$prior, c("flat()", "normal(1, 2)", "uniform()", "uniform(3)",
                                    "jeffreys()"))
})

test_that("priors of columns that the model has not are refused, with those it has", {
  expect_error(posterior_of(log(mercury) ~ length, bass, relm_prior(beta = list(lenght = flat()))),
               "lenght.*Intercept.*length", class = "relm_error")
})

test_that("parameters out of range are refused by name", {
  refused <- function(code, argument) {
    expect_error(code, paste0("`", argument, "`"), class = "relm_error")
  }
  refused(normal(NA, 1), "mean")
  refused(normal(0, 0), "sd")
  refused(normal(0, Inf), "sd")
  refused(uniform(-1), "upper")
  refused(inverse_gamma(0, 1), "shape")
  refused(inverse_gamma(1, "2"), "rate")
  refused(lkj(c(1, 2)), "eta")
  refused(inverse_wishart(0, 1), "df")
  refused(inverse_wishart(3, matrix(c(1, 2, 2, 1), 2)), "scale")
  refused(inverse_wishart(3, matrix(c(1, 0, 1, 1), 2)), "scale")
})

test_that("a prior in the wrong place is refused", {
  expect_error(relm_prior(beta = uniform()), "beta.*flat.*normal", class = "relm_error")
  expect_error(relm_prior(sd = normal(0, 1)), "normal\\(0, 1\\)", class = "relm_error")
  expect_error(relm_prior(sigma = 3), "It is 3", class = "relm_error")
  expect_error(relm_prior(beta = list(normal(0, 1))), "names", class = "relm_error")
})

test_that("priors print as the calls that make them", {
  expect_output(print(inverse_gamma(1, 0.25)), "^inverse_gamma\\(1, 0.25\\)$")
  expect_identical(format(uniform()), "uniform()")
  expect_identical(format(inverse_wishart(3, 2)), "inverse_wishart(3, 2)")
  expect_identical(format(half_t(3, 0.5)), "half_t(3, 0.5)")
  expect_identical(format(half_cauchy(1)), "half_cauchy(1)")
  expect_identical(format(exponential(2)), "exponential(2)")
  expect_identical(format(pooled()), "pooled()")
  expect_identical(format(huang_wand(2, c(0.5, 1))), "huang_wand(2, c(0.5, 1))")
  expect_identical(capture.output(relm_prior(beta = list(x = normal(0, 10)))), c(
    "beta.x  normal(0, 10)", "sd      uniform()", "cor     lkj(1)", "sigma   jeffreys()"))
})

test_that("numbers that are no parameters of a scale are refused", {
  for (call in list(quote(half_t(0, 1)), quote(half_t(3, -1)), quote(half_cauchy(0)),
                    quote(half_normal(c(1, 2))), quote(exponential(NA)), quote(huang_wand(2, 0)),
                    quote(huang_wand(-1, 1)), quote(huang_wand(2, "1")))) {
    expect_error(eval(call), "must be one", class = "relm_error", label = deparse1(call))
  }
})

test_that("a matrix's priors are told by column", {
  posterior <- posterior_of(y ~ x + (1 + x | g), grouped_data(),
                            relm_prior(sd = list(x = half_normal(2)), sigma = exponential(1)))
  table <- prior_table(posterior)
  expect_identical(table$prior[3:6], c("uniform()", "half_normal(2)", "lkj(1)", "exponential(1)"))
  cov <- posterior_of(y ~ x + (1 + x | g), grouped_data(), relm_prior(cov = huang_wand(2, 1)))
  expect_identical(prior_table(cov)[3, ],
                   data.frame(parameter = "cov_g(Intercept,x)", prior = "huang_wand(2, 1)",
                              row.names = 3L))
})

test_that("a parameter that is missing, and arguments that no prior has, are refused by name", {
  refused <- function(code, says) expect_error(code, says, class = "relm_error")
  refused(half_cauchy(), "`scale` must be one finite number above 0.*missing")
  refused(inverse_gamma(2), "`rate`.*missing")
  refused(half_t(3), "`scale`.*missing")
  refused(exponential(), "`rate`.*missing")
  refused(inverse_wishart(3), "`scale`.*missing")
  refused(huang_wand(), "`scale`.*missing")
  refused(uniform(uper = 3), "no argument `uper`.*mean `upper`")
  refused(half_normal(sd = 3), "no argument `sd`.*`scale`")
  refused(normal(mu = 3), "no argument `mu`.*`mean`, `sd`, and `autoscale`")
  refused(jeffreys(1), "takes no arguments")
  refused(lkj(1, 2), "without a name")
  refused(relm_prior(betas = normal(0, 1)), "no argument `betas`.*mean `beta`")
  refused(relm_prior(betas = ), "no argument `betas`.*mean `beta`")
})

test_that("what was changed by hand is checked where it is used", {
  model <- crossprods(log(mercury) ~ length + (1 | station), bass)
  use <- function(change) {
    prior <- relm_prior(sd = list(Intercept = half_t(3, 1)))
    body <- substitute(change)
    eval(body)
    relm_posterior(model, prior)
  }
  refused <- function(code, says) expect_error(code, says, class = "relm_error")
  refused(use(prior$sd <- 5), "prior of `sd` must be .*It is 5")
  refused(use(prior$sd$Intercept <- 5), "prior of `sd` must be .*It is 5")
  refused(use(prior$beta <- uniform(1)), "prior of `beta` must be .*uniform\\(1\\)")
  refused(use(prior$sigma <- NULL), "prior of `sigma` must be .*It is NULL")
  refused(use(prior$sds <- half_t(3, 1)), "no argument `sds`.*mean `sd`")
  refused(use(prior$sd$Intercept$parameters$df <- -1), "`df` must be .*It is -1")
  refused(use(prior$sd$Intercept$parameters$scale <- NULL), "`scale` must be .*missing")
  refused(use(prior$sd$Intercept$parameters$upper <- 2), "no argument `upper`")
  refused(use(prior$sd$Intercept$name <- "half_normal"), "no argument `df`")
  refused(use(prior$sd$Intercept$name <- NULL), "prior of `sd` must be")
  refused(use(prior$sigma$parameters$upper <- 2), "takes no arguments")
  refused(use({prior$sigma <- uniform(1); prior$sigma$parameters <- list()}), "`upper`.*changed")
  changed <- use(prior$sd$Intercept$parameters$scale <- 2)
  expect_identical(changed$groupings, relm_posterior(model, relm_prior(sd = half_t(3, 2)))$groupings)
})

test_that("no arguments and the default ones are the same prior, and an edited one is checked", {
  expect_identical(relm_prior(), relm_prior(beta = flat(), sd = uniform(), cor = lkj(1),
                                            sigma = jeffreys(), cov = NULL))
  expect_identical(relm_prior(), relm_prior(sd = uniform()))
  edited <- relm_prior()
  edited$sd$parameters$upper <- -1
  expect_error(relm(y ~ x + (1 | g), grouped_data(), prior = edited), class = "relm_error")
  expect_identical(relm_prior()$sd$parameters$upper, Inf)
})

test_that("the shape has a gamma prior, or one of what it is the inverse square of", {
  prior <- relm_prior(shape = gamma(2, 0.5))
  expect_identical(format(prior$shape), "gamma(2, 0.5)")
  expect_identical(relm_prior()$shape, NULL)
  expect_identical(format(shape_prior(relm_prior())), "gamma(0.01, 0.01)")
  expect_identical(spread_prior(prior$shape), inverse_gamma(2, 0.5))
  expect_identical(spread_prior(half_t(3, 1)), half_t(3, 1))
  # R's function of one number is still there.
  expect_identical(relm_prior(shape = gamma(gamma(3), 1)), relm_prior(shape = gamma(2, 1)))
  expect_error(relm_prior(shape = gamma(-1, 1)), "`shape` must be one finite number above 0",
               class = "relm_error")
  expect_error(relm_prior(shape = uniform()), "The prior of `shape` must be `gamma", class = "relm_error")
  expect_error(relm_prior(sd = gamma(1, 1)), "The prior of `sd`", class = "relm_error")
})

test_that("a normal prior may go by the standard deviation of the column", {
  prior <- normal(0, 2.5, autoscale = TRUE)
  expect_identical(format(prior), "normal(0, 2.5, autoscale = TRUE)")
  expect_identical(normal(0, 2.5, autoscale = FALSE), normal(0, 2.5))
  expect_true(prior$autoscale)
  expect_identical(relm_prior(beta = prior)$beta, prior)
  expect_error(normal(0, 1, autoscale = 2), "`autoscale` must be TRUE or FALSE", class = "relm_error")
})

test_that("what is no prior of a model is told how one is made", {
  for (prior in list(normal(0, 10), list(beta = normal(0, 10)), "normal(0, 10)")) {
    expect_error(relm(log(mercury) ~ 1, bass, prior = prior), "relm_prior\\(beta = normal",
                 class = "relm_error")
  }
})

# Fits of other families from formula to draws, against answers of no sampler.

skip_on_cran()

data <- family_data()

short <- function(formula, family, data, ..., draws = 1000) {
  relm(formula, data, family = family, ..., chains = 2, draws = draws, seed = 1)
}

# Quantiles of draws against those of densities on grids, by their ranks: within 4.5 standard errors.
expect_margins <- function(fit, margins, by = c(0.1, 0.25, 0.5, 0.75, 0.9)) {
  for (name in names(margins)) {
    at <- quantiles_of_margin(margins[[name]], by)
    draws <- as.matrix(fit)[, name]
    error <- colMeans(outer(draws, at, "<=")) - by
    ess <- posterior::ess_basic(draws)
    expect_lt(max(abs(error) / sqrt(by * (1 - by) / ess)), 4.5, label = name)
  }
}

test_that("an intercept and its groups' standard deviation have the density of quadrature", {
  prior <- relm_prior(beta = normal(0, 2), sd = half_t(3, 1))
  for (case in family_cases()[c("trials", "cloglog", "poisson")]) {
    formula <- formula_of_case(case, ~ 1 + (1 | g))
    fit <- short(formula, case$family, data, prior = prior, draws = 3000)
    expect_margins(fit, density_of_intercept_and_sd(fit$posterior))
  }
})

test_that("a bound of a standard deviation that lies below where a search starts is no obstacle", {
  # Middles of cells of its logarithm, which end at the bound.
  sds <- 0.3 * exp(-0.1 * (60:0 + 0.5))
  prior <- relm_prior(beta = normal(0, 2), sd = uniform(0.3))
  for (case in family_cases()[c("trials", "poisson")]) {
    formula <- formula_of_case(case, ~ 1 + (1 | g))
    fit <- short(formula, case$family, data, prior = prior, draws = 3000)
    start <- family_start(model_of(fit$posterior))
    expect_gt(start$scale[[1]], 0.3)
    expect_margins(fit, density_of_intercept_and_sd(fit$posterior, sds, function(sd) 0, seq(-2, 3, by = 0.05)))
    expect_lt(max(as.matrix(fit, "sd_g__Intercept")), 0.3)
  }
  # Several columns, and several groupings.
  one_by_one <- transform(data, h = rep_len(LETTERS[1:4], nrow(data)))
  for (terms in list(~ x + (1 + x | g), ~ x + (1 | h) + (1 | g))) {
    formula <- formula_of_case(family_cases()$poisson, terms)
    fit <- short(formula, poisson(), one_by_one, prior = prior, draws = 100)
    sd <- as.matrix(fit, grep("^sd", dimnames(fit$sampling$hyper)[[3]], value = TRUE))
    expect_lt(max(sd), 0.3)
    expect_gt(min(apply(sd, 2, max)), 0.2)
  }
})

test_that("a search beside walls knows no other prior, and without them is the same", {
  prior <- relm_prior(beta = normal(0, 2), sd = list(Intercept = uniform(0.4), x = half_t(3, 1)))
  formula <- formula_of_case(family_cases()$poisson, ~ x + (1 + x || g))
  model <- model_of(relm_posterior(crossprods(formula, data, family = poisson()), prior))
  soft <- without_walls(model)
  before <- lapply(model$groupings[[1]]$blocks, function(block) block$variance[, 1])
  after <- lapply(soft$groupings[[1]]$blocks, function(block) block$variance[, 1])
  expect_identical(after[[2]], before[[2]])
  expect_identical(after[[1]][["upper"]], Inf)
  expect_identical(after[[1]][["scale"]], 0.4)
  expect_identical(without_walls(soft), soft)
})

test_that("a shape has the density of quadrature", {
  counts <- with_seed_of(3, data.frame(y = rnbinom(40, size = 2, mu = 5)))
  # Counts say little against a Poisson distribution: shapes of 100 are in the tail, not beyond it.
  shapes <- exp(seq(log(0.1), log(1e4), length.out = 401))
  fit <- short(y ~ 1, negative_binomial(), counts, prior = relm_prior(shape = gamma(0.01, 0.01)),
               draws = 3000)
  expect_margins(fit, density_of_intercept_and_shape(counts$y, shapes, function(intercept, shape) {
    dgamma(shape, 0.01, 0.01, log = TRUE)
  }))
})

test_that("a chain in two pieces is the chain in one and a saved fit goes on", {
  for (case in family_cases()[c("logit", "dispersed")]) {
    formula <- formula_of_case(case, ~ x + (1 + x | g))
    prior <- relm_prior(sd = half_normal(1), beta = normal(0, 2))
    whole <- short(formula, case$family, data, prior = prior, draws = 60)
    half <- short(formula, case$family, data, prior = prior, draws = 25)
    file <- tempfile(fileext = ".rds")
    saveRDS(half, file)
    continued <- extend(readRDS(file), draws = 35)
    expect_identical(as.matrix(continued), as.matrix(whole))
    expect_identical(continued$sampling$effects, whole$sampling$effects)
    without <- short(formula, case$family, data, prior = prior, draws = 60, group_draws = FALSE)
    expect_identical(effect_draws(without, 1:6), effect_draws(whole, 1:6))
  }
})

test_that("moments that stand for effects are those of the draws", {
  case <- family_cases()$logit
  prior <- relm_prior(sd = half_normal(1), beta = normal(0, 2))
  fit <- short(formula_of_case(case, ~ x + (1 + x | g)), case$family, data, prior = prior, draws = 2000)
  model <- model_of_draws(fit$posterior, fit$sampling)
  hyper <- lapply(1:2, function(chain) drawn_hyper(fit$sampling, fit$posterior, chain))
  moments <- family_moments(model, hyper)
  effects <- array(unlist(fit$sampling$effects), c(2, 6, 4000))
  for (j in 1:6) {
    for (k in 1:2) {
      own <- effects[k, j, ]
      # Four hundred nearly independent draws.
      expect_lt(abs(moments$mean[k, j] - mean(own)), 4.5 * sd(own) / 20)
      expect_lt(abs(sqrt(moments$covariance[k, k, j]) / sd(own) - 1), 4.5 / sqrt(2 * 400) * 1.3)
    }
  }
})

test_that("proposals serve where a standard deviation is near zero, and with few ones", {
  set.seed(4)
  flat <- data.frame(g = rep(1:30, each = 20), x = rnorm(600))
  flat$y <- rbinom(600, 1, plogis(0.5 * flat$x))
  fit <- short(y ~ x + (1 | g), binomial(), flat, draws = 1000)
  expect_gt(min(posterior::ess_bulk(fit$sampling$hyper[, , "sd_g__Intercept"])), 0.1 * 2000)
  flat$y <- rbinom(600, 1, plogis(-4 + rnorm(30)[flat$g]))
  fit <- short(y ~ x + (1 | g), binomial(), flat, draws = 1000)
  expect_gt(min(posterior::ess_bulk(fit$sampling$hyper[, , "sd_g__Intercept"])), 0.1 * 2000)
})

test_that("another sampler is refused by name", {
  expect_error(short(y ~ x + (1 | g), binomial("probit"), data, sampler = "centered"),
               "centered sampler draws Polya-Gamma weights", class = "relm_error")
})

test_that("the mode is where no step leads further up, with curved ridges and far starts too", {
  set.seed(6)
  few <- data.frame(g = rep(1:200, each = 10), x = rnorm(2000))
  few$y <- rbinom(2000, 1, plogis(-4.5 + 0.5 * few$x + rnorm(200)[few$g]))
  model <- model_of(relm_posterior(crossprods(y ~ x + (1 | g), few, family = binomial()), relm_prior()))
  start <- family_start(model)
  tuning <- replace(family_tuning_of(model), "scale", list(as.numeric(unlist(start$scale))))
  found <- family_mode(model, tuning, start)
  at <- function(point) -log_target(found$model, tuning, point, 1)
  searched <- optim(found$mode, at, control = list(parscale = 1 / sqrt(diag(found$hessian)),
                                                   reltol = 1e-12, maxit = 2000))
  expect_lt(at(found$mode) - searched$value, 2e-3)
  # The curvature is that of a point up to two standard deviations away, which is enough for proposals.
  hessian <- optimHess(found$mode, at, control = list(parscale = 1 / sqrt(diag(found$hessian)),
                                                      ndeps = rep(0.1, 3)))
  spread <- function(hessian) sqrt(diag(solve(hessian)))
  expect_lt(max(abs(spread(found$hessian) / spread(hessian) - 1)), 0.1)
})

test_that("the coarsest lattice that changes nothing is chosen", {
  set.seed(6)
  ones <- data.frame(g = rep(1:800, each = 3))
  ones$y <- rbinom(2400, 1, plogis(-2 + 2 * rnorm(800)[ones$g]))
  model <- model_of(relm_posterior(crossprods(y ~ 1 + (1 | g), ones, family = binomial()), relm_prior()))
  tuned <- tune_family(model, list(threads = 1L))
  tuning <- tuning_of_model(tuned)
  points <- with_stream(4L, propose(tuned, replace(tuning, "df", mode_df), 100L))$points
  at <- function(fineness) log_target(tuned, replace(tuning, "fineness", fineness), points, 1)
  expect_lt(sd(at(tuning$fineness) - at(0.4)), most_lattice_error)
  expect_true(tuning$fineness %in% c(lattice_finenesses, 0.6))
})

test_that("a covariance at a mode has coefficients as wide as the target has them", {
  start <- list(point = numeric(4), width = c(0.1, 0.1, 0.3, 0.3), is_theta = 3:4)
  # Coefficients a thousand times as wide as rows alone say, each with the other and a scale.
  covariance <- crossprod(matrix(c(0.3, 0.1, 200, 50, 0, 0.4, 30, -20, 0, 0, 1000, 700, 0, 0, 0, 300), 4,
                                 byrow = TRUE))
  expect_equal(covariance_at_mode(solve(covariance), start), covariance, tolerance = 1e-6)
  # Where a scale's curvature says nothing it is 1.5, with what coefficients follow of it.
  flat <- diag(c(-2, 1, 1, 1))
  flat[3, 1] <- flat[1, 3] <- 0.5
  expect_equal(covariance_at_mode(flat, start)[c(1, 3), c(1, 3)],
               2.25 * tcrossprod(c(1, -0.5)) + diag(c(0, 1)))
  # Coefficients whose differences are lost in rounding are spread as rows say.
  expect_equal(covariance_at_mode(diag(c(1, 1, 4, -1e-9)), start)[3:4, 3:4], diag(c(0.25, 1 / 1e-3)))
  start <- list(point = 0, width = 0.3, is_theta = integer())
  expect_equal(covariance_at_mode(matrix(4), start), matrix(0.25))
})

test_that("an intercept of groups that counts tell exactly has the density of a normal model", {
  set.seed(2)
  totals <- data.frame(g = 1:30)
  totals$y <- rpois(30, exp(18 + 0.5 * rnorm(30)))
  fit <- short(y ~ 1 + (1 | g), poisson(), totals, prior = relm_prior(beta = normal(0, 50), sd = half_normal(2)),
               draws = 2000)
  # log y is normal about the intercept, but for 1e-4.
  intercepts <- mean(log(totals$y)) + seq(-0.6, 0.6, length.out = 201)
  sds <- exp(seq(log(0.2), log(2), length.out = 201))
  log_density <- outer(intercepts, sds, Vectorize(function(intercept, sd) {
    sum(dnorm(log(totals$y), intercept, sd, log = TRUE)) + dnorm(intercept, 0, 50, TRUE) -
      sd^2 / 8 + log(sd)
  }))
  expect_margins(fit, margins(log_density, b_Intercept = intercepts, sd_g__Intercept = sds))
  expect_gt(min(posterior::ess_bulk(fit$sampling$hyper[, , "b_Intercept"])), 0.5 * 4000)
})

test_that("coefficients within and between groups of many rows are drawn nearly independently", {
  set.seed(5)
  large <- data.frame(g = rep(1:40, each = 1000), x = c(-1, 0, 1, 0))
  large$y <- rbinom(40000, 1, plogis(0.5 * large$x + rnorm(40)[large$g]))
  fit <- short(y ~ x + (1 | g), binomial(), large, prior = relm_prior(beta = normal(0, 5), sd = half_normal(2)))
  ess <- apply(fit$sampling$hyper, 3, posterior::ess_bulk)
  expect_gt(min(ess), 0.5 * 2000)
})

test_that("where rows say nothing the posterior is the prior", {
  sure <- data.frame(g = rep(1:8, each = 5), y = rep(0:1, 20))
  fit <- short(y ~ 1 + (1 | g), binomial(), sure, offset = ifelse(y == 1, 40, -40),
               prior = relm_prior(beta = normal(0, 2), sd = half_normal(1)))
  intercepts <- seq(-8, 8, length.out = 401)
  sds <- seq(0, 5, length.out = 401)
  expect_margins(fit, list(b_Intercept = list(grid = intercepts, density = dnorm(intercepts, 0, 2)),
                           sd_g__Intercept = list(grid = sds, density = dnorm(sds))))
})

test_that("offsets and priors beyond all numbers are refused, not stumbled over", {
  data <- data.frame(k = c(0, 1, 3, 2), b = c(0, 1, 1, 0), x = 1:4, g = c(1, 1, 2, 2))
  prior <- relm_prior(beta = normal(0, 1), sd = half_t(3, 1))
  for (family in c("poisson", "negative_binomial")) {
    expect_error(suppressMessages(relm(k ~ x + offset(1e10 * x), data, family = family,
                                       prior = prior)), "no mode", class = "relm_error")
  }
  expect_error(suppressMessages(relm(b ~ x, data, family = "binomial", chains = 1, draws = 5,
                                     prior = relm_prior(beta = normal(1e10, 1e-10)))),
               "narrower than the digits", class = "relm_error")
  expect_error(suppressMessages(relm(b ~ x, data, family = "binomial", chains = 1, draws = 5,
                                     prior = relm_prior(beta = normal(1e10, 1e-3)))),
               "no mode", class = "relm_error")
})

# Fits whose draws are of the prior, against distribution functions in closed form: by the largest
# difference, which is above 1.95 / sqrt(n) once in a thousand times.

skip_on_cran()

expect_distributed <- function(draws, p, ...) {
  expect_lt(max(abs(stats::ecdf(draws)(draws) - p(draws, ...))), 1.95 / sqrt(length(draws)))
}
half_normal_p <- function(q, scale = 1) 2 * pnorm(q / scale) - 1
# A normal variable whose variance is IG(3, 2) is t with 6 degrees of freedom.
mixed_t <- function(q) pt(q / sqrt(2 / 3), 6)
proper <- relm_prior(beta = list("(Intercept)" = normal(1, 1e-9), x = normal(2, 3)),
                     sd = inverse_gamma(3, 2), cor = lkj(2), sigma = inverse_gamma(3, 2))
formulas <- list(one = y ~ x + (1 + x | a), nested = y ~ x + (1 | a) + (1 + x | a:b),
                 crossed = y ~ x + (1 | a) + (1 + x | c))
data <- several_data(60)
prior_fit <- function(formula, ..., rows = data, prior = proper, seed = 3) {
  relm(formula, rows, prior = prior, prior_only = TRUE, seed = seed, ...)
}

# Effects of a grouping over their standard deviations, made independent: all are normal.
whitened <- function(fit, g) {
  effects <- effects_of_grouping(fit, g)[1:1000, , , drop = FALSE]
  hyper <- t(drawn_hyper_all(fit))[1:1000, ]
  Sigma <- apply(hyper, 1, function(draw) state_of(draw, fit$posterior)$Sigma[[g]], simplify = FALSE)
  unlist(lapply(1:2, function(group) t(vapply(seq_along(Sigma), function(draw) {
    forwardsolve(t(chol(Sigma[[draw]])), effects[draw, , group])
  }, numeric(ncol(effects))))))
}

expect_prior <- function(kind) {
  fit <- prior_fit(formulas[[kind]], group_draws = TRUE)
  draws <- as.matrix(fit)
  expect_distributed(draws[, "b_x"], pnorm, 2, 3)
  expect_distributed(draws[, "sigma"]^-2, pgamma, 3, 2)
  names <- colnames(draws)
  for (sd in grep("^sd_", names, value = TRUE)) expect_distributed(draws[, sd]^-2, pgamma, 3, 2)
  for (cor in grep("^cor_", names, value = TRUE)) expect_distributed((draws[, cor] + 1) / 2, pbeta, 2, 2)
  for (effect in grep("^r_", names, value = TRUE)[1:3]) expect_distributed(draws[, effect], mixed_t)
  for (g in seq_along(fit$posterior$groupings)) expect_distributed(whitened(fit, g), pnorm)
  independent <- cor(apply(draws[, grep("^(b_x|sd_|sigma|r_.*1)", names)], 2, rank))
  expect_lt(max(abs(independent[upper.tri(independent)])), 4.5 / sqrt(nrow(draws)))
  expect_lt(max(summary(fit)$rhat), 1.01)
  # Effects that were not kept are the same, asked for in any order.
  later <- update(fit, group_draws = FALSE)
  own <- rev(grep("^r_", names, value = TRUE))[c(3, 1, 7)]
  expect_identical(as.matrix(later, own), as.matrix(fit, own))
  # Values of the response do not matter, nor does what is said of chains.
  other <- prior_fit(formulas[[kind]], rows = transform(data, y = rev(x)), group_draws = TRUE, cores = 2,
                     warmup = 3, thin = 2, sampler = "centered")
  expect_identical(as.matrix(other), draws)
  expect_identical(as.matrix(relm(crossprods(formulas[[kind]], data), proper, prior_only = TRUE, seed = 3,
                                  group_draws = TRUE)), draws)
  predicted <- posterior_predict(fit, seed = 1)
  expect_identical(dim(predicted), c(4000L, 60L))
  # The response is the linear predictor and a residual.
  expect_distributed(as.numeric((predicted - posterior_linpred(fit))[, 1:2]), mixed_t)
}

test_that("one grouping is drawn from its prior", {
  expect_prior("one")
})

test_that("nested groupings are drawn from their priors", {
  expect_prior("nested")
})

test_that("crossed groupings are drawn from their priors", {
  expect_prior("crossed")
})

test_that("a model without groups, strata and a prior by the scale of a column are drawn", {
  prior <- relm_prior(beta = normal(0, 3, autoscale = TRUE), sigma = half_normal(2))
  draws <- as.matrix(prior_fit(y ~ x, sigma = ~ c, prior = prior))
  expect_distributed(draws[, "b_x"], pnorm, 0, 3 / sd(data$x))
  for (level in c("p", "t")) expect_distributed(draws[, sprintf("sigma_c[%s]", level)], half_normal_p, 2)
  names <- variables(prior_fit(y ~ x, sigma = ~ c, prior = prior))
  expect_identical(names, variables(relm(y ~ x, data, sigma = ~ c, prior = prior, draws = 2)))
})

test_that("priors of whole covariance matrices are drawn", {
  whole <- function(cov) {
    as.matrix(prior_fit(y ~ x + (1 + x | a), prior = relm_prior(beta = normal(0, 1), cov = cov,
                                                                sigma = exponential(1))))
  }
  # Under Huang and Wand's prior with df = 2 correlations are uniform, standard deviations half-t.
  wide <- whole(huang_wand(2, 3))
  expect_distributed(wide[, "cor_a__Intercept__x"], punif, -1, 1)
  expect_distributed(wide[, "sd_a__x"], function(q) 2 * pt(q / 3, 2) - 1)
  # A variance under IW(df, S) of two columns is IG((df - 1) / 2, S_kk / 2).
  expect_distributed(whole(inverse_wishart(5, 2))[, "sd_a__x"]^-2, pgamma, 2, 1)
})

counts <- transform(data, n = rpois(60, 2))
family_prior <- function(...) {
  relm_prior(beta = normal(0.5, 0.3), sd = list(a = uniform(0.5), c = uniform(0.2)), ...)
}

test_that("parameters and responses of other families are drawn from their priors", {
  one <- function(family, prior = family_prior(), formula = n ~ 1 + (1 | a)) {
    prior$sd <- prior$sd["a"]
    prior_fit(formula, family = family, rows = counts, prior = prior)
  }
  # E exp(eta) = exp(m + s^2/2) E exp(tau^2/2), tau uniform: of independent draws' means.
  expected <- exp(0.5 + 0.3^2 / 2) * integrate(function(t) exp(t^2 / 2), 0, 0.5)$value / 0.5
  expect_mean <- function(values, mean) {
    expect_lt(abs(mean(values) - mean), 4 * sd(values) / sqrt(length(values)))
  }
  poisson <- one(poisson())
  expect_distributed(as.matrix(poisson)[, "sd_a__Intercept"], punif, 0, 0.5)
  expect_mean(posterior_predict(poisson, seed = 1)[, 1], expected)
  nb <- one(negative_binomial(), family_prior(shape = gamma(5, 1)))
  expect_distributed(as.matrix(nb)[, "shape"], pgamma, 5, 1)
  y <- posterior_predict(nb, seed = 1)[, 1]
  expect_mean(y, expected)
  expect_gt(var(y), 1.15 * var(posterior_predict(poisson, seed = 1)[, 1]))
  binomial <- one(binomial(), formula = cbind(n, 9 - n) ~ 1 + (1 | a))
  share <- function(t) vapply(t, function(tau) {
    integrate(function(z) plogis(0.5 + sqrt(0.3^2 + tau^2) * z) * dnorm(z), -8, 8)$value
  }, 0)
  expect_mean(posterior_predict(binomial, seed = 1)[, 1] / 9, integrate(share, 0, 0.5)$value / 0.5)
})

test_that("several groupings of other families are drawn from their priors", {
  # Both standard deviations are bounded, and so the mean of a count has a variance.
  fit <- prior_fit(n ~ 1 + (1 | a) + (1 | c), family = poisson(), rows = counts, prior = family_prior())
  draws <- as.matrix(fit)
  expect_distributed(draws[, "sd_c__Intercept"], punif, 0, 0.2)
  expect_distributed(draws[, "r_c[q,Intercept]"] / draws[, "sd_c__Intercept"], pnorm)
  growth <- function(upper) integrate(function(t) exp(t^2 / 2), 0, upper)$value / upper
  mean <- exp(0.5 + 0.3^2 / 2) * growth(0.5) * growth(0.2)
  y <- posterior_predict(fit, seed = 1)[, 5]
  expect_lt(abs(mean(y) - mean), 4 * sd(y) / sqrt(4000))
  expect_false(anyNA(predict(fit, newdata = counts[1:2, ])[, "Est.Error"]))
})

test_that("moments that a prior has not are NA, and a note says so", {
  heavy <- relm_prior(beta = normal(0, 1), sd = half_cauchy(1), sigma = half_normal(1))
  fit <- prior_fit(y ~ x + (1 | a), prior = heavy, draws = 200)
  table <- summary(fit)
  expect_identical(is.na(table$mean), table$variable == "sd_a__Intercept")
  expect_match(paste(capture.output(print(table)), collapse = " "), "no mean or no variance.*sd_a__Intercept")
  expect_true(all(is.na(predict(fit, newdata = data[1:2, ])[, "Est.Error"])))
  expect_false(anyNA(predict(fit, newdata = data[1:2, ], re_formula = NA)))
  counted <- prior_fit(n ~ 1 + (1 | a), family = poisson(), rows = counts, draws = 50,
                       prior = relm_prior(beta = normal(0, 1), sd = half_normal(0.2)))
  expect_true(all(is.na(predict(counted, newdata = counts[1:2, ])[, "Est.Error"])))
})

test_that("a fit of the prior says so, and is updated, refitted, joined and started from", {
  fit <- prior_fit(y ~ x + (1 | a), draws = 50)
  expect_output(print(fit), "independent draws from the prior, without the data, 4 x 50.*Draws of the prior")
  expect_output(print(summary(fit)), "independent draws from the prior")
  expect_identical(as.matrix(prior_fit("y ~ x + (1 | a)", draws = 50)), as.matrix(fit))
  expect_identical(as.matrix(update(fit)), as.matrix(fit))
  expect_identical(as.matrix(refit(fit, rev(data$y))), as.matrix(fit))
  learnt <- update(fit, prior_only = FALSE)
  expect_identical(as.matrix(learnt), as.matrix(relm(y ~ x + (1 | a), data, prior = proper, draws = 50, seed = 3)))
  expect_identical(as.matrix(update(learnt, prior_only = TRUE)), as.matrix(fit))
  both <- c(fit, update(fit, seed = 4))
  expect_identical(as.matrix(both)[201:400, ], as.matrix(update(fit, seed = 4)))
  expect_error(c(fit, learnt), "differ in their sampler", class = "relm_error")
  expect_s3_class(update(learnt, init = fit, draws = 5), "relm")
  of_products <- relm(crossprods(y ~ x + (1 | a), data), proper, prior_only = TRUE, draws = 50, seed = 3)
  expect_false(is_prior_only(update(of_products, prior_only = FALSE)))
  file <- tempfile(fileext = ".csv")
  on.exit(unlink(file))
  utils::write.csv(data, file, row.names = FALSE)
  in_chunks <- relm(y ~ x + (1 | a), file, prior = proper, prior_only = TRUE, draws = 50, seed = 3)
  expect_equal(as.matrix(in_chunks), as.matrix(fit))
  expect_identical(nrow(simulate(fit, 2, seed = 1)), 60L)
  skip_if_not_installed("bayesplot")
  expect_s3_class(pp_check(fit), "ggplot")
})

test_that("improper priors, and draws beyond double precision, are refused by name", {
  expect_error(prior_fit(y ~ x + (1 + x | a), prior = relm_prior()),
               "b_Intercept: flat.*b_x: flat.*sd_a__Intercept: uniform.*sigma: jeffreys", class = "relm_error")
  expect_error(prior_fit(y ~ x + (1 | a), prior = relm_prior(beta = normal(0, 1), sigma = exponential(1))),
               "Improper here: .sd_a__Intercept: uniform.*sd = half_t\\(3, 10\\)\\)", class = "relm_error")
  expect_error(prior_fit(y ~ x, sigma = ~ c, prior = relm_prior(beta = normal(0, 1), sigma = pooled())),
               "sigma_c: pooled", class = "relm_error")
  expect_error(prior_fit(y ~ x, prior = relm_prior(beta = normal(0, 1), sigma = inverse_gamma(0.001, 0.001))),
               "sigma.*too large", class = "relm_error")
  expect_error(prior_fit(y ~ x, target_ess = 100), "target_ess.*independent", class = "relm_error")
  expect_error(relm(y ~ x, data, prior_only = "yes"), "prior_only", class = "relm_error")
})

test_that("a posterior that does not exist has a prior all the same", {
  exact <- data.frame(y = c(1, 2, 4, 5), x = c(0, 1, 0, 1), g = c("a", "a", "b", "b"))
  prior <- relm_prior(beta = normal(0, 1), sd = half_normal(1), sigma = half_t(3, 1))
  expect_error(relm(y ~ x + (1 | g), exact, prior = prior), "No residual is left", class = "relm_error")
  expect_s3_class(relm(y ~ x + (1 | g), exact, prior = prior, prior_only = TRUE, draws = 5), "relm")
})

# Draws of the prior against its distribution functions in closed form, by the largest difference of
# a distribution function, which is above 1.95 / sqrt(n) once in a thousand times.

n <- 4000
agree <- function(draws, p, ...) {
  expect_lt(max(abs(stats::ecdf(draws)(draws) - p(draws, ...))), 1.95 / sqrt(length(draws)))
}
data <- grouped_data()
of_prior <- function(formula, variables, prior, ...) {
  posterior <- suppressMessages(relm_posterior(crossprods(formula, data, ...), prior))
  prior_draws(posterior, variables, n, 1)
}

test_that("coefficients are normal, also with a scale of the data", {
  prior <- relm_prior(beta = list(x = normal(1, 2), v = normal(0, 3, autoscale = TRUE)))
  draws <- of_prior(y ~ x + v, c("b_x", "b_v"), prior)
  agree(draws[, "b_x"], pnorm, 1, 2)
  agree(draws[, "b_v"], pnorm, 0, 3 / sd(data$v))
  expect_lt(abs(cor(draws)[1, 2]), 4 / sqrt(n))
})

test_that("standard deviations have their priors", {
  sd_under <- function(prior) {
    of_prior(y ~ x + (1 | g), "sd_g__Intercept", relm_prior(sd = prior))[, 1]
  }
  half <- function(p) function(q, ...) 2 * p(q, ...) - 1
  agree(sd_under(half_t(4, 2)), function(q) 2 * pt(q / 2, 4) - 1)
  agree(sd_under(half_cauchy(2)), half(pcauchy), 0, 2)
  agree(sd_under(half_normal(2)), half(pnorm), 0, 2)
  agree(sd_under(exponential(3)), pexp, 3)
  agree(sd_under(uniform(5)), punif, 0, 5)
  agree(sd_under(inverse_gamma(3, 2))^-2, pgamma, 3, 2)
  sigma <- of_prior(y ~ x, "sigma", relm_prior(sigma = half_normal(2)))
  agree(sigma[, 1], half(pnorm), 0, 2)
})

test_that("residual standard deviations of strata are drawn each for itself", {
  draws <- of_prior(y ~ x, c("sigma_f[a]", "sigma_f[b]"), relm_prior(sigma = exponential(2)), sigma = ~ f)
  agree(draws[, 1], pexp, 2)
  agree(draws[, 2], pexp, 2)
  expect_lt(abs(cor(draws)[1, 2]), 4 / sqrt(n))
})

test_that("the shape of a negative binomial has a prior of its own or of r^-1/2", {
  counts <- transform(data, y = rpois(nrow(data), 3))
  shape_under <- function(prior) {
    posterior <- relm_posterior(crossprods(y ~ x, counts, family = negative_binomial()), prior)
    prior_draws(posterior, "shape", n, 1)[, 1]
  }
  agree(shape_under(relm_prior(shape = gamma(2, 0.5))), pgamma, 2, 0.5)
  agree(shape_under(relm_prior(shape = exponential(3)))^-0.5, pexp, 3)
})

columns <- y ~ x + (1 + x + v | g)
cors <- c("cor_g__Intercept__x", "cor_g__Intercept__v", "cor_g__x__v")

test_that("correlations under LKJ have beta margins, and do not depend on standard deviations", {
  draws <- of_prior(columns, c(cors, "sd_g__x"), relm_prior(sd = half_normal(1), cor = lkj(2)))
  # (C_kl + 1) / 2 ~ Beta(eta + (size - 2) / 2, same) (Lewandowski, Kurowicka and Joe 2009).
  for (cor in cors) agree((draws[, cor] + 1) / 2, pbeta, 2.5, 2.5)
  agree(draws[, "sd_g__x"], function(q) 2 * pnorm(q) - 1)
  expect_lt(abs(cor(draws[, "sd_g__x"], draws[, cors[1]])), 4 / sqrt(n))
})

test_that("inverse Wishart matrices have inverse gamma variances", {
  S <- matrix(c(2, 0.5, 0, 0.5, 1, 0.3, 0, 0.3, 1.5), 3)
  draws <- of_prior(columns, c("sd_g__Intercept", "sd_g__v", cors), relm_prior(cov = inverse_wishart(7, S)))
  # Sigma_kk ~ IG((df - q + 1) / 2, S_kk / 2).
  agree(draws[, "sd_g__Intercept"]^-2, pgamma, 2.5, 1)
  agree(draws[, "sd_g__v"]^-2, pgamma, 2.5, 0.75)
  # E Sigma = S / (df - q - 1).
  covariance <- draws[, "cor_g__Intercept__v"] * draws[, "sd_g__Intercept"] * draws[, "sd_g__v"]
  expect_lt(abs(mean(covariance)), 4 * sd(covariance) / sqrt(n))
})

test_that("Huang and Wand's matrices have half-t standard deviations and uniform correlations", {
  draws <- of_prior(columns, c("sd_g__x", cors), relm_prior(cov = huang_wand(2, c(1, 3, 0.5))))
  agree(draws[, "sd_g__x"], function(q) 2 * pt(q / 3, 2) - 1)
  for (cor in cors) agree(draws[, cor], punif, -1, 1)
})

test_that("effects are normal given their covariance, and coefficients have the fixed part too", {
  prior <- relm_prior(beta = list(x = normal(1, 2)), sd = half_normal(1), cor = lkj(3))
  names <- c("r_g[g1,x]", "r_g[g1,Intercept]", "r_g[g2,x]", "coef_g[g1,x]", "b_x", "sd_g__x",
             "cor_g__Intercept__x", "sd_g__Intercept")
  draws <- of_prior(columns, names, prior)
  z <- draws[, "r_g[g1,x]"] / draws[, "sd_g__x"]
  other <- draws[, "r_g[g1,Intercept]"] / draws[, "sd_g__Intercept"]
  rho <- draws[, "cor_g__Intercept__x"]
  agree(z, pnorm)
  agree((z - rho * other) / sqrt(1 - rho^2), pnorm)
  agree(draws[, "r_g[g2,x]"] / draws[, "sd_g__x"], pnorm)
  expect_lt(abs(cor(z, draws[, "r_g[g2,x]"] / draws[, "sd_g__x"])), 4 / sqrt(n))
  expect_equal(draws[, "coef_g[g1,x]"], draws[, "b_x"] + draws[, "r_g[g1,x]"])
})

test_that("only what the variables depend on must be proper", {
  expect_true(is.matrix(of_prior(y ~ x + (1 | g), "b_x", relm_prior(beta = list(x = normal())))))
  expect_identical(of_prior(y ~ x + (1 | g), "b_x", relm_prior()), "b_x: flat()")
  expect_identical(of_prior(y ~ x + (1 | g), "sd_g__Intercept", relm_prior()), "sd_g__Intercept: uniform()")
  expect_identical(of_prior(y ~ x + (1 | g), "r_g[g1,Intercept]", relm_prior()), "sd_g__Intercept: uniform()")
  expect_identical(of_prior(y ~ x, "sigma", relm_prior()), "sigma: jeffreys()")
  half <- relm_prior(sd = list(x = half_normal(1)), cor = lkj(2))
  draws <- of_prior(columns, c("sd_g__x", "r_g[g1,x]", cors), half)
  agree(draws[, "sd_g__x"], function(q) 2 * pnorm(q) - 1)
  agree(draws[, "r_g[g1,x]"] / draws[, "sd_g__x"], pnorm)
  expect_identical(of_prior(columns, "r_g[g1,v]", half), "sd_g__v: uniform()")
})

test_that("a seed gives the same draws, and leaves the session's stream", {
  set.seed(3)
  before <- .Random.seed
  prior <- relm_prior(sd = half_normal(1))
  first <- of_prior(y ~ x + (1 | g), "sd_g__Intercept", prior)
  expect_identical(.Random.seed, before)
  expect_identical(of_prior(y ~ x + (1 | g), "sd_g__Intercept", prior), first)
})

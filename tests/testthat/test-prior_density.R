scales <- list(uniform(2.5), half_t(3, 0.7), half_cauchy(0.4), half_normal(1.3), exponential(2),
               inverse_gamma(2, 0.5))

test_that("densities of standard deviations integrate to one and have the shape documented", {
  shapes <- list(
    function(s) (s < 2.5) + 0, function(s) (1 + s^2 / (3 * 0.7^2))^-2,
    function(s) 1 / (1 + s^2 / 0.16), function(s) exp(-s^2 / (2 * 1.3^2)),
    function(s) exp(-2 * s), function(s) (s^2)^-3 * exp(-0.5 / s^2) * s
  )
  for (k in seq_along(scales)) {
    density <- function(s) exp(log_prior_of_sd(scales[[k]], s))
    upper <- if (k == 1) 2.5 else Inf
    total <- integrate(density, 0, upper, rel.tol = 1e-10)$value
    expect_equal(total, 1, tolerance = 1e-8, label = format(scales[[k]]))
    s <- c(0.1, 0.8, 2.4, 3)
    ratio <- density(s) / shapes[[k]](s)
    expect_equal(ratio[is.finite(ratio)] / ratio[1], rep(1, sum(is.finite(ratio))))
  }
})

test_that("the samplers' densities are these up to a constant", {
  # The collapsed target at two standard deviations differs by the prior and the likelihood.
  data <- grouped_data(7)
  for (sd in scales) {
    prior <- relm_prior(beta = normal(0, 3), sd = sd, sigma = exponential(1))
    posterior <- posterior_of(y ~ x + (1 | g), data, prior)
    integrand <- new_integrand(posterior)
    tuning <- tuning_of(integrand$model, "coordinate", list(sigma2 = 1))
    points <- cbind(c(0.3, 1.2, 2), c(0.6, 0.9, 1.1))
    lambda <- points[, 1] / points[, 2]
    theirs <- log_density_at(integrand$model, tuning,
                             t(cbind(asinh(lambda / tuning$scale), log(points[, 2]))), 1)
    jacobian <- log(points[, 2]) + log(tuning$scale) + log(cosh(asinh(lambda / tuning$scale))) +
      log(points[, 2])
    ours <- log_integrand(integrand, points) + jacobian
    expect_equal(diff(ours), diff(theirs), tolerance = 1e-10, label = format(sd))
  }
})

test_that("LKJ's density in partial correlations integrates to one, size by size", {
  for (eta in c(0.5, 1, 3)) {
    one <- function(z) exp(log_lkj_prior(cbind(z), 2, eta))
    expect_equal(integrate(one, -Inf, Inf, rel.tol = 1e-10)$value, 1, tolerance = 1e-8)
    # Three columns: (1 + y)/2 has a beta distribution, independently of the others.
    z <- rbind(c(0.3, -1, 0.7))
    partials <- tanh(z)
    b <- eta + c(1, 1, 0) / 2
    beta <- dbeta((partials + 1) / 2, b, b, log = TRUE) - log(2) + log(1 - partials^2)
    expect_equal(log_lkj_prior(z, 3, eta), sum(beta))
  }
})

# The density of the first standard deviation under a matrix prior, the others integrated out.
first_sd <- function(block, sd) {
  density <- function(sd1, sd2, z) {
    L <- diag(c(sd1, sd2)) %*% matrix(c(1, tanh(z), 0, 1 / cosh(z)), 2)
    exp(log_block_prior(block, cbind(sd1, sd2), cbind(z), array(L, c(2, 2, 1))))
  }
  over_z <- function(sd2) vapply(sd2, function(s) {
    integrate(function(z) vapply(z, density, 0, sd1 = sd, sd2 = s), -12, 12, rel.tol = 1e-6)$value
  }, 0)
  # On the scale of its logarithm, where the second falls fast either way.
  integrate(function(u) over_z(exp(u)) * exp(u), -13, 9, rel.tol = 1e-6)$value
}

test_that("inverse-Wishart matrices have inverse-gamma variances", {
  scale <- matrix(c(1.5, 0.4, 0.4, 0.8), 2)
  posterior <- posterior_of(y ~ x + (1 + x | g), grouped_data(7),
                            relm_prior(cov = inverse_wishart(5, scale)))
  block <- grouping_of(posterior)$blocks[[1]]
  expect_equal(log(first_sd(block, 0.4)), log_prior_of_sd(inverse_gamma(2, 0.75), 0.4),
               tolerance = 1e-5)
})

test_that("Huang and Wand's matrices have half-t standard deviations", {
  posterior <- posterior_of(y ~ x + (1 + x | g), grouped_data(7),
                            relm_prior(cov = huang_wand(3, c(0.8, 2))))
  block <- grouping_of(posterior)$blocks[[1]]
  expect_equal(log(first_sd(block, 0.4)), log_prior_of_sd(half_t(3, 0.8), 0.4),
               tolerance = 1e-5)
})

test_that("improper priors are named", {
  improper <- function(prior, ...) {
    improper_priors(posterior_of(y ~ x + (1 + x || g), grouped_data(7), prior, ...))
  }
  expect_identical(improper(relm_prior()), c("b_Intercept: flat()", "b_x: flat()",
    "sd_g__Intercept: uniform()", "sd_g__x: uniform()", "sigma: jeffreys()"))
  expect_identical(improper(relm_prior(beta = list(x = normal()), sd = uniform(3),
                                       sigma = uniform(9))), "b_Intercept: flat()")
  expect_identical(improper(relm_prior(beta = normal(), sd = half_t(3, 1), sigma = pooled()),
                            sigma = ~ f), "sigma_f: pooled()")
  expect_length(improper(relm_prior(beta = normal(), sd = half_t(3, 1), sigma = exponential(1))), 0)
})

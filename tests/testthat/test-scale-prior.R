# Draws of standard deviations against numerical integration of their densities.

families <- function(scale) {
  list(half_t(3, scale), half_cauchy(scale), half_normal(scale), exponential(1 / scale))
}

test_that("a prior of a scale is its density", {
  s <- c(0.2, 0.7, 1.9, 4)
  for (family in c(families(0.6), list(inverse_gamma(2, 0.3), jeffreys(), uniform(7)))) {
    encoded <- relm:::encode_scale(family)
    rest <- switch(encoded[["kind"]] + 1, 0,
      -(encoded[["df"]] + 1) / 2 * log(1 + s^2 / encoded[["df"]] / encoded[["scale"]]^2),
      -(s / encoded[["scale"]])^2 / 2, -s / encoded[["scale"]])
    value <- -(2 * encoded[["shape"]] + 1) * log(s) - encoded[["rate"]] / s^2 + rest
    textbook <- vapply(s, log_sd_density, 0, own = family)
    expect_equal(diff(value), diff(textbook), label = format(family))
  }
})

# Shares of independent draws below the quantiles of a density of log s, in standard errors.
share_errors <- function(draws, log_density) {
  t <- seq(-25, 25, length.out = 20001)
  density <- log_density(t)
  cdf <- cumsum(exp(density - max(density)))
  cdf <- cdf / cdf[length(cdf)]
  place <- vapply(c(0.02, 0.25, 0.5, 0.75, 0.98), function(p) which(cdf > p)[1], 1L)
  below <- vapply(exp(t[place] + diff(t)[1] / 2), function(bound) mean(draws < bound), 0)
  (below - cdf[place]) / sqrt(cdf[place] * (1 - cdf[place]) / length(draws))
}

test_that("sigma of a common line is drawn from its density, whatever the prior says", {
  set.seed(2)
  for (n in c(2, 5, 200)) {
    y <- rnorm(n)
    for (scale in c(0.01, 1, 100)) for (family in families(scale)) {
      fit <- relm(y ~ 1, data.frame(y), prior = relm_prior(sigma = family), chains = 1,
                  draws = 10000, seed = 1)
      errors <- share_errors(as.matrix(fit, "sigma"), function(t) {
        (2 - n) * t - sum((y - mean(y))^2) * exp(-2 * t) / 2 + log_sd_density(family, exp(t))
      })
      expect_lt(max(abs(errors)), 4, label = paste(n, format(family)))
    }
  }
})

test_that("half_cauchy is half_t with one degree of freedom", {
  draws <- function(family) {
    as.matrix(relm(log(mercury) ~ 1 + (1 | station), bass, draws = 20, chains = 1, seed = 1,
                   prior = relm_prior(sd = family, sigma = family)))
  }
  expect_identical(draws(half_cauchy(0.2)), draws(half_t(1, 0.2)))
})

# Distances of two fits' medians of hyperparameters, in Monte Carlo standard errors.
hyper_distances <- function(fits) {
  draws <- lapply(fits, function(fit) fit$sampling$hyper)
  vapply(dimnames(draws[[1]])[[3]], function(name) {
    x <- lapply(draws, function(d) matrix(d[, , name], dim(d)[1]))
    medians <- vapply(x, median, 0)
    (medians[1] - medians[2]) / sqrt(sum(vapply(x, posterior::mcse_median, 0)^2))
  }, 0)
}

test_that("the three Gibbs samplers agree under every prior", {
  data <- grouped_data(8)
  cases <- c(
    lapply(families(0.5), function(family) {
      list(y ~ x + (1 + x || g), ~ 1, relm_prior(sd = family, sigma = family))
    }),
    list(
      list(y ~ x + (1 + x | g), ~ 1,
           relm_prior(sd = list(Intercept = half_t(3, 0.4), x = uniform(1)), cor = lkj(2))),
      list(y ~ x + (1 + x | g), ~ 1, relm_prior(cov = huang_wand(2, c(0.5, 1)))),
      list(y ~ x + (1 + x || g), ~ f, relm_prior(sd = half_normal(0.5), sigma = pooled()))
    )
  )
  for (case in cases) {
    fits <- lapply(c("uncentered", "centered", "interweaved"), function(sampler) {
      relm(case[[1]], data, sigma = case[[2]], prior = case[[3]], sampler = sampler,
           draws = 10000, seed = 4)
    })
    expect_lt(max(abs(hyper_distances(fits[1:2]))), 4)
    expect_lt(max(abs(hyper_distances(fits[2:3]))), 4)
  }
})

# The posterior of y ~ 1 with a pooled variance for each of two levels, on a grid of log sigma_a,
# log sigma_b and log nu; the mean and s integrate out in closed form.
pooled_margins <- function(n, mean, ss) {
  t <- seq(-4, 8, length.out = 121)
  u <- seq(log(1e-3), log(250), length.out = 81)
  log_likelihood <- outer(t, t, function(a, b) {
    wa <- n[1] * exp(-2 * a)
    wb <- n[2] * exp(-2 * b)
    -n[1] * a - n[2] * b - ss[1] * exp(-2 * a) / 2 - ss[2] * exp(-2 * b) / 2 -
      log(wa + wb) / 2 - diff(mean)^2 * wa * wb / (wa + wb) / 2
  })
  density <- vapply(exp(u), function(nu) {
    prior <- outer(t, t, function(a, b) -nu * (a + b) - nu * log(exp(-2 * a) + exp(-2 * b)))
    log_likelihood + prior + lgamma(nu) - 2 * lgamma(nu / 2) +
      dgamma(nu, 2, 0.1, log = TRUE) + log(nu)
  }, log_likelihood)
  density <- exp(density - max(density))
  list("sigma_f[a]" = list(t, apply(density, 1, sum)), "sigma_f[b]" = list(t, apply(density, 2, sum)),
       sigma_f__df = list(u, apply(density, 3, sum)))
}

test_that("pooled variances and their degrees of freedom have the density they should", {
  set.seed(4)
  n <- c(6, 4)
  data <- data.frame(f = rep(c("a", "b"), n))
  data$y <- rnorm(10, sd = ifelse(data$f == "a", 1, 3))
  margins <- pooled_margins(n, tapply(data$y, data$f, mean), tapply(data$y, data$f, function(y) {
    sum((y - mean(y))^2)
  }))
  fit <- relm(y ~ 1, data, sigma = ~ f, prior = relm_prior(sigma = pooled()), draws = 20000,
              seed = 2)
  for (name in names(margins)) {
    draws <- matrix(log(fit$sampling$hyper[, , name]), fit$sampling$draws)
    grid <- margins[[name]][[1]]
    cdf <- cumsum(margins[[name]][[2]]) / sum(margins[[name]][[2]])
    for (p in c(0.05, 0.25, 0.5, 0.75, 0.95)) {
      place <- which(cdf > p)[1]
      below <- (draws < grid[place] + diff(grid)[1] / 2) * 1
      expect_lt(abs(mean(below) - cdf[place]) / posterior::mcse_mean(below), 4,
                label = paste(name, p))
    }
  }
  # sigma_l^2 | nu, s and its residuals, over the posterior: with e'e about the mean mu,
  # sigma^2 is inverse gamma.
  draws <- as.matrix(fit)
  for (level in c("a", "b")) {
    y <- data$y[data$f == level]
    df <- draws[, "sigma_f__df"]
    rss <- rowSums(outer(draws[, "b_Intercept"], y, "-")^2)
    uniform <- pgamma(draws[, sprintf("sigma_f[%s]", level)]^-2, (length(y) + df) / 2,
                      (rss + df * draws[, "sigma_f__scale"]^2) / 2)
    expect_lt(abs(mean(uniform) - 0.5) / posterior::mcse_mean(matrix(uniform, 20000)), 4)
  }
})

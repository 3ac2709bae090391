# Pooled residual variances against integration on a grid.

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

# Data with t residuals: two crossed groupings, one nested in the first, strata and weights.
student_data <- function(n = 240, df = 4, seed = 5) {
  set.seed(seed)
  data <- data.frame(a = sample(8, n, TRUE), b = sample(10, n, TRUE), x = rnorm(n),
                     f = sample(c("low", "high"), n, TRUE), w = runif(n, 0.5, 2))
  data$c <- interaction(data$a, sample(3, n, TRUE), drop = TRUE)
  data$a[1:8] <- 1:8
  sigma <- ifelse(data$f == "low", 0.5, 1)
  data$y <- 1 + 0.5 * data$x + rnorm(8)[data$a] + 0.5 * rnorm(10)[data$b] +
    0.4 * rnorm(nlevels(data$c))[data$c] + sigma * rt(n, df) / sqrt(data$w)
  data
}

# What values at `at`, which are equally far apart, have to be multiplied by to be interpolated at x: by
# cubics through the four nearest.
cubic_kernel <- function(at, x) {
  h <- at[2] - at[1]
  first <- floor((x - at[1]) / h)
  u <- (x - at[1]) / h - first
  values <- cbind(-u * (u - 1) * (u - 2) / 6, (u + 1) * (u - 1) * (u - 2) / 2,
                  -(u + 1) * u * (u - 2) / 2, (u + 1) * u * (u - 1) / 6)
  kernel <- matrix(0, length(at), length(x))
  for (k in 1:4) kernel[cbind(first + k - 1, seq_along(x))] <- values[, k]
  kernel
}

# The posterior of y = m + b_j + sigma t on a grid, of m ~ N(0, 1), tau and sigma half-normal(1), nu
# gamma(2, 0.1) above 1: a group's effect is integrated out on a grid of m + b_j. Quantiles of the
# four, by name.
exact_student <- function(y, group) {
  at <- seq(min(y) - 8, max(y) + 8, length.out = 400)
  m <- seq(-2.4, 3.2, length.out = 57)
  tau <- seq(0, 3.4, length.out = 57)
  sigma <- exp(seq(log(0.03), log(3), length.out = 36))
  df <- 1 + exp(seq(log(0.003), log(110), length.out = 30))
  log_density <- array(0, c(length(m), length(tau), length(sigma), length(df)))
  # Small standard deviations by the moments of the normal distribution, up to the sixth.
  nodes <- c(-sqrt(3), 0, sqrt(3))
  weights <- c(1, 4, 1) / 6
  kernels <- lapply(tau, function(t) {
    if (t > 0.15) return(stats::dnorm(outer(at, m, "-"), 0, t) * (at[2] - at[1]))
    Reduce(`+`, Map(function(node, weight) weight * cubic_kernel(at, m + t * node), nodes, weights))
  })
  for (s in seq_along(sigma)) for (d in seq_along(df)) {
    of_rows <- stats::dt(outer(y, at, "-") / sigma[s], df[d], log = TRUE) - log(sigma[s])
    of_groups <- rowsum(of_rows, group)
    top <- apply(of_groups, 1, max)
    likelihood <- exp(of_groups - top)
    prior <- stats::dnorm(sigma[s], log = TRUE) + log(sigma[s]) +
      stats::dgamma(df[d], 2, 0.1, log = TRUE) + log(df[d] - 1)
    for (t in seq_along(tau)) {
      log_density[, t, s, d] <- colSums(log(pmax(likelihood %*% kernels[[t]], 1e-300))) + sum(top) + prior +
        stats::dnorm(tau[t], log = TRUE) + stats::dnorm(m, log = TRUE)
    }
  }
  density <- exp(log_density - max(log_density))
  # The density of tau does not vanish at 0: Simpson's rule.
  simpson <- c(1, rep(c(4, 2), length.out = length(tau) - 2), 1) / 3
  quantiles <- function(margin, values) {
    weighted <- if (margin == 2) density else sweep(density, 2, simpson, "*")
    # The density at the nodes is exact; between them its logarithm is smooth.
    log_p <- stats::splinefun(values, log(apply(weighted, margin, sum)))
    fine <- seq(values[1], values[length(values)], length.out = 4000)
    p <- exp(log_p(fine))
    below <- (cumsum(p) - p / 2) / sum(p)
    stats::approx(below, fine, c(0.025, 0.25, 0.5, 0.75, 0.975), ties = "ordered")$y
  }
  exact <- rbind(b_Intercept = quantiles(1, m), sd_g__Intercept = quantiles(2, tau),
                 sigma = exp(quantiles(3, log(sigma))), df = 1 + exp(quantiles(4, log(df - 1))))
  colnames(exact) <- paste0("q", c(2.5, 25, 50, 75, 97.5))
  exact
}

student_prior <- function(...) {
  relm_prior(beta = normal(0, 1), sd = half_normal(1), sigma = half_normal(1), ...)
}

# Groupings that lie in each other or cross in other ways than two alone do.
structures_of_groupings <- list(
  two_branches = y ~ x + (1 | a) + (1 | b) + (1 + x | a:c),
  chain_of_three = y ~ x + (1 | a) + (1 | b) + (1 + x | b:k),
  chain_beside_crossed = y ~ x + (1 | a) + (1 + x | b) + (1 | c),
  three_crossed = y ~ x + (1 | b) + (1 | c) + (1 | k),
  same_groups = y ~ x + (1 | b) + (1 | twin)
)

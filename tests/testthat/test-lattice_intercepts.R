# Groups with one column of ones: their own integrals against those of groups in general and against
# sums over fine grids.

skip_on_cran()

# Groups of 1 to 300 rows, among them of nothing but ones or zeros, and of offsets far out.
intercept_rows <- function() {
  with_seed_of(41, {
    g <- factor(rep(1:11, c(1, 1, 2, 5, 9, 300, 40, 40, 3, 3, 1)))
    n <- length(g)
    offset <- c(0, 0, 0, 0, 0, 0.5, 0, 0, 20, -20, 0)[g]
    b <- c(0.5, -1, 0, 1, 0, 0.3, 9, -9, -20, 20, 1)[g]
    eta <- 0.4 + b + offset + rnorm(n)
    data.frame(g = g, h = factor(sample(4, n, TRUE)), x = rnorm(n), o = offset,
               y = rbinom(n, 1, plogis(eta)), count = rpois(n, exp(eta)) + (seq_len(n) == n) * 1e6)
  })
}

intercept_posterior <- function(case, terms, data) {
  relm_posterior(crossprods(formula_of_case(case, terms), data, offset = o, family = case$family),
                 relm_prior(sd = half_t(3, 2.5), beta = normal(0, 5)))
}

intercept_cases <- function() family_cases()[c("logit", "poisson")]

# log of the integral of exp(f), concave and at most of unit width, over where it is not nothing.
log_integral_of <- function(f) {
  # Far out it may be -Inf.
  finite <- function(u) if (is.finite(f(u))) f(u) else -1e200 * (1 + abs(u))
  mode <- optimize(finite, c(-5e4, 5e4), maximum = TRUE, tol = 1e-9)$maximum
  mode <- optimize(finite, mode + c(-1, 1), maximum = TRUE, tol = 1e-12)$maximum
  top <- f(mode)
  end <- function(sign) {
    mode + sign * uniroot(function(by) finite(mode + sign * by) - top + 45, c(0, 20))$root
  }
  node <- seq(end(-1), end(1), length.out = 20001)
  top + log(sum(exp(f(node) - top)) * diff(node[1:2]))
}

group_integrals <- function(posterior, beta, sd) {
  responses <- posterior$responses
  sum(vapply(seq_len(max(responses$group)), function(j) {
    rows <- which(responses$group == j)
    fixed <- drop(responses$X[rows, , drop = FALSE] %*% beta) + responses$offset[rows]
    log_integral_of(function(u) {
      merged_log_likelihood(posterior, rows, outer(fixed, sd * u, `+`)) + dnorm(u, log = TRUE)
    })
  }, 0))
}

test_that("integrals are sums over fine grids, from no deviation to very large ones", {
  data <- intercept_rows()
  for (case in intercept_cases()) {
    posterior <- intercept_posterior(case, ~ x + (1 | g), data)
    model <- model_of(posterior)
    tuning <- family_tuning_of(model)
    values <- vapply(c(1e-3, 0.1, 0.5, 1, 3, 8, 20), function(sd) {
      at <- log_target(model, tuning, family_point(model, tuning, sd, NULL, c(0.3, 0.5)), 1)
      prior <- dt(sd / 2.5, 3, log = TRUE) + log(cosh(asinh(sd / tuning$scale))) +
        sum(dnorm(c(0.3, 0.5), 0, 5, log = TRUE))
      c(at - prior, group_integrals(posterior, c(0.3, 0.5), sd))
    }, numeric(2))
    difference <- values[1, ] - values[2, ]
    # What both are less of is the same constant.
    expect_lt(diff(range(difference)), 2e-5)
    expect_gt(diff(range(values[2, ])), 1)
  }
})

# With Z = 2 and half the standard deviation all is the same, but for the code that runs.
with_twos <- function(model) {
  model$responses$Z[] <- 2
  model$effect <- lapply(model$effect, function(effect) effect / 2)
  model
}

test_that("integrals and draws are those of groups in general, given the same random numbers", {
  data <- intercept_rows()
  for (case in intercept_cases()) {
    model <- model_of(intercept_posterior(case, ~ x + (1 | g) + (1 | h), data))
    model$effect <- list(numeric(11), c(-1, 0.5, 0, 0.7))
    general <- with_twos(model)
    for (step in 0:1) for (fineness in c(0.6, 1, 1.2)) {
      tuning <- new_tuning(model, list(sigma2 = 1), "none", step = step)
      tuning$fineness <- fineness
      halved <- replace(tuning, "scale", list(tuning$scale / 2))
      points <- vapply(c(-8, -3, -1, 0.2, 1, 2, 3.7), function(x) c(x, 0.2, -0.6), numeric(3))
      # Signs of standard deviations are nothing.
      points[1, ] <- abs(points[1, ]) * c(1e-3, 1e-1, 1, 1, 1, 1, 1)
      own <- log_target(model, tuning, points, 1)
      expect_true(all(is.finite(own)))
      sd <- tuning$scale * sinh(points[1, ])
      prior <- dt(sd / 2.5, 3, log = TRUE) - dt(sd / 5, 3, log = TRUE)
      expect_lt(max(abs(own - prior - log_target(general, halved, points, 1))), 1e-6)
      draw <- function(model, tuning, point) {
        with_seed_of(7, as.numeric(.Call(ffi_draw_step_effects, model, tuning, point)))
      }
      for (k in seq_len(ncol(points))) {
        effects <- draw(model, tuning, points[, k])
        expect_equal(effects, 2 * draw(general, halved, points[, k]), tolerance = 1e-7)
        expect_gt(max(abs(effects)), 0)
      }
    }
  }
})

test_that("draws of small groups are those of their distribution given all else", {
  # Their ranks among a grid's cumulated shares are uniform.
  data <- data.frame(g = factor(c(1, 1, 2, 3, 3, 3, 4, 5)), h = factor(c(1, 2, 1, 2, 1, 1, 2, 2)),
                     o = 0, x = c(-1, 0, 1, 2, 0, 1, -2, 0), y = c(0, 1, 1, 1, 1, 1, 0, 0),
                     count = c(0, 0, 3, 1, 0, 9, 0, 40))
  grid <- seq(-14, 14, length.out = 14001)
  for (case in intercept_cases()) {
    posterior <- intercept_posterior(case, ~ x + (1 | g) + (1 | h), data)
    model <- model_of(posterior)
    model$effect <- list(numeric(5), c(-0.4, 0.8))
    tuning <- c(new_tuning(model, list(sigma2 = 1), "none"), list(fineness = 1))
    point <- family_point(model, tuning, 1.5, NULL, c(0.2, 0.5))
    draw <- function() .Call(ffi_draw_step_effects, model, tuning, point)[1, ]
    draws <- with_seed_of(3, replicate(3000, draw()))
    responses <- posterior$responses
    for (j in 1:5) {
      rows <- which(responses$group[, 1] == j)
      eta <- drop(responses$X[rows, , drop = FALSE] %*% c(0.2, 0.5)) +
        c(-0.4, 0.8)[responses$group[rows, 2]]
      density <- merged_log_likelihood(posterior, rows, outer(eta, grid, `+`)) +
        dnorm(grid, 0, 1.5, log = TRUE)
      share <- cumsum(exp(density - max(density)))
      rank <- approx(grid, share / max(share), draws[j, ])$y
      for (power in 1:2) {
        exact <- 1 / (power + 1)
        error <- sqrt((1 / (2 * power + 1) - exact^2) / length(rank))
        expect_lt(abs(mean(rank^power) - exact) / error, 4)
      }
    }
  }
})

# log p(y, Sigma, sigma) by the n x n covariance matrix of y, coefficients integrated out too.
dense_integrand <- function(posterior, state) {
  rows <- replay_data(posterior)
  same <- outer(rows$group, rows$group, "==")
  V <- diag(state$sigma2[rows$level] / rows$w) + rows$X %*% (t(rows$X) / posterior$beta$precision)
  if (ncol(rows$Z)) V <- V + same * (rows$Z %*% state$Sigma %*% t(rows$Z))
  sigma <- sum(log_prior_of_sd(posterior$prior$sigma, sqrt(state$sigma2)))
  log_normal(rows$y, as.numeric(rows$X %*% posterior$beta$mean), V) + sigma
}

# The parameters of split_point() of a state.
point_of <- function(posterior, state) {
  z <- lapply(grouping_of(posterior)$blocks, function(block) {
    if (length(block$columns) == 1) return(NULL)
    C <- cov2cor(state$Sigma[block$columns, block$columns])
    partial_of_draw(C[upper.tri(C)], nrow(C))
  })
  rbind(c(sqrt(diag(state$Sigma)), unlist(z), sqrt(state$sigma2)))
}

prior <- relm_prior(beta = normal(-0.5, 1.3), sd = half_t(3, 1), sigma = half_normal(2))

test_that("the integrand is the density of all the data, coefficients and effects integrated out", {
  data <- grouped_data(5)
  offset <- data$v / 2
  models <- list(
    posterior_of(y ~ x, data, prior),
    posterior_of(y ~ x + f, data, prior, weights = w, sigma = ~ f),
    posterior_of(y ~ x + f + (1 | g), data, prior, weights = w, offset = offset),
    posterior_of(y ~ x + (1 + x || g), data, prior), posterior_of(y ~ 0 + (1 | g), data, prior),
    posterior_of(y ~ x + (1 + x + v | g), data, prior, weights = w),
    posterior_of(y ~ x + f + (1 + x || g), data, prior, sigma = ~ g, weights = w)
  )
  for (posterior in models) {
    integrand <- new_integrand(posterior)
    for (state in any_states(posterior)$states[c(1, 2, 4)]) {
      point <- point_of(posterior, state)
      at <- split_point(point, integrand)
      prior_of_block <- log_integrand(integrand, point) - dense_integrand(posterior, state)
      exact <- sum(vapply(grouping_of(posterior)$blocks, function(block) {
        sum(log_prior_of_sd(half_t(3, 1), at$sd[block$columns]))
      }, 0))
      if (ncol(at$z)) exact <- exact + log_lkj_prior(at$z, 3, 1)
      expect_equal(prior_of_block, exact, tolerance = 1e-8)
    }
  }
})

test_that("a whole covariance matrix's prior and a mixture of blocks are in it", {
  data <- grouped_data(5)
  own <- relm_prior(beta = normal(0, 2), sd = exponential(1), sigma = half_normal(2),
                    cov = inverse_wishart(4, diag(c(1, 2))))
  posterior <- posterior_of(y ~ x + (1 + x | g) + (0 + v | g), data, own)
  integrand <- new_integrand(posterior)
  expect_equal(n_dimensions(integrand), 5)
  for (state in any_states(posterior)$states[c(1, 2)]) {
    point <- point_of(posterior, state)
    Sigma <- state$Sigma[1:2, 1:2]
    z <- split_point(point, integrand)$z
    # log p(Sigma) with Gamma_2(2) = pi / 2, and |dSigma / d(sd, z)|.
    wishart <- 2 * log(2) - 4 * log(2) - log(pi / 2) - 7 / 2 * log(det(Sigma)) -
      sum(diag(diag(c(1, 2)) %*% solve(Sigma))) / 2
    jacobian <- log(4) + sum(log(diag(Sigma))) + log(1 - tanh(z[1])^2)
    exact <- wishart + jacobian - sqrt(state$Sigma[3, 3])
    expect_equal(log_integrand(integrand, point) - dense_integrand(posterior, state), exact,
                 tolerance = 1e-8)
  }
})

test_that("draws become points, and points factors", {
  fit <- relm(y ~ x + (1 + x + v | g), grouped_data(9), prior = prior, sigma = ~ f, chains = 2,
              draws = 20, seed = 1)
  points <- drawn_points(fit)
  integrand <- new_integrand(fit$posterior)
  at <- split_point(points, integrand)
  L <- covariance_factors(at, grouping_of(fit$posterior)$blocks)
  draws <- as.matrix(fit, c("sd_g__Intercept", "sd_g__v", "cor_g__Intercept__v", "cor_g__x__v",
                            "sd_g__x", "sigma_f[b]"))
  for (i in c(1, 33)) {
    Sigma <- tcrossprod(L[, , i])
    expect_equal(unname(sqrt(diag(Sigma))), unname(draws[i, c(1, 5, 2)]))
    expect_equal(unname(cov2cor(Sigma)[3, 1:2]), unname(draws[i, 3:4]))
    expect_true(any(abs(at$sigma[i, ] - draws[i, 6]) < 1e-14))
  }
})

test_that("it is so of a nested chain, whose root the formula names first or last", {
  data <- several_data(120)
  alike <- function(group) outer(group, group, "==")
  Z <- cbind(1, data$x)
  prior <- relm_prior(beta = normal(-0.5, 1.3), sd = half_t(3, 1), sigma = half_normal(2),
                      cor = lkj(2))
  expect_dense <- function(formula, sigma = ~ 1, n_sigma = 1) {
    posterior <- posterior_of(formula, data, prior, weights = w, sigma = sigma)
    integrand <- new_integrand(posterior)
    set.seed(3)
    for (size in c(0.01, 1, 30)) {
      # Slopes and intercepts of pairs, then of their parents, then z of the correlation.
      point <- c(size * rexp(3), rnorm(1), rexp(n_sigma))
      C <- matrix(c(1, tanh(point[4]))[c(1, 2, 2, 1)], 2) * tcrossprod(point[1:2])
      sd <- point[4 + seq_len(n_sigma)]
      noise <- if (n_sigma > 1) sd[match(data$c, posterior$strata$labels)] else sd
      V <- alike(paste(data$a, data$b)) * (Z %*% C %*% t(Z)) + alike(data$a) * point[3]^2 +
        diag(noise^2 / data$w) + 1.3^2 * tcrossprod(Z)
      exact <- log_normal(data$y, as.numeric(Z %*% c(-0.5, -0.5)), V) +
        sum(log_prior_of_sd(half_t(3, 1), point[1:3])) +
        sum(log_prior_of_sd(half_normal(2), sd)) + log_lkj_prior(rbind(point[4]), 2, 2)
      expect_equal(log_integrand(integrand, matrix(point, 1)), exact, tolerance = 1e-9)
    }
  }
  expect_dense(y ~ x + (1 | a) + (1 + x | a:b))
  expect_dense(y ~ x + (1 + x | a:b) + (1 | a))
  expect_dense(y ~ x + (1 | a) + (1 + x | a:b), sigma = ~ c, n_sigma = 5)
})

test_that("crossed groupings are refused with what to do", {
  posterior <- posterior_of(y ~ x + (1 | a) + (1 | c), several_data(), prior)
  expect_error(new_integrand(posterior), '"a" and "c".*crossed.*loo', class = "relm_error")
})

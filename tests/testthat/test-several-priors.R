# Priors of each kind in the target of one grouping, of a nested chain, and of a step beside others:
# against the dense covariance of all rows and the priors' densities by hand.

# Of a covariance matrix, in its standard deviations and correlations: dSigma = prod s^q ds dC.
log_matrix_by_hand <- function(prior, Sigma) {
  q <- nrow(Sigma)
  p <- prior$parameters
  K <- solve(Sigma)
  q * sum(log(diag(Sigma))) / 2 + switch(prior$name,
    inverse_wishart = -(p$df + q + 1) / 2 * log(det(Sigma)) - sum(diag(p$scale %*% K)) / 2,
    huang_wand = -(p$df + 2 * q) / 2 * log(det(Sigma)) -
      (p$df + q) / 2 * sum(log(p$df * diag(K) + 1 / rep_len(p$scale, q)^2))
  )
}

# Of a block; sd and matrix: what was asked for.
log_block_by_hand <- function(Sigma, sd, matrix, cor) {
  if (!is.null(matrix) && nrow(Sigma) > 1) return(log_matrix_by_hand(matrix, Sigma))
  sum(mapply(log_sd_prior, sd, sqrt(diag(Sigma)))) +
    (cor$parameters$eta - 1) * log(det(cov2cor(Sigma)))
}

# The log density of a step's coordinates, the last of which is log sigma, which is put there where it
# is known. y: less the others' effects.
by_hand_at <- function(posterior, model, tuning, step, point, y) {
  rows <- rows_of(posterior$design)
  w <- if (is.null(rows$weights)) rep(1, length(y)) else rows$weights
  known <- posterior$prior$sigma$parameters$value
  if (!is.null(known)) point <- c(point, log(known))
  sigma <- exp(point[length(point)])
  numbers <- numbers_of_step(model, step)
  L <- factors_at(point[-length(point)], model, tuning)
  Z <- dense_effects(posterior)[numbers]
  V <- diag(sigma^2 / w)
  value <- if (is.null(known)) log_sd_prior(posterior$prior$sigma, sigma) + log(sigma) else 0
  for (i in seq_along(numbers)) {
    grouping <- posterior$groupings[[numbers[i]]]
    Sigma <- sigma^2 * tcrossprod(L[[i]])
    V <- V + Z[[i]] %*% kronecker(diag(length(grouping$groups)), Sigma) %*% t(Z[[i]])
    own <- prior_of_grouping(posterior$prior, posterior$groupings, numbers[i])
    for (block in grouping$blocks) {
      k <- block$columns
      value <- value + log_block_by_hand(Sigma[k, k, drop = FALSE], own$sd[k], own$cov, own$cor)
    }
  }
  q <- seq_along(tuning$scale)
  precision <- posterior$beta$precision
  value <- value + sum(log(cosh(point[q]))) + length(q) * log(sigma)
  if (all(precision > 0)) {
    V <- V + rows$X %*% (t(rows$X) / precision)
    return(value + log_normal(y, as.numeric(rows$X %*% posterior$beta$mean), V))
  }
  root <- chol(crossprod(cbind(rows$X, y), solve(V, cbind(rows$X, y))))
  p <- ncol(rows$X)
  value - as.numeric(determinant(V)$modulus) / 2 - sum(log(diag(root)[seq_len(p)])) - root[p + 1, p + 1]^2 / 2
}

models <- list(
  one = list(formula = y ~ x + (1 + x | b) + (0 + v | b), step = 0L),
  nested = list(formula = y ~ x + (1 | a) + (1 + x | b) + (0 + v | b), step = 0L),
  crossed = list(formula = y ~ x + (1 | c) + (1 + x | b) + (0 + v | b), step = 1L),
  two_branches = list(formula = y ~ x + (1 | a) + (1 | b) + (1 + x | a:c), step = 0L),
  beside_a_branch = list(formula = y ~ x + (1 | a) + (1 | b) + (1 + x | a:c), step = 1L),
  chain_of_three = list(formula = y ~ x + (1 | a) + (1 | b) + (1 + x | b:k), step = 0L),
  chain_beside_crossed = list(formula = y ~ x + (1 | a) + (1 + x | b) + (1 | c), step = 0L),
  beside_a_chain = list(formula = y ~ x + (1 | a) + (1 + x | b) + (1 | c), step = 1L),
  three_crossed = list(formula = y ~ x + (1 | b) + (1 | c) + (1 | k), step = 2L),
  same_groups = list(formula = y ~ x + (1 | b) + (1 | twin), step = 0L)
)

expect_prior <- function(kind, ..., role = "coordinate") {
  formula <- models[[kind]]$formula
  step <- models[[kind]]$step
  data <- transform(joint_data(), k = rep_len(c("u", "v", "w", "z"), 60), twin = b)
  posterior <- posterior_of(formula, data, relm_prior(...), weights = w)
  model <- model_of(posterior)
  scales <- scales_of(model)
  tunings <- lapply(seq_along(model$steps), function(s) {
    tune_at_mode(model, scales, role, step = s - 1L)
  })
  model <- with_tuning(model, tunings)
  tuning <- tunings[[step + 1L]]
  set.seed(2)
  points <- matrix(rnorm(6 * length(tuning$center), sd = 0.7), ncol = 6)
  effects <- lapply(posterior$groupings, function(grouping) {
    matrix(rnorm(nrow(grouping$random) * length(grouping$groups)), nrow(grouping$random))
  })
  y <- rows_of(posterior$design)$y
  Z <- dense_effects(posterior)
  beside <- length(model$steps) > 1
  if (beside) {
    for (g in setdiff(seq_along(Z), numbers_of_step(model, step))) {
      y <- y - as.numeric(Z[[g]] %*% as.numeric(effects[[g]]))
    }
  }
  ours <- if (beside) log_density_beside(model, step, points, 1, effects)
    else log_density_at(model, tuning, points, 1)
  last <- if (role == "coordinate") nrow(points) else nrow(points) + 1
  by_hand <- apply(points, 2, function(point) by_hand_at(posterior, model, tuning, step, point, y))
  off <- ours - by_hand - jacobian_of_correlations(points[-last, , drop = FALSE], model, step)
  expect_lt(diff(range(off)), 1e-7, label = paste(kind, deparse1(substitute(list(...)))))
}

# A residual standard deviation that is known.
expect_fixed <- function(kind) {
  for (sd in list(uniform(), half_t(3, 1), uniform(1e4))) {
    expect_prior(kind, sd = sd, sigma = fixed(0.7), role = "fixed")
  }
  for (sd in list(half_cauchy(2), half_normal(1.5), exponential(2), inverse_gamma(1, 0.5))) {
    expect_prior(kind, beta = normal(1, 2), sd = sd, sigma = fixed(1), role = "fixed")
  }
  expect_prior(kind, beta = flat(), sd = half_t(3, 1), cor = lkj(0.7), sigma = fixed(1.2), role = "fixed")
  expect_prior(kind, cov = list(b = huang_wand(2, c(1, 3))), sigma = fixed(2), role = "fixed")
  expect_prior(kind, cov = list(b = inverse_wishart(4, matrix(c(1, 0.3, 0.3, 2), 2))), sigma = fixed(2), role = "fixed")
}

# Priors of each kind, in any model of the three.
expect_priors_of_scales <- function(kind) {
  for (sd in list(half_t(3, 1), half_cauchy(2), half_normal(1.5), exponential(2), inverse_gamma(1, 0.5),
                  uniform(1e4))) {
    expect_prior(kind, sd = sd, sigma = half_normal(2))
  }
  expect_prior(kind, sd = list(b = list(x = exponential(1), Intercept = half_t(4, 2)), v = half_normal(1)))
  for (sigma in list(jeffreys(), half_t(3, 1), half_cauchy(1), exponential(1), inverse_gamma(2, 1), uniform(1e4))) {
    expect_prior(kind, sd = half_normal(1), sigma = sigma)
  }
}

expect_priors_of_matrices <- function(kind) {
  expect_prior(kind, sd = half_t(3, 1), cor = lkj(0.7))
  expect_prior(kind, sd = half_t(3, 1), cor = list(b = lkj(3)))
  expect_prior(kind, cov = list(b = inverse_wishart(4, matrix(c(1, 0.3, 0.3, 2), 2))), sigma = half_normal(1))
  expect_prior(kind, cov = list(b = huang_wand(2, c(1, 3))), sigma = half_normal(1))
}

expect_priors_of_coefficients <- function(kind) {
  expect_prior(kind, beta = flat(), sd = half_normal(1))
  expect_prior(kind, beta = normal(1, 2), sd = half_normal(1))
  expect_prior(kind, beta = list(x = normal(0, 0.5), Intercept = normal(3, 1)), sd = half_normal(1))
}

test_that("one grouping has the priors of standard deviations that are asked for", {
  expect_priors_of_scales("one")
})

test_that("nested groupings have the priors of standard deviations that are asked for", {
  expect_priors_of_scales("nested")
})

test_that("crossed groupings have the priors of standard deviations that are asked for", {
  expect_priors_of_scales("crossed")
})

test_that("one grouping has the priors of covariance matrices that are asked for", {
  expect_priors_of_matrices("one")
})

test_that("nested groupings have the priors of covariance matrices that are asked for", {
  expect_priors_of_matrices("nested")
})

test_that("crossed groupings have the priors of covariance matrices that are asked for", {
  expect_priors_of_matrices("crossed")
})

test_that("one grouping has the priors of coefficients that are asked for", {
  expect_priors_of_coefficients("one")
})

test_that("nested groupings have the priors of coefficients that are asked for", {
  expect_priors_of_coefficients("nested")
})

test_that("crossed groupings have the priors of coefficients that are asked for", {
  expect_priors_of_coefficients("crossed")
})

test_that("priors that are named by grouping print as the calls that make them", {
  prior <- relm_prior(sd = list(a = list(x = exponential(2)), v = half_t(3, 1)), cor = list(b = lkj(2)))
  printed <- paste(utils::capture.output(print(prior)), collapse = "\n")
  for (call in c("exponential(2)", "half_t(3, 1)", "lkj(2)")) expect_match(printed, call, fixed = TRUE)
})

test_that("one grouping has a residual standard deviation that is known", {
  expect_fixed("one")
})

test_that("nested groupings have a residual standard deviation that is known", {
  expect_fixed("nested")
})

test_that("crossed groupings have a residual standard deviation that is known", {
  expect_fixed("crossed")
})

test_that("groupings of each structure have a residual standard deviation that is known", {
  for (kind in setdiff(names(models), c("one", "nested", "crossed"))) {
    expect_prior(kind, sd = half_t(3, 1), sigma = fixed(0.7), role = "fixed")
  }
  expect_length(model_of(posterior_of(models$two_branches$formula, joint_data()))$steps, 2)
  expect_length(model_of(posterior_of(models$chain_beside_crossed$formula, joint_data()))$steps, 2)
})

# The target against a dense evaluation of the same marginal, and the draws against
# quadrature and against the interweaved sampler.

test_that("the target is the dense one, from no variance to a large one", {
  data <- grouped_data()
  posteriors <- list(
    posterior_of(y ~ x + v + (1 | g), data, weights = w),
    posterior_of(y ~ x + (1 + x | g), data),
    posterior_of(y ~ x + between + (1 + x + v | g), data, weights = w),
    posterior_of(y ~ 0 + x + (1 + v || g), data)
  )
  for (posterior in posteriors) {
    model <- relm:::sampler_model(posterior, "uncentered")
    q <- model$n_random
    set.seed(4)
    unit <- matrix(rnorm(q^2), q)
    unit[upper.tri(unit)] <- 0
    origin <- NULL
    for (size in c(0, 1e-8, 1e-4, 0.01, 0.3, 1, 10, 100)) {
      ours <- ours_at(model, size * unit)
      theirs <- dense_marginal(posterior, size * unit)
      if (is.null(origin)) origin <- ours[["log_density"]] - theirs[["log_density"]]
      ours[["log_density"]] <- ours[["log_density"]] - origin
      expect_lt(max(abs(ours - theirs) / pmax(1, abs(theirs))), 1e-10)
    }
  }
})

test_that("coordinates give L, the prior and the Jacobian", {
  posterior <- posterior_of(y ~ x + (1 + x + v | g), grouped_data(), relm_prior(cor = lkj(2.5)))
  model <- relm:::sampler_model(posterior, "uncentered")
  tuning <- relm:::new_tuning(model, relm:::estimate_scales(model), "integrated")
  tuning$scale <- c(0.3, 1, 2)
  target <- function(point) relm:::log_target(model, tuning, point, 1)
  # lambda and the correlations of a point.
  natural <- function(point) {
    y <- tanh(point[4:6])
    C <- diag(3)
    C[2, 1] <- y[1]
    C[3, 1] <- y[2]
    C[3, 2] <- y[2] * y[1] + y[3] * sqrt((1 - y[1]^2) * (1 - y[2]^2))
    c(tuning$scale * sinh(point[1:3]), C[lower.tri(C)])
  }
  expected <- function(point) {
    value <- natural(point)
    C <- diag(3)
    C[lower.tri(C)] <- value[4:6]
    C[upper.tri(C)] <- t(C)[upper.tri(C)]
    L <- diag(value[1:3]) %*% t(chol(C))
    step <- 1e-5
    jacobian <- vapply(1:6, function(k) {
      e <- replace(numeric(6), k, step)
      (natural(point + e) - natural(point - e)) / (2 * step)
    }, numeric(6))
    .Call(relm:::ffi_marginal, model, L, 1L)$log_density + 1.5 * log(det(C)) +
      log(abs(det(jacobian)))
  }
  set.seed(6)
  points <- matrix(rnorm(60), 10)
  difference <- apply(points, 1, function(point) target(point) - expected(point))
  expect_lt(diff(range(difference)), 1e-6)
  # The signs of lambda_2 and of its correlations.
  flipped <- points %*% diag(c(1, -1, 1, -1, 1, -1))
  expect_equal(apply(flipped, 1, target), apply(points, 1, target))
})

test_that("points are found again from draws", {
  posterior <- posterior_of(y ~ x + v + (1 + x + v | g) + (0 + between | g), grouped_data())
  model <- relm:::sampler_model(posterior, "uncentered")
  set.seed(1)
  estimate <- relm:::estimate_scales(model)
  model$tuning <- relm:::tune_at_mode(model, estimate, "integrated")
  start <- list(theta = estimate$theta, Sigma = estimate$Sigma, sigma2 = estimate$sigma2,
                point = model$tuning$center)
  chain <- relm:::sample_chain(model, "collapsed", start, 20)
  found <- relm:::points_of(t(chain$hyper), model, model$tuning)[20, ]
  expect_equal(abs(found), abs(chain$state$point), tolerance = 1e-6)
})

# Shares of draws below the exact quantiles, in Monte Carlo standard errors.
share_distances <- function(fit, exact) {
  draws <- as_draws_array(fit, rownames(exact))
  unlist(lapply(rownames(exact), function(name) {
    x <- matrix(draws[, , name], dim(draws)[1])
    vapply(c(q2.5 = 0.025, q50 = 0.5, q97.5 = 0.975), function(share) {
      below <- x < exact[name, paste0("q", 100 * share)]
      (mean(below) - share) / posterior::mcse_mean(matrix(as.numeric(below), nrow(x)))
    }, 0)
  }))
}

small_groups <- function(sizes, tau, seed) {
  set.seed(seed)
  g <- rep(seq_along(sizes), sizes)
  x <- rnorm(length(g))
  data.frame(g, x, y = 1 + x + rnorm(length(sizes), sd = tau[1])[g] +
               rnorm(length(sizes), sd = tau[2])[g] * x + rnorm(length(g)))
}

test_that("small, uneven and still groups agree with quadrature", {
  cases <- list(
    small_groups(rep(8, 3), c(1, 1), 1),
    small_groups(c(1, 1, 2, 40, 5), c(1, 0), 2),
    small_groups(rep(6, 10), c(0, 0), 3),
    small_groups(rep(4, 12), c(5, 1), 4)
  )
  for (data in cases) {
    for (q in 1:2) {
      formula <- if (q == 1) y ~ x + (1 | g) else y ~ x + (1 + x || g)
      Z <- cbind("(Intercept)" = 1, x = data$x)[, seq_len(q), drop = FALSE]
      exact <- exact_posterior(data$y, cbind("(Intercept)" = 1, x = data$x), Z, data$g,
                               gname = "g")
      fit <- relm(formula, data, sampler = "collapsed", draws = 20000, seed = 7)
      expect_lt(max(abs(share_distances(fit, exact))), 4)
    }
  }
})

test_that("everything agrees with the interweaved sampler for a full Sigma, effects too", {
  data <- grouped_data(9)
  formula <- y ~ x + between + (1 + x | g) + (0 + v | g)
  prior <- relm_prior(cor = lkj(2), sigma = inverse_gamma(3, 2))
  fits <- lapply(c("collapsed", "interweaved"), function(sampler) {
    relm(formula, data, prior = prior, weights = w, sampler = sampler, draws = 20000,
         warmup = 1000, seed = 5)
  })
  draws <- lapply(fits, as_draws_array)
  distance <- vapply(variables(fits[[1]]), function(name) {
    x <- lapply(draws, function(d) matrix(d[, , name], dim(d)[1]))
    probs <- c(0.05, 0.5, 0.95)
    errors <- vapply(x, posterior::mcse_quantile, numeric(3), probs = probs)
    max(abs(quantile(x[[1]], probs) - quantile(x[[2]], probs)) / sqrt(rowSums(errors^2)))
  }, 0)
  expect_lt(max(distance), 4)
})

test_that("a chain cut in two is the chain in one piece", {
  model <- relm:::sampler_model(posterior_of(y ~ x + (1 + x | g), grouped_data()), "uncentered")
  estimate <- relm:::estimate_scales(model)
  model$tuning <- relm:::tune_at_mode(model, estimate, "integrated")
  start <- c(estimate[c("theta", "Sigma", "sigma2")], list(point = model$tuning$center))
  set.seed(1)
  whole <- relm:::sample_chain(model, "collapsed", start, 20)
  set.seed(1)
  first <- relm:::sample_chain(model, "collapsed", start, 8)
  second <- relm:::sample_chain(model, "collapsed", first$state, 12)
  expect_identical(cbind(first$hyper, second$hyper), whole$hyper)
})

test_that("with sigma a coordinate, the target is the dense one under every prior", {
  data <- grouped_data()
  beta <- normal(0.5, 2)
  cases <- list(
    posterior_of(y ~ x + v + (1 + x || g), data, weights = w,
                 relm_prior(beta, list(x = inverse_gamma(2, 0.5)), sigma = inverse_gamma(3, 2))),
    posterior_of(y ~ x + (1 + x | g), data, relm_prior(beta, cor = lkj(2.5))),
    posterior_of(y ~ x + (1 + x | g) + (0 + v | g), data,
                 relm_prior(beta, cov = inverse_wishart(4, matrix(c(1, 0.3, 0.3, 0.5), 2)),
                            sigma = uniform()))
  )
  for (posterior in cases) {
    model <- relm:::sampler_model(posterior, "uncentered")
    q <- model$n_random
    n <- q + (length(posterior$blocks) < q) + 1
    tuning <- relm:::new_tuning(model, relm:::estimate_scales(model), "coordinate")
    tuning$scale <- rep(0.7, q)
    difference <- replicate(10, {
      point <- rnorm(n, 0, 0.7)
      rho <- if (n > q + 1) tanh(point[q + 1]) else 0
      C <- diag(q)
      C[1, 2] <- C[2, 1] <- rho
      sigma <- exp(point[n])
      tau <- sigma * 0.7 * sinh(abs(point[seq_len(q)]))
      if (n > q + 1) C[1, 2] <- C[2, 1] <- rho * sign(point[1] * point[2])
      jacobian <- sum(log(cosh(point[seq_len(q)]))) + log1p(-rho^2) * (n > q + 1)
      relm:::log_target(model, tuning, point, 1) -
        dense_joint(posterior, tau, C, sigma) - jacobian
    })
    expect_lt(diff(range(difference)), 1e-8)
  }
})

test_that("under priors with a scale the draws agree with the interweaved sampler's", {
  data <- grouped_data(9)
  cases <- list(
    list(y ~ x + v + (1 + x || g), relm_prior(beta = list(x = normal(0, 0.3)),
                                             sd = list(Intercept = uniform(1), x = inverse_gamma(2, 1)))),
    list(y ~ x + (1 + x | g), relm_prior(cov = inverse_wishart(4, diag(2)), sigma = uniform(1))),
    list(y ~ x + (1 + x || g), relm_prior(sd = uniform(0.4), sigma = uniform(0.8)))
  )
  for (case in cases) {
    fits <- lapply(c("collapsed", "interweaved"), function(sampler) {
      relm(case[[1]], data, prior = case[[2]], sampler = sampler, draws = 20000, seed = 6)
    })
    expect_lt(max(abs(median_distances(fits))), 4)
  }
})

test_that("models that it cannot collapse are refused, with what can be used", {
  data <- grouped_data()
  refused <- function(says, ...) {
    expect_error(relm(..., data = data, sampler = "collapsed", draws = 2), says,
                 class = "relm_error")
  }
  data$h <- factor(rep_len(1:9, nrow(data)))
  refused("at most eight.*interweaved", y ~ x + (0 + h | g),
          prior = relm_prior(cov = inverse_wishart(10, 1)))
  refused("group effects", y ~ x, prior = relm_prior(beta = normal()))
})

test_that("the sum over groups does not depend on the number of threads", {
  set.seed(2)
  groups <- 12000
  data <- data.frame(g = rep(seq_len(groups), each = 4), x = rnorm(4 * groups), v = rnorm(4 * groups))
  data$y <- rnorm(groups)[data$g] + data$x + rnorm(4 * groups)
  for (formula in c(y ~ x + (1 | g), y ~ x + (1 + x | g), y ~ x + (1 + x + v | g))) {
    model <- relm:::sampler_model(posterior_of(formula, data), "uncentered")
    L <- diag(0.5, model$n_random)
    at <- lapply(1:3, function(threads) .Call(relm:::ffi_marginal, model, L, threads))
    expect_identical(at[[2]], at[[1]])
    expect_identical(at[[3]], at[[1]])
  }
})

test_that("a large, nearly singular L loses no digits", {
  # With L = scale [1 0; r e], e to 0 at rate 1/scale, against the same by hand in terms that
  # do not cancel: one group, one row, V = 1 + |L'z|^2.
  data <- data.frame(y = c(1, 2, 4, 3, 5, 9), x = c(1, 2, 3, 4, 5, 6), v = c(2, 1, 4, 3, 6, 5), g = 1:6)
  posterior <- posterior_of(y ~ 0 + (1 + x + v | g), data,
                            relm_prior(cov = inverse_wishart(4, 1), sigma = inverse_gamma(1, 1)))
  model <- relm:::sampler_model(posterior, "uncentered")
  for (scale in c(1, 1e3, 1e6)) {
    L <- scale * matrix(c(1, 0.5, -2, 0, 1e-7, 1e-7, 0, 0, 1e-8), 3)
    log_det <- sum(log1p(colSums((t(L) %*% rbind(1, data$x, data$v))^2)))
    at <- .Call(relm:::ffi_marginal, model, L, 1L)
    expect_equal(at$log_det, log_det, tolerance = 1e-12)
  }
})

test_that("with several residual variances it agrees with the Gibbs samplers", {
  data <- grouped_data(9)
  large <- data[ave(data$y, data$g, FUN = length) > 3, ]
  cases <- list(
    list(y ~ x + (1 + x || g), large, ~ g, relm_prior()),
    list(y ~ x + v + (1 + x | g), data, ~ f, relm_prior(beta = normal(0, 1))),
    list(y ~ x + (1 | g), data, ~ f, relm_prior(sd = inverse_gamma(2, 1), sigma = uniform(1)))
  )
  for (case in cases) {
    fits <- lapply(c("collapsed", "interweaved"), function(sampler) {
      relm(case[[1]], case[[2]], case[[3]], case[[4]], sampler = sampler, draws = 20000, seed = 8)
    })
    expect_lt(max(abs(median_distances(fits))), 4)
  }
})

test_that("a chain with several residual variances, cut in two, is the chain in one piece", {
  posterior <- posterior_of(y ~ x + (1 + x || g), grouped_data(), sigma = ~ f)
  model <- relm:::sampler_model(posterior, "uncentered")
  estimate <- relm:::estimate_scales(model)
  model$tuning <- relm:::tune_at_mode(model, estimate, "given")
  start <- c(estimate[c("theta", "Sigma", "sigma2")], list(point = model$tuning$center))
  set.seed(1)
  whole <- relm:::sample_chain(model, "collapsed", start, 20)
  set.seed(1)
  first <- relm:::sample_chain(model, "collapsed", start, 8)
  second <- relm:::sample_chain(model, "collapsed", first$state, 12)
  expect_identical(cbind(first$hyper, second$hyper), whole$hyper)
  expect_identical(cbind(first$effects, second$effects), whole$effects)
})

# log p(y | L, sigma_f) with beta integrated out, from the dense covariance.
test_that("the target given several residual variances is the dense one", {
  posterior <- posterior_of(y ~ x + v + (1 + x | g), grouped_data(), sigma = ~ f, weights = w)
  model <- relm:::sampler_model(posterior, "uncentered")
  rows <- replay_data(posterior)
  sigma2 <- c(0.3, 1, 4)
  tuning <- relm:::new_tuning(model, relm:::estimate_scales(model), "given")
  dense <- function(point) {
    tau <- tuning$scale * sinh(point[1:2])
    C <- matrix(c(1, tanh(point[3]), tanh(point[3]), 1), 2)
    V <- diag(sigma2[rows$level] / rows$w)
    for (j in unique(rows$group)) {
      own <- rows$group == j
      Z <- rows$Z[own, , drop = FALSE]
      V[own, own] <- V[own, own] + Z %*% (C * tcrossprod(tau)) %*% t(Z)
    }
    U <- chol(V)
    fit <- qr(backsolve(U, rows$X, transpose = TRUE))
    r2 <- sum(qr.resid(fit, backsolve(U, rows$y, transpose = TRUE))^2)
    -sum(log(diag(U))) - sum(log(abs(diag(qr.R(fit))))) - r2 / 2 +
      sum(log(cosh(point[1:2]))) + log1p(-tanh(point[3])^2)
  }
  set.seed(3)
  points <- matrix(rnorm(30), 3)
  difference <- relm:::log_target(model, tuning, points, sigma2) - apply(points, 2, dense)
  expect_lt(diff(range(difference)), 1e-9)
})

summary_text <- function(fit) {
  gsub("[[:space:]]+", " ", paste(capture.output(print(summary(fit))), collapse = " "))
}

# A model whose sweeps move along ellipses alone, around a t that is off the center and too narrow.
ellipses_alone <- function(posterior, moves = 2L) {
  model <- relm:::sampler_model(posterior, "uncentered")
  estimate <- relm:::estimate_scales(model)
  tuning <- relm:::tune_at_mode(model, estimate, relm:::sigma_role(posterior))
  tuning$center <- tuning$center + 0.2
  tuning$root <- 1.3 * tuning$root
  tuning[c("n_independent", "n_ellipse")] <- list(0L, moves)
  model$tuning <- tuning
  list(model = model, sigma2 = estimate$sigma2,
       start = c(estimate[c("theta", "Sigma", "sigma2")], list(point = tuning$center)))
}

# Its draws, as posterior's array.
draws_along_ellipses <- function(posterior, draws, seed = 3) {
  run <- ellipses_alone(posterior)
  set.seed(seed)
  chain <- relm:::sample_chain(run$model, "collapsed", run$start, draws, 200L, kept = integer())
  hyper <- array(t(chain$hyper), c(draws, 1, nrow(chain$hyper)),
                 list(NULL, NULL, relm:::hyper_names(posterior)))
  posterior::as_draws_array(hyper)
}

test_that("elliptical slices keep the posterior, against quadrature", {
  data <- bass_centered()
  X <- cbind("(Intercept)" = 1, x = data$x)
  exact <- exact_posterior_cov(log(data$mercury), X, X, data$station, gname = "station")
  posterior <- posterior_of(log(mercury) ~ x + (1 + x | station), data)
  expect_agreement(draws_along_ellipses(posterior, 20000), exact, "full")
  exact <- exact_posterior(log(data$mercury), X, X, data$station, gname = "station")
  posterior <- posterior_of(log(mercury) ~ x + (1 + x || station), data)
  expect_agreement(draws_along_ellipses(posterior, 20000), exact, "diagonal")
})

test_that("they do so with sigma a coordinate, and with several residual variances", {
  data <- grouped_data(9)
  prior <- relm_prior(sd = half_t(3, 1), sigma = half_normal(1))
  for (sigma in c(~ 1, ~ f)) {
    posterior <- posterior_of(y ~ x + (1 + x | g), data, prior, sigma = sigma)
    ours <- draws_along_ellipses(posterior, 20000)
    theirs <- as_draws_array(relm(y ~ x + (1 + x | g), data, sigma = sigma, prior = prior,
                                  sampler = "interweaved", draws = 8000, seed = 6))
    for (name in variables(ours)) {
      x <- list(ours[, , name], theirs[, , name])
      probs <- c(0.05, 0.5, 0.95)
      errors <- vapply(x, posterior::mcse_quantile, numeric(3), probs = probs)
      distance <- (quantile(x[[1]], probs) - quantile(x[[2]], probs)) / sqrt(rowSums(errors^2))
      expect_lt(max(abs(distance)), 4, label = name)
    }
  }
})

# One elliptical slice in plain R, which draws the same variates; target(point) is the log density.
ellipse_in_r <- function(point, tuning, target) {
  n <- length(point)
  root <- matrix(tuning$root, n)
  square <- function(x) sum((root %*% (x - tuning$center))^2)
  log_t <- function(x) -(tuning$df + n) / 2 * log1p(square(x) / tuning$df)
  columns <- which(bitwAnd(tuning$near, 2^(seq_along(tuning$scale) - 1)) > 0)
  ways <- as.matrix(expand.grid(rep(list(c(FALSE, TRUE)), length(columns))))
  flip <- function(x, way) {
    ifelse(relm:::signs_changed(tuning$sign_columns, columns[ways[way, ]]), -x, x)
  }
  log_folded <- function(x) {
    log(sum(exp(vapply(seq_len(nrow(ways)), function(way) log_t(flip(x, way)), 0))))
  }
  densities <- vapply(seq_len(nrow(ways)), function(way) exp(log_t(flip(point, way))), 0)
  chosen <- 1
  for (way in seq_len(nrow(ways))[-1]) {
    if (runif(1) * sum(densities[seq_len(way)]) < densities[way]) chosen <- way
  }
  from <- flip(point, chosen) - tuning$center
  size <- sqrt((tuning$df + square(flip(point, chosen))) / rchisq(1, tuning$df + n))
  other <- size * backsolve(root, rnorm(n))
  level <- target(point) - log_folded(point) + log(runif(1))
  angle <- 2 * pi * runif(1)
  ends <- angle - c(2 * pi, 0)
  repeat {
    new <- relm:::fold_point(tuning$center + cos(angle) * from + sin(angle) * other, tuning)
    if (target(new) - log_folded(new) > level) return(new)
    ends[(angle >= 0) + 1] <- angle
    angle <- ends[1] + diff(ends) * runif(1)
  }
}

test_that("elliptical slices are those of plain R", {
  # With a normal prior sigma is a coordinate, and a sweep draws besides only two coefficients.
  run <- ellipses_alone(posterior_of(y ~ x + (1 + x | g), grouped_data(), relm_prior(normal(0, 5))),
                        moves = 1L)
  target <- function(point) relm:::log_target(run$model, run$model$tuning, point, run$sigma2)
  point <- run$start$point
  expect_equal(run$model$tuning$near, 3L)
  set.seed(9)
  ours <- relm:::sample_chain(run$model, "collapsed", run$start, 25L, kept = integer())
  set.seed(9)
  for (sweep in 1:25) {
    point <- ellipse_in_r(point, run$model$tuning, target)
    rnorm(2)
  }
  expect_equal(ours$state$point, point, tolerance = 1e-8)
})

test_that("more slices are made where few proposals are accepted, and there alone", {
  set.seed(8)
  g <- rep(1:12, each = 10)
  X <- matrix(rnorm(480), 120, dimnames = list(NULL, letters[1:4]))
  effects <- matrix(rnorm(60), 12)
  data <- data.frame(g, X, y = rowSums(cbind(1, X) * effects[g, ]) + rnorm(120))
  hard <- relm(y ~ a + b + c + d + (1 + a + b + c + d | g), data, chains = 1, seed = 2)
  expect_true(relm:::is_helped(hard))
  expect_match(summary_text(hard), "elliptical slices")
  ess <- apply(hard$sampling$hyper, 3, posterior::ess_bulk)
  expect_gt(min(ess), 300)
  easy <- list(
    relm(log(mercury) ~ x + (1 + x || station), bass_centered(), chains = 1, seed = 2),
    relm(y ~ x + (1 + x | g), grouped_data(), chains = 1, seed = 2, prior = relm_prior(normal(0, 5)))
  )
  for (fit in easy) {
    expect_false(relm:::is_helped(fit))
    expect_false(grepl("elliptical", summary_text(fit)))
  }
})

test_that("draws that all but lie in a plane leave the proposals as they are", {
  set.seed(3)
  line <- rnorm(40)
  found <- FALSE
  for (power in seq(7, 9, by = 0.05)) {
    points <- cbind(line, line + 10^-power * rnorm(40), rnorm(40))
    covariance <- cov(points)
    if (!relm:::is_positive_definite(covariance)) next
    inverse <- chol2inv(chol(covariance * relm:::proposal_width^2))
    if (relm:::is_positive_definite(inverse)) next
    found <- TRUE
    expect_identical(relm:::tune_to_draws(list(scale = c(1, 1)), points), list(scale = c(1, 1)))
  }
  expect_true(found)
})

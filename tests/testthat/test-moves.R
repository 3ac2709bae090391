# Moves among a target's points, against quadrature and against plain R.

# A model whose sweeps move along ellipses alone, around a t that is off the center and too narrow.
ellipses_alone <- function(posterior, moves = 2L) {
  model <- model_of(posterior)
  estimate <- scales_of(model)
  tuning <- tuning_at_mode(model, role_of_sigma(posterior), estimate)
  tuning$center <- tuning$center + 0.2
  tuning$root <- 1.3 * tuning$root
  tuning[c("n_independent", "n_ellipse")] <- list(0L, moves)
  model <- tuned_model(model, tuning)
  list(model = model, sigma2 = estimate$sigma2,
       start = c(estimate[c("theta", "Sigma", "sigma2")], list(point = list(tuning$center))))
}

# Its draws, as posterior's array.
draws_along_ellipses <- function(posterior, draws, seed = 3) {
  run <- ellipses_alone(posterior)
  set.seed(seed)
  chain <- chain_of(run$model, "collapsed", run$start, draws, 200L, kept = integer())
  hyper <- array(t(chain$hyper), c(draws, 1, nrow(chain$hyper)),
                 list(NULL, NULL, posterior$parameters$variable))
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
    ifelse(signs_changed(tuning$sign_columns, columns[ways[way, ]]), -x, x)
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
    new <- fold_point(tuning$center + cos(angle) * from + sin(angle) * other, tuning)
    if (target(new) - log_folded(new) > level) return(new)
    ends[(angle >= 0) + 1] <- angle
    angle <- ends[1] + diff(ends) * runif(1)
  }
}

test_that("elliptical slices are those of plain R", {
  # With a normal prior sigma is a coordinate, and a sweep draws besides only two coefficients.
  run <- ellipses_alone(posterior_of(y ~ x + (1 + x | g), grouped_data(), relm_prior(normal(0, 5))),
                        moves = 1L)
  target <- function(point) log_density_at(run$model, tuning_in(run$model), point, run$sigma2)
  point <- run$start$point[[1]]
  expect_equal(tuning_in(run$model)$near, 3L)
  set.seed(9)
  ours <- chain_of(run$model, "collapsed", run$start, 25L, kept = integer())
  set.seed(9)
  for (sweep in 1:25) {
    point <- ellipse_in_r(point, tuning_in(run$model), target)
    rnorm(2)
  }
  expect_equal(ours$state$point[[1]], point, tolerance = 1e-8)
})

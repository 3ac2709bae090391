# Where a step's proposals move to with the effects of other groupings.

test_that("coefficients follow as generalized least squares would have them, and the score is of the rest", {
  set.seed(21)
  data <- data.frame(a = factor(sample(6, 60, TRUE)), b = factor(sample(4, 60, TRUE)),
                     x = round(rnorm(60), 2))
  data$y <- rpois(60, exp(0.2 + 0.3 * data$x + rnorm(6, 0, 0.5)[data$a]))
  prior <- relm_prior(beta = normal(0, 2), sd = half_normal(1))
  fit <- relm(y ~ x + (1 + x || a) + (1 | b), data, family = poisson(), prior = prior, chains = 1,
              draws = 30, seed = 1)
  model <- restore_tuning(model_of(fit$posterior), fit$sampling$tuning, 1L)
  model$record <- TRUE
  state <- fit$sampling$ends[[1]]$state
  set.seed(3)
  run <- sample_chain(model, "collapsed", state, 1, kept = list(integer(), integer()))
  # The first step's visit has met the state's effects of the other grouping.
  tuning <- fit$sampling$tuning[[1]]
  other <- fit$sampling$tuning[[2]]$reference_effect
  reference <- tuning$reference
  responses <- fit$posterior$responses
  X <- matrix(model$responses$X, ncol = 2)
  group <- responses$group
  z <- responses$Z[, model$groupings[[1]]$place + 1]
  sd <- abs(tuning$scale * sinh(reference[1:2]))
  theta <- reference[3:4]
  at <- function(offset, theta) {
    # Modes of the step's effects, group by group.
    modes <- vapply(1:6, function(j) {
      rows <- group[, 1] == j
      density <- function(u) {
        eta <- X[rows, , drop = FALSE] %*% theta + offset[rows] + z[rows, , drop = FALSE] %*% (sd * u)
        -sum(responses$y[rows] * eta - responses$trials[rows] * exp(eta)) + sum(u^2) / 2
      }
      sd * stats::optim(c(0, 0), density, method = "BFGS", control = list(reltol = 1e-14))$par
    }, c(0, 0))
    drop(X %*% theta + offset + rowSums(z * t(modes)[group[, 1], ]))
  }
  eta <- at(other[group[, 2]], theta)
  w <- drop(responses$trials * exp(eta))
  # V = W^-1 + Z D Z'.
  Z <- matrix(0, nrow(X), 12)
  for (k in 1:2) Z[cbind(seq_len(nrow(X)), 2 * (group[, 1] - 1) + k)] <- z[, k]
  V <- diag(1 / w) + Z %*% (rep(sd^2, 6) * t(Z))
  A <- solve(crossprod(X, solve(V, X)) + matrix(model$prior_precision, 2), t(solve(V, X)))
  moved <- state$effect[[2]][group[, 2]] - other[group[, 2]]
  shift <- drop(A %*% moved)
  recorded <- run$records[[1]]
  expect_equal(recorded[5:6, 1], shift, tolerance = 1e-3)
  # Working responses of the effects: r = Z'W(residual), less what has moved.
  working <- responses$y / w - responses$trials * exp(eta) / w + eta - X %*% theta - other[group[, 2]]
  r <- crossprod(Z, w * (working - moved + X %*% shift))
  b <- solve(diag(rep(1 / sd^2, 6)) + crossprod(Z, w * Z), r)
  expect_equal(recorded[7:8, 1], rowSums(matrix(b, 2)^2), tolerance = 1e-3)
})

test_that("draws do not depend on what proposals follow", {
  set.seed(22)
  data <- expand.grid(a = factor(1:8), b = factor(1:5))
  data$y <- rbinom(40, 1, plogis(rnorm(8)[data$a] + rnorm(5)[data$b]))
  prior <- relm_prior(beta = normal(0, 2), sd = half_normal(1))
  fit <- function() {
    relm(y ~ 1 + (1 | a) + (1 | b), data, family = binomial(), prior = prior, draws = 3000, seed = 4)
  }
  following <- fit()
  staying <- with_relm("learn_from_visits", function(tuning, records) {
    points <- t(records[seq_along(tuning$center), , drop = FALSE])
    tuning$slope[] <- 0
    tune_to_draws(tuning, points)
  }, fit())
  for (name in variables(following)) {
    a <- as.array(following, name)[, , 1]
    b <- as.array(staying, name)[, , 1]
    error <- sqrt(posterior::mcse_mean(a)^2 + posterior::mcse_mean(b)^2)
    expect_lt(abs(mean(a) - mean(b)) / error, 4, label = name)
  }
})

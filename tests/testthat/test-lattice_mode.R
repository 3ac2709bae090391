# Modes of group effects against a general search.

test_that("modes are those that a search finds, wherever it starts", {
  data <- family_data()
  for (case in family_cases()) {
    posterior <- family_posterior(case, ~ x + (1 + x | g), data)
    shape <- if (identical(case$family$family, "negative_binomial")) 2
    hyper <- c(0.2, 0.5, 1.4, 0.8, 0.3, shape)
    model <- model_of(posterior)
    modes <- matrix(with_modes(model, hyper)$responses$mode, 2)
    L <- diag(c(1.4, 0.8)) %*% rbind(c(1, 0), c(0.3, sqrt(1 - 0.09)))
    for (j in c(1, 3, 6)) {
      rows <- which(posterior$responses$group == j)
      fixed <- drop(posterior$responses$X[rows, , drop = FALSE] %*% c(0.2, 0.5))
      Z <- posterior$responses$Z[rows, , drop = FALSE]
      value <- function(u) {
        merged_log_likelihood(posterior, rows, as.matrix(fixed + Z %*% L %*% u), shape) - sum(u^2) / 2
      }
      found <- optim(c(0, 0), value, method = "BFGS", control = list(fnscale = -1, reltol = 1e-14))
      expect_equal(modes[, j], found$par, tolerance = 1e-4)
      expect_gte(value(modes[, j]), found$value - 1e-10)
    }
  }
})

test_that("a mode is found far from where the search begins", {
  counts <- data.frame(g = rep(c("a", "b"), c(2, 3)), y = c(1e6, 2e6, 0, 0, 0))
  posterior <- relm_posterior(crossprods(y ~ 1 + (1 | g), counts, family = poisson()),
                              relm_prior(beta = normal(0, 5), sd = half_normal(10)))
  modes <- with_modes(model_of(posterior), c(0, 20))$responses$mode
  # e^(20 u) = 3e6 / 2 less u / 40, nearly; and of none 3 e^(20 u) 20 = -u.
  expect_equal(modes[1], log(1.5e6) / 20, tolerance = 1e-6)
  expect_equal(60 * exp(20 * modes[2]), -modes[2], tolerance = 1e-6)
})

test_that("modes are found where a row or a count starts thousands away", {
  prior <- relm_prior(beta = normal(0, 5), sd = half_normal(10))
  outlier <- data.frame(g = rep(c("a", "b"), c(3, 4)), x = c(1e4, -1, 1, 0, 0.5, 1, -2), y = c(0, 1, 0, 1, 1, 0, 1))
  counts <- data.frame(g = rep(c("a", "b"), c(3, 4)), x = c(1, 0, -1, 1, 1, -1, -1), y = c(3, 0, 1, 2, 0, 5, 4))
  far <- function(offset) crossprods(y ~ 1 + (1 + x | g), counts, family = poisson(), offset = offset)
  # Intercept, slope, standard deviations, correlation.
  cases <- list(
    list(crossprods(y ~ x + (1 + x | g), outlier, family = binomial()), c(0, 1, 1, 0.5, 0.3)),
    list(far(rep(-900, 7)), c(0, 20, 3, 0.3)), list(far(rep(100, 7)), c(0, 20, 3, 0.3))
  )
  for (case in cases) {
    posterior <- relm_posterior(case[[1]], prior)
    hyper <- case[[2]]
    modes <- matrix(with_modes(model_of(posterior), hyper)$responses$mode, 2)
    n_coef <- length(hyper) - 3
    L <- diag(hyper[n_coef + 1:2]) %*% rbind(c(1, 0), c(0.3, sqrt(1 - 0.09)))
    rows <- posterior$responses
    for (j in 1:2) {
      own <- which(rows$group == j)
      A <- rows$Z[own, ] %*% L
      eta <- rows$offset[own] + drop(rows$X[own, , drop = FALSE] %*% hyper[seq_len(n_coef)] + A %*% modes[, j])
      mean <- if (length(hyper) == 5) plogis(eta) else rows$trials[own] * exp(eta)
      weight <- if (length(hyper) == 5) mean * (1 - mean) else mean
      slope <- drop(crossprod(A, rows$y[own] - mean)) - modes[, j]
      # A step of Newton's method, in standard deviations, is small.
      H <- diag(2) + crossprod(A * weight, A)
      expect_lt(sum(slope * solve(H, slope)), 0.01)
    }
  }
})

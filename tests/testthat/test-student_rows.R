# Densities of rows with t residuals, the effects of their group and their own weights integrated out.

t_and_normal <- function(r, v, s2, df) .Call(ffi_t_and_normal, r, v, s2, df)

test_that("the density of a t variable and a normal one is the integral", {
  set.seed(3)
  n <- 60
  r <- rnorm(n) * 10^runif(n, -1, 1.5)
  v <- 10^runif(n, -4, 2)
  s2 <- 10^runif(n, -3, 2)
  df <- 1 + 10^runif(n, -2, 1.5)
  exact <- mapply(function(r, v, s2, df) {
    density <- function(b) {
      exp(dt((r - b) / sqrt(s2), df, log = TRUE) - log(s2) / 2 + dnorm(b, 0, sqrt(v), log = TRUE))
    }
    ends <- c(c(-38, -12, -3, 0, 3, 12, 38) * sqrt(v), r + c(-100, -10, -3, 0, 3, 10, 100) * sqrt(s2))
    ends <- sort(ends[abs(ends) <= 38 * sqrt(v)])
    log(sum(mapply(function(a, b) {
      stats::integrate(density, a, b, rel.tol = 1e-10, abs.tol = 0, subdivisions = 2000L,
                       stop.on.error = FALSE)$value
    }, ends[-length(ends)], ends[-1])))
  }, r, v, s2, df)
  expect_equal(t_and_normal(r, v, s2, df), exact, tolerance = 1e-9)
})

test_that("its limits are the t and the normal density", {
  r <- c(-30, -1, 0, 0.3, 200)
  for (df in c(0.5, 1, 3, 1e3, 1e8)) {
    expect_equal(t_and_normal(r, numeric(5), rep(0.7, 5), rep(df, 5)),
                 dt(r / sqrt(0.7), df, log = TRUE) - log(0.7) / 2, tolerance = 1e-9)
  }
  expect_equal(t_and_normal(r[1:4], rep(2, 4), rep(0.7, 4), rep(1e9, 4)),
               dnorm(r[1:4], 0, sqrt(2.7), log = TRUE), tolerance = 1e-6)
})

# The density of row i given weights: that of the others, or of all, by the dense normal
# distribution of their errors.
dense_density <- function(i, e, s2, weight, Z, Sigma, df, leave_out) {
  given <- if (leave_out) setdiff(seq_along(e), i) else seq_along(e)
  V <- Z[given, , drop = FALSE] %*% Sigma %*% t(Z[given, , drop = FALSE]) +
    diag(s2[given] / weight[given], length(given))
  between <- Z[i, , drop = FALSE] %*% Sigma %*% t(Z[given, , drop = FALSE])
  mean <- as.numeric(between %*% solve(V, e[given]))
  variance <- as.numeric(Z[i, , drop = FALSE] %*% Sigma %*% Z[i, ] - between %*% solve(V, t(between)))
  t_and_normal(e[i] - mean, variance, s2[i], df)
}

test_that("rows given the others are those of the dense normal distribution", {
  set.seed(4)
  n <- 6
  draws <- 3
  e <- matrix(rnorm(draws * n), draws)
  s2 <- matrix(rexp(draws * n), draws)
  weight <- matrix(rexp(draws * n), draws)
  df <- c(1.5, 4, 80)
  for (q in 1:3) {
    Z <- matrix(rnorm(n * q), n)
    L <- array(0, c(q, q, draws))
    for (d in seq_len(draws)) L[, , d] <- t(chol(crossprod(matrix(rnorm(q * 5), 5))))
    for (leave_out in c(TRUE, FALSE)) {
      found <- .Call(ffi_student_rows, e, s2, weight, Z, L, df, leave_out)
      for (d in seq_len(draws)) {
        Sigma <- tcrossprod(matrix(L[, , d], q))
        exact <- vapply(seq_len(n), dense_density, 0, e[d, ], s2[d, ], weight[d, ], Z, Sigma, df[d],
                        leave_out)
        expect_equal(found[d, ], exact, tolerance = 1e-8)
      }
    }
  }
})

test_that("both ways of leaving rows out estimate the same", {
  skip_on_cran()
  skip_if_not_installed("loo")
  data <- student_data(90)
  for (formula in list(y ~ x + (1 + x | a), y ~ x + (1 | a) + (1 | b), y ~ x)) {
    fit <- relm(formula, data, weights = w, family = student(), seed = 1, draws = 2000)
    integrated <- loo(fit)$pointwise
    drawn <- suppressWarnings(loo(fit, integrated = FALSE))$pointwise
    error <- sqrt(integrated[, "mcse_elpd_loo"]^2 + drawn[, "mcse_elpd_loo"]^2)
    distance <- abs(integrated[, "elpd_loo"] - drawn[, "elpd_loo"]) / pmax(error, 1e-8)
    expect_lt(max(distance[drawn[, "influence_pareto_k"] < 0.5]), 5)
    expect_lte(mean(integrated[, "influence_pareto_k"]),
               mean(drawn[, "influence_pareto_k"]) + 1e-8)
  }
})

test_that("a row left out has the density of a fit without it", {
  skip_on_cran()
  skip_if_not_installed("loo")
  data <- student_data(60)
  fit <- relm(y ~ x + (1 | a), data, family = student(), seed = 1, draws = 4000)
  elpd <- loo(fit)$pointwise[, "elpd_loo"]
  for (row in c(which.max(abs(data$y - median(data$y))), 7)) {
    without <- relm(y ~ x + (1 | a), data[-row, ], family = student(), seed = 2, draws = 4000)
    density <- exp(log_lik(without, newdata = data[row, ]))
    exact <- log(mean(density))
    error <- posterior::mcse_mean(matrix(density, ncol = 4)) / mean(density)
    expect_lt(abs(elpd[row] - exact), 5 * sqrt(error^2 + 0.02^2))
  }
})

# The three-dimensional quadrature against a dense evaluation and against the
# two-dimensional one; then all samplers against it.

skip_on_cran()

quadrature_case <- function() {
  data <- grouped_data(8)
  list(y = data$y, X = cbind("(Intercept)" = 1, x = data$x, between = data$between),
       Z = cbind("(Intercept)" = 1, x = data$x), group = data$g, w = data$w)
}

test_that("the integrand is the dense one, with the Jacobian of its coordinates", {
  case <- quadrature_case()
  n <- length(case$y)
  df <- n - 3 - 2
  eta <- 2.5
  turned <- with(case, turn_groups(sqrt(w) * cbind(X, y), sqrt(w) * Z, group))
  set.seed(3)
  v <- cbind(runif(10, -1, 3), runif(10, -1, 3), rnorm(10))
  natural <- function(v) c(exp(v[1:2] - exp(-v[1:2])), tanh(sinh(v[3])))
  expected <- apply(v, 1, function(v) {
    at <- natural(v)
    Sigma <- matrix(c(1, at[3], at[3], 1), 2) * tcrossprod(at[1:2])
    V <- diag(1 / case$w) +
      case$Z %*% Sigma %*% t(case$Z) * outer(case$group, case$group, "==")
    U <- chol(V)
    fit <- qr(backsolve(U, case$X, transpose = TRUE))
    rss <- sum(qr.resid(fit, backsolve(U, case$y, transpose = TRUE))^2)
    # The coordinates are separate, so the Jacobian is a product.
    jacobian <- vapply(1:3, function(k) {
      step <- replace(numeric(3), k, 1e-5)
      (natural(v + step) - natural(v - step))[k] / 2e-5
    }, 0)
    -sum(log(diag(U))) - sum(log(abs(diag(qr.R(fit))))) - df / 2 * log(rss) +
      (eta - 1) * log1p(-at[3]^2) + sum(log(jacobian))
  })
  difference <- cov_posterior(v, turned, c(0, 0), df, eta)$log_density - expected
  expect_lt(diff(range(difference)), 1e-7)
})

test_that("correlations bound to zero give the quadrature for a diagonal Sigma", {
  case <- quadrature_case()
  full <- with(case, exact_posterior_cov(y, X, Z, group, w, "g", eta = 1e7))
  diagonal <- with(case, exact_posterior(y, X, Z, group, w, "g"))
  for (name in rownames(diagonal)) {
    quantiles <- unlist(diagonal[name, c("q2.5", "q50", "q97.5")])
    expect_lt(max(abs(exact_cdf(full, name, quantiles) - c(0.025, 0.5, 0.975))), 3e-5,
              label = name)
  }
})

# The Gibbs samplers mix slowly in a small tau: they are thinned, so that storing and
# judging their draws does not cost more than drawing them.
expect_samplers_agree <- function(formula, data, exact, prior = relm_prior(), gibbs_thin) {
  for (sampler in c("centered", "uncentered", "interweaved", "collapsed")) {
    thin <- if (sampler %in% c("centered", "uncentered")) gibbs_thin else 2
    fit <- relm(formula, data, prior = prior, sampler = sampler, draws = 4000,
                warmup = 500, thin = thin, seed = 8)
    expect_agreement(fit, exact, sampler)
  }
}

test_that("all samplers agree with it on the bass data", {
  data <- bass_centered()
  X <- cbind("(Intercept)" = 1, x = data$x)
  exact <- exact_posterior_cov(log(data$mercury), X, X, data$station, gname = "station")
  expect_samplers_agree(log(mercury) ~ x + (1 + x | station), data, exact, gibbs_thin = 12)
})

test_that("all samplers agree with it on the sleep study", {
  skip_if_not_installed("lme4")
  data <- lme4::sleepstudy
  X <- cbind("(Intercept)" = 1, Days = data$Days)
  exact <- exact_posterior_cov(data$Reaction, X, X, data$Subject, gname = "Subject")
  expect_samplers_agree(Reaction ~ Days + (1 + Days | Subject), data, exact, gibbs_thin = 4)
})

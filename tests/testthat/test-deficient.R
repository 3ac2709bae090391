# Columns that only proper priors tell apart, against conjugate answers: sigma and the standard
# deviation of the group effects are known to a thousandth.
data <- transform(grouped_data(), twice = 2 * x, f = factor(f))
known <- function(value) inverse_gamma(5e5, 5e5 * value^2)

conjugate <- function(X, y, mean, precision, V) {
  P <- diag(precision, ncol(X))
  covariance <- solve(crossprod(X, solve(V, X)) + P)
  list(mean = drop(covariance %*% (crossprod(X, solve(V, y)) + P %*% mean)),
       covariance = covariance)
}

# Means to four Monte Carlo standard errors, standard deviations likewise.
expect_conjugate <- function(fit, answer, label) {
  draws <- as_draws_array(fit, variable = "^b_", regex = TRUE)
  each <- lapply(seq_len(dim(draws)[3]), function(k) matrix(draws[, , k], nrow(draws)))
  sd <- sqrt(diag(answer$covariance))
  error <- vapply(each, mean, 0) - answer$mean
  expect_lt(max(abs(error) / vapply(each, posterior::mcse_mean, 0)), 4.5, label = label)
  ratio <- vapply(each, sd_of, 0) - sd
  expect_lt(max(abs(ratio) / vapply(each, posterior::mcse_sd, 0)), 4.5, label = label)
}
sd_of <- function(x) stats::sd(as.numeric(x))

Z <- stats::model.matrix(~ 0 + factor(g, unique(g)), data)
V <- diag(0.7^2, nrow(data)) + 0.5^2 * tcrossprod(Z)
prior <- function(beta) relm_prior(beta = beta, sd = known(0.5), sigma = known(0.7))

test_that("an aliased column with a proper prior is kept, by every sampler", {
  X <- cbind(1, data$x, data$twice)
  everywhere <- conjugate(X, data$y, rep(1, 3), rep(1 / 4, 3), V)
  one <- conjugate(X, data$y, rep(1, 3), c(0, 0, 1 / 4), V)
  for (sampler in c("collapsed", "interweaved", "centered", "uncentered")) {
    fit <- relm(y ~ x + twice + (1 | g), data, prior = prior(normal(1, 2)), sampler = sampler,
                seed = 1)
    expect_conjugate(fit, everywhere, sampler)
    fit <- relm(y ~ x + twice + (1 | g), data, prior = prior(list(twice = normal(1, 2))),
                sampler = sampler, seed = 2)
    expect_conjugate(fit, one, sampler)
  }
})

test_that("columns with flat priors are dropped where those with flat priors alias them", {
  some <- prior(list(x = normal(0, 1)))
  expect_message(posterior <- relm_posterior(
    crossprods(y ~ x + twice + I(twice + 1) + (1 | g), data), some), "1 aliased.*twice \\+ 1")
  expect_identical(posterior$fixed, c("(Intercept)", "x", "twice"))
  expect_silent(fit <- relm(y ~ x + twice + (1 | g), data, prior = some, seed = 1))
  X <- cbind(1, data$x, data$twice)
  expect_conjugate(fit, conjugate(X, data$y, rep(0, 3), c(0, 1, 0), V), "flat and normal")
})

test_that("there may be more columns than rows", {
  few <- data[1:20, ]
  set.seed(5)
  few$M <- matrix(rnorm(20 * 30), 20)
  X <- cbind(1, few$M)
  fit <- relm(y ~ M, few, prior = relm_prior(beta = normal(1, 2), sigma = known(0.7)), seed = 1)
  answer <- conjugate(X, few$y, rep(1, 31), rep(1 / 4, 31), diag(0.7^2, 20))
  expect_conjugate(fit, answer, "more columns")
  expect_error(relm(y ~ M, few, prior = relm_prior(beta = normal(1, 2))), "No residual is left",
               class = "relm_error")
  # With a residual variance of each level too: what no level tells is known from the prior.
  by_level <- relm(y ~ M, few, sigma = ~ f, seed = 1,
                   prior = relm_prior(beta = normal(1, 2), sigma = known(0.7)))
  expect_conjugate(by_level, answer, "several sigmas")
})

test_that("predictions, continued chains and other rows work as ever", {
  fit <- relm(y ~ x + twice + (1 | g), data, prior = prior(normal(1, 2)), seed = 1, chains = 1,
              draws = 100)
  expect_identical(as.matrix(extend(fit, 50)),
                   as.matrix(update(fit, draws = 150)))
  draws <- as.matrix(fit, "^b_", regex = TRUE)
  expect_equal(unname(posterior_epred(fit, data[3:4, ], re_formula = NA)),
               unname(draws %*% rbind(1, data$x[3:4], data$twice[3:4])))
  expect_identical(update(fit, seed = 3)$posterior$fixed, fit$posterior$fixed)
})

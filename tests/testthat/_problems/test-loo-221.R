# Extracted from test-loo.R:221

# setup ------------------------------------------------------------------------
library(testthat)
test_env <- simulate_test_env(package = "relm", path = "..")
attach(test_env, warn.conflicts = FALSE)

# prequel ----------------------------------------------------------------------
skip_on_cran()
skip_if_not_installed("loo")
bass_x <- bass_centered()
fit2 <- relm(log(mercury) ~ x + (1 | station), bass_x, seed = 1)
fit3 <- relm(log(mercury) ~ x + (1 + x || station), bass_x, seed = 1)
log_mean_density <- function(density) {
  c(log(mean(density)), sd(density) / sqrt(length(density)) / mean(density))
}
refit_fish <- function(formula, i) {
  fit <- relm(formula, bass_x[-i, ], seed = i, chains = 2, draws = 1500)
  name <- function(term) sprintf("coef_station[%s,%s]", bass_x$station[i], term)
  draws <- as.matrix(fit, c(name("Intercept"), name("x"), "sigma"))
  log_mean_density(dnorm(log(bass_x$mercury[i]), draws[, 1] + draws[, 2] * bass_x$x[i], draws[, 3]))
}
refit_station <- function(formula, j) {
  own <- bass_x$station == j
  fit <- relm(formula, bass_x[!own, ], seed = 7, chains = 2, draws = 600)
  draws <- as.matrix(fit, "^(b_|sd_|sigma)", regex = TRUE)
  y <- log(bass_x$mercury[own])
  Z <- cbind(1, bass_x$x[own])
  log_density <- apply(draws, 1, function(d) {
    sd <- d[grep("^sd", names(d))]
    scaled <- Z[, seq_along(sd), drop = FALSE] %*% diag(sd, length(sd))
    V <- diag(d[["sigma"]]^2, sum(own)) + tcrossprod(scaled)
    log_normal(y, Z %*% d[1:2], V)
  })
  largest <- max(log_density)
  log_mean_density(exp(log_density - largest)) + c(largest, 0)
}
distances <- function(result, exact, places) {
  ours <- result$pointwise[places, , drop = FALSE]
  (ours[, "elpd_loo"] - exact[1, ]) / sqrt(ours[, "mcse_elpd_loo"]^2 + exact[2, ]^2)
}
small <- function(formula) relm(formula, bass_x, chains = 2, draws = 150, seed = 1)
fit2 <- small(log(mercury) ~ x + (1 | station))
fit1 <- small(log(mercury) ~ x)

# test -------------------------------------------------------------------------
fits <- list(a = fit1, b = fit2)
expected <- suppressWarnings(loo_compare(fits))
expect_identical(suppressWarnings(do.call(loo_compare, fits)), expected)
expect_identical(suppressWarnings(loo_compare(a = fit1, b = fit2)), expected)
expect_setequal(rownames(suppressWarnings(loo_compare(fit1, b = fit2))), c("fit1", "b"))
waics <- suppressWarnings(do.call(loo_compare, c(fits, criterion = "waic")))
expect_identical(rownames(waics), rownames(suppressWarnings(loo_compare(fits, criterion = "waic"))))
loos <- suppressWarnings(lapply(fits, loo))
expect_setequal(rownames(do.call(loo_compare, loos)), c("a", "b"))

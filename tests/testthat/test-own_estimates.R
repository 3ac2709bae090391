test_that("least squares know nothing beyond the space of the rows", {
  own <- list(columns = cbind(1, c(1, 2, 4), 2 * c(1, 2, 4)), y = c(3, 5, 9), offset = 0,
              weights = rep(1, 3), family = families$gaussian)
  at <- rbind(c(1, 3, 6), c(1, 3, 7), c(0, 1, 2), c(0, 1, 0))
  expect_equal(own_values(own, at), c(7, NA, 2, NA))
  own$columns <- 1e6 * own$columns
  expect_equal(own_values(own, 1e6 * at), c(7, NA, 2, NA))
  # The middle column depends on the first.
  between <- list(columns = cbind(1, 2, c(1, 2, 4)), y = c(3, 5, 9), offset = 0, weights = rep(1, 3),
                  family = families$gaussian)
  at <- rbind(c(1, 2, 3), c(1, 3, 3), c(0, 0, 1))
  expect_equal(own_values(between, at), c(7, NA, 2))
  own$columns <- 0 * own$columns
  expect_equal(own_values(own, at), rep(NA_real_, 3))
})

# Rows of a family, and what glm() makes of them.
family_rows <- function(n = 40) {
  set.seed(5)
  rows <- data.frame(x = rnorm(n), o = runif(n), m = 1 + rpois(n, 3), times = 1 + rpois(n, 1))
  rows$s <- rbinom(n, rows$m, plogis(rows$x / 2))
  rows$k <- rpois(n, exp(rows$x / 2 + rows$o))
  rows
}

own_of <- function(rows, name, y, ...) {
  list(columns = cbind(1, rows$x), y = y, offset = rows$o, family = families[[name]], ...)
}

test_that("maximum likelihood of a group's rows is glm()'s", {
  rows <- family_rows()
  at <- cbind(1, c(-2, 0, 7))
  for (link in c("logit", "probit", "cloglog")) {
    name <- if (link == "logit") "binomial" else paste0("binomial_", link)
    expected <- glm(cbind(s, m - s) ~ x, binomial(link), rows, offset = o, epsilon = 1e-12)
    own <- own_of(rows, name, rows$s, trials = rows$m, weights = rep(1, 40))
    expect_equal(own_values(own, at), as.numeric(at %*% coef(expected)), tolerance = 1e-7)
  }
  expected <- glm(k ~ x, poisson, rows, offset = o, weights = times, epsilon = 1e-12)
  own <- own_of(rows, "poisson", rows$k, weights = rows$times)
  expect_equal(own_values(own, at), as.numeric(at %*% coef(expected)), tolerance = 1e-7)
  # Counts far from where the search would begin without them.
  own <- own_of(rows, "poisson", 1e6 * rows$k, weights = rep(1, 40))
  expect_equal(own_values(own, cbind(1, 0)), log(1e6) + coef(glm(k ~ x, poisson, rows, offset = o))[[1]],
               tolerance = 1e-6)
  negative_log_lik <- function(b) {
    -sum(dnbinom(rows$k, size = 1.3, mu = exp(rows$o + b[1] + b[2] * rows$x), log = TRUE))
  }
  best <- optim(c(0, 0), negative_log_lik, method = "BFGS", control = list(reltol = 1e-14))$par
  own <- own_of(rows, "negative_binomial", rows$k, weights = rep(1, 40), scale = 1.3)
  expect_equal(own_values(own, diag(2)), best, tolerance = 1e-4)
})

test_that("there is none where outcomes are separated or all alike, nor beyond the rows", {
  rows <- family_rows()
  alike <- function(y, name = "binomial") own_values(own_of(rows, name, y, weights = rep(1, 40)), diag(2))
  expect_identical(alike(rep(1, 40)), c(NA_real_, NA))
  expect_identical(alike(rep(0, 40), "poisson"), c(NA_real_, NA))
  expect_identical(alike(as.numeric(rows$x > 0.1)), c(NA_real_, NA))
  expect_false(anyNA(alike(rep(0:1, 20))))
  own <- own_of(rows, "binomial", rep(0:1, 20), weights = rep(1, 40))
  own$columns <- cbind(own$columns, own$columns[, 2] * 2)
  expect_identical(is.na(own_values(own, rbind(c(1, 1, 2), c(1, 1, 1)))), c(FALSE, TRUE))
})

data <- grouped_data(7)
quick <- function(formula, ..., rows = data, draws = 40) {
  relm(formula, rows, chains = 2, draws = draws, seed = 3, progress = FALSE, ...)
}

test_that("rows have the normal density of their mean and residual variance", {
  fit <- quick(y ~ x + (1 + v || g), weights = w, offset = 0.3 * v, sigma = ~ f)
  draws <- as.matrix(fit)
  for (i in c(1, 17, 40)) {
    row <- data[i, ]
    mean <- draws[, "b_Intercept"] + draws[, "b_x"] * row$x + 0.3 * row$v +
      draws[, sprintf("r_g[%s,Intercept]", row$g)] + draws[, sprintf("r_g[%s,v]", row$g)] * row$v
    sd <- draws[, sprintf("sigma_f[%s]", row$f)] / sqrt(row$w)
    expect_equal(unname(log_lik(fit)[, i]), unname(dnorm(row$y, mean, sd, log = TRUE)))
  }
  expect_identical(dim(log_lik(fit)), c(80L, nrow(data)))
  expect_identical(colnames(log_lik(fit)), rownames(data))
})

test_that("the common line has a log likelihood of rows", {
  fit <- quick(y ~ x)
  draws <- as.matrix(fit)
  mean <- draws %*% rbind(1, data$x[5], 0)
  expect_equal(log_lik(fit)[, 5], dnorm(data$y[5], mean[, 1], draws[, "sigma"], log = TRUE))
  expect_error(log_lik(fit, by = "group"), "group", class = "relm_error")
})

test_that("stored and deferred group effects give the same, and so do new rows that are old ones", {
  fit <- quick(y ~ x + (1 + x | g), weights = w)
  deferred <- quick(y ~ x + (1 + x | g), weights = w, group_draws = FALSE)
  expect_identical(log_lik(deferred), log_lik(fit))
  expect_identical(log_lik(deferred, by = "group"), log_lik(fit, by = "group"))
  expect_equal(log_lik(fit, data[c(9, 2), ]), log_lik(fit)[, c(9, 2)])
  expect_identical(log_lik(fit, ndraws = 4), log_lik(fit)[c(1, 27, 54, 80), ])
  expect_identical(log_lik(fit, draw_ids = c(7, 7)), log_lik(fit)[c(7, 7), ])
  expect_identical(log_lik(fit, draws = 4), log_lik(fit, ndraws = 4))
  draws <- as.matrix(fit)
  without <- dnorm(data$y[1], draws[, "b_Intercept"] + draws[, "b_x"] * data$x[1],
                   draws[, "sigma"] / sqrt(data$w[1]), log = TRUE)
  expect_equal(log_lik(fit, re_formula = NA)[, 1], without)
  expect_identical(log_lik(fit, re.form = NA), log_lik(fit, re_formula = NA))
})

test_that("new groups have effects of their own, drawn by the seed", {
  fit <- quick(y ~ x + (1 | g))
  new <- transform(data[1:3, ], g = "new")
  expect_error(log_lik(fit, new), "allow_new_levels", class = "relm_error")
  one <- log_lik(fit, new, allow_new_levels = TRUE, seed = 5)
  expect_identical(log_lik(fit, new, allow_new_levels = TRUE, seed = 5), one)
  mean <- posterior_epred(fit, new, allow_new_levels = TRUE, seed = 5)
  sigma <- as.matrix(fit, "sigma")[, 1]
  expect_equal(unname(one[, 2]), unname(dnorm(new$y[2], mean[, 2], sigma, log = TRUE)))
})

test_that("nothing random leaves the session's generator as it was", {
  fit <- quick(y ~ x + (1 | g))
  set.seed(1)
  before <- .Random.seed
  log_lik(fit)
  log_lik(fit, data[1:2, ])
  log_lik(fit, by = "group")
  bayes_R2(fit)
  expect_identical(.Random.seed, before)
})

test_that("by groups it is the integrated likelihood, in the order of levels", {
  fit <- quick(y ~ x + f + (1 + v | g), weights = w, offset = 0.3 * v, sigma = ~ f)
  rows <- replay_data(c(unclass(fit$posterior), fit["design"]))
  ours <- log_lik(fit, by = "group")
  expect_identical(colnames(ours), sort(unique(data$g)))
  hyper <- hyper_of(fit)
  for (d in c(1, 60)) {
    state <- state_at(hyper[, d], fit$posterior)
    exact <- vapply(match(colnames(ours), grouping_of(fit$posterior)$groups), function(j) {
      dense_group_log_lik(rows, state, j)
    }, 0)
    expect_equal(unname(ours[d, ]), exact, tolerance = 1e-10)
  }
  expect_identical(log_lik(fit, by = "group", draw_ids = 60), ours[60, , drop = FALSE])
  same <- log_lik(fit, data, by = "group")
  expect_equal(same, ours, tolerance = 1e-10)
  some <- transform(data[data$g %in% c("g3", "g6"), ], g = ifelse(g == "g3", "new", "g6"))
  expect_equal(unname(log_lik(fit, some, by = "group")[, c("new", "g6")]),
               unname(ours[, c("g3", "g6")]), tolerance = 1e-10)
})

test_that("a new residual variance comes from its prior", {
  fit <- quick(y ~ x + (1 | g), sigma = ~ g, prior = relm_prior(sigma = inverse_gamma(3, 1)))
  new <- transform(data[data$g == "g3", ], g = "new")
  expect_error(log_lik(fit, new, by = "group"), "allow_new_levels", class = "relm_error")
  one <- log_lik(fit, new, by = "group", allow_new_levels = TRUE, seed = 5)
  expect_identical(log_lik(fit, new, by = "group", allow_new_levels = TRUE, seed = 5), one)
  taken <- log_lik(fit, new, by = "group", allow_new_levels = TRUE, new_sigma = "old_levels",
                   seed = 5)
  # In each draw it has the residual variance of one old level.
  as_old <- vapply(sort(unique(data$g)), function(old) {
    log_lik(fit, transform(new, g = old), by = "group")[, 1]
  }, numeric(80))
  expect_lt(min(apply(abs(as_old - taken[, 1]), 2, max)), 1e-8)
})

test_that("a fit of cross-products has groups, where they were kept, and no rows", {
  fit <- quick(y ~ x + (1 | g))
  parts <- relm(crossprods(y ~ x + (1 | g), data), chains = 2, draws = 40, seed = 3)
  expect_equal(log_lik(parts, by = "group"), log_lik(fit, by = "group"), tolerance = 1e-10)
  expect_error(log_lik(parts), "cross-products", class = "relm_error")
  expect_error(log_lik(parts, data, by = "group"), "cross-products", class = "relm_error")
})

test_that("bad arguments are refused", {
  fit <- quick(y ~ x + (1 | g))
  expect_error(log_lik(fit, by = "rows"), "by.*row.*group.*rows", class = "relm_error")
  expect_error(log_lik(fit, data[c("x", "g")]), "no column.*y", class = "relm_error")
  expect_error(log_lik(fit, transform(data, y = NA_real_)), "y", class = "relm_error")
  expect_error(log_lik(fit, transform(data, y = "a")), "type", class = "relm_error")
  expect_error(log_lik(fit, by = "group", re_formula = NA), "re_formula", class = "relm_error")
  expect_error(log_lik(fit, draw_ids = 81), "80", class = "relm_error")
  expect_error(log_lik(fit, nsamples = 3), "no argument.*nsamples", class = "relm_error")
})

test_that("a transformed response of new rows is evaluated as the formula has it", {
  fit <- quick(exp(y) ~ x + (1 | g))
  expect_equal(log_lik(fit, data[4, ])[, 1], log_lik(fit)[, 4])
})

test_that("rstantools' generic knows it", {
  skip_if_not_installed("rstantools")
  fit <- quick(y ~ x + (1 | g))
  expect_identical(rstantools::log_lik(fit), log_lik(fit))
  expect_error(log_lik(3))
})

test_that("rows are given the effects of all groupings", {
  data <- several_data()
  fit <- relm(y ~ x + (1 | a) + (1 + x | a:b), data, seed = 1, chains = 2, draws = 50, weights = w)
  rows <- data[c(4, 150, 77), ]
  density <- function(mean) {
    sd <- outer(as.matrix(fit, "sigma")[, 1], sqrt(rows$w), "/")
    matrix(dnorm(rep(rows$y, each = 100), mean, sd, log = TRUE), 100)
  }
  mean <- predictor_by_hand(fit, cbind(1, rows$x), list(
    list(number = 1, group = rows$a, Z = cbind("(Intercept)" = rep(1, 3))),
    list(number = 2, group = paste0(rows$a, ":", rows$b), Z = cbind("(Intercept)" = 1, x = rows$x))
  ))
  expected <- density(mean)
  expect_equal(unname(log_lik(fit)[, c(4, 150, 77)]), expected, tolerance = 1e-10)
  expect_equal(unname(log_lik(fit, rows)), expected, tolerance = 1e-10)
  only_parent <- log_lik(fit, rows, re_formula = ~ (1 | a))
  mean <- predictor_by_hand(fit, cbind(1, rows$x), list(
    list(number = 1, group = rows$a, Z = cbind("(Intercept)" = rep(1, 3)))))
  expect_equal(unname(only_parent), density(mean), tolerance = 1e-10)
})

test_that("rows of other families have their family's density, as often as they stand in the data", {
  data <- response_data()
  fits <- family_fits(data)
  for (name in names(fits)) {
    fit <- fits[[name]]
    rows <- rows_of_fit_family(name, fit, data)
    mean <- posterior_epred(fit)
    expected <- plain_row_density(name, rows, as.numeric(mean))
    expect_equal(as.numeric(log_lik(fit)), expected, tolerance = 1e-10)
    again <- log_lik(fit, newdata = data[7:20, ])
    expect_equal(unname(again), unname(log_lik(fit)[, 7:20]))
    expect_identical(response_of(fit, NULL), rows$y[seq(1, length(rows$y), by = ndraws(fit))] + 0)
    expect_identical(response_of(fit, data[3:5, ]), response_of(fit, NULL)[3:5])
    if (length(fit$posterior$groupings) == 1) {
      expect_identical(dim(log_lik(fit, by = "group")), c(ndraws(fit), 5L))
    } else {
      expect_error(log_lik(fit, by = "group"), "crossed", class = "relm_error")
    }
  }
  # Of other numbers of trials, which are the density's and so the successes'.
  twice <- log_lik(fits$shares, newdata = data, weights = 2 * data$m)
  rows <- rows_of_fit_family("shares", fits$shares, data)
  rows[c("y", "trials")] <- list(2 * rows$y, 2 * rows$trials)
  expect_equal(as.numeric(twice), tolerance = 1e-10,
               plain_row_density("shares", rows, as.numeric(posterior_epred(fits$shares))))
})

test_that("new responses are refused as those of the fit are", {
  data <- response_data()
  fits <- family_fits(data)
  bad <- function(fit, newdata, says, ...) {
    expect_error(log_lik(fit, newdata = newdata, ...), says, class = "relm_error")
  }
  bad(fits$bernoulli, transform(data, b = b + 1), "must be 0 or 1.*it is 2")
  bad(fits$cbind, transform(data, s = m + 1), "failures.*must not be negative")
  bad(fits$cbind, data, "`weights` have no place beside", weights = data$m)
  bad(fits$shares, data, "proportions of the trials", weights = rep(7, nrow(data)))
  bad(fits$counts, transform(data, k = -1), "not negative")
  bad(fits$counts, data, "how often each row stands in the data", weights = rep(0.5, nrow(data)))
  bad(fits$dispersed, transform(data, k = k + 0.5), "whole numbers")
  # All of one value may be predicted.
  expect_identical(dim(log_lik(fits$bernoulli, newdata = transform(data, b = 1))), c(50L, 60L))
})

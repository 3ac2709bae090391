data <- grouped_data()
fit <- relm(y ~ x + (1 | g), data, seed = 1, chains = 2, draws = 50, weights = w)

test_that("an observation is the mean and a residual of variance sigma^2 / w", {
  mean <- posterior_epred(fit)
  drawn <- posterior_predict(fit, seed = 3)
  z <- (drawn - mean) / (as.numeric(as.matrix(fit, "sigma")) / rep(sqrt(data$w), each = 100))
  expect_gt(stats::ks.test(as.numeric(z), "pnorm")$p.value, 1e-3)
  expect_lt(max(abs(cor(z)[upper.tri(cor(z))])), 5 / sqrt(100))
  expect_identical(dimnames(drawn), dimnames(mean))
})

# Bass data, rows at a station that was observed and at two that were not.
data_b <- bass_centered()
rows_b <- data.frame(x = c(0.2, -0.3, 0.4, 0.1), station = c("l3", "new", "new", "newer"))
exact_b <- function(Z, sums, w = rep(1, 4)) {
  of <- function(columns, data) stats::model.matrix(columns, data)
  exact_prediction(log(data_b$mercury), of(~ x, data_b), of(Z, data_b), data_b$station,
                   new = list(X = of(~ x, rows_b), Z = of(Z, rows_b), group = rows_b$station,
                              w = w), sums = sums)
}
observed <- c(1, 0, 0, 0)
unseen <- c(0, 1, 0, 0)
same_station <- c(0, 1, 1, 0)
two_stations <- c(0, 1, 0, 1)

test_that("predictions of random intercepts and slopes agree with quadrature", {
  fit <- relm(log(mercury) ~ x + (1 + x || station), data_b, seed = 1)
  sums <- list(observed, unseen, c(0, 0, 1, 0), c(0, 0, 0, 1), same_station, two_stations)
  exact <- exact_b(~ x, sums)
  drawn <- posterior_predict(fit, rows_b, allow_new_levels = TRUE, seed = 3)
  for (i in seq_along(sums)) expect_lt(draws_distance(drawn %*% sums[[i]], exact[i, ], 4), 4)
  # Rows of a new station have a covariance that other stations' rows, with the coefficients alone
  # in common, have not.
  covariance <- (exact$sd[5:6]^2 - exact$sd[2]^2 - exact$sd[3:4]^2) / 2
  expect_gt(covariance[1], 5 * covariance[2])
  products <- (drawn[, 2] - exact$mean[2]) * sweep(drawn[, 3:4], 2, exact$mean[3:4])
  distance <- abs(colMeans(products) - covariance) / apply(products, 2, posterior::mcse_mean)
  expect_lt(max(distance), 4)
})

test_that("means and weighted observations under random intercepts agree with quadrature", {
  fit <- relm(log(mercury) ~ x + (1 | station), data_b, seed = 1)
  w <- c(4, 0.25, 1, 9)
  sums <- list(observed, unseen, same_station, two_stations)
  exact <- exact_b(~ 1, sums, w)
  drawn <- posterior_predict(fit, rows_b, allow_new_levels = TRUE, seed = 5, weights = w)
  # Residuals of such a weight are nothing beside the means.
  exact_mean <- exact_b(~ 1, sums, rep(1e12, 4))
  means <- posterior_epred(fit, rows_b, allow_new_levels = TRUE, seed = 5)
  for (i in seq_along(sums)) {
    expect_lt(draws_distance(drawn %*% sums[[i]], exact[i, ], 4), 4)
    expect_lt(draws_distance(means %*% sums[[i]], exact_mean[i, ], 4), 4)
  }
})

test_that("each level of sigma has its own residuals", {
  by_factor <- relm(y ~ x, data, sigma = ~ f, seed = 1, chains = 2, draws = 100)
  # In another order than that of their names.
  rows <- data.frame(x = 0, f = c("c", "a", "b", "a"))
  sigma <- as.matrix(by_factor, sprintf("sigma_f[%s]", rows$f[c(1, 2, 3)]))[, c(1, 2, 3, 2)]
  drawn <- posterior_predict(by_factor, rows, draw_ids = rep(1:200, 20), seed = 2)
  mean <- posterior_epred(by_factor, rows, draw_ids = rep(1:200, 20))
  z <- (drawn - mean) / unname(sigma)[rep(1:200, 20), ]
  expect_lt(max(abs(colMeans(z^2) - 1)), 4 * sqrt(2 / 4000))
  swapped <- (drawn - mean) / unname(sigma)[rep(1:200, 20), c(2, 3, 1, 3)]
  expect_gt(max(abs(colMeans(swapped^2) - 1)), 4 * sqrt(2 / 4000))
})

test_that("a seed gives the same draws and leaves the session's stream alone", {
  set.seed(8)
  before <- .Random.seed
  first <- posterior_predict(fit, seed = 5)
  expect_identical(.Random.seed, before)
  posterior_epred(fit)
  expect_identical(.Random.seed, before)
  second <- posterior_predict(fit)
  expect_false(identical(.Random.seed, before))
  set.seed(8)
  expect_identical(posterior_predict(fit), second)
  expect_identical(posterior_predict(fit, seed = 5), first)
  RNGkind("L'Ecuyer-CMRG")
  expect_identical(posterior_predict(fit, seed = 5), first)
  RNGkind("Mersenne-Twister")
  expect_error(posterior_predict(fit, seed = "a"), "`seed`", class = "relm_error")
})

test_that("fun is applied to the predictions", {
  expect_identical(posterior_predict(fit, seed = 5, fun = exp),
                   exp(posterior_predict(fit, seed = 5)))
  expect_error(posterior_predict(fit, fun = log), "fun.*not numbers", class = "relm_error")
  expect_error(posterior_predict(fit, fun = colMeans), "fun.*same shape", class = "relm_error")
  expect_error(predictive_interval(fit, fun = as.character), "fun.*numbers", class = "relm_error")
})

test_that("unknown arguments are refused", {
  expect_error(posterior_predict(fit, ndrawz = 2), "posterior_predict.*ndrawz.*ndraws",
               class = "relm_error")
  expect_error(posterior_epred(fit, weights = 2), "posterior_epred.*weights", class = "relm_error")
})

test_that("a fit of cross-products is refused", {
  small <- relm(crossprods(y ~ x + (1 | g), data = data), seed = 1, chains = 1, draws = 5)
  expect_error(posterior_predict(small, data), "posterior_predict.*needs the data",
               class = "relm_error")
})

test_that("the arguments are those of brms and rstanarm", {
  skip_if_not_installed("rstantools")
  for (name in c("posterior_predict", "posterior_epred", "posterior_linpred")) {
    expect_identical(getExportedValue("rstantools", name)(fit, seed = 1, ndraws = 3),
                     getExportedValue("relm", name)(fit, seed = 1, ndraws = 3))
    expect_identical(names(formals(getExportedValue("relm", name))),
                     names(formals(getExportedValue("rstantools", name))))
  }
})

test_that("means of other families are their inverse links of the linear predictor", {
  data <- response_data()
  fits <- family_fits(data)
  for (fit in fits) {
    eta <- posterior_linpred(fit)
    link <- stats::make.link(fit$posterior$link)
    expect_equal(as.numeric(posterior_epred(fit)), link$linkinv(as.numeric(eta)))
    expect_identical(posterior_linpred(fit, transform = TRUE), posterior_epred(fit))
    expect_identical(family(fit)[c("family", "link")], fit$posterior[c("family", "link")])
  }
  # An offset is a part of the linear predictor.
  far <- posterior_linpred(fits$counts, offset = data$o + 1)
  expect_equal(far, posterior_linpred(fits$counts) + 1)
})

test_that("new observations have the moments of their family", {
  data <- response_data()
  fits <- family_fits(data)
  for (name in names(fits)) {
    fit <- fits[[name]]
    n <- ndraws(fit)
    ids <- rep(seq_len(n), 40)
    rows <- rows_of_fit_family(name, fit, data)
    y <- posterior_predict(fit, draw_ids = ids, seed = 2)
    expect_true(all(y == round(y)))
    mean <- as.numeric(posterior_epred(fit))
    sd <- plain_sd(name, rows, mean)
    z <- (y - matrix(mean * rows$trials, n)[ids, ]) / matrix(sd * rows$trials, n)[ids, ]
    # Four Monte Carlo standard errors; the kurtosis of a count may be 30.
    expect_lt(abs(mean(z)), 4 / sqrt(length(z)))
    expect_lt(abs(mean(z^2) - 1), 4 * sqrt(30 / length(z)))
  }
})

test_that("trials of new rows are weights, sums of the response, or one", {
  data <- response_data()
  fits <- family_fits(data)
  new <- data[1:4, ]
  most <- function(...) max(suppressMessages(posterior_predict(..., draw_ids = rep(1:50, 40), seed = 3)))
  at <- function(fit, ...) apply(posterior_predict(fit, draw_ids = rep(1:50, 40), seed = 3, ...), 2, max)
  expect_true(all(at(fits$cbind, newdata = new) <= new$m))
  expect_true(any(at(fits$cbind, newdata = transform(new, s = 50, m = 100)) > max(new$m)))
  expect_true(any(at(fits$cbind, newdata = new, weights = rep(100, 4)) > max(new$m)))
  expect_true(any(at(fits$shares, newdata = transform(new, m = 100L)) > max(new$m)))
  bare <- new[c("x", "g", "h", "o")]
  expect_message(posterior_predict(fits$cbind, bare, seed = 1), "no `s` and `m`: each row gets one trial")
  # The successes need not be there where the trials are: these are s + (m - s).
  ahead <- transform(bare, m = c(1, 5, 100, 100))
  expect_silent(drawn <- posterior_predict(fits$cbind, ahead, seed = 1))
  expect_identical(drawn, posterior_predict(fits$cbind, bare, weights = ahead$m, seed = 1))
  expect_message(posterior_predict(fits$cbind, transform(bare, s = 2), seed = 1), "no `m`: each row")
  expect_message(posterior_predict(fits$shares, bare, seed = 1), "each row gets the weight 1")
  expect_identical(most(fits$cbind, bare), 1)
  expect_identical(most(fits$shares, bare), 1)
  expect_identical(most(fits$bernoulli, bare), 1)
  expect_error(posterior_predict(fits$shares, new, weights = rep(1.5, 4)), "numbers of trials",
               class = "relm_error")
  for (fit in fits[c("counts", "dispersed")]) {
    expect_silent(posterior_predict(fit, bare, seed = 1))
    expect_error(posterior_predict(fit, new, weights = rep(2, 4)), "no argument `weights`",
                 class = "relm_error")
  }
  expect_error(posterior_predict(fits$bernoulli, new, new_sigma = "prior"), "no argument `new_sigma`",
               class = "relm_error")
})

test_that("counts whose mean overflows are refused", {
  data <- response_data()
  for (fit in family_fits(data)[c("counts", "dispersed")]) {
    expect_error(posterior_predict(fit, offset = rep(800, nrow(data)), seed = 1), "overflow.*1.8e\\+308",
                 class = "relm_error")
  }
})

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
  expect_identical(posterior_predict(fit, seed = 5, fun = exp), exp(posterior_predict(fit, seed = 5)))
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

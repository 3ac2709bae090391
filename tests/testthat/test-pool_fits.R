# What a pooled fit refuses, and what it does as a fit.

skip_on_cran()

data <- several_data(60)
imputed <- lapply(1:2, function(i) transform(data, x = replace(x, 1:5, i * (1:5) / 5)))
fit <- relm_multiple(y ~ x + (1 | a), imputed, chains = 2, draws = 20, seed = 1)

test_that("what needs one data set is refused by name", {
  refused <- function(code, what) {
    expect_error(code, paste0(what, ".*needs one data set.*2 imputations.*fit\\$fits"), class = "relm_error")
  }
  refused(residuals(fit), "residuals\\(\\)")
  refused(fitted(fit), "fitted\\(\\)")
  refused(posterior_predict(fit), "posterior_predict\\(\\)")
  refused(simulate(fit), "simulate\\(\\)")
  refused(bayes_R2(fit), "bayes_R2\\(\\)")
  refused(log_lik(fit), "log_lik\\(\\)")
  refused(log_lik(fit, newdata = data[1:2, ]), "log_lik\\(\\)")
  refused(logml(fit), "logml\\(\\)")
  refused(bayes_factor(fit, fit), "logml\\(\\)")
  refused(update(fit, draws = 5), "update\\(\\)")
  refused(extend(fit, 5), "extend\\(\\)")
  refused(c(fit, fit), "c\\(\\)")
  refused(c(fit$fits[[1]], fit), "c\\(\\)")
  refused(refit(fit, data$y), "refit\\(\\)")
  refused(model.frame(fit), "model.frame\\(\\)")
  refused(getME(fit, "X"), "getME\\(\\)")
  refused(plot(fit, "groups"), "groups")
  expect_error(rhat.relm(fit), "needs one data set", class = "relm_error")
  expect_error(neff_ratio.relm(fit), "needs one data set", class = "relm_error")
  expect_error(recover_data.relm(fit), "needs one data set", class = "relm_error")
  skip_if_not_installed("loo")
  for (criterion in list(loo, waic, kfold)) refused(criterion(fit), "(loo|waic|kfold)\\(\\)")
  refused(loo_compare(fit, fit), "loo\\(\\)")
  skip_if_not_installed("bayesplot")
  refused(pp_check(fit), "pp_check\\(\\)")
})

test_that("estimates are those of all draws", {
  draws <- as.matrix(fit)
  expect_identical(ndraws(fit), 80L)
  expect_equal(unname(fixef(fit)), unname(apply(draws[, c("b_Intercept", "b_x")], 2, median)))
  expect_equal(sigma(fit), median(draws[, "sigma"]))
  expect_equal(unname(confint(fit)["x", ]), unname(quantile(draws[, "b_x"], c(0.025, 0.975))))
  expect_identical(formula(fit), y ~ x + (1 | a), ignore_formula_env = TRUE)
  expect_identical(nobs(fit), 60L)
  expect_identical(dim(posterior_predict(fit, newdata = data[1:3, ], seed = 1)), c(80L, 3L))
  new <- transform(data[1, ], a = "another")
  expect_identical(dim(posterior_predict(fit, newdata = new, allow_new_levels = TRUE, seed = 1)), c(80L, 1L))
})

test_that("tails are the heaviest of all fits", {
  tails <- vapply(fit$fits, function(one) one$posterior$parameters$tail, numeric(4))
  expect_identical(fit$posterior$parameters$tail, apply(tails, 1, min))
  fits <- fit$fits
  fits[[2]]$posterior$parameters$tail[3] <- 2.5
  heavy <- pool_fits(fit$call, fits, 1L)
  expect_true(is.na(summary(heavy)["sd_a__Intercept", "sd"]))
})

test_that("fits of other models are not pooled", {
  other <- relm(y ~ x + w + (1 | a), data, chains = 2, draws = 20, seed = 1)
  expect_error(check_pooled_fits(list(fit$fits[[1]], other)), "imputation 2 has other coefficients",
               class = "relm_error")
  expect_silent(check_pooled_fits(fit$fits))
})

test_that("groups in another order are told from other coefficients", {
  other <- imputed[[2]][rev(seq_len(nrow(data))), ]
  expect_error(relm_multiple(y ~ x + (1 | a), list(imputed[[1]], other), chains = 1, draws = 5),
               "groups of a, or these\\s+in another order.*It has.*where\\s+that has", class = "relm_error")
})

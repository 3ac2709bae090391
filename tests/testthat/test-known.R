# What fits with known standard errors give, and what is refused of them.

data <- transform(eight_schools(), x = c(-1, 0.5, 0, 1, 1.5, -0.5, 0.2, -2))
short <- function(formula = y ~ x + (1 | school), ..., rows = data, seed = 1) {
  relm(formula, rows, chains = 2, draws = 300, seed = seed, ...)
}
proper <- relm_prior(beta = normal(0, 20), sd = half_t(3, 10))
fit <- short(sigma = known(se), prior = proper)

refused <- function(object, says) {
  expect_error(object, says, class = "relm_error")
}

test_that("fixed() takes one positive number, of a residual standard deviation alone", {
  expect_output(print(fixed(2)), "fixed(2)", fixed = TRUE)
  expect_identical(format(fixed(2)), "fixed(2)")
  expect_output(print(relm_prior(sigma = fixed(0.5))), "sigma +fixed\\(0\\.5\\)")
  for (value in list(0, -1, NA, Inf, 1:2, "1")) refused(fixed(value), "`value` must be one finite number above 0")
  refused(fixed(), "missing")
  refused(fixed(1, 2), "value")
  refused(relm_prior(sd = fixed(1)), "The prior of `sd` must be")
  refused(short(sigma = ~ school, prior = relm_prior(sigma = fixed(1))), "one residual variance, which is known")
})

test_that("standard errors are refused by name", {
  changed <- function(value) transform(data, se = replace(se, 3, value))
  for (value in c(0, -16, Inf, NA, NaN)) {
    refused(short(sigma = known(se), rows = changed(value)), "`known\\(se\\)` must be finite and positive.*row 3")
  }
  # Rows that are left out may have any.
  expect_identical(nobs(short(sigma = known(se), rows = changed(0), subset = se > 0)), 7L)
  refused(short(sigma = known(school)), "`known\\(school\\)` must be one column of numbers")
  refused(short(sigma = known(cbind(se, se))), "must be one column of numbers")
  refused(short(sigma = known(c(1, 2))), "one number for each of the 8 rows")
  refused(short(sigma = known(nowhere)), "`known\\(nowhere\\)` cannot be evaluated")
  refused(short(sigma = known()), "takes the standard errors of the rows, and nothing else")
  refused(short(sigma = known(se, x)), "takes the standard errors of the rows, and nothing else")
})

test_that("what else would say what the variances are is refused", {
  refused(short(sigma = known(se), weights = x), "`weights` have no place beside `sigma = known\\(se\\)`")
  refused(short(sigma = known(se), prior = relm_prior(sigma = half_normal(1))), "no place beside `sigma = known\\(\\)`")
  refused(short(sigma = known(se), prior = relm_prior(sigma = fixed(2))), "fixed\\(2\\)")
  refused(short(sigma = known(se), prior = relm_prior(sigma = pooled())), "pooled\\(\\)")
  same <- short(sigma = known(se), weights = NULL,
                prior = relm_prior(beta = normal(0, 20), sd = half_t(3, 10), sigma = fixed(1)))
  expect_identical(as.matrix(same), as.matrix(fit))
  # What stands where no prior was given.
  unsaid <- relm_prior(beta = normal(0, 20), sd = half_t(3, 10), sigma = jeffreys())
  expect_identical(as.matrix(short(sigma = known(se), prior = unsaid)), as.matrix(fit))
  for (family in list("poisson", negative_binomial())) {
    refused(short(sigma = known(se), family = family), "`sigma` has no place")
  }
  refused(short(sigma = known(se), prior = relm_prior(shape = half_normal(1))), "shape")
})

test_that("one row a group is enough, and three groups are", {
  three <- posterior_of(y ~ 1 + (1 | school), data[1:3, ], sigma = known(se))
  # tau falls like tau^-(J - 1), and the mean with it; sigma does not matter.
  expect_identical(unname(tails_in(three)), c(2, 2, Inf))
  refused(posterior_of(y ~ 1 + (1 | school), data[1:2, ], sigma = known(se)), "^Two groups cannot tell")
  refused(posterior_of(y ~ x + (1 | school), data[1:3, ], sigma = known(se)), "leave too little")
  expect_s3_class(posterior_of(y ~ x + (1 | school), data[1:4, ], sigma = known(se)), "relm_posterior")
  # As many columns as rows, an exact fit, and responses that no random effect is beside.
  expect_s3_class(posterior_of(y ~ school, data, sigma = known(se)), "relm_posterior")
  expect_s3_class(posterior_of(y ~ 1 + (1 | school), data[1:2, ], relm_prior(sd = half_t(3, 10)),
                               sigma = known(se)), "relm_posterior")
})

test_that("sigma is a constant, and no warning is of it", {
  table <- summary(fit)
  expect_identical(c(table["sigma", "mean"], table["sigma", "sd"], table["sigma", "median"]), c(1, 0, 1))
  expect_true(all(is.na(table["sigma", c("rhat", "ess_bulk", "ess_tail")])))
  expect_false(any(grepl("R-hat", attr(table, "notes"))))
  printed <- paste(capture.output(print(fit)), collapse = "\n")
  expect_match(printed, "known standard errors")
  expect_match(printed, "sigma +fixed\\(1\\)")
  expect_no_match(printed, "R-hat cannot")
  expect_message(short(sigma = known(se), target_ess = 500), "at least [5-9][0-9]{2} effective")
  expect_identical(prior_summary(fit)$prior, c("normal(0, 20)", "normal(0, 20)", "half_t(3, 10)", "fixed(1)"))
  expect_identical(sigma(fit), 1)
  # A sigma that ought to move and does not is still told.
  stuck <- short(rows = rbind(data, transform(data, y = y + x)))
  stuck$sampling$hyper[, , 4] <- 1
  expect_match(attr(summary(stuck), "notes"), "R-hat cannot be computed: sigma", all = FALSE)
})

test_that("plots leave sigma out where all are shown", {
  skip_if_not_installed("ggplot2")
  skip_if_not_installed("bayesplot")
  expect_silent(plot(fit, "rhat"))
  expect_identical(plotted_variables(fit, NULL, FALSE), c("b_Intercept", "b_x", "sd_school__Intercept"))
})

test_that("rows have the variances of their standard errors", {
  draws <- as.matrix(fit)
  effects <- draws[, sprintf("r_school[%s,Intercept]", data$school)]
  mean <- draws[, "b_Intercept"] + outer(draws[, "b_x"], data$x) + effects
  se <- rep(data$se, each = nrow(mean))
  by_hand <- dnorm(rep(data$y, each = nrow(mean)), mean, se, log = TRUE)
  expect_equal(unname(log_lik(fit)), matrix(by_hand, 600), tolerance = 1e-8)
  pearson <- apply((rep(data$y, each = nrow(mean)) - mean) / se, 2, median)
  expect_equal(unname(residuals(fit, type = "pearson")), unname(pearson), tolerance = 1e-8)
  expect_equal(weights(fit), 1 / data$se^2)
  z <- (posterior_predict(fit, seed = 2) - mean) / se
  expect_lt(max(abs(stats::ecdf(z)(z) - pnorm(z))), 1.95 / sqrt(length(z)))
})

test_that("a row that is left out has its density with the effects integrated out", {
  skip_if_not_installed("loo")
  sd <- as.matrix(fit, "sd_school__Intercept")
  mean <- as.matrix(fit, "b_Intercept")[, 1] + outer(as.matrix(fit, "b_x")[, 1], data$x)
  variance <- outer(sd[, 1]^2, data$se^2, `+`)
  by_hand <- dnorm(rep(data$y, each = nrow(mean)), mean, sqrt(variance), log = TRUE)
  expect_equal(unname(log_lik(fit, by = "group")), matrix(by_hand, 600), tolerance = 1e-8)
  own <- loo::loo(matrix(by_hand, 600), r_eff = rep(1, 8))
  expect_lt(abs(loo(fit)$estimates["elpd_loo", 1] - own$estimates["elpd_loo", 1]), 0.05)
  expect_true(is.finite(waic(fit)$estimates["waic", 1]))
  expect_true(all(bayes_R2(fit) >= 0))
  expect_s3_class(kfold(fit, K = 4, seed = 1), "kfold")
})

test_that("new rows need their standard errors", {
  new <- data.frame(school = "A", x = 1)
  refused(posterior_predict(fit, new), "`known\\(se\\)`, which cannot be had from `newdata`")
  refused(posterior_predict(fit, transform(new, se = -1)), "`known\\(se\\)` must be finite and positive")
  expect_identical(posterior_predict(fit, transform(new, se = 2), seed = 4),
                   posterior_predict(fit, new, weights = 1 / 4, seed = 4))
  expect_identical(dim(posterior_epred(fit, new)), c(600L, 1L))
  # A new study: its effect is drawn from its distribution.
  other <- posterior_epred(fit, transform(new, school = "other"), allow_new_levels = TRUE, seed = 5)
  z <- (other - as.matrix(fit, "b_Intercept") - as.matrix(fit, "b_x")) / as.matrix(fit, "sd_school__Intercept")
  expect_lt(max(abs(stats::ecdf(z)(z) - pnorm(z))), 1.95 / sqrt(600))
  refused(conditional_effects(fit, "x", method = "predict"), "standard error of each new observation")
  expect_s3_class(conditional_effects(fit, "x"), "relm_conditional_effects")
})

test_that("marginal likelihoods are those of quadrature", {
  log_evidence <- function(X, Z) {
    integrand <- function(tau) {
      vapply(tau, function(t) {
        V <- diag(data$se^2) + 400 * tcrossprod(X) + t^2 * tcrossprod(Z)
        exp(log_normal(data$y, 0, V) + 30) * 2 * dt(t / 10, 3) / 10
      }, 0)
    }
    log(integrate(integrand, 0, Inf, rel.tol = 1e-9)$value) - 30
  }
  X <- cbind(1, data$x)
  value <- logml(fit)
  expect_equal(as.numeric(value), log_evidence(X, diag(8)), tolerance = 1e-6)
  expect_output(print(value), "quadrature over 1 dimension,")
  by_bridge <- logml(fit, method = "bridge", seed = 1)
  expect_lt(abs(as.numeric(by_bridge) - as.numeric(value)), 5 * attr(by_bridge, "error"))
  # Without groups nothing is left to integrate over.
  alone <- logml(short(y ~ x, sigma = known(se), prior = proper))
  expect_equal(as.numeric(alone), log_normal(data$y, 0, diag(data$se^2) + 400 * tcrossprod(X)), tolerance = 1e-8)
  expect_output(print(alone), "over 0 dimensions")
  nested <- short(y ~ x + (1 + x || school), sigma = known(se), prior = proper)
  expect_identical(attr(logml(nested), "dimensions"), 2L)
})

test_that("draws of the prior have the known sigma, and calibration ranks the others", {
  prior <- update(fit, prior_only = TRUE, draws = 1000)
  expect_true(all(as.matrix(prior, "sigma") == 1))
  tau <- as.matrix(prior, "sd_school__Intercept")
  expect_lt(max(abs(ecdf(tau)(tau) - (2 * pt(tau / 10, 3) - 1))), 1.95 / sqrt(2000))
  ranks <- sbc(fit, n_sims = 40, draws = 39, thin = 1, seed = 4)
  expect_identical(names(ranks), c("b_Intercept", "b_x", "sd_school__Intercept"))
  expect_gt(min(summary(ranks)$p) * ncol(ranks), 0.01)
})

test_that("fits are changed, continued, joined and saved", {
  expect_identical(update(fit)$call, fit$call)
  expect_identical(as.matrix(update(fit)), as.matrix(fit))
  # Another model of sigma has not the prior of the known one.
  doubled <- rbind(data, transform(data, y = y + x))
  twice <- short(sigma = known(se), rows = doubled)
  expect_identical(update(twice, sigma = ~ 1)$posterior$prior, relm_prior())
  expect_false(update(twice, sigma = ~ 1)$posterior$weighted)
  plain <- relm(y ~ x + (1 | school), doubled, chains = 2, draws = 300, seed = 1)
  expect_identical(as.matrix(update(plain, sigma = known(se))), as.matrix(twice))
  refused(update(fit, weights = x), "no place beside")
  local({
    outside <- data$se
    of_outside <- short(sigma = known(outside))
    expect_identical(as.matrix(update(of_outside, . ~ .)), as.matrix(short(sigma = known(se))))
  })
  whole <- short(sigma = known(se), prior = proper)
  expect_identical(as.matrix(extend(update(fit, draws = 100), 200), c("b_x", "sigma")),
                   as.matrix(whole, c("b_x", "sigma")))
  joined <- c(fit, update(fit, seed = 2))
  expect_identical(ndraws(joined), 1200L)
  expect_false(any(grepl("R-hat", attr(summary(joined), "notes"))))
  refitted <- refit(fit, data$y + 1)
  expect_identical(as.matrix(refitted, "sigma"), as.matrix(fit, "sigma"))
  file <- tempfile(fileext = ".rds")
  saveRDS(fit, file)
  expect_identical(predict(readRDS(file), seed = 3), predict(fit, seed = 3))
  started <- short(sigma = known(se), init = plain, prior = proper, sampler = "interweaved")
  expect_true(all(as.matrix(started, "sigma") == 1))
})

test_that("several imputations have it, without shares of what does not vary", {
  both <- relm_multiple(y ~ x + (1 | school), list(data, transform(data, y = y + 1)), sigma = known(se),
                        chains = 1, draws = 300, seed = 1)
  expect_identical(summary(both)["sigma", "between"], NA_real_)
})

test_that("cross-products know the standard errors, and are not summed with others", {
  part <- function(rows, ...) crossprods(y ~ x + (1 | school), data[rows, ], ...)
  sum <- part(1:4, sigma = known(se)) + part(5:8, sigma = known(se))
  expect_output(print(sum), "known standard errors")
  expect_equal(as.matrix(relm(sum, chains = 2, draws = 300, seed = 1, prior = proper)), as.matrix(fit), tolerance = 1e-8)
  refused(part(1:4, sigma = known(se)) + part(5:8, weights = 1 / se^2), "differ in their sigma")
  refused(relm(sum, prior = relm_prior(sigma = exponential(1))), "no place beside")
  file <- tempfile(fileext = ".csv")
  utils::write.csv(data, file, row.names = FALSE)
  read <- crossprods(y ~ x + (1 | school), file, sigma = known(se))
  of_file <- relm(read, chains = 2, draws = 300, seed = 1, prior = proper)
  expect_equal(as.matrix(of_file), as.matrix(fit), tolerance = 1e-8)
  refused(predict(of_file, data.frame(school = "A", x = 1)), "cannot be had from `newdata`")
  expect_identical(update(read, add = data)$n_rows, 16)
  utils::write.csv(transform(data, se = -se), file, row.names = FALSE)
  refused(crossprods(y ~ x + (1 | school), file, sigma = known(se)), "`known\\(se\\)` must be finite and positive")
})

test_that("tables in databases have it", {
  skip_if_not_installed("RSQLite")
  skip_if_not_installed("dbplyr")
  of_table <- relm(y ~ x + (1 | school), sqlite_table(data), sigma = known(se), chains = 2, draws = 300, seed = 1, prior = proper)
  expect_equal(as.matrix(of_table), as.matrix(fit), tolerance = 1e-6)
  refused(crossprods(y ~ x + (1 | school), sqlite_table(transform(data, se = -se)), sigma = known(se)),
          "`known\\(se\\)` must be finite and positive")
})

test_that("other packages have the fit", {
  skip_if_not_installed("insight")
  expect_true(all(c("y", "x", "school", "se") %in% names(insight::get_data(fit))))
  expect_equal(insight::get_variance(fit)$var.residual, mean(data$se^2))
  skip_if_not_installed("broom.mixed")
  expect_identical(broom.mixed::glance(fit)$sigma, 1)
  tidied <- broom.mixed::tidy(fit, effects = "ran_pars", rhat = TRUE, ess = TRUE)
  expect_identical(is.na(tidied$rhat), tidied$group == "Residual")
})

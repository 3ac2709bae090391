# What asks how well a fit foretells its data is refused of draws of the prior.

data <- grouped_data()
prior <- relm_prior(beta = normal(0, 1), sd = half_normal(1), sigma = half_normal(1))
fit <- relm(y ~ x + (1 | g), data, prior = prior, prior_only = TRUE, chains = 2, draws = 20, seed = 1)

refuses <- function(call, name) {
  expect_error(call, paste0("`", name, "\\(\\)`.*learnt from none.*prior_only = FALSE"), class = "relm_error")
}

test_that("a fit and its posterior say whether their draws are of the prior", {
  expect_true(is_prior_only(fit))
  expect_true(is_prior_only(fit$posterior))
  expect_false(is_prior_only(update(fit, prior_only = FALSE)))
  expect_silent(check_learnt(update(fit, prior_only = FALSE), "loo"))
})

test_that("criteria of a fit to data are refused", {
  refuses(log_lik(fit), "log_lik")
  refuses(log_lik(fit, by = "group"), "log_lik")
  refuses(logml(fit), "logml")
  refuses(bayes_factor(fit, fit), "logml")
  refuses(post_prob(fit, fit), "logml")
  expect_error(extend(fit, 10), "draws of the prior are of none", class = "relm_error")
  skip_if_not_installed("loo")
  refuses(loo(fit), "loo")
  refuses(waic(fit), "waic")
  refuses(kfold(fit), "kfold")
  refuses(loo(fit, fit), "loo")
  refuses(loo_compare(fit, fit), "loo")
  refuses(add_criterion(fit, "waic"), "waic")
  refuses(loo_model_weights(fit, fit), "loo")
  skip_if_not_installed("bayesplot")
  refuses(pp_check(fit, "loo_pit_overlay"), "loo")
  skip_if_not_installed("bridgesampling")
  refuses(bridge_sampler(fit), "bridge_sampler")
})

fit <- relm(log(mercury) ~ x + (1 | station), bass_centered(), chains = 1, draws = 20, seed = 1)

test_that("functions of fits by likelihood say what takes their place", {
  calls <- list("loo_compare" = quote(anova(fit, fit)), "loo_compare" = quote(drop1(fit)),
                "loo_compare" = quote(add1(fit, ~ .)), "waic" = quote(extractAIC(fit)),
                "waic" = quote(step(fit)), "log_lik" = quote(AIC(fit)),
                "confint" = quote(profile(fit)), "never zero" = quote(isSingular(fit)))
  for (k in seq_along(calls)) {
    expect_error(eval(calls[[k]]), names(calls)[k], class = "relm_error",
                 label = deparse1(calls[[k]]))
  }
})

test_that("lme4's fits are passed on", {
  skip_if_not_installed("lme4")
  theirs <- lme4::lmer(Reaction ~ Days + (1 | Subject), lme4::sleepstudy)
  expect_false(isSingular(theirs))
  expect_identical(isSingular(theirs, tol = 10), lme4::isSingular(theirs, tol = 10))
})

test_that("fits of other packages go to the package that owns the generic", {
  skip_if_not_installed("lme4")
  skip_if_not_installed("rstantools")
  theirs <- lme4::lmer(Reaction ~ Days + (1 | Subject), lme4::sleepstudy)
  expect_equal(ngrps(theirs), lme4::ngrps(theirs))
  expect_identical(prior_summary(list(prior.info = 3)), 3)
})

test_that("relm's methods answer to the owners' generics", {
  skip_if_not_installed("lme4")
  skip_if_not_installed("rstantools")
  fit <- relm(log(mercury) ~ log(length) + (1 | station), bass, chains = 1, draws = 20, seed = 1)
  expect_identical(lme4::ngrps(fit), ngrps(fit))
  expect_identical(rstantools::prior_summary(fit), prior_summary(fit))
})

# relm attached before or after other packages that have the same generics.

setup_rstanarm <- quote({
  options(mc.cores = 1)
  theirs <- suppressWarnings(stan_lmer(
    Reaction ~ Days + (1 + Days | Subject), lme4::sleepstudy, chains = 1, iter = 200, seed = 1,
    refresh = 0, prior = normal(0, 10), prior_intercept = normal(250, 50, autoscale = FALSE),
    prior_aux = exponential(0.1)
  ))
  other <- suppressWarnings(stan_lmer(
    Reaction ~ Days + (1 | Subject), lme4::sleepstudy, chains = 1, iter = 200, seed = 1,
    refresh = 0, prior = normal(location = 0, scale = c(10), autoscale = TRUE),
    prior_aux = exponential()
  ))
})

setup_relm <- quote({
  ours <- relm(Reaction ~ Days + (1 + Days | Subject), lme4::sleepstudy, chains = 2, draws = 100,
               seed = 1, prior = relm_prior(beta = normal(0, 300), sd = exponential(0.01)))
  simple <- relm(Reaction ~ Days + (1 | Subject), lme4::sleepstudy, chains = 2, draws = 100,
                 seed = 1)
})

# The generics that both have, with rstanarm's arguments.
shared <- expression(
  prior_summary(fit),
  posterior_predict(fit, draws = 3, seed = 2),
  posterior_predict(fit, newdata = new, re.form = NA, draws = 3, seed = 2),
  posterior_linpred(fit, newdata = new, re.form = ~ (1 | Subject)),
  posterior_epred(fit, newdata = new),
  predictive_interval(fit, prob = 0.8, seed = 2),
  predictive_error(fit, draws = 3, seed = 2),
  posterior_interval(fit, prob = 0.8, pars = "Days", regex_pars = "sigma"),
  log_lik(fit),
  loo(fit)$estimates,
  waic(fit)$estimates,
  rownames(loo_compare(loo(fit), loo(second))),
  bayes_R2(fit, re.form = NA),
  class(pp_check(fit, nreps = 3)),
  as.data.frame(VarCorr(fit)),
  fixef(fit), ranef(fit), coef(fit), sigma(fit), ngrps(fit), nobs(fit),
  as.matrix(fit, pars = "Days", regex_pars = "sigma"),
  as.array(fit, pars = c("(Intercept)", "sigma")),
  as.data.frame(fit, pars = "Days"),
  fitted(fit), residuals(fit), vcov(fit), predict(fit), confint(fit),
  deparse1(formula(fit)), family(fit)$family, weights(fit), dim(model.frame(fit)),
  bayesplot::rhat(fit, pars = "Days"), bayesplot::neff_ratio(fit, pars = "Days"),
  unclass(as_draws_matrix(fit)), variables(fit), ndraws(fit)
)

# The same on two fits by name.
of <- function(fit, second) {
  names <- list(fit = as.name(fit), second = as.name(second))
  as.expression(lapply(as.list(shared), function(expression) {
    do.call(substitute, list(expression, names))
  }))
}

new_rows <- quote(new <- lme4::sleepstudy[c(1, 15, 100), ])

# Each package's fits alone, and both in either order.
compare_orders <- function(package, setup, theirs) {
  ours <- of("ours", "simple")
  both <- bquote({ .(new_rows); .(setup); .(setup_relm) })
  found <- in_sessions(list(
    list(package, bquote({ .(new_rows); .(setup) }), theirs),
    list("relm", bquote({ .(new_rows); .(setup_relm) }), ours),
    list(c("relm", package), both, c(theirs, ours)),
    list(c(package, "relm"), both, c(theirs, ours))
  ))
  alone <- c(found[[1]], found[[2]])
  expect_false(any(grepl("could not find function", alone)))
  expect_same_values(found[[3]], alone)
  expect_same_values(found[[4]], alone)
  alone
}

test_that("rstanarm's fits and relm's are the same whichever package is attached first", {
  skip_on_cran()
  for (package in c("rstanarm", "lme4", "bayesplot")) suppressWarnings(skip_if_not_installed(package))
  alone <- compare_orders("rstanarm", setup_rstanarm, of("theirs", "other"))
  failed <- grepl("^error", alone)
  # Of those that both have, what rstanarm refuses for its mixed models.
  expect_setequal(names(alone)[failed], c("predict(theirs)", "confint(theirs)"))
})

setup_brms <- quote({
  theirs <- brm(Reaction ~ Days + (1 | Subject), lme4::sleepstudy, empty = TRUE,
                prior = prior(normal(0, 10), class = "b"))
  positive <- brm(Reaction ~ Days, lme4::sleepstudy, family = exponential("identity"),
                  empty = TRUE)
  default <- brm(Reaction ~ Days, lme4::sleepstudy, family = exponential(), empty = TRUE)
})

test_that("brms's fits and relm's are the same whichever package is attached first", {
  skip_on_cran()
  for (package in c("brms", "lme4", "bayesplot")) suppressWarnings(skip_if_not_installed(package))
  families <- expression(family(positive)[c("family", "link")], family(default)$link)
  alone <- compare_orders("brms", setup_brms, c(of("theirs", "theirs"), families))
  expect_identical(alone[["ngrps(theirs)"]], list(Subject = 18L))
  expect_identical(alone[["family(default)$link"]], "log")
})

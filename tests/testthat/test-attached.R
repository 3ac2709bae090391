# relm attached before or after other packages that have the same generics.

skip_on_cran()

# Several at a time: a list of such arguments.
values_in_sessions <- function(arguments) {
  cores <- if (.Platform$OS.type == "windows") 1 else 2
  values <- parallel::mclapply(arguments, function(a) {
    try(do.call(values_in_session, a, quote = TRUE), silent = TRUE)
  }, mc.cores = cores)
  for (value in values) if (inherits(value, "try-error")) stop(value)
  values
}

# Both sessions have the same value, or the same error, of each expression.
expect_same_values <- function(actual, expected) {
  for (name in names(expected)) {
    expect_equal(actual[[name]], expected[[name]], label = name)
  }
}

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
shared_rstanarm <- expression(
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
  bayesplot::rhat(fit, pars = "Days"), bayesplot::neff_ratio(fit, pars = "Days")
)

new_rows <- quote(new <- lme4::sleepstudy[c(1, 15, 100), ])

# Each package's fits alone, and both in either order.
compare_orders <- function(package, setup, theirs, ours) {
  both <- bquote({ .(new_rows); .(setup); .(setup_relm) })
  found <- values_in_sessions(list(
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
  suppressWarnings(skip_if_not_installed("rstanarm"))
  skip_if_not_installed("lme4")
  alone <- compare_orders("rstanarm", setup_rstanarm, on_fits("theirs", "other", shared_rstanarm),
                          on_fits("ours", "simple", shared_rstanarm))
  failed <- grepl("^error", alone)
  # Of those that both have, what rstanarm refuses for its mixed models.
  expect_setequal(names(alone)[failed], c("predict(theirs)", "confint(theirs)"))
})

# Draws that no sampler made, in the files that Stan would have written, so that nothing is
# compiled.
setup_brms <- quote({
  stan_file <- function(chain) {
    n <- 50
    normals <- function(names, mean, sd) {
      matrix(rnorm(n * length(names), mean, sd), n, dimnames = list(NULL, names))
    }
    draws <- cbind(lp__ = -900, accept_stat__ = 0.9, normals("b.1", 10, 1),
                   normals("Intercept", 300, 8), normals("sigma", 30, 1),
                   normals("sd_1.1", 36, 3), normals(paste0("z_1.1.", 1:18), 0, 1),
                   normals(paste0("r_1_1.", 1:18), 0, 30), lprior = -5,
                   normals("b_Intercept", 250, 8))
    header <- c("stan_version_major = 2", "model = m", "method = sample (Default)", "  sample",
                "    num_samples = 50", "    num_warmup = 0", "    save_warmup = 0 (Default)",
                "    thin = 1 (Default)", paste0("id = ", chain), "Adaptation terminated")
    file <- tempfile(fileext = ".csv")
    rows <- apply(signif(draws, 6), 1, paste, collapse = ",")
    writeLines(c(paste("#", header), paste(colnames(draws), collapse = ","), rows), file)
    file
  }
  set.seed(1)
  theirs <- brm(Reaction ~ Days + (1 | Subject), lme4::sleepstudy, empty = TRUE,
                prior = prior(normal(0, 10), class = "b"))
  theirs$fit <- rstan::read_stan_csv(c(stan_file(1), stan_file(2)))
  theirs <- rename_pars(theirs)
  positive <- brm(Reaction ~ Days, lme4::sleepstudy, family = exponential("identity"),
                  empty = TRUE)
  default <- brm(Reaction ~ Days, lme4::sleepstudy, family = exponential(), empty = TRUE)
})

# The generics that both have, with brms's arguments.
shared_brms <- expression(
  prior_summary(fit),
  posterior_predict(fit, ndraws = 3),
  posterior_linpred(fit, newdata = new, re_formula = NA),
  posterior_epred(fit, newdata = new, draw_ids = 1:4),
  predictive_interval(fit, prob = 0.8),
  predictive_error(fit, ndraws = 3),
  posterior_interval(fit, prob = 0.8, variable = "sigma"),
  log_lik(fit),
  loo(fit)$estimates,
  waic(fit)$estimates,
  rownames(loo_compare(loo(fit), loo(second))),
  bayes_R2(fit, summary = FALSE),
  class(pp_check(fit, ndraws = 3)),
  VarCorr(fit),
  fixef(fit), ranef(fit), coef(fit), sigma(fit), ngrps(fit), nobs(fit),
  as.matrix(fit, variable = "sigma"), as.array(fit, variable = c("b_Intercept", "sigma")),
  as.data.frame(fit, variable = "b_Days"),
  fitted(fit, newdata = new), residuals(fit), vcov(fit), predict(fit, newdata = new),
  family(fit)$family, dim(model.frame(fit)),
  hypothesis(fit, "Days > 10")$hypothesis, conditional_effects(fit, "Days", resolution = 3)$Days$estimate__,
  bayesplot::rhat(fit), bayesplot::neff_ratio(fit),
  unclass(as_draws_matrix(fit)), variables(fit), ndraws(fit), nchains(fit)
)

test_that("brms's fits and relm's are the same whichever package is attached first", {
  suppressWarnings(skip_if_not_installed("brms"))
  skip_if_not_installed("lme4")
  families <- expression(family(positive)[c("family", "link")], family(default)$link)
  alone <- compare_orders("brms", setup_brms, c(on_fits("theirs", "theirs", shared_brms), families),
                          on_fits("ours", "simple", shared_brms))
  expect_false(any(grepl("^error", alone)))
  expect_identical(alone[["ngrps(theirs)"]], list(Subject = 18L))
  expect_identical(alone[["family(default)$link"]], "log")
})

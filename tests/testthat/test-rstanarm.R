# One script on fits of rstanarm's and on fits of relm's, with rstanarm's arguments: the values
# have the same shapes.

suppressWarnings(skip_if_not_installed("rstanarm"))
skip_if_not_installed("lme4")
skip_on_cran()

# The lines that fit; all others are the same.
setup <- quote({
  sleepstudy <- lme4::sleepstudy
  new <- data.frame(Days = c(2, 12), Subject = c("308", "335"))
  theirs <- suppressWarnings(stan_lmer(Reaction ~ Days + (1 + Days | Subject), sleepstudy,
                                       chains = 2, iter = 200, seed = 1, refresh = 0))
  simple <- suppressWarnings(stan_lmer(Reaction ~ Days + (1 | Subject), sleepstudy,
                                       chains = 2, iter = 200, seed = 1, refresh = 0))
  ours <- relm(Reaction ~ Days + (1 + Days | Subject), sleepstudy, chains = 2, draws = 100,
               seed = 1)
  plain <- relm(Reaction ~ Days + (1 | Subject), sleepstudy, chains = 2, draws = 100, seed = 1)
  # Draws and their quantiles; a number of a table whose columns rstanarm and relm name otherwise.
  draws <- function(fit, name) as.matrix(fit, pars = name)[, 1]
  at <- function(x, probs) stats::quantile(x, probs, names = FALSE)
  cell <- function(table, column, row = 1) {
    table <- as.data.frame(table)
    as.numeric(table[row, names(table) %in% c(column, sub("^q(.*)$", "\\1%", column))])
  }
  width <- function(table) {
    nchar(grep("^sigma", capture.output(print(table)), value = TRUE)[1])
  }
  tidy <- function(...) if (requireNamespace("broom.mixed", quietly = TRUE)) generics::tidy(...)
})

predictions <- expression(
  posterior_predict(fit),
  posterior_predict(fit, draws = 7, seed = 1),
  posterior_predict(fit, newdata = new, fun = exp),
  posterior_predict(fit, newdata = new, re.form = NA),
  posterior_predict(fit, new, re.form = ~ (1 | Subject)),
  posterior_predict(fit, offset = rep(1, 180)),
  posterior_epred(fit, draws = 7),
  posterior_epred(fit, newdata = new, re.form = ~ 0),
  posterior_linpred(fit, transform = TRUE),
  posterior_linpred(fit, newdata = new),
  predictive_error(fit, draws = 7, seed = 1),
  predictive_interval(fit, prob = 0.8),
  predictive_interval(fit, prob = 0.9, newdata = new, re.form = NA),
  predictive_interval(posterior_predict(fit), prob = 0.8)
)

estimates <- expression(
  fixef(fit),
  lapply(ranef(fit), as.data.frame),
  lapply(coef(fit), as.data.frame),
  sigma(fit),
  ngrps(fit),
  nobs(fit),
  vcov(fit),
  unname(fitted(fit)),
  unname(residuals(fit)),
  as.data.frame(VarCorr(fit)),
  attr(VarCorr(fit)$Subject, "correlation"),
  attr(VarCorr(fit)$Subject, "stddev"),
  attr(VarCorr(fit), "sc"),
  model.matrix(fit)
)

criticism <- expression(
  log_lik(fit),
  loo(fit)$estimates,
  waic(fit)$estimates,
  bayes_R2(fit, summary = FALSE),
  bayes_R2(fit, re.form = NA, summary = FALSE),
  rownames(loo_compare(loo(fit), loo(second))),
  class(pp_check(fit, plotfun = "dens_overlay", nreps = 3)),
  class(pp_check(fit, plotfun = "stat", stat = "sd")),
  rownames(kfold(fit, K = 2)$estimates)
)

same <- expression(
  deparse1(formula(fit)),
  family(fit)$family,
  names(model.frame(fit)),
  attr(terms(fit), "term.labels"),
  class(update(fit, . ~ . - Days, evaluate = FALSE)),
  inherits(plot(fit), "ggplot"),
  class(plot(fit, "areas", pars = c("Days", "sigma"), prob = 0.8)),
  class(plot(fit, plotfun = "hist", regex_pars = "^sigma")),
  class(pairs(fit, pars = c("Days", "sigma"))),
  rstantools::nsamples(fit),
  class(capture.output(print(fit))),
  nrow(summary(fit, pars = c("Days", "sigma"))),
  nrow(summary(fit, pars = "beta", probs = c(0.1, 0.5, 0.9), digits = 2)),
  nrow(summary(fit, pars = "alpha")),
  "Days" %in% sub("^b_", "", rownames(summary(fit))),
  sort(rownames(loo_compare(list(a = loo(fit), b = loo(second)))))
)

pars <- c("(Intercept)", "sigma", "b[Days Subject:308]")
chosen <- bquote(expression(
  as.matrix(fit, pars = .(pars)),
  as.array(fit, pars = .(pars)),
  as.data.frame(fit, pars = .(pars)),
  as.matrix(fit, pars = "sigma", regex_pars = "^b\\[\\(Intercept"),
  posterior_interval(fit, prob = 0.8, pars = .(pars)),
  bayesplot::rhat(fit, pars = .(pars)),
  bayesplot::neff_ratio(fit, pars = .(pars))
))
chosen <- eval(chosen)

# What each argument asks for, told by the draws: the same equations hold for both.
equations <- expression(
  all.equal(cell(summary(fit, pars = "Days"), "mean"), mean(draws(fit, "Days"))),
  all.equal(cell(summary(fit, pars = "Days"), "sd"), sd(draws(fit, "Days"))),
  all.equal(cell(summary(fit, pars = "Days", probs = c(0.2, 0.7)), "q20"),
            at(draws(fit, "Days"), 0.2)),
  all.equal(cell(summary(fit, regex_pars = "^b\\[Days Subject:308", probs = 0.7), "q70"),
            at(draws(fit, "b[Days Subject:308]"), 0.7)),
  width(summary(fit, pars = "sigma", digits = 6)) > width(summary(fit, pars = "sigma", digits = 1)),
  all.equal(as.numeric(posterior_interval(fit, prob = 0.5, pars = "Days")),
            at(draws(fit, "Days"), c(0.25, 0.75))),
  all.equal(as.numeric(posterior_interval(fit, prob = 0.6, regex_pars = "^b\\[Days Subject:308")),
            at(draws(fit, "b[Days Subject:308]"), c(0.2, 0.8))),
  all.equal(fixef(fit)[["Days"]], median(draws(fit, "Days"))),
  all.equal(ranef(fit)$Subject["308", "Days"], median(draws(fit, "b[Days Subject:308]"))),
  all.equal(sigma(fit), median(draws(fit, "sigma"))),
  all.equal(vcov(fit)["Days", "Days"], var(draws(fit, "Days"))),
  all.equal(vcov(fit, correlation = TRUE)["Days", "(Intercept)"],
            cor(draws(fit, "Days"), draws(fit, "(Intercept)"))),
  all.equal(as.numeric(as.array(fit, pars = "Days")[, 2, 1]), unname(draws(fit, "Days")[101:200])),
  all.equal(as.data.frame(fit, pars = "Days")[[1]], unname(draws(fit, "Days"))),
  ncol(as.matrix(fit, regex_pars = "^b\\[Days")) == 18,
  ncol(as.data.frame(fit, pars = "sigma", regex_pars = "^b\\[Days")) == 19,
  dim(as.array(fit, regex_pars = "Subject:308\\]$"))[3] == 2
)
tidy_equations <- expression(
  all.equal(cell(tidy(fit, conf.int = TRUE, conf.level = 0.6), "conf.low", 2),
            at(draws(fit, "Days"), 0.2)),
  all.equal(cell(tidy(fit, "ran_vals", conf.int = TRUE, conf.level = 0.6), "conf.high", 2),
            at(draws(fit, "b[Days Subject:308]"), 0.8)),
  all.equal(cell(tidy(fit, "fixed"), "estimate", 2), median(draws(fit, "Days"))),
  !"conf.low" %in% names(tidy(fit, conf.int = FALSE)),
  all.equal(cell(tidy(fit, "fixed", conf.int = TRUE, conf.level = 0.6,
                      conf.method = "HPDinterval"), "conf.low", 2),
            coda::HPDinterval(coda::mcmc(draws(fit, "Days")), 0.6)[[1]])
)

script <- c(predictions, estimates, criticism, same, chosen, equations, tidy_equations)
values <- values_in_session(c("rstanarm", "relm"), setup, c(on_fits("theirs", "simple", script),
                                                            on_fits("ours", "plain", script)))
values <- split(values, rep(c("theirs", "ours"), each = length(script)))

# A value but for its numbers. rstanarm names the first dimension of some matrices.
shape <- function(x) {
  kind <- if (is.numeric(x)) "numeric" else typeof(x)
  if (is.data.frame(x)) return(list(dim = dim(x), columns = names(x), rows = row.names(x)))
  if (!is.null(dim(x))) return(list(kind, dim = dim(x), names = unname(dimnames(x))))
  if (is.list(x)) return(lapply(unclass(x), shape))
  list(kind, length = length(x), names = names(x))
}

expect_same_shapes <- function(part, shape_of = shape) {
  for (k in match(part, script)) {
    expect_identical(shape_of(values$ours[[k]]), shape_of(values$theirs[[k]]),
                     label = deparse1(script[[k]]))
  }
}

test_that("everything runs", {
  failed <- function(values) unlist(values[grepl("^error", values)])
  expect_null(failed(values$theirs))
  expect_null(failed(values$ours))
})

test_that("predictions are draws x rows", {
  expect_same_shapes(predictions)
})

test_that("estimates have lme4's shapes", {
  expect_same_shapes(estimates)
})

test_that("criticism has loo's and bayesplot's objects", {
  expect_same_shapes(criticism)
})

test_that("the model is told alike", {
  expect_same_shapes(same, identity)
})

test_that("draws are chosen by rstanarm's names, and bear relm's", {
  expect_same_shapes(chosen, function(x) if (is.null(dim(x))) length(x) else dim(x))
  place <- match(chosen, script)
  own <- c("b_Intercept", "sigma", "r_Subject[308,Days]")
  expect_identical(colnames(values$theirs[[place[1]]]), pars)
  expect_identical(colnames(values$ours[[place[1]]]), own)
  expect_identical(dimnames(values$ours[[place[2]]])[1:2], dimnames(values$theirs[[place[2]]])[1:2])
  expect_identical(rownames(values$ours[[place[5]]]), own)
})

test_that("arguments of estimates, draws and summaries mean the same", {
  for (k in match(equations, script)) {
    expect_true(values$theirs[[k]], label = paste("rstanarm:", deparse1(script[[k]])))
    expect_true(values$ours[[k]], label = paste("relm:", deparse1(script[[k]])))
  }
})

test_that("arguments of tidy() mean the same", {
  skip_if_not_installed("broom.mixed")
  for (k in match(tidy_equations, script)) {
    expect_true(values$theirs[[k]], label = paste("rstanarm:", deparse1(script[[k]])))
    expect_true(values$ours[[k]], label = paste("relm:", deparse1(script[[k]])))
  }
})

test_that("intervals are 95% unless asked, and rows named", {
  fit <- relm(Reaction ~ Days + (1 | Subject), lme4::sleepstudy, chains = 1, draws = 20, seed = 1)
  expect_identical(colnames(posterior_interval(fit, pars = "Days")), c("2.5%", "97.5%"))
  expect_identical(names(fitted(fit)), as.character(1:180))
})

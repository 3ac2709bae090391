# Simulation-based calibration: ranks by hand, and models whose ranks are or are not uniform.

skip_on_cran()

data <- transform(several_data(48), k = rpois(48, 2), s = rbinom(48, 5, 0.4))
prior_with <- function(...) relm_prior(beta = normal(0, 0.7), sd = half_normal(0.7), cor = lkj(2), ...)
sbc_models <- list(
  one = list(y ~ x + (1 + x | a)), nested = list(y ~ x + (1 | a) + (1 | a:b)),
  crossed = list(y ~ x + (1 | a) + (1 | c)), none = list(y ~ x, sigma = ~ c),
  binomial = list(cbind(s, 5 - s) ~ x + (1 | a), family = "binomial"),
  poisson = list(k ~ x + (1 | a), family = "poisson"),
  negative_binomial = list(k ~ x + (1 | a), family = negative_binomial()),
  structured = list(y ~ x + ar1(1 + x + w | a)), known = list(y ~ x + (1 + x | a), sigma = ~ known(w)),
  student = list(y ~ x + (1 + x | a), family = student()),
  several = list(k ~ x + (1 | a) + (1 | c), family = "poisson")
)
fit_of_sbc <- function(kind, ...) {
  family <- sbc_models[[kind]]$family
  own <- if (kind == "known") prior_with() else if (is.null(family) || kind == "student") prior_with(sigma = inverse_gamma(4, 3))
    else if (is.list(family)) prior_with(shape = half_normal(1)) else prior_with()
  do.call(relm, c(sbc_models[[kind]][1], list(data), sbc_models[[kind]][-1],
                  list(prior = own, prior_only = TRUE, draws = 5, chains = 1, seed = 1, ...)))
}

test_that("ranks of any model are those of parameters among the draws of their refits", {
  for (kind in names(sbc_models)) {
    fit <- fit_of_sbc(kind)
    ranks <- sbc(fit, n_sims = 3, draws = 9, thin = 2, seed = 7)
    # The draws of the prior, and the refit to the third response.
    seeds <- chain_seeds(7, 5)
    truth <- update(fit, draws = 3, seed = seeds[1])
    expect_identical(names(ranks), variables_of_fit <- setdiff(hyper_variables(truth), if (kind == "known") "sigma"), label = kind)
    response <- simulate_each(truth, seeds[2])[[3]]
    again <- refit(update(fit, prior_only = FALSE, draws = 9, thin = 2), response, seed = seeds[5])
    below <- colSums(as.matrix(again, variables_of_fit) < rep(as.matrix(truth, variables_of_fit)[3, ], each = 9))
    expect_equal(unlist(ranks[3, ]), below, label = kind)
    expect_identical(attr(ranks, "draws"), 9L)
  }
})

test_that("responses are simulated given the draws, in the form of the model", {
  truth <- update(fit_of_sbc("one"), draws = 2000, group_draws = TRUE)
  y <- as.matrix(simulate_each(truth, 3))
  z <- (t(y) - posterior_linpred(truth)) / as.matrix(truth, "sigma")[, 1]
  expect_lt(max(abs(stats::ecdf(z[, 1:2])(z[, 1:2]) - pnorm(z[, 1:2]))), 1.95 / sqrt(4000))
  expect_identical(dim(simulate_each(fit_of_sbc("binomial"), 1)[[2]]), c(48L, 2L))
})

test_that("ranks of models that are drawn from as they are written are uniform", {
  for (kind in c("one", "poisson")) {
    ranks <- sbc(fit_of_sbc(kind), n_sims = 60, draws = 39, seed = 2)
    expect_gt(min(summary(ranks)$p) * ncol(ranks), 0.01)
    expect_lt(max(abs(summary(ranks)$mean - 0.5) / summary(ranks)$error), 4)
  }
})

test_that("a prior that is not the one of the draws is found", {
  # Parameters are drawn from another prior than that of the refits.
  other <- update(fit_of_sbc("one"), draws = 40, prior = relm_prior(
    beta = normal(3, 0.7), sd = half_normal(0.7), cor = lkj(2), sigma = inverse_gamma(4, 3)
  ))
  names <- c("b_x", "b_Intercept", "sigma")
  refitted <- control_of_refits(fit_of_sbc("one"), 39, 2, TRUE)
  ranks <- ranks_of_fits(rank_in_refits(other, refitted, names, 1:42), names, 39, y ~ x)
  expect_lt(summary(ranks)["b_x", "p"], 1e-3)
  expect_gt(summary(ranks)["b_Intercept", "mean"], 0.6)
})

test_that("ranks do not depend on processes, and effects are ranked as well", {
  fit <- fit_of_sbc("nested")
  effects <- c("r_a[b,Intercept]", "sigma", "coef_a[c,x]")
  ranks <- sbc(fit, n_sims = 4, draws = 9, variable = effects, seed = 3)
  expect_identical(names(ranks), effects)
  expect_identical(sbc(fit, n_sims = 4, draws = 9, variable = effects, seed = 3, cores = 2), ranks)
  expect_identical(sbc(fit, n_sims = 4, draws = 9, seed = 3)$sigma, ranks$sigma)
  set.seed(4)
  first <- sbc(fit, n_sims = 2, draws = 4)
  set.seed(4)
  expect_identical(sbc(update(fit, prior_only = FALSE), n_sims = 2, draws = 4), first)
})

test_that("what is not to be ranked is refused, or told", {
  expect_error(sbc(relm(y ~ x + (1 | a), data, draws = 5)), "b_Intercept: flat.*sd_a__Intercept: uniform.*sigma",
               class = "relm_error")
  expect_error(sbc(3), "`fit` must be a fit", class = "relm_error")
  expect_error(sbc(fit_of_sbc("one"), sims = 4), "sims", class = "relm_error")
  expect_error(sbc(fit_of_sbc("one"), variable = "b_z"), "b_z", class = "relm_error")
  products <- relm(crossprods(y ~ x, data), relm_prior(beta = normal(0, 1), sigma = half_normal(1)), draws = 5)
  expect_error(sbc(products), "sbc\\(\\).*needs the data", class = "relm_error")
  huge <- update(fit_of_sbc("poisson"), prior = relm_prior(beta = normal(800, 1), sd = half_normal(1)))
  expect_error(sbc(huge, n_sims = 2), "too large to be fitted", class = "relm_error")
  # Outcomes that are all alike are no response of a model of 0 and 1.
  few <- data.frame(b = rep(0:1, 3), g = rep(1:3, 2))
  rare <- relm(b ~ 1, few, family = binomial(), prior = relm_prior(beta = normal(-3, 1)), prior_only = TRUE, draws = 2)
  told <- tryCatch(sbc(rare, n_sims = 20, draws = 4, seed = 1), warning = conditionMessage)
  if (is.character(told)) expect_match(told, "of 20 simulated responses could not be fitted")
  else expect_identical(nrow(told), 20L)
  failed <- simpleError("no fit")
  expect_error(ranks_of_fits(list(failed), "x", 9L, y ~ x), "None of the simulated", class = "relm_error")
  expect_warning(some <- ranks_of_fits(list(failed, c(x = 3)), "x", 9L, y ~ x), "1 of 2 simulated.*no fit")
  expect_identical(c(nrow(some), attr(some, "failed")), c(1L, 1L))
})

test_that("ranks are summarized and printed", {
  ranks <- structure(data.frame(b_x = c(0, 3, 9, 5), sigma = c(1, 1, 2, 0)), draws = 9L, failed = 0L,
                     model = "y ~ x", class = c("relm_sbc", "data.frame"))
  table <- summary(ranks)
  expect_equal(table$mean, c(4.75, 1.5) / 10)
  expect_equal(table$error, rep(sd(rep(0:9, 1e4)) / 10 / 2, 2), tolerance = 1e-4)
  expect_equal(table["sigma", "p"], p_uniform(c(1, 1, 2, 0), 9))
  expect_output(print(ranks), "calibration: y ~ x.*4 fits of 9 draws.*times 2.*variables")
  expect_output(print(ranks[1:2, ]), "b_x")
  expect_error(print(ranks, digist = 2), "digist", class = "relm_error")
})

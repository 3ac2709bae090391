skip_if_not_installed("generics")

data <- grouped_data()
fit <- relm(y ~ x + f + (1 + v | g), data, seed = 1, chains = 2, draws = 100)

test_that("tidy() has broom.mixed's columns, groups and terms", {
  skip_if_not_installed("broom.mixed")
  skip_if_not_installed("lme4")
  effects <- c("fixed", "ran_pars", "ran_vals")
  theirs <- broom.mixed::tidy(lme4::lmer(formula(fit), data), effects)
  ours <- generics::tidy(fit, effects)
  key <- c("effect", "group", "level", "term")
  key_of <- function(table) sort(do.call(paste, as.data.frame(table)[key]))
  expect_identical(key_of(ours), key_of(theirs))
  expect_named(ours, c(key, "estimate", "std.error", "conf.low", "conf.high"))
  expect_named(generics::tidy(fit, "fixed", conf.int = FALSE),
               c("effect", "term", "estimate", "std.error"))
})

test_that("tidy() has medians, standard deviations and quantiles of the draws", {
  table <- generics::tidy(fit, c("fixed", "ran_pars", "ran_vals", "ran_coefs"), conf.level = 0.8,
                          rhat = TRUE, ess = TRUE)
  row <- function(...) table[Reduce(`&`, Map(`%in%`, as.list(table)[...names()], list(...))), ]
  expect_row <- function(row, variable) {
    draws <- as.matrix(fit, variable)
    expect_equal(unlist(row[c("estimate", "std.error", "conf.low", "conf.high")]),
                 c(median(draws), sd(draws), quantile(draws, c(0.1, 0.9))), ignore_attr = TRUE)
    chains <- drop(as.array(fit, variable))
    expect_equal(row$rhat, posterior::rhat(chains))
    expect_equal(row$ess, min(posterior::ess_bulk(chains), posterior::ess_tail(chains)))
  }
  expect_row(row(effect = "fixed", term = "fb"), "b_fb")
  expect_row(row(effect = "ran_pars", term = "sd__v"), "sd_g__v")
  expect_row(row(effect = "ran_pars", term = "cor__(Intercept).v"), "cor_g__Intercept__v")
  expect_row(row(effect = "ran_pars", group = "Residual"), "sigma")
  expect_row(row(effect = "ran_vals", level = "g3", term = "v"), "r_g[g3,v]")
  expect_row(row(effect = "ran_coefs", level = "g3", term = "x"), "coef_g[g3,x]")
})

test_that("tidy() has the shortest intervals", {
  table <- generics::tidy(fit, "fixed", conf.method = "HPDinterval", conf.level = 0.9)
  shortest <- coda::HPDinterval(coda::mcmc(as.matrix(fit, "^b_", regex = TRUE)), prob = 0.9)
  expect_equal(cbind(table$conf.low, table$conf.high), shortest, ignore_attr = TRUE)
})

test_that("tidy() has no standard error where there is no variance, and no interval is without", {
  few <- relm(y ~ x + (1 | g), subset(data, g %in% unique(g)[1:3]), seed = 1, chains = 1,
              draws = 50)
  table <- generics::tidy(few, c("fixed", "ran_pars", "ran_vals"))
  exists <- tails_in(few$posterior) > 3
  expect_identical(!is.na(table$std.error[table$effect %in% c("fixed", "ran_pars")]),
                   unname(exists))
  expect_false(all(exists))
  expect_true(all(is.na(table$std.error[table$effect == "ran_vals"])))
  expect_false(anyNA(table$conf.low))
})

test_that("tidy() has a row for each of several residual standard deviations", {
  several <- relm(y ~ x + (1 | g), data, sigma = ~ f, prior = relm_prior(sigma = pooled()),
                  seed = 1, chains = 1, draws = 50)
  table <- generics::tidy(several, "ran_pars")
  residual <- table[table$group == "Residual", ]
  expect_identical(residual$level, c("a", "b", "c", NA, NA))
  expect_identical(residual$term, c(rep("sd__Observation", 3), "df__Observation",
                                    "scale__Observation"))
  expect_equal(residual$estimate[1:3], unname(sigma(several)))
  expect_identical(generics::glance(several)$sigma, NA_real_)
})

test_that("tidy() of group effects of which only moments are kept has normal intervals", {
  moments <- with_effect_moments(fit)
  table <- generics::tidy(moments, "ran_vals", conf.level = 0.8)
  exact <- generics::tidy(fit, "ran_vals", conf.level = 0.8)
  expect_identical(table[c("level", "term")], exact[c("level", "term")])
  expect_equal(table$estimate, as.numeric(t(ranef(moments)$g)))
  half <- qnorm(0.9) * ranef(moments, summary = TRUE)$g["g3", "Est.Error", "v"]
  row <- table$level == "g3" & table$term == "v"
  expect_equal(table$conf.high[row] - table$estimate[row], half)
})

test_that("a model without groups has coefficients and a residual standard deviation", {
  line <- relm(y ~ x, data, seed = 1, chains = 1, draws = 20)
  expect_identical(generics::tidy(line)$term, c("(Intercept)", "x", "sd__Observation"))
  expect_identical(nrow(generics::tidy(line, "ran_vals")), 0L)
})

test_that("glance() is one row of the fit", {
  table <- generics::glance(fit)
  expect_s3_class(table, "tbl_df")
  expect_identical(as.list(table), list(algorithm = "collapsed", pss = 200L, nobs = nobs(fit),
                                        sigma = sigma(fit)))
  skip_if_not_installed("loo")
  with_loo <- suppressWarnings(generics::glance(fit, looic = TRUE))
  estimates <- suppressWarnings(loo(fit))$estimates
  expect_equal(with_loo$elpd_loo, estimates["elpd_loo", "Estimate"])
  expect_equal(with_loo$looic, estimates["looic", "Estimate"])
})

test_that("augment() puts fitted values and residuals beside the data", {
  table <- generics::augment(fit, interval = "confidence", conf.level = 0.8)
  expect_s3_class(table, "tbl_df")
  expect_equal(as.data.frame(table)[names(model.frame(fit))], model.frame(fit), ignore_attr = TRUE)
  mean <- fitted(fit, summary = TRUE, probs = c(0.1, 0.9))
  expect_equal(table$.fitted, unname(mean[, "Estimate"]))
  expect_equal(table$.se.fit, unname(mean[, "Est.Error"]))
  expect_equal(cbind(table$.lower, table$.upper), mean[, 3:4], ignore_attr = TRUE)
  expect_equal(table$.resid, data$y - table$.fitted)
  expect_equal(table$.fixed, unname(fitted(fit, re_formula = NA)))
  predicted <- generics::augment(fit, data, interval = "prediction", seed = 1, se_fit = FALSE)
  expect_equal(predicted$w, data$w)
  expect_equal(predicted$.upper, unname(predict(fit, seed = 1)[, "Q97.5"]))
})

test_that("augment() of new rows has residuals where they have a response", {
  new <- data.frame(x = 0, v = 1:2, f = "b", g = c("g1", "new"))
  table <- generics::augment(fit, newdata = new, allow_new_levels = TRUE, seed = 1)
  expect_named(table, c("x", "v", "f", "g", ".fitted", ".se.fit", ".fixed"))
  expect_equal(table$.fitted[1], fitted(fit, new[1, ])[[1]])
  with_response <- generics::augment(fit, newdata = transform(new[1, ], y = 3))
  expect_equal(with_response$.resid, 3 - with_response$.fitted)
})

test_that("augment() has the rows that the fit's na.action has, and keeps row names", {
  gaps <- transform(data, x = replace(x, 3, NA))
  rownames(gaps) <- paste0("row", seq_len(nrow(gaps)))
  excluding <- suppressMessages(relm(y ~ x + (1 | g), gaps, na.action = na.exclude, seed = 1,
                                     chains = 1, draws = 20))
  table <- generics::augment(excluding)
  expect_identical(table$.rownames, rownames(gaps))
  expect_equal(table$.fitted, unname(fitted(excluding)))
  omitting <- suppressMessages(update(excluding, na.action = na.omit))
  expect_identical(generics::augment(omitting)$.rownames, rownames(gaps)[-3])
  expect_error(generics::augment(omitting, gaps), "`data`", class = "relm_error")
})

test_that("the methods answer after library(broom) and library(broom.mixed)", {
  skip_if_not_installed("broom")
  skip_if_not_installed("broom.mixed")
  expect_identical(broom::tidy(fit), generics::tidy(fit))
  expect_identical(broom.mixed::glance(fit), generics::glance(fit))
})

test_that("bad requests are refused by name", {
  expect_error(generics::tidy(fit, "random"), "`effects`", class = "relm_error")
  expect_error(generics::tidy(fit, conf.level = 95), "`conf.level`", class = "relm_error")
  expect_error(generics::tidy(fit, conf.method = "Wald"), "`conf.method`", class = "relm_error")
  expect_error(generics::glance(fit, looic = 1), "`looic`", class = "relm_error")
})

test_that("new levels are the same in every column of augment(), and for a seed", {
  skip_if_not_installed("generics")
  fit <- relm(log(mercury) ~ x + (1 | station), bass_centered(), chains = 2, draws = 100, seed = 1)
  rows <- data.frame(x = 0:1, station = "new", mercury = 1)
  made <- lapply(c(4, 4), function(seed) {
    generics::augment(fit, newdata = rows, allow_new_levels = TRUE, interval = "prediction",
                      seed = seed)
  })
  expect_identical(made[[1]], made[[2]])
  expect_equal(made[[1]]$.resid, -made[[1]]$.fitted)
})

test_that("a model without coefficients has a table of the others", {
  skip_if_not_installed("generics")
  fit <- relm(log(mercury) ~ 0 + (1 | station), bass, chains = 1, draws = 50, seed = 1)
  expect_identical(generics::tidy(fit)$term, c("sd__(Intercept)", "sd__Observation"))
  expect_identical(nrow(generics::tidy(fit, effects = "fixed")), 0L)
})

test_that("tidy() has means or medians as they are asked for", {
  draws <- as.matrix(fit, "b_x")
  row <- function(...) {
    table <- generics::tidy(fit, "fixed", ...)
    unlist(table[table$term == "x", c("estimate", "std.error")], use.names = FALSE)
  }
  expect_equal(row(robust = TRUE), c(median(draws), mad(draws)))
  expect_equal(row(robust = FALSE), c(mean(draws), sd(draws)))
  expect_equal(row(), c(median(draws), sd(draws)))
  few <- relm(y ~ x + (1 | g), subset(data, g %in% unique(g)[1:3]), seed = 1, chains = 1,
              draws = 50)
  table <- generics::tidy(few, c("fixed", "ran_pars"), robust = FALSE)
  expect_identical(is.na(table$estimate), unname(tails_in(few$posterior) <= 2))
  expect_false(anyNA(generics::tidy(few, robust = TRUE)[c("estimate", "std.error")]))
})

test_that("tidy() exponentiates coefficients, and these alone", {
  effects <- c("fixed", "ran_pars", "ran_vals")
  plain <- generics::tidy(fit, effects, conf.level = 0.8)
  table <- generics::tidy(fit, effects, conf.level = 0.8, exponentiate = TRUE)
  fixed <- plain$effect == "fixed"
  for (column in c("estimate", "conf.low", "conf.high")) {
    expect_equal(table[[column]][fixed], exp(plain[[column]][fixed]))
  }
  expect_equal(table$std.error[fixed], plain$std.error[fixed] * exp(plain$estimate[fixed]))
  expect_identical(table[!fixed, ], plain[!fixed, ])
  skip_if_not_installed("broom.mixed")
  skip_if_not_installed("lme4")
  theirs <- function(exponentiate) {
    model <- suppressMessages(lme4::lmer(formula(fit), data))
    broom.mixed::tidy(model, "fixed", exponentiate = exponentiate)[["std.error"]]
  }
  model <- suppressMessages(lme4::lmer(formula(fit), data))
  expect_equal(theirs(TRUE) / theirs(FALSE), unname(exp(lme4::fixef(model))))
})

test_that("tidy() has variances and covariances", {
  table <- generics::tidy(fit, "ran_pars", scales = "vcov")
  expect_identical(table$term, c("var__(Intercept)", "var__v", "cov__(Intercept).v",
                                 "var__Observation"))
  draws <- as.matrix(fit)
  product <- draws[, "sd_g__Intercept"] * draws[, "sd_g__v"] * draws[, "cor_g__Intercept__v"]
  expect_equal(unlist(table[3, c("estimate", "std.error", "conf.low", "conf.high")]),
               c(median(product), sd(product), quantile(product, c(0.025, 0.975))),
               ignore_attr = TRUE)
  expect_equal(table$conf.high[2], quantile(draws[, "sd_g__v"]^2, 0.975)[[1]])
  expect_identical(generics::tidy(fit, scales = c(NA, "vcov"))[5:8, names(table)], table)
  expect_identical(generics::tidy(fit, scales = "sdcor"), generics::tidy(fit))
  for (scales in list("sd", c("vcov", NA), c("vcov", "vcov", "vcov"), NA, 1)) {
    expect_error(generics::tidy(fit, scales = scales), "`scales`", class = "relm_error")
  }
  expect_error(generics::tidy(fit, "fixed", scales = "vcov"), "`scales`", class = "relm_error")
  skip_if_not_installed("broom.mixed")
  skip_if_not_installed("lme4")
  model <- suppressMessages(lme4::lmer(formula(fit), data))
  expect_setequal(broom.mixed::tidy(model, "ran_pars", scales = "vcov")$term, table$term)
})

test_that("a variance's own variance does not exist where its fourth moment does not", {
  heavy <- relm(y ~ x + (1 | g), subset(data, g %in% unique(g)[1:5]), seed = 1, chains = 1,
                draws = 50)
  tail <- tails_in(heavy$posterior)[["sd_g__Intercept"]]
  expect_true(tail > 3 && tail <= 5)
  errors <- function(...) generics::tidy(heavy, "ran_pars", ...)$std.error[1]
  expect_false(is.na(errors()))
  expect_true(is.na(errors(scales = "vcov")))
})

test_that("tidy() has rstanarm's auxiliary parameters", {
  table <- generics::tidy(fit, "auxiliary")
  expect_identical(as.list(table[c("effect", "term")]), list(effect = "auxiliary", term = "sigma"))
  expect_equal(table$estimate, sigma(fit))
  several <- relm(y ~ x, data, sigma = ~ f, prior = relm_prior(sigma = pooled()), seed = 1,
                  chains = 1, draws = 20)
  table <- generics::tidy(several, "auxiliary")
  expect_identical(table$term, c("sigma", "sigma", "sigma", "sigma_df", "sigma_scale"))
  expect_identical(table$level, c("a", "b", "c", NA, NA))
  expect_equal(table$estimate[1:3], unname(sigma(several)))
  squared <- generics::tidy(several, "ran_pars", scales = "vcov")
  expect_identical(squared$term, rep(c("var__Observation", "df__Observation", "scale__Observation"),
                                     c(3, 1, 1)))
  expect_equal(squared$conf.low[4:5], table$conf.low[4:5])
})

test_that("bass's exponent is what its logarithm says", {
  line <- relm(log(mercury) ~ log(length) + (1 | station), bass, seed = 1)
  draws <- as.matrix(line, "b_loglength")
  table <- generics::tidy(line, "fixed", exponentiate = TRUE)
  expect_equal(unlist(table[2, c("estimate", "conf.low", "conf.high")]),
               exp(quantile(draws, c(0.5, 0.025, 0.975))), ignore_attr = TRUE)
})

test_that("augment() takes up the group effects that are asked for", {
  for (argument in c("re_formula", "re.form")) {
    given <- setNames(list(NA), argument)
    table <- do.call(generics::augment, c(list(fit), given))
    expect_equal(table$.fitted, unname(fitted(fit, re_formula = NA)))
    expect_equal(table$.fixed, table$.fitted)
    expect_equal(table$.resid, data$y - table$.fitted)
  }
  some <- generics::augment(fit, re.form = ~ (1 | g), interval = "prediction", seed = 3,
                            ndraws = 50)
  expect_equal(some$.fitted, unname(fitted(fit, re_formula = ~ (1 | g), ndraws = 50)))
  expect_equal(some$.upper, unname(predict(fit, re_formula = ~ (1 | g), ndraws = 50,
                                           seed = 3)[, "Q97.5"]))
  expect_false(".se.fit" %in% names(generics::augment(fit, se.fit = FALSE)))
  expect_error(generics::augment(fit, re.form = NA, re_formula = NA), "mean the same",
               class = "relm_error")
  for (argument in c("probs", "summary", "robust", "nonsense")) {
    expect_error(do.call(generics::augment, c(list(fit), setNames(list(TRUE), argument))),
                 paste0("augment.*`", argument, "`"), class = "relm_error")
  }
})

test_that("row names that are numbers are no column of augment()", {
  expect_false(".rownames" %in% names(generics::augment(fit)))
})

test_that("arguments that a method does not know are refused", {
  expect_error(generics::tidy(fit, exponentiated = TRUE), "Did you mean `exponentiate`",
               class = "relm_error")
  expect_error(generics::tidy(fit, parameters = "x"), "tidy.*`parameters`", class = "relm_error")
  expect_error(generics::glance(fit, waic = TRUE), "glance.*`waic`", class = "relm_error")
  expect_error(generics::augment(fit, data, NULL, TRUE, "none", 0.9, 1, NULL, NA, TRUE, 3),
               "without a name", class = "relm_error")
})

test_that("augment() has the rows that na.exclude left out, with what is known of them", {
  data <- grouped_data()
  data$x[c(2, 9)] <- NA
  data$z <- scale(data$v)
  fit <- suppressMessages(relm(y ~ x + z + poly(v, 3) + (1 | g), data, na.action = na.exclude,
                               seed = 1, chains = 1, draws = 20))
  for (table in list(generics::augment(fit), generics::augment(fit, data = data))) {
    expect_identical(nrow(table), 46L)
    expect_identical(which(is.na(table$.fitted)), c(2L, 9L))
    expect_equal(table$.fitted[-c(2, 9)], unname(fitted(fit)[-c(2, 9)]))
    expect_equal(table$y[-c(2, 9)], data$y[-c(2, 9)])
  }
  expect_identical(nrow(generics::augment(fit, data = data[-c(2, 9), ])), 44L)
  expect_error(generics::augment(fit, data = data[1:9, ]), "44 rows", class = "relm_error")
})

test_that("tidy() has broom.mixed's rows of several groupings", {
  skip_if_not_installed("broom.mixed")
  skip_if_not_installed("lme4")
  formula <- y ~ x + (1 + x | c) + (1 | a)
  effects <- c("fixed", "ran_pars", "ran_vals")
  theirs <- suppressMessages(suppressWarnings(lme4::lmer(formula, several_data())))
  key_of <- function(table) {
    sort(do.call(paste, as.data.frame(table)[c("effect", "group", "level", "term")]))
  }
  expect_identical(key_of(generics::tidy(crossed_fit(formula), effects)),
                   key_of(broom.mixed::tidy(theirs, effects)))
})

test_that("tidy() has each grouping's draws, products and moments in its own rows", {
  fit <- nested_fit()
  table <- generics::tidy(fit, c("ran_pars", "ran_vals", "ran_coefs"))
  estimate <- function(...) {
    row <- Reduce(`&`, Map(`==`, as.list(table)[names(list(...))], list(...)))
    table$estimate[which(row)]
  }
  median_of <- function(variable) median(as.matrix(fit, variable))
  expect_equal(estimate(group = "a", term = "sd__(Intercept)"), median_of("sd_a__Intercept"))
  expect_equal(estimate(group = "a:b", term = "sd__(Intercept)"), median_of("sd_a:b__Intercept"))
  expect_equal(estimate(effect = "ran_vals", group = "a:b", level = "c:1", term = "x"),
               median_of("r_a:b[c:1,x]"))
  expect_equal(estimate(effect = "ran_coefs", group = "a", level = "c", term = "(Intercept)"),
               median_of("coef_a[c,Intercept]"))
  draws <- as.matrix(fit)
  squared <- generics::tidy(fit, "ran_pars", scales = "vcov")
  expect_equal(squared$estimate[squared$term == "cov__(Intercept).x"],
               median(draws[, 4] * draws[, 5] * draws[, 6]))
  expect_identical(squared$group, c("a", rep("a:b", 3), "Residual"))

  moments <- generics::tidy(with_effect_moments(fit), c("ran_vals", "ran_coefs"))
  same <- generics::tidy(fit, c("ran_vals", "ran_coefs"))
  key <- c("effect", "group", "level", "term")
  expect_identical(as.list(moments[key]), as.list(same[key]))
  expect_lt(max(abs(moments$estimate - same$estimate) / same$std.error), 0.6)
})

test_that("a shape is an auxiliary parameter", {
  skip_if_not_installed("generics")
  fits <- family_fits()
  table <- generics::tidy(fits$dispersed, "auxiliary")
  expect_identical(table$term, "shape")
  expect_equal(table$estimate, median(as.matrix(fits$dispersed, "shape")))
  expect_identical(nrow(generics::tidy(fits$counts, "auxiliary")), 0L)
})

test_that("exponentials are ratios where the link has any, and a message says where it has none", {
  skip_if_not_installed("generics")
  fits <- family_fits()
  for (name in c("bernoulli", "shares", "counts")) {
    expect_no_message(odds <- generics::tidy(fits[[name]], "fixed", exponentiate = TRUE))
    draws <- as.matrix(fits[[name]], "b_x")
    expect_equal(odds$estimate[2], exp(median(draws)))
    expect_equal(unlist(odds[2, c("conf.low", "conf.high")]), ignore_attr = TRUE,
                 exp(quantile(draws, c(0.025, 0.975))))
  }
  expect_message(generics::tidy(fits$cbind, "fixed", exponentiate = TRUE), "no ratios of odds",
                 class = "relm_message")
})

test_that("beside trials predictions are shares, as fitted values are", {
  skip_if_not_installed("generics")
  data <- response_data()
  fit <- family_fits(data)$shares
  table <- generics::augment(fit, interval = "prediction", seed = 1)
  expect_equal(table$.lower, unname(predict(fit, seed = 1)[, 3]) / data$m)
  expect_true(all(table$.upper <= 1))
  new <- data[3:5, ]
  added <- generics::augment(fit, newdata = new, interval = "prediction", seed = 1)
  expect_equal(added$.upper, unname(predict(fit, new, seed = 1)[, 4]) / new$m)
  counts <- family_fits(data)$counts
  expect_equal(generics::augment(counts, interval = "prediction", seed = 1)$.upper,
               unname(predict(counts, seed = 1)[, 4]))
})

test_that("augment() says why data with missing values do not fit", {
  gaps <- transform(data, x = replace(x, 3, NA))
  dropped <- suppressMessages(relm(y ~ x, gaps, seed = 1, chains = 1, draws = 5))
  expect_error(generics::augment(dropped, gaps), "missing values.*na.exclude", class = "relm_error")
  expect_error(generics::augment(dropped, gaps[1:4, ]), "Other rows are", class = "relm_error")
  expect_error(generics::augment(fit, data[1:4, ]), "Other rows are", class = "relm_error")
})

test_that("modelsummary has medians, intervals and measures of a fit", {
  skip_if_not_installed("modelsummary")
  skip_if_not_installed("performance")
  fit <- relm(log(mercury) ~ x + (1 | station), bass_centered(), chains = 2, draws = 100, seed = 1)
  table <- suppressWarnings(modelsummary::modelsummary(fit, output = "data.frame", statistic = "conf.int",
                                                       fmt = 4))
  shown <- function(term, statistic) table[table$term == term & table$statistic == statistic, "(1)"]
  slope <- as.matrix(fit, "b_x")
  expect_identical(shown("b_x", "estimate"), sprintf("%.4f", median(slope)))
  expect_identical(shown("b_x", "conf.int"), sprintf("[%.4f, %.4f]", quantile(slope, 0.025), quantile(slope, 0.975)))
  expect_identical(table[table$part == "gof" & table$term == "Num.Obs.", "(1)"], "171")
  expect_true("RMSE" %in% table$term)
})

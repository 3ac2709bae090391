skip_if_not_installed("bayestestR")

fit <- relm(log(mercury) ~ x + river + (1 + x | station), bass_centered(), chains = 2,
            draws = 200, seed = 1)
fixed <- c("b_Intercept", "b_x", "b_riverwaccamaw")

test_that("describe_posterior() has each parameter's own row", {
  table <- bayestestR::describe_posterior(fit, ci = 0.9, centrality = "all", dispersion = TRUE,
                                          diagnostic = "all", priors = TRUE)
  expect_s3_class(table, "describe_posterior")
  expect_identical(table$Parameter, fixed)
  draws <- as.matrix(fit, fixed)
  expect_equal(table$Median, unname(apply(draws, 2, median)))
  expect_equal(table$SD, unname(apply(draws, 2, sd)))
  expect_equal(cbind(table$CI_low, table$CI_high), ignore_attr = TRUE,
               t(apply(draws, 2, quantile, c(0.05, 0.95))))
  positive <- colMeans(draws > 0)
  expect_equal(table$pd, unname(pmax(positive, 1 - positive)))
  expect_equal(table$Rhat, summary(fit, fixed)$rhat)
  expect_equal(table$ESS, summary(fit, fixed)$ess_bulk)
  expect_identical(plain(table$Prior_Distribution), rep("uniform", 3))
  expect_identical(unique(table$ROPE_high), 0.01)
  expect_output(print(table))
})

test_that("describe_posterior() tells kinds of parameters apart", {
  table <- bayestestR::describe_posterior(fit, effects = "all", test = NULL, diagnostic = NULL)
  expect_setequal(table$Parameter, variables(fit))
  expect_identical(table$Effects == "random", grepl("^(sd|cor|r)_", table$Parameter))
  expect_identical(table$Component == "sigma", table$Parameter == "sigma")
  expect_output(print(table))
})

test_that("tables of coefficients have residual standard deviations only where asked for", {
  skip_if_not_installed("parameters")
  with_sigma <- c(fixed, "sigma")
  for (f in list(bayestestR::describe_posterior, bayestestR::hdi, bayestestR::effective_sample,
                 parameters::model_parameters, parameters::standard_error, parameters::p_value)) {
    expect_identical(f(fit)$Parameter, fixed)
    expect_identical(f(fit, component = "all")$Parameter, with_sigma)
    expect_identical(f(fit, component = "sigma")$Parameter, "sigma")
    expect_true("sigma" %in% f(fit, effects = "all")$Parameter)
  }
  expect_identical(bayestestR::describe_posterior(fit, component = "all", priors = TRUE)[4, ]$
                     Prior_Distribution, NA_character_)
})

test_that("what bayestestR, parameters and performance do not know is refused", {
  skip_if_not_installed("parameters")
  skip_if_not_installed("performance")
  refused <- function(code, pattern) expect_error(code, pattern, class = "relm_error")
  refused(bayestestR::hdi(fit, cii = 0.5), "no argument `cii`.*`ci`")
  refused(bayestestR::rope(fit, rangee = c(-1, 1)), "`rangee`.*`range`")
  refused(bayestestR::p_significance(fit, treshold = 1), "`treshold`.*`threshold`")
  refused(bayestestR::describe_posterior(fit, centralty = "mean"), "`centralty`.*`centrality`")
  refused(bayestestR::diagnostic_posterior(fit, pars = "b_x"), "`pars`")
  refused(bayestestR::rope_range(fit, ci = 1), "`ci`")
  refused(parameters::standard_error(fit, robust = TRUE), "`robust`")
  refused(performance::r2_posterior(fit, robust = TRUE), "`robust`")
  refused(bayestestR::describe_posterior(fit, diagnostic = "Geweke"), "`diagnostic`.*ESS")
  refused(bayestestR::describe_posterior(fit, diagnostic = 1), "`diagnostic`.*ESS")
  refused(bayestestR::describe_posterior(fit, priors = "yes"), "`priors`.*TRUE or FALSE")
  refused(bayestestR::hdi(fit, parameters = "["), "`parameters`.*regular expression")
  refused(bayestestR::hdi(fit, parameters = 3), "`parameters`.*regular expression")
  refused(bayestestR::hdi(fit, effects = 1), "`effects`")
  refused(parameters::model_parameters(fit, group_level = 2), "`group_level`")
  refused(parameters::model_parameters(fit, effects = "total"), "`effects`")
  refused(parameters::model_parameters(fit, digit = 2), "`digit`.*`digits`")
  refused(parameters::model_parameters(fit, bootstrap = TRUE), "`bootstrap` is for estimators")
  refused(parameters::model_parameters(fit, vcov = "HC3"), "`vcov` is for estimators")
  table <- parameters::model_parameters(fit, digits = 3, bootstrap = FALSE, vcov = NULL,
                                        pretty_names = FALSE, parameters = "x$")
  expect_identical(table$Parameter, "b_x")
  refused(performance::model_performance(fit, metrics = 3), "`metrics`")
  refused(performance::model_performance(fit, metric_names = "R2"), "`metric_names`")
  refused(performance::r2(fit, levels = 0.5), "`levels`")
})

test_that("threshold and range are obeyed by name and by place", {
  draws <- as.data.frame(fit, variable = fixed)
  expect_equal(bayestestR::p_significance(fit, threshold = 0.3)$ps,
               bayestestR::p_significance(draws, 0.3)$ps)
  expect_equal(bayestestR::p_significance(fit, 0.3)$ps, bayestestR::p_significance(draws, 0.3)$ps)
  expect_equal(bayestestR::rope(fit, range = c(-1, 1), ci = 0.8)$ROPE_Percentage,
               bayestestR::rope(draws, c(-1, 1), ci = 0.8)$ROPE_Percentage)
})

test_that("moments that do not exist are not averaged", {
  few <- relm(y ~ x + (1 | g), subset(grouped_data(), g %in% unique(g)[1:3]), seed = 1,
              chains = 1, draws = 50)
  table <- bayestestR::describe_posterior(few, effects = "all", centrality = c("mean", "median"),
                                          dispersion = TRUE, test = NULL, diagnostic = "MCSE")
  tails <- tails_of(few, table$Parameter)
  expect_identical(is.na(table$Mean), tails <= 2)
  expect_identical(is.na(table$SD), tails <= 3)
  expect_identical(is.na(table$MCSE), tails <= 3)
  expect_true(any(tails <= 2))
  expect_false(anyNA(table[c("Median", "CI_low", "CI_high")]))
})

test_that("bayestestR's functions give what they give of the draws", {
  draws <- as.data.frame(fit, variable = fixed)
  names <- c("hdi", "eti", "ci", "p_direction", "p_map", "point_estimate", "map_estimate",
             "estimate_density")
  for (name in names) {
    f <- getExportedValue("bayestestR", name)
    expect_equal(as.data.frame(f(fit)), as.data.frame(f(draws)), ignore_attr = TRUE, label = name)
  }
  for (name in c("rope", "p_rope", "p_significance", "equivalence_test")) {
    f <- getExportedValue("bayestestR", name)
    expect_equal(as.data.frame(f(fit, c(-0.1, 0.2)[seq_len(2 - (name == "p_significance"))])),
                 as.data.frame(f(draws, c(-0.1, 0.2)[seq_len(2 - (name == "p_significance"))])),
                 ignore_attr = TRUE, label = name)
  }
  expect_equal(bayestestR::hdi(fit, 0.5, effects = "random_variance")$Parameter,
               c("sd_station__Intercept", "sd_station__x", "cor_station__Intercept__x"))
  expect_equal(bayestestR::effective_sample(fit)$ESS, summary(fit, fixed)$ess_bulk)
})

test_that("the range of practical equivalence is one percent of a logged response, else sd / 10", {
  expect_identical(bayestestR::rope_range(fit), c(-0.01, 0.01))
  plain <- relm(mercury ~ river + (1 | station), bass, chains = 1, draws = 10, seed = 1)
  expect_equal(bayestestR::rope_range(plain), c(-0.1, 0.1) * sd(bass$mercury))
  expect_equal(unique(bayestestR::rope(plain)$ROPE_high), 0.1 * sd(bass$mercury))
})

test_that("parameters makes its table", {
  skip_if_not_installed("parameters")
  table <- parameters::model_parameters(fit)
  expect_s3_class(table, "parameters_model")
  expect_identical(table$Parameter, fixed)
  expect_equal(table$Median[1:3], unname(fixef(fit)))
  expect_output(suppressMessages(print(table)))
  table <- parameters::model_parameters(fit, effects = "all")
  expect_identical(table$Parameter[table$Effects == "random"],
                   c("sd_station__Intercept", "sd_station__x", "cor_station__Intercept__x"))
  with_groups <- parameters::model_parameters(fit, effects = "random", group_level = TRUE)
  expect_true("r_station[w2,x]" %in% with_groups$Parameter)
  everything <- parameters::model_parameters(fit, effects = "all", group_level = TRUE)
  expect_identical(everything$Parameter, insight::find_parameters(fit, flatten = TRUE))
  of_groups <- parameters::model_parameters(fit, effects = "grouplevel")
  expect_identical(of_groups$Parameter, grep("^r_", variables(fit), value = TRUE))
  expect_equal(parameters::standard_error(fit)$SE, unname(apply(as.matrix(fit, fixed), 2, sd)))
  expect_equal(parameters::p_value(fit)$p,
               as.numeric(bayestestR::pd_to_p(bayestestR::p_direction(fit)$pd)))
})

test_that("a fit of cross-products has its table where no range goes by the data", {
  skip_if_not_installed("parameters")
  small <- relm(crossprods(mercury ~ length + (1 | station), bass), chains = 1, draws = 50,
                seed = 1)
  expect_equal(plain(bayestestR::describe_posterior(small, test = "pd")$Median),
               unname(fixef(small)))
  expect_equal(plain(parameters::model_parameters(small)$Median), unname(fixef(small)))
  expect_error(bayestestR::describe_posterior(small, test = "rope"), "cross-products",
               class = "relm_error")
})

test_that("performance has the intraclass correlation of the variances", {
  skip_if_not_installed("performance")
  skip_if_not_installed("lme4")
  parts <- insight::get_variance(fit)
  icc <- performance::icc(fit)
  expect_equal(icc$ICC_adjusted, parts$var.random / (parts$var.random + parts$var.residual))
  r2 <- performance::r2_nakagawa(fit)
  expect_equal(unname(r2$R2_marginal), parts$var.fixed /
                 (parts$var.fixed + parts$var.random + parts$var.residual))
})

test_that("performance has the fit's own R2, loo, waic, residual error and sigma", {
  skip_if_not_installed("performance")
  skip_if_not_installed("loo")
  skip_if_not_installed("rstantools")
  r2 <- performance::r2(fit)
  expect_equal(unlist(unclass(r2)[1:2]), ignore_attr = TRUE,
               c(bayes_R2(fit)[[1]], bayes_R2(fit, re_formula = NA)[[1]]))
  loo <- suppressWarnings(loo(fit)$estimates[, "Estimate"])
  table <- suppressWarnings(performance::model_performance(fit))
  expect_s3_class(table, "performance_model")
  expect_equal(table$ELPD, loo[["elpd_loo"]])
  expect_equal(table$LOOIC, loo[["looic"]])
  expect_equal(table$WAIC, suppressWarnings(waic(fit))$estimates["waic", "Estimate"])
  expect_equal(table$R2, bayes_R2(fit)[[1]])
  expect_equal(as.numeric(table$Sigma), sigma(fit))
  expect_equal(table$RMSE, sqrt(mean(residuals(fit)^2)))
  line <- relm(mercury ~ length, bass, chains = 1, draws = 50, seed = 1)
  expect_named(unclass(performance::r2(line)), "R2_Bayes")
})

test_that("the region of practical equivalence of other families goes by their link", {
  skip_if_not_installed("bayestestR")
  fits <- family_fits()
  expect_equal(bayestestR::rope_range(fits$shares), c(-0.1, 0.1) * pi / sqrt(3))
  expect_equal(bayestestR::rope_range(fits$cbind), c(-0.1, 0.1))
})

test_that("exponentials are taken of coefficients, not of standard deviations", {
  skip_if_not_installed("parameters")
  plain <- parameters::model_parameters(fit, effects = "all")
  table <- parameters::model_parameters(fit, effects = "all", exponentiate = TRUE)
  is_coefficient <- startsWith(plain$Parameter, "b_")
  expect_equal(table$Median, ifelse(is_coefficient, exp(plain$Median), plain$Median))
  expect_equal(table$CI_high, ifelse(is_coefficient, exp(plain$CI_high), plain$CI_high))
})

test_that("what modelsummary hands to tables and measures alike changes neither", {
  skip_if_not_installed("parameters")
  skip_if_not_installed("performance")
  skip_if_not_installed("loo")
  expect_equal(parameters::model_parameters(fit, metrics = "RMSE", gof_map = NULL)$Median, unname(fixef(fit)))
  measures <- performance::model_performance(fit, metrics = "RMSE", gof_map = NULL, effects = "all",
                                             exponentiate = TRUE)
  expect_equal(measures$RMSE, sqrt(mean(residuals(fit)^2)))
})

test_that("see finds the draws of an equivalence test in the fit", {
  table <- bayestestR::equivalence_test(fit)
  expect_true("see_equivalence_test" %in% class(table))
  expect_identical(attr(table, "object_name"), "fit")
  draws <- as.data.frame(fit, stringsAsFactors = FALSE, optional = FALSE)
  expect_true(all(table$Parameter %in% names(draws)))
  skip_if_not_installed("see")
  expect_s3_class(plot(table), "ggplot")
})

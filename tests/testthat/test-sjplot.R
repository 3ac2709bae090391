# What sjPlot asks of a fit: a table as estimators have it, from means and standard deviations of draws.
skip_if_not_installed("parameters")
skip_if_not_installed("bayestestR")

fit <- relm(log(mercury) ~ x + river + (1 | station), bass_centered(), chains = 2, draws = 200, seed = 1)
b <- as.matrix(fit, regex_pars = "^b_")
rows <- c("(Intercept)", "x", "riverwaccamaw")

test_that("a table of Wald's kind has means, standard deviations and normal quantiles", {
  table <- parameters::model_parameters(fit, ci_method = "wald")
  expect_s3_class(table, "parameters_model")
  expect_identical(table$Parameter, rows)
  expect_equal(table$Coefficient, unname(colMeans(b)))
  expect_equal(table$SE, unname(apply(b, 2, sd)))
  expect_equal(table$CI_low, table$Coefficient - qnorm(0.975) * table$SE)
  expect_equal(table$CI_high, table$Coefficient + qnorm(0.975) * table$SE)
  expect_equal(table$p, 2 * pnorm(abs(table$Coefficient / table$SE), lower.tail = FALSE))
  narrow <- parameters::model_parameters(fit, ci_method = "normal", ci = 0.5)
  expect_equal(narrow$CI_high - narrow$Coefficient, qnorm(0.75) * table$SE)
  expect_output(print(table), "95% CI")
})

test_that("rows are chosen, and what is no coefficient is refused", {
  names_of <- function(...) parameters::model_parameters(fit, ci_method = "wald", ...)$Parameter
  expect_identical(names_of(keep = "^x$|river"), rows[2:3])
  expect_identical(names_of(drop = "river"), rows[1:2])
  expect_identical(names_of(parameters = "b_x"), "x")
  refused <- function(..., pattern) {
    expect_error(names_of(...), pattern, class = "relm_error")
  }
  refused(effects = "all", pattern = "`sd_station__Intercept` is not")
  refused(component = "all", pattern = "`sigma` is not")
  refused(ci = c(0.5, 0.9), pattern = "`ci`")
  refused(keep = 3, pattern = "`keep` must be regular")
  refused(exponentiate = TRUE, pattern = "`exponentiate` is not for")
  refused(centrality = "median", pattern = "`centrality` is not for")
  refused(p_adjust = "holm", pattern = "`p_adjust` is for estimators")
})

test_that("a posterior without variances has no such table", {
  few <- relm(log(mercury) ~ 1 + (1 | station), subset(bass, station %in% c("l1", "l2", "l3")),
              chains = 1, draws = 20, seed = 1)
  expect_error(parameters::model_parameters(few, ci_method = "wald"), "variances of the coefficients",
               class = "relm_error")
})

test_that("sjPlot's table and picture show these rows", {
  skip_if_not_installed("sjPlot")
  table <- suppressWarnings(sjPlot::tab_model(fit, digits = 3))
  text <- gsub("&[a-z]*dash;|&#45;", "-", gsub("<[^>]*>", "", table$knitr))
  expect_match(text, sprintf("%.3f", mean(b[, "b_x"])), fixed = TRUE)
  expect_match(text, sprintf("%.3f", colMeans(b)[2] + qnorm(0.975) * sd(b[, 2])), fixed = TRUE)
  drawn <- suppressWarnings(sjPlot::plot_model(fit))
  data <- as.data.frame(drawn$data)
  data <- data[match(rows[2:3], as.character(data$term)), ]
  expect_equal(data$estimate, unname(colMeans(b)[2:3]))
  expect_equal(data$conf.low, unname(colMeans(b)[2:3] - qnorm(0.975) * apply(b[, 2:3], 2, sd)))
})

test_that("sjPlot has exponentials of other families", {
  skip_if_not_installed("sjPlot")
  trials <- relm((mercury > 1) ~ x + (1 | station), bass_centered(), family = binomial(), chains = 2, draws = 100,
                 prior = relm_prior(sd = half_normal(1)), seed = 1)
  drawn <- suppressWarnings(sjPlot::plot_model(trials))
  expect_equal(drawn$data$estimate, exp(mean(as.matrix(trials, "b_x"))))
})

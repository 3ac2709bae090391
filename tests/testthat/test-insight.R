skip_if_not_installed("insight")

data <- bass_centered()
fit <- relm(log(mercury) ~ x + river + (1 + x | station), data, chains = 2, draws = 200, seed = 1)
weighted <- relm(y ~ x + (1 + x || g), grouped_data(), sigma = ~ f, weights = w, seed = 1,
                 chains = 1, draws = 100)

test_that("insight finds the formula's parts", {
  found <- insight::find_formula(fit)
  expect_s3_class(found, "insight_formula")
  expect_identical(lapply(found, deparse1),
                   list(conditional = "log(mercury) ~ x + river", random = "~1 + x | station"))
  found <- insight::find_formula(weighted)
  expect_identical(vapply(found$random, deparse1, ""), c("~1 | g", "~0 + x | g"))
  expect_identical(deparse1(found$sigma), "~f")
  line <- relm(mercury ~ 1, bass, chains = 1, draws = 5, seed = 1)
  expect_named(insight::find_formula(line), "conditional")
  bars <- relm(mercury ~ (1 | station), bass, chains = 1, draws = 5, seed = 1)
  expect_identical(deparse1(insight::find_formula(bars)$conditional), "mercury ~ 1")
})

test_that("insight knows the model", {
  info <- insight::model_info(fit)
  expect_true(info$is_linear && info$is_mixed && info$is_bayesian)
  expect_identical(info$family, "gaussian")
  expect_equal(plain(info$n_obs), 171)
  expect_equal(plain(info$n_grouplevels), 16)
  expect_equal(plain(insight::n_obs(fit)), 171)
  expect_identical(insight::find_response(fit), "mercury")
  expect_identical(insight::find_predictors(fit, "all"),
                   list(conditional = c("x", "river"), random = "station"))
  expect_identical(insight::find_random(fit, flatten = TRUE), "station")
  expect_identical(insight::link_inverse(fit)(3), 3)
  expect_identical(insight::find_algorithm(fit)[c("algorithm", "chains")],
                   list(algorithm = "sampling", chains = 2L))
  expect_equal(as.numeric(insight::get_sigma(fit)), sigma(fit))
})

test_that("insight has the data, also where they are gone", {
  columns <- c("mercury", "x", "river", "station")
  expect_identical(insight::get_data(fit)[columns], data[columns])
  expect_identical(names(insight::get_data(fit, effects = "random")), "station")
  gone <- bass[171:1, ]
  some <- relm(log(mercury) ~ river + (1 | station), gone, weights = length, subset = weight > 500,
               chains = 1, draws = 5, seed = 1)
  rm(gone)
  used <- bass[171:1, ]
  used <- used[used$weight > 500, ]
  expect_equal(insight::get_data(some), used[c("mercury", "river", "station", "length")],
               ignore_attr = "row.names")
})

test_that("insight finds variables that came without a data frame", {
  mercury <- bass$mercury
  station <- bass$station
  bare <- relm(mercury ~ (1 | station), chains = 1, draws = 5, seed = 1)
  expect_equal(suppressWarnings(insight::get_data(bare))$mercury, mercury)
})

test_that("insight names parameters by their parts", {
  found <- insight::find_parameters(fit)
  expect_named(found, c("conditional", "random", "sigma"))
  expect_setequal(unlist(found), variables(fit))
  expect_identical(found$conditional, c("b_Intercept", "b_x", "b_riverwaccamaw"))
  expect_identical(insight::find_parameters(fit, effects = "fixed", flatten = TRUE),
                   c(found$conditional, "sigma"))
  expect_identical(insight::find_parameters(fit, effects = "grouplevel", flatten = TRUE),
                   grep("^r_", variables(fit), value = TRUE))
  expect_identical(insight::find_parameters(fit, effects = "random_variance", parameters = "^sd"),
                   list(random = c("sd_station__Intercept", "sd_station__x")))
  expect_identical(insight::find_parameters(weighted, effects = "fixed")$sigma,
                   sprintf("sigma_f[%s]", c("a", "b", "c")))
  cleaned <- insight::clean_parameters(fit)
  expect_s3_class(cleaned, "clean_parameters")
  row <- function(name) unlist(cleaned[cleaned$Parameter == name, -1])
  expect_identical(unname(row("b_Intercept")), c("fixed", "conditional", "", "(Intercept)"))
  expect_identical(unname(row("sigma")), c("fixed", "sigma", "", "sigma"))
  expect_identical(unname(row("cor_station__Intercept__x")),
                   c("random", "conditional", "SD/Cor: station", "Intercept ~ x"))
  expect_identical(unname(row("r_station[w2,x]")),
                   c("random", "conditional", "x: station", "station.w2"))
})

test_that("insight gets draws and their centers", {
  draws <- insight::get_parameters(fit)
  coefficients <- c("b_Intercept", "b_x", "b_riverwaccamaw")
  expect_identical(draws, as.data.frame(fit, variable = coefficients))
  expect_identical(insight::get_parameters(fit, component = "all"),
                   as.data.frame(fit, variable = c(coefficients, "sigma")))
  expect_identical(names(insight::get_parameters(fit, effects = "all")), variables(fit))
  centers <- insight::get_parameters(fit, summary = TRUE, centrality = "median",
                                     component = "conditional")
  expect_identical(centers$Estimate, unname(fixef(fit)))
  expect_error(insight::get_parameters(fit, effects = "mixed"), "`effects`", class = "relm_error")
})

test_that("insight gets priors", {
  informed <- relm(mercury ~ river + (1 | station), bass, chains = 1, draws = 5, seed = 1,
                   prior = relm_prior(beta = list(riverwaccamaw = normal(1, 2))))
  expect_identical(insight::get_priors(informed),
                   data.frame(Parameter = c("b_Intercept", "b_riverwaccamaw"),
                              Distribution = c("uniform", "normal"), Location = c(NA, 1),
                              Scale = c(NA, 2)))
})

test_that("insight's variances are those of the rows, draw by draw", {
  found <- insight::get_variance(fit)
  draws <- as.data.frame(fit, variable = fit$posterior$parameters$variable)
  X <- model.matrix(fit)
  Z <- model.matrix(fit, "random")
  over_draws <- function(f) {
    median(vapply(seq_len(nrow(draws)), function(i) f(draws[i, ]), 0))
  }
  Sigma <- function(d) {
    C <- matrix(c(1, d$cor_station__Intercept__x, d$cor_station__Intercept__x, 1), 2)
    s <- c(d$sd_station__Intercept, d$sd_station__x)
    C * tcrossprod(s)
  }
  expect_equal(found$var.fixed, over_draws(function(d) var(as.numeric(X %*% unlist(d[1:3])))))
  expect_equal(found$var.random, over_draws(function(d) mean(rowSums((Z %*% Sigma(d)) * Z))))
  expect_equal(found$var.residual, over_draws(function(d) d$sigma^2))
  expect_equal(found$var.intercept, c(station = over_draws(function(d) Sigma(d)[1, 1])))
  expect_equal(found$var.slope, c(station.x = over_draws(function(d) Sigma(d)[2, 2])))
  expect_equal(found$cor.slope_intercept, c(station = median(draws$cor_station__Intercept__x)))
  expect_identical(insight::get_variance(fit, "random"), found$var.random)
})

test_that("the residual variance averages over rows' levels and weights", {
  data <- grouped_data()
  sigma <- as.matrix(weighted, "^sigma", regex = TRUE)
  colnames(sigma) <- c("a", "b", "c")
  expected <- apply(sigma, 1, function(s) mean(s[data$f]^2 / data$w))
  expect_equal(insight::get_variance(weighted)$var.residual, median(expected))
})

test_that("parameters are counted, and the intercept has its draws", {
  expect_identical(insight::n_parameters(fit), length(variables(fit)))
  expect_identical(insight::n_parameters(fit, effects = "fixed"), 4L)
  expect_identical(insight::n_parameters(fit, effects = "fixed", component = "conditional"), 3L)
  expect_identical(insight::n_parameters(fit, effects = "random_variance"), 3L)
  expect_identical(insight::get_intercept(fit), as.numeric(as.matrix(fit, "b_Intercept")))
  without <- relm(mercury ~ 0 + length + (1 | station), bass, chains = 1, draws = 5, seed = 1)
  expect_identical(insight::get_intercept(without), NA_real_)
})

test_that("insight knows what became of the response", {
  skip_if_not("find_transformation" %in% ls(asNamespace("insight")))
  skip_if_not(any(grepl("UseMethod", deparse(insight::find_transformation))), "insight too old")
  expect_identical(insight::find_transformation(fit), "log")
  expect_equal(insight::get_transformation(fit)$inverse(log(3)), 3)
  expect_identical(insight::find_transformation(weighted), "identity")
  everything <- insight::find_transformation(fit, include_all = TRUE)
  expect_identical(plain(everything$response), "log")
})

test_that("several fits are not compared in silence by what does not know them", {
  skip_if_not_installed("performance")
  expect_error(performance::compare_performance(fit, weighted), "loo_compare", class = "relm_error")
})

test_that("insight's arguments that mean nothing here are refused, but for those it hands on", {
  refused <- function(code, pattern) expect_error(code, pattern, class = "relm_error")
  refused(insight::find_formula(fit, effects = "all"), "no argument `effects`")
  refused(insight::get_data(fit, effcts = "fixed"), "`effcts`.*`effects`")
  refused(insight::get_residuals(fit, kind = "pearson"), "`kind`")
  refused(insight::model_info(fit, level = 3), "`level`")
  refused(insight::find_algorithm(fit, priors = TRUE), "`priors`")
  refused(insight::find_parameters(fit, flat = TRUE, paramters = "b"), "`paramters`.*`parameters`")
  refused(insight::clean_parameters(fit, effects = "fixed"), "`effects`")
  refused(insight::get_parameters(fit, iterations = 3), "`iterations`")
  refused(insight::get_priors(fit, effects = "all"), "`effects`")
  refused(insight::get_variance(fit, parts = "random"), "`parts`")
  refused(insight::n_parameters(fit, componnt = "all"), "`componnt`.*`component`")
  refused(insight::get_intercept(fit, effects = "all"), "`effects`")
  expect_identical(insight::find_formula(fit, verbose = FALSE), insight::find_formula(fit))
  expect_identical(insight::get_data(fit, source = "frame"), insight::get_data(fit))
})

test_that("insight's arguments of the wrong kind are refused", {
  refused <- function(code, pattern) expect_error(code, pattern, class = "relm_error")
  refused(insight::get_variance(fit, component = 3), "`component`.*residual")
  refused(insight::get_variance(fit, component = "sigma"), "`component`.*residual")
  refused(insight::get_variance(fit, component = c("fixed", "random")), "`component`")
  refused(insight::find_parameters(fit, parameters = list(1)), "`parameters`.*regular")
  refused(insight::find_parameters(fit, parameters = "("), "`parameters`.*regular")
  refused(insight::find_parameters(fit, flatten = "yes"), "`flatten`.*TRUE or FALSE")
  refused(insight::find_parameters(fit, component = 1:2), "`component`")
  refused(insight::find_parameters(fit, effects = NULL), "`effects`")
  refused(insight::get_parameters(fit, centrality = mean), "`centrality`")
  refused(insight::get_data(fit, effects = 1), "`effects`")
  refused(insight::get_residuals(fit, type = "deviance"), "`type`")
})

test_that("insight has the parts of several groupings", {
  fit <- nested_fit()
  expect_identical(vapply(insight::find_formula(fit)$random, deparse1, ""),
                   c("~1 | a", "~1 + x | a:b"))
  found <- insight::find_parameters(fit, effects = "random_variance")
  expect_identical(found$random, c("sd_a__Intercept", "sd_a:b__Intercept", "sd_a:b__x",
                                   "cor_a:b__Intercept__x"))
  cleaned <- insight::clean_parameters(fit)
  expect_identical(cleaned$Group[3:6], paste("SD/Cor:", c("a", rep("a:b", 3))))
  expect_setequal(cleaned$Parameter, variables(fit))
  own <- cleaned[cleaned$Parameter == "r_a:b[c:1,x]", ]
  expect_identical(c(own$Group, own$Cleaned_Parameter), c("x: a:b", "a:b.c:1"))
  without <- nested_fit(group_draws = FALSE)
  expect_identical(insight::find_parameters(without)$random, found$random)
})

test_that("insight's variances of several groupings add up", {
  for (fit in list(nested_fit(), crossed_fit())) {
    second <- names(ngrps(fit))[2]
    parts <- insight::get_variance(fit)
    draws <- as.matrix(fit)
    z <- cbind(1, several_data()$x)
    total <- apply(draws, 1, function(draw) {
      covariance <- draw[6] * draw[4] * draw[5]
      Sigma <- matrix(c(draw[4]^2, covariance, covariance, draw[5]^2), 2)
      draw[3]^2 + mean(rowSums((z %*% Sigma) * z))
    })
    expect_equal(parts$var.random, median(total))
    expect_equal(parts$var.intercept, setNames(apply(draws[, 3:4]^2, 2, median), c("a", second)))
    expect_equal(parts$var.slope, setNames(median(draws[, 5]^2), paste0(second, ".x")))
    expect_equal(parts$cor.slope_intercept, setNames(median(draws[, 6]), second))
  }
})

test_that("insight is told what a family is", {
  skip_if_not_installed("insight")
  fits <- family_fits()
  told <- function(what) vapply(fits, function(fit) insight::model_info(fit)[[what]], NA, USE.NAMES = FALSE)
  expect_identical(told("is_binomial"), c(TRUE, TRUE, TRUE, FALSE, FALSE))
  expect_identical(told("is_bernoulli"), c(TRUE, FALSE, FALSE, FALSE, FALSE))
  expect_identical(told("is_count"), c(FALSE, FALSE, FALSE, TRUE, TRUE))
  expect_identical(told("is_negbin"), c(FALSE, FALSE, FALSE, FALSE, TRUE))
  expect_identical(told("is_logit"), c(FALSE, FALSE, TRUE, FALSE, FALSE))
  expect_identical(insight::link_inverse(fits$cbind)(0.3), stats::pnorm(0.3))
})

test_that("a shape is an auxiliary parameter, and no deviance is made of squares", {
  skip_if_not_installed("insight")
  fits <- family_fits()
  fit <- fits$dispersed
  expect_identical(insight::find_parameters(fit)$auxiliary, "shape")
  expect_identical(insight::find_parameters(fit, component = "auxiliary", flatten = TRUE), "shape")
  expect_length(insight::find_parameters(fit, component = "sigma", flatten = TRUE), 0)
  expect_false("shape" %in% insight::find_parameters(fit, component = "conditional", flatten = TRUE))
  expect_equal(insight::get_parameters(fit, component = "all")$shape, as.numeric(as.matrix(fit, "shape")))
  expect_error(insight::get_deviance(fit), "no `deviance\\(\\)`", class = "relm_error")
  gaussian <- relm(y ~ x + (1 | g), grouped_data(), seed = 1, chains = 1, draws = 20)
  expect_equal(insight::get_deviance(gaussian), sum(residuals(gaussian)^2))
})

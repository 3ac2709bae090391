skip_on_cran()

skip_if_not_installed("loo")

bass_x <- bass_centered()
fit2 <- relm(log(mercury) ~ x + (1 | station), bass_x, seed = 1)
fit3 <- relm(log(mercury) ~ x + (1 + x || station), bass_x, seed = 1)

# The log of a mean of densities, and its Monte Carlo standard error.
log_mean_density <- function(density) {
  c(log(mean(density)), sd(density) / sqrt(length(density)) / mean(density))
}

# log p(y_i | y_-i) by a fit without fish i and the draws of its station's coefficients.
refit_fish <- function(formula, i) {
  fit <- relm(formula, bass_x[-i, ], seed = i, chains = 2, draws = 1500)
  name <- function(term) sprintf("coef_station[%s,%s]", bass_x$station[i], term)
  draws <- as.matrix(fit, c(name("Intercept"), name("x"), "sigma"))
  log_mean_density(dnorm(log(bass_x$mercury[i]), draws[, 1] + draws[, 2] * bass_x$x[i], draws[, 3]))
}

# log p(y_j | y_-j) by a fit without station j and the n_j x n_j covariance matrix.
refit_station <- function(formula, j) {
  own <- bass_x$station == j
  fit <- relm(formula, bass_x[!own, ], seed = 7, chains = 2, draws = 600)
  draws <- as.matrix(fit, "^(b_|sd_|sigma)", regex = TRUE)
  y <- log(bass_x$mercury[own])
  Z <- cbind(1, bass_x$x[own])
  log_density <- apply(draws, 1, function(d) {
    sd <- d[grep("^sd", names(d))]
    scaled <- Z[, seq_along(sd), drop = FALSE] %*% diag(sd, length(sd))
    V <- diag(d[["sigma"]]^2, sum(own)) + tcrossprod(scaled)
    log_normal(y, Z %*% d[1:2], V)
  })
  largest <- max(log_density)
  log_mean_density(exp(log_density - largest)) + c(largest, 0)
}

distances <- function(result, exact, places) {
  ours <- result$pointwise[places, , drop = FALSE]
  (ours[, "elpd_loo"] - exact[1, ]) / sqrt(ours[, "mcse_elpd_loo"]^2 + exact[2, ]^2)
}

test_that("leave-one-out agrees with fits without each of thirty fish", {
  fish <- round(seq(3, 171, length.out = 30))
  for (fit in list(fit2, fit3)) {
    exact <- vapply(fish, function(i) refit_fish(formula(fit), i), numeric(2))
    for (integrated in c(TRUE, FALSE)) {
      result <- suppressWarnings(loo(fit, integrated = integrated))
      good <- result$diagnostics$pareto_k[fish] < 0.7
      expect_gte(sum(good), 28)
      expect_lt(max(abs(distances(result, exact, fish)[good])), 4)
    }
  }
})

test_that("leave-one-group-out agrees with fits without each station", {
  for (fit in list(fit2, fit3)) {
    result <- loo(fit, by = "group")
    stations <- rownames(result$pointwise)
    expect_identical(stations, levels(bass_x$station))
    good <- result$diagnostics$pareto_k < 0.7
    expect_gte(sum(good), 14)
    exact <- vapply(stations, function(j) refit_station(formula(fit), j), numeric(2))
    expect_lt(max(abs(distances(result, exact, stations)[good])), 4)
  }
})

test_that("the common line's density of a row given the others is a t density", {
  fit <- relm(log(mercury) ~ x, bass_x, seed = 1)
  result <- loo(fit)
  lm_fit <- lm(log(mercury) ~ x, bass_x)
  # Studentized residuals, with the Jacobian of the scale.
  scale <- influence(lm_fit)$sigma / sqrt(1 - hatvalues(lm_fit))
  error <- residuals(lm_fit) / (1 - hatvalues(lm_fit))
  exact <- dt(error / scale, 171 - 3, log = TRUE) - log(scale)
  distance <- (result$pointwise[, "elpd_loo"] - exact) / result$pointwise[, "mcse_elpd_loo"]
  expect_lt(max(abs(distance)), 4)
})

test_that("integrating the group effects out makes for smaller errors and Pareto k", {
  conditional <- suppressWarnings(loo(fit3, integrated = FALSE))
  integrated <- loo(fit3)
  error <- function(result) result$pointwise[, "mcse_elpd_loo"]
  expect_lt(median(error(integrated) / error(conditional)), 0.5)
  expect_lt(max(integrated$diagnostics$pareto_k), max(conditional$diagnostics$pareto_k))
  # They estimate the same, and the effective number of parameters with it.
  expect_equal(integrated$estimates["p_loo", 1], conditional$estimates["p_loo", 1],
               tolerance = 0.02)
  expect_equal(sum(integrated$pointwise[, "p_loo"]), integrated$estimates["p_loo", 1])
})

test_that("p_loo is the density given all data over that given the others", {
  lpd <- log(colMeans(exp(log_lik(fit2))))
  result <- loo(fit2)
  # By draws of the group effects; here, without them.
  expect_equal(unname(result$pointwise[, "elpd_loo"] + result$pointwise[, "p_loo"]), unname(lpd),
               tolerance = 0.01)
})

test_that("the conditional one is loo's own of log_lik()", {
  values <- log_lik(fit2)
  r_eff <- loo::relative_eff(exp(values), chain_id = rep(1:4, each = 1000))
  theirs <- suppressWarnings(loo::loo(values, r_eff = r_eff))
  ours <- suppressWarnings(loo(fit2, integrated = FALSE))
  expect_equal(ours$estimates, theirs$estimates)
  expect_equal(unname(ours$pointwise), unname(theirs$pointwise))
  expect_equal(suppressWarnings(waic(fit2))$estimates,
               suppressWarnings(loo::waic(values))$estimates)
  groups <- log_lik(fit2, by = "group")
  expect_equal(suppressWarnings(waic(fit2, by = "group"))$estimates,
               suppressWarnings(loo::waic(groups))$estimates)
})

test_that("loo's interface by functions takes log_lik() row by row", {
  fit <- relm(log(mercury) ~ x + (1 | station), bass_x, chains = 2, draws = 150, seed = 1)
  density <- function(data_i, draws) log_lik(draws, newdata = data_i)[, 1]
  theirs <- suppressWarnings(loo::loo(density, data = bass_x, draws = fit, r_eff = rep(1, 171)))
  ours <- suppressWarnings(loo(fit, integrated = FALSE, r_eff = 1))
  expect_equal(unname(theirs$pointwise), unname(ours$pointwise))
})

small <- function(formula) relm(formula, bass_x, chains = 2, draws = 150, seed = 1)

test_that("models are compared as loo compares them", {
  fit1 <- small(log(mercury) ~ x)
  fit2 <- small(log(mercury) ~ x + (1 | station))
  fit3 <- small(log(mercury) ~ x + (1 + x || station))
  table <- loo_compare(fit1, fit2, fit3)
  expect_identical(compared_models(table)[3], "fit1")
  expect_setequal(compared_models(table), c("fit1", "fit2", "fit3"))
  by_loo <- loo::loo_compare(loo(fit1), loo(fit2), loo(fit3))
  expect_equal(compared_differences(table), compared_differences(by_loo))
  expect_equal(unclass(loo::loo_compare(fit1, fit2, fit3)), unclass(table), ignore_attr = TRUE)
  expect_equal(loo_compare(list(fit1 = fit1, fit2 = fit2, fit3 = fit3)), table)
  expect_equal(suppressWarnings(loo_compare(list(fit1 = fit1, fit2 = loo(fit2), fit3 = fit3))),
               table)
  expect_error(loo_compare(list(fit1, fit2), fit3), "one list", class = "relm_error")
  expect_equal(unclass(loo_compare(loo(fit1), loo(fit2))), unclass(loo::loo_compare(loo(fit1), loo(fit2))),
               ignore_attr = TRUE)
  expect_identical(compared_models(loo_compare(loo(fit1), loo(fit2))), c("fit2", "fit1"))
  groups <- loo_compare(fit2, fit3, by = "group", model_names = c("intercepts", "slopes"))
  expect_setequal(compared_models(groups), c("intercepts", "slopes"))
  waics <- suppressWarnings(loo_compare(fit1, fit2, criterion = "waic"))
  expect_true("elpd_waic" %in% colnames(waics))
})

fit2 <- small(log(mercury) ~ x + (1 | station))

test_that("what cannot be compared or left out is refused", {
  other <- relm(log(mercury) ~ x + (1 | station), bass_x[-1, ], seed = 1, chains = 1, draws = 50)
  raw <- relm(mercury ~ x + (1 | station), bass_x, seed = 1, chains = 1, draws = 50)
  expect_error(loo_compare(fit2, other), "171.*170", class = "relm_error")
  expect_error(loo_compare(fit2, raw), "log\\(mercury\\).*mercury", class = "relm_error")
  expect_error(loo_compare(fit2), "two models", class = "relm_error")
  expect_warning(loo_compare(loo(fit2), suppressWarnings(loo(raw))), "same y")
  expect_error(loo(fit2, by = "fish"), "row.*group.*fish", class = "relm_error")
  expect_error(loo(fit2, k_treshold = 0.5), "k_threshold", class = "relm_error")
  line <- relm(log(mercury) ~ x, bass_x, seed = 1, chains = 1, draws = 50)
  expect_error(loo(line, by = "group"), "none", class = "relm_error")
})

test_that("fits of cross-products leave out groups, not rows", {
  parts <- relm(crossprods(log(mercury) ~ x + (1 | station), bass_x), chains = 2, draws = 150,
                seed = 1)
  expect_equal(loo(parts, by = "group")$estimates, loo(fit2, by = "group")$estimates)
  expect_error(loo(parts), "cross-products", class = "relm_error")
  expect_error(loo(parts, by = "group", reloo = TRUE, k_threshold = 0), "cross-products",
               class = "relm_error")
})

test_that("loo's generics know relm's fits", {
  expect_equal(loo::loo(fit2)$estimates, loo(fit2)$estimates)
  expect_s3_class(loo(fit2), "psis_loo")
  expect_output(print(loo(fit2)))
  kept <- loo(fit2, save_psis = TRUE)
  expect_identical(dim(kept$psis_object), c(300L, 171L))
})

test_that("efficiencies are positive numbers, one or one for each row", {
  fit <- small(log(mercury) ~ x + (1 | station))
  for (bad in list("a", -1, c(1, NA), rep(0.5, 3), NA)) {
    expect_error(loo(fit, r_eff = bad), "`r_eff`.*171", class = "relm_error")
  }
  line <- small(log(mercury) ~ x)
  expect_error(loo(line, by = "group"), "needs group effects", class = "relm_error")
})

test_that("what can be computed of no draw, or means nothing, is refused", {
  one <- relm(log(mercury) ~ x + (1 | station), bass_centered(), chains = 1, draws = 1, seed = 1)
  for (criterion in list(loo, waic, function(fit) loo(fit, by = "group"),
                         function(fit) kfold(fit, K = 2))) {
    expect_error(criterion(one), "needs several draws.*`extend\\(\\)`", class = "relm_error")
  }
  for (threshold in list(-1, -1e-9, "a", NA)) {
    expect_error(loo(fit2, k_threshold = threshold), "`k_threshold`", class = "relm_error")
  }
})

fit1 <- small(log(mercury) ~ x)

test_that("loo_compare() says which argument it does not know", {
  expect_error(loo_compare(fit1, fit2, detail = TRUE), "loo_compare.*no argument `detail`",
               class = "relm_error")
  expect_error(loo_compare(fit1, fit2, critrion = "waic"), "Did you mean `criterion`",
               class = "relm_error")
  expect_error(loo_compare(fit1, fit2, TRUE), "Argument 3 is TRUE", class = "relm_error")
  expect_error(loo_compare(fit1, NULL), "Argument 2 is NULL", class = "relm_error")
  expect_error(loo_compare(fit1, fit2, criterion = "kfold"), "add_criterion", class = "relm_error")
})

test_that("models are called by the names that they are given", {
  fits <- list(a = fit1, b = fit2)
  expected <- suppressWarnings(loo_compare(fits))
  expect_identical(suppressWarnings(do.call(loo_compare, fits)), expected)
  expect_identical(suppressWarnings(loo_compare(a = fit1, b = fit2)), expected)
  expect_setequal(rownames(suppressWarnings(loo_compare(fit1, b = fit2))), c("fit1", "b"))
  waics <- suppressWarnings(do.call(loo_compare, c(fits, criterion = "waic")))
  expect_identical(rownames(waics), rownames(suppressWarnings(loo_compare(fits, criterion = "waic"))))
  loos <- suppressWarnings(lapply(fits, loo))
  expect_setequal(compared_models(do.call(loo_compare, loos)), c("a", "b"))
  expect_error(loo_compare(a = fit1, b = fit2, criterium = "waic"), "criterium", class = "relm_error")
})

test_that("fits that are no names are given short ones", {
  table <- suppressWarnings(do.call(loo_compare, list(fit1, fit2)))
  expect_identical(sort(rownames(table)), c("model1", "model2"))
  fits <- list(a = fit1, b = fit2)
  table <- suppressWarnings(loo_compare(fits$a, fits[["b"]], identity(identity(identity(identity(
    identity(identity(identity(identity(identity(fits$b)))))))))))
  expect_lte(max(nchar(rownames(table))), 62)
  expect_true(all(c("fits$a", "fits[[\"b\"]]") %in% rownames(table)))
  expect_identical(attr(do.call(loo, list(fit2)), "model_name"), "model1")
})

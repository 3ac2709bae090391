skip_if_not_installed("loo")

# Both on the log scale, with their Monte Carlo standard errors.
expect_agreement <- function(a, a_error, b, b_error) {
  expect_lt(max(abs(a - b) / sqrt(a_error^2 + b_error^2)), 4)
}

mean_density <- function(log_lik, chains) apply(log_lik, 2, log_mean_exp, chains)

test_that("with a fold for each row it is exact leave-one-out", {
  data <- data.frame(x = 1:10, y = c(2.1, 2.9, 4.2, 4.8, 6.1, 7.2, 7.8, 9.1, 9.9, 12))
  exact <- vapply(1:10, function(i) {
    line <- lm(y ~ x, data[-i, ])
    at <- predict(line, data[i, ], se.fit = TRUE)
    scale <- sqrt(at$se.fit^2 + at$residual.scale^2)
    dt((data$y[i] - at$fit) / scale, at$df, log = TRUE) - log(scale)
  }, 0)
  fit <- relm(y ~ x, data, draws = 2500, seed = 1)
  folds <- kfold(fit, K = 10, seed = 2)
  found <- folds$pointwise
  expect_lt(max(found[, "mcse_elpd_kfold"]), 0.1)
  expect_agreement(found[, "elpd_kfold"], found[, "mcse_elpd_kfold"], exact, 0)
  expect_equal(folds$estimates["elpd_kfold", ],
               c(Estimate = sum(found[, 1]), SE = sqrt(10 * var(found[, 1]))))
  expect_equal(found[, "kfoldic"], -2 * found[, "elpd_kfold"])
})

test_that("rows of groups in other folds are predicted given these, others from the population", {
  data <- grouped_data(8)
  fit <- relm(y ~ x + (1 + x | g), data, weights = w, seed = 1, chains = 2, draws = 1000)
  # One fold with some rows of each group, and one that is a group.
  folds <- ifelse(data$g == "g3", "group", ifelse(seq_along(data$g) %% 3 == 0, "third", "rest"))
  found <- kfold(fit, folds = folds, seed = 3)$pointwise
  refit <- function(fold) {
    relm(y ~ x + (1 + x | g), data[folds != fold, ], weights = w, seed = 7, chains = 2,
         draws = 1000)
  }
  some <- folds == "third"
  by_hand <- mean_density(log_lik(refit("third"), data[some, ]), 2)
  expect_agreement(found[some, "elpd_kfold"], found[some, "mcse_elpd_kfold"],
                   by_hand[1, ], by_hand[2, ])
  new <- folds == "group"
  draws <- as.matrix(refit("group"))
  by_hand <- vapply(which(new), function(i) {
    sds <- draws[, c("sd_g__Intercept", "sd_g__x")]
    variance <- sds[, 1]^2 + (data$x[i] * sds[, 2])^2 +
      2 * data$x[i] * sds[, 1] * sds[, 2] * draws[, "cor_g__Intercept__x"]
    log_mean_exp(dnorm(data$y[i], draws[, "b_Intercept"] + draws[, "b_x"] * data$x[i],
                       sqrt(variance + draws[, "sigma"]^2 / data$w[i]), log = TRUE), 2)
  }, numeric(2))
  expect_agreement(found[new, "elpd_kfold"], found[new, "mcse_elpd_kfold"],
                   by_hand[1, ], by_hand[2, ])
})

test_that("a residual variance that a fold takes with it comes from its prior", {
  data <- grouped_data(8)
  prior <- relm_prior(sigma = inverse_gamma(3, 1))
  fit <- relm(y ~ x + (1 | g), data, sigma = ~ g, prior = prior, seed = 1, chains = 2,
              draws = 1000)
  # g2 alone, and the others in two folds.
  folds <- ifelse(data$g == "g2", 0, seq_along(data$g) %% 2 + 1)
  found <- kfold(fit, folds = folds, seed = 3)$pointwise
  without <- as.matrix(relm(y ~ x + (1 | g), data[data$g != "g2", ], sigma = ~ g, prior = prior,
                            seed = 7, chains = 2, draws = 1000))
  own <- data[data$g == "g2", ]
  set.seed(1)
  variance <- without[, "sd_g__Intercept"]^2 + 1 / rgamma(2000, 3, 1)
  by_hand <- vapply(seq_len(nrow(own)), function(i) {
    mean <- without[, "b_Intercept"] + without[, "b_x"] * own$x[i]
    log_mean_exp(dnorm(own$y[i], mean, sqrt(variance), log = TRUE), 2)
  }, numeric(2))
  found <- found[data$g == "g2", ]
  expect_agreement(found[, "elpd_kfold"], found[, "mcse_elpd_kfold"], by_hand[1, ], by_hand[2, ])
})

test_that("the result is loo's, compared by it, and the same for a seed", {
  data <- bass_centered()
  fit1 <- relm(log(mercury) ~ x, data, chains = 1, draws = 200, seed = 1)
  fit2 <- relm(log(mercury) ~ x + (1 | station), data, chains = 1, draws = 200, seed = 1)
  k1 <- kfold(fit1, K = 3, seed = 4)
  k2 <- kfold(fit2, K = 3, seed = 4)
  expect_true(loo::is.kfold(k2))
  expect_identical(attr(k1, "folds"), attr(k2, "folds"))
  expect_equal(as.integer(table(attr(k1, "folds"))), rep(57L, 3))
  expect_identical(compared_models(loo_compare(k1, k2))[1], "fit2")
  expect_output(print(k2))
  expect_identical(kfold(fit2, K = 3, seed = 4)$pointwise, k2$pointwise)
  expect_identical(loo::kfold(fit2, K = 3, seed = 4)$pointwise, k2$pointwise)
  expect_false(identical(kfold(fit2, K = 3, seed = 5)$pointwise, k2$pointwise))
  # Without a third of the rows less is known than without one.
  p <- c(loo(fit2)$estimates["p_loo", "Estimate"], k2$estimates["p_kfold", "Estimate"])
  expect_gt(p[2], p[1])
  expect_lt(p[2], 2 * p[1])
})

test_that("folds that there cannot be are refused", {
  fit <- relm(log(mercury) ~ x + (1 | station), bass_centered(), chains = 1, draws = 20, seed = 1)
  expect_error(kfold(fit, K = 1), "`K`", class = "relm_error")
  expect_error(kfold(fit, K = 172), "`K`.*171", class = "relm_error")
  expect_error(kfold(fit, folds = 1:3), "`folds`.*171", class = "relm_error")
  expect_error(kfold(fit, folds = rep(1, 171)), "at least two", class = "relm_error")
  expect_error(kfold(fit, folds = c(NA, rep(1:2, 85))), "missing", class = "relm_error")
  expect_error(kfold(fit, 4, folds = rep_len(1:5, 171)), "`K`.*5", class = "relm_error")
  expect_error(kfold(fit, 4, group = "station"), "`K`.*16", class = "relm_error")
  expect_error(kfold(fit, 5, folds = "loo"), "`K`.*171", class = "relm_error")
  expect_error(kfold(fit, folds = "grouped"), "needs `group`", class = "relm_error")
  expect_error(kfold(fit, folds = "random"), "`folds`.*stratified", class = "relm_error")
  expect_error(kfold(fit, 17, folds = "grouped", group = "station"), "number of groups, 16",
               class = "relm_error")
  expect_error(kfold(fit, folds = rep_len(1:5, 171), group = "x"), "`group`", class = "relm_error")
  expect_error(kfold(fit, folds = "loo", group = "x"), "`group`", class = "relm_error")
  expect_error(kfold(fit, group = "river"), "`group`.*station", class = "relm_error")
  expect_error(kfold(fit, save_fits = TRUE), "`save_fits`", class = "relm_error")
  expect_error(kfold(fit, k = 5), "Did you mean `K`", class = "relm_error")
  first <- as.integer(factor(bass$station)) > 14
  expect_error(kfold(fit, folds = !first, seed = 1), 'without fold "TRUE"', class = "relm_error")
  counted <- relm(crossprods(log(mercury) ~ x + (1 | station), bass_centered()), chains = 1,
                  draws = 20, seed = 1)
  expect_error(kfold(counted), "kfold", class = "relm_error")
})

test_that("folds and their number are given together", {
  data <- grouped_data(8)
  fit <- relm(y ~ x + (1 | g), data, chains = 1, draws = 20, seed = 1)
  folds <- rep_len(c("a", "b", "c"), nrow(data))
  counted <- kfold(fit, K = 3, folds = folds, seed = 1)
  expect_identical(counted$pointwise, kfold(fit, folds = folds, seed = 1)$pointwise)
  expect_identical(attr(counted, "K"), 3L)
})

test_that("folds are made of the groups that are named, as brms makes them", {
  data <- transform(grouped_data(8), h = rep_len(c("u", "v"), 57)[seq_along(g)])
  fit <- relm(y ~ x + (1 | g:h), data, chains = 1, draws = 20, seed = 1)
  folds <- function(...) attr(kfold(fit, ..., seed = 2), "folds")
  expect_identical(as.character(folds(group = "h")), data$h)
  grouped <- folds(K = 4, folds = "grouped", group = "g:h")
  expect_identical(nlevels(grouped), 4L)
  expect_true(all(tapply(grouped, paste(data$g, data$h), function(x) length(unique(x))) == 1))
  stratified <- table(folds(K = 4, folds = "stratified", group = "h"), data$h)
  expect_lte(max(stratified) - min(stratified), 1)
  expect_identical(folds(K = 4, folds = "grouped", group = "g:h"), grouped)
  single <- choose_folds(NULL, "loo", NULL, 57, 1)
  expect_identical(as.integer(single), seq_len(57))
})

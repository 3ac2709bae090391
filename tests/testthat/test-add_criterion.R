skip_if_not_installed("loo")

fit <- relm(log(mercury) ~ x + (1 | station), bass_centered(), chains = 2, draws = 100, seed = 1)
plain <- relm(log(mercury) ~ x, bass_centered(), chains = 2, draws = 100, seed = 1)

test_that("criteria are kept as their functions give them, each with the arguments it knows", {
  with <- suppressWarnings(add_criterion(fit, c("loo", "waic", "kfold", "bayes_R2"), K = 3,
                                         seed = 1, cores = 1))
  expect_named(with$criteria, c("loo", "waic", "kfold", "bayes_R2"))
  expect_identical(with$criteria$loo$estimates, suppressWarnings(loo(fit))$estimates)
  expect_identical(with$criteria$kfold$estimates, kfold(fit, K = 3, seed = 1)$estimates)
  expect_identical(as.numeric(with$criteria$bayes_R2), as.numeric(bayes_R2(fit, summary = FALSE)))
  expect_identical(attr(with$criteria$waic, "model_name"), "fit")
  expect_identical(with$sampling, fit$sampling)
})

test_that("loo_compare() takes what is kept", {
  with <- suppressWarnings(add_criterion(fit, c("loo", "waic")))
  expected <- suppressWarnings(loo_compare(fit, plain, model_names = c("a", "b")))
  expect_identical(suppressWarnings(loo_compare(with, plain, model_names = c("a", "b"))), expected)
  with$criteria$loo$pointwise[, "elpd_loo"] <- 0
  changed <- suppressWarnings(loo_compare(with, plain, model_names = c("a", "b")))
  expect_false(identical(changed, expected))
  # Of groups, nothing is kept.
  expect_equal(suppressWarnings(loo_compare(with, fit, by = "group"))[2, "elpd_diff"], 0)
  folds <- lapply(list(fit, plain), add_criterion, "kfold", K = 3, seed = 1)
  expect_identical(rownames(loo_compare(folds, criterion = "kfold")), c("model1", "model2"))
})

test_that("what is there stays unless it is to be overwritten", {
  with <- suppressWarnings(add_criterion(fit, "loo"))
  with$criteria$loo$marked <- TRUE
  expect_true(suppressWarnings(add_criterion(with, c("loo", "waic")))$criteria$loo$marked)
  anew <- suppressWarnings(add_criterion(with, "loo", overwrite = TRUE))
  expect_null(anew$criteria$loo$marked)
})

test_that("other draws have no criteria yet", {
  with <- add_criterion(plain, "bayes_R2")
  expect_null(extend(with, 10)$criteria)
  expect_null(update(with, draws = 20)$criteria)
  expect_null(c(with, update(plain, seed = 2))$criteria)
})

test_that("unknown criteria and arguments are refused", {
  expect_error(add_criterion(fit), "`criterion` is missing", class = "relm_error")
  for (bad in list("marglik", 3, character(0), NA)) {
    expect_error(add_criterion(fit, bad), "`criterion` must be", class = "relm_error")
  }
  expect_error(add_criterion(fit, "loo", file = "a"), "no argument `file`", class = "relm_error")
  expect_error(add_criterion(fit, "loo", K = 3), "no argument `K`", class = "relm_error")
  expect_error(add_criterion(fit, "loo", model_name = 3), "`model_name`", class = "relm_error")
  expect_error(add_criterion(fit, "loo", overwrite = NA), "`overwrite`", class = "relm_error")
})

skip_if_not_installed("loo")
data <- grouped_data()
first <- relm(y ~ x + (1 | g), data, chains = 2, draws = 100, seed = 1)
second <- relm(y ~ v + (1 | g), data, chains = 2, draws = 100, seed = 1)
elpd <- suppressWarnings(cbind(loo(first)$pointwise[, "elpd_loo"], loo(second)$pointwise[, "elpd_loo"]))

test_that("stacking has the highest log score of all averages", {
  found <- suppressWarnings(loo_model_weights(first, second))
  best <- optimize(function(w) sum(log(w * exp(elpd[, 1]) + (1 - w) * exp(elpd[, 2]))), c(0, 1), maximum = TRUE,
                   tol = 1e-8)$maximum
  expect_equal(as.numeric(found), c(best, 1 - best), tolerance = 1e-3)
  expect_named(found, c("first", "second"))
  expect_equal(suppressWarnings(model_weights(first, second)), unlist(unclass(found)[1:2]), ignore_attr = TRUE)
})

test_that("other weights are exponentials of a criterion", {
  score <- colSums(elpd)
  expect_equal(unname(suppressWarnings(model_weights(first, second, weights = "loo"))),
               exp(score - max(score)) / sum(exp(score - max(score))))
  plain <- suppressWarnings(loo_model_weights(first, second, method = "pseudobma", BB = FALSE))
  expect_equal(as.numeric(plain), exp(score - max(score)) / sum(exp(score - max(score))))
  kept <- suppressWarnings(lapply(list(first, second), add_criterion, "waic"))
  score <- vapply(kept, function(fit) fit$criteria$waic$estimates["elpd_waic", 1], 0)
  expect_equal(unname(suppressWarnings(model_weights(kept[[1]], kept[[2]], weights = "waic"))),
               1 / (1 + exp(rev(score) - score)))
})

test_that("the Bayesian bootstrap has a seed, and leaves the session's stream", {
  set.seed(4)
  weigh <- function(seed) suppressWarnings(as.numeric(loo_model_weights(first, second, method = "pseudobma", seed = seed)))
  before <- .Random.seed
  a <- weigh(1)
  expect_identical(.Random.seed, before)
  expect_identical(weigh(1), a)
  expect_false(identical(weigh(2), a))
  expect_lt(abs(mean(vapply(1:20, function(seed) weigh(seed)[1], 0)) - a[1]), 0.05)
})

test_that("weights by marginal likelihoods are posterior probabilities", {
  skip_if_not_installed("bridgesampling")
  prior <- relm_prior(beta = normal(0, 3), sd = half_normal(2), sigma = half_normal(2))
  a <- update(first, prior = prior)
  b <- update(second, prior = prior)
  expect_equal(model_weights(a, b, weights = "bma"), post_prob(a, b))
  expect_error(model_weights(a, b, weights = "bma", reloo = TRUE), "does not ask", class = "relm_error")
})

test_that("names may be given, and whatever is no model is refused", {
  expect_named(suppressWarnings(model_weights(first, second, model_names = c("u", "v"))), c("u", "v"))
  expect_error(model_weights(first), "at least two", class = "relm_error")
  expect_error(model_weights(first, 3), "model_weights.*compares fits", class = "relm_error")
  expect_error(model_weights(first, second, weights = "equal"), "`weights` must be one of", class = "relm_error")
  expect_error(loo_model_weights(first, second, methd = "stacking"), "Did you mean `method`", class = "relm_error")
})

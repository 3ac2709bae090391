# What DHARMa asks of a fit, one of its classes or not.

data <- with_response_of(several_data(60), "binomial")
data$n <- rep_len(1:4, 60)
data$k <- pmin(data$n, 2 * data$y)

# The same model with its response written in all ways.
trials_fits <- function() {
  fit_of <- function(formula, ...) {
    relm(formula, data, family = binomial(), prior = relm_prior(sd = half_normal(1)), chains = 2,
         draws = 50, seed = 1, ...)
  }
  list(cbind = fit_of(cbind(k, n - k) ~ x + (1 | a)), share = fit_of(k / n ~ x + (1 | a), weights = n),
       number = fit_of(y ~ x + (1 | a)), factor = fit_of(factor(y, 0:1, c("no", "yes")) ~ x + (1 | a)))
}

test_that("responses and replicates are numbers of successes, however they are written", {
  fits <- trials_fits()
  for (name in c("cbind", "share")) {
    expect_equal(getObservedResponse.relm(fits[[name]]), data$k)
    expect_equal(getFitted.relm(fits[[name]]), data$n * unname(fitted(fits[[name]], re_formula = NA)))
  }
  for (name in c("number", "factor")) expect_equal(getObservedResponse.relm(fits[[name]]), data$y)
  numbers <- lapply(fits, getSimulations.relm, nsim = 5, seed = 2)
  simulated <- lapply(fits, simulate, nsim = 5, seed = 2)
  expect_equal(numbers$cbind, unname(sapply(simulated$cbind, function(one) one[, 1])))
  expect_equal(numbers$share, unname(as.matrix(simulated$share) * data$n))
  expect_equal(numbers$number, unname(as.matrix(simulated$number)))
  expect_equal(numbers$factor, unname(1 * (as.matrix(simulated$factor) == "yes")))
  expect_equal(numbers$cbind, numbers$share)
  expect_equal(numbers$number, numbers$factor)
})

test_that("replicates for refits have the form of the response, and fit", {
  fit <- trials_fits()$cbind
  expect_identical(getSimulations.relm(fit, 2, "refit", seed = 2), simulate(fit, 2, seed = 2))
  again <- getRefit.relm(fit, getSimulations.relm(fit, 1, "refit", seed = 2)[[1]])
  expect_equal(getObservedResponse.relm(again), getSimulations.relm(fit, 1, seed = 2)[, 1])
})

test_that("group effects are those of the draws, or new", {
  fit <- trials_fits()$number
  replicates <- function(...) getSimulations.relm(fit, 20, seed = 3, ...)
  kept <- unname(as.matrix(simulate(fit, 20, seed = 3)))
  new <- unname(as.matrix(simulate(fit, 20, seed = 3, use.u = FALSE)))
  expect_false(identical(kept, new))
  for (effects in c("conditional", "user-specified")) expect_equal(replicates(simulateREs = effects), kept)
  expect_equal(replicates(simulateREs = "unconditional"), new)
  expect_equal(replicates(use.u = FALSE), new)
  # The values that DHARMa's generic has for arguments that were not given.
  expect_equal(replicates(type = c("normal", "refit"), simulateREs = c("conditional", "unconditional")), kept)
})

test_that("rows that are left out have no residuals", {
  rows <- data
  rows$x[c(2, 7)] <- NA
  fit <- suppressMessages(relm(y ~ x + (1 | a), rows, family = binomial(), na.action = na.exclude, seed = 1,
                               prior = relm_prior(sd = half_normal(1)), chains = 1, draws = 20))
  expect_identical(dim(getSimulations.relm(fit, 3)), c(58L, 3L))
  for (values in list(getObservedResponse.relm(fit), getFitted.relm(fit), getResiduals.relm(fit))) {
    expect_length(values, 58)
    expect_false(anyNA(values))
  }
})

test_that("what cannot be simulated is refused", {
  fit <- trials_fits()$number
  expect_error(getSimulations.relm(fit, 3, "other"), "`type`", class = "relm_error")
  expect_error(getSimulations.relm(fit, 3, simulateREs = "all"), "`simulateREs`", class = "relm_error")
  expect_error(getSimulations.relm(fit, 3, sigma = 2), "sigma", class = "relm_error")
  small <- relm(crossprods(y ~ x, data = data), seed = 1, chains = 1, draws = 5)
  expect_error(getObservedResponse.relm(small), "needs the data", class = "relm_error")
})

test_that("DHARMa's residuals are where the response lies among replicates", {
  skip_if_not_installed("DHARMa")
  counts <- data.frame(x = data$x, a = data$a, y = 10 * data$k)
  fit <- relm(y ~ x + (1 | a), counts, family = negative_binomial(), chains = 2, draws = 50, seed = 1)
  residuals <- suppressWarnings(DHARMa::simulateResiduals(fit, n = 100, seed = 1))
  replicates <- residuals$simulatedResponse
  low <- rowMeans(replicates < counts$y)
  high <- rowMeans(replicates <= counts$y)
  expect_true(all(residuals$scaledResiduals >= low & residuals$scaledResiduals <= high))
  expect_equal(residuals$observedResponse, counts$y)
})

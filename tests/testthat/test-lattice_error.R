test_that("the error of the lattice is far below what would be told", {
  set.seed(3)
  data <- data.frame(a = factor(sample(6, 60, TRUE)), b = factor(sample(4, 60, TRUE)))
  data$y <- rbinom(60, 1, plogis(rnorm(6, 0, 2)[data$a]))
  prior <- relm_prior(beta = normal(0, 3), sd = half_normal(2))
  for (formula in c(y ~ 1 + (1 | a), y ~ 1 + (1 | a) + (1 | b))) {
    fit <- relm(formula, data, family = binomial(), prior = prior, chains = 2, draws = 50, seed = 1)
    expect_gte(fit$sampling$lattice_error, 0)
    expect_lt(fit$sampling$lattice_error, most_lattice_error)
  }
  none <- relm(y ~ 1, data, family = binomial(), prior = prior, chains = 1, draws = 20, seed = 1)
  expect_identical(none$sampling$lattice_error, 0)
})

test_that("an error that is large, or could not be measured, is told", {
  counts <- data.frame(y = c(0, 2, 1, 3, 0, 1, 4, 2), g = rep(1:4, 2))
  fit <- relm(y ~ 1 + (1 | g), counts, family = poisson(), chains = 1, draws = 20, seed = 1,
              prior = relm_prior(beta = normal(0, 3), sd = half_normal(2)))
  noted <- function(error) {
    fit$sampling$lattice_error <- error
    gsub(" +", " ", paste(capture.output(print(summary(fit))), collapse = " "))
  }
  expect_no_match(noted(5e-4), "integrated out")
  expect_match(noted(0.004), "an error of 0.004 in")
  expect_match(noted(NA_real_), "could not be measured")
})

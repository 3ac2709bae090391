# What objects of every kind print, as a whole: what is said of a model, the rows and columns and
# their order. Numbers that come of draws are #.

bass_fit <- function(formula, ...) relm(formula, bass_centered(), seed = 1, ...)
kinds <- list(
  "no groups" = bass_fit(log(mercury) ~ x),
  "random intercepts" = bass_fit(log(mercury) ~ x + (1 | station)),
  "independent effects" = bass_fit(log(mercury) ~ x + (1 + x || station)),
  "correlated effects" = bass_fit(log(mercury) ~ x + (1 + x | station)),
  "several residual variances" = bass_fit(log(mercury) ~ x + (1 | station), sigma = ~ river),
  "pooled residual variances" = relm(y ~ x, grouped_data(9), sigma = ~ f, seed = 1,
                                     prior = relm_prior(sigma = pooled())),
  "weights, and one draw in three" = relm(y ~ x + (1 | g), grouped_data(9), weights = w, seed = 1,
                                          chains = 2, draws = 2000, thin = 3)
)

test_that("fits", {
  for (fit in kinds) expect_printed(fit)
})

test_that("summaries of fits", {
  for (fit in kinds) expect_printed(summary(fit))
})

test_that("fits of several groupings", {
  fit <- nested_fit(draws = 1000)
  expect_printed(fit)
  expect_printed(summary(fit))
  expect_printed(VarCorr(fit))
})

test_that("numbers of a fit stand below each other", {
  for (fit in kinds) {
    lines <- capture.output(print(fit))
    rows <- grep(" (median|-?[0-9]+\\.[0-9]+) +-?[0-9.]+%? +-?[0-9.]+%?$", lines, value = TRUE)
    expect_length(rows, 1 + length(grep("^(b|sd|cor|sigma)_?", variables(fit))))
    expect_length(unique(nchar(rows)), 1)
  }
})

test_that("fits with more to say", {
  data <- data.frame(y = rep(c(1, 3, 2, 5), 30), g = factor(rep(1:30, 4)))
  few <- relm(log(mercury) ~ x, bass_centered(), seed = 1, chains = 2, draws = 60)
  expect_printed(few)
  expect_printed(summary(few))
  expect_printed(relm(y ~ 0 + g, transform(data, y = y + seq_along(y) / 50), seed = 1))
  three <- relm(y ~ x + (1 | g), grouped_data(3), seed = 1)
  expect_printed(three)
  expect_printed(summary(three))
})

test_that("tables of a fit", {
  for (fit in kinds) expect_printed(VarCorr(fit))
  expect_printed(VarCorr(kinds[["correlated effects"]]), comp = c("Variance", "Std.Dev."))
  expect_printed(bayes_R2(kinds[["random intercepts"]]))
  expect_printed(prior_summary(kinds[["correlated effects"]]))
})

test_that("designs, cross-products and posteriors", {
  data <- grouped_data()
  designs <- list(relm_design(y ~ x + f, data), relm_design(y ~ x + (1 + x | g), data),
                  relm_design(y ~ x + (1 + x || g), data, weights = w, sigma = ~ f))
  size <- "^size: [0-9.]+ [A-Za-z]+$"
  for (design in designs) {
    expect_printed(design)
    sums <- crossprods(design)
    lines <- capture.output(print(sums))
    # How many bytes an object takes is R's affair.
    expect_match(lines, size, all = FALSE)
    expect_snapshot_output(writeLines(sub(size, "size: #", lines)))
    # A posterior's numbers are those of its priors.
    expect_snapshot_output(print(relm_posterior(sums)))
  }
})

test_that("priors", {
  priors <- list(
    relm_prior(), relm_prior(cor = lkj(2), sigma = uniform(3)),
    relm_prior(beta = list(Intercept = flat(), x = normal(0, 2.5)), sd = half_t(3, 1)),
    relm_prior(sd = list(Intercept = half_normal(1), x = exponential(2)), sigma = pooled()),
    relm_prior(cov = inverse_wishart(4, diag(2)), sigma = inverse_gamma(2, 1)),
    relm_prior(cov = huang_wand(2, c(1, 2))), half_cauchy(2.5)
  )
  for (prior in priors) expect_snapshot_output(print(prior))
})

test_that("marginal likelihoods", {
  prior <- relm_prior(beta = normal(0, 10), sd = half_t(3, 1), sigma = half_normal(1))
  fits <- lapply(list(y ~ x + (1 | g), y ~ x), relm, grouped_data(), prior = prior, seed = 1,
                 chains = 1, draws = 100)
  one <- logml(fits[[1]], method = "quadrature")
  none <- logml(fits[[2]], method = "quadrature")
  expect_printed(one)
  expect_printed(bayes_factor(one, none, log = TRUE))
})

test_that("what is printed does not depend on what was drawn", {
  other <- bass_fit(log(mercury) ~ x + (1 | station), draws = 1000)
  again <- update(other, seed = 2)
  expect_false(identical(capture.output(print(other)), capture.output(print(again))))
  expect_identical(sub("seed 2", "seed 1", printed_shape(again)), printed_shape(other))
  expect_identical(sub("seed 2", "seed 1", printed_shape(summary(again))),
                   printed_shape(summary(other)))
})

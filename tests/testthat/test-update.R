fit_local <- function(..., chains = 2, draws = 20, seed = 3) {
  own <- grouped_data(9)
  relm(y ~ x + (1 | g), own, chains = chains, draws = draws, seed = seed, progress = FALSE, ...)
}

data <- grouped_data(9)
first <- relm(y ~ x + (1 | g), data, chains = 2, draws = 20, seed = 3, progress = FALSE)

expect_same_fit <- function(fit, expected) {
  expect_identical(as_draws_array(fit), as_draws_array(expected))
  expect_identical(deparse(formula(fit)), deparse(formula(expected)))
  expect_identical(fit$control, expected$control)
  expect_identical(as.list(fit$call)[order(names(fit$call))],
                   as.list(expected$call)[order(names(expected$call))])
}

test_that("formulas with bars are updated, as one would write them", {
  updated <- function(new) deparse1(formula(update(first, new, chains = 1, draws = 2)))
  expect_identical(updated(. ~ . + v), "y ~ x + (1 | g) + v")
  expect_identical(updated(. ~ . - x), "y ~ (1 | g)")
  expect_identical(updated(. ~ . + (0 + x | g)), "y ~ x + (1 | g) + (0 + x | g)")
  expect_identical(updated(. ~ . - (1 | g) + (1 + x || g)), "y ~ x + (1 + x || g)")
  expect_identical(updated(. ~ . - (1 | g)), "y ~ x")
  expect_identical(updated(exp(.) ~ .), "exp(y) ~ x + (1 | g)")
  expect_same_fit(update(first, . ~ . + v),
                  relm(y ~ x + (1 | g) + v, data, chains = 2, draws = 20, seed = 3,
                       progress = FALSE))
})

test_that("any other argument changes as in a call", {
  prior <- relm_prior(sd = half_normal(1))
  expect_same_fit(
    update(first, sampler = "centered", prior = prior, draws = 30, thin = 2, seed = 5),
    relm(y ~ x + (1 | g), data, chains = 2, draws = 30, seed = 5, progress = FALSE,
         sampler = "centered", prior = prior, thin = 2))
  expect_same_fit(update(first, sigma = ~ f, weights = w, subset = v > -1),
                  relm(y ~ x + (1 | g), data, chains = 2, draws = 20, seed = 3, progress = FALSE,
                       sigma = ~ f, weights = w, subset = v > -1))
  smaller <- data[data$g != "g3", ]
  expect_same_fit(update(first, data = smaller),
                  relm(y ~ x + (1 | g), smaller, chains = 2, draws = 20, seed = 3,
                       progress = FALSE))
  # The warm-up that was asked for, not the shorter one that a table needed.
  expect_identical(update(first, sampler = "centered")$sampling$warmup, 500L)
})

test_that("weights, subset and offset stay, and leave when NULL takes their place", {
  weighted <- relm(y ~ x + (1 | g), data, weights = w, subset = v > -1, offset = 2 * x, chains = 1,
                   draws = 5, seed = 1)
  again <- update(weighted)
  expect_identical(as.matrix(again), as.matrix(weighted))
  expect_identical(weights(again), weights(weighted))
  plain <- update(weighted, weights = NULL, subset = NULL, offset = NULL)
  expect_identical(weights(plain), rep(1, nrow(data)))
  expect_identical(nobs(plain), nrow(data))
})

test_that("a seed in the call stays, and without one each fit has its own", {
  expect_identical(as.matrix(update(first)), as.matrix(first))
  unseeded <- relm(y ~ x + (1 | g), data, chains = 1, draws = 5)
  expect_false(any(as.matrix(update(unseeded)) == as.matrix(unseeded)))
})

test_that("the call can be had instead", {
  call <- update(first, . ~ . + v, sampler = "centered", evaluate = FALSE)
  expect_identical(call, quote(relm(formula = y ~ x + (1 | g) + v, data = data, chains = 2,
                                    draws = 20, seed = 3, progress = FALSE, sampler = "centered")))
  expect_identical(update(first, . ~ . + v, sampler = "centered")$call, call)
})

test_that("the rows are those of the fit, whatever the data's name stands for by now", {
  old <- data
  data$y[1] <- data$y[1] + 3
  expect_message(again <- update(first), "not here as it was.*rows of the fit",
                 class = "relm_message")
  expect_identical(as.matrix(again), as.matrix(first))
  expect_same_fit(update(first, data = data),
                  relm(y ~ x + (1 | g), data, chains = 2, draws = 20, seed = 3, progress = FALSE))
  elsewhere <- function(data) update(first, draws = 7)
  expect_message(again <- elsewhere(old[1:30, ]), "rows of the fit")
  expect_identical(nobs(again), nrow(old))
  expect_silent(elsewhere(old))
  data <- old
  in_function <- function(fit, draws) update(fit, draws = draws)
  expect_silent(expect_identical(posterior::niterations(in_function(first, 7)), 7L))
})

test_that("a new variable comes from the data as they were, and from no others", {
  expect_identical(names(fixef(update(first, . ~ . + v))), c("(Intercept)", "x", "v"))
  data$y[1] <- data$y[1] + 3
  for (change in list(quote(update(first, . ~ . + v)), quote(update(first, subset = v > 0)),
                      quote(update(first, sigma = ~ f)))) {
    expect_error(eval(change), "has not kept.*[vf].*data = data", class = "relm_error")
  }
  expect_identical(names(fixef(update(first, . ~ . + v, data = data))), c("(Intercept)", "x", "v"))
  own <- rep(1:2, length.out = nrow(data))
  expect_equal(suppressMessages(weights(update(first, weights = own))), own)
})

test_that("without the data the fit's own columns are used", {
  fit <- fit_local(weights = w, sigma = ~ f)
  expect_silent(again <- update(fit))
  expect_identical(as.matrix(again), as.matrix(fit))
  both <- update(fit, . ~ . - x, weights = NULL, sigma = ~ 1)
  expect_equal(as.matrix(both), as.matrix(fit_local() |> update(. ~ . - x)))
  # Rows that were left out come back.
  partial <- fit_local(subset = v > 0)
  expect_identical(nobs(update(partial, subset = NULL)), nrow(data))
  expect_error(update(fit, . ~ . + between), "between.*not in", class = "relm_error")
  expect_s3_class(update(fit, . ~ . + between, data = data), "relm")
})

test_that("what a call was written with need not be there, nor mean the same", {
  make <- function() {
    prior <- relm_prior(sd = half_cauchy(1))
    n <- 15
    centered <- function(x) x - mean(x)
    outside <- rep(1:2, length.out = nrow(data))
    relm(y ~ centered(x) + outside + (1 | g), data, prior = prior, draws = n, weights = outside,
         chains = 1, seed = 2)
  }
  fit <- make()
  prior <- "another"
  n <- -1
  outside <- NULL
  expect_identical(as.matrix(update(fit)), as.matrix(fit))
  expect_identical(names(fixef(update(fit, . ~ . - outside + v))),
                   c("(Intercept)", "centered(x)", "v"))
  own <- function(x) x^2
  expect_identical(names(fixef(update(fit, . ~ . + own(v)))),
                   c("(Intercept)", "centered(x)", "outside", "own(v)"))
})

test_that("a dot stands for the columns that it stood for", {
  few <- data[c("y", "x", "v", "g")]
  fit <- relm(y ~ . - g + (1 + x | g), few, chains = 1, draws = 5, seed = 1)
  expect_identical(names(fixef(update(fit, . ~ . - v))), c("(Intercept)", "x"))
  expect_identical(as.matrix(update(fit)), as.matrix(fit))
})

test_that("a fit without a data frame is updated", {
  make <- function() {
    y <- data$y
    x <- data$x
    g <- data$g
    relm(y ~ x + (1 | g), chains = 1, draws = 5, seed = 1)
  }
  fit <- make()
  expect_identical(as.matrix(update(fit)), as.matrix(fit))
  expect_identical(names(fixef(update(fit, . ~ . - x))), "(Intercept)")
})

test_that("contrasts of a factor leave with it", {
  fit <- relm(y ~ x + f + (1 | g), data, contrasts = list(f = "contr.sum"), chains = 1, draws = 5,
              seed = 1)
  expect_identical(names(fixef(update(fit, . ~ . - x))), c("(Intercept)", "f1", "f2"))
  expect_identical(names(fixef(update(fit, . ~ . - f))), c("(Intercept)", "x"))
})

test_that("a start from another fit is found again, or asked for", {
  fit <- relm(y ~ x + (1 | g), data, init = first, warmup = 0, chains = 1, draws = 5, seed = 1)
  expect_identical(as.matrix(update(fit)), as.matrix(fit))
  gone <- (function() {
    start <- first
    relm(y ~ x + (1 | g), data, init = start, chains = 1, draws = 5, seed = 1)
  })()
  expect_error(update(gone), "started from.*init = start.*not here", class = "relm_error")
  expect_identical(as.matrix(update(gone, init = first)), as.matrix(gone))
  expect_s3_class(update(gone, init = NULL), "relm")
})

test_that("a fit of cross-products is updated from its own", {
  model <- crossprods(y ~ x + (1 | g), data)
  fit <- relm(model, chains = 1, draws = 10, seed = 1)
  rm(model)
  expect_identical(as.matrix(update(fit)), as.matrix(fit))
  prior <- relm_prior(sd = half_normal(1), beta = normal())
  expected <- relm(crossprods(y ~ x + (1 | g), data), chains = 1, draws = 10, seed = 1,
                   prior = prior)
  expect_identical(as.matrix(update(fit, prior = prior)), as.matrix(expected))
  other <- update(fit, crossprods(y ~ v + (1 | g), data))
  expect_identical(names(fixef(other)), c("(Intercept)", "v"))
  expect_error(update(fit, . ~ . + v), "cross-products", class = "relm_error")
  expect_error(update(fit, data = data), "no argument.*data", class = "relm_error")
})

test_that("extended fits are updated to as many draws", {
  longer <- extend(first, 15)
  expect_identical(as_draws_array(update(longer)), as_draws_array(longer))
})

test_that("a formula may be text", {
  expect_identical(update(first, ". ~ . + v")$call, update(first, . ~ . + v)$call)
  expect_identical(as_draws_array(update(first, ". ~ . + v")),
                   as_draws_array(update(first, . ~ . + v)))
})

test_that("what cannot be is refused", {
  expect_error(update(first, drawz = 3), "update.*drawz.*draws", class = "relm_error")
  expect_error(update(first, . ~ ., 3), "without a name", class = "relm_error")
  expect_error(update(first, 3), "formula\\..*must be a formula", class = "relm_error")
  expect_error(update(first, "y ~ v +"), "formula\\..*cannot be read", class = "relm_error")
  expect_error(update(first, . ~ . + nonesuch), "nonesuch", class = "relm_error")
  expect_error(update(first, evaluate = 2), "evaluate", class = "relm_error")
})

test_that("a fit read in another session is updated there", {
  skip_on_cran()
  there <- in_another_session(fit_local(weights = w), {
    suppressMessages(list(same = stats::update(object), other = stats::update(object, . ~ . - x)))
  })
  expect_identical(as.matrix(there$same), as.matrix(fit_local(weights = w)))
  expect_identical(names(fixef(there$other)), "(Intercept)")
})

test_that("a data frame of the name without the model's columns is not the fit's", {
  made <- list2env(list(bass = bass_centered(), relm = relm), parent = globalenv())
  fit <- eval(quote(relm(log(mercury) ~ x + (1 | station), bass, chains = 1, draws = 5, seed = 1)),
              made)
  elsewhere <- list2env(list(fit = fit), parent = globalenv())
  expect_message(refit <- eval(quote(update(fit, draws = 6)), elsewhere), "rows of the fit",
                 class = "relm_message")
  expect_identical(nobs(refit), 171L)
})

test_that("a fit keeps its family, and takes another", {
  data <- response_data()
  fits <- family_fits(data)
  posterior <- NULL
  updated <- function(fit, ...) {
    with_relm("sample_posterior", function(posterior, ...) {
      posterior <<- posterior
      fit$sampling
    }, suppressMessages(update(fit, ...)))
    posterior[c("family", "link", "responses", "parameters")]
  }
  for (name in names(fits)) {
    fit <- fits[[name]]
    fit$call <- quote(relm(formula = y ~ x, data = data, family = f, prior = p, weights = w, offset = o))
    expect_identical(updated(fit, draws = 5), unclass(fit$posterior)[c("family", "link", "responses",
                                                                       "parameters")])
  }
  expect_identical(updated(fit, family = poisson())$family, "poisson")
  expect_error(updated(fit, family = binomial()), "must be 0 or 1", class = "relm_error")
  of_crossprods <- crossprods_of(fit)
  expect_null(of_crossprods$shape)
  expect_identical(of_crossprods$responses, fit$posterior$responses)
})

test_that("newdata is another name of data, but not of cross-products, which have none", {
  fit <- relm(log(mercury) ~ length + (1 | station), bass, chains = 1, draws = 20, seed = 1)
  few <- bass[1:90, ]
  expect_identical(as.matrix(update(fit, newdata = few)), as.matrix(update(fit, data = few)))
  expect_identical(update(fit, newdata = few, evaluate = FALSE)$data, quote(few))
  expect_error(update(fit, newdata = few, data = few), "twice", class = "relm_error")
  sums <- relm(crossprods(log(mercury) ~ length + (1 | station), bass), chains = 1, draws = 20, seed = 1)
  expect_error(update(sums, newdata = few), "newdata", class = "relm_error")
})

# Draws against quadrature and against the interweaved sampler.

skip_on_cran()

test_that("points are found again from draws", {
  posterior <- posterior_of(y ~ x + v + (1 + x + v | g) + (0 + between | g), grouped_data())
  model <- model_of(posterior)
  set.seed(1)
  estimate <- scales_of(model)
  model <- tuned_model(model, tuning_at_mode(model, "integrated", estimate))
  start <- list(theta = estimate$theta, Sigma = estimate$Sigma, sigma2 = estimate$sigma2,
                point = list(tuning_in(model)$center))
  chain <- chain_of(model, "collapsed", start, 20)
  found <- points_of(t(chain$hyper), model, tuning_in(model))[20, ]
  expect_equal(abs(found), abs(chain$state$point[[1]]), tolerance = 1e-6)
})

# Shares of draws below the exact quantiles, in Monte Carlo standard errors.
share_distances <- function(fit, exact) {
  draws <- as_draws_array(fit, rownames(exact))
  unlist(lapply(rownames(exact), function(name) {
    x <- matrix(draws[, , name], dim(draws)[1])
    vapply(c(q2.5 = 0.025, q50 = 0.5, q97.5 = 0.975), function(share) {
      below <- x < exact[name, paste0("q", 100 * share)]
      (mean(below) - share) / posterior::mcse_mean(matrix(as.numeric(below), nrow(x)))
    }, 0)
  }))
}

small_groups <- function(sizes, tau, seed) {
  set.seed(seed)
  g <- rep(seq_along(sizes), sizes)
  x <- rnorm(length(g))
  data.frame(g, x, y = 1 + x + rnorm(length(sizes), sd = tau[1])[g] +
               rnorm(length(sizes), sd = tau[2])[g] * x + rnorm(length(g)))
}

test_that("small, uneven and still groups agree with quadrature", {
  cases <- list(
    small_groups(rep(8, 3), c(1, 1), 1),
    small_groups(c(1, 1, 2, 40, 5), c(1, 0), 2),
    small_groups(rep(6, 10), c(0, 0), 3),
    small_groups(rep(4, 12), c(5, 1), 4)
  )
  for (data in cases) {
    for (q in 1:2) {
      formula <- if (q == 1) y ~ x + (1 | g) else y ~ x + (1 + x || g)
      Z <- cbind("(Intercept)" = 1, x = data$x)[, seq_len(q), drop = FALSE]
      exact <- exact_posterior(data$y, cbind("(Intercept)" = 1, x = data$x), Z, data$g,
                               gname = "g")
      fit <- relm(formula, data, sampler = "collapsed", draws = 20000, seed = 7)
      expect_lt(max(abs(share_distances(fit, exact))), 4)
    }
  }
})

test_that("everything agrees with the interweaved sampler for a full Sigma, effects too", {
  data <- grouped_data(9)
  formula <- y ~ x + between + (1 + x | g) + (0 + v | g)
  prior <- relm_prior(cor = lkj(2), sigma = inverse_gamma(3, 2))
  fits <- lapply(c("collapsed", "interweaved"), function(sampler) {
    relm(formula, data, prior = prior, weights = w, sampler = sampler, draws = 20000,
         warmup = 1000, seed = 5)
  })
  draws <- lapply(fits, as_draws_array)
  distance <- vapply(variables(fits[[1]]), function(name) {
    x <- lapply(draws, function(d) matrix(d[, , name], dim(d)[1]))
    probs <- c(0.05, 0.5, 0.95)
    errors <- vapply(x, posterior::mcse_quantile, numeric(3), probs = probs)
    max(abs(quantile(x[[1]], probs) - quantile(x[[2]], probs)) / sqrt(rowSums(errors^2)))
  }, 0)
  expect_lt(max(distance), 4)
})

test_that("a chain cut in two is the chain in one piece", {
  model <- model_of(posterior_of(y ~ x + (1 + x | g), grouped_data()))
  estimate <- scales_of(model)
  model <- tuned_model(model, tuning_at_mode(model, "integrated", estimate))
  start <- c(estimate[c("theta", "Sigma", "sigma2")], list(point = list(tuning_in(model)$center)))
  set.seed(1)
  whole <- chain_of(model, "collapsed", start, 20)
  set.seed(1)
  first <- chain_of(model, "collapsed", start, 8)
  second <- chain_of(model, "collapsed", first$state, 12)
  expect_identical(cbind(first$hyper, second$hyper), whole$hyper)
})

test_that("under priors with a scale the draws agree with the interweaved sampler's", {
  data <- grouped_data(9)
  cases <- list(
    list(y ~ x + v + (1 + x || g), relm_prior(beta = list(x = normal(0, 0.3)),
                                             sd = list(Intercept = uniform(1), x = inverse_gamma(2, 1)))),
    list(y ~ x + (1 + x | g), relm_prior(cov = inverse_wishart(4, diag(2)), sigma = uniform(1))),
    list(y ~ x + (1 + x || g), relm_prior(sd = uniform(0.4), sigma = uniform(0.8)))
  )
  for (case in cases) {
    fits <- lapply(c("collapsed", "interweaved"), function(sampler) {
      relm(case[[1]], data, prior = case[[2]], sampler = sampler, draws = 20000, seed = 6)
    })
    expect_lt(max(abs(median_distances(fits))), 4)
  }
})

test_that("models that it cannot collapse are refused, with what can be used", {
  data <- grouped_data()
  refused <- function(says, ...) {
    expect_error(relm(..., data = data, sampler = "collapsed", draws = 2), says,
                 class = "relm_error")
  }
  data$h <- factor(rep_len(1:9, nrow(data)))
  refused("at most eight.*interweaved", y ~ x + (0 + h | g),
          prior = relm_prior(cov = inverse_wishart(10, 1)))
  refused("group effects", y ~ x, prior = relm_prior(beta = normal()))
})

test_that("with several residual variances it agrees with the Gibbs samplers", {
  data <- grouped_data(9)
  large <- data[ave(data$y, data$g, FUN = length) > 3, ]
  cases <- list(
    list(y ~ x + (1 + x || g), large, ~ g, relm_prior()),
    list(y ~ x + v + (1 + x | g), data, ~ f, relm_prior(beta = normal(0, 1))),
    list(y ~ x + (1 | g), data, ~ f, relm_prior(sd = inverse_gamma(2, 1), sigma = uniform(1)))
  )
  for (case in cases) {
    fits <- lapply(c("collapsed", "interweaved"), function(sampler) {
      relm(case[[1]], case[[2]], case[[3]], case[[4]], sampler = sampler, draws = 20000, seed = 8)
    })
    expect_lt(max(abs(median_distances(fits))), 4)
  }
})

test_that("a chain with several residual variances, cut in two, is the chain in one piece", {
  posterior <- posterior_of(y ~ x + (1 + x || g), grouped_data(), sigma = ~ f)
  model <- model_of(posterior)
  estimate <- scales_of(model)
  model <- tuned_model(model, tuning_at_mode(model, "given", estimate))
  start <- c(estimate[c("theta", "Sigma", "sigma2")], list(point = list(tuning_in(model)$center)))
  set.seed(1)
  whole <- chain_of(model, "collapsed", start, 20)
  set.seed(1)
  first <- chain_of(model, "collapsed", start, 8)
  second <- chain_of(model, "collapsed", first$state, 12)
  expect_identical(cbind(first$hyper, second$hyper), whole$hyper)
  expect_identical(bind_last(list(first$effects, second$effects)), whole$effects)
})

summary_text <- function(fit) {
  gsub("[[:space:]]+", " ", paste(capture.output(print(summary(fit))), collapse = " "))
}

test_that("more slices are made where few proposals are accepted, and there alone", {
  set.seed(8)
  g <- rep(1:12, each = 10)
  X <- matrix(rnorm(480), 120, dimnames = list(NULL, letters[1:4]))
  effects <- matrix(rnorm(60), 12)
  data <- data.frame(g, X, y = rowSums(cbind(1, X) * effects[g, ]) + rnorm(120))
  hard <- relm(y ~ a + b + c + d + (1 + a + b + c + d | g), data, chains = 1, seed = 2)
  expect_true(is_helped(hard))
  expect_match(summary_text(hard), "elliptical slices")
  ess <- apply(hard$sampling$hyper, 3, posterior::ess_bulk)
  expect_gt(min(ess), 300)
  easy <- list(
    relm(log(mercury) ~ x + (1 + x || station), bass_centered(), chains = 1, seed = 2),
    relm(y ~ x + (1 + x | g), grouped_data(), chains = 1, seed = 2, prior = relm_prior(normal(0, 5)))
  )
  for (fit in easy) {
    expect_false(is_helped(fit))
    expect_false(grepl("elliptical", summary_text(fit)))
  }
})

test_that("draws that all but lie in a plane leave the proposals as they are", {
  set.seed(3)
  line <- rnorm(40)
  found <- FALSE
  for (power in seq(7, 9, by = 0.05)) {
    points <- cbind(line, line + 10^-power * rnorm(40), rnorm(40))
    covariance <- cov(points)
    if (!is_positive_definite(covariance)) next
    inverse <- chol2inv(chol(covariance * proposal_width^2))
    if (is_positive_definite(inverse)) next
    found <- TRUE
    expect_identical(tune_to_draws(list(scale = c(1, 1)), points), list(scale = c(1, 1)))
  }
  expect_true(found)
})

# Effects that are drawn after the chain, kept or had later.

skip_on_cran()

fit_with <- function(..., formula = y ~ x + (1 + x | g), data = grouped_data(9), draws = 300) {
  relm(formula, data, chains = 2, draws = draws, seed = 3, progress = FALSE, ...)
}

as_draws_of <- function(fit, names) unclass(as_draws_array(fit, names))

test_that("kept and deferred effects of one seed are the same numbers, whatever the sampler", {
  for (sampler in c("collapsed", "interweaved", "centered", "uncentered")) {
    kept <- fit_with(sampler = sampler)
    none <- fit_with(sampler = sampler, group_draws = FALSE)
    some <- fit_with(sampler = sampler, group_draws = c("g3", "g8"))
    names <- grep("^r_", variables(kept), value = TRUE)
    expect_identical(variables(none), setdiff(variables(kept), names))
    expect_identical(grep("^r_", variables(some), value = TRUE), grep("g3|g8", names, value = TRUE))
    for (fit in list(none, some)) {
      expect_identical(as_draws_of(fit, names), as_draws_of(kept, names))
      expect_identical(ranef(fit), ranef(kept))
      expect_identical(coef(fit, summary = TRUE), coef(kept, summary = TRUE))
    }
    expect_identical(as.matrix(none, "coef_g[g2,x]"), as.matrix(kept, "coef_g[g2,x]"))
  }
})

test_that("that holds however chains start, run and end", {
  formula <- y ~ x + (1 + x | g)
  data <- grouped_data(9)
  cases <- list(
    list(draws = 1, warmup = 0, chains = 1, seed = -2147483647), list(init = TRUE, warmup = 0),
    list(target_ess = 1e5, max_draws = 30, init = TRUE, thin = 3, cores = 2)
  )
  for (sampler in c("collapsed", "interweaved", "centered", "uncentered")) {
    for (sigma in c(~ 1, ~ f)) {
      first <- relm(formula, data, sigma = sigma, chains = 3, draws = 2, seed = 9)
      for (case in cases) {
        arguments <- utils::modifyList(
          list(formula, data, sigma = sigma, sampler = sampler, chains = 2, draws = 20, warmup = 50,
               seed = 3, progress = FALSE), case)
        if (isTRUE(case$init)) arguments$init <- first
        fits <- lapply(list(TRUE, FALSE, c("g8", "g3")), function(kept) {
          suppressMessages(do.call(relm, c(arguments, list(group_draws = kept))))
        })
        draws <- lapply(fits, as.matrix, "^(b|sd|cor|sigma|r|coef)_", regex = TRUE)
        expect_true(all(is.finite(draws[[1]])))
        expect_identical(draws[[2]], draws[[1]])
        expect_identical(draws[[3]], draws[[1]])
      }
    }
  }
})

test_that("that holds with several residual variances, weights and three columns", {
  deferred <- function(...) {
    kept <- fit_with(...)
    none <- fit_with(..., group_draws = FALSE)
    names <- grep("^r_", variables(kept), value = TRUE)
    expect_identical(as_draws_of(none, names), as_draws_of(kept, names))
  }
  deferred(sigma = ~ f)
  deferred(sigma = ~ f, weights = w, formula = y ~ x + (1 + x + v || g))
  deferred(weights = w, formula = y ~ x + (1 + x + v | g))
})

test_that("effects of a draw do not depend on how many others are drawn", {
  model <- model_of(posterior_of(y ~ x + (1 + x | g), grouped_data(9)))
  fit <- fit_with(draws = 600)
  hyper <- hyper_of(fit, 1)
  all <- deferred_effects(model, hyper, 7L, 0:8)
  expect_identical(deferred_effects(model, hyper[, 1:300], 7L, 0:8), all[, , 1:300])
  expect_identical(deferred_effects(model, hyper, 7L, c(2L, 5L)),
                   all[, c(3, 6), ])
  expect_false(identical(deferred_effects(model, hyper, 8L, 0:8), all))
})

test_that("groups beyond the first tile are drawn alike", {
  set.seed(5)
  data <- data.frame(g = rep(1:150, each = 3), y = rnorm(450))
  model <- model_of(posterior_of(y ~ 1 + (1 | g), data))
  hyper <- matrix(c(0, 0.5, 1), 3, 400)
  all <- deferred_effects(model, hyper, 7L, 0:149)
  expect_identical(deferred_effects(model, hyper, 7L, c(70L, 149L)),
                   all[, c(71, 150), , drop = FALSE])
  expect_identical(anyDuplicated(as.numeric(all)), 0L)
})

# The mean and covariance of gamma_j given the hyperparameters, by the textbook.
conditional <- function(rows, j, beta, Sigma, sigma2) {
  own <- rows$group == j
  Z <- rows$Z[own, , drop = FALSE]
  W <- rows$w[own] / sigma2[rows$level[own]]
  V <- solve(solve(Sigma) + t(Z) %*% (W * Z))
  list(mean = as.numeric(V %*% t(Z) %*% (W * (rows$y[own] - rows$X[own, , drop = FALSE] %*% beta))), V = V)
}

test_that("the draws have the conditional mean and covariance", {
  for (formula in c(y ~ x + (1 | g), y ~ x + (1 + x | g), y ~ x + between + (1 + x + v | g))) {
    posterior <- posterior_of(formula, grouped_data(9), weights = w)
    model <- model_of(posterior)
    rows <- replay_data(posterior)
    q <- grouping_in(model)$n_random
    set.seed(2)
    C <- cov2cor(crossprod(matrix(rnorm(q * q), q)))
    sd <- c(0.7, 0.3, 1.5)[seq_len(q)]
    beta <- rnorm(model$n_coef)
    hyper <- c(beta, sd, C[upper.tri(C)], 0.8)
    draws <- deferred_effects(model, matrix(hyper, length(hyper), 20000), 11L, c(0L, 4L, 8L))
    for (i in 1:3) {
      exact <- conditional(rows, c(1, 5, 9)[i], beta, C * tcrossprod(sd), 0.64)
      z <- forwardsolve(t(chol(exact$V)), matrix(draws[, i, ], q) - exact$mean)
      expect_lt(max(abs(rowMeans(z))) * sqrt(20000), 4)
      expect_lt(max(abs(tcrossprod(z) / 20000 - diag(q))) * sqrt(20000 / 2), 4)
    }
  }
})

# Group 4's moments against averages of the textbook's, over all draws of a fit.
expect_moments <- function(formula, ..., prior = relm_prior()) {
  posterior <- posterior_of(formula, grouped_data(9), prior = prior, ...)
  model <- model_of(posterior)
  rows <- replay_data(posterior)
  fit <- fit_with(formula = formula, draws = 50, prior = prior, ...)
  hyper <- lapply(1:2, function(chain) hyper_of(fit, chain))
  moments <- effect_moments_of(model, hyper)
  all <- do.call(cbind, hyper)
  states <- lapply(seq_len(ncol(all)), function(i) state_at(all[, i], posterior))
  given <- lapply(states, function(s) conditional(rows, 4, s$beta, s$Sigma, s$sigma2))
  q <- grouping_in(model)$n_random
  means <- matrix(vapply(given, `[[`, numeric(q), "mean"), q)
  n <- ncol(all)
  within <- Reduce(`+`, lapply(given, `[[`, "V")) / n
  expect_equal(moments$mean[, 4], rowMeans(means))
  expect_equal(matrix(moments$covariance[, , 4], q), unname(within + cov(t(means)) * (n - 1) / n))
  expect_equal(moments$with_beta[1, 4], cov(means[1, ], all[1, ]) * (n - 1) / n)
  invisible(moments)
}

test_that("moments are the averages of the conditional ones", {
  expect_moments(y ~ x + between + (1 | g))
  expect_moments(y ~ x + between + (1 + x || g))
  moments <- expect_moments(y ~ x + between + (1 + x + v | g), weights = w)
  # v has no coefficient.
  expect_identical(moments$with_beta[3, ], numeric(9))
})

test_that("that holds with several residual variances", {
  for (formula in c(y ~ x + (1 | g), y ~ x + between + (1 + x | g), y ~ x + (1 + x + v | g))) {
    expect_moments(formula, sigma = ~ f)
  }
  expect_moments(y ~ x + (1 + x | g), sigma = ~ f, prior = relm_prior(sigma = pooled()), weights = w)
  expect_moments(y ~ x + (1 | g), sigma = ~ g, prior = relm_prior(sigma = inverse_gamma(2, 1)))
})

test_that("groups that are not there are refused", {
  expect_error(fit_with(group_draws = "g77"), "group_draws.*g77.*g1", class = "relm_error")
  expect_error(fit_with(group_draws = NA), "group_draws.*NULL, TRUE, FALSE", class = "relm_error")
  expect_error(fit_with(group_draws = list("g1")), "group_draws", class = "relm_error")
  expect_error(fit_with(group_draws = "g1", formula = y ~ x), "group_draws.*has none",
               class = "relm_error")
})

test_that("with too many groups for draws, estimates come from moments that draws agree with", {
  fit <- fit_with(data = grouped_data(40), draws = 2000)
  many <- with_effect_moments(fit)
  for (of in list(ranef, coef)) {
    from_draws <- of(fit, summary = TRUE)$g
    from_moments <- of(many, summary = TRUE)$g
    expect_identical(dimnames(from_moments), dimnames(from_draws))
    # 100 draws of the conditional mean, whose spread is at most that of the effect; a median
    # is not a mean.
    error <- from_draws[, "Est.Error", ]
    expect_lt(max(abs(from_moments[, "Estimate", ] - from_draws[, "Estimate", ]) / error), 0.4)
    expect_lt(max(abs(log(from_moments[, "Est.Error", ] / error))), 0.3)
    expect_identical(dim(of(many)$g), dim(of(fit)$g))
  }
})

test_that("moments that do not exist are not given, from draws or without", {
  without_draws <- function(n_groups) {
    with_relm("kept_bytes", 0, fit_with(data = grouped_data(n_groups), draws = 20,
                                        formula = y ~ x + (1 | g)))
  }
  few <- ranef(without_draws(3), summary = TRUE)$g
  expect_true(all(is.na(few)))
  more <- ranef(without_draws(4), summary = TRUE)$g
  expect_false(anyNA(more[, "Estimate", ]))
  expect_true(all(is.na(more[, -1, ])))
  expect_false(anyNA(ranef(without_draws(5), summary = TRUE)$g))
})

test_that("effects that are asked for a few groups at a time are read for several at once", {
  for (sigma in c(~ 1, ~ f)) {
    kept <- fit_with(sigma = sigma)
    fit <- fit_with(sigma = sigma, group_draws = FALSE)
    needed <- c(2L, 3L, 5L, 6L, 9L)
    asked <- list(2:3, c(5L, 3L), 9L, c(6L, 9L), 2L, 3L)
    # Two groups at once; all at once.
    for (bytes in c(16, 160) * n_random(kept$posterior) * ndraws(fit)) {
      answers <- with_relm("window_bytes", bytes, with_relm("kept_bytes", bytes, {
        read <- effect_reader(fit, needed, 1L)
        lapply(asked, read)
      }))
      expect_identical(answers, lapply(asked, effect_draws, fit = kept, columns = 1L))
    }
    expect_identical(effect_reader(kept, needed, 1L)(4L),
                     effect_draws(kept, 4L, 1L))
  }
})

test_that("groups are kept by grouping", {
  fit <- nested_fit(draws = 2, group_draws = list("b:a" = c("c:1", "a:2"), a = FALSE))
  expect_identical(grep("^r_", variables(fit), value = TRUE),
                   c("r_a:b[a:2,Intercept]", "r_a:b[a:2,x]", "r_a:b[c:1,Intercept]",
                     "r_a:b[c:1,x]"))
  expect_error(nested_fit(group_draws = "c"), "of which grouping.*group_draws = list\\(a = TRUE\\)",
               class = "relm_error")
  expect_error(nested_fit(group_draws = list(c = TRUE)), "names \"c\".*\"a\" and \"a:b\"",
               class = "relm_error")
  expect_error(nested_fit(group_draws = list(a = "z")), "names \"z\".*`a`", class = "relm_error")
  one <- nested_fit(formula = y ~ x + (1 | a), draws = 2, group_draws = list(a = "c"))
  expect_identical(grep("^r_", variables(one), value = TRUE), "r_a[c,Intercept]")
})

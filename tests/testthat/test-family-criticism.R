# What is made of likelihoods of other families with the effects integrated out, against integrals over
# all parameters and refits by hand.

skip_on_cran()

skip_if_not_installed("loo")

data <- transform(family_data(), o = v / 3)
proper <- relm_prior(beta = normal(0, 2), sd = half_normal(1.5))
cases <- family_cases()

criticized <- function(case, terms, rows = data, ..., prior = proper, draws = 1000) {
  relm(formula_of_case(case, terms), rows, family = case$family, prior = prior, ..., chains = 2,
       draws = draws, seed = 1)
}

distance <- function(a, a_error, b, b_error = 0) max(abs(a - b) / sqrt(a_error^2 + b_error^2))

# log p(y) of an intercept and a standard deviation, by sums over both and over the groups' effects.
logml_on_grid <- function(fit) {
  responses <- fit$posterior$responses
  intercepts <- seq(-9, 9, by = 0.12)
  log_sds <- seq(log(1e-8), log(9), by = 0.2)
  by_sd <- vapply(log_sds, function(log_sd) {
    # No wider than a row's density where the effects are large.
    step <- 0.2 / max(1, 4 * exp(log_sd))
    u <- seq(-7, 7, by = step)
    eta <- rep(1, length(responses$y)) %o% as.numeric(outer(exp(log_sd) * u, intercepts, "+"))
    total <- 0
    for (j in unique(responses$group)) {
      own <- which(responses$group == j)
      value <- merged_log_likelihood(fit$posterior, own, eta[own, , drop = FALSE], NULL)
      value <- matrix(value, length(u)) + dnorm(u, log = TRUE) + log(step)
      total <- total + apply(value, 2, log_sum_of)
    }
    log_sum_of(total + dnorm(intercepts, 0, 2, log = TRUE) + log(0.12))
  }, 0)
  prior <- log(2) + dnorm(exp(log_sds), 0, 1.5, log = TRUE) + log_sds + log(0.2)
  log_sum_of(by_sd + prior) + responses$log_constant
}

log_sum_of <- function(x) max(x) + log(sum(exp(x - max(x))))

test_that("a marginal likelihood with groups is that of a grid, with its constants", {
  for (case in cases[c("trials", "cloglog", "poisson")]) {
    fit <- criticized(case, ~ 1 + (1 | g))
    value <- logml(fit)
    expect_identical(attr(value, "method"), "quadrature")
    expect_identical(attr(value, "dimensions"), 2L)
    # The lattice's own error, 5e-5 a group of zeros alone where the standard deviation is 5.
    expect_lt(abs(value - logml_on_grid(fit)), 5e-6)
    bridge <- logml(fit, method = "bridge", seed = 2)
    expect_lt(attr(bridge, "error"), 0.1)
    expect_lt(abs(bridge - value), 4 * attr(bridge, "error"))
    expect_output(print(bridge), "by bridge over 2 dimensions")
  }
})

test_that("without groups it is that of a grid of coefficients, or of one and a shape", {
  grid <- seq(-6, 6, by = 0.1)
  for (case in cases[c("probit", "logit")]) {
    fit <- criticized(case, ~ x)
    at <- expand.grid(a = grid, b = grid)
    mean <- case$family$linkinv(outer(data$x, at$b) + rep(at$a, each = nrow(data)))
    density <- matrix(dbinom(data$y, 1, mean, log = TRUE), nrow(data))
    exact <- colSums(density) + dnorm(at$a, 0, 2, log = TRUE) + dnorm(at$b, 0, 2, log = TRUE)
    expect_lt(abs(logml(fit) - log_sum_of(exact) - 2 * log(0.1)), 1e-6)
  }
  # Under the second prior the density in log r falls like r^-1/2: those of large shapes count.
  priors <- list(list(relm_prior(beta = normal(0, 2), shape = gamma(2, 1)),
                      function(r) dgamma(r, 2, 1, log = TRUE)),
                 list(relm_prior(beta = normal(0, 2), shape = half_normal(1)),
                      function(r) dnorm(r^-0.5, log = TRUE) - 1.5 * log(r)))
  counts <- data.frame(count = c(0, 2, 1, 3, 1, 2, 4, 1, 2, 2))
  at <- expand.grid(a = seq(-8, 8, by = 0.1), log_r = seq(-6, 34, by = 0.2))
  r <- exp(at$log_r)
  density <- vapply(counts$count, function(y) dnbinom(y, size = r, mu = exp(at$a), log = TRUE), r)
  for (prior in priors) {
    fit <- criticized(cases$dispersed, ~ 1, counts, prior = prior[[1]])
    exact <- rowSums(density) + dnorm(at$a, 0, 2, log = TRUE) + prior[[2]](r) + at$log_r
    expect_lt(abs(logml(fit) - log_sum_of(exact) - log(0.1) - log(0.2)), 1e-6)
  }
})

test_that("the integrand with correlated slopes and a shape is the density of all the data", {
  prior <- function(...) relm_prior(beta = normal(1, 3), sd = half_t(3, 1), cor = lkj(2), ...)
  for (case in cases[c("logit", "dispersed")]) {
    is_binomial <- case$family$family == "binomial"
    posterior <- relm_posterior(crossprods(formula_of_case(case, ~ x + (1 + x | g)), data,
                                           family = case$family),
                                if (is_binomial) prior() else prior(shape = gamma(2, 1)))
    integrand <- new_integrand(posterior)
    shape <- if (!is_binomial) 1.7
    for (z in c(-0.6, 1.1)) {
      r <- tanh(z)
      sd <- c(0.9, 0.4)
      beta <- c(0.3, -0.2)
      theta <- as.numeric(matrix(integrand$model$from_beta, 2) %*% (beta - integrand$model$beta_shift))
      L <- diag(sd) %*% rbind(c(1, 0), c(r, sqrt(1 - r^2)))
      # The density of r under LKJ(2) is 3/4 (1 - r^2).
      exact <- likelihood_on_grid(posterior, beta, L, shape) + posterior$responses$log_constant +
        sum(dnorm(beta, 1, 3, log = TRUE), log(2) + dt(sd, 3, log = TRUE)) +
        log(0.75) + 2 * log(1 - r^2) + if (is.null(shape)) 0 else dgamma(shape, 2, 1, log = TRUE)
      jacobian <- determinant(matrix(integrand$model$to_beta, 2))$modulus
      ours <- log_integrand(integrand, rbind(c(sd, shape, z, theta)))
      expect_lt(abs(ours - exact - as.numeric(jacobian)), 1e-5)
    }
  }
})

test_that("leave-one-out of rows and groups, folds and refits are ratios of marginal likelihoods", {
  set.seed(5)
  data <- data.frame(g = rep(letters[1:16], rep(2:5, 4)), size = 3)
  effect <- rnorm(16, 0, 0.8)[match(data$g, letters)]
  data$count <- rpois(56, exp(0.3 + effect))
  prior <- relm_prior(beta = normal(0, 2), sd = half_normal(1))
  for (case in cases[c("trials", "poisson")]) {
    fit <- criticized(case, ~ 1 + (1 | g), data, prior = prior, draws = 2000)
    whole <- as.numeric(logml(fit))
    without <- function(rows) {
      as.numeric(logml(criticized(case, ~ 1 + (1 | g), data[-rows, ], prior = prior, draws = 100)))
    }
    some <- c(1, 3, 12, 28)
    exact <- whole - vapply(some, without, 0)
    result <- suppressWarnings(loo(fit))
    found <- result$pointwise[some, ]
    expect_lt(distance(found[, "elpd_loo"], found[, "mcse_elpd_loo"], exact), 4.5)
    again <- leave_out_exactly(fit, "row", some, result, 3L)$pointwise[some, ]
    expect_lt(distance(again[, "elpd_loo"], again[, "mcse_elpd_loo"], exact), 4.5)
    conditional <- suppressWarnings(loo(fit, integrated = FALSE))$pointwise
    expect_lt(median(result$pointwise[, "mcse_elpd_loo"] / conditional[, "mcse_elpd_loo"]), 0.8)
    lpd <- result$pointwise[, "elpd_loo"] + result$pointwise[, "p_loo"]
    expect_equal(unname(lpd), unname(log(colMeans(exp(log_lik(fit))))), tolerance = 0.02)

    by_group <- suppressWarnings(loo(fit, by = "group"))
    expect_identical(rownames(by_group$pointwise), letters[1:16])
    exact <- whole - vapply(split(seq_len(nrow(data)), data$g)[1:6], without, 0)
    found <- by_group$pointwise[1:6, ]
    expect_lt(distance(found[, "elpd_loo"], found[, "mcse_elpd_loo"], exact), 4.5)
    again <- leave_out_exactly(fit, "group", c(2, 6), by_group, 3L)$pointwise[c(2, 6), ]
    expect_lt(distance(again[, "elpd_loo"], again[, "mcse_elpd_loo"], exact[c(2, 6)]), 4.5)
  }
})

test_that("folds are predicted by refits, rows of new groups by the distribution of groups", {
  case <- cases$dispersed
  terms <- ~ x + (1 | g)
  fit <- criticized(case, terms, offset = o, draws = 1500)
  folds <- ifelse(data$g == "d", "group", ifelse(seq_along(data$g) %% 4 == 0, "some", "rest"))
  kept <- kfold(fit, folds = folds, seed = 3)
  found <- kept$pointwise
  expect_equal(kept$estimates["elpd_kfold", "Estimate"], sum(found[, "elpd_kfold"]))
  refit <- criticized(case, terms, data[folds != "group", ], offset = o, draws = 1500)
  draws <- as.matrix(refit)
  u <- seq(-7, 7, by = 0.1)
  for (i in which(folds == "group")[c(1, 4)]) {
    fixed <- draws[, "b_Intercept"] + draws[, "b_x"] * data$x[i] + data$o[i]
    mean <- exp(fixed + draws[, "sd_g__Intercept"] %o% u)
    density <- dnbinom(data$count[i], size = draws[, "shape"], mu = mean) %*% (dnorm(u) * 0.1)
    exact <- log_mean_exp(log(density), 2)
    expect_lt(distance(found[i, "elpd_kfold"], found[i, "mcse_elpd_kfold"], exact[1], exact[2]), 4.5)
  }
  # Rows whose groups have others left: given draws of the effects.
  refit <- criticized(case, terms, data[folds != "some", ], offset = o, draws = 1500)
  own <- which(folds == "some" & data$g %in% data$g[folds == "rest"])
  by_hand <- apply(log_lik(refit, data[own, ], offset = data$o[own]), 2, log_mean_exp, 2)
  expect_lt(distance(found[own, "elpd_kfold"], found[own, "mcse_elpd_kfold"], by_hand[1, ],
                     by_hand[2, ]), 4.5)
  grouped <- kfold(fit, group = "g", seed = 1)
  expect_identical(attr(grouped, "K"), 6L)
})

test_that("folds of several groupings are predicted given effects, those of new groups drawn", {
  data <- response_data()
  fit <- family_fits(data)$shares
  places <- c(7L, 3L, 60L)
  expect_equal(left_out_of_family(fit, fit$design, places), log_lik(fit)[, places],
               ignore_attr = TRUE)
  data$g[3] <- "new"
  other <- family_fit(s / m ~ x + (1 | g) + (1 | h), data, binomial(), weights = m)
  found <- left_out_of_family(fit, other$design, places)
  expected <- log_lik(fit, data[places, ], allow_new_levels = TRUE, seed = fit$sampling$seeds[1])
  expect_equal(found, expected, ignore_attr = TRUE)
  expect_gt(min(abs(found[, 2] - log_lik(fit)[, 3])), 0)
  expect_equal(unname(given_all_data(fit)), unname(log(colMeans(exp(log_lik(fit))))))
})

several <- transform(data, h = rep_len(LETTERS[1:5], 32), leaf = paste(g, seq_along(g) %% 2))

test_that("rows of several groupings are left out given their effects, and by refits that are asked for", {
  case <- cases$trials
  for (terms in list(~ x + (1 | g) + (1 | leaf), ~ x + (1 | g) + (1 | h))) {
    fit <- criticized(case, terms, several, draws = 300)
    r_eff <- seq(0.5, 1, length.out = 32)
    plain <- suppressWarnings(loo(fit, integrated = FALSE, r_eff = r_eff, cores = 2, save_psis = TRUE))
    by_hand <- suppressWarnings(loo::loo(log_lik(fit), r_eff = r_eff))
    expect_equal(plain$pointwise[, "elpd_loo"], by_hand$pointwise[, "elpd_loo"], ignore_attr = TRUE)
    expect_equal(plain$psis_object, suppressWarnings(loo::psis(-log_lik(fit), r_eff = r_eff)), ignore_attr = TRUE)
    expect_equal(weights(plain$psis_object), weights(suppressWarnings(loo::psis(-log_lik(fit), r_eff = r_eff))))
    k <- plain$diagnostics$pareto_k
    worst <- order(k, decreasing = TRUE)
    again <- loo(fit, integrated = FALSE, r_eff = r_eff, reloo = TRUE, k_threshold = mean(k[worst[2:3]]), seed = 2)
    expect_setequal(which(again$pointwise[, "elpd_loo"] != plain$pointwise[, "elpd_loo"]), worst[1:2])
    for (i in worst[1:2]) {
      refit <- criticized(case, terms, several[-i, ], draws = 300)
      exact <- log_mean_exp(log_lik(refit, several[i, ], allow_new_levels = TRUE, seed = 1), 2)
      found <- again$pointwise[i, ]
      expect_lt(distance(found["elpd_loo"], found["mcse_elpd_loo"], exact[1], exact[2]), 4.5)
    }
    folds <- kfold(fit, K = 2, seed = 3)
    expect_identical(attr(folds, "K"), 2L)
    expect_equal(kfold(fit, folds = attr(folds, "folds"), seed = 3)$estimates, folds$estimates)
    expect_identical(attr(kfold(fit, group = "g", seed = 1), "K"), 6L)
  }
})

test_that("what has the effects of several groupings integrated out is refused by name", {
  for (terms in list(~ x + (1 | g) + (1 | leaf), ~ x + (1 | g) + (1 | h))) {
    fit <- criticized(cases$poisson, terms, several, draws = 20)
    single <- criticized(cases$poisson, ~ x + (1 | g), several, draws = 20)
    calls <- expression(
      loo(fit), loo(fit, by = "group", grouping = "g"), log_lik(fit, by = "group", grouping = "g"),
      waic(fit, by = "group", grouping = "g"), loo_compare(fit, single, by = "group"),
      glance.relm(fit, looic = TRUE), logml(fit), logml(fit, method = "bridge", seed = 1, threads = 2),
      bayes_factor(fit, single), post_prob(fit, single), bridge_sampler(fit)
    )
    for (call in calls) {
      if (identical(call[[1]], quote(bridge_sampler))) skip_if_not_installed("bridgesampling")
      expect_error(eval(call), "one grouping in a Poisson|are crossed: a whole group",
                   class = "relm_error", label = deparse1(call))
    }
  }
})

test_that("a row that keeps the outcomes from being separated leaves no posterior behind", {
  rows <- data.frame(x = 1:10, y = c(0, 0, 0, 0, 1, 0, 1, 1, 1, 1))
  fit <- relm(y ~ x, rows, family = binomial(), chains = 2, draws = 1000, seed = 1)
  result <- suppressWarnings(loo(fit))
  expect_identical(which(result$diagnostics$pareto_k == Inf), c(5L, 6L))
  expect_error(suppressWarnings(loo(fit, reloo = TRUE, seed = 1)), "no posterior without row 5",
               class = "relm_error")
})

test_that("improper priors have no marginal likelihood, and the remedy has no sigma", {
  fit <- criticized(cases$poisson, ~ x, prior = relm_prior(), draws = 20)
  error <- expect_error(logml(fit), "b_x: flat", class = "relm_error")
  expect_no_match(conditionMessage(error), "sigma")
  fit <- criticized(cases$poisson, ~ x + v + z + (1 | g), draws = 20)
  expect_error(logml(fit, method = "quadrature"), "over 5: .*coefficients", class = "relm_error")
})

test_that("criteria are kept and compared", {
  fits <- lapply(cases[c("poisson", "dispersed")], criticized, ~ x + (1 | g), draws = 500)
  with <- lapply(fits, function(fit) {
    suppressWarnings(add_criterion(fit, c("loo", "kfold"), K = 3, seed = 1))
  })
  expect_equal(with[[1]]$criteria$loo$pointwise, suppressWarnings(loo(fits[[1]])$pointwise))
  compared <- loo_compare(with, criterion = "loo")
  expect_setequal(rownames(compared), c("poisson", "dispersed"))
  expect_true(is.finite(bayes_factor(fits$poisson, fits$dispersed, log = TRUE)$bf))
})

test_that("pictures of rows left out have predictions from the others of their group", {
  skip_if_not_installed("bayesplot")
  for (case in cases[c("trials", "poisson")]) {
    fit <- criticized(case, ~ x + (1 | g), draws = 100)
    left_out <- function() suppressWarnings(left_out_replicates(fit, "lw", 4))
    shown <- left_out()
    expect_equal(colSums(exp(shown$lw)), rep(1, 32))
    expect_identical(dim(shown$yrep), c(200L, 32L))
    expect_true(all(shown$yrep == round(shown$yrep) & shown$yrep >= 0))
    expect_identical(left_out()$yrep, shown$yrep)
    expect_equal(shown$y, response_of(fit, NULL))
    expect_s3_class(suppressWarnings(pp_check(fit, "loo_intervals", seed = 1)), "ggplot")
    if (length(case$response) > 1) expect_true(all(t(shown$yrep) <= data$size))
  }
})

test_that("criteria and marginal likelihoods of other families have the arguments of Gaussian ones", {
  for (case in cases[c("trials", "poisson", "dispersed")]) {
    fit <- criticized(case, ~ x + (1 | g), draws = 500)
    plain <- criticized(case, ~ x, draws = 500)
    density <- log_lik(fit, by = "group", grouping = "g")
    by_group <- suppressWarnings(waic(fit, by = "group", grouping = "g"))
    expect_equal(by_group$estimates, suppressWarnings(loo::waic(density))$estimates)
    result <- suppressWarnings(loo(fit, integrated = TRUE, cores = 1, save_psis = TRUE))
    expect_identical(dim(weights(result$psis_object)), c(1000L, 32L))
    expect_silent(loo(fit, k_threshold = 5, reloo = TRUE, seed = 1, r_eff = 1))
    expect_equal(suppressWarnings(glance.relm(fit, looic = TRUE))$looic,
                 result$estimates["looic", "Estimate"])
    expect_equal(suppressWarnings(loo(fit, by = "group", grouping = "g"))$estimates,
                 suppressWarnings(loo(fit, by = "group"))$estimates)
    expect_identical(as.numeric(logml(fit, method = "bridge", seed = 1, threads = 2)),
                     as.numeric(logml(fit, method = "bridge", seed = 1)))
    values <- c(logml(fit, method = "bridge", seed = 1), logml(plain, method = "bridge", seed = 1))
    shares <- post_prob(logml(fit, method = "bridge", seed = 1), values[2])
    expect_equal(unname(shares[1]), plogis(values[1] - values[2]))
    expect_output(print(bayes_factor(fit, plain)), "Bayes factor of fit over plain")
    skip_if_not_installed("bridgesampling")
    theirs <- bridge_sampler(fit, silent = TRUE)
    error <- sqrt(bridgesampling::error_measures(theirs)$re2)
    own <- attr(logml(fit, method = "bridge", seed = 1), "error")
    expect_lt(abs(theirs$logml - values[1]) / sqrt(error^2 + own^2), 4)
  }
})

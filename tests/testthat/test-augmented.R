# The Gibbs samplers by Polya-Gamma weights: replay in plain R, chains in pieces, what is refused. Their
# draws against quadrature and other samplers are in test-sampler-agreement-families.R.

skip_on_cran()

test_that("one grouping and none are replayed in plain R", {
  expect_augmented_replay(augmented_posterior(cbind(s, m - s) ~ x + v), samplers = "uncentered")
  expect_augmented_replay(augmented_posterior(cbind(s, m - s) ~ x + (1 | a)))
  expect_augmented_replay(augmented_posterior(cbind(s, m - s) ~ x + v + offset(o) + (1 + x | a)))
  expect_augmented_replay(augmented_posterior(k ~ x + offset(o)), samplers = "centered")
  expect_augmented_replay(augmented_posterior(k ~ x + (1 + v || a)))
})

test_that("nested and crossed groupings are replayed", {
  expect_augmented_replay(augmented_posterior(cbind(s, m - s) ~ x + (1 | a / b)))
  expect_augmented_replay(augmented_posterior(cbind(s, m - s) ~ x + (1 + x | a) + (1 + x | b)))
  expect_augmented_replay(augmented_posterior(k ~ x + offset(o) + (1 + x | a) + (0 + x | c) + (1 | b)))
  # Rows whose random columns are all 0.
  zeros <- transform(augmented_data(), x = ifelse(seq_along(x) %% 3 == 0, 0, x))
  expect_augmented_replay(augmented_posterior(cbind(s, m - s) ~ v + (0 + x | a) + (0 + x | c), zeros))
})

test_that("rows that are merged, and every kind of prior, are replayed", {
  counts <- transform(augmented_data(80), x = round(x), v = 1)
  posterior <- augmented_posterior(k ~ x + (1 | a), counts)
  expect_lt(length(posterior$responses$y), 40)
  expect_augmented_replay(posterior, counted = posterior$responses$trials)
  formula <- cbind(s, m - s) ~ x + (1 + x | a)
  flat <- relm_prior(sd = half_t(3, 1))
  expect_augmented_replay(augmented_posterior(formula, augmented_data(), flat))
  for (cov in list(inverse_wishart(4, diag(2)), huang_wand(2, 1))) {
    prior <- relm_prior(beta = normal(0, 2), cov = cov)
    expect_augmented_replay(augmented_posterior(formula, augmented_data(), prior))
  }
  for (sd in list(uniform(2), inverse_gamma(2, 1), exponential(1), half_normal(1), half_cauchy(1))) {
    prior <- relm_prior(beta = normal(0, 2), sd = sd, cor = lkj(2))
    expect_augmented_replay(augmented_posterior(formula, augmented_data(), prior), sweeps = 5)
  }
})

test_that("counts that stand in the data several times are as many", {
  data <- transform(augmented_data(), times = 1 + seq_along(x) %% 3)
  posterior <- relm_posterior(crossprods(k ~ x + (1 | a), data, family = negative_binomial(),
                                         weights = times), augmented_prior(negative_binomial()))
  expect_identical(sum(posterior$responses$trials), sum(data$times))
  expect_augmented_replay(posterior, samplers = "centered")
})

test_that("a chain in two pieces is the chain in one, and a saved fit goes on", {
  for (formula in list(cbind(s, m - s) ~ x + (1 + x | a), k ~ x + (1 | a / b), k ~ x,
                       cbind(s, m - s) ~ x + (1 | a) + (1 + x | c))) {
    for (sampler in c("centered", "uncentered", "interweaved")) {
      whole <- augmented_fit(formula, sampler = sampler, draws = 30, warmup = 10)
      half <- augmented_fit(formula, sampler = sampler, draws = 12, warmup = 10)
      file <- tempfile(fileext = ".rds")
      saveRDS(half, file)
      continued <- extend(readRDS(file), draws = 18)
      expect_identical(as.matrix(continued), as.matrix(whole))
      expect_identical(continued$sampling$effects, whole$sampling$effects)
    }
  }
  without <- augmented_fit(formula, sampler = sampler, draws = 30, warmup = 10, group_draws = FALSE)
  expect_identical(effect_draws(without, 1:4), effect_draws(whole, 1:4))
  with_correlations <- relm_prior(beta = normal(0, 2), sd = half_t(3, 1), cor = lkj(0.2))
  formula <- cbind(s, m - s) ~ x + (1 + x | a)
  whole <- augmented_fit(formula, sampler = "interweaved", prior = with_correlations, draws = 20)
  half <- augmented_fit(formula, sampler = "interweaved", prior = with_correlations, draws = 5)
  expect_identical(as.matrix(extend(half, 15)), as.matrix(whole))
})

test_that("chains start from another fit, and from anywhere", {
  first <- augmented_fit(k ~ x + (1 | a), sampler = "collapsed", draws = 20)
  for (sampler in c("centered", "uncentered")) {
    fit <- augmented_fit(k ~ x + (1 | a), sampler = sampler, init = first, draws = 1, warmup = 0)
    expect_true(all(is.finite(as.matrix(fit))))
    other <- augmented_fit(k ~ x + (1 | a), sampler = sampler, draws = 1, warmup = 0)
    expect_false(identical(as.matrix(fit), as.matrix(other)))
    back <- augmented_fit(k ~ x + (1 | a), sampler = "collapsed", init = fit, draws = 5)
    expect_true(all(is.finite(as.matrix(back))))
  }
})

test_that("moments that stand for many effects are those of the draws", {
  fits <- lapply(c(kept_bytes, 100), function(bytes) {
    with_relm("kept_bytes", bytes, with_relm("piece_bytes", 1000, {
      augmented_fit(cbind(s, m - s) ~ x + (1 + x | a), sampler = "uncentered", draws = 40)
    }))
  })
  expect_identical(as.matrix(fits[[1]], pars = "x")[, 1], as.matrix(fits[[2]], pars = "x")[, 1])
  moments <- fits[[2]]$sampling$moments[[1]]
  drawn <- array(unlist(fits[[1]]$sampling$effects), c(2, 4, 80))
  expect_equal(moments$mean, apply(drawn, 1:2, mean), tolerance = 1e-10)
  expect_equal(ranef(fits[[2]])$a[, 1], rowMeans(drawn[1, , ])[order(fits[[2]]$posterior$groupings[[1]]$groups)],
               tolerance = 1e-10)
  longer <- with_relm("kept_bytes", 100, extend(fits[[2]], 10))
  expect_identical(longer$sampling$moments[[1]]$n, 100L)
})

test_that("families without such weights are refused by name, with what runs", {
  data <- augmented_data()
  data$one <- as.numeric(data$v > 0)
  for (sampler in c("centered", "uncentered", "interweaved")) {
    expect_error(relm(k ~ x + (1 | a), data, family = poisson(), sampler = sampler),
                 paste0("(?s)", sampler, ".*Poisson.*collapsed.*negative_binomial"), class = "relm_error",
                 perl = TRUE)
    for (link in c("probit", "cloglog")) {
      expect_error(relm(one ~ x + (1 | a), data, family = binomial(link), sampler = sampler),
                   paste0("(?s)", sampler, ".*", link, ".*collapsed.*binomial\\(\\)"), class = "relm_error",
                   perl = TRUE)
    }
  }
  near <- relm_prior(beta = normal(0, 2), sd = half_t(3, 1), cor = lkj(0.2))
  expect_error(augmented_fit(cbind(s, m - s) ~ x + (1 + x | a), sampler = "centered", prior = near),
               "lkj\\(0.2\\)", class = "relm_error")
})

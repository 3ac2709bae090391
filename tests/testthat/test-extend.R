# A chain continued is the chain in one piece: everything that sampling left, number for number.

skip_on_cran()

fit_of <- function(draws, ..., formula = y ~ x + (1 + x | g), chains = 2, seed = 3,
                   data = grouped_data(9)) {
  relm(formula, data, draws = draws, chains = chains, seed = seed, warmup = 60,
       progress = FALSE, ...)
}

# All of a fit's sampling but how it was computed.
sampled <- function(fit) {
  fit$sampling[!names(fit$sampling) %in% c("seconds", "cores", "threads", "progress")]
}

expect_one_piece <- function(pieces, ..., cores = 1) {
  fit <- fit_of(pieces[1], ...)
  for (piece in pieces[-1]) fit <- extend(fit, piece, cores = cores)
  whole <- fit_of(sum(pieces), ...)
  expect_identical(sampled(fit), sampled(whole))
  expect_identical(fit$control, whole$control)
  expect_identical(eval(fit$call$draws), as.integer(sum(pieces)))
  expect_identical(as_draws_array(fit), as_draws_array(whole))
  invisible(list(fit = fit, whole = whole))
}

all_samplers <- c("collapsed", "interweaved", "centered", "uncentered")

test_that("500 draws and then 500 are 1,000 draws, for every sampler and on any number of cores", {
  for (sampler in all_samplers) {
    expect_one_piece(c(500, 500), sampler = sampler)
    expect_one_piece(c(30, 1, 169), sampler = sampler, cores = 2)
  }
})

test_that("that holds with several residual variances, pooled ones, and thinned", {
  for (sampler in all_samplers) {
    expect_one_piece(c(30, 40), sampler = sampler, sigma = ~ f)
    expect_one_piece(c(30, 40), sampler = sampler, sigma = ~ f, thin = 3, weights = w,
                     prior = relm_prior(sigma = pooled(), sd = half_cauchy(1)))
  }
})

test_that("that holds with and without a table of proposals, and under priors with a scale", {
  expect_one_piece(c(20, 700), formula = y ~ x + (1 | g))
  expect_one_piece(c(20, 700), formula = y ~ x + (1 + x || g), chains = 1)
  # Six dimensions: proposals that have learnt; with several residual variances, in warm-up.
  expect_one_piece(c(20, 80), formula = y ~ x + (1 + x + v | g))
  learnt <- expect_one_piece(c(20, 80), formula = y ~ x + (1 + x + v | g), sigma = ~ f)
  expect_null(learnt$fit$sampling$tuning)
  ends <- learnt$fit$sampling$ends
  expect_false(identical(ends[[1]]$tuning, ends[[2]]$tuning))
  priors <- list(relm_prior(cov = huang_wand(2, 1)), relm_prior(cov = inverse_wishart(4, 1)),
                 relm_prior(sd = half_t(3, 1), cor = lkj(2), beta = normal(0, 5)))
  for (prior in priors) {
    for (sampler in all_samplers) expect_one_piece(c(20, 40), prior = prior, sampler = sampler)
  }
})

test_that("a table does not depend on how many draws are wanted, nor the first draws on it", {
  for (formula in c(y ~ x + (1 | g), y ~ x + (1 + x || g), y ~ x + (1 + x | g))) {
    one <- fit_of(1, formula = formula, chains = 1)
    expect_false(is.null(one$sampling$tuning$table))
    many <- fit_of(50, formula = formula, chains = 3)
    expect_identical(one$sampling$tuning, many$sampling$tuning)
    expect_identical(as.matrix(many)[1, ], as.matrix(one)[1, ])
  }
})

test_that("the common line, and a model without group effects, go on too", {
  expect_one_piece(c(10, 15), formula = y ~ x)
  expect_one_piece(c(10, 15), formula = y ~ x, sigma = ~ f)
  expect_one_piece(c(10, 15), formula = y ~ x, prior = relm_prior(beta = normal()))
})

test_that("group effects had later are those of the long run, across tiles of random numbers", {
  for (sampler in c("collapsed", "centered")) {
    for (kept in list(FALSE, TRUE, c("g8", "g3"))) {
      both <- expect_one_piece(c(200, 100, 300), sampler = sampler, group_draws = kept)
      expect_identical(unclass(as_draws_array(both$fit, "^(r|coef)_", regex = TRUE)),
                       unclass(as_draws_array(both$whole, "^(r|coef)_", regex = TRUE)))
    }
  }
  both <- expect_one_piece(c(20, 30), sigma = ~ f, group_draws = FALSE)
  expect_identical(ranef(both$fit), ranef(both$whole))
})

test_that("a fit that drew until there was enough goes on as well", {
  for (sampler in c("collapsed", "interweaved")) {
    enough <- suppressMessages(fit_of(50, target_ess = 300, sampler = sampler))
    n <- posterior::niterations(enough)
    whole <- fit_of(n + 40, sampler = sampler)
    longer <- extend(enough, 40)
    expect_identical(as_draws_array(longer), as_draws_array(whole))
    expect_identical(longer$sampling$ends, whole$sampling$ends)
  }
})

test_that("a fit that started from another goes on", {
  first <- fit_of(20, seed = 8)
  for (sampler in all_samplers) {
    both <- expect_one_piece(c(20, 30), init = first, sampler = sampler, group_draws = FALSE)
    expect_identical(coef(both$fit), coef(both$whole))
  }
})

# As versions before saved it: Sigma and a point of the only grouping, a step without a number.
as_before <- function(fit) {
  flat <- function(state) {
    lists <- intersect(c("Sigma", "point"), names(state))
    state[lists] <- lapply(state[lists], function(x) as.numeric(unlist(x)))
    state
  }
  fit$sampling$ends <- lapply(fit$sampling$ends, function(end) {
    end$state <- flat(end$state)
    end$tuning$step <- NULL
    end
  })
  fit$sampling$tuning$step <- NULL
  if (!is.null(fit$sampling$init)) fit$sampling$init <- lapply(fit$sampling$init, flat)
  fit
}

test_that("a fit saved by a version before goes on, and runs again for its effects", {
  near <- relm_prior(sd = half_t(3, 1), cor = lkj(0.2))
  first <- fit_of(20, seed = 8)
  fits <- c(lapply(all_samplers, function(sampler) {
    fit_of(20, init = first, sampler = sampler, group_draws = FALSE)
  }), list(fit_of(20, sampler = "interweaved", prior = near), fit_of(20, sigma = ~ f),
           fit_of(20, formula = y ~ x), fit_of(20, formula = y ~ x + (1 + x + v | g))))
  for (fit in fits) {
    before <- as_before(fit)
    expect_false(identical(before, fit))
    expect_identical(sampled(extend(before, 10))$hyper, sampled(extend(fit, 10))$hyper)
    effects <- function(fit) unclass(as_draws_array(fit, "^r_", regex = TRUE))
    if (has_groups(fit$posterior)) expect_identical(effects(before), effects(fit))
  }
})

test_that("where all draws of effects take too much, extending gives them up as one run would", {
  with_relm("kept_bytes", 8 * 18 * 2 * 100, {
    short <- fit_of(100)
    expect_length(short$sampling$kept, 9)
    both <- expect_one_piece(c(100, 1))
    expect_length(both$fit$sampling$kept, 0)
    expect_false(is.null(both$fit$sampling$moments))
    expect_identical(ranef(both$fit, summary = TRUE), ranef(both$whole, summary = TRUE))
    expect_identical(unclass(as_draws_array(both$fit, "r_g[g3,x]"))[1:100, , ],
                     unclass(as_draws_array(short, "r_g[g3,x]"))[, , ])
    expect_length(expect_one_piece(c(100, 1), group_draws = TRUE)$fit$sampling$kept, 9)
  })
})

test_that("a fit of cross-products goes on", {
  model <- crossprods(y ~ x + (1 | g), grouped_data(9))
  whole <- relm(model, chains = 2, draws = 50, seed = 1)
  short <- relm(model, chains = 2, draws = 20, seed = 1)
  expect_identical(sampled(extend(short, 30)), sampled(whole))
})

test_that("a fit read in another session goes on there", {
  fit <- fit_of(50, group_draws = FALSE)
  there <- in_another_session(fit, {
    longer <- relm::extend(object, 30, cores = 2)
    list(longer = longer, effects = as.matrix(longer, "^r_", regex = TRUE))
  })
  whole <- fit_of(80, group_draws = FALSE)
  expect_identical(sampled(there$longer), sampled(whole))
  expect_identical(there$effects, as.matrix(whole, "^r_", regex = TRUE))
})

test_that("what a fit keeps for it is small, whatever the number of groups", {
  set.seed(1)
  data <- data.frame(g = rep(1:5000, 3), x = rnorm(15000), y = rnorm(15000))
  fit <- fit_of(2, data = data, formula = y ~ x + (1 + x || g), group_draws = FALSE)
  expect_lt(length(serialize(fit$sampling[c("ends", "tuning", "seeds")], NULL)), 60000)
})

test_that("draws that cannot be had are refused, and the fit is left alone", {
  fit <- fit_of(20)
  before <- fit
  expect_error(extend(fit), "draws.*missing", class = "relm_error")
  for (bad in list(0, -5, 1.5, NA, "ten", c(1, 2), Inf)) {
    expect_error(extend(fit, bad), "draws.*whole number of at least 1", class = "relm_error")
  }
  expect_error(extend(fit, 2e9), "need.*GB|sweeps", class = "relm_error")
  expect_error(extend(fit_of(20, thin = 10), 3e8), "thin.*sweeps", class = "relm_error")
  expect_error(extend(fit, 10, cores = 0), "cores", class = "relm_error")
  expect_error(extend(fit, 10, thin = 2), "extend.*has no argument.*thin", class = "relm_error")
  expect_error(extend(lm(mercury ~ length, bass), 10), "fit of", class = "relm_error")
  expect_identical(fit, before)
})

test_that("chains of the Gibbs samplers of several groupings go on from their effects", {
  for (formula in c(y ~ x + (1 | a) + (1 + x | c), y ~ x + (1 + x | a) + (1 + x | a:b) + (1 | c))) {
    for (sampler in setdiff(all_samplers, "collapsed")) {
      for (sigma in c(~ 1, ~ c)) {
        both <- expect_one_piece(c(12, 8), formula = formula, data = several_data(), sigma = sigma,
                                 sampler = sampler, group_draws = FALSE, cores = 2)
        expect_identical(ranef(both$fit), ranef(both$whole))
      }
    }
  }
  near <- relm_prior(sd = half_t(3, 1), cor = lkj(0.2))
  expect_one_piece(c(12, 8), formula = y ~ x + (1 + x | a) + (1 + x | c), data = several_data(),
                   prior = near, sampler = "interweaved")
})

test_that("chains of several groupings in two pieces are those in one", {
  for (kept in list(NULL, FALSE, list(a = TRUE))) {
    longer <- extend(nested_fit(draws = 30, group_draws = kept), 20)
    at_once <- nested_fit(draws = 50, group_draws = kept)
    expect_identical(as.matrix(longer), as.matrix(at_once))
    expect_identical(as.matrix(longer, "^coef_", regex = TRUE),
                     as.matrix(at_once, "^coef_", regex = TRUE))
  }
})

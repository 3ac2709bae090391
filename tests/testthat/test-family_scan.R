# Several groupings of another family than the Gaussian one: the scan over them.

skip_on_cran()

trapezoid <- function(from, to, n) {
  node <- seq(from, to, length.out = n)
  list(node = node, weight = rep((to - from) / (n - 1), n) * c(0.5, rep(1, n - 2), 0.5))
}

# Quantiles of a density on nodes.
quantiles_on <- function(rule, density, probabilities) {
  share <- density * rule$weight
  cumulated <- (cumsum(share) - share / 2) / sum(share)
  stats::approx(cumulated, rule$node, probabilities, ties = mean)$y
}

# Draws fall below quantiles of the exact density as often as they should, in standard errors.
expect_quantiles <- function(draws, exact, probabilities = c(0.1, 0.25, 0.5, 0.75, 0.9)) {
  for (k in seq_along(probabilities)) {
    below <- draws <= exact[k]
    error <- posterior::mcse_mean(below + 0)
    expect_lt(abs(mean(below) - probabilities[k]) / error, 4)
  }
}

chains_of <- function(fit, name) as.array(fit, name)[, , 1]

crossed_rows <- function() {
  data <- expand.grid(a = factor(1:6), b = factor(1:2))
  data$m <- c(3, 5, 4, 6, 2, 5, 4, 3, 6, 5, 4, 2)
  data$s <- c(1, 4, 2, 6, 0, 3, 3, 3, 5, 5, 1, 1)
  data
}

test_that("crossed groupings of trials: draws are those of the posterior by quadrature", {
  data <- crossed_rows()
  prior <- relm_prior(sd = half_normal(1.5))
  fit <- relm(cbind(s, m - s) ~ 0 + (1 | a) + (1 | b), data, family = binomial(), prior = prior,
              draws = 4000, seed = 11)
  tau <- trapezoid(1e-3, 8, 120)
  a <- trapezoid(-14, 14, 281)
  b <- trapezoid(-14, 14, 141)
  row <- function(i) {
    eta <- outer(a$node, b$node, `+`)
    exp(data$s[i] * eta - data$m[i] * log1p(exp(eta)))
  }
  first <- lapply(1:6, row)
  second <- lapply(7:12, row)
  # log p(y | tau_a, b), over the levels of a.
  given <- lapply(tau$node, function(sd) {
    weight <- a$weight * dnorm(a$node, 0, sd)
    # Where the grid is coarser than the density, its sum is not one.
    weight <- weight / sum(weight)
    Reduce(`*`, Map(function(x, y) crossprod(x * weight, y), first, second))
  })
  prior_b <- vapply(tau$node, function(sd) {
    weight <- b$weight * dnorm(b$node, 0, sd)
    weight / sum(weight)
  }, b$node)
  joint <- vapply(given, function(P) colSums(prior_b * (P %*% prior_b)), tau$node)
  joint <- joint * outer(dnorm(tau$node, 0, 1.5), dnorm(tau$node, 0, 1.5))
  probabilities <- c(0.1, 0.25, 0.5, 0.75, 0.9)
  expect_quantiles(chains_of(fit, "sd_a__Intercept"),
                   quantiles_on(tau, drop(tau$weight %*% joint), probabilities))
  expect_quantiles(chains_of(fit, "sd_b__Intercept"),
                   quantiles_on(tau, drop(joint %*% tau$weight), probabilities))
  # The effect of the first level of b; near 0, where small deviations put a spike, moments are
  # surer than quantiles.
  weight <- joint * outer(tau$weight, tau$weight)
  density <- Reduce(`+`, lapply(seq_along(given), function(k) {
    P <- given[[k]]
    own <- prior_b * (P %*% prior_b)
    scale <- colSums(own)
    rowSums(own * rep(weight[, k] / scale, each = nrow(P)))
  }))
  draws <- chains_of(fit, "r_b[1,Intercept]")
  for (power in 1:2) {
    exact <- sum(density * b$node^power) / sum(density)
    expect_lt(abs(mean(draws^power) - exact) / posterior::mcse_mean(draws^power), 4)
  }
})

test_that("nested groupings of counts: draws are those of the posterior by quadrature", {
  data <- data.frame(a = factor(rep(1:4, each = 3)), b = factor(1:12),
                     y = c(3, 0, 2, 9, 4, 7, 1, 0, 0, 2, 5, 3))
  prior <- relm_prior(beta = normal(0, 2), sd = half_normal(1))
  fit <- relm(y ~ 1 + (1 | a) + (1 | b), data, family = poisson(), prior = prior, draws = 4000,
              seed = 12)
  m <- seq(-9, 7, by = 0.08)
  tau <- trapezoid(1e-3, 4, 80)
  # f(m + e) summed over e with their normal weights.
  smooth <- lapply(tau$node, function(sd) {
    weight <- dnorm(outer(m, m, `-`), 0, sd)
    weight / rowSums(weight)
  })
  stacked <- do.call(rbind, smooth)
  likelihood <- vapply(data$y, function(y) dpois(y, exp(m)), m)
  intercept <- dnorm(m, 0, 2)
  beta <- 0
  joint <- vapply(seq_along(tau$node), function(l) {
    leaf <- smooth[[l]] %*% likelihood
    groups <- vapply(split(1:12, data$a), function(i) leaf[, i[1]] * leaf[, i[2]] * leaf[, i[3]], m)
    root <- stacked %*% groups
    density <- matrix(root[, 1] * root[, 2] * root[, 3] * root[, 4], length(m)) * intercept *
      dnorm(tau$node[l])
    density <- density * rep(dnorm(tau$node), each = length(m))
    beta <<- beta + drop(density %*% tau$weight) * tau$weight[l]
    colSums(density)
  }, tau$node)
  probabilities <- c(0.1, 0.25, 0.5, 0.75, 0.9)
  expect_quantiles(chains_of(fit, "sd_a__Intercept"),
                   quantiles_on(tau, drop(joint %*% tau$weight), probabilities))
  expect_quantiles(chains_of(fit, "sd_b__Intercept"),
                   quantiles_on(tau, drop(tau$weight %*% joint), probabilities))
  expect_quantiles(chains_of(fit, "b_Intercept"),
                   quantiles_on(list(node = m, weight = 1), beta, probabilities))
})

# A model, and a tuning of each step about which nothing is known yet.
scan_model <- function(formula, data, family, prior) {
  model <- model_of(relm_posterior(crossprods(formula, data, family = family), prior))
  tunings <- lapply(seq_along(model$steps), function(s) {
    c(new_tuning(model, list(sigma2 = 1), "none", step = s - 1L), list(fineness = 1))
  })
  list(model = model, tunings = tunings)
}

scan_data <- function() {
  set.seed(9)
  data <- data.frame(a = factor(sample(5, 80, TRUE)), b = factor(sample(4, 80, TRUE)),
                     x = round(rnorm(80), 2), o = round(runif(80), 2))
  data$y <- rbinom(80, 1, plogis(0.4 * data$x + rnorm(5)[data$a]))
  data$k <- rpois(80, exp(0.3 + rnorm(4, 0, 0.5)[data$b]))
  data
}

test_that("a step's density is that of its groups with the others' effects in the offset", {
  data <- scan_data()
  cases <- list(
    list(y ~ x + offset(o) + (1 | a) + (1 + x || b), binomial(),
         function(y, eta, r) dbinom(y, 1, plogis(eta))),
    list(y ~ x + (1 | a) + (1 + x || b), binomial("cloglog"),
         function(y, eta, r) dbinom(y, 1, -expm1(-exp(eta)))),
    list(k ~ x + (1 | a) + (1 + x || b), poisson(), function(y, eta, r) dpois(y, exp(eta))),
    list(k ~ x + (1 | a) + (1 + x || b), negative_binomial(),
         function(y, eta, r) dnbinom(y, size = r, mu = exp(eta)))
  )
  for (case in cases) {
    prior <- relm_prior(beta = normal(0, 3), sd = half_normal(1),
                        shape = if (identical(case[[2]]$family, negative_binomial()$family)) half_normal(1))
    built <- scan_model(case[[1]], data, case[[2]], prior)
    model <- built$model
    b <- matrix(c(0.5, -0.2, 0.1, 0.8, -1, 0.3, 0, -0.4), 2)
    model$effect <- list(numeric(5), b)
    has_shape <- "shape" %in% model$part
    y <- if (all.vars(case[[1]])[1] == "y") data$y else data$k
    offset <- if (any(all.vars(case[[1]]) == "o")) data$o else 0
    shapes <- if (has_shape) c(1.5, 4) else c(NA, NA)
    sds <- c(0.4, 1.7)
    betas <- list(c(0.2, -0.5), c(-1, 0.4))
    # Groups are numbered by their first rows.
    at_b <- match(data$b, unique(data$b))
    values <- vapply(1:2, function(i) {
      beta <- betas[[i]]
      theta <- model$from_beta %*% (beta - model$beta_shift)
      point <- c(asinh(sds[i] / built$tunings[[1]]$scale), theta, if (has_shape) log(shapes[i]))
      eta <- beta[1] + beta[2] * data$x + offset + b[1, at_b] + b[2, at_b] * data$x
      exact <- sum(vapply(split(seq_len(80), data$a), function(rows) {
        log(stats::integrate(function(u) vapply(u, function(u) {
          dnorm(u, 0, sds[i]) * prod(case[[3]](y[rows], eta[rows] + u, shapes[i]))
        }, 0), -12, 12, rel.tol = 1e-11, abs.tol = 0,
                           subdivisions = 1000L)$value)
      }, 0))
      exact <- exact + sum(dnorm(beta, 0, 3, log = TRUE)) + dnorm(sds[i], log = TRUE) +
        log(cosh(point[1]))
      if (has_shape) {
        exact <- exact + dnorm(shapes[i]^-0.5, log = TRUE) + log(shapes[i]^-0.5)
      }
      exact - log_target(model, built$tunings[[1]], point, 1)
    }, 0)
    expect_lt(abs(diff(values)), 1e-6, label = deparse1(case[[2]]$family))
  }
})

# Rows whose groupings lie in each other, or do not, in each way that there is.
structured_rows <- function() {
  data <- scan_data()
  set.seed(10)
  data$d <- paste(data$a, seq_len(80) %% 2)
  data$e <- paste(data$a, sample(3, 80, TRUE))
  data$leaf <- paste(data$d, sample(2, 80, TRUE))
  data$f <- sample(letters[1:6], 80, TRUE)
  data$again <- paste0("as_", data$a)
  data
}

test_that("a step's density is that of its groups in every structure of groupings", {
  data <- structured_rows()
  structures <- list(c("a", "d", "e"), c("a", "d", "leaf"), c("a", "d", "b"), c("a", "b", "f"), c("a", "again"))
  for (names in structures) {
    formula <- stats::reformulate(c("x", sprintf("(1 | %s)", names)), "k")
    prior <- relm_prior(beta = normal(0, 3), sd = half_normal(1))
    if ("again" %in% names) expect_message(built <- scan_model(formula, data, poisson(), prior), "same groups")
    else built <- scan_model(formula, data, poisson(), prior)
    model <- built$model
    places <- lapply(data[names], function(g) match(g, unique(g)))
    set.seed(11)
    own <- lapply(places, function(place) rnorm(max(place), sd = 0.6))
    order <- match(names_of_groupings(relm_posterior(crossprods(formula, data, family = poisson()), prior)), names)
    model$effect <- lapply(own[order], matrix, 1)
    expect_length(model$steps, length(names))
    for (s in seq_along(model$steps)) {
      number <- order[numbers_of_step(model, s - 1L)]
      others <- rowSums(vapply(setdiff(seq_along(names), number), function(g) own[[g]][places[[g]]], numeric(80)))
      off <- mapply(function(sd, intercept, slope) {
        theta <- model$from_beta %*% (c(intercept, slope) - model$beta_shift)
        tuning <- built$tunings[[s]]
        eta <- intercept + slope * data$x + others
        by_group <- vapply(split(seq_len(80), places[[number]]), function(rows) {
          stats::integrate(function(u) vapply(u, function(u) {
            dnorm(u, 0, sd) * prod(dpois(data$k[rows], exp(eta[rows] + u)))
          }, 0), -8, 8, rel.tol = 1e-11, abs.tol = 0, subdivisions = 1000L)$value
        }, 0)
        point <- asinh(sd / tuning$scale)
        sum(log(by_group)) + sum(dnorm(c(intercept, slope), 0, 3, log = TRUE)) + dnorm(sd, log = TRUE) +
          log(cosh(point)) - log_target(model, tuning, c(point, theta), 1)
      }, c(0.4, 1.3), c(0.2, -0.6), c(-0.5, 0.4))
      expect_lt(abs(diff(off)), 1e-6, label = paste(c(names, "step", s), collapse = " "))
    }
  }
})

test_that("groupings that do not vary do not hold up the scan", {
  set.seed(12)
  data <- transform(expand.grid(a = 1:20, b = 1:15), x = rnorm(300))
  data$y <- rbinom(300, 1, plogis(0.5 * data$x))
  fit <- relm(y ~ x + (1 | a) + (1 | b), data, family = binomial(), chains = 2, draws = 1000, seed = 1)
  for (name in c("sd_a__Intercept", "sd_b__Intercept")) {
    expect_gt(posterior::ess_bulk(chains_of(fit, name)), 0.1 * 2000)
  }
})

test_that("a step's effects are drawn from their distribution given the others'", {
  data <- scan_data()
  built <- scan_model(y ~ x + (1 | a) + (1 | b), data, binomial(), relm_prior(beta = normal(0, 3)))
  model <- built$model
  model$effect <- list(numeric(5), c(0.5, -0.3, 1, -0.8))
  beta <- c(-0.2, 0.6)
  sd <- 1.3
  point <- c(asinh(sd / built$tunings[[1]]$scale), model$from_beta %*% (beta - model$beta_shift))
  set.seed(2)
  draws <- replicate(2000, .Call(ffi_draw_step_effects, model, built$tunings[[1]], point))
  draws <- matrix(draws, 5)
  at_b <- match(data$b, unique(data$b))
  eta <- beta[1] + beta[2] * data$x + model$effect[[2]][at_b]
  for (j in 1:5) {
    rows <- which(data$a == unique(data$a)[j])
    density <- function(u) vapply(u, function(u) {
      dnorm(u, 0, sd) * prod(dbinom(data$y[rows], 1, plogis(eta[rows] + u)))
    }, 0)
    node <- seq(-8, 8, by = 0.01)
    distribution <- cumsum(density(node))
    distribution <- stats::approxfun(node + 0.005, distribution / max(distribution))
    expect_gt(suppressWarnings(stats::ks.test(draws[j, ], distribution)$p.value), 0.001)
  }
})

test_that("a chain in two pieces is the chain in one", {
  data <- scan_data()
  fit <- function(draws) {
    relm(k ~ x + (1 + x | a) + (1 | b), data, family = negative_binomial(), chains = 2,
         prior = relm_prior(beta = normal(0, 3), sd = half_normal(1)), draws = draws, seed = 4)
  }
  whole <- fit(60)
  pieces <- extend(fit(25), draws = 35)
  expect_identical(as.array(pieces), as.array(whole))
  expect_identical(pieces$sampling$effects, whole$sampling$effects)
  # With another kind of a nested chain too.
  data$c <- interaction(data$a, data$b)
  nested <- function(draws) {
    relm(y ~ x + (1 + x | a) + (1 | c), data, family = binomial(), chains = 1, draws = draws,
         prior = relm_prior(beta = normal(0, 3), sd = half_normal(1)), seed = 5)
  }
  expect_identical(as.array(extend(nested(20), draws = 30)), as.array(nested(50)))
})

test_that("chains are the same whatever the number of threads", {
  data <- scan_data()
  fit <- function(threads) {
    relm(y ~ x + (1 | a) + (1 | b), data, family = binomial(), chains = 1, draws = 20, seed = 3,
         threads = threads)
  }
  expect_identical(as.array(fit(1)), as.array(fit(2)))
})

test_that("parameters that data are made with have uniform ranks among draws", {
  ranks <- ranks_of_truth(y ~ x + (1 + x | a) + (1 | b), 40, 200, family = poisson())
  expect_gt(least_uniform(ranks), 1e-4)
})

test_that("the shift at the end of a run is that at the state itself", {
  set.seed(13)
  data <- transform(expand.grid(a = 1:6, b = 1:5, c = 1:4), x = rnorm(120), k = rpois(120, 2))
  posterior <- relm_posterior(crossprods(k ~ x + (1 | a) + (1 | b) + (1 | c), data, family = poisson()),
                              relm_prior(beta = normal(0, 3), sd = half_normal(1)))
  none <- rep(list(integer()), 3)
  with_stream(1, {
    model <- first_proposals(model_of(posterior), list(threads = 1L))
    model$record <- TRUE
    run <- sample_chain(model, "collapsed", model$starts[[1]], 5, kept = none)
    after <- sample_chain(model, "collapsed", run$state, 1, kept = none)
  })
  shift_in <- function(run, s, visit) {
    parts_of_records(run$records[[s]], tuning_of_model(model)[[s]])$shift[visit, ]
  }
  # Nothing has moved before the first step's next visit, nor since the last step's last one.
  expect_identical(run$shifts[, 1], shift_in(after, 1, 1))
  expect_identical(run$shifts[, 3], shift_in(run, 3, 5))
  for (s in 1:2) expect_gt(max(abs(run$shifts[, s] - shift_in(run, s, 5))), 1e-3)
  moved <- follow_anew(model, run$state, run$shifts)
  for (s in 1:3) {
    expect_equal(tuning_of_model(moved)[[s]]$center[2:3],
                 tuning_of_model(model)[[s]]$center[2:3] - run$shifts[, s])
  }
})

test_that("nodes of several columns lie as far apart as serves, those of one as they were", {
  data <- structured_rows()
  built <- scan_model(k ~ x + (1 + x | a) + (1 | d), data, poisson(),
                      relm_prior(beta = normal(0, 3), sd = half_normal(1)))
  with_relm("first_fine_enough", function(model, tuning, points, finenesses) 1.2, {
    chosen <- lapply(built$tunings, function(tuning) {
      n <- 2 * length(tuning$center) + 2 + length(tuning$scale) + 1
      with_fineness(built$model, tuning, matrix(1:(4 * n), n))$fineness
    })
  })
  columns <- vapply(built$tunings, function(tuning) length(tuning$scale), 0L)
  expect_identical(unlist(chosen), ifelse(columns > 1, 1.2, 1))
})

test_that("a pilot is as long as the terms of its surrogates ask for", {
  sizes <- function(...) {
    step_of <- function(n) list(tuning = list(center = numeric(n)))
    pilot_sizes(list(steps = lapply(c(...), step_of)))
  }
  # A step of 3 coordinates has 23 terms, one of 5 has 61, one of 9 more than are paid for, and one
  # of 25 no surrogate.
  expect_equal(sizes(3, 2), c(family_pilot_parts, 600))
  expect_equal(sizes(3, 5), c(family_pilot_parts, 16 * 61))
  expect_equal(sizes(9, 3), c(family_pilot_parts, 1000))
  expect_equal(sizes(25, 25), c(family_pilot_parts, 600))
})

# Moves on a surrogate of the target: they keep the target whatever the surrogate is.

data <- family_data()

# A tuned model of a group-free regression, whose density has no integral in it, and the fit of it.
plain_fit <- function(draws, change = identity) {
  posterior <- family_posterior(family_cases()$logit, ~ x, data)
  model <- model_of(posterior)
  model <- tune_family(model, list(threads = 1L))
  tuning <- change(tuning_of_model(model))
  model <- with_tuning(model, tuning)
  set.seed(5)
  start <- list(theta = numeric(2), Sigma = list(), sigma2 = 1, point = list(tuning$center))
  chain <- sample_chain(model, "collapsed", start, draws, 50L, kept = list())
  list(draws = t(chain$hyper), posterior = posterior)
}

# Quantiles of the coefficients on a grid against ranks of draws, in standard errors.
rank_errors <- function(fit) {
  one <- seq(-4, 4, length.out = 161)
  two <- seq(-3, 5, length.out = 161)
  responses <- fit$posterior$responses
  log_density <- outer(one, two, Vectorize(function(a, b) {
    eta <- as.matrix(responses$X %*% c(a, b))
    merged_log_likelihood(fit$posterior, seq_along(eta), eta, NULL) + sum(dnorm(c(a, b), 0, 5, TRUE))
  }))
  density <- exp(log_density - max(log_density))
  marginals <- list(rowSums(density), colSums(density))
  unlist(lapply(1:2, function(k) {
    share <- (cumsum(marginals[[k]]) - marginals[[k]] / 2) / sum(density)
    by <- c(0.05, 0.25, 0.5, 0.75, 0.95)
    at <- approx(share, list(one, two)[[k]], by, ties = "ordered")$y
    below <- vapply(at, function(x) mean(fit$draws[, k] <= x), 0)
    ess <- vapply(at, function(x) posterior::ess_basic(fit$draws[, k] <= x), 0)
    (below - by) / sqrt(by * (1 - by) / ess)
  }))
}

test_that("the target is kept by a surrogate that has been fitted, by none, and by nonsense", {
  skip_on_cran()
  nonsense <- function(tuning) {
    set.seed(8)
    n <- length(tuning$surrogate$coefficient)
    tuning$surrogate$coefficient <- rnorm(n, 0, 0.4)
    tuning$surrogate$root <- tuning$surrogate$root * 1.3
    tuning
  }
  without <- function(tuning) replace(tuning, "surrogate", list(NULL))
  for (change in list(identity, without, nonsense)) {
    expect_lt(max(abs(rank_errors(plain_fit(20000L, change)))), 4)
  }
})

test_that("a step on a surrogate is that of plain R", {
  posterior <- family_posterior(family_cases()$logit, ~ x + (1 | g), data)
  model <- tune_family(model_of(posterior), list(threads = 1L))
  tuning <- tuning_of_model(model)
  tuning$n_independent <- 1L
  tuning$n_ellipse <- 0L
  model <- with_tuning(model, tuning)
  surrogate <- tuning$surrogate
  log_q <- function(x, tuning) log_folded_t(folded_distances(as.matrix(x), tuning), tuning$df, 1)
  shape <- tuning
  shape[c("root", "df")] <- surrogate[c("root", "df")]
  log_s <- function(x) {
    v <- drop(surrogate$root %*% (x - surrogate$center))
    v <- c(pmax(pmin(v, 4), -4), 1)
    terms <- matrix(v[surrogate$factor + 1L], 4)
    g <- sum(surrogate$coefficient * apply(terms, 2, prod))
    log_q(x, shape) + max(min(g, 6), -3)
  }
  propose_in_r <- function() {
    x <- backsolve(tuning$root, rnorm(length(tuning$center)))
    x <- tuning$center + x / sqrt(rchisq(1, tuning$df) / tuning$df)
    negative <- which(x[seq_along(tuning$scale)] < 0)
    if (any(bitwAnd(tuning$near, bitwShiftL(1L, negative - 1L)) == 0)) NULL else fold_point(x, tuning)
  }
  point <- tuning$center
  start <- list(theta = numeric(2), Sigma = list(diag(1)), sigma2 = 1, point = list(point))
  set.seed(9)
  ours <- sample_chain(model, "collapsed", start, 60L, kept = list(integer()))
  set.seed(9)
  moved <- 0
  for (sweep in 1:60) {
    y <- point
    for (try in seq_len(surrogate$n_tries)) {
      z <- propose_in_r()
      if (is.null(z)) next
      ratio <- (log_s(z) - log_q(z, tuning)) - (log_s(y) - log_q(y, tuning))
      if (ratio >= 0 || log(runif(1)) < ratio) y <- z
    }
    if (identical(y, point)) next
    log_u <- log(runif(1))
    value <- log_target(model, tuning, cbind(point, y), 1)
    if (log_u < value[2] - log_s(y) - (value[1] - log_s(point))) {
      point <- y
      moved <- moved + 1
    }
  }
  expect_equal(ours$state$point[[1]], point, tolerance = 1e-8)
  expect_gt(moved, 20)
})

test_that("terms are all products of up to three coordinates and the fourth powers", {
  for (n in c(1, 2, 5)) {
    terms <- apply(surrogate_terms(n), 2, function(term) paste(sort(term), collapse = " "))
    expect_length(terms, choose(n + 3, 3) + n)
    expect_false(anyDuplicated(terms) > 0)
  }
  # Of many coordinates no three different ones.
  many <- surrogate_terms(12L)
  expect_true(all(apply(many, 2, function(term) length(unique(term[term <= 12]))) <= 2))
})

test_that("a polynomial is found again", {
  set.seed(2)
  x <- matrix(rnorm(400 * 6), 400)
  coefficient <- c(1, -2, 0, 0.5, 3, -1)
  weight <- rexp(400)
  expect_equal(ridge_coefficients(x, drop(x %*% coefficient), weight), coefficient, tolerance = 1e-4)
  # Of noise nothing.
  expect_lt(max(abs(ridge_coefficients(x, rnorm(400), weight))), 0.3)
})

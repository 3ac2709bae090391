# Does the posterior exist where there are several groupings, and with what tails.

skip_on_cran()

# t_S of every set of random columns from the rows: list(set, t), the columns of all groupings being
# numbered one after the other.
plain_ranks <- function(posterior) {
  rows <- rows_of(posterior$design)
  flat <- posterior$fixed[posterior$beta$precision == 0]
  X <- rows$X[, flat, drop = FALSE]
  rank_of <- function(A) if (ncol(A)) qr(A, tol = 1e-9)$rank else 0L
  columns <- do.call(c, lapply(seq_along(posterior$groupings), function(g) {
    group <- find_cells(posterior$design)
    group <- group$cells$group[group$cell, g]
    names <- posterior$groupings[[g]]$random$column
    lapply(names, function(name) {
      model.matrix(~ 0 + factor(group)) * rows$Z[, match(name, colnames(rows$Z))]
    })
  }))
  sets <- do.call(c, lapply(seq_along(columns), combn, x = length(columns), simplify = FALSE))
  list(set = sets, t = vapply(sets, function(set) {
    rank_of(cbind(do.call(cbind, columns[set]), X)) - rank_of(X)
  }, 0))
}

# Exponents as the definition has them, and whether the posterior is proper.
plain_exponents <- function(ranks, falls) {
  e <- vapply(seq_along(ranks$set), function(i) {
    ranks$t[i] - length(ranks$set[[i]]) + 1 + sum(falls[ranks$set[[i]]])
  }, 0)
  vapply(seq_along(falls), function(k) {
    least <- min(e[vapply(ranks$set, function(set) k %in% set, NA)])
    if (least > 6) Inf else least
  }, 0)
}

is_plainly_proper <- function(ranks) all(ranks$t >= lengths(ranks$set) + 1)

crossed_data <- function(J, K, n, seed) {
  set.seed(seed)
  data <- data.frame(a = sample(J, n, TRUE), b = sample(K, n, TRUE), x = rnorm(n), v = rnorm(n))
  data$inner <- interaction(data$a, sample(2, n, TRUE), drop = TRUE)
  data$same <- letters[data$a]
  data$of_a <- rnorm(J)[data$a]
  data$of_b <- rnorm(K)[data$b]
  data$both <- data$of_a + data$of_b
  data$some <- ifelse(data$a <= 2, data$x, 0)
  transform(data, y = rnorm(n) + x)
}

test_that("sets of columns across groupings have the ranks and tails of the whole matrices", {
  formulas <- list(
    y ~ x + (1 | a) + (1 | b),
    y ~ x + (1 + x || a) + (0 + x | b),
    y ~ x + (1 | a) + (1 | inner),
    y ~ x + (1 | a) + (1 + v | same),
    y ~ of_a + of_b + (1 | a) + (1 | b),
    y ~ both + (1 + x | a) + (1 | b),
    y ~ factor(a) + (1 | inner) + (1 | b),
    y ~ 0 + v + (0 + some | a) + (1 | b) + (1 | inner),
    y ~ x + (1 + some || b) + (0 + some | a)
  )
  proper <- 0
  for (seed in 1:4) for (formula in formulas) {
    data <- crossed_data(3 + seed %% 3, 3 + seed %/% 2, 120, seed)
    # Priors that fall like t^-1.5 refuse nothing.
    prior <- relm_prior(sd = half_t(0.5, 1))
    posterior <- posterior_of(formula, data, prior)
    ranks <- plain_ranks(posterior)
    falls <- rep(1.5, length(posterior$groupings[[1]]$random$column) +
                   length(unlist(lapply(posterior$groupings[-1], function(g) g$random$column))))
    expect_equal(unname(tails_in(posterior)[posterior$parameters$part == "sd"]),
                 plain_exponents(ranks, falls), label = paste(deparse1(formula), seed))
    uniform <- try(suppressMessages(relm_posterior(crossprods(formula, data))), silent = TRUE)
    # Correlations under lkj() have a bound of their own.
    if (any(grepl("correlated", uniform))) next
    expect_identical(inherits(uniform, "relm_posterior"), is_plainly_proper(ranks),
                     label = paste(deparse1(formula), seed))
    if (!inherits(uniform, "relm_posterior")) next
    proper <- proper + 1
    expect_equal(unname(tails_in(uniform)[uniform$parameters$part == "sd"]),
                 plain_exponents(ranks, 0 * falls))
  }
  expect_gt(proper, 8)
})

test_that("ranks are beside the columns with a flat prior alone", {
  for (seed in 1:3) for (formula in list(y ~ x + (0 + x | a) + (1 | b), y ~ of_a + v + (1 | a) + (0 + v | b))) {
    data <- transform(crossed_data(3, 4, 80, seed), x = x + 5, v = v - 7)
    prior <- relm_prior(sd = half_t(0.5, 1), beta = list(Intercept = normal(0, 10)))
    posterior <- posterior_of(formula, data, prior)
    expect_equal(unname(tails_in(posterior)[posterior$parameters$part == "sd"]),
                 plain_exponents(plain_ranks(posterior), c(1.5, 1.5)))
  }
})

test_that("15 leaves in 5 roots: the root has four dimensions, and the leaf ten more", {
  set.seed(1)
  data <- data.frame(leaf = rep(1:15, each = 4))
  data$root <- (data$leaf - 1) %/% 3
  data$y <- rnorm(15)[data$leaf] + rnorm(60)
  for (formula in list(y ~ 1 + (1 | root / leaf), y ~ 1 + (1 | leaf) + (1 | root))) {
    tails <- tails_in(posterior_of(formula, data))
    expect_identical(tails[["sd_root__Intercept"]], 4)
    expect_identical(tails[["b_Intercept"]], 4)
    expect_identical(unname(tails[grep("leaf", names(tails))]), Inf)
  }
})

test_that("a grouping is refused by its name, as it is where it is the only one", {
  data <- crossed_data(8, 6, 200, 5)
  data$two <- c("u", "v")[1 + data$a %% 2]
  data$one <- "w"
  data$c <- rep_len(1:40, 200)
  data$slim <- ifelse(data$c <= 2, data$x + 9, 0)
  refused <- function(formula, message, prior = relm_prior()) {
    expect_error(posterior_of(formula, data, prior), message, class = "relm_error")
  }
  half <- function(...) relm_prior(sd = list(...))
  refused(y ~ x + (1 | a) + (1 | two), "^Two groups cannot tell.*`two` has the levels")
  expect_s3_class(posterior_of(y ~ x + (1 | a) + (1 | two), data, half(two = half_t(3, 1))),
                  "relm_posterior")
  refused(y ~ x + (1 | a) + (1 | one), "`one` has one level", half(one = half_t(3, 1)))
  refused(y ~ x + (1 | a) + (1 + x | two), "2 correlated group effects.*`two` has 2 levels")
  expect_s3_class(posterior_of(y ~ x + (1 | a) + (1 + x | two), data, half(two = half_t(3, 1))),
                  "relm_posterior")
  refused(y ~ x + (1 | a) + (1 + x | two), "2 correlated group effects",
          half(two = list(x = half_t(3, 1))))
  refused(y ~ some + (1 | b) + (0 + some | a), '"some" is zero in all but 2 of 8 groups',
          half(b = half_t(3, 1)))
  refused(y ~ slim + (0 + slim | c) + (1 | b), '"slim" is zero in all but 2 of 40 groups',
          half(b = half_t(3, 1)))
  refused(y ~ factor(b) + (1 | a) + (1 | b), '"Intercept" in 6 levels of.*`b`.*they hold 6')
})

test_that("many columns of several groupings need few sets, unless the groups are few", {
  set.seed(11)
  data <- data.frame(subj = rep(1:24, 16), item = rep(1:16, each = 24), y = rnorm(384))
  data <- data[rep(1:384, 3), ]
  data$y <- rnorm(nrow(data))
  for (k in 1:7) data[[paste0("x", k)]] <- rnorm(nrow(data))
  columns <- paste0("x", 1:7, collapse = " + ")
  maximal <- as.formula(sprintf("y ~ %s + (1 + %s || subj) + (1 + %s || item)", columns, columns, columns))
  expect_identical(unique(tails_in(posterior_of(maximal, data))), Inf)
  few <- transform(data, subj = subj %% 4, item = item %% 4)
  expect_error(posterior_of(maximal, few), "16 random columns with uniform.*for 4 groups",
               class = "relm_error")
  expect_s3_class(posterior_of(maximal, few, relm_prior(sd = half_t(3, 1))), "relm_posterior")
})

test_that("sets across groupings are refused with the names of both", {
  data <- crossed_data(3, 6, 100, 6)
  data$other <- letters[data$a]
  expect_error(suppressMessages(posterior_of(y ~ 1 + (1 | a) + (1 | other), data)),
               '"Intercept" in `a` and "Intercept" in `other`, taken.*have 2.*have the same 3 groups.*`other`',
               class = "relm_error")
  half <- relm_prior(sd = list(other = half_t(3, 1)))
  expect_message(relm_posterior(crossprods(y ~ 1 + (1 | a) + (1 | other), data), half),
                 "`a` and `other` have the same groups.*only the prior splits", class = "relm_message")
  # Two dimensions of either, which are the same: the fixed part has what b tells apart within a.
  data <- data.frame(a = rep(1:4, 10), y = sin(1:40))
  data$last <- as.numeric(data$a == 4)
  data$late <- data$last * rep(0:1, each = 20)
  data$b <- data$a + data$late
  for (grouping in c("a", "b")) {
    alone <- reformulate(c("last", "late", sprintf("(1 | %s)", grouping)), "y")
    expect_identical(tails_in(posterior_of(alone, data))[[4]], 2)
  }
  said <- tryCatch(posterior_of(y ~ last + late + (1 | a) + (1 | b), data), error = conditionMessage)
  expect_match(said, '"Intercept" in `a` and "Intercept" in `b`, taken.*least 3 .*have 2')
  expect_no_match(said, "same")
})

test_that("two groupings with the same groups are told, where both have the column", {
  data <- crossed_data(6, 5, 120, 7)
  told <- "`a` and `same` have the same groups: the rows tell the sum of their variances of"
  expect_message(relm_posterior(crossprods(y ~ x + (1 | a) + (1 | same), data)), told,
                 class = "relm_message")
  expect_message(relm_posterior(crossprods(y ~ x + (1 + x | same) + (1 | a), data)),
                 "`same` and `a` have the same groups", class = "relm_message")
  expect_silent(relm_posterior(crossprods(y ~ x + (1 | a) + (0 + x | same), data)))
  expect_silent(relm_posterior(crossprods(y ~ x + (1 | a) + (1 | b), data)))
})

test_that("coefficients inherit the tails of the effects that the rows do not tell them from", {
  data <- crossed_data(9, 4, 300, 8)
  tails_of_b <- function(formula, data) {
    posterior <- posterior_of(formula, data)
    posterior$parameters$tail[posterior$parameters$part == "b"]
  }
  # b falls like t^-3, a faster than t^-6. `of_a` is told from the effects of b.
  expect_identical(tails_of_b(y ~ x + of_a + of_b + (1 | a) + (1 | b), data), c(2, Inf, Inf, 2))
  expect_identical(tails_of_b(y ~ x + of_a + (1 | a) + (1 | b), data), c(3, Inf, Inf))
  # Both fall slowly: `both` is a sum of their effects, and of none alone.
  data <- crossed_data(5, 4, 300, 8)
  expect_identical(tails_of_b(y ~ x + both + (1 | a) + (1 | b), data), c(3, Inf, 4))
  expect_identical(tails_of_b(y ~ x + of_a + (1 | a) + (1 | b), data), c(3, Inf, 3))
})

# The exact posterior mass of two groupings' relative standard deviations lambda = tau / sigma, each
# in the box (0, far): beta and sigma integrated out, with flat priors, p(sigma) = 1 / sigma and
# uniform standard deviations. Trapezoids in log lambda.
mass_in_boxes <- function(data, far) {
  x <- log(10) * seq(-3, log10(max(far)), by = 0.2)
  Z <- lapply(data[c("a", "b")], function(g) model.matrix(~ 0 + factor(g)))
  X <- matrix(1, nrow(data))
  log_density <- outer(x, x, Vectorize(function(u, v) {
    V <- diag(nrow(data)) + exp(2 * u) * tcrossprod(Z$a) + exp(2 * v) * tcrossprod(Z$b)
    U <- chol(V)
    fit <- qr(backsolve(U, X, transpose = TRUE))
    r2 <- sum(qr.resid(fit, backsolve(U, data$y, transpose = TRUE))^2)
    -sum(log(diag(U))) - log(abs(qr.R(fit)[1])) - (nrow(data) - 1 - 2) / 2 * log(r2) + u + v
  }))
  density <- exp(log_density - max(log_density))
  vapply(far, function(f) {
    inside <- x <= log(f) + 1e-9
    sum(density[inside, inside])
  }, 0)
}

test_that("the exact posterior is finite where t_S = |S| + 1, and is not where t_S = |S|", {
  # Increments of the mass from one decade of the box to the next: constant where the density falls
  # like 1 / lambda, a tenth of the last where it falls like lambda^-2.
  falls <- function(data) {
    increments <- diff(mass_in_boxes(data, 10^(3:6)))
    increments[-1] / increments[-3]
  }
  is_proper <- function(data) {
    tried <- try(suppressMessages(posterior_of(y ~ 1 + (1 | a) + (1 | b), data)), silent = TRUE)
    inherits(tried, "relm_posterior")
  }
  set.seed(9)
  # Crossed: t of b is 1, and then 2.
  crossed <- expand.grid(a = 1:6, b = 1:3)
  crossed$y <- rnorm(6)[crossed$a] + rnorm(18)
  two <- crossed[crossed$b < 3, ]
  expect_false(is_proper(two))
  expect_equal(falls(two), c(1, 1), tolerance = 0.01)
  expect_true(is_proper(crossed))
  expect_equal(falls(crossed), c(0.1, 0.1), tolerance = 0.02)
  # The same groups: t of both is 2, and then 3.
  same <- data.frame(a = rep(1:4, 4), y = rnorm(16))
  same$b <- letters[same$a]
  three <- same[same$a < 4, ]
  expect_false(is_proper(three))
  expect_equal(falls(three), c(1, 1), tolerance = 0.01)
  expect_true(is_proper(same))
  expect_equal(falls(same), c(0.1, 0.1), tolerance = 0.02)
  # Leaves in roots: the root's standard deviation falls like its tail says.
  nested <- data.frame(a = rep(1:8, each = 3), y = rnorm(24))
  nested$b <- (nested$a - 1) %/% 2
  tails <- tails_in(posterior_of(y ~ 1 + (1 | b / a), nested))
  expect_identical(tails[["sd_b__Intercept"]], 3)
  expect_equal(falls(nested), c(0.01, 0.01), tolerance = 0.02)
})

test_that("a million groups crossed with a hundred are a matter of seconds", {
  set.seed(10)
  n <- 1.2e6
  data <- data.frame(a = c(seq_len(1e6), sample.int(1e6, n - 1e6, TRUE)), b = sample.int(100, n, TRUE),
                     x = rnorm(n))
  data$y <- rnorm(1e6)[data$a] + rnorm(n)
  model <- crossprods(y ~ x + (1 + x || a) + (1 | b), data, by_group = FALSE)
  seconds <- system.time(posterior <- relm_posterior(model))[["elapsed"]]
  expect_true(all(posterior$parameters$tail == Inf))
  expect_lt(seconds, 30)
  # A few rows decide that a residual is left.
  expect_lt(sum(model$strata$factor[3, 3, ]^2), 1e-3 * n)
})

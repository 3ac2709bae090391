# Bounds of propriety, from either side.

groups_of <- function(J, rows_each = 6, seed = 1) {
  set.seed(seed)
  data <- data.frame(g = rep(seq_len(J), each = rows_each), x = rnorm(J * rows_each))
  transform(data, y = rnorm(J)[g] + x + rnorm(nrow(data)))
}

test_that("uniform standard deviations need three groups, or a proper prior", {
  expect_error(posterior_of(y ~ x + (1 | g), groups_of(2)), "^Two groups cannot tell",
               class = "relm_error")
  three <- posterior_of(y ~ x + (1 | g), groups_of(3))
  # tau falls like tau^-(J - 1), and the intercept with it.
  expect_identical(tails_in(three)[["sd_g__Intercept"]], 2)
  expect_identical(tails_in(three)[["b_Intercept"]], 2)
  expect_identical(tails_in(three)[["b_x"]], Inf)
  tail_under <- function(sd) {
    tails_in(posterior_of(y ~ x + (1 | g), groups_of(2), relm_prior(sd = sd)))[["sd_g__Intercept"]]
  }
  expect_identical(tail_under(uniform(10)), Inf)
  # An inverse gamma falls like tau^-(2 shape + 1), beside the one dimension of two groups.
  expect_identical(tail_under(inverse_gamma(1, 1)), 4)
  expect_identical(tail_under(inverse_gamma(0.001, 0.001)), 2.002)
  # A half-t falls like tau^-(df + 1), the others like exponentials.
  expect_identical(tail_under(half_t(2, 1)), 4)
  expect_identical(tail_under(half_cauchy(1)), 3)
  expect_identical(tail_under(half_normal(1)), Inf)
  expect_identical(tail_under(exponential(1)), Inf)
  # A proper prior of the intercept leaves one dimension more to the effects.
  proper <- relm_prior(beta = list(Intercept = normal(0, 10)))
  expect_identical(tails_in(posterior_of(y ~ x + (1 | g), groups_of(2), proper))[[1]], Inf)
})

test_that("columns beside an intercept with a proper prior are taken as they are, not shifted", {
  proper <- relm_prior(beta = list(Intercept = normal(0, 10)))
  tail_of <- function(J) {
    data <- transform(groups_of(J), x = x + 3)
    tails_in(posterior_of(y ~ x + (0 + x | g), data, proper))[c("sd_g__x", "b_x")]
  }
  # x is the sum of its columns by group: of J dimensions J - 1 are left beside it.
  expect_identical(unname(tail_of(4)), c(3, 3))
  expect_error(tail_of(2), "^Two groups cannot tell", class = "relm_error")
})

test_that("columns are judged together, not one by one", {
  # Each group has two rows: an intercept and a slope in each fit them all.
  data <- groups_of(8, 2)
  data$x <- rep(c(-1, 1), 8)
  expect_s3_class(posterior_of(y ~ x + (1 | g), data), "relm_posterior")
  expect_s3_class(posterior_of(y ~ x + (0 + x | g), data), "relm_posterior")
  expect_error(posterior_of(y ~ x + (1 + x || g), data), "No residual is left",
               class = "relm_error")
  # Four groups, a slope in one row of each of two groups only: x alone has too little.
  few <- groups_of(4)
  few$x <- 0
  few$x[c(1, 7)] <- 1
  expect_error(posterior_of(y ~ 1 + (1 + x || g), few, relm_prior(sd = list(Intercept = uniform(5)))),
               NA)
  expect_error(posterior_of(y ~ x + (1 + x || g), few), '"x" is zero in all but 2 of 4 groups',
               class = "relm_error")
})

test_that("a refusal names its cause", {
  data <- groups_of(12)
  data$h <- interaction(data$g, data$g > 6, drop = TRUE)
  data$z <- 0
  data$level <- data$g^2
  refused <- function(formula, message, data = data) {
    expect_error(posterior_of(formula, data), message, class = "relm_error")
  }
  refused(y ~ x + (1 + x || g), "^Two groups cannot tell how much groups vary", groups_of(2))
  refused(y ~ x + (0 + z | g), 'column "z" is zero in all rows', data)
  refused(y ~ x + (1 + z || g), 'column "z" is zero in all rows', data)
  refused(y ~ x + factor(g) + (1 | g), "they hold 12.*these have 0.*is among the fixed terms", data)
  refused(y ~ x + h + (1 | g), "of 12 dimensions they hold 12.*is among the fixed terms", data)
  refused(y ~ x * factor(g) + (0 + x | g), 'of "x" in 12 levels.*they hold 12', data)
  # A column that is constant within groups, beside an intercept: each has enough, both have not.
  refused(y ~ level + (1 + level || g), '"Intercept" and "level" in 4 levels.*they hold 2',
          data[data$g <= 4, ])
})

test_that("a residual variance without a residual is refused, by name", {
  data <- grouped_data()
  data <- data[data$g %in% names(which(table(data$g) > 3)), ]
  flat <- data$g == "g3"
  expect_true(any(flat))
  data$y[flat] <- 0.5
  expect_error(posterior_of(y ~ x + (1 | g), data, sigma = ~ g),
               'in 1 of 6 levels of `g`: "g3"', class = "relm_error")
  expect_s3_class(posterior_of(y ~ x + (1 | g), data), "relm_posterior")
  proper <- relm_prior(sigma = inverse_gamma(1, 1))
  expect_s3_class(posterior_of(y ~ x + (1 | g), data, proper, sigma = ~ g), "relm_posterior")
})

test_that("a uniform sigma needs one row more than Jeffreys' prior", {
  data <- data.frame(x = c(1, 2, 4), y = c(1, 3, 2))
  expect_s3_class(posterior_of(y ~ x, data), "relm_posterior")
  expect_error(posterior_of(y ~ x, data, relm_prior(sigma = uniform())), "Too few rows",
               class = "relm_error")
  expect_s3_class(posterior_of(y ~ x, data, relm_prior(sigma = uniform(3))), "relm_posterior")
})

test_that("a uniform sigma survives as many columns as rows, and rows of a small group", {
  set.seed(5)
  data <- data.frame(id = 1:12, x = rnorm(12), y = rnorm(12))
  expect_error(posterior_of(y ~ x + (1 | id), data), "No residual is left",
               class = "relm_error")
  expect_s3_class(posterior_of(y ~ x + (1 | id), data, relm_prior(sigma = uniform(3))),
                  "relm_posterior")
  threes <- groups_of(6, 3)
  expect_s3_class(posterior_of(y ~ 1 + (1 | g), threes, relm_prior(sigma = uniform()),
                               sigma = ~ g), "relm_posterior")
})

test_that("many columns with groups to spare are proper", {
  set.seed(6)
  data <- data.frame(g = rep(1:30, each = 30), y = rnorm(900))
  data$X <- matrix(rnorm(900 * 12), 900)
  posterior <- posterior_of(y ~ X + (1 + X | g), data)
  expect_identical(n_random(posterior), 13L)
})

test_that("many columns with proper priors and few groups are not refused", {
  set.seed(7)
  data <- data.frame(g = rep(1:5, each = 40), y = rnorm(200), X = matrix(rnorm(200 * 13), 200))
  columns <- paste(names(data)[-(1:2)], collapse = " + ")
  formula <- as.formula(sprintf("y ~ %s + (1 + %s || g)", columns, columns))
  prior <- relm_prior(sd = inverse_gamma(0.01, 0.01))
  expect_s3_class(posterior_of(formula, data, prior), "relm_posterior")
})

test_that("correlated effects need one group more than columns", {
  expect_error(posterior_of(y ~ x + (1 + x | g), groups_of(2)), "at least 3 groups",
               class = "relm_error")
  half <- relm_prior(sd = list(Intercept = half_t(3, 1)))
  expect_error(posterior_of(y ~ x + (1 + x | g), groups_of(2), half), "at least 3 groups",
               class = "relm_error")
  for (prior in list(relm_prior(cov = inverse_wishart(3, 1)), relm_prior(cov = huang_wand(2, 1)),
                     relm_prior(sd = half_t(3, 1)), relm_prior(sd = uniform(3)))) {
    expect_s3_class(posterior_of(y ~ x + (1 + x | g), groups_of(2), prior), "relm_posterior")
  }
  # Standard deviations under Huang and Wand's prior are half-t.
  wand <- posterior_of(y ~ x + (1 + x | g), groups_of(2), relm_prior(cov = huang_wand(1.5, 1)))
  expect_identical(tails_in(wand)[["sd_g__x"]], 3.5)
})

test_that("proper priors of sigma do not save an exact fit, but need no spare row", {
  set.seed(5)
  data <- data.frame(id = 1:12, x = rnorm(12), y = rnorm(12))
  line <- data.frame(x = 1:4, y = 2 * (1:4))
  for (family in list(half_t(3, 1), half_cauchy(1), half_normal(1), exponential(1), uniform(3))) {
    prior <- relm_prior(sigma = family)
    expect_s3_class(posterior_of(y ~ x + (1 | id), data, prior), "relm_posterior")
    expect_error(posterior_of(y ~ x, line, prior), "No residual is left", class = "relm_error")
    # Levels of one row.
    expect_s3_class(posterior_of(y ~ x, data, prior, sigma = ~ id), "relm_posterior")
    # Two readings that agree, of one group.
    twice <- transform(data, id = rep(1:6, each = 2), y = c(y[1:10], 7, 7), x = rep(1:6, each = 2))
    expect_error(posterior_of(y ~ x, twice, prior, sigma = ~ id), 'in 1 of 6 levels of `id`: "6"',
                 class = "relm_error")
  }
  expect_s3_class(posterior_of(y ~ x, line, relm_prior(sigma = inverse_gamma(1, 1))),
                  "relm_posterior")
  # Three rows, a line: a Jeffreys sigma falls like sigma^-2.
  three <- data.frame(x = c(1, 2, 4), y = c(1, 3, 2))
  tail_under <- function(family) tails_in(posterior_of(y ~ x, three, relm_prior(sigma = family)))[["sigma"]]
  expect_identical(tail_under(jeffreys()), 2)
  expect_identical(tail_under(half_t(2, 1)), 4)
  expect_identical(tail_under(half_normal(1)), Inf)
})

# The posterior mass of y ~ 1 with two pooled levels where |log(sigma_a / sigma_b)| < `far`: the
# mean and the common scale integrated out, precisions in proportions ~ Dirichlet(nu/2, nu/2).
pooled_mass <- function(y, level, far) {
  z <- seq(-2 * far, 2 * far, by = 0.05)
  nu <- exp(seq(log(1e-4), log(200), length.out = 200))
  log_likelihood <- vapply(z, function(z) {
    log_weight <- plogis(ifelse(level == "a", z, -z), log.p = TRUE)
    weight <- exp(log_weight)
    mean <- sum(weight * y) / sum(weight)
    sum(log_weight) / 2 - log(sum(weight)) / 2 -
      (length(y) - 1) / 2 * log(sum(weight * (y - mean)^2))
  }, 0)
  log_proportions <- plogis(z, log.p = TRUE) + plogis(-z, log.p = TRUE)
  sum(vapply(nu, function(nu) {
    exp(dgamma(nu, 2, 0.1, log = TRUE) + log(nu) - lbeta(nu / 2, nu / 2)) *
      sum(exp(log_likelihood + nu / 2 * log_proportions))
  }, 0))
}

test_that("pooled variances need one residual, and no level of agreeing readings", {
  set.seed(8)
  pooled <- relm_prior(sigma = pooled())
  growth <- function(y, level) pooled_mass(y, level, 14) / pooled_mass(y, level, 7)
  data <- data.frame(y = rnorm(6), level = c("a", rep("b", 5)))
  expect_s3_class(posterior_of(y ~ 1, data, pooled, sigma = ~ level), "relm_posterior")
  expect_lt(growth(data$y, data$level), 1.01)
  data$level <- rep(c("a", "b"), c(3, 3))
  expect_s3_class(posterior_of(y ~ 1, data, pooled, sigma = ~ level), "relm_posterior")
  expect_lt(growth(data$y, data$level), 1.01)
  data$y[1:3] <- 0.7
  expect_error(posterior_of(y ~ 1, data, pooled, sigma = ~ level), 'levels of `level`: "a"',
               class = "relm_error")
  expect_gt(growth(data$y, data$level), 100)
  # As many columns as rows, in each level and then in all.
  ones <- data.frame(y = rnorm(5), id = 1:5, x = rnorm(5))
  expect_s3_class(posterior_of(y ~ x, ones, pooled, sigma = ~ id), "relm_posterior")
  expect_error(posterior_of(y ~ x + I(x^2) + I(x^3) + I(x^4), ones, pooled, sigma = ~ id),
               "No residual is left", class = "relm_error")
})

test_that("pooled variances have the tails of their rows", {
  set.seed(9)
  data <- data.frame(y = rnorm(12), f = rep(c("a", "b", "c"), c(1, 2, 9)))
  tails <- tails_in(posterior_of(y ~ 1, data, relm_prior(sigma = pooled()), sigma = ~ f))
  expect_identical(tails[["sigma_f[a]"]], 2)
  expect_identical(tails[["sigma_f[b]"]], 3)
  expect_identical(unname(tails[c("sigma_f[c]", "sigma_f__df", "sigma_f__scale")]), rep(Inf, 3))
})

# The claim about tails, on the exact posterior: P(tau > t) falls like t^-(e - 1).
test_that("the exponent of the tail is that of the exact posterior", {
  for (J in 3:5) {
    data <- groups_of(J, 8)
    exact <- exact_posterior(data$y, cbind("(Intercept)" = 1, x = data$x),
                             cbind("(Intercept)" = rep(1, nrow(data))), data$g, gname = "g")
    far <- 1 - exact_cdf(exact, "sd_g__Intercept", c(1e3, 2e3))
    e <- tails_in(posterior_of(y ~ x + (1 | g), data))[["sd_g__Intercept"]]
    expect_equal(log2(far[1] / far[2]), e - 1, tolerance = 0.01)
  }
})

test_that("models without coefficients may have few rows in a level of sigma", {
  data <- grouped_data(8)[1:40, ]
  few <- ave(data$y, data$g, FUN = seq_along) <= 3
  for (prior in list(relm_prior(), relm_prior(sigma = pooled()))) {
    fit <- relm(y ~ 0 + (1 | g), data[few, ], sigma = ~ g, prior = prior, chains = 1, draws = 20,
                seed = 1, subset = g %in% names(which(table(g) == 3)))
    expect_true(all(is.finite(as.matrix(fit))))
  }
  expect_silent(posterior_of(y ~ 0, data, sigma = ~ f))
})

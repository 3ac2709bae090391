# Ranks against those of the whole matrices, and the bounds on either side.

rank_of <- function(...) qr(cbind(...), tol = 1e-9)$rank

# t_S = rank[X Z_S] - rank X from the rows themselves.
plain_extra_rank <- function(posterior, set, flat) {
  rows <- relm:::design_rows(posterior$design)
  group <- relm:::group_levels(posterior$design$by$group, posterior$design$frame)$index
  Z <- do.call(cbind, lapply(set, function(k) {
    model.matrix(~ 0 + factor(group)) * rows$Z[, k]
  }))
  X <- rows$X[, posterior$fixed[flat], drop = FALSE]
  rank_of(X, Z) - rank_of(X)
}

test_that("ranks are those of the whole matrices", {
  data <- grouped_data()
  # Groups of one row, and a group in which x does not vary.
  data <- rbind(data, transform(data[1:2, ], g = c("s1", "s2")))
  data$x[data$g == data$g[1]] <- 2000
  posteriors <- list(
    posterior_of(y ~ x + v + (1 + x + v || g), data),
    posterior_of(y ~ x + between + (1 + x | g), data),
    posterior_of(y ~ 0 + v + (1 + x || g), data),
    posterior_of(y ~ x + v + (1 + x || g), data, relm_prior(beta = list(x = normal()))),
    posterior_of(y ~ x + (1 + x || g), data, sigma = ~ f, weights = w)
  )
  for (posterior in posteriors) {
    factor <- relm:::raw_cell_factor(posterior)
    flat <- which(posterior$beta$precision == 0)
    columns <- seq_len(nrow(posterior$random))
    for (size in columns) for (set in combn(columns, size, simplify = FALSE)) {
      expect_equal(relm:::extra_rank(posterior, factor, set, flat),
                   plain_extra_rank(posterior, set, flat))
    }
  }
})

groups_of <- function(J, rows_each = 6, seed = 1) {
  set.seed(seed)
  data <- data.frame(g = rep(seq_len(J), each = rows_each), x = rnorm(J * rows_each))
  transform(data, y = rnorm(J)[g] + x + rnorm(nrow(data)))
}

test_that("uniform standard deviations need three groups, or a proper prior", {
  expect_error(posterior_of(y ~ x + (1 | g), groups_of(2)), "in 2 levels.*add 1 dimension",
               class = "relm_error")
  three <- posterior_of(y ~ x + (1 | g), groups_of(3))
  # tau falls like tau^-(J - 1), and the intercept with it.
  expect_identical(three$tails[["sd_g__Intercept"]], 2)
  expect_identical(three$tails[["b_Intercept"]], 2)
  expect_identical(three$tails[["b_x"]], Inf)
  tail_under <- function(sd) {
    posterior_of(y ~ x + (1 | g), groups_of(2), relm_prior(sd = sd))$tails[["sd_g__Intercept"]]
  }
  expect_identical(tail_under(uniform(10)), Inf)
  # An inverse gamma falls like tau^-(2 shape + 1), beside the one dimension of two groups.
  expect_identical(tail_under(inverse_gamma(1, 1)), 4)
  expect_identical(tail_under(inverse_gamma(0.001, 0.001)), 2.002)
  # A proper prior of the intercept leaves one dimension more to the effects.
  proper <- relm_prior(beta = list(Intercept = normal(0, 10)))
  expect_identical(posterior_of(y ~ x + (1 | g), groups_of(2), proper)$tails[[1]], Inf)
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
  expect_error(posterior_of(y ~ x + (1 + x || g), few), '"x" in 4 levels.*add 1 dimension',
               class = "relm_error")
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
  expect_identical(nrow(posterior$random), 13L)
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
  wishart <- relm_prior(cov = inverse_wishart(3, 1))
  expect_s3_class(posterior_of(y ~ x + (1 + x | g), groups_of(2), wishart), "relm_posterior")
})

# The claim about tails, on the exact posterior: P(tau > t) falls like t^-(e - 1).
test_that("the exponent of the tail is that of the exact posterior", {
  for (J in 3:5) {
    data <- groups_of(J, 8)
    exact <- exact_posterior(data$y, cbind("(Intercept)" = 1, x = data$x),
                             cbind("(Intercept)" = rep(1, nrow(data))), data$g, gname = "g")
    far <- 1 - exact_cdf(exact, "sd_g__Intercept", c(1e3, 2e3))
    e <- posterior_of(y ~ x + (1 | g), data)$tails[["sd_g__Intercept"]]
    expect_equal(log2(far[1] / far[2]), e - 1, tolerance = 0.01)
  }
})

# Uneven groups, two of them with a single row.
data <- local({
  data <- grouped_data(7)
  rbind(data, transform(data[1:2, ], g = c("k1", "k2")))
})

posteriors <- function() {
  proper <- relm_prior(sigma = inverse_gamma(1, 1))
  list(
    posterior_of(y ~ x + (1 | g), data),
    posterior_of(y ~ x + (0 + v | g), data, weights = w),
    posterior_of(y ~ x + f + (1 + x | g), data, weights = w),
    posterior_of(y ~ x + between + (1 + x + v || g), data),
    posterior_of(y ~ x + f + (1 + x + v | g), data, sigma = ~ f, weights = w),
    posterior_of(y ~ x + (1 + x || g), data, proper, sigma = ~ g, weights = w)
  )
}

groups_of <- function(posterior) {
  groups_of_design(posterior$design, posterior, stratum_numbers(posterior))
}

test_that("the integrated likelihood of a group is that of its rows' normal distribution", {
  for (posterior in posteriors()) {
    at <- any_states(posterior)
    rows <- replay_data(posterior)
    chosen <- c(1L, 3L, 8L, 9L)
    model <- model_of(posterior)
    ours <- group_log_lik(model, groups_of(posterior), at$given, chosen)
    dense <- t(vapply(at$states, function(state) {
      vapply(chosen, function(j) dense_group_log_lik(rows, state, j), 0)
    }, numeric(4)))
    expect_lt(largest_difference(ours, dense), 1e-10)
  }
})

test_that("a row left out has the normal distribution given the others of its group", {
  for (posterior in posteriors()) {
    at <- any_states(posterior)
    rows <- replay_data(posterior)
    model <- model_of(posterior)
    n <- length(rows$y)
    ours <- row_predictive(model, groups_of_fit(posterior, model), at$given,
                           c(rows[c("X", "Z", "y", "group")], list(stratum = rows$level),
                             weights = list(rows$w)), TRUE)
    for (d in seq_along(at$states)) {
      dense <- vapply(seq_len(n), function(i) dense_left_out(rows, at$states[[d]], i), numeric(2))
      expect_lt(largest_difference(ours$mean[d, ], dense[1, ]), 1e-10)
      expect_lt(max(abs(ours$sd[d, ] / dense[2, ] - 1)), 1e-10)
    }
  }
})

test_that("new rows have the predictive distribution given the group's data, or without any", {
  posterior <- posterior_of(y ~ x + (1 + x | g), data, weights = w)
  at <- any_states(posterior)
  rows <- replay_data(posterior)
  model <- model_of(posterior)
  state <- at$states[[1]]
  new <- list(X = cbind(1, c(2, 2)), Z = cbind(1, c(2, 2)), y = c(0, 0), weights = c(2, 2),
              group = c(4L, 0L), stratum = c(1L, 1L))
  ours <- row_predictive(model, groups_of_fit(posterior, model), at$given, new, FALSE)
  # The new row as one of a group's, whose own y is then left out.
  joined <- rows
  own <- c(y = 0, w = 2, group = 4, level = 1)
  for (part in names(own)) joined[[part]] <- c(rows[[part]], own[[part]])
  joined$X <- rbind(rows$X, c(1, 2))
  joined$Z <- rbind(rows$Z, c(1, 2))
  expect_equal(c(ours$mean[1, 1], ours$sd[1, 1]), dense_left_out(joined, state, length(joined$y)))
  joined$group[length(joined$y)] <- 99
  expect_equal(c(ours$mean[1, 2], ours$sd[1, 2]), dense_left_out(joined, state, length(joined$y)))
})

test_that("rows keep their digits where group effects are all but fixed by them", {
  posterior <- posterior_of(y ~ x + (1 + x | g), data)
  rows <- replay_data(posterior)
  model <- model_of(posterior)
  state <- list(beta = c(1, 0.5), Sigma = diag(c(1e6, 1e6)), sigma2 = 1)
  given <- list(hyper = matrix(c(1, 0.5, 1e3, 1e3, 0, 1)), sigma = matrix(1))
  ours <- row_predictive(model, groups_of_fit(posterior, model), given,
                         c(rows[c("X", "Z", "y", "group")], list(stratum = rows$level, weights = NULL)),
                         TRUE)
  dense <- vapply(seq_along(rows$y), function(i) dense_left_out(rows, state, i), numeric(2))
  expect_lt(max(abs(ours$mean[1, ] - dense[1, ]) / dense[2, ]), 1e-6)
  expect_lt(max(abs(ours$sd[1, ] / dense[2, ] - 1)), 1e-6)
})

test_that("cross-products that keep each group's factor give the same likelihood, whole or added", {
  formula <- y ~ x + f + (1 + x | g)
  factors <- transform(data, f = factor(f))
  fit <- relm(formula, factors, weights = w, chains = 1, draws = 5, seed = 1)
  given <- all_hyper(fit)
  model <- model_of(fit$posterior)
  groups <- groups_of(c(unclass(fit$posterior), fit["design"]))
  exact <- group_log_lik(model, groups, given, 1:9)
  part <- function(rows) crossprods(formula, factors[rows, ], weights = w)
  whole <- crossprods(formula, factors, weights = w)
  # Rows of one group in both parts, in an order of their own.
  shuffled <- c(seq(1, nrow(data), 2), seq(2, nrow(data), 2))
  added <- part(shuffled[1:20]) + part(shuffled[-(1:20)])
  for (crossprods in list(whole, added)) {
    posterior <- relm_posterior(crossprods)
    groups <- groups_of_crossprods(posterior)
    own <- model_of(posterior)
    values <- group_log_lik(own, groups, given, seq_along(groups$labels))
    expect_equal(values[, match(grouping_of(fit$posterior)$groups, groups$labels)], exact, tolerance = 1e-10)
  }
})

test_that("cross-products without each group's factor are refused, if variances do not have them", {
  formula <- y ~ x + (1 | g)
  without <- crossprods(formula, data, by_group = FALSE)
  expect_null(without$cells$rest)
  expect_error(groups_of_crossprods(relm_posterior(without)), "by_group = TRUE",
               class = "relm_error")
  expect_null((without + crossprods(formula, data))$cells$rest)
  expect_error(crossprods(formula, data, by_group = NA), "by_group", class = "relm_error")
  proper <- relm_prior(sigma = inverse_gamma(1, 1))
  own <- relm_posterior(crossprods(formula, data, sigma = ~ g, by_group = FALSE), proper)
  kept <- relm_posterior(crossprods(formula, data, sigma = ~ g), proper)
  expect_equal(groups_of_crossprods(own), groups_of_crossprods(kept))
})

test_that("aliased columns are dropped from the groups' factors too", {
  twice <- transform(data, x2 = 2 * x)
  kept <- suppressMessages(relm_posterior(crossprods(y ~ x + x2 + (1 | g), twice)))
  plain <- relm_posterior(crossprods(y ~ x + (1 | g), twice))
  given <- any_states(plain)$given
  likelihood <- function(posterior) {
    group_log_lik(model_of(posterior),
                  groups_of_crossprods(posterior), given, 1:9)
  }
  expect_equal(likelihood(kept), likelihood(plain), tolerance = 1e-10)
})

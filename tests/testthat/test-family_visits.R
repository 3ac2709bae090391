# What proposals of a scan's step learn from its visits.

# Visits of a step with one standard deviation and one coefficient, whose log density is that of a t
# plus `g` of its coordinates, about a center that moves with shift and score.
visits_of <- function(n, g, seed = 1) {
  set.seed(seed)
  scale_matrix <- matrix(c(0.04, 0.01, 0.01, 0.09), 2)
  tuning <- list(center = c(1.5, 0.2), root = chol(solve(scale_matrix)), df = 8, scale = 0.7,
                 near = 0L, sign_columns = c(1L, 0L), n_ellipse = 1L, mean_score = 3,
                 slope = matrix(c(0.05, -0.02), 2))
  visits <- list(shift = matrix(rnorm(n), 1), score = matrix(rgamma(n, 3), 1))
  center <- tuning$center + tuning$slope %*% (visits$score - 3) - rbind(0, visits$shift)
  v <- list(matrix(rnorm(2 * n), 2), matrix(rnorm(2 * n), 2))
  points <- lapply(v, function(v) center + backsolve(tuning$root, v))
  log_density <- function(v) -(8 + 2) / 2 * log1p(colSums(v^2) / 8) + g(v)
  list(tuning = tuning, center = center, v = v,
       records = rbind(points[[1]], visits$shift, visits$score, points[[2]],
                       log_density(v[[1]]) - log_density(v[[2]])))
}

cubic <- function(v) 0.5 * v[1, ] - 0.2 * v[2, ] + 0.15 * v[1, ]^3 - 0.2 * v[1, ] * v[2, ]^2

test_that("the parts of a record are where they were put", {
  made <- visits_of(10, cubic)
  parts <- parts_of_records(made$records, made$tuning)
  columns <- c(point = 2L, shift = 1L, score = 1L, other = 2L, log_ratio = 1L)
  expect_identical(lapply(parts, dim), lapply(columns, function(n) c(10L, n)))
  expect_equal(centers_of_visits(made$tuning, parts), made$center)
})

test_that("the surrogate is the density that differences within visits are of", {
  made <- visits_of(400, cubic)
  # Visits whose other point was outside of the domain, or impossible, say nothing.
  made$records[7, 1:3] <- c(NaN, Inf, -Inf)
  tuning <- fit_surrogate_to_visits(made$tuning, made$records, 0.6, 8L)
  surrogate <- replace(tuning$surrogate, "center", list(made$center))
  found <- surrogate_log_weights(made$center + backsolve(made$tuning$root, made$v[[1]]), surrogate)
  near <- colSums(made$v[[1]]^2) < 4
  expect_lt(sd((found - cubic(made$v[[1]]))[near]), 0.03)
  expect_identical(tuning$surrogate$root, made$tuning$root)
  expect_identical(tuning$surrogate$n_tries, 8L)
  # Proposals are wider than the surrogate.
  expect_true(all(diag(tuning$root) < diag(made$tuning$root)))
  expect_identical(tuning$n_ellipse, 0L)
})

test_that("visits that hardly moved teach no spread", {
  made <- visits_of(40, cubic)
  moving <- learn_from_visits(made$tuning, made$records)
  expect_false(identical(moving$root, made$tuning$root))
  held <- made$records[, rep(c(1, 20, 40), c(15, 15, 10))]
  expect_identical(learn_from_visits(made$tuning, held), made$tuning)
})

test_that("there is none where it would not serve", {
  noise <- visits_of(400, function(v) rnorm(ncol(v), 0, 3))
  few <- visits_of(20, cubic)
  nothing <- visits_of(400, function(v) 0)
  for (made in list(noise, few)) {
    tuning <- fit_surrogate_to_visits(made$tuning, made$records, 0.7, 8L)
    expect_identical(tuning, made$tuning)
  }
  # The t alone is accepted always.
  tuning <- fit_surrogate_to_visits(nothing$tuning, nothing$records, 0.99, 8L)
  expect_identical(tuning, nothing$tuning)
})

test_that("each visit is once among those that judge a surrogate of the others", {
  made <- visits_of(401, cubic)
  chosen <- list()
  fit_part_or_all <- fit_to_pairs
  with_relm("fit_to_pairs", function(tuning, pairs, which, n_tries) {
    chosen[[length(chosen) + 1L]] <<- which
    fit_part_or_all(tuning, pairs, which, n_tries)
  }, fit_surrogate_to_visits(made$tuning, made$records, 0.6, 8L))
  expect_length(chosen, parts_of_visits + 1)
  left_out <- !do.call(cbind, chosen[seq_len(parts_of_visits)])
  expect_equal(rowSums(left_out), rep(1, 401))
  expect_lte(diff(range(colSums(left_out))), 1)
  expect_true(all(chosen[[parts_of_visits + 1]]))
})

test_that("the foretold share is that of steps by the surrogate", {
  set.seed(3)
  data <- expand.grid(a = factor(1:20), b = factor(1:6))
  data$y <- rbinom(120, 1, plogis(rnorm(20)[data$a] + rnorm(6)[data$b]))
  foretold <- NULL
  fit_part_or_all <- fit_to_pairs
  fit <- with_relm("fit_to_pairs", function(tuning, pairs, chosen, n_tries) {
    made <- fit_part_or_all(tuning, pairs, chosen, n_tries)
    if (all(chosen)) foretold <<- c(foretold, accepted_on_pairs(made, pairs, chosen))
    made
  }, relm(y ~ 1 + (1 | a) + (1 | b), data, family = binomial(), draws = 1000, seed = 4,
          prior = relm_prior(beta = normal(0, 2), sd = half_normal(1))))
  expect_length(foretold, 2)
  steps <- 2 * (fit$sampling$draws + fit$sampling$warmup)
  expect_lt(abs(mean(fit$sampling$accepted) / steps - mean(foretold)), 0.03)
})

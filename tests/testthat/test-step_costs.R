# Which of one step and a scan runs: counts against those of a factor made by hand, and the choice
# for shapes of which bench/step_costs.R measured what both cost.

# What costs are counted from, without any rows: cells of groups at random.
shape_of <- function(n_cells, n_groups, n_random = rep(1L, length(n_groups)), n_coef = 2L) {
  set.seed(1)
  group <- vapply(n_groups, function(n) sample(rep_len(seq_len(n), n_cells)) - 1L, integer(n_cells))
  list(cells = list(n = n_cells, n_columns = max(n_random), group = unname(group)), n_coef = n_coef,
       n_strata = 1L, steps = lapply(seq_along(n_groups), function(g) list(groupings = g - 1L)),
       groupings = Map(function(n_groups, q) {
         list(n_groups = n_groups, n_random = q, blocks = rep(list(list(size = 1L, name = "variance")), q))
       }, as.integer(n_groups), as.integer(n_random)))
}

worth <- function(model, ess, role = "integrated") {
  is_worth_merging(merge_if_cheap(model), model, ess, role)
}

# Before a pilot run, and after one that tells how many draws of a scan are effective.
beforehand <- usual_scan / pilot_share

test_that("elements of a factor are those of a dense one's pattern", {
  for (n_random in list(c(1, 1, 1), c(2, 1, 3))) {
    model <- in_one(shape_of(40, c(12, 5, 4), n_random))
    pattern <- model$steps[[1]]$merged
    numbers <- sweep(model$cells$group, 2, c(0, 12, 17), "+") + 1
    Z <- do.call(cbind, lapply(seq_len(21), function(j) as.numeric(rowSums(numbers == j))))
    meets <- crossprod(Z)[pattern$order + 1, pattern$order + 1] > 0
    for (k in 1:20) {
      behind <- which(meets[k, ] & seq_len(21) > k)
      meets[behind, behind] <- TRUE
    }
    width <- rep(n_random, c(12, 5, 4))[pattern$order + 1]
    pairs <- meets & upper.tri(meets)
    counts <- count_elements(model)
    expect_identical(counts[["elements"]],
                     sum(outer(width, width)[pairs]) + sum(width * (width - 1) / 2))
    expect_identical(counts[["wide"]], as.numeric(sum(pairs[width > 1, ])))
  }
})

test_that("a million groups crossed with a hundred take turns, whatever a scan's share may be", {
  skip_on_cran()
  model <- shape_of(2e6, c(1e6, 100))
  # An evaluation took three times as long as a sweep.
  ratio <- evaluation_cost(in_one(model)) / scan_cost(model)
  expect_gt(ratio, 2)
  expect_lt(ratio, 5)
  for (ess in c(beforehand, 0.75, 0.3)) expect_false(worth(model, ess))
})

test_that("small crossings are one step without a pilot run, and workers in firms too", {
  # Penicillin; few groups of several columns by learnt proposals are not.
  expect_true(worth(shape_of(144, c(24, 6)), beforehand))
  expect_true(worth(shape_of(34, c(10, 5)), beforehand))
  expect_true(worth(shape_of(500, c(100, 5)), beforehand))
  expect_false(worth(shape_of(960, c(40, 24), c(2, 2)), 0.1))
  set.seed(1)
  firms <- shape_of(2040, c(2000, 200))
  firms$cells$group <- cbind(c(0:1999, 0:39), c(rep(0:199, 10), sample(200, 40) - 1L))
  expect_true(worth(firms, beforehand))
})

test_that("what falls between waits for the pilot run", {
  for (model in list(shape_of(4790, c(1000, 50)), shape_of(6490, c(1000, 10), n_coef = 21L))) {
    expect_false(worth(model, beforehand))
    expect_false(worth(model, 0.9))
    expect_true(worth(model, 0.4))
  }
})

test_that("many coefficients cost a scan's sweep no more than they did when measured", {
  # Microseconds of a sweep, and of an evaluation, with 21, 51 and 101 coefficients.
  measured <- rbind(c(798, 659), c(2040, 1990), c(8790, 6380))
  for (i in 1:3) {
    model <- shape_of(6490, c(1000, 10), n_coef = c(21L, 51L, 101L)[i])
    costs <- c(scan_cost(model), evaluation_cost(in_one(model))) / 1000
    expect_lt(max(abs(log(costs / measured[i, ]))), log(1.5))
  }
})

test_that("costs are of sizes alone, and coordinates are counted", {
  posterior <- posterior_of(y ~ x + (1 + x | b) + (1 | c), joint_data())
  other <- posterior_of(y ~ x + (1 + x | b) + (1 | c), transform(joint_data(), y = 1e3 * v, x = -x))
  costs <- function(posterior) {
    model <- model_of(posterior)
    c(scan_cost(model), merged_cost(in_one(model)))
  }
  expect_identical(costs(posterior), costs(other))
  model <- model_of(posterior)
  for (role in c("integrated", "coordinate")) {
    n <- length(tuning_of(merged_model_of(posterior), role)$center)
    expect_identical(n_coordinates(model, role), as.numeric(n))
  }
})

test_that("several residual variances weigh the cells in each sweep", {
  with_sigma <- function(n_strata) {
    model <- shape_of(4666, c(1000, 10))
    model$n_strata <- n_strata
    model
  }
  # 1.2 ms a sweep of the scan, 1.7 of one step; with one variance 0.15 and 0.08.
  expect_gt(scan_cost(with_sigma(3L)), 5 * scan_cost(with_sigma(1L)))
  merged <- in_one(with_sigma(3L))
  expect_gt(merged_cost(merged, "given"), merged_cost(merged, "integrated"))
  expect_false(worth(with_sigma(3L), 0.5, "given"))
})

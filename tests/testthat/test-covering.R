# The list of models that bench/covering.R calibrates has each pair of settings that can be in one model;
# a few of its cells, in short; and Geweke's test finds what is wrong.

skip_on_cran()

cell_with <- function(...) {
  settings <- list(...)
  cells <- read_covering("covering")
  for (factor in names(settings)) cells <- cells[cells[[factor]] == settings[[factor]], ]
  cells[1, ]
}

test_that("each pair of settings is in a cell, or in the table of those that no model has", {
  cells <- read_covering("covering")
  covered <- unique(as.vector(pair_names(cells)))
  without <- pairs_without()
  expect_length(setdiff(all_pairs(), c(covered, without)), 0)
  expect_length(intersect(covered, without), 0)
  expect_setequal(c(covered, without), all_pairs())
  expect_identical(anyDuplicated(without), 0L)
  # Of two factors their settings are all there, whatever the code that lists pairs makes of them.
  both <- table(cells$sampler, cells$groupings)
  expect_identical(dim(both), c(4L, 3L))
  expect_true(all(both > 0))
  expect_true(all(nzchar(read_covering("covering-without")$reason)))
})

test_that("the list is what the greedy algorithm gives", {
  made <- covering_design()
  expect_identical(lapply(made, as.character), lapply(as.list(read_covering("covering")), as.character))
})

test_that("a pair that is refused is refused, and each cell is a model", {
  grid <- read_covering("covering")
  # A cell that has one of the two settings, with the other put into it.
  with_pair <- function(row, setting, other) {
    cell <- grid[grid[[row$factor]] == setting, ][1, ]
    cell[[row$other]] <- other
    cell
  }
  without <- read_covering("covering-without")
  for (i in which(startsWith(without$reason, "refused"))) {
    row <- without[i, ]
    for (setting in strsplit(row$settings, "|", fixed = TRUE)[[1]]) {
      for (other in strsplit(row$others, "|", fixed = TRUE)[[1]]) {
        cell <- with_pair(row, setting, other)
        if (row$other == "covariance" && cell$columns == "1") cell$columns <- "2"
        if (row$other %in% c("covariance", "cor")) cell[c("sd", "covariance")] <-
          if (row$other == "cor") list("half_normal", "full") else list("half_normal", other)
        if (row$other == "cor") cell$columns <- "2"
        expect_error(fit_of_cell_once(cell), class = "error", label = paste(row$factor, setting, row$other, other))
      }
    }
  }
  for (i in seq_len(nrow(grid))) expect_s3_class(covering_fit(grid[i, ]), "relm")
})

test_that("a chain that is set to its own last draw goes on as it would have", {
  cells <- list(cell_with(sampler = "centered", groupings = "nested", columns = "3"),
                cell_with(sampler = "collapsed", family = "gaussian", groupings = "crossed", sigma = "strata"),
                cell_with(sampler = "uncentered", family = "student", groupings = "crossed"),
                cell_with(sampler = "interweaved", cor = "lkj_0.4"),
                cell_with(sampler = "collapsed", family = "poisson", groupings = "crossed"),
                cell_with(sampler = "collapsed", covariance = "cs", family = "logit"))
  for (cell in cells) {
    fit <- control_of_refits(covering_fit(cell), 10, 2, FALSE)
    fit$control["group_draws"] <- list(TRUE)
    fit <- refit(fit, response_of_draw(prior_of_fit(fit, 1, 3), 1, 4), seed = 5)
    expect_equal(as.matrix(extend(set_state(fit, fit, 10), 4, progress = FALSE)),
                 as.matrix(extend(fit, 4, progress = FALSE)), tolerance = 1e-8, label = cell$cell)
    # Proposals that are accepted from either state are the same draw.
    if (!is_tuned(cell$sampler)) {
      expect_gt(max(abs(as.matrix(extend(set_state(fit, fit, 3), 4, progress = FALSE))[11:14, ] -
                          as.matrix(extend(fit, 4, progress = FALSE))[11:14, ])), 1e-3, label = cell$cell)
    }
  }
})

joint_p <- function(fit, n, rounds = 2L, ..., seed = 1, thin = 20L) {
  run <- replicate_jointly(fit, n, rounds, 19L, thin, seed, ...)
  expect_identical(run$failed, 0L, label = run$error)
  reference <- reference_of_prior(fit, run$names, 5000, seed + 1L)
  list(sbc = p_of_ranks(run$ranks, 19L), geweke = p_of_moments(run$draws, reference))
}

test_that("ranks are uniform and the prior comes back in a few cells", {
  cells <- list(cell_with(sampler = "centered", family = "student"),
                cell_with(sampler = "uncentered", family = "negative_binomial", groupings = "nested"),
                cell_with(sampler = "collapsed", sigma = "strata", covariance = "ar1"))
  for (cell in cells) {
    p <- joint_p(covering_fit(cell), 25)
    for (test in names(p)) expect_gt(min(p[[test]]) * length(p[[test]]), 1e-3, label = paste(cell$cell, test))
  }
})

test_that("a sampler of another posterior is found by both tests", {
  cell <- cell_with(sampler = "uncentered", family = "gaussian", groupings = "one", columns = "1")
  fit <- covering_fit(cell)
  # Draws of a posterior whose residual standard deviation has another prior.
  wrong <- fit
  wrong$posterior$prior$sigma <- half_normal(0.25)
  p <- joint_p(fit, 60, fitted = wrong)
  scale <- grep("^sigma", names(p$sbc), value = TRUE)
  expect_lt(min(p$sbc[scale]), 1e-6)
  expect_lt(min(p$geweke[scale]), 1e-6)
  expect_lt(min(p$geweke) * length(p$geweke), 1e-5)
})

test_that("moments are told from those of the prior by the spread of replications", {
  set.seed(5)
  reference <- matrix(rnorm(4000), 2000, dimnames = list(NULL, c("a", "b")))
  draws <- array(rnorm(3 * 2 * 200), c(3, 2, 200))
  expect_named(p_of_moments(draws, reference), c("a", "b", "a * a", "a * b", "b * b"))
  expect_gt(min(p_of_moments(draws, reference)), 0.01)
  # Wider, and correlated: the means are the prior's, and other moments are not.
  together <- draws
  together[, 2, ] <- (draws[, 1, ] + draws[, 2, ]) / sqrt(2)
  expect_lt(p_of_moments(together, reference)[["a * b"]], 1e-10)
  expect_lt(p_of_moments(1.5 * draws, reference)[["a * a"]], 1e-6)
  # Rounds that hardly differ are no more than one.
  stuck <- draws[c(1, 1, 1), , ]
  expect_equal(p_of_moments(stuck, reference), p_of_moments(draws[1, , , drop = FALSE], reference))
  expect_equal(p_of_mean(c(1, 2, 4), c(0, 0)), stats::t.test(c(1, 2, 4))$p.value)
})

test_that("models with improper priors are calibrated where that can be", {
  for (case in c("quadrature", "flat interweaved", "pooled")) {
    p <- p_of_improper(case, 15, 3)
    expect_gt(min(p) * length(p), 1e-3, label = case)
  }
})

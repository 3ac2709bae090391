# Group effects made of hyperparameters alone.

data <- several_data(60)
prior <- relm_prior(beta = normal(0, 1), sd = half_normal(1), cor = lkj(1), sigma = half_normal(1))
fit <- relm(y ~ x + (1 + x + w | a) + (1 | c), data, prior = prior, prior_only = TRUE, chains = 2, draws = 30,
            seed = 1)

test_that("roots are those of the covariance matrices", {
  hyper <- t(drawn_hyper(fit$sampling, fit$posterior, 2))
  roots <- roots_of_draws(hyper, fit$posterior, 1)
  for (draw in c(1, 30)) {
    Sigma <- state_of(hyper[draw, ], fit$posterior)$Sigma[[1]]
    expect_equal(roots[draw, , ], t(chol(Sigma)))
  }
  # A correlation of 1: the rest of the later column is zero, not a division by it.
  hyper[1, places_of(fit$posterior, "cor", "a")] <- c(1, 0.5, 0.5)
  expect_equal(roots_of_draws(hyper, fit$posterior, 1)[1, 2, 2], 0)
  expect_true(all(is.finite(roots_of_draws(hyper, fit$posterior, 1))))
})

test_that("a group's effects do not depend on which others are wanted", {
  all <- prior_effects(fit$posterior, fit$sampling, list(0:7, 0:4))
  some <- prior_effects(fit$posterior, fit$sampling, list(c(2L, 5L), integer()))
  expect_identical(some[[2]][[1]], all[[2]][[1]][, c(3, 6), ])
  expect_identical(dim(some[[1]][[2]]), c(1L, 0L, 30L))
  expect_identical(fit$sampling$effects, all)
  # Groups, groupings and chains have numbers of their own.
  expect_false(any(duplicated(abs(unlist(all)))))
})

test_that("a model without groups has none", {
  line <- relm(y ~ x, data, prior = prior, prior_only = TRUE, chains = 2, draws = 5, seed = 1)
  expect_identical(dim(line$sampling$effects[[2]]), c(0L, 0L, 5L))
})

# Nested chains of other families given the totals of their leaves.

skip_on_cran()

test_that("least squares within groups is that of each group", {
  set.seed(1)
  group <- sample(5, 40, TRUE)
  group[group == 5] <- 4
  group[1] <- 5
  Z <- cbind(1, rnorm(40), rnorm(40))
  X <- cbind(rnorm(40), Z %*% c(1, 2, -1))
  solution <- solve_by_group(Z, X, group)
  for (j in 1:4) {
    rows <- group == j
    expect_equal(solution[j, , ], unname(qr.solve(Z[rows, ], X[rows, ])), tolerance = 1e-8)
  }
  # One row has many solutions.
  expect_equal(drop(Z[1, ] %*% solution[5, , ]), X[1, ], tolerance = 1e-8)
})

nested_rows <- function() {
  set.seed(31)
  data <- expand.grid(i = 1:4, b = 1:3, a = 1:6)
  data$b <- interaction(data$a, data$b)
  data$a <- factor(data$a)
  data$leaf <- interaction(data$b, data$i %% 2)
  data$x <- round(rnorm(nrow(data)), 2)
  data$v <- round(rnorm(6), 2)[data$a]
  data$y <- rpois(nrow(data), exp(0.5 + 0.3 * data$x + rnorm(6, 0, 0.6)[data$a] +
                                    rnorm(18, 0, 0.4)[data$b]))
  data$one <- rbinom(nrow(data), 1, plogis(rnorm(6)[data$a]))
  data
}

test_that("columns that leaves could have are found", {
  posterior <- relm_posterior(crossprods(y ~ x + v + (1 + x | a) + (1 | b), nested_rows(),
                                         family = poisson()))
  chain <- model_of(posterior)$chains
  expect_length(chain, 1)
  expect_identical(chain[[1]]$fixed, c(0L, 2L))
  expect_identical(chain[[1]]$levels[[2]]$leaf, c(0L, -1L))
  crossed <- relm_posterior(crossprods(y ~ x + (1 | a) + (1 | i), nested_rows(), family = poisson()))
  expect_length(model_of(crossed)$chains, 0)
})

# Without the sweep given the totals the scan is right too, but slow.
test_that("draws are those of the scan alone", {
  data <- nested_rows()
  prior <- relm_prior(beta = normal(0, 1), sd = half_normal(0.5))
  cases <- list(list(y ~ x + v + (1 + x | a) + (1 | b), poisson()),
                list(y ~ x + (1 + x | a) + (1 + x | b), poisson()),
                list(one ~ x + v + (1 | a) + (1 | b) + (1 | i), binomial()),
                list(y ~ x + v + (1 | a) + (1 | b) + (1 | leaf), poisson()))
  for (case in cases) {
    fit <- function() {
      relm(case[[1]], data, family = case[[2]], prior = prior, draws = 2500, seed = 5)
    }
    whole <- fit()
    alone <- with_relm("encode_chains", function(posterior) NULL, fit())
    for (name in variables(whole)) {
      a <- as.array(whole, name)[, , 1]
      b <- as.array(alone, name)[, , 1]
      for (f in list(identity, function(x) x^2)) {
        error <- sqrt(posterior::mcse_mean(f(a))^2 + posterior::mcse_mean(f(b))^2)
        expect_lt(abs(mean(f(a)) - mean(f(b))) / error, 4, label = name)
      }
    }
  }
})

# Rows and groups that are left out, and pictures, with one grouping, nested and crossed ones.

skip_on_cran()
for (package in c("loo", "ggplot2", "bayesplot")) skip_if_not_installed(package)

expect_criticism <- function(formula) {
  scene <- with_criticism(scene_of(formula))
  expect_rows_of_methods(criticism, scene)
}

test_that("one grouping is criticized and shown", {
  expect_criticism(scenes$one)
})

test_that("nested groupings are criticized and shown", {
  expect_criticism(scenes$nested)
})

test_that("crossed groupings are criticized and shown", {
  expect_criticism(scenes$crossed)
})

test_that("a marginal likelihood of nested groupings has a method, a seed and threads", {
  prior <- relm_prior(beta = normal(0, 2), sd = half_normal(1), sigma = half_normal(1))
  for (formula in c(y ~ x + (1 | a), y ~ x + (1 | a / b))) {
    fit <- relm(formula, several_data(100), prior = prior, chains = 2, draws = 500, seed = 1)
    exact <- logml(fit, method = "quadrature")
    bridge <- logml(fit, method = "bridge", seed = 3)
    expect_lt(abs(bridge - exact), 4 * attr(bridge, "error"))
    expect_identical(as.numeric(logml(fit, method = "bridge", seed = 3, threads = 2)), as.numeric(bridge))
  }
  crossed <- relm(y ~ x + (1 | a) + (1 | c), several_data(100), prior = prior, chains = 1, draws = 20, seed = 1)
  for (f in c(logml, bridge_sampler)) expect_error(f(crossed), "crossed", class = "relm_error")
  nested <- relm(y ~ x + (1 | a / b), several_data(100), prior = prior, chains = 2, draws = 500, seed = 1)
  single <- relm(y ~ x + (1 | a), several_data(100), prior = prior, chains = 2, draws = 500, seed = 1)
  marginal <- list(logml(nested, seed = 1), logml(single, seed = 1))
  expect_equal(log(as.numeric(bayes_factor(marginal[[1]], marginal[[2]])$bf)),
               as.numeric(marginal[[1]]) - as.numeric(marginal[[2]]))
  expect_equal(sum(post_prob(marginal[[1]], marginal[[2]])), 1)
  expect_equal(as.numeric(marginal[[1]] - marginal[[2]]), as.numeric(marginal[[1]]) - as.numeric(marginal[[2]]))
  expect_output(print(marginal[[1]]), format(as.numeric(marginal[[1]]), digits = 6), fixed = TRUE)
  expect_output(print(bayes_factor(marginal[[1]], marginal[[2]])))
  for (f in c(bayes_factor, post_prob)) expect_error(f(crossed, crossed), "crossed", class = "relm_error")
})

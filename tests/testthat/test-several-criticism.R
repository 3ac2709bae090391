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
  expect_marginal_likelihoods(y ~ x + (1 | a), y ~ x + (1 | a / b))
  crossed <- relm(y ~ x + (1 | a) + (1 | c), several_data(100), prior = prior_of_marginal(), chains = 1, draws = 20, seed = 1)
  for (f in c(logml, bridge_sampler)) expect_error(f(crossed), "crossed", class = "relm_error")
  for (f in c(bayes_factor, post_prob)) expect_error(f(crossed, crossed), "crossed", class = "relm_error")
})

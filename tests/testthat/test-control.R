# How chains are run: each argument is checked by its name.

test_that("what is given is what the chains are run by", {
  expect_setequal(setdiff(names(control_of()), c("init", "checkpoint")), control_names)
  control <- control_of(sampler = "centered", draws = 7, warmup = 0, group_draws = factor("b"))
  expect_identical(control[c("sampler", "draws", "warmup", "group_draws")],
                   list(sampler = "centered", draws = 7L, warmup = 0L, group_draws = "b"))
})

test_that("an argument that cannot be is refused by its name", {
  bad <- list(sampler = "gibbs", chains = 0, draws = 1.5, warmup = -1, thin = NA, cores = "two",
              threads = 1e10, target_ess = -5, max_draws = Inf, progress = 1)
  for (name in names(bad)) {
    expect_error(do.call(control_of, bad[name]), paste0("`", name, "`"), class = "relm_error",
                 label = name)
  }
  for (kept in list(NA, list("a"), character(), c("a", NA), c(TRUE, FALSE), mean)) {
    expect_error(control_of(group_draws = kept), "`group_draws` must be NULL, TRUE, FALSE or levels",
                 class = "relm_error")
  }
})

test_that("groups to keep of several groupings are a list that names these", {
  expect_identical(control_of(group_draws = list(a = TRUE, b = factor("l1")))$group_draws,
                   list(a = TRUE, b = "l1"))
  wrong <- list(list(TRUE), list(a = NULL), list(a = list()), list(a = NA), list(a = 1, TRUE))
  for (kept in wrong) {
    expect_error(control_of(group_draws = kept), "`group_draws` must be", class = "relm_error")
  }
})

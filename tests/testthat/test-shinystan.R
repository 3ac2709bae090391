# The object that shinystan's pages show. The pages themselves are not opened.

fit <- relm(y ~ x + (1 | g), grouped_data(), seed = 1, chains = 2, draws = 50)

test_that("the pages have the hyperparameters' draws, chain by chain", {
  suppressWarnings(skip_if_not_installed("shinystan"))
  shown <- shinystan_of(fit)
  expect_identical(shown@param_names, c("b_Intercept", "b_x", "sd_g__Intercept", "sigma"))
  expect_equal(unname(shown@posterior_sample), unname(as.array(fit, shown@param_names)))
  expect_identical(shown@n_warmup, 0)
  expect_equal(c(shown@n_chain, shown@n_iter), c(2, 50))
  expect_identical(shown@model_name, "y ~ x + (1 | g)")
  expect_match(shown@user_model_info, "2 chains of 50 draws")
})

test_that("group effects come where they are asked for", {
  suppressWarnings(skip_if_not_installed("shinystan"))
  expect_identical(shinystan_of(fit, regex_pars = ".")@param_names, variables(fit))
  chosen <- shinystan_of(fit, pars = c("x", "b[(Intercept) g:g2]"))
  expect_setequal(chosen@param_names, c("b_x", "r_g[g2,Intercept]"))
  expect_equal(as.numeric(chosen@posterior_sample[, 2, "r_g[g2,Intercept]"]),
               as.numeric(as.array(fit, "r_g[g2,Intercept]")[, 2, 1]))
})

test_that("names and notes are those that are given", {
  suppressWarnings(skip_if_not_installed("shinystan"))
  named <- shinystan_of(fit, "sigma", model_name = "mine", note = "look at sigma")
  expect_identical(c(named@model_name, named@user_model_info), c("mine", "look at sigma"))
  expect_error(shinystan_of(fit, model_name = 1), "`model_name`", class = "relm_error")
  expect_error(shinystan_of(fit, note = c("a", "b")), "`note`", class = "relm_error")
})

test_that("shinystan finds the method, which refuses rstanarm's arguments by name", {
  suppressWarnings(skip_if_not_installed("shinystan"))
  expect_error(shinystan::launch_shinystan(fit, ppd = FALSE), "`ppd`", class = "relm_error")
  expect_error(shinystan::launch_shinystan(fit, seed = 1), "`seed`", class = "relm_error")
  expect_error(shinystan::launch_shinystan(fit, pars = "other"), "other", class = "relm_error")
})

test_that("what goes beside reaches the pages", {
  suppressWarnings(skip_if_not_installed("shinystan"))
  # shinystan gives this argument of shiny's itself, so that it is there twice and nothing starts.
  expect_error(suppressMessages(shinystan::launch_shinystan(fit, "sigma", launch.browser = FALSE)),
               "launch.browser")
})

test_that("shinystan's own function takes the array", {
  suppressWarnings(skip_if_not_installed("shinystan"))
  own <- shinystan::as.shinystan(as.array(fit, "sigma"))
  expect_equal(unname(own@posterior_sample), unname(shinystan_of(fit, "sigma")@posterior_sample))
})

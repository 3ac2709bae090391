# Which variables are chosen by name, by pattern and by rstanarm's names of kinds.

fit <- relm(y ~ x + f + (1 + v | g), grouped_data(), seed = 1, chains = 2, draws = 20)
chosen <- function(...) colnames(as.matrix(fit, ...))

test_that("rstanarm's names of kinds stand for the variables of that kind", {
  effects <- grep("^r_", variables(fit), value = TRUE)
  expect_identical(chosen(pars = "alpha"), "b_Intercept")
  expect_identical(chosen(pars = "beta"), c("b_x", "b_fb", "b_fc"))
  expect_identical(chosen(pars = "varying"), effects)
  expect_identical(chosen(pars = "b"), effects)
  expect_identical(chosen(pars = c("beta", "sigma", "x", "b[v g:g3]")),
                   c("b_x", "b_fb", "b_fc", "sigma", "r_g[g3,v]"))
  expect_identical(summary(fit, pars = "beta")$variable, c("b_x", "b_fb", "b_fc"))
  expect_identical(rownames(posterior_interval(fit, pars = "alpha")), "b_Intercept")
})

test_that("a variable that bears the name of a kind is that variable", {
  data <- transform(grouped_data(), beta = x)
  named <- relm(y ~ beta + v + (1 | g), data, seed = 1, chains = 1, draws = 5)
  expect_identical(colnames(as.matrix(named, pars = "beta")), "b_beta")
})

test_that("a kind that the model has none of is refused", {
  plain <- relm(y ~ 0 + x, grouped_data(), seed = 1, chains = 1, draws = 5)
  for (kind in c("alpha", "varying")) {
    expect_error(as.matrix(plain, pars = kind), kind, class = "relm_error")
  }
})

test_that("names and patterns of the wrong kind are errors that name the argument", {
  calls <- list(
    variable = quote(as.matrix(fit, sum)), variable = quote(as.matrix(fit, character(0))),
    variable = quote(as.array(fit, NA_character_)), variable = quote(as_draws(fit, 3)),
    variable = quote(summary(fit, "[", regex = TRUE)), variable = quote(as_draws_df(fit, "b_z")),
    pars = quote(as.matrix(fit, pars = sum)), pars = quote(as_draws_df(fit, pars = character(0))),
    pars = quote(summary(fit, pars = NA)), pars = quote(posterior_interval(fit, pars = "z")),
    regex_pars = quote(as.matrix(fit, regex_pars = "[")),
    regex_pars = quote(summary(fit, regex_pars = "(")),
    regex_pars = quote(as.data.frame(fit, regex_pars = sum)),
    regex_pars = quote(as.array(fit, regex_pars = "^z")),
    regex = quote(as.matrix(fit, "b_", regex = NA)), regex = quote(as_draws_list(fit, regex = "^b_")),
    regex = quote(as.mcmc.list(fit, "sigma", regex = 2))
  )
  for (k in seq_along(calls)) {
    expect_error(eval(calls[[k]]), paste0("`", names(calls)[k], "`"), class = "relm_error",
                 label = deparse1(calls[[k]]))
  }
})

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

test_that("rstanarm's and lme4's names of each grouping's effects are known", {
  fit <- nested_fit(draws = 10)
  effects <- grep("^r_", variables(fit), value = TRUE)
  expect_identical(colnames(as.matrix(fit, pars = "varying")), effects)
  expect_identical(colnames(as.matrix(fit, pars = c("b[(Intercept) a:c]", "b[x a:b:c:1]"))),
                   c("r_a[c,Intercept]", "r_a:b[c:1,x]"))
  # As lme4 has those of a/b.
  expect_identical(colnames(as.matrix(fit, pars = "b[x b:a:1:c]")), "r_a:b[c:1,x]")
  expect_setequal(colnames(as.matrix(fit, regex_pars = "^b\\[x b:a:")),
                  grep("x]$", effects, value = TRUE))
  expect_error(as.matrix(fit, "r_b[1,Intercept]"), "r_b", class = "relm_error")
})

test_that("levels of an interaction may be joined as brms joins them", {
  fit <- nested_fit(draws = 10)
  own <- as.matrix(fit, c("r_a:b[c:1,x]", "sigma", "coef_a:b[c:1,x]"))
  expect_identical(as.matrix(fit, c("r_a:b[c_1,x]", "sigma", "coef_a:b[c_1,x]")), own)
  expect_identical(as.matrix(fit, pars = c("r_a:b[c_1,x]", "sigma", "coef_a:b[c_1,x]")), own)
  expect_error(as.matrix(fit, "r_a:b[c_9,x]"), "c_9", class = "relm_error")
  product <- relm(y ~ x * w + (1 | a), several_data(), seed = 1, chains = 1, draws = 5)
  expect_identical(colnames(as.matrix(product, "coef_a[c,x:w]")), "coef_a[c,x:w]")
  expect_error(as.matrix(product, "coef_a[c,x_w]"), "x_w", class = "relm_error")
})

# Correlated effects of the intercept and v; x and f vary only in X, v only in Z.
fit <- relm(y ~ x + f + (1 + v | g), grouped_data(), seed = 1, chains = 3, draws = 40,
            warmup = 10, thin = 2)

test_that("draws have iterations x chains x variables in every format of posterior", {
  array <- as_draws_array(fit)
  expect_identical(dim(array), c(40L, 3L, length(variables(fit))))
  expect_identical(c(ndraws(fit), nchains(fit), posterior::niterations(fit)), c(120L, 3L, 40L))
  expect_identical(posterior::nvariables(fit), length(variables(fit)))
  expect_identical(as_draws(fit), array)
  expect_identical(as_draws_df(fit), posterior::as_draws_df(array))
  expect_identical(as_draws_matrix(fit), posterior::as_draws_matrix(array))
  expect_identical(as_draws_list(fit), posterior::as_draws_list(array))
  expect_identical(as_draws_rvars(fit), posterior::as_draws_rvars(array))
})

test_that("rows of the matrix and of the data frame go chain after chain", {
  array <- as_draws_array(fit)
  matrix <- as.matrix(fit)
  expect_identical(colnames(matrix), variables(fit))
  expect_identical(matrix[2 * 40 + 7, ], array[7, 3, , drop = TRUE])
  expect_identical(as.data.frame(fit), as.data.frame(matrix, optional = TRUE))
})

test_that("a correlation and its sds make covariances in range, and sds are positive", {
  draws <- as.matrix(fit, c("sd_g__Intercept", "sd_g__v", "cor_g__Intercept__v", "sigma"))
  expect_gt(min(draws[, c(1, 2, 4)]), 0)
  expect_lt(max(abs(draws[, 3])), 1)
})

test_that("a group coefficient is the coefficient and its group effect, where there are both", {
  draws <- function(names) unname(as.matrix(fit, names))
  for (level in unique(grouped_data()$g)) {
    named <- function(prefix, term) sprintf("%s_g[%s,%s]", prefix, level, term)
    expect_equal(draws(named("coef", "Intercept")),
                 draws("b_Intercept") + draws(named("r", "Intercept")))
    expect_identical(draws(named("coef", "x")), draws("b_x"))
    expect_identical(draws(named("coef", "v")), draws(named("r", "v")))
  }
})

test_that("group coefficients of the centered sampler are the same sums", {
  fit <- relm(y ~ x + (1 + x || g), grouped_data(), sampler = "centered", seed = 1, chains = 2,
              draws = 10)
  draws <- as.matrix(fit, c("coef_g[g3,x]", "b_x", "r_g[g3,x]"))
  expect_equal(draws[, 1], draws[, 2] + draws[, 3])
})

test_that("coda's chains start, end and step as warm-up, draws and thinning say", {
  chains <- as.mcmc.list(fit)
  expect_s3_class(chains, "mcmc.list")
  expect_identical(coda::nchain(chains), 3L)
  expect_equal(coda::mcpar(chains[[1]]), c(10 + 2, 10 + 2 * 40, 2))
  expect_equal(unclass(as.matrix(chains)), unclass(as.matrix(fit)), ignore_attr = TRUE)
  expect_identical(coda::varnames(chains), variables(fit))
  one <- relm(y ~ x, grouped_data(), seed = 1, chains = 1, draws = 8, warmup = 99)
  expect_equal(coda::mcpar(coda::as.mcmc(one)), c(1, 8, 1))
  expect_error(coda::as.mcmc(fit), "as.mcmc.list", class = "relm_error")
})

test_that("variables are chosen by name, in the order asked for", {
  draws <- as.matrix(fit, c("sigma", "coef_g[g2,x]", "r_g[g1,v]", "b_x"))
  expect_identical(colnames(draws), c("sigma", "coef_g[g2,x]", "r_g[g1,v]", "b_x"))
  expect_identical(draws[, c(1, 3, 4)], as.matrix(fit)[, c("sigma", "r_g[g1,v]", "b_x")])
})

test_that("a variable asked for twice is never a column of anything else", {
  draws <- as.matrix(fit, c("sigma", "b_x", "sigma"))
  expect_true(all(draws[, colnames(draws) == "sigma"] == as.matrix(fit, "sigma")[, 1]))
})

test_that("variables are chosen by pattern", {
  expect_identical(posterior::variables(as_draws(fit, "^b_", regex = TRUE)),
                   c("b_Intercept", "b_x", "b_fb", "b_fc"))
  chosen <- colnames(as.matrix(fit, c("\\[g1,", "^sigma$"), regex = TRUE))
  expect_setequal(chosen, c("sigma", "r_g[g1,Intercept]", "r_g[g1,v]",
                            sprintf("coef_g[g1,%s]", c("Intercept", "x", "fb", "fc", "v"))))
})

test_that("variables that are not there are refused", {
  expect_error(as.matrix(fit, "Intercept"), "Intercept.*b_Intercept", class = "relm_error")
  expect_error(as_draws(fit, c("^b_", "^q_"), regex = TRUE), "\\^q_", class = "relm_error")
})

test_that("warm-up and thinning keep the draws they say", {
  fit_with <- function(...) {
    relm(y ~ x + (1 | g), grouped_data(), seed = 1, chains = 2, sampler = "uncentered", ...)
  }
  every <- fit_with(draws = 30, warmup = 0)
  kept <- fit_with(draws = 5, warmup = 10, thin = 4)
  expect_identical(as.numeric(as_draws_array(kept)),
                   as.numeric(as_draws_array(every)[10 + 4 * (1:5), , ]))
})

test_that("regular expressions in rstanarm's words find effects whose draws are not kept", {
  kept <- relm(log(mercury) ~ x + (1 | station), bass_centered(), chains = 1, draws = 20, seed = 1)
  not_kept <- update(kept, group_draws = FALSE)
  expect_identical(as.matrix(not_kept, regex_pars = "^r_station\\[l"),
                   as.matrix(kept, regex_pars = "^r_station\\[l"))
  expect_identical(posterior_interval(not_kept, regex_pars = "^b\\[.*w3"),
                   posterior_interval(kept, regex_pars = "^b\\[.*w3"))
})

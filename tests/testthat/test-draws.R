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

test_that("iterations, chains and draws are chosen as posterior chooses them", {
  array <- as_draws_array(fit)
  formats <- list(as_draws, as_draws_array, as_draws_df, as_draws_matrix, as_draws_list,
                  as_draws_rvars)
  numbers <- function(draws) {
    unname(unclass(posterior::as_draws_array(draws)[, , variables(fit)]))
  }
  for (format in formats) {
    taken <- format(fit, iteration = c(9, 3, 3), chain = 3:2)
    expect_identical(class(taken), class(format(fit)))
    expect_equal(numbers(taken),
                 numbers(posterior::subset_draws(array, iteration = c(9, 3), chain = 3:2)))
    expect_equal(numbers(format(fit, draw = c(47, 2))),
                 numbers(suppressMessages(posterior::subset_draws(array, draw = c(47, 2)))))
  }
  matrix <- as.matrix(fit)
  expect_identical(as.matrix(fit, draw = c(47, 2)), matrix[c(2, 47), ])
  expect_identical(as.matrix(fit, subset = 3:4), matrix[3:4, ])
  expect_identical(as.matrix(fit, chain = 2), matrix[41:80, ])
  expect_identical(as.data.frame(fit, iteration = 1), as.data.frame(fit)[c(1, 41, 81), ],
                   ignore_attr = TRUE)
  expect_identical(as.array(fit, chain = 3)[, 1, ], as.array(fit)[, 3, ])
  expect_identical(dim(as.array(fit, draw = 7)), c(1L, 1L, length(variables(fit))))
})

test_that("draws that the fit has not are refused, by the argument's name", {
  calls <- list(draw = quote(as.matrix(fit, draw = 121)), draw = quote(as_draws(fit, draw = 0)),
                draw = quote(as_draws_df(fit, draw = "1")), chain = quote(as.array(fit, chain = 4)),
                iteration = quote(as_draws_rvars(fit, iteration = 1.5)),
                iteration = quote(as.data.frame(fit, iteration = integer())),
                draw = quote(as.matrix(fit, draw = 1, chain = 1)),
                draw = quote(as.matrix(fit, draw = 1, subset = 1)))
  for (k in seq_along(calls)) {
    expect_error(eval(calls[[k]]), paste0("`", names(calls)[k], "`"), class = "relm_error",
                 label = deparse1(calls[[k]]))
  }
})

test_that("rstanarm's words choose variables in every format", {
  for (format in list(as_draws, as_draws_array, as_draws_df, as_draws_matrix, as_draws_list)) {
    expect_identical(posterior::variables(format(fit, pars = "x", regex_pars = "^sd_")),
                     c("b_x", "sd_g__Intercept", "sd_g__v"))
  }
  expect_named(as_draws_rvars(fit, pars = "x"), "b_x")
  expect_identical(coda::varnames(as.mcmc.list(fit, pars = c("x", "sigma"))), c("b_x", "sigma"))
})

test_that("every extractor refuses arguments that it does not know", {
  one <- relm(y ~ x, grouped_data(), seed = 1, chains = 1, draws = 8)
  extractors <- list(
    as_draws = as_draws, as_draws_array = as_draws_array, as_draws_df = as_draws_df,
    as_draws_matrix = as_draws_matrix, as_draws_list = as_draws_list,
    as_draws_rvars = as_draws_rvars, as.mcmc.list = as.mcmc.list, as.mcmc = coda::as.mcmc,
    as.array = as.array, as.matrix = as.matrix, as.data.frame = as.data.frame,
    variables = variables, nvariables = posterior::nvariables
  )
  for (name in names(extractors)) {
    expect_error(extractors[[name]](one, inc_warmup = TRUE),
                 paste0(name, ".*no argument `inc_warmup`"), class = "relm_error")
  }
})

test_that("random variables have a row for each group, by its name, whatever it is called", {
  names <- list(whole = 1:7 * 1000001, text = letters[1:7], zero = 0:6, mixed = c("1", "2", letters[1:5]))
  for (levels in names) {
    data <- grouped_data(28)
    data$g <- rep(levels, 4)[as.integer(factor(data$g))]
    fit <- relm(y ~ x + (1 + v | g), data, sigma = ~ g, seed = 1, chains = 2, draws = 5)
    rvars <- as_draws_rvars(fit)
    rows <- format(sort(unique(data$g)), scientific = FALSE, trim = TRUE)
    expect_identical(dimnames(rvars$r_g), list(rows, c("Intercept", "v")))
    expect_identical(dimnames(rvars$sigma_g), list(rows))
    name <- sprintf("r_g[%s,v]", rows[3])
    expect_identical(posterior::draws_of(rvars$r_g[3, 2])[, 1, 1], as.matrix(fit, name)[, 1],
                     ignore_attr = TRUE)
    expect_identical(posterior::nchains(rvars), 2L)
    # And back.
    expect_equal(posterior::as_draws_array(rvars)[, , variables(fit)], as_draws_array(fit),
                 ignore_attr = TRUE)
  }
})

test_that("random variables of some group effects leave the others open", {
  rvars <- as_draws_rvars(fit, c("r_g[g2,v]", "r_g[g5,Intercept]"))
  expect_identical(dimnames(rvars$r_g), list(c("g2", "g5"), c("v", "Intercept")))
  expect_identical(unname(is.na(posterior::draws_of(rvars$r_g)[1, , ])), rbind(c(FALSE, TRUE),
                                                                           c(TRUE, FALSE)))
})

test_that("draws of several groupings are those of each, kept or not", {
  kept <- nested_fit()
  without <- nested_fit(group_draws = FALSE)
  some <- nested_fit(group_draws = list(a = TRUE))
  expect_identical(variables(without), variables(kept)[1:7])
  expect_identical(variables(some), variables(kept)[1:15])
  groups <- c("^r_a\\[", "^r_a:b\\[.*x", "^coef_")
  for (fit in list(without, some)) {
    expect_identical(as.matrix(fit, groups, regex = TRUE), as.matrix(kept, groups, regex = TRUE))
  }
  effects <- kept_effects(kept)[[2]]
  draws <- as_draws_array(kept, "^r_", regex = TRUE)
  groups <- lapply(kept$posterior$groupings, `[[`, "groups")
  drawn <- function(name) as.numeric(draws[, 2, name])
  expect_identical(drawn(sprintf("r_a:b[%s,x]", groups[[2]][5])), effects[[2]][2, 5, ])
  expect_identical(drawn(sprintf("r_a[%s,Intercept]", groups[[1]][3])), effects[[1]][1, 3, ])
})

test_that("coefficients of a grouping have its own deviations alone", {
  for (fit in list(nested_fit(), crossed_fit(y ~ x + (1 | a) + (1 + x | a:b)))) {
    draws <- as.matrix(fit, c("b_x", "b_Intercept", "r_a:b[c:1,x]", "coef_a:b[c:1,x]",
                              "r_a[c,Intercept]", "coef_a[c,Intercept]", "coef_a[c,x]"))
    expect_equal(draws[, 4], draws[, 1] + draws[, 3])
    expect_equal(draws[, 6], draws[, 2] + draws[, 5])
    expect_identical(draws[, 7], draws[, 1])
  }
  crossed <- crossed_fit(y ~ 1 + (1 | a) + (0 + x | c))
  expect_identical(colnames(as.matrix(crossed, "^coef_.\\[[ap],", regex = TRUE)),
                   c("coef_a[a,Intercept]", "coef_c[p,Intercept]", "coef_c[p,x]"))
  draws <- as.matrix(crossed, c("coef_c[p,x]", "r_c[p,x]"))
  expect_identical(draws[, 1], draws[, 2])
})

test_that("each grouping is a random variable, groups x columns", {
  fit <- crossed_fit()
  rvars <- as_draws_rvars(fit)
  expect_identical(dim(rvars$r_a), c(8L, 1L))
  expect_identical(dimnames(rvars$r_c), list(c("p", "q", "r", "s", "t"), c("Intercept", "x")))
  expect_equal(mean(rvars$r_c)["s", "x"], mean(as.matrix(fit, "r_c[s,x]")))
})

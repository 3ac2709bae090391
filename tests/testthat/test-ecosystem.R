# Packages that work on draws and tables alone, each on a fit.
fit <- relm(log(mercury) ~ x + (1 + x | station), bass_centered(), chains = 2, draws = 200,
            seed = 1)

test_that("coda diagnoses and summarizes the chains", {
  chains <- as.mcmc.list(fit, "^(b|sd)_|sigma", regex = TRUE)
  psrf <- coda::gelman.diag(chains, autoburnin = FALSE)$psrf
  expect_identical(rownames(psrf), coda::varnames(chains))
  expect_lt(max(psrf[, "Point est."]), 1.1)
  size <- coda::effectiveSize(chains)
  expect_gt(min(size), 100)
  interval <- coda::HPDinterval(coda::mcmc(as.matrix(chains)), prob = 0.9)
  covered <- mean(as.matrix(fit, "sigma") >= interval["sigma", "lower"] &
                    as.matrix(fit, "sigma") <= interval["sigma", "upper"])
  expect_equal(covered, 0.9, tolerance = 0.01)
  expect_length(coda::HPDinterval(chains), 2)
})

test_that("posterior summarizes, chooses and reshapes", {
  table <- posterior::summarise_draws(fit, "median", "rhat")
  expect_identical(plain(table$variable), variables(fit))
  expect_equal(plain(table$median)[table$variable == "b_x"], fixef(fit)[["x"]])
  one <- posterior::subset_draws(as_draws_df(fit), "^r_station", regex = TRUE, chain = 2)
  expect_equal(plain(c(posterior::nchains(one), posterior::nvariables(one))), c(1, 32))
  rvars <- as_draws_rvars(fit)
  expect_equal(plain(median(rvars$b_x)), fixef(fit)[["x"]])
  expect_equal(as.numeric(posterior::draws_of(rvars$b_Intercept + rvars$b_x)),
               rowSums(as.matrix(fit, c("b_Intercept", "b_x"))))
})

test_that("tidybayes spreads and gathers draws", {
  skip_if_not_installed("tidybayes")
  expect_identical(tidybayes::get_variables(fit), variables(fit))
  spread <- tidybayes::spread_draws(fit, b_x, r_station[station, term])
  expect_identical(nrow(spread), 16L * 2L * 400L)
  expect_setequal(spread$station, levels(bass$station))
  expect_setequal(spread$term, c("Intercept", "x"))
  chosen <- spread[spread$station == "w3" & spread$term == "x", ]
  expect_identical(plain(chosen$r_station), as.numeric(as.matrix(fit, "r_station[w3,x]")))
  expect_identical(plain(chosen$b_x), as.numeric(as.matrix(fit, "b_x")))
  coefs <- tidybayes::spread_draws(as_draws(fit, "^coef_", regex = TRUE),
                                   coef_station[station, term])
  expect_equal(plain(coefs$coef_station)[coefs$station == "w3" & coefs$term == "x"],
               plain(chosen$r_station) + plain(chosen$b_x))
  gathered <- tidybayes::gather_draws(fit, b_x, sigma)
  expect_identical(plain(gathered$.value)[gathered$.variable == "sigma"],
                   as.numeric(as.matrix(fit, "sigma")))
})

test_that("tidybayes adds draws of predictions to new rows", {
  skip_if_not_installed("tidybayes")
  skip_if_not_installed("rstantools")
  new <- data.frame(x = c(-0.1, 0.2), station = c("l1", "w3"))
  added <- tidybayes::add_epred_draws(new, fit)
  expect_identical(names(added)[1:3], c("x", "station", ".row"))
  expect_identical(plain(added$.epred), as.numeric(posterior_epred(fit, new)))
  expect_equal(plain(added$.draw), rep(1:400, 2))
  without <- tidybayes::add_linpred_draws(new, fit, re_formula = NA)
  expect_equal(plain(without$.linpred)[without$.row == 1],
               as.numeric(as.matrix(fit, c("b_Intercept", "b_x")) %*% c(1, -0.1)))
  new_station <- transform(new, station = "new")
  predicted <- tidybayes::add_predicted_draws(new_station, fit, ndraws = 50, seed = 1,
                                              allow_new_levels = TRUE)
  expect_identical(nrow(predicted), 100L)
  expect_identical(predicted$.prediction,
                   tidybayes::add_predicted_draws(new_station, fit, ndraws = 50, seed = 1,
                                                  allow_new_levels = TRUE)$.prediction)
})

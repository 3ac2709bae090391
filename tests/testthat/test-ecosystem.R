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
  expect_identical(table$variable, variables(fit))
  expect_equal(table$median[table$variable == "b_x"], fixef(fit)[["x"]])
  one <- posterior::subset_draws(as_draws_df(fit), "^r_station", regex = TRUE, chain = 2)
  expect_identical(c(posterior::nchains(one), posterior::nvariables(one)), c(1L, 32L))
  rvars <- as_draws_rvars(fit)
  expect_equal(median(rvars$b_x), fixef(fit)[["x"]])
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
  expect_identical(chosen$r_station, as.numeric(as.matrix(fit, "r_station[w3,x]")))
  expect_identical(chosen$b_x, as.numeric(as.matrix(fit, "b_x")))
  coefs <- tidybayes::spread_draws(as_draws(fit, "^coef_", regex = TRUE),
                                   coef_station[station, term])
  expect_equal(coefs$coef_station[coefs$station == "w3" & coefs$term == "x"],
               chosen$r_station + chosen$b_x)
  gathered <- tidybayes::gather_draws(fit, b_x, sigma)
  expect_identical(gathered$.value[gathered$.variable == "sigma"],
                   as.numeric(as.matrix(fit, "sigma")))
})

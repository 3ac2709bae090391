fit <- relm(log(mercury) ~ log(length) + (1 | station), bass, chains = 2, draws = 100, seed = 1)

# bayesplot uses parts of ggplot2 that newer versions warn of.
draw <- function(plot) suppressWarnings(ggplot2::ggplot_build(plot))

test_that("bayesplot's rhat() and neff_ratio() are posterior's measures", {
  skip_if_not_installed("bayesplot")
  draws <- as_draws_array(fit)
  expected <- apply(draws, 3, posterior::rhat)
  expect_equal(c(unclass(bayesplot::rhat(fit))), expected)
  expect_equal(posterior::rhat(fit), expected)
  ess <- pmin(apply(draws, 3, posterior::ess_bulk), apply(draws, 3, posterior::ess_tail))
  expect_equal(c(unclass(bayesplot::neff_ratio(fit))), ess / 200)
  chosen <- bayesplot::neff_ratio(fit, pars = "sigma", regex_pars = "^b_")
  expect_named(chosen, c("sigma", "b_Intercept", "b_loglength"))
  expect_s3_class(draw(bayesplot::mcmc_rhat(bayesplot::rhat(fit)))$plot, "ggplot")
  expect_s3_class(draw(bayesplot::mcmc_neff(bayesplot::neff_ratio(fit)))$plot, "ggplot")
})

test_that("bayesplot draws a fit, its array and its draws, all the same numbers", {
  skip_if_not_installed("bayesplot")
  draws <- as_draws(fit, c("b_loglength", "sigma"))
  array <- as.array(fit, pars = c("b_loglength", "sigma"))
  for (plot in list(bayesplot::mcmc_trace, bayesplot::mcmc_areas, bayesplot::mcmc_intervals,
                    bayesplot::mcmc_dens_overlay)) {
    built <- draw(suppressWarnings(plot(array)))
    expect_identical(built$data, draw(suppressWarnings(plot(draws)))$data)
    expect_identical(built$data,
                     draw(suppressWarnings(plot(fit, pars = c("b_loglength", "sigma"))))$data)
    expect_gt(nrow(built$data[[1]]), 1)
  }
  expect_s3_class(suppressWarnings(bayesplot::mcmc_pairs(array)), "bayesplot_grid")
})

test_that("mcmc_acf() shows each chain's own autocorrelations", {
  skip_if_not_installed("bayesplot")
  skip_if(utils::packageVersion("bayesplot") < "1.11" &&
            utils::packageVersion("ggplot2") >= "3.5", "bayesplot too old for ggplot2")
  shown <- bayesplot::mcmc_acf(as.array(fit, pars = "sigma"), lags = 3)$data
  own <- stats::acf(as.array(fit)[, 2, "sigma"], lag.max = 3, plot = FALSE)$acf
  expect_equal(shown$AC[shown$Chain == 2], as.numeric(own))
})

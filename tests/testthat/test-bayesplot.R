skip_on_cran()

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

test_that("plot() passes bayesplot's types on, by either package's words", {
  skip_if_not_installed("bayesplot")
  skip_if_not_installed("ggplot2")
  array <- as.array(fit, pars = c("b_loglength", "sigma"))
  same <- function(ours, theirs) {
    expect_identical(draw(suppressWarnings(ours))$data, draw(suppressWarnings(theirs))$data)
  }
  theirs <- bayesplot::mcmc_areas(array, prob = 0.8)
  same(plot(fit, "areas", variable = c("b_loglength", "sigma"), prob = 0.8), theirs)
  same(plot(fit, "mcmc_areas", pars = c("log(length)", "sigma"), prob = 0.8), theirs)
  same(plot(fit, plotfun = "areas", regex_pars = "length$|^sigma", prob = 0.8), theirs)
  same(plot(fit, "mcmc_trace", pars = c("log(length)", "sigma")), bayesplot::mcmc_trace(array))
  hyper <- c("b_Intercept", "b_loglength", "sd_station__Intercept", "sigma")
  same(plot(fit, "intervals"), bayesplot::mcmc_intervals(as.array(fit, hyper)))
  same(plot(fit, "rhat"), bayesplot::mcmc_rhat(bayesplot::rhat(fit, hyper)))
  same(plot(fit, "neff_hist"), suppressMessages(bayesplot::mcmc_neff_hist(
    bayesplot::neff_ratio(fit, hyper))))
})

test_that("every type of draws can be drawn", {
  skip_if_not_installed("bayesplot")
  skip_if_not_installed("ggplot2")
  drawn <- 0
  types <- bayesplot_types()
  # bayesplot draws hexagons with a package of its own suggestions.
  if (!nzchar(system.file(package = "hexbin"))) types <- setdiff(types, "hex")
  for (type in types) {
    picture <- suppressMessages(suppressWarnings(tryCatch(
      plot(fit, paste0("mcmc_", type), pars = c("log(length)", "sigma")),
      lifecycle_error_deprecated = identity
    )))
    # A type that this bayesplot cannot draw with this ggplot2 at all is none of ours.
    if (inherits(picture, "lifecycle_error_deprecated")) next
    expect_true(inherits(picture, c("ggplot", "bayesplot_grid")), label = type)
    drawn <- drawn + 1
  }
  expect_gt(drawn, 15)
})

test_that("pairs() shows the hyperparameters, or those asked for", {
  skip_if_not_installed("bayesplot")
  skip_if_not_installed("ggplot2")
  panels <- function(picture) length(picture$bayesplots)
  expect_identical(panels(suppressWarnings(pairs(fit))), 16L)
  expect_identical(panels(suppressWarnings(pairs(fit, regex_pars = "^b_"))), 4L)
  expect_error(pairs(fit, pars = "none"), "none", class = "relm_error")
})

test_that("types of other samplers and arguments of other types are refused", {
  skip_if_not_installed("bayesplot")
  expect_error(plot(fit, "nuts_energy"), "`type`.*rank_overlay", class = "relm_error")
  expect_error(plot(fit, "areas", groups = "l1"), "`groups` is not for", class = "relm_error")
  expect_error(plot(fit, "areas", plotfun = "areas"), "mean the\n?.*same", class = "relm_error")
})

test_that("unknown arguments of the measures are refused", {
  skip_if_not_installed("bayesplot")
  expect_error(bayesplot::rhat(fit, par = "sigma", variable = "sigma"), "`variable`",
               class = "relm_error")
  expect_error(bayesplot::neff_ratio(fit, regexp = "sigma"), "`regexp`",
               class = "relm_error")
})

test_that("pairs of too many variables are refused before they are drawn", {
  skip_if_not_installed("bayesplot")
  names <- grep("^r_", variables(fit), value = TRUE)[1:13]
  expect_error(pairs(fit, pars = names), "at most 12 variables.*13.*`pars`", class = "relm_error")
  expect_error(plot(fit, "pairs", pars = names), "at most 12", class = "relm_error")
})

test_that("arguments that bayesplot would ignore are refused, and its errors named", {
  skip_if_not_installed("bayesplot")
  cases <- list("no argument `foo`" = quote(plot(fit, "areas", foo = 2)),
                "no argument `prb`.*`prob`" = quote(plot(fit, "areas", prb = 0.5)),
                "no argument `condiion`" = quote(pairs(fit, condiion = 1)),
                "no argument `lags`" = quote(plot(fit, "areas", lags = 3)),
                "mcmc_areas.*gives an error" = quote(plot(fit, "areas", prob = 2)),
                "rhat.*no argument `foo`" = quote(posterior::rhat(fit, foo = 1)),
                "neff_ratio.*no argument" = quote(bayesplot::neff_ratio(fit, variable = "sigma")))
  for (k in seq_along(cases)) {
    expect_error(eval(cases[[k]]), names(cases)[k], class = "relm_error",
                 label = deparse1(cases[[k]]))
  }
})

test_that("an unknown type is refused with the one that was perhaps meant", {
  skip_if_not_installed("bayesplot")
  meant <- c(ess = "neff", rhats = "rhat", stan_trace = "trace", shrinkge = "shrinkage",
             density = "dens")
  for (type in names(meant)) {
    expect_error(plot(fit, type), paste0("Did you mean.*\"", meant[[type]], "\""),
                 class = "relm_error")
  }
  expect_error(plot(fit, "nothing at all"), "Those are \"acf\"", class = "relm_error")
})

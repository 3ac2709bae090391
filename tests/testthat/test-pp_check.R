skip_on_cran()

skip_if_not_installed("bayesplot")

fit <- relm(log(mercury) ~ x + (1 | station), bass_centered(), chains = 2, draws = 60, seed = 1)
types <- sub("^ppc_", "", as.character(bayesplot::available_ppc("")))
discrete <- grep("^(bars|rootogram)|calibration", types, value = TRUE)
# bayesplot draws survival curves with a package of its own suggestions.
if (!nzchar(system.file(package = "ggfortify"))) {
  types <- grep("^km", types, invert = TRUE, value = TRUE)
}

quiet <- function(code) {
  suppressWarnings(suppressMessages(tryCatch(code, lifecycle_error_deprecated = identity)))
}

test_that("every type for continuous data gives a picture that can be drawn", {
  skip_if_not_installed("loo")
  shown <- 0
  fit <- relm(log(mercury) ~ x + (1 | station), bass_centered()[seq(1, 171, 4), ], chains = 1,
              draws = 60, seed = 1)
  for (type in setdiff(types, discrete)) {
    extra <- if (grepl("_vs_x$", type)) list(x = "x")
    if (grepl("^km", type)) extra <- list(status_y = rep(1, 43))
    picture <- quiet(do.call(pp_check, c(list(fit, type, seed = 1), extra)))
    # A type that this bayesplot cannot draw with this ggplot2 at all is none of ours.
    if (inherits(picture, "lifecycle_error_deprecated")) next
    expect_true(inherits(picture, c("ggplot", "bayesplot_grid")), label = type)
    shown <- shown + 1
  }
  expect_gt(shown, 30)
})

test_that("the data and the replicates are those of posterior_predict()", {
  picture <- pp_check(fit, "intervals", seed = 4, prob = 0.5)
  layer <- picture$data
  expect_equal(layer$y_obs, log(bass$mercury))
  yrep <- posterior_predict(fit, seed = 4)
  expect_equal(layer$m, unname(apply(yrep, 2, median)))
  expect_identical(nlevels(factor(pp_check(fit, ndraws = 7)$data$rep_id)), 7L)
  expect_equal(pp_check(fit, nreps = 7, seed = 1)$data, pp_check(fit, ndraws = 7, seed = 1)$data)
  expect_equal(pp_check(fit, plotfun = "hist", seed = 1)$data,
               pp_check(fit, "ppc_hist", seed = 1)$data)
})

test_that("groups are the grouping factor, a variable by its name, or values", {
  data <- suppressMessages(pp_check(fit, "stat_grouped", seed = 1)$data)
  expect_setequal(levels(factor(data$group)), levels(factor(bass$station)))
  river <- substr(bass$station, 1, 1)
  by_value <- suppressMessages(pp_check(fit, "stat_grouped", group = river, seed = 1)$data)
  expect_setequal(levels(factor(by_value$group)), c("l", "w"))
  by_name <- suppressMessages(pp_check(fit, "stat_grouped", group = "station", seed = 1)$data)
  expect_equal(by_name, data)
})

test_that("new rows are checked against their own response", {
  some <- bass_centered()[c(5, 60, 100), ]
  picture <- pp_check(fit, "intervals_grouped", newdata = some, x = "x", seed = 1)
  expect_equal(sort(picture$data$y_obs), sort(log(some$mercury)))
  expect_equal(sort(picture$data$x), sort(some$x))
  fixed <- pp_check(fit, "intervals", newdata = transform(some, station = "new"), re_formula = NA,
                    seed = 1)
  expect_identical(nrow(fixed$data), 3L)
})

test_that("rows left out have the probabilities of their predictive distributions", {
  skip_if_not_installed("loo")
  long <- relm(log(mercury) ~ x + (1 | station), bass_centered(), seed = 1, chains = 2,
               draws = 1000)
  drawn <- left_out_replicates(long, "lw", 5)
  weights <- exp(drawn$lw)
  expect_equal(colSums(weights), rep(1, 171))
  # The probability below y_i, by normal distribution functions and by the replicates.
  at <- row_moments(long)(1:171, TRUE)
  exact <- colSums(weights * pnorm(rep(at$y, each = 2000), at$mean, at$sd))
  below <- drawn$yrep < rep(drawn$y, each = 2000)
  share <- colSums(weights * below)
  error <- sqrt(colSums(weights^2) * exact * (1 - exact))
  expect_lt(max(abs(share - exact) / error), 4)
})

test_that("replicates come from the seed, or from the session's stream, which moves on", {
  skip_if_not_installed("loo")
  y <- function(...) left_out_replicates(fit, "lw", ...)$yrep
  expect_identical(y(3), y(3))
  set.seed(1)
  expect_false(identical(y(NULL), y(NULL)))
})

test_that("bad arguments are refused", {
  expect_error(pp_check(fit, "overlay"), "dens_overlay.*violin_grouped", class = "relm_error")
  expect_error(pp_check(fit, "hist", group = "station"), "no groups", class = "relm_error")
  expect_error(pp_check(fit, "error_scatter_avg_vs_x"), "x", class = "relm_error")
  expect_error(pp_check(fit, "stat_grouped", group = "river"), "river.*station",
               class = "relm_error")
  expect_error(pp_check(fit, "stat_grouped", group = 1:3), "171", class = "relm_error")
  expect_error(pp_check(fit, grep("^loo", types, value = TRUE)[1], newdata = bass), "newdata", class = "relm_error")
  line <- relm(log(mercury) ~ x, bass_centered(), chains = 1, draws = 20, seed = 1)
  expect_error(pp_check(line, "stat_grouped"), "group", class = "relm_error")
  parts <- relm(crossprods(log(mercury) ~ x + (1 | station), bass_centered()), chains = 1,
                draws = 20, seed = 1)
  expect_error(pp_check(parts), "cross-products", class = "relm_error")
})

test_that("bayesplot's generic knows it, and relm's passes others on", {
  expect_equal(bayesplot::pp_check(fit, seed = 1)$data, pp_check(fit, seed = 1)$data)
  y <- rnorm(20)
  yrep <- matrix(rnorm(100), 5)
  expect_equal(pp_check(y, yrep, bayesplot::ppc_dens_overlay)$data,
               bayesplot::ppc_dens_overlay(y, yrep)$data)
})

test_that("many rows and many groups are shown in part, which a message says", {
  set.seed(1)
  many <- data.frame(g = rep(1:60, each = 100), x = rnorm(6000))
  many$y <- many$x + rnorm(60)[many$g] + rnorm(6000)
  large <- relm(y ~ x + (1 | g), many, chains = 2, draws = 60, seed = 1)
  expect_message(picture <- pp_check(large, seed = 1), "5000 of 6000 rows.*`newdata`",
                 class = "relm_message")
  expect_identical(nrow(picture$data), 5000L * (50L + 1L))
  expect_true(all(picture$data$value[picture$data$is_y] %in% many$y))
  again <- suppressMessages(pp_check(large, seed = 1))
  expect_identical(again$data, picture$data)
  expect_message(suppressMessages(groups <- pp_check(large, "stat_grouped", seed = 1),
                                  classes = "simpleMessage"), "36 of 60 groups")
  expect_identical(nlevels(factor(groups$data$group)), 36L)
  # A statistic is of all rows of its group.
  yrep <- posterior_predict(large, seed = 1)
  shown <- levels(factor(groups$data$group))[2]
  expect_true(all(rowMeans(yrep[, many$g == shown]) %in%
                    groups$data$value[groups$data$group == shown]))
  expect_message(suppressMessages(pp_check(large, "intervals", x = "x", seed = 1),
                                  classes = "simpleMessage"), "5000 of 6000")
  expect_no_message(pp_check(large, newdata = many[1:200, ], seed = 1), class = "relm_message")
})

test_that("a statistic of many rows is of fewer draws, unless they are asked for", {
  long <- fit
  long$sampling$hyper <- fit$sampling$hyper[rep(1:60, 500), , ]
  long$sampling$draws <- 30000L
  expect_message(most <- draws_to_show(long, "stat", NULL, 1e4), "400 of 60000 draws")
  expect_identical(most, 400)
  expect_message(draws_to_show(long, "stat_grouped", NULL, 1e6), "100 of 60000 draws")
  expect_no_message(expect_identical(draws_to_show(long, "stat", 7, 1e6), 7))
})

test_that("what a type does not take is refused, and names meant are named", {
  cases <- list("no argument `foo`" = quote(pp_check(fit, foo = 3)),
                "no argument `binwith`.*`binwidth`" = quote(pp_check(fit, "stat", binwith = 3)),
                "Did you mean \"stat\"" = quote(pp_check(fit, "sat")),
                "Did you mean \"hist\"" = quote(pp_check(fit, "histogram")),
                "has no `x`" = quote(pp_check(fit, x = "x")),
                "has no `x`" = quote(pp_check(fit, "hist", x = sum)),
                "`x` must be" = quote(pp_check(fit, "intervals", x = sum)),
                "`group` must be" = quote(pp_check(fit, "stat_grouped", group = as.list(1:171))),
                "ppc_stat.*nosuch" = quote(pp_check(fit, "stat", stat = "nosuch")),
                "there is one" = quote(pp_check(fit, plotfun = "stat", nreps = 1)),
                "there is one" = quote(pp_check(fit, "intervals", draw_ids = 3)))
  for (k in seq_along(cases)) {
    expect_error(suppressMessages(eval(cases[[k]])), names(cases)[k], class = "relm_error",
                 label = deparse1(cases[[k]]))
  }
})

test_that("groups of any grouping are shown by its name", {
  skip_if_not_installed("bayesplot")
  fit <- nested_fit()
  data <- several_data()
  panels <- function(group) levels(pp_check(fit, "stat_grouped", group = group, seed = 1)$data$group)
  expect_identical(panels("a"), sort(unique(data$a)))
  expect_identical(sort(panels("a:b")), sort(unique(paste0(data$a, ":", data$b))))
})

test_that("trials and counts have pictures of their own", {
  skip_if_not_installed("bayesplot")
  data <- response_data()
  fits <- family_fits(data)
  shown <- list()
  for (name in names(fits)) {
    with_relm("draw_by_bayesplot", function(type, data, options) {
      shown[[name]] <<- c(list(type = type), data)
    }, pp_check(fits[[name]], seed = 1))
  }
  types <- vapply(shown, `[[`, "", "type")
  expect_identical(unname(types), c(rep("ppc_bars", 3), rep("ppc_rootogram", 2)))
  expect_identical(shown$cbind$y, data$s + 0)
  expect_identical(dim(shown$counts$yrep), c(50L, 60L))
  expect_s3_class(pp_check(fits$shares, seed = 1), "ggplot")
  expect_s3_class(pp_check(fits$dispersed, seed = 1), "ggplot")
  binned <- with_relm("draw_by_bayesplot", function(type, data, options) data,
                      pp_check(fits$shares, "error_binned", seed = 1, ndraws = 2))
  expect_equal(binned$y, data$s / data$m)
  expect_equal(unname(binned$yrep), unname(posterior_epred(fits$shares, ndraws = 2)))
})

test_that("of another family rows left out are given the rest of their group, or all effects", {
  for (package in c("bayesplot", "loo")) skip_if_not_installed(package)
  data <- response_data()
  fits <- family_fits(data)
  shown <- function(fit, type) {
    with_relm("draw_by_bayesplot", function(type, data, options) data,
              suppressWarnings(pp_check(fit, type, seed = 1)))
  }
  expect_left_out <- function(fit, y, yrep, log_density) {
    intervals <- shown(fit, "loo_intervals")
    expect_identical(intervals$y, y + 0)
    expect_equal(unname(intervals$yrep), unname(yrep))
    r_eff <- loo::relative_eff(exp(log_density), rep(1:2, each = 25))
    psis <- suppressWarnings(loo::psis(-log_density, r_eff = r_eff))
    expect_equal(weights(intervals$psis_object), weights(psis), ignore_attr = TRUE)
    pit <- shown(fit, "loo_pit_qq")
    expect_named(pit, "pit")
    shares <- exp(weights(psis))
    below <- colSums(shares * (yrep < rep(y, each = 50)))
    equal <- colSums(shares * (yrep == rep(y, each = 50)))
    expect_true(all(pit$pit >= below - 1e-9 & pit$pit <= below + equal + 1e-9))
  }
  expect_left_out(fits$counts, data$k, with_stream(1, draw_rows_left_out(fits$counts)),
                  row_densities(fits$counts)(1:60, TRUE))
  expect_left_out(fits$shares, data$s, posterior_predict(fits$shares, seed = 1),
                  log_lik(fits$shares))
  # Made-up draws of effects that the rows do not know.
  expect_warning(pp_check(fits$shares, "loo_pit_overlay", seed = 1), "Pareto k is above 0.7")
})

test_that("randomized PIT values of counts are uniform where the model holds", {
  set.seed(8)
  y <- rpois(2000, 1.5)
  yrep <- matrix(rpois(300 * 2000, 1.5), 300)
  pit <- with_stream(3, randomized_pit(y, yrep, matrix(1 / 300, 300, 2000)))
  # A count above all predictions has a value of one, and so ties.
  expect_gt(suppressWarnings(ks.test(pit, "punif"))$p.value, 0.01)
  plain <- colMeans(yrep <= rep(y, each = 300))
  expect_lt(suppressWarnings(ks.test(plain, "punif"))$p.value, 1e-6)
})

skip_if_not_installed("ggplot2")

fit <- relm(log(mercury) ~ x + (1 + x || station), bass_centered(), seed = 1, chains = 2,
            draws = 100)

gibbs <- update(fit, sampler = "uncentered", seed = 4)

test_that("fits are compared by their first chains, a panel for each trace", {
  plot <- plot(fit, "compare", with = gibbs, variable = c("b_x", "sigma"))
  panels <- built(plot)$layout$layout
  expect_identical(levels(panels$panel),
                   c("collapsed", "uncentered", "density", "autocorrelation"))
  lines <- layers(plot, "GeomLine")
  trace <- lines[[1]]
  for (k in 1:2) {
    name <- c("collapsed", "uncentered")[k]
    own <- trace[trace$variable == "sigma" & trace$panel == name, ]
    draws <- as.numeric(as_draws_array(list(fit, gibbs)[[k]], "sigma")[, 1, ])
    expect_equal(own$y[order(own$x)], draws)
  }
})

test_that("autocorrelations and densities of all fits share their panels", {
  plot <- plot(fit, "compare", with = gibbs, variable = c("b_x", "sigma"), lags = 12)
  shared <- layers(plot, "GeomLine")[[2]]
  for (k in 1:2) {
    draws <- as.numeric(as_draws_array(list(fit, gibbs)[[k]], "b_x")[, 1, ])
    own <- shared[shared$variable == "b_x" & shared$group == k, ]
    acf <- own[own$panel == "autocorrelation", ]
    expect_equal(acf$y[order(acf$x)], as.numeric(acf(draws, 12, plot = FALSE)$acf))
    bandwidth <- bw.nrd0(draws)
    density <- own[own$panel == "density", ]
    expect_equal(range(density$x), range(draws) + c(-3, 3) * bandwidth)
    at <- density$x[100]
    kernel <- mean(dnorm(at, draws, bandwidth))
    # density() bins the draws.
    expect_equal(density$y[100], kernel, tolerance = 1e-3)
  }
})

test_that("fits are named by their samplers, or as their list names them", {
  named <- plot(fit, "compare", with = list(longer = fit, gibbs), variable = "sigma")
  expect_identical(levels(built(named)$layout$layout$panel)[1:3],
                   c("collapsed", "longer", "uncentered"))
  twice <- plot(fit, "compare", with = fit, variable = "sigma")
  expect_identical(levels(built(twice)$layout$layout$panel)[1:2], c("collapsed", "collapsed 1"))
})

test_that("traces of one variable share a range, and autocorrelations one with 0 and 1", {
  plot <- plot(fit, "compare", with = gibbs, variable = "sd_station__x")
  ranges <- lapply(built(plot)$layout$panel_params, function(panel) panel$y.range)
  expect_equal(ranges[[1]], ranges[[2]])
  expect_lte(ranges[[4]][1], 0)
  expect_gte(ranges[[4]][2], 1)
})

test_that("the first row names the panels, the first column the variables", {
  labels <- data.frame(variable = rep(c("a", "b"), each = 2), panel = rep(c("s", "t"), 2))
  expect_identical(titles_of_rows(labels), list(c("a\ns", "\nt", "b", "")))
  labels$panel <- rep(c("s", strrep("t", 60)), 2)
  expect_identical(nchar(titles_of_rows(labels)[[1]]), c(3L, 51L, 1L, 0L))
})

test_that("only fits of one model are compared", {
  expect_error(plot(fit, "compare"), "`with`", class = "relm_error")
  expect_error(plot(fit, "compare", with = list(1)), "`with`", class = "relm_error")
  other <- update(fit, . ~ x + (1 | station))
  expect_error(plot(fit, "compare", with = other), "sd_station__x", class = "relm_error")
  common <- c("b_x", "sigma")
  expect_s3_class(plot(fit, "compare", with = other, variable = common), "ggplot")
})

skip_if_not_installed("ggplot2")

fit <- relm(log(mercury) ~ x + (1 + x || station), bass_centered(), seed = 1, chains = 2,
            draws = 100)

test_that("the trace shows every draw of each chain, a row of panels for each variable", {
  plot <- plot(fit)
  expect_s3_class(plot, "ggplot")
  trace <- layers(plot, "GeomLine")[[1]]
  names <- c("b_Intercept", "b_x", "sd_station__Intercept", "sd_station__x", "sigma")
  expect_setequal(as.character(trace$variable), names)
  draws <- as_draws_array(fit)
  for (name in names) for (chain in 1:2) {
    own <- trace[trace$variable == name & trace$group == chain, ]
    expect_equal(own$y[order(own$x)], as.numeric(draws[, chain, name]), label = name)
  }
})

test_that("each chain has a color of its own, the same in trace and density", {
  plot <- plot(fit, variable = "sigma")
  build <- built(plot)
  colors <- lapply(build$data, function(layer) unique(layer[c("group", "colour")]))
  expect_identical(nrow(colors[[1]]), 2L)
  expect_identical(anyDuplicated(colors[[1]]$colour), 0L)
  expect_equal(colors[[1]], colors[[2]], ignore_attr = TRUE)
})

test_that("densities stay where the parameter can be", {
  plot <- plot(fit, variable = c("sigma", "sd_station__x"))
  density <- built(plot)$data[[2]]
  expect_gte(min(density$y), 0)
})

test_that("a density is highest where the draws are", {
  density <- layers(plot(fit, variable = "sigma"), "GeomPath")
  density <- density[[length(density)]]
  for (chain in 1:2) {
    draws <- as.numeric(as_draws_array(fit, "sigma")[, chain, ])
    own <- density[density$group == chain, ]
    mode <- own$y[which.max(own$x)]
    expect_gt(mode, quantile(draws, 0.1))
    expect_lt(mode, quantile(draws, 0.9))
  }
})

test_that("variables are chosen as in as_draws(), and one draw can be shown", {
  panels <- built(plot(fit, variable = "^r_station\\[l", regex = TRUE))$layout$layout
  expect_setequal(as.character(panels$variable), grep("^r_station\\[l", variables(fit),
                                                      value = TRUE))
  expect_error(plot(fit, variable = "x"), "variable", class = "relm_error")
  one <- relm(log(mercury) ~ length, bass, seed = 1, chains = 2, draws = 1)
  expect_s3_class(built(plot(one)), "ggplot_built")
})

test_that("autocorrelations are those of each chain", {
  table <- layers(plot(fit, "acf"), "GeomLine")[[1]]
  draws <- as_draws_array(fit)
  for (name in variables(draws)[1:5]) for (chain in 1:2) {
    own <- table[table$variable == name & table$group == chain, ]
    expected <- acf(as.numeric(draws[, chain, name]), 40, plot = FALSE)$acf
    expect_equal(own$y[order(own$x)], as.numeric(expected), label = name)
  }
})

test_that("fits are compared by their first chains, and named by their samplers", {
  gibbs <- update(fit, sampler = "uncentered", seed = 4)
  plot <- plot(fit, "compare", with = gibbs, variable = c("b_x", "sigma"))
  panels <- built(plot)$layout$layout
  expect_identical(levels(panels$panel), c("collapsed", "uncentered", "autocorrelation"))
  lines <- layers(plot, "GeomLine")
  trace <- lines[[1]]
  own <- trace[trace$variable == "sigma" & trace$panel == "uncentered", ]
  expect_equal(own$y[order(own$x)], as.numeric(as_draws_array(gibbs, "sigma")[, 1, ]))
  table <- lines[[2]]
  own <- table[table$variable == "b_x" & table$group == 2, ]
  expected <- acf(as.numeric(as_draws_array(gibbs, "b_x")[, 1, ]), 40, plot = FALSE)$acf
  expect_equal(own$y[order(own$x)], as.numeric(expected))
  named <- plot(fit, "compare", with = list(longer = fit, gibbs))
  expect_identical(levels(built(named)$layout$layout$panel),
                   c("collapsed", "longer", "uncentered", "autocorrelation"))
})

test_that("traces of one variable share a range", {
  gibbs <- update(fit, sampler = "centered", seed = 4)
  plot <- plot(fit, "compare", with = gibbs, variable = "sd_station__x")
  scales <- built(plot)$layout$panel_params
  ranges <- lapply(scales[1:2], function(panel) panel$y.range)
  expect_equal(ranges[[1]], ranges[[2]])
})

test_that("only fits of one model are compared", {
  expect_error(plot(fit, "compare"), "`with`", class = "relm_error")
  expect_error(plot(fit, "compare", with = list(1)), "`with`", class = "relm_error")
  other <- update(fit, . ~ x + (1 | station))
  expect_error(plot(fit, "compare", with = other), "sd_station__x", class = "relm_error")
})

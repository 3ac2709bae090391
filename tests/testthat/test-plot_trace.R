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

test_that("of long chains the line keeps the extremes of each stretch", {
  set.seed(1)
  values <- rnorm(1e4)
  kept <- outline_of(values, 200)
  expect_lte(length(kept), 200)
  expect_false(is.unsorted(kept, strictly = TRUE))
  stretches <- split(values, rep(1:100, each = 100))
  drawn <- split(values[kept], ceiling(kept / 100))
  expect_equal(lapply(drawn, range), lapply(stretches, range))
  expect_identical(outline_of(values[1:200], 200), 1:200)
})

test_that("draws of a heavy tail do not press the others into a line", {
  heavy <- fit
  heavy$sampling$hyper[7, 2, "b_x"] <- 1e6
  expect_message(plot <- plot(heavy), "b_x", class = "relm_message")
  trace <- layers(plot, "GeomLine")[[1]]
  own <- trace[trace$variable == "b_x", ]
  others <- as.numeric(fit$sampling$hyper[, , "b_x"])[-107]
  expect_equal(range(own$y), range(others))
  expect_equal(own$y[own$group == 2 & own$x == 7], max(others))
  density <- layers(plot, "GeomPath")
  density <- density[[length(density)]]
  expect_lt(max(density$y[density$variable == "b_x"]), 2 * max(others))
  expect_message(plot(fit), NA)
})

test_that("of many hyperparameters twelve are shown, as a message says", {
  many <- relm(log(mercury) ~ x + (1 | station), bass_centered(), sigma = ~ station, seed = 1,
               prior = relm_prior(sigma = half_cauchy(1)), chains = 1, draws = 10)
  expect_message(plot <- plot(many), "12 of 19", class = "relm_message")
  expect_length(unique(built(plot)$layout$layout$variable), 12)
})

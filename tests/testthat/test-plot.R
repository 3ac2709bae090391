skip_if_not_installed("ggplot2")

fit <- relm(log(mercury) ~ x + (1 + x || station), bass_centered(), seed = 1, chains = 2,
            draws = 100)
built <- function(plot) ggplot2::ggplot_build(plot)

# The layers of a plot whose geom is of this kind, with the facet's values beside the data.
layers <- function(plot, geom) {
  chosen <- vapply(plot$layers, function(layer) inherits(layer$geom, geom), NA)
  build <- built(plot)
  lapply(build$data[chosen], merge, build$layout$layout, by = "PANEL")
}

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
  expect_error(plot(fit, "density"), "`type`", class = "relm_error")
  one <- relm(log(mercury) ~ length, bass, seed = 1, chains = 2, draws = 1)
  expect_s3_class(built(plot(one)), "ggplot_built")
})

test_that("a panel for each group has its points and its least-squares line", {
  plot <- plot(fit, "groups")
  points <- layers(plot, "GeomPoint")[[1]]
  squares <- layers(plot, "GeomLine")[[2]]
  data <- bass_centered()
  for (station in levels(data$station)) {
    own <- data[data$station == station, ]
    shown <- points[points$group.y == station, ]
    expect_equal(sort(shown$y), sort(log(own$mercury)))
    line <- squares[squares$group.y == station, ]
    expected <- predict(lm(log(mercury) ~ x, own), data.frame(x = range(own$x)))
    expect_equal(line$y[order(line$x)], unname(expected), label = station)
  }
})

test_that("the model's line is the median of its draws, in a 95% band", {
  plot <- plot(fit, "groups")
  model <- layers(plot, "GeomLine")[[1]]
  band <- layers(plot, "GeomRibbon")[[1]]
  coefficients <- as.matrix(fit, c("coef_station[w7,Intercept]", "coef_station[w7,x]"))
  own <- model[model$group.y == "w7", ]
  lines <- coefficients %*% rbind(1, own$x)
  expect_equal(own$y, apply(lines, 2, median))
  band <- band[band$group.y == "w7", ]
  expect_equal(band$ymin, apply(coefficients %*% rbind(1, band$x), 2, quantile, 0.025,
                                names = FALSE))
  expect_equal(band$ymax, apply(coefficients %*% rbind(1, band$x), 2, quantile, 0.975,
                                names = FALSE))
})

test_that("least-squares lines of a weighted model are weighted", {
  data <- grouped_data()
  fit <- relm(y ~ x + (1 | g), data, weights = w, seed = 1, chains = 1, draws = 20)
  squares <- layers(plot(fit, "groups"), "GeomLine")[[2]]
  own <- data[data$g == "g2", ]
  expected <- predict(lm(y ~ x, own, weights = w), data.frame(x = range(own$x)))
  line <- squares[squares$group.y == "g2", ]
  expect_equal(line$y[order(line$x)], unname(expected))
})

test_that("models that are not lines in groups are refused", {
  refused <- function(formula) {
    fit <- relm(formula, grouped_data(), seed = 1, chains = 1, draws = 5)
    expect_error(plot(fit, "groups"), class = "relm_error")
  }
  refused(y ~ x)
  refused(y ~ x + v + (1 | g))
  refused(y ~ x + (1 + x + v || g))
  products <- relm(crossprods(y ~ x + (1 | g), data = grouped_data()), seed = 1, chains = 1,
                   draws = 5)
  expect_error(plot(products, "groups"), "data", class = "relm_error")
})

skip_if_not_installed("ggplot2")

fit <- relm(log(mercury) ~ x + (1 + x || station), bass_centered(), seed = 1, chains = 2,
            draws = 100)

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

test_that("models without lines in groups are refused", {
  refused <- function(formula) {
    fit <- relm(formula, grouped_data(), seed = 1, chains = 1, draws = 5)
    expect_error(plot(fit, "groups"), class = "relm_error")
  }
  refused(y ~ x)
  refused(y ~ 1 + (1 | g))
  products <- relm(crossprods(y ~ x + (1 | g), data = grouped_data()), seed = 1, chains = 1,
                   draws = 5)
  expect_error(plot(products, "groups"), "data", class = "relm_error")
})

test_that("with more columns the lines are at each group's means of the others", {
  data <- grouped_data()
  fit <- relm(y ~ x + v + (1 + x | g), data, seed = 1, chains = 1, draws = 50)
  plot <- plot(fit, "groups", against = "v")
  own <- data[data$g == "g4", ]
  lines <- layers(plot, "GeomLine")
  model <- lines[[1]][lines[[1]]$group.y == "g4", ]
  draws <- as.matrix(fit, paste0("coef_g[g4,", c("Intercept", "x", "v"), "]"))
  expect_equal(model$y, apply(draws %*% rbind(1, mean(own$x), model$x), 2, median))
  squares <- lines[[2]][lines[[2]]$group.y == "g4", ]
  expected <- predict(lm(y ~ x + v, own), data.frame(x = mean(own$x), v = squares$x))
  expect_equal(squares$y, unname(expected))
  expect_error(plot(fit, "groups", against = "w"), "`against`", class = "relm_error")
})

test_that("groups can be chosen, and of many 36 are shown", {
  panels <- built(plot(fit, "groups", groups = c("w9", "l1")))$layout$layout
  expect_identical(as.character(panels$group), c("w9", "l1"))
  expect_error(plot(fit, "groups", groups = "x9"), "`groups`", class = "relm_error")
  many <- data.frame(g = rep(1:80, each = 4), x = rep(1:4, 80))
  many$y <- many$g %% 7 + many$x + sin(many$g * many$x)
  many <- relm(y ~ x + (1 | g), many, seed = 1, chains = 1, draws = 20)
  expect_message(plot <- plot(many, "groups"), "36 of 80", class = "relm_message")
  expect_identical(nrow(built(plot)$layout$layout), 36L)
})

test_that("long names lose their middle", {
  expect_identical(relm:::shortened(c("short", "a very long name of a group 12")),
                   c("short", "a very\u2026 a group 12"))
})

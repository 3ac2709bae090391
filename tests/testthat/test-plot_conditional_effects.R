skip_if_not_installed("ggplot2")
data <- grouped_data()
fit <- relm(y ~ x * f + (1 + x | g), data, chains = 2, draws = 50, seed = 1)
effects <- conditional_effects(fit, resolution = 5)
picture <- function(..., points = FALSE) plot(conditional_effects(fit, ...), points = points, plot = FALSE)[[1]]

test_that("there is a picture for each effect, which draws what the table has", {
  pictures <- plot(effects, plot = FALSE)
  expect_named(pictures, c("x", "f", "x:f"))
  line <- layers(pictures$x, "GeomLine")[[1]]
  expect_equal(line$y, effects$x$estimate__)
  band <- layers(pictures$x, "GeomRibbon")[[1]]
  expect_equal(c(band$ymin, band$ymax), c(effects$x$lower__, effects$x$upper__))
  levels <- layers(pictures$f, "GeomPointrange")[[1]]
  expect_equal(levels$y, effects$f$estimate__)
  expect_length(unique(layers(pictures[["x:f"]], "GeomLine")[[1]]$colour), 3)
  expect_identical(pictures[["x:f"]]$labels$x, "x")
  expect_identical(pictures$x$labels$y, "y")
})

test_that("conditions have panels, and a group its own curve beside the population's", {
  plot <- picture("x", data.frame(g = c("g2", "g5")), re_formula = NULL, resolution = 5, points = TRUE)
  line <- layers(plot, "GeomLine")[[1]]
  expect_identical(nlevels(line$cond__), 2L)
  expect_setequal(unique(line$colour), c("#D55E00", "black"))
  point <- layers(plot, "GeomPoint")[[1]]
  expect_equal(sort(point$y[point$cond__ == "g = g2"]), sort(data$y[data$g == "g2"]))
  second <- picture("x:f", data.frame(g = "g2"), re_formula = NULL, resolution = 5)
  expect_setequal(layers(second, "GeomLine")[[1]]$linetype, 1:2)
})

test_that("points are the data's, in the colors of their levels", {
  plot <- plot(effects, points = TRUE, plot = FALSE)
  expect_equal(layers(plot$x, "GeomPoint")[[1]]$y, data$y)
  point <- layers(plot[["x:f"]], "GeomPoint")[[1]]
  expect_identical(unname(rowSums(table(point$y, point$colour) > 0)), rep(1, nrow(data)))
  colours <- point$colour[match(data$y, point$y)]
  expect_length(unique(paste(data$f, colours)), 3)
  mercury <- relm(log(mercury) ~ log(length), bass, chains = 1, draws = 20, seed = 1)
  plot <- plot(conditional_effects(mercury), points = TRUE, plot = FALSE)[[1]]
  expect_equal(sort(layers(plot, "GeomPoint")[[1]]$y), sort(bass$mercury))
})

test_that("colors are in the order of the second variable, and are not told by points of a number", {
  rounded <- transform(data, v = round(v))
  of_numbers <- relm(y ~ x * v, rounded, chains = 1, draws = 50, seed = 1)
  plot <- plot(conditional_effects(of_numbers, "x:v", int_conditions = list(v = c(-1, 0, 1))), points = TRUE,
               plot = FALSE)[[1]]
  expect_identical(unique(layers(plot, "GeomLine")[[1]]$colour), okabe_ito[1:3])
  expect_identical(unique(layers(plot, "GeomPoint")[[1]]$colour), "grey60")
})

test_that("pictures are drawn unless they are not to be, and other arguments are refused", {
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  expect_invisible(plot(effects))
  expect_error(plot(effects, 3), "takes no `y`", class = "relm_error")
  expect_error(plot(effects, rug = TRUE), "no argument `rug`", class = "relm_error")
  expect_error(plot(effects, points = 3), "`points` must be TRUE or FALSE", class = "relm_error")
  linear <- conditional_effects(fit, "x", method = "linpred")
  expect_error(plot(linear, points = TRUE, plot = FALSE), "no points to show", class = "relm_error")
})

skip_if_not_installed("ggplot2")

fit <- relm(log(mercury) ~ x + (1 + x || station), bass_centered(), seed = 1, chains = 2,
            draws = 100)
data <- bass_centered()
arrows_of <- function(plot) layers(plot, "GeomSegment")[[1]]

test_that("shrinkage goes from each group's least squares to the model's medians", {
  arrows <- arrows_of(plot(fit, "shrinkage"))
  own <- t(vapply(split(data, data$station), function(own) coef(lm(log(mercury) ~ x, own)),
                  numeric(2)))
  expect_equal(arrows$x, unname(own[, 1]))
  expect_equal(arrows$y, unname(own[, 2]))
  for (k in 1:2) {
    names <- paste0("coef_station[", levels(data$station), ",", c("Intercept", "x")[k], "]")
    medians <- apply(as.matrix(fit, names), 2, median)
    expect_equal(arrows[[c("xend", "yend")[k]]], unname(medians))
  }
})

test_that("the population is marked", {
  points <- layers(plot(fit, "shrinkage"), "GeomPoint")
  expect_equal(unlist(points[[3]][c("x", "y")]), fixef(fit), ignore_attr = TRUE)
  alone <- relm(log(mercury) ~ 1 + (1 + x || station), data, seed = 1, chains = 1, draws = 50)
  points <- layers(plot(alone, "shrinkage"), "GeomPoint")
  expect_equal(unlist(points[[3]][c("x", "y")]), c(fixef(alone), 0), ignore_attr = TRUE)
})

test_that("of one coefficient the arrows lie beside the groups, in the model's order", {
  one <- relm(log(mercury) ~ x + (1 | station), data, seed = 1, chains = 1, draws = 100)
  plot <- plot(one, "shrinkage")
  arrows <- arrows_of(plot)
  own <- vapply(split(data, data$station), function(own) {
    mean(log(own$mercury) - fixef(one)[["x"]] * own$x)
  }, 0)
  model <- coef(one)$station[, "(Intercept)"]
  expect_equal(arrows$x, unname(own))
  expect_equal(arrows$xend, model)
  expect_equal(arrows$y, rank(model))
  expect_equal(layers(plot, "GeomVline")[[1]]$xintercept, fixef(one)[[1]])
})

test_that("other columns are taken off as the model has them", {
  grouped <- grouped_data()
  fit <- relm(y ~ x + between + f + (1 + v | g), grouped, weights = w, seed = 1, chains = 1,
              draws = 100)
  arrows <- arrows_of(plot(fit, "shrinkage"))
  b <- fixef(fit)
  others <- drop(model.matrix(~ x + between + f, grouped)[, -1] %*%
                   b[c("x", "between", "fb", "fc")])
  own <- t(vapply(split(transform(grouped, y = y - others), grouped$g), function(own) {
    coef(lm(y ~ v, own, weights = w))
  }, numeric(2)))
  expect_equal(arrows$x, unname(own[, 1]))
  expect_equal(arrows$y, unname(own[, 2]))
})

test_that("columns can be chosen, and all that vary by group stay in the regression", {
  grouped <- grouped_data()
  grouped <- grouped[grouped$g %in% names(which(table(grouped$g) > 3)), ]
  fit <- relm(y ~ x + v + (1 + x + v || g), grouped, seed = 1, chains = 1, draws = 50)
  arrows <- arrows_of(plot(fit, "shrinkage", columns = c("v", "x")))
  own <- t(vapply(split(grouped, grouped$g), function(own) coef(lm(y ~ x + v, own)), numeric(3)))
  expect_equal(arrows$x, unname(own[, "v"]))
  expect_equal(arrows$y, unname(own[, "x"]))
  arrows <- arrows_of(plot(fit, "shrinkage", columns = "v"))
  expect_equal(arrows$x, unname(own[, "v"]))
  expect_error(plot(fit, "shrinkage", columns = c("v", "x", "(Intercept)")), "one or two",
               class = "relm_error")
})

test_that("a group whose rows do not tell its line has no arrow", {
  grouped <- grouped_data()
  few <- relm(y ~ x + (1 + x || g), grouped[-which(grouped$g == "g2")[-1], ], seed = 1,
              chains = 1, draws = 50)
  plot <- suppressMessages(plot(few, "shrinkage"))
  expect_identical(nrow(arrows_of(plot)), 6L)
  expect_identical(nrow(layers(plot, "GeomPoint")[[2]]), 7L)
})

test_that("least squares far from all others are left beyond the axes", {
  table <- data.frame(own_1 = c(1:8, 500), own_2 = c(8:1, 3), model_1 = 4, model_2 = 4)
  expect_message(window <- shrinkage_window(fit, table, table, 1:2), "least squares of 1 group lie",
                 class = "relm_message")
  expect_equal(unname(window$limits$x), c(1, 8))
  expect_equal(unname(window$limits$y), c(1, 8))
  expect_null(shrinkage_window(fit, table[1:8, ], table[1:8, ], 1:2))
  expect_null(shrinkage_window(fit, table, table[0, ], 1:2))
})

test_that("few groups have their names", {
  labels <- layers(plot(fit, "shrinkage"), "GeomText")[[1]]
  expect_identical(labels$label, levels(data$station))
  points <- layers(plot(fit, "shrinkage"), "GeomPoint")[[1]]
  expect_equal(labels$x, points$x)
  expect_equal(labels$y, points$y)
})

test_that("means stand in where draws of so many groups are not kept", {
  moments <- fit
  moments$sampling$moments <- list(
    mean = matrix(1:32, 2), covariance = array(rep(c(4, 0, 0, 9), 16), c(2, 2, 16)),
    with_beta = matrix(0, 2, 16)
  )
  arrows <- arrows_of(plot(moments, "shrinkage", groups = c("w9", "l1")))
  place <- match(c("w9", "l1"), grouping_of(fit$posterior)$groups)
  means <- colMeans(as.matrix(fit, c("b_Intercept", "b_x")))
  expect_equal(arrows$xend, means[[1]] + 2 * place - 1)
  expect_equal(arrows$yend, means[[2]] + 2 * place)
})

test_that("axes are named by coefficients, not by columns", {
  data <- bass_centered()
  data$big <- factor(data$length > 38, labels = c("no", "yes"))
  axes <- function(formula, ...) {
    labels <- plot(relm(formula, data, seed = 1, chains = 1, draws = 50), "shrinkage", ...)$labels
    unname(c(labels$x, labels$y))
  }
  expect_identical(axes(log(mercury) ~ x + (1 + x || station)), c("intercept", "slope of x"))
  expect_identical(axes(log(mercury) ~ big + (0 + big | station)),
                   c("coefficient of bigno", "coefficient of bigyes"))
  expect_identical(axes(log(mercury) ~ x + (1 | station)), c("intercept", "station"))
})

test_that("of several groupings one is chosen, and the others are taken off the response", {
  several <- several_data()
  fit <- relm(y ~ x + (1 | a) + (1 + x | a:b), several, seed = 1, chains = 2, draws = 50)
  expect_message(a <- plot(fit, "shrinkage"), '"a"; `grouping`.*"a:b"')
  pair <- paste0(several$a, ":", several$b)
  beside <- as.matrix(ranef(fit)$`a:b`)[pair, ]
  left <- several$y - fixef(fit)[["x"]] * several$x - beside[, 1] - beside[, 2] * several$x
  expect_equal(arrows_of(a)$x, as.numeric(tapply(left, several$a, mean)))
  expect_equal(arrows_of(a)$xend, coef(fit)$a[, "(Intercept)"])
  arrows <- arrows_of(plot(fit, "shrinkage", grouping = "a:b"))
  several$left <- several$y - ranef(fit)$a[several$a, 1]
  own <- vapply(split(several, pair), function(own) coef(lm(left ~ x, own)), numeric(2))
  own <- own[, !is.na(own[2, ])]
  model <- coef(fit)$`a:b`[colnames(own), ]
  place <- match(round(model[, "x"], 10), round(arrows$yend, 10))
  expect_equal(arrows$x[place], unname(own[1, ]))
  expect_equal(arrows$y[place], unname(own[2, ]))
})

test_that("of another family arrows start at maximum likelihood, others' estimates being an offset", {
  data <- response_data(200)
  data$b[data$g == "c"] <- 1
  fit <- family_fit(b ~ x + o + (1 + x | g), data, binomial())
  plot <- plot(fit, "shrinkage")
  arrows <- arrows_of(plot)
  expect_identical(nrow(arrows), 4L)
  known <- fixef(fit)[["o"]] * data$o
  own <- vapply(c("a", "b", "d", "e"), function(g) {
    coef(glm(b ~ x + offset(known), binomial, cbind(data, known)[data$g == g, ]))
  }, numeric(2))
  expect_equal(rbind(arrows$x, arrows$y), unname(own), tolerance = 1e-6)
  expect_equal(arrows$xend, coef(fit)$g[c("a", "b", "d", "e"), "(Intercept)"])
  expect_true("maximum likelihood" %in% plot$scales$get_scales("colour")$limits)
})

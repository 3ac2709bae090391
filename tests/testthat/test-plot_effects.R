skip_if_not_installed("ggplot2")

fit <- relm(log(mercury) ~ x + (1 + x || station), bass_centered(), seed = 1, chains = 2,
            draws = 100)
data <- bass_centered()

test_that("shrinkage goes from each group's least squares to the model's medians", {
  plot <- plot(fit, "shrinkage")
  arrows <- layers(plot, "GeomSegment")[[1]]
  own <- t(vapply(split(data, data$station), function(own) coef(lm(log(mercury) ~ x, own)),
                  numeric(2)))
  model <- as.matrix(coef(fit)$station)
  expect_equal(arrows$x, unname(own[, 1]))
  expect_equal(arrows$y, unname(own[, 2]))
  expect_equal(arrows$xend, unname(model[, 1]))
  expect_equal(arrows$yend, unname(model[, 2]))
})

test_that("of one coefficient the arrows lie beside the groups", {
  one <- relm(log(mercury) ~ x + (1 | station), data, seed = 1, chains = 1, draws = 100)
  arrows <- layers(plot(one, "shrinkage"), "GeomSegment")[[1]]
  own <- vapply(split(data, data$station), function(own) coef(lm(log(mercury) ~ x, own))[1], 0)
  expect_equal(sort(arrows$x), sort(unname(own)))
  expect_equal(sort(arrows$xend), sort(coef(one)$station[, 1]))
})

test_that("what is the same in all rows of a group does not part the two intercepts", {
  grouped <- grouped_data()
  fit <- relm(y ~ x + between + (1 | g), grouped, seed = 1, chains = 1, draws = 100)
  arrows <- layers(plot(fit, "shrinkage"), "GeomSegment")[[1]]
  b <- fixef(fit)[["between"]]
  own <- vapply(split(grouped, grouped$g), function(own) {
    coef(lm(y - b * between ~ x, own))[1]
  }, 0)
  expect_equal(sort(arrows$x), sort(unname(own)))
})

test_that("a group whose rows do not tell its line has no arrow", {
  grouped <- grouped_data()
  few <- relm(y ~ x + (1 + x || g), grouped[-which(grouped$g == "g2")[-1], ], seed = 1,
              chains = 1, draws = 50)
  plot <- plot(few, "shrinkage")
  expect_identical(nrow(layers(plot, "GeomSegment")[[1]]), 6L)
  expect_identical(nrow(layers(plot, "GeomPoint")[[2]]), 7L)
})

test_that("effects have their medians and intervals, in the order of the first", {
  plot <- plot(fit, "ranef")
  points <- layers(plot, "GeomPoint")[[1]]
  ranges <- layers(plot, "GeomLinerange")
  for (column in c("(Intercept)", "x")) {
    term <- gsub("[()]", "", column)
    draws <- as.matrix(fit, paste0("r_station[", levels(data$station), ",", term, "]"))
    own <- points[points$effect == column, ]
    expect_equal(sort(own$x), sort(unname(apply(draws, 2, median))))
    for (k in 1:2) {
      range <- ranges[[k]][ranges[[k]]$effect == column, ]
      tail <- c(0.025, 0.25)[k]
      expect_equal(sort(range$xmin), sort(unname(apply(draws, 2, quantile, tail))))
      expect_equal(sort(range$xmax), sort(unname(apply(draws, 2, quantile, 1 - tail))))
    }
  }
  first <- points[points$effect == "(Intercept)", ]
  expect_false(is.unsorted(first$x[order(first$y)]))
})

test_that("effects known by their moments have intervals of a normal distribution", {
  moments <- fit
  moments$sampling$moments <- list(
    mean = matrix(1:32, 2), covariance = array(rep(c(4, 0, 0, 9), 16), c(2, 2, 16))
  )
  table <- relm:::effect_table(moments, 3)
  place <- fit$posterior$group_display[3]
  expect_equal(table$median, c(2 * place - 1, 2 * place))
  expect_equal(table$q97.5, table$median + qnorm(0.975) * c(2, 3))
})

test_that("a model without group effects has no such pictures", {
  line <- relm(log(mercury) ~ x, data, seed = 1, chains = 1, draws = 5)
  for (type in c("ranef", "shrinkage", "groups")) {
    expect_error(plot(line, type), "group effects", class = "relm_error")
  }
})

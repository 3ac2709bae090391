skip_if_not_installed("ggplot2")

fit <- relm(log(mercury) ~ x + (1 + x || station), bass_centered(), seed = 1, chains = 2,
            draws = 100)

test_that("autocorrelations are those of each chain", {
  table <- layers(plot(fit, "acf"), "GeomLine")[[1]]
  draws <- as_draws_array(fit)
  for (name in variables(draws)[1:5]) for (chain in 1:2) {
    own <- table[table$variable == name & table$group == chain, ]
    expected <- acf(as.numeric(draws[, chain, name]), 40, plot = FALSE)$acf
    expect_equal(own$y[order(own$x)], as.numeric(expected), label = name)
  }
})

test_that("lags are as many as asked for, and no more than there are", {
  lags <- function(...) range(layers(plot(fit, "acf", ...), "GeomLine")[[1]]$x)
  expect_equal(lags(lags = 7), c(0, 7))
  expect_equal(lags(lags = 1000), c(0, 99))
})

test_that("of draws that stand still there are none, in a panel of its own", {
  still <- fit
  still$sampling$hyper[, , "sigma"] <- 1
  plot <- plot(still, "acf")
  expect_false("sigma" %in% layers(plot, "GeomLine")[[1]]$variable)
  expect_true("sigma" %in% built(plot)$layout$layout$variable)
})

test_that("of heavy tails they are those of normal scores, over all chains", {
  few <- subset(bass_centered(), station %in% c("l2", "w4", "l5"))
  heavy <- relm(log(mercury) ~ x + (1 | station), few, seed = 1, chains = 2, draws = 50)
  name <- "sd_station__Intercept"
  draws <- drop(as_draws_array(heavy)[, , name])
  scores <- qnorm((rank(draws) - 3 / 8) / (length(draws) + 1 / 4))
  expected <- acf(scores[51:100], 40, plot = FALSE)$acf

  table <- layers(plot(heavy, "acf"), "GeomLine")[[1]]
  own <- table[table$variable == name & table$group == 2, ]

  expect_equal(own$y[order(own$x)], as.numeric(expected))
})

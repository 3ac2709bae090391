skip_if_not_installed("ggplot2")

fit <- relm(log(mercury) ~ x + (1 + x || station), bass_centered(), seed = 1, chains = 2,
            draws = 100)
stations <- levels(bass$station)

test_that("effects have their medians and intervals", {
  plot <- plot(fit, "ranef")
  points <- layers(plot, "GeomPoint")[[1]]
  ranges <- layers(plot, "GeomLinerange")
  # The groups are at the ranks of their first effects.
  first <- apply(as.matrix(fit, paste0("r_station[", stations, ",Intercept]")), 2, median)
  for (column in c("(Intercept)", "x")) {
    term <- gsub("[()]", "", column)
    draws <- as.matrix(fit, paste0("r_station[", stations, ",", term, "]"))[, order(first)]
    own <- points[points$column == column, ]
    expect_equal(own$x[order(own$y)], unname(apply(draws, 2, median)))
    for (k in 1:2) {
      range <- ranges[[k]][ranges[[k]]$column == column, ]
      range <- range[order(range$y), ]
      tail <- c(0.025, 0.25)[k]
      expect_equal(range$xmin, unname(apply(draws, 2, quantile, tail)))
      expect_equal(range$xmax, unname(apply(draws, 2, quantile, 1 - tail)))
    }
  }
})

test_that("names stand at their groups' ranks", {
  axis <- built(plot(fit, "ranef"))$layout$panel_params[[1]]$y
  first <- ranef(fit)$station[, 1]
  expect_identical(axis$get_labels()[order(axis$get_breaks())], stations[order(first)])
})

test_that("columns and groups can be chosen", {
  points <- layers(plot(fit, "ranef", columns = "x", groups = c("w9", "l1")), "GeomPoint")[[1]]
  expect_identical(as.character(points$column), c("x", "x"))
  expect_equal(points$x, ranef(fit)$station[c("w9", "l1"), "x"])
})

test_that("of many groups each panel has its own order, and no names", {
  many <- data.frame(g = rep(1:60, each = 4), x = rep(1:4, 60))
  many$y <- many$g %% 7 + many$x * (many$g %% 5) + sin(many$g * many$x)
  many <- relm(y ~ x + (1 + x || g), many, seed = 1, chains = 1, draws = 50)
  plot <- plot(many, "ranef")
  points <- layers(plot, "GeomPoint")[[1]]
  for (column in c("(Intercept)", "x")) {
    own <- points[points$column == column, ]
    expect_equal(own$x[order(own$y)], sort(ranef(many)$g[, column]))
  }
  expect_length(built(plot)$layout$panel_params[[1]]$y$get_labels(), 0)
})

test_that("effects that are not kept are drawn again", {
  deferred <- update(fit, group_draws = FALSE)
  expect_equal(built(plot(deferred, "ranef"))$data, built(plot(fit, "ranef"))$data)
})

test_that("effects known by their moments have intervals of a normal distribution", {
  moments <- fit
  moments$sampling$moments <- list(
    mean = matrix(1:32, 2), covariance = array(rep(c(4, 0, 0, 9), 16), c(2, 2, 16))
  )
  table <- effect_table(moments, c("(Intercept)", "x"), 3:4)
  place <- grouping_of(fit$posterior)$display[3:4]
  expect_equal(table$median, c(rbind(2 * place - 1, 2 * place)))
  expect_equal(table$q97.5, table$median + qnorm(0.975) * c(2, 3, 2, 3))
  expect_equal(table$q25, table$median - qnorm(0.75) * c(2, 3, 2, 3))
  expect_equal(effect_table(moments, "x", 4)[, -(1:2)], table[4, -(1:2)],
               ignore_attr = TRUE)
})

test_that("thousands of groups take no time: 500 are shown", {
  n <- 10000
  set.seed(2)
  many <- data.frame(g = rep(seq_len(n), each = 3))
  many$y <- rnorm(n)[many$g] + rnorm(3 * n)
  many <- relm(y ~ 1 + (1 | g), many, seed = 1, chains = 1, draws = 50, group_draws = FALSE)
  seconds <- system.time(
    expect_message(plot <- plot(many, "ranef"), "500 of 10000", class = "relm_message")
  )[["elapsed"]]
  expect_lt(seconds, 10)
  expect_identical(nrow(layers(plot, "GeomPoint")[[1]]), 500L)
})

test_that("of several groupings one is chosen", {
  fit <- nested_fit()
  expect_message(a <- plot(fit, "ranef"), '"a"; `grouping`.*"a:b"')
  points <- layers(a, "GeomPoint")[[1]]
  expect_equal(sort(points$x), sort(ranef(fit)$a[, 1]))
  expect_identical(a$labels$y, "a")
  points <- layers(plot(fit, "ranef", grouping = "a:b", columns = "x"), "GeomPoint")[[1]]
  expect_equal(sort(points$x), sort(ranef(fit)$`a:b`$x))
  points <- layers(plot(fit, "ranef", grouping = "a", groups = "c"), "GeomPoint")[[1]]
  expect_equal(points$x, ranef(fit)$a["c", 1])
  expect_error(plot(fit, "ranef", grouping = "c"), "`grouping`", class = "relm_error")
  expect_error(plot(fit, "trace", grouping = "a"), "`grouping` is not for", class = "relm_error")
  expect_message(points <- layers(plot(ranef(fit)), "GeomPoint")[[1]], '"a"; `grouping`')
  expect_equal(sort(points$x), sort(ranef(fit)$a[, 1]))
  points <- layers(plot(coef(fit), grouping = "a:b"), "GeomPoint")[[1]]
  expect_equal(sort(points$x[points$column == "x"]), sort(coef(fit)$`a:b`$x))
})

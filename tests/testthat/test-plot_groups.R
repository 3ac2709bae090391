skip_if_not_installed("ggplot2")

fit <- relm(log(mercury) ~ x + (1 + x || station), bass_centered(), seed = 1, chains = 2,
            draws = 100)
data <- bass_centered()

# The points, least-squares lines, model's lines and bands of all panels, and of one.
parts_of <- function(plot) {
  lines <- layers(plot, "GeomLine")
  list(points = layers(plot, "GeomPoint")[[1]], squares = lines[[1]], model = lines[[2]],
       band = layers(plot, "GeomRibbon")[[1]])
}

panel_of <- function(plot, group, parts = parts_of(plot)) {
  lapply(parts, function(part) {
    part <- part[part$group.y == group, ]
    part[order(part$x), ]
  })
}

# The median, and the 95% band, of draws of a line.
expect_line <- function(panel, lines) {
  quantiles <- apply(lines, 2, quantile, c(0.025, 0.5, 0.975), names = FALSE)
  expect_equal(panel$model$y, quantiles[2, ])
  expect_equal(panel$band$ymin, quantiles[1, ])
  expect_equal(panel$band$ymax, quantiles[3, ])
}

test_that("a panel for each group has its points and its least-squares line", {
  parts <- parts_of(plot(fit, "groups"))
  for (station in levels(data$station)) {
    own <- data[data$station == station, ]
    panel <- panel_of(parts = parts, group = station)
    points <- panel$points[order(panel$points$x, panel$points$y), ]
    own <- own[order(own$x, own$mercury), ]
    expect_equal(points$x, own$x)
    expect_equal(points$y, log(own$mercury))
    expect_equal(range(panel$squares$x), range(own$x))
    expected <- predict(lm(log(mercury) ~ x, own), data.frame(x = panel$squares$x))
    expect_equal(panel$squares$y, unname(expected), label = station)
  }
})

test_that("the model's line is the median of its draws, in a 95% band, over all groups' range", {
  panel <- panel_of(plot(fit, "groups"), "w7")
  coefficients <- as.matrix(fit, c("coef_station[w7,Intercept]", "coef_station[w7,x]"))
  expect_equal(range(panel$model$x), range(data$x))
  expect_line(panel, coefficients %*% rbind(1, panel$model$x))
})

test_that("lines are the same where effects are not kept", {
  deferred <- update(fit, group_draws = FALSE)
  expect_length(deferred$sampling$kept, 0)
  expect_equal(panel_of(plot(deferred, "groups"), "l3"), panel_of(plot(fit, "groups"), "l3"))
})

test_that("the response is less its offset, and least squares are weighted", {
  grouped <- transform(grouped_data(), known = 3 * v)
  fit <- relm(y ~ x + (1 | g), grouped, weights = w, offset = known, seed = 1, chains = 1,
              draws = 20)
  plot <- plot(fit, "groups")
  panel <- panel_of(plot, "g2")
  own <- grouped[grouped$g == "g2", ]
  expect_equal(sort(panel$points$y), sort(own$y - own$known))
  expected <- predict(lm(y - known ~ x, own, weights = w), data.frame(x = panel$squares$x))
  expect_equal(panel$squares$y, unname(expected))
  expect_identical(plot$labels$y, "y less its offset")
})

test_that("with more columns the lines are at each group's means of the others", {
  grouped <- grouped_data()
  fit <- relm(y ~ x + v + f + (1 + x | g), grouped, seed = 1, chains = 1, draws = 50)
  panel <- panel_of(plot(fit, "groups", against = "v"), "g4")
  own <- grouped[grouped$g == "g4", ]
  draws <- as.matrix(fit, paste0("coef_g[g4,", c("Intercept", "x", "v", "fb", "fc"), "]"))
  at <- rbind(1, mean(own$x), panel$model$x, mean(own$f == "b"), mean(own$f == "c"))
  expect_line(panel, draws %*% at)
  own <- transform(own, fb = f == "b", fc = f == "c")
  expected <- predict(lm(y ~ x + v + fb + fc, transform(own, fb = fb + 0, fc = fc + 0)),
                      data.frame(x = mean(own$x), v = panel$squares$x, fb = mean(own$fb),
                                 fc = mean(own$fc)))
  expect_equal(panel$squares$y, unname(expected))
  expect_error(plot(fit, "groups", against = "w"), "`against`", class = "relm_error")
})

test_that("curves and interactions are averaged over the group's rows", {
  grouped <- grouped_data()
  fit <- relm(y ~ poly(x, 2) * v + (1 + x | g), grouped, seed = 1, chains = 1, draws = 50)
  panel <- panel_of(plot(fit, "groups"), "g4")
  own <- grouped[grouped$g == "g4", ]
  predicted <- function(at) {
    rowMeans(posterior_epred(fit, newdata = transform(own, x = at)))
  }
  expect_line(panel, vapply(panel$model$x, predicted, numeric(50)))
  alone <- lm(y ~ poly(x, 2) * v, own)
  expected <- vapply(panel$squares$x, function(at) {
    mean(predict(alone, transform(own, x = at)))
  }, 0)
  expect_equal(panel$squares$y, expected)
})

test_that("groups whose rows do not tell their line have none", {
  grouped <- grouped_data()
  # Two rows of a line and a column that is the same in both: a line; of two that vary: none.
  fit <- relm(y ~ x + between + (1 | g), grouped, seed = 1, chains = 1, draws = 20)
  two <- names(which(table(grouped$g) == 2))[1]
  own <- grouped[grouped$g == two, ]
  panel <- panel_of(plot(fit, "groups"), two)
  expect_equal(panel$squares$y[c(1, 41)], own$y[order(own$x)])
  fit <- relm(y ~ x + v + (1 | g), grouped, seed = 1, chains = 1, draws = 20)
  panel <- panel_of(plot(fit, "groups"), two)
  expect_identical(nrow(panel$squares), 0L)
  expect_identical(nrow(panel$model), 41L)
})

test_that("a common line is drawn over the groups of `by`", {
  line <- relm(log(mercury) ~ x, data, seed = 1, chains = 1, draws = 50)
  panel <- panel_of(plot(line, "groups", by = data$station), "l3")
  expect_line(panel, as.matrix(line, c("b_Intercept", "b_x")) %*% rbind(1, panel$model$x))
  own <- data[data$station == "l3", ]
  expected <- predict(lm(log(mercury) ~ x, own), data.frame(x = panel$squares$x))
  expect_equal(panel$squares$y, unname(expected))
  expect_error(plot(line, "groups"), "`by`", class = "relm_error")
  expect_error(plot(line, "groups", by = 1:3), "171 rows", class = "relm_error")
  expect_error(plot(line, "groups", by = c(NA, data$station[-1])), "missing",
               class = "relm_error")
  expect_error(plot(fit, "groups", by = data$station), "without group effects",
               class = "relm_error")
})

test_that("models without lines, and fits without data, are refused", {
  flat <- relm(y ~ f + (1 | g), grouped_data(), seed = 1, chains = 1, draws = 5)
  expect_error(plot(flat, "groups"), "variable of numbers", class = "relm_error")
  products <- relm(crossprods(y ~ x + (1 | g), data = grouped_data()), seed = 1, chains = 1,
                   draws = 5)
  expect_error(plot(products, "groups"), "data", class = "relm_error")
  expect_error(plot(products, "shrinkage"), "data", class = "relm_error")
  expect_s3_class(plot(products, "ranef"), "ggplot")
})

test_that("groups can be chosen, and of many 36 are shown", {
  panels <- built(plot(fit, "groups", groups = c("w9", "l1")))$layout$layout
  expect_identical(as.character(panels$group), c("w9", "l1"))
  expect_error(plot(fit, "groups", groups = "x9"), "x9", class = "relm_error")
  many <- data.frame(g = rep(1:80, each = 4), x = rep(1:4, 80))
  many$y <- many$g %% 7 + many$x + sin(many$g * many$x)
  many <- relm(y ~ x + (1 | g), many, seed = 1, chains = 1, draws = 20)
  expect_message(plot <- plot(many, "groups"), "36 of 80", class = "relm_message")
  expect_identical(nrow(built(plot)$layout$layout), 36L)
  expect_message(plot <- plot(many, "groups", max_groups = 5), "5 of 80", class = "relm_message")
  expect_identical(as.character(built(plot)$layout$layout$group), c("1", "21", "40", "60", "80"))
})

test_that("of very many points some are shown, and lines are those of all", {
  n <- 15000
  set.seed(3)
  many <- data.frame(g = rep(1:3, each = n), x = rnorm(3 * n))
  many$y <- many$x + rnorm(3 * n) + many$g
  fit <- relm(y ~ x + (1 | g), many, seed = 1, chains = 1, draws = 20)
  expect_message(plot <- plot(fit, "groups"), "6666 points", class = "relm_message")
  panel <- panel_of(plot, 2)
  expect_identical(nrow(panel$points), 6666L)
  expected <- predict(lm(y ~ x, many[many$g == 2, ]), data.frame(x = panel$squares$x))
  expect_equal(panel$squares$y, unname(expected))
})

test_that("lines that go far beyond the points leave the panels", {
  points <- data.frame(y = c(0, 10))
  model <- data.frame(lower = 1, median = 5, upper = 9)
  expect_null(panel_window(points, model, data.frame(y = c(-2, 12))))
  window <- panel_window(points, model, data.frame(y = c(-2, 99)))
  expect_equal(window$limits$y, c(-2, 13))
})

test_that("of several groupings one is chosen, and the others add what they do in its rows", {
  several <- several_data()
  fit <- relm(y ~ x + (1 | a) + (1 + x | a:b), several, seed = 1, chains = 2, draws = 50)
  expect_message(first <- plot(fit, "groups"), '"a"; `grouping`.*"a:b"')
  mean_line <- function(fit, own, x) {
    rows <- lapply(seq_len(nrow(own)), function(i) {
      posterior_epred(fit, data.frame(own[i, c("a", "b", "c")], x = x, row.names = NULL))
    })
    unname(Reduce(`+`, rows) / nrow(own))
  }
  panel <- panel_of(first, "c")
  expect_line(panel, mean_line(fit, several[several$a == "c", ], panel$model$x))
  panel <- panel_of(plot(fit, "groups", grouping = "a:b"), "c:1")
  expect_line(panel, mean_line(fit, several[several$a == "c" & several$b == 1, ], panel$model$x))
  expect_equal(nrow(panel$points), sum(several$a == "c" & several$b == 1))
  # Crossed ones by made-up draws.
  crossed <- crossed_fit()
  panel <- panel_of(plot(crossed, "groups", grouping = "c"), "q")
  expect_line(panel, mean_line(crossed, several[several$c == "q", ], panel$model$x))
})

test_that("of another family curves of the mean and of maximum likelihood go through shares and rates", {
  data <- response_data(200)
  fits <- list(family_fit(cbind(s, m - s) ~ x + (1 + x | g), data, binomial("cloglog")),
               family_fit(k ~ x + (1 + x | g), data, poisson(), offset = o))
  of_mean <- list(function(eta) -expm1(-exp(eta)), exp)
  shown <- list(data$s / data$m, data$k / exp(data$o))
  glms <- list(
    function(own) glm(cbind(s, m - s) ~ x, binomial("cloglog"), own),
    function(own) glm(k ~ x + offset(o), poisson, own)
  )
  for (k in 1:2) {
    plot <- plot(fits[[k]], "groups")
    panel <- panel_of(plot, "b")
    own <- data[data$g == "b", ]
    expect_equal(panel$points$y, shown[[k]][data$g == "b"][order(own$x)])
    coefficients <- as.matrix(fits[[k]], c("coef_g[b,Intercept]", "coef_g[b,x]"))
    expect_line(panel, of_mean[[k]](coefficients %*% rbind(1, panel$model$x)))
    expected <- predict(glms[[k]](own), data.frame(x = panel$squares$x, o = 0), type = "response")
    expect_equal(panel$squares$y, unname(expected), tolerance = 1e-6)
    expect_identical(plot$labels$y, c("share of successes", "k / exp(offset)")[k])
  }
})

test_that("group is short for groups, and not for grouping too", {
  short <- parts_of(plot(fit, "groups", group = "l1"))
  expect_identical(short$points, parts_of(plot(fit, "groups", groups = "l1"))$points)
  expect_error(plot(fit, "groups", group = "none"), "`groups`", class = "relm_error")
})

axes <- function(formula, data = grouped_data(), ...) {
  possible_axes(relm_design(formula, data, ...))
}
default <- function(formula, data = grouped_data()) {
  plot_axis(relm_design(formula, data), NULL)$name
}

test_that("variables whose effects vary by group come first", {
  expect_identical(default(y ~ x + v + (1 | g)), "x")
  expect_identical(default(y ~ x + v + (1 + v | g)), "v")
  expect_identical(default(y ~ x + f + between + (1 + f | g)), "x")
})

test_that("variables of two values are taken where there are no others", {
  data <- transform(grouped_data(), treated = as.numeric(f == "a"))
  expect_identical(default(y ~ treated + x + (1 | g), data), "x")
  expect_identical(default(y ~ treated + f + (1 | g), data), "treated")
  expect_error(default(y ~ f + (1 | g)), "variable of numbers", class = "relm_error")
})

test_that("variables that are the same throughout each group are taken where there are no others", {
  data <- transform(grouped_data(), treated = as.numeric(f == "a"), u = as.integer(factor(g)))
  shown <- function(formula, place = data$u, data. = data) {
    plot_axis(relm_design(formula, data.), NULL, place = place)$name
  }
  expect_identical(shown(y ~ treated + u + (1 + treated | g)), "treated")
  expect_identical(shown(y ~ u + x + (1 + u | g)), "x")
  expect_identical(shown(y ~ u + between + (1 | g)), "u")
  expect_identical(shown(y ~ u + treated + exp(u) + (1 | g)), "treated")
  expect_identical(shown(y ~ u + f), "u")
  # Panels may be of other groups than those that a variable does not vary in.
  expect_identical(shown(y ~ u + x + (1 + u | g), rep_len(1:2, nrow(data))), "u")
})

test_that("lines of a fit are drawn against what varies within its panels", {
  data <- transform(grouped_data(), h = rep_len(c("p", "q", "r"), nrow(grouped_data())))
  data <- transform(data, u = as.integer(factor(g)), v = as.integer(factor(h)))
  fit <- relm(y ~ u + v + (1 | g) + (1 | h), data, prior = relm_prior(sd = half_t(3, 1)), seed = 1,
              chains = 1, draws = 20)
  expect_identical(plot(fit, "groups", grouping = "g")$labels$x, "v")
  expect_identical(plot(fit, "groups", grouping = "h")$labels$x, "u")
  alone <- relm(y ~ u + v, data, seed = 1, chains = 1, draws = 20)
  expect_identical(plot(alone, "groups", by = data$g)$labels$x, "v")
})

test_that("a variable that others are made of is moved in the data", {
  found <- axes(y ~ exp(x) + v + I(v^2) + (1 | g))
  expect_identical(names(found), c("exp(x)", "v", "x"))
  in_data <- vapply(found, function(axis) !is.null(axis$data), NA)
  expect_identical(unname(in_data), c(FALSE, TRUE, TRUE))
  expect_identical(names(axes(y ~ poly(x, 2) * f + offset(v) + (1 | g))), "x")
})

test_that("rows move along an axis of the frame and of the data alike", {
  data <- grouped_data()
  moved <- function(formula, against) {
    fit <- relm(formula, data, seed = 1, chains = 1, draws = 5)
    axis <- plot_axis(fit$design, against)
    rows <- which(data$g == "g4")
    own <- rows_by_group(fit, as.integer(data$g == "g4"), 1)[[1]]
    rows_along(fit, axis, own, c(0.5, 2))
  }
  own <- data[data$g == "g4", ]
  in_frame <- moved(y ~ x + v * f + (1 | g), "v")
  expected <- rbind(c(0.5, mean(own$f == "b")), c(2, mean(own$f == "b")))
  expect_equal(in_frame[, c("v", "fb")], expected, ignore_attr = TRUE)
  expect_equal(in_frame[, "v:fb"], c(0.5, 2) * mean(own$f == "b"))
  expect_equal(in_frame[, "x"], rep(mean(own$x), 2))
  in_data <- moved(y ~ v * f + poly(x, 2) + (1 | g), "x")
  expect_equal(in_data[, c("poly(x, 2)1", "poly(x, 2)2")],
               predict(poly(data$x, 2), c(0.5, 2)), ignore_attr = TRUE)
  expect_equal(in_data[, "v:fb"], rep(mean(own$v * (own$f == "b")), 2))
})

test_that("in a large group other columns are at the means of all its rows", {
  set.seed(5)
  data <- data.frame(g = rep(1:3, each = 3000), x = rnorm(9000), v = rnorm(9000))
  data$y <- data$x + data$v + data$g + rnorm(9000)
  fit <- relm(y ~ x + v + x:v + (1 | g), data, seed = 1, chains = 1, draws = 5)
  axis <- plot_axis(fit$design, "x")
  own <- rows_by_group(fit, data$g, 2)[[1]]
  along <- rows_along(fit, axis, own, c(0, 1))
  v <- data$v[data$g == 2]
  expect_equal(along[, "v"], rep(mean(v), 2))
  # Of a thousand rows spread evenly.
  some <- v[unique(round(seq(1, 3000, length.out = 1000)))]
  expect_equal(along[, "x:v"], c(0, mean(some)))
})

test_that("rows that the fit left out are left out of the axis", {
  data <- grouped_data()
  data$v[3] <- NA
  design <- suppressMessages(relm_design(y ~ v + I(v^2) + (1 | g), data, subset = x > -1))
  expect_equal(plot_axis(design, "v")$values, data$v[data$x > -1 & !is.na(data$v)])
})

test_that("variables that depend on all rows are not moved in the data", {
  data <- grouped_data()
  fit <- relm(y ~ I(x - mean(x)) + I((x - mean(x))^2) + (1 | g), data, seed = 1, chains = 1,
              draws = 5)
  axis <- plot_axis(fit$design, "x")
  expect_error(check_moves(fit, axis), "all its values", class = "relm_error")
  scaled <- relm(y ~ scale(x) + I(x^2) + (1 | g), data, seed = 1, chains = 1, draws = 5)
  expect_error(check_moves(scaled, plot_axis(scaled$design, "x")), NA)
})

test_that("a factor made of a variable is no axis, and stands still when that moves", {
  data <- transform(bass_centered(), number = rep(1:3, 57))
  for (formula in c(log(mercury) ~ factor(number) + x + (1 | station),
                    log(mercury) ~ cut(x, 3) + x + (1 | station))) {
    fit <- relm(formula, data, seed = 1, chains = 1, draws = 50)
    expect_identical(plot(fit, "groups")$labels$x, "x")
  }
})

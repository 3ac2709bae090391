skip_if_not_installed("ggplot2")

fit <- relm(log(mercury) ~ x + (1 + x || station), bass_centered(), seed = 1, chains = 2,
            draws = 100)

test_that("every type gives a plot that can be changed", {
  for (type in names(plot_arguments)) {
    plot <- plot(fit, type, with = if (type == "compare") fit)
    expect_s3_class(plot, "ggplot")
    changed <- plot + ggplot2::labs(title = type) + ggplot2::theme_bw()
    expect_s3_class(built(changed), "ggplot_built")
    expect_identical(changed$labels$title, type)
  }
})

test_that("types and arguments that there are not are refused", {
  expect_error(plot(fit, "density"), "`type`", class = "relm_error")
  expect_error(plot(fit, "ranef", variable = "b_x"), '`variable` is not for `type = "ranef"`',
               class = "relm_error")
  expect_error(plot(fit, with = fit), "compare", class = "relm_error")
  expect_error(plot(fit, "groups", gruops = "l1"), "Did you mean `groups`", class = "relm_error")
  expect_error(plot(fit, "acf", lags = 0), "`lags`", class = "relm_error")
  expect_error(plot(fit, "ranef", max_groups = 0.5), "`max_groups`", class = "relm_error")
})

test_that("a model without group effects has no pictures of them", {
  line <- relm(log(mercury) ~ x, bass_centered(), seed = 1, chains = 1, draws = 5)
  for (type in c("ranef", "shrinkage", "groups")) {
    expect_error(plot(line, type), "group effects", class = "relm_error")
  }
})

test_that("levels and columns must be the fit's", {
  for (type in c("groups", "shrinkage", "ranef")) {
    expect_error(plot(fit, type, groups = c("l1", "x9")), "x9", class = "relm_error")
    expect_error(plot(fit, type, groups = character()), "empty", class = "relm_error")
  }
  expect_error(plot(fit, "ranef", columns = "w"), "`columns`", class = "relm_error")
  expect_error(plot(fit, "shrinkage", columns = c("x", "x")), "one or two", class = "relm_error")
})

test_that("of many groups so many are chosen, spread evenly", {
  levels <- paste0("g", 1:100)
  expect_message(shown <- plotted_groups(levels, "g", NULL, NULL, 4, "ranef"), "4 of 100",
                 class = "relm_message")
  expect_equal(shown, c(1, 34, 67, 100))
  expect_message(shown <- plotted_groups(levels, "g", NULL, 2, 4, "ranef"), "2 of 100")
  expect_equal(shown, c(1, 100))
  expect_identical(plotted_groups(levels, "g", c("g9", "g2", "g9"), 1, 1, "ranef"),
                   c(9L, 2L))
})

test_that("long names lose their middle, but stay apart", {
  expect_identical(shortened(c("short", "a very long name of group 12"), 18),
                   c("short", "a ver..of group 12"))
  alike <- c("aaaaaaaa north bbbbbbbbbb", "aaaaaaaa south bbbbbbbbbb")
  short <- shortened(alike, 10)
  expect_identical(anyDuplicated(short), 0L)
  expect_lt(max(nchar(short)), nchar(alike[1]))
  expect_identical(shortened(c("a", "a"), 10), c("a", "a"))
})

test_that("an interval leaves out what lies far from the rest", {
  expect_equal(inner_range(c(1:9, 1000), 3), c(1, 9))
  expect_equal(inner_range(c(1:9, 20), 3), c(1, 20))
  expect_equal(inner_range(c(1, 1, 1, 1, 5), 3), c(1, 5))
})

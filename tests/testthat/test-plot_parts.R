# What pictures share.

test_that("long names lose their middle, and stay apart", {
  expect_identical(shortened("short", 10), "short")
  names <- c("a_very_long_name_one", "a_very_long_name_two")
  short <- shortened(names, 10)
  expect_true(all(nchar(short) < nchar(names)))
  expect_true(all(startsWith(short, "a_")))
  expect_identical(anyDuplicated(short), 0L)
  alike <- paste0("same_start_", c("x", "y"), "_and_the_same_end_of_it")
  expect_identical(anyDuplicated(shortened(alike, 8)), 0L)
})

test_that("of many, a few are taken that are spread over all", {
  expect_identical(spread_over(1:5, 9), 1:5)
  few <- spread_over(1:100, 7)
  expect_length(few, 7)
  expect_identical(range(few), c(1L, 100L))
  expect_lte(diff(range(diff(few))), 1)
})

test_that("an inner range leaves out what lies far, and never all", {
  expect_identical(inner_range(c(1:9, 1000), 3), c(1, 9))
  expect_identical(inner_range(c(1:9, 12), 3), c(1, 12))
  expect_identical(inner_range(c(5, 5, 5, 5, 7), 3), c(5, 7))
})

test_that("groups and columns that are not there are refused with those that are", {
  fit <- relm(y ~ x + (1 + x | g), grouped_data(9), chains = 1, draws = 10, warmup = 10, seed = 1)
  expect_identical(match_levels(c("b", "a", "b"), c("a", "b"), "g"), 2:1)
  expect_error(match_levels("c", c("a", "b"), "g"), "levels of `g`.*no \"c\".*\"a\" and \"b\"",
               class = "relm_error")
  expect_error(match_levels(character(), "a", "g"), "empty", class = "relm_error")
  expect_identical(plotted_columns(fit, NULL, 1), "(Intercept)")
  expect_error(plotted_columns(fit, "v"), "`columns`.*\\(Intercept\\).*x.*It is", class = "relm_error")
  expect_error(plotted_columns(fit, c("x", "x")), "`columns`", class = "relm_error")
})

test_that("no more colors are asked for than there are", {
  skip_if_not_installed("ggplot2")
  drawn <- function(n) {
    data <- data.frame(x = 1, y = 1, chain = factor(seq_len(n)))
    plot <- ggplot2::ggplot(data, ggplot2::aes(x, y, colour = chain)) + ggplot2::geom_point() +
      line_colours(n)
    unique(ggplot2::ggplot_build(plot)$data[[1]]$colour)
  }
  expect_identical(drawn(8), okabe_ito)
  expect_length(drawn(9), 9)
})

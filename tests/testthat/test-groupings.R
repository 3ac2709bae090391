test_that("an interaction is one grouping factor", {
  data <- bass_centered()
  design <- relm_design(log(mercury) ~ x + (1 | river:station), data)
  expect_identical(design$group, "river:station")
  levels <- relm:::group_levels(design$by$group, design$frame)
  expect_identical(levels$labels, unique(paste(data$river, data$station, sep = ":")))
  expect_identical(levels$index, match(data$station, unique(data$station)))
})

test_that("groups are numbered in the order of the rows and shown in that of the levels", {
  frame <- data.frame(g = factor(c("b", "c", "b", "a"), levels = c("c", "b", "a", "unused")))
  levels <- relm:::group_levels(quote(g), frame)
  expect_identical(levels$labels, c("b", "c", "a"))
  expect_identical(levels$index, c(1L, 2L, 1L, 3L))
  expect_identical(levels$labels[levels$display], c("c", "b", "a"))
})

test_that("numbers that group are coded as factor() codes them", {
  x <- c(7L, -2L, 100000L, 7L, 0L, -2L)
  by <- list(7L + 0:5 %% 3L, x, x + 0, -x / 2, c(1e-20, 0, 1, 1, 0, 1), x * 1e9, 3e5 + 0:5 %% 2)
  for (values in by) {
    levels <- relm:::group_levels(quote(g), list(g = values))
    expect_identical(levels$labels[levels$index], as.character(as.factor(values)))
    expect_identical(levels$labels, unique(as.character(as.factor(values))))
    expect_identical(levels$all, levels(as.factor(values)))
    expect_identical(levels$labels[levels$display], levels$all)
  }
})

# Pictures of ranks: their numbers.

skip_if_not_installed("ggplot2")

set.seed(3)
ranks <- structure(data.frame(b_x = sample(0:19, 60, TRUE), sigma = rbinom(60, 19, 0.5)), draws = 19L,
                   failed = 0L, model = "y ~ x", class = c("relm_sbc", "data.frame"))

test_that("lines are the distribution function of ranks less the uniform one", {
  line <- rank_lines(ranks$b_x, 19)
  expect_identical(line$difference[c(1, 21)], c(0, 0))
  # Below 8 of 20.
  expect_equal(line$difference[9], mean(ranks$b_x <= 7) - 8 / 20)
})

test_that("pictures have the lines, and bands that uniform ranks stay within", {
  picture <- plot(ranks)
  built <- ggplot2::ggplot_build(picture)
  expect_identical(levels(picture$data$variable), c("b_x", "sigma"))
  band <- built$data[[1]]
  bands <- simultaneous_bands(0.95, 60, 19)
  expect_equal(max(band$ymax), max(bands$high / 60 - 1:19 / 20))
  inside <- function(name) {
    counts <- counts_below(ranks[[name]], bands$points)
    all(counts >= bands$low & counts <= bands$high)
  }
  expect_identical(inside("b_x"), p_uniform(ranks$b_x, 19) > 0.05)
  expect_false(inside("sigma"))
  expect_gt(max(band_table(simultaneous_bands(0.999, 60, 19), 60, 19)$high), max(band$ymax))
})

test_that("variables are chosen, and parts without their number of draws refused", {
  expect_identical(levels(plot(ranks, variable = "sigma")$data$variable), "sigma")
  expect_error(plot(ranks, variable = "tau"), "tau.*b_x", class = "relm_error")
  expect_error(plot(ranks, prob = 2), "prob", class = "relm_error")
  expect_error(plot(ranks, colour = 1), "colour", class = "relm_error")
  expect_error(plot.relm_sbc(as.data.frame(unclass(ranks)[1:2])), "of how many draws", class = "relm_error")
  many <- structure(as.data.frame(matrix(1:40, 1)), draws = 50L, class = c("relm_sbc", "data.frame"))
  expect_message(names <- plotted_ranks(many, NULL), "36 of 40")
  expect_length(names, 36)
})

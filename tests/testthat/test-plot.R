skip_if_not_installed("ggplot2")

fit <- relm(log(mercury) ~ x + (1 + x || station), bass_centered(), seed = 1, chains = 2,
            draws = 100)

test_that("every type gives a plot that can be changed", {
  for (type in relm:::plot_types) {
    plot <- plot(fit, type, with = fit)
    expect_s3_class(plot, "ggplot")
    expect_s3_class(built(plot + ggplot2::labs(title = type)), "ggplot_built")
  }
})

test_that("types that there are not are refused", {
  expect_error(plot(fit, "density"), "`type`", class = "relm_error")
})

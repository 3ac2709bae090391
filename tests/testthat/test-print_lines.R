# Lines that printed objects share.

test_that("code is one line, cut where it is long", {
  expect_identical(short_code(quote(x > 3)), "x > 3")
  long <- short_code(as.call(c(quote(c), as.list(1:100))))
  expect_identical(nchar(long), 60L)
  expect_match(long, "^c\\(1L, 2L.*\\.\\.\\.$")
  expect_identical(model_name(quote(fit)), "fit")
  expect_identical(model_name(1:3, 2), "model2")
})

test_that("the sampler's line tells how the chains were run", {
  fit <- relm(y ~ x + (1 | g), grouped_data(9), chains = 1, draws = 1, warmup = 10, thin = 2, seed = 7,
              sampler = "centered")
  expect_match(model_lines(fit)[3], "1 chain of 1 draw after 10 warm-up, one in 2, seed 7$")
  expect_match(model_lines(fit)[2], "9 levels of g")
  line <- sampler_line(relm(y ~ x, grouped_data(9), chains = 2, draws = 5, seed = 1)$sampling)
  expect_match(line, "independent draws.*2 x 5")
})

test_that("the line of the data has the numbers of levels of each grouping", {
  n_pairs <- nrow(unique(several_data()[c("a", "b")]))
  expect_identical(model_lines(nested_fit(draws = 5))[2],
                   sprintf("Data: 200 rows, 8 levels of a, %s levels of a:b", n_pairs))
})

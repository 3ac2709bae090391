test_that("a design says what it is of", {
  text <- capture.output(print(relm_design(y ~ x + (1 | g), grouped_data(), sigma = ~ f)))
  expect_match(text, "y ~ x + (1 | g)", fixed = TRUE, all = FALSE)
  expect_match(text, "(Intercept), x", fixed = TRUE, all = FALSE)
  expect_match(text, "residual variance by f", fixed = TRUE, all = FALSE)
})

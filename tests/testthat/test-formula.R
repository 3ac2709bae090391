test_that("formulas are split as reformulas splits them", {
  formulas <- list(
    y ~ x + (1 + x || g), y ~ (1 | g), log(y) ~ 0 + x * f + (f + I(x^2) || g) + v,
    y ~ (1 | g) + (0 + x | g) + (x + v) - 1, y ~ x + 1 | g, y ~ (x + (x | a:b)), y ~ x,
    y ~ x + (1 | g / h), `a b` ~ x + (`c d` || `e f`), y ~ x + (0 || g) + f(1 | h)
  )
  for (formula in formulas) {
    parts <- relm:::formula_parts(formula)
    expect_identical(parts$bars, reformulas::findbars(formula))
    # Where no fixed term is left, nobars() may give the response alone.
    if (inherits(reformulas::nobars(formula), "formula")) {
      expect_identical(parts$fixed, reformulas::nobars(formula))
    }
    expect_identical(relm:::bars_to_sums(formula), reformulas::subbars(formula))
  }
})

test_that("a response that is a call needs no fixed term", {
  data <- bass_centered()
  rows <- relm:::design_rows(relm_design(log(mercury) ~ (1 | station), data))
  expect_identical(colnames(rows$X), "(Intercept)")
  none <- relm:::design_rows(relm_design(log(mercury) ~ 0 + (1 | station), data))
  expect_equal(dim(none$X), c(171, 0))
})

test_that("variables outside a data frame are found, and a dot stands for the others", {
  y <- grouped_data()$y
  x <- grouped_data()$x
  expect_equal(nrow(relm_design(y ~ x)$frame), length(y))
  data <- grouped_data()[c("y", "x", "v")]
  expect_identical(colnames(relm:::design_rows(relm_design(y ~ ., data))$X),
                   c("(Intercept)", "x", "v"))
})

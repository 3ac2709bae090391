test_that("the inverse of what a response is a function of gives it back", {
  y <- c(0.2, 1, 3)
  for (code in expression(log(y), log2(y), log10(y), log1p(y), sqrt(y), exp(y), expm1(y), y^2, 3^y, 0.5^y)) {
    found <- inverse_of_response(code)
    expect_identical(found$variable, "y")
    expect_equal(found$inverse(eval(code)), y, label = deparse1(code))
  }
})

test_that("other functions, and functions of more than a name, have none", {
  for (code in expression(y, log(y + 1), log(y, 3), I(y^2), scale(y), y^3, (-2)^y, 1^y, cbind(y, z), f$log(y))) {
    expect_null(inverse_of_response(code), label = deparse1(code))
  }
})

test_that("a root below zero is taken for zero, and what no value has is refused", {
  expect_identical(inverse_of_response(quote(sqrt(y)))$inverse(c(-1, 2)), c(0, 4))
  scale <- c(inverse_of_response(quote(exp(y))), list(label = "y", given = FALSE))
  expect_error(to_response(matrix(c(1, -1), 1), scale), "outside the range.*`y`: 1 of 2.*transform = FALSE", class = "relm_error")
})

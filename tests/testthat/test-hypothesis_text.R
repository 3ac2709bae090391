known <- c(x = "b_x", "x:z" = "b_x:z", Intercept = "b_Intercept", "(Intercept)" = "b_Intercept", exp = "b_exp",
           "log(length)" = "b_loglength", "r_g[a 1,x]" = "r_g[a 1,x]", sigma = "sigma")

test_that("both sides are subtracted, with draws in the place of names", {
  read <- read_hypothesis("2 * x - Intercept > x^2 / 4", known)
  expect_identical(read$sign, ">")
  expect_identical(read$variables, c("b_x", "b_Intercept"))
  draws <- list(c(1, -2, 0.5), c(3, 3, 7))
  expect_equal(evaluate_difference(read, draws),
               2 * draws[[1]] - draws[[2]] - draws[[1]]^2 / 4)
  expect_identical(read$label, "(2 * x - Intercept)-(x^2/4) > 0")
  expect_identical(read_hypothesis("x = 0", known)$label, "(x) = 0")
})

test_that("names that are no names of R are read, the longest first", {
  read <- function(text) read_hypothesis(text, known)$variables
  expect_identical(read("x:z > x"), c("b_x:z", "b_x"))
  expect_identical(read("`x:z` > 0"), "b_x:z")
  expect_identical(read("log(length) = 3"), "b_loglength")
  expect_identical(read("r_g[a 1,x] < sigma"), c("r_g[a 1,x]", "sigma"))
  expect_identical(read("(Intercept) < 0"), "b_Intercept")
  expect_identical(read("exp(x) > exp"), c("b_x", "b_exp"))
  expect_identical(read("1e-3*x<=2"), "b_x")
})

test_that("names of the model matrix have backticks of their own, which quote nothing else", {
  known <- c(known, "`a b`" = "b_ab", "x:`a b`" = "b_x:ab", "`a b`:`c d`" = "b_ab:cd", "`c d`" = "b_cd")
  read <- function(text) read_hypothesis(text, known)$variables
  expect_identical(read("`a b` > 5"), "b_ab")
  expect_identical(read("5 - `a b`/2 < `c d`"), c("b_ab", "b_cd"))
  expect_identical(read("`a b`:`c d` > `a b`"), c("b_ab:cd", "b_ab"))
  expect_identical(read("x:`a b` = `x`"), c("b_x:ab", "b_x"))
  expect_identical(read_hypothesis("`a b` > 5", known)$label, "(`a b`)-(5) > 0")
})

test_that("what is no comparison of known names is refused, and told what is near", {
  expect_messages(expression(
    read_hypothesis("x", known),
    read_hypothesis("x > 1 > 2", known),
    read_hypothesis("x > 1 & x < 3", known),
    read_hypothesis("1 < 2", known),
    read_hypothesis("sigm > 2", known),
    read_hypothesis("x:zz > 2", known),
    read_hypothesis("max(x) > 2", known),
    read_hypothesis("x[1] > 2", known),
    evaluate_difference(read_hypothesis("log(x) > 1", known), list(c(2, -1, 3)))
  ))
  nearest <- function(name) near_names(name, c("Intercept", "loglength", "sd_g__Intercept", "sigma"), 1)
  expect_identical(nearest("length"), "loglength")
  expect_identical(nearest("sd_g"), "sd_g__Intercept")
  expect_identical(nearest("interceptt"), "Intercept")
})

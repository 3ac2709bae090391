# Orders below which moments exist, of functions whose variables' densities fall like t^-tail.
order_of <- function(text, tails, positive = rep(FALSE, length(tails))) {
  for (k in seq_along(tails)) text <- gsub(paste0("v", k), paste0("._", k, "_"), text, fixed = TRUE)
  order_of_moments(str2lang(text), tails, positive)
}

test_that("sums have the moments of the heaviest summand, products half of them", {
  expect_equal(order_of("v1 + 2 * v2 - 3", c(5, 4)), 3)
  expect_equal(order_of("-(v1)", 5), 4)
  expect_equal(order_of("v1 * v2", c(5, 5)), 2)
  expect_equal(order_of("v1 * v2", c(Inf, 5)), 4)
  expect_equal(order_of("v1^2", 5), 2)
  expect_equal(order_of("sqrt(v1)", 5), 8)
  expect_equal(order_of("v1 / 3", 5), 4)
})

test_that("logarithms of positive numbers and bounded functions have all moments, exponentials none that are known", {
  expect_equal(order_of("log(v1)", 2, TRUE), Inf)
  expect_equal(order_of("log(v1)", 2), 0)
  expect_equal(order_of("plogis(v1)", 2), Inf)
  expect_equal(order_of("exp(v1)", Inf), 0)
})

test_that("shares have all moments, other ratios none that are known", {
  both <- c(TRUE, TRUE)
  expect_equal(order_of("v1^2 / (v1^2 + v2^2)", c(2, 3), both), Inf)
  expect_equal(order_of("v1 / (v1 + v2)", c(2, 3), both), Inf)
  expect_equal(order_of("v1 / (v1 + v2)", c(2, 3), c(TRUE, FALSE)), 0)
  expect_equal(order_of("v1 / v2", c(Inf, Inf), both), 0)
})

test_that("moments exist below the order that is told: those of a t distribution", {
  # t with 3 degrees of freedom: its density falls like t^-4, and E|t|^k is finite for k < 3.
  moment <- function(k) {
    tryCatch(stats::integrate(function(t) t^k * stats::dt(t, 3), 0, Inf)$value, error = function(e) Inf)
  }
  expect_equal(order_of("v1", 4), 3)
  expect_true(is.finite(moment(2.5)))
  expect_false(is.finite(moment(3.2)))
})

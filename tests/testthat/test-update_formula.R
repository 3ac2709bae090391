data <- transform(grouped_data(), h = v)
updated <- function(fit, new) deparse1(update_formula(fit, new))
fit_of <- function(formula) relm(formula, data, seed = 1, chains = 1, draws = 5)
double <- fit_of(y ~ x + (1 + x || g))
single <- fit_of(y ~ x * v + (1 + x | g) + (0 + v | g) + offset(w))

test_that("a block that is taken out is gone, whether it was written so or by a double bar", {
  expect_identical(updated(double, . ~ . - (0 + x | g)), "y ~ x + (1 | g)")
  expect_identical(updated(double, . ~ . - (x - 1 | g)), "y ~ x + (1 | g)")
  expect_identical(updated(double, . ~ . - (1 | g)), "y ~ x + (0 + x | g)")
  expect_identical(updated(double, . ~ . - (x || g)), "y ~ x")
  expect_identical(updated(double, . ~ . - x), "y ~ (1 + x || g)")
  expect_identical(updated(double, . ~ . - (0 + x | g) + (0 + v | g)),
                   "y ~ x + (1 | g) + (0 + v | g)")
  expect_identical(updated(single, . ~ . - (x | g) - v:x),
                   "y ~ x + v + (0 + v | g) + offset(w)")
  expect_identical(updated(single, . ~ . - (0 + v | g) - offset(w)),
                   "y ~ x + v + (1 + x | g) + x:v")
  expect_identical(updated(fit_of(y ~ (1 + f || g)), . ~ . - (0 + f | g)), "y ~ (1 | g)")
  smaller <- update(double, . ~ . - (0 + x | g))
  expect_identical(as.matrix(smaller), as.matrix(fit_of(y ~ x + (1 | g))))
})

test_that("a term that is not there cannot be taken out", {
  for (new in list(. ~ . - (1 | g), . ~ . - (0 + x | g), . ~ . - (v | g), . ~ . - (1 + x || g),
                   . ~ . - (1 + x | h), . ~ . - f, . ~ . - f:x, . ~ . - (f + w),
                   . ~ . + x - log(v))) {
    expect_error(update(single, new), "does not have.*takes out|takes out.*does not have",
                 class = "relm_error", label = deparse1(new))
  }
  expect_identical(updated(single, . ~ . - 1 - x * v),
                   "y ~ (1 + x | g) + (0 + v | g) + offset(w) - 1")
})

test_that("groupings are added and taken out, one of a/b too", {
  fit <- nested_fit(formula = y ~ x + (1 + x | a / b), draws = 5)
  expect_identical(updated(fit, . ~ . - (1 + x | a:b)), "y ~ x + (1 + x | a)")
  expect_identical(updated(fit, . ~ . - (x | b:a)), "y ~ x + (1 + x | a)")
  expect_identical(updated(fit, . ~ . - (1 + x | a / b)), "y ~ x")
  expect_identical(updated(fit, . ~ . + (1 | c)), "y ~ x + (1 + x | a/b) + (1 | c)")
  expect_error(updated(fit, . ~ . - (1 | a)), "takes out", class = "relm_error")
  smaller <- update(fit, . ~ . - (x | a))
  expect_named(ngrps(smaller), "a:b")
})

test_that("a change that is no formula for R is an error of the package's", {
  fit <- suppressMessages(relm(y ~ x + (1 | g), grouped_data(), chains = 1, draws = 5, seed = 1))
  expect_error(update(fit, . ~ . + "v"), "`formula.` is no formula", class = "relm_error")
})

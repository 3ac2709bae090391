# What a model asks of a table.

test_that("factors' calls are taken off for the database", {
  expect_identical(inner_expression(quote(relevel(factor(f), ref = "b"))), quote(f))
  expect_identical(inner_expression(quote(log(f))), quote(log(f)))
  expect_identical(made_of(quote(cbind(a, b - a))), list(quote(a), quote(b - a)))
  expect_identical(made_of(quote(offset(log(e)))), list(quote(log(e))))
})

test_that("what is summed and what is grouped by goes by the terms", {
  data <- data.frame(y = 1:4, x = c(1, 3, 2, 5), f = c("a", "b", "a", "b"),
                     g = c(1, 1, 2, 2), w = 1)
  design <- relm_design(y ~ x + f + (x > 2) + (1 | g), data)
  whole <- attr(design$frame, "terms")
  asked <- model_expressions(whole, list(weights = rlang::quo(w)), globalenv())
  design$frame[["(weights)"]] <- 1
  variables <- model_variables(design, asked, counted = FALSE)
  of <- function(what) names(variables)[vapply(variables, `[[`, NA, what)]
  expect_setequal(of("is_key"), c("f", "x > 2", "g"))
  expect_setequal(of("is_number"), c("y", "x", "g", "(weights)"))
  expect_true(all(vapply(model_variables(design, asked, counted = TRUE), `[[`, NA, "is_key")))
})

test_that("matrices and times are refused", {
  data <- data.frame(y = 1:4, day = as.Date("2020-01-01") + 1:4)
  design <- relm_design(y ~ day, data)
  asked <- model_expressions(attr(design$frame, "terms"), list(), globalenv())
  expect_error(model_variables(design, asked, FALSE), "`day` is a time", class = "relm_error")
  data$two <- cbind(1:4, c(2, 5, 1, 3))
  design <- relm_design(y ~ two, data)
  asked <- model_expressions(attr(design$frame, "terms"), list(), globalenv())
  expect_error(model_variables(design, asked, FALSE), "`two` has 2 columns", class = "relm_error")
})

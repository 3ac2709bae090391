data <- transform(grouped_data(), f = factor(f), text = f)
rlang::local_options(rlib_warning_verbosity = "verbose", .frame = testthat::teardown_env())
fit_of <- function(formula) {
  suppressMessages(relm(formula, data, seed = 1, chains = 1, draws = 20))
}

test_that("functions of a whole column within others are named where new rows change them", {
  others <- function(v) v / sum(v)
  for (variable in c("c(scale(x))", "I(x - mean(x))", "x > median(x)", "scale(poly(x, 2))",
                     "splines::ns(scale(x), 3)", "rank(x)", "ave(x, g)", "cumsum(x)",
                     "as.integer(factor(text))", "log(x - min(x) + 1)", "others(x)",
                     "offset(x - mean(x))", "I(x/max(x))")) {
    formula <- as.formula(sprintf("y ~ (%s) + v + (1 | g)", variable))
    expect_warning(try(posterior_epred(fit_of(formula), data[5:9, ]), silent = TRUE),
                   variable, fixed = TRUE, class = "relm_warning", label = variable)
  }
  in_bar <- fit_of(y ~ x + (1 + I(v - mean(v)) | g))
  expect_warning(posterior_epred(in_bar, data[5:9, ]), "I(v - mean(v))", fixed = TRUE)
  expect_silent(posterior_epred(in_bar, data[5:9, ], re_formula = NA))
  by_group <- fit_of(y ~ v + (1 | round(x - mean(x))))
  expect_warning(posterior_epred(by_group, data[5:9, ], allow_new_levels = TRUE),
                 "round(x - mean(x))", fixed = TRUE)
})

test_that("a fit without a data frame and one of a subset are judged alike", {
  y <- data$y
  x <- data$x
  plain <- relm(y ~ rank(x), seed = 1, chains = 1, draws = 5)
  expect_warning(posterior_epred(plain, data.frame(x = 1:2)), "rank(x)", fixed = TRUE)
  part <- relm(y ~ I(x - mean(x)), data, subset = v > 0, seed = 1, chains = 1, draws = 5)
  expect_warning(posterior_epred(part, data[5:9, ]), "I(x - mean(x))", fixed = TRUE)
})

test_that("the warning comes once in a session for each fit", {
  fit <- fit_of(y ~ rank(x) + between)
  rlang::local_options(rlib_warning_verbosity = "default")
  expect_warning(posterior_epred(fit, data[5:9, ]), "rank(x)", fixed = TRUE)
  expect_silent(posterior_epred(fit, data[5:9, ]))
})

test_that("variables that new rows leave alone are not named", {
  degree <- 2
  formulas <- list(
    y ~ poly(x, degree) + scale(v) + splines::ns(between, 3), y ~ scale(log(w)) + factor(text),
    y ~ as.integer(f) + cut(x, c(-9, 0, 9)), y ~ ifelse(x > 0, x, 0) + I(x^2) + exp(v),
    y ~ poly(x, 3, raw = TRUE) + x:text + tanh(v)
  )
  for (formula in formulas) {
    expect_silent(posterior_epred(fit_of(formula), data[5:9, ]))
  }
  # The rows of the fit, all of them, give what they gave.
  ranked <- fit_of(y ~ rank(x))
  expect_silent(own <- posterior_epred(ranked, data))
  expect_equal(own, posterior_epred(ranked))
})

test_that("a function of one's own that bears the name of a known one is looked at", {
  log <- function(v) v - mean(v)
  expect_warning(posterior_epred(fit_of(y ~ log(x)), data[5:9, ]), "log(x)", fixed = TRUE)
})

test_that("plain formulas cost nothing: their rows are not evaluated", {
  fit <- fit_of(y ~ log(w) + poly(x, 2) + f)
  expressions <- variables_of(list(fit$design$terms), list())
  expect_true(all(vapply(Filter(is.call, expressions), is_rowwise, NA,
                         envir = environment(formula(fit)))))
})

test_that("names are those that R would look for", {
  found <- free_names(quote(
    f(x[, 1], a$b, c@d, function(u, w = K) u + w + z, stats::k(2), `my x` + g(h)(i), n = "text")
  ))
  expect_setequal(found$variables, c("x", "a", "c", "K", "z", "my x", "h", "i"))
  expect_setequal(found$functions, c("f", "[", "$", "@", "function", "+", "g"))
  expect_identical(free_variables(quote(quote(x))), character())
  expect_identical(free_variables(3), character())
  expect_identical(free_variables(y ~ x + (1 | g)), c("y", "x", "g"))
})

test_that("an argument of a function hides names in its body alone", {
  expect_identical(free_variables(quote(v + sapply(x, function(v) v^2))), c("v", "x"))
  expect_identical(free_variables(quote(sapply(x, function(v) sapply(w, function(x) x + v)))),
                   c("x", "w"))
  found <- free_names(quote((function(f) f(y))(x)))
  expect_identical(found$variables, c("y", "x"))
  expect_false("f" %in% found$functions)
})

# Formulas that lm() fits: the same columns, here and on new rows.
expect_as_lm <- function(formula, data, rows) {
  envir <- environment(formula)
  fit <- relm(formula, data, chains = 1, draws = 5, seed = 1)
  fixed <- formula_parts(formula)$fixed
  environment(fixed) <- envir
  line <- stats::lm(fixed, data)
  X <- rows_of(fit$design)$X
  expect_equal(X, stats::model.matrix(line), ignore_attr = TRUE, label = deparse1(formula))
  expected <- suppressWarnings({
    terms <- stats::delete.response(stats::terms(line))
    frame <- stats::model.frame(terms, rows, xlev = line$xlevels)
    stats::model.matrix(terms, frame, contrasts.arg = line$contrasts)
  })
  draws <- as.matrix(fit, "^b_", regex = TRUE)
  expect_equal(unname(posterior_epred(fit, rows, re_formula = NA)),
               unname(draws %*% t(expected)), label = deparse1(formula))
}

test_that("names that are no data are not asked for", {
  data <- transform(grouped_data(), f = factor(f))
  rows <- data[c(40, 3, 20), ]
  K <- 2
  knots <- list(inner = c(-0.5, 0.5))
  x <- function(z) z^3
  square <- function(z) z^2
  formulas <- list(
    y ~ C(f, sum) + (1 | g), y ~ C(f, contr.treatment, base = 2),
    y ~ sapply(x, function(v) v^2) + (1 | g), y ~ sapply(x, function(q, k = K) q^k),
    y ~ vapply(x, square, 0) + (1 | g), y ~ x(x) + v, y ~ Reduce(`+`, list(x, v)),
    y ~ splines::ns(x, knots = knots$inner) + (1 | g), y ~ stats::poly(x, degree = K),
    y ~ (function(w) w + 1)(x), y ~ x[] + cbind(x, v)[, 2], y ~ I(x * K) + (1 | g),
    y ~ relevel(f, ref = "b") + (1 | g)
  )
  for (formula in formulas) expect_as_lm(formula, data, rows)
})

test_that("functions of whole columns, and variables in lists, are fitted as lm() fits them", {
  data <- grouped_data()
  other <- list(v = data$v)
  for (formula in list(y ~ ave(x, g, FUN = median), y ~ x + other$v, y ~ x + other[["v"]])) {
    X <- rows_of(relm_design(formula, data))$X
    expect_equal(X, stats::model.matrix(stats::lm(formula, data)), ignore_attr = TRUE)
  }
})

test_that("a formula that names columns of a data frame is that of the columns", {
  d <- grouped_data()
  fit <- relm(d$y ~ d$x + (1 | d$g), chains = 1, draws = 20, seed = 1)
  plain <- relm(y ~ x + (1 | g), d, chains = 1, draws = 20, seed = 1)
  expect_identical(unname(fit$sampling$hyper), unname(plain$sampling$hyper))
  expect_identical(unname(posterior_epred(fit)), unname(posterior_epred(plain)))
  expect_identical(names(fixef(update(fit, . ~ . - d$x))), "(Intercept)")
  # New rows would get the values of the fit's.
  expect_error(posterior_epred(fit, d), "`d\\$x` and `d\\$g`.*not made of columns",
               class = "relm_error")
  other <- list(v = d$v)
  beside <- relm(y ~ x + other$v, d, chains = 1, draws = 5, seed = 1)
  expect_error(expect_no_warning(posterior_epred(beside, d)), "`other\\$v`.*not made of columns",
               class = "relm_error")
})

test_that("a function that bears a column's name is kept with the fit", {
  make <- function() {
    data <- grouped_data()
    x <- function(z) z^3
    relm(y ~ x(x) + (1 | g), data, chains = 1, draws = 10, seed = 1)
  }
  fit <- make()
  x <- function(z) z
  rows <- grouped_data()[c(9, 2), ]
  path <- tempfile(fileext = ".rds")
  saveRDS(fit, path)
  expect_identical(unname(posterior_epred(readRDS(path), rows)),
                   unname(posterior_epred(fit)[, c(9, 2)]))
  again <- suppressMessages(update(readRDS(path)))
  expect_identical(again$sampling$hyper, fit$sampling$hyper)
})

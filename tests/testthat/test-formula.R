test_that("formulas are split as reformulas splits them", {
  skip_if_not_installed("reformulas")
  formulas <- list(
    y ~ x + (1 + x || g), y ~ (1 | g), log(y) ~ 0 + x * f + (f + I(x^2) || g) + v,
    y ~ (1 | g) + (0 + x | g) + (x + v) - 1, y ~ x + 1 | g, y ~ (x + (x | a:b)), y ~ x,
    y ~ ((1 | g)) + x, y ~ x + (x || a:factor(b)), `a b` ~ x + (`c d` || `e f`),
    y ~ x + (0 || g) + f(1, h), ~ x + (1 | g)
  )
  for (formula in formulas) {
    expect_identical(bars_to_sums(formula), reformulas::subbars(formula))
    if (length(formula) < 3) next
    parts <- formula_parts(formula)
    expect_identical(parts$bars, reformulas::findbars(formula))
    # Where no fixed term is left, nobars() may give the response alone.
    if (inherits(reformulas::nobars(formula), "formula")) {
      expect_identical(parts$fixed, reformulas::nobars(formula), label = deparse1(formula))
    }
  }
})

test_that("a bar within a call of a function is the function's", {
  data <- transform(grouped_data(), p = x > 0, q = v > 0)
  formulas <- list(
    y ~ I(p | q) + x, y ~ ifelse(x < -1 | x > 1, 1, 0), y ~ x + I(as.numeric(p | q) * x),
    y ~ x:I(p | q), y ~ (I(p | q) + x) * v, I(y * (p | q)) ~ x, y ~ sapply(x, function(z) z > 0 || z < -1)
  )
  for (formula in formulas) {
    expect_null(formula_parts(formula)$bars)
    grouped <- stats::update(formula, . ~ . + (1 | g))
    design <- relm_design(grouped, data)
    expect_equal(rows_of(design)$X, model.matrix(formula, data), ignore_attr = TRUE)
    expect_length(design$bars, 1)
  }
  slopes <- relm_design(y ~ x + (0 + I(p | q) + x || g), data)
  expect_equal(rows_of(slopes)$Z, model.matrix(~ 0 + I(p | q) + x, data),
               ignore_attr = TRUE)
  by_call <- relm_design(y ~ x + (1 | I(p | q)), data)
  expect_identical(by_call$factors$group$labels, c("FALSE", "TRUE"))
})

test_that("a bar within a call stays where a formula is updated", {
  data <- transform(grouped_data(), p = x > 0, q = v > 0)
  fit <- relm(y ~ I(p | q) + x + (1 | g), data, chains = 1, draws = 5, seed = 1)
  expect_identical(names(fixef(update(fit, . ~ . - x))), c("(Intercept)", "I(p | q)TRUE"))
  expect_identical(names(fixef(update(fit, . ~ . - I(p | q)))), c("(Intercept)", "x"))
  expect_identical(names(fixef(update(fit, . ~ . - (1 | g) + v))),
                   c("(Intercept)", "I(p | q)TRUE", "x", "v"))
})

test_that("a response that is a call needs no fixed term", {
  data <- bass_centered()
  rows <- rows_of(relm_design(log(mercury) ~ (1 | station), data))
  expect_identical(colnames(rows$X), "(Intercept)")
  none <- rows_of(relm_design(log(mercury) ~ 0 + (1 | station), data))
  expect_equal(dim(none$X), c(171, 0))
})

test_that("NULL among terms is nothing, as to lm()", {
  data <- grouped_data()
  columns <- function(formula) colnames(rows_of(relm_design(formula, data))$X)
  expect_identical(columns(y ~ NULL + (1 | g)), "(Intercept)")
  expect_identical(columns(y ~ NULL), "(Intercept)")
  expect_identical(columns(y ~ x + NULL + (NULL | g)), c("(Intercept)", "x"))
  expect_length(columns(y ~ (1 | g) + NULL - 1), 0)
  expect_error(relm(NULL ~ x, data), "`formula` has no response", class = "relm_error")
  expect_error(relm(NULL ~ (1 | g), data), "`formula` has no response", class = "relm_error")
})

test_that("variables outside a data frame are found, and a dot stands for the others", {
  y <- grouped_data()$y
  x <- grouped_data()$x
  expect_equal(nrow(relm_design(y ~ x)$frame), length(y))
  data <- grouped_data()[c("y", "x", "v")]
  expect_identical(colnames(rows_of(relm_design(y ~ ., data))$X),
                   c("(Intercept)", "x", "v"))
  expect_error(relm_design(y ~ .), "`data`, which was not given", class = "relm_error")
})

test_that("columns without a name trouble none but a dot", {
  data <- grouped_data()[c("y", "x", "v", "g", "w")]
  for (name in c("", NA)) {
    names(data)[3] <- name
    expect_identical(nrow(relm_design(y ~ x + (1 | g), data, weights = w)$frame), nrow(data))
    fit <- relm(y ~ x + (1 | g), data, chains = 1, draws = 5, seed = 1)
    expect_identical(dim(posterior_epred(fit, data[1:2, ])), c(5L, 2L))
    expect_error(relm(y ~ . + (1 | g), data), "column 3 has no name", class = "relm_error")
  }
})

test_that("a response among the terms is refused", {
  data <- grouped_data()
  for (formula in list(y ~ y + x, y ~ x:y + (1 | g), log(w) ~ x + log(w), y ~ x + (y | g),
                       y ~ x + (0 + x + y || g))) {
    expect_error(relm(formula, data), "stands among the terms", class = "relm_error")
  }
  expect_identical(colnames(rows_of(relm_design(log(w) ~ w, data))$X),
                   c("(Intercept)", "w"))
})

test_that("sigma is a formula of one factor", {
  data <- grouped_data()
  f <- data$f
  expect_error(relm(y ~ x, data, sigma = nowhere), "nowhere.*not found.*Write it as `~ nowhere`",
               class = "relm_error")
  expect_error(relm(y ~ x, data, sigma = f), "sigma` must be a formula.*Write it as `~ f`",
               class = "relm_error")
  expect_error(relm(y ~ x, data, sigma = "f"), "sigma` must be a formula", class = "relm_error")
  expect_error(relm(y ~ x, data, sigma = ~ 0), "sigma` must be `~ 1` or name", class = "relm_error")
  expect_error(relm(y ~ x, data, sigma = y ~ f), "no left-hand side", class = "relm_error")
  expect_error(relm_design(y ~ x, data, sigma = g), "Write it as `~ g`", class = "relm_error")
})

test_that("a formula may be text", {
  data <- grouped_data()
  shift <- 2
  fit <- relm("y ~ I(x + shift) + (1 | g)", data, weights = w, subset = v > -1, chains = 1,
              draws = 10, seed = 1)
  expected <- relm(y ~ I(x + shift) + (1 | g), data, weights = w, subset = v > -1, chains = 1,
                   draws = 10, seed = 1)
  expect_identical(fit$sampling$hyper, expected$sampling$hyper)
  expect_identical(fit$call, expected$call)
  expect_identical(names(fixef(update(fit, . ~ . + v))), c("(Intercept)", "I(x + shift)", "v"))
  expect_identical(crossprods("y ~ x + (1 | g)", data)$groupings,
                   crossprods(y ~ x + (1 | g), data)$groupings)
  expect_identical(nrow(relm_design("y ~ x", data)$frame), nrow(data))
  expect_error(relm("y ~ x + (1 | g", data), "cannot be read as a formula", class = "relm_error")
  expect_error(relm(c("y ~ x", "y ~ v"), data), "`formula` must be a formula", class = "relm_error")
})

test_that("a sum of a thousand terms is a formula like any other", {
  names <- paste0("x", 1:1000)
  sum <- paste(names, collapse = " + ")
  formula <- stats::as.formula(paste("y ~ (1 | h) +", sum, "+ (1 + x1 || g)"))
  parts <- formula_parts(formula)
  expect_equal(parts$fixed, stats::as.formula(paste("y ~", sum)))
  expect_identical(parts$bars, list(quote(1 | h), quote(1 | g), quote(0 + x1 | g)))
  expect_setequal(free_variables(formula), c(names, "y", "g", "h"))
  data <- as.data.frame(matrix(1:3000, 3, dimnames = list(NULL, names)))
  formula <- stats::as.formula(paste("y ~", sum, "+ (1 + x1 || g)"))
  expect_length(attr(stats::terms(relm_design(formula, cbind(data, y = 1:3, g = 1:3))),
                     "term.labels"), 1000)
})

test_that("texts and numbers among the terms are an error of the package's, wherever they stand", {
  data <- grouped_data()
  for (formula in c(y ~ x + "v", y ~ . + "v", y ~ x + (1e6 * x || g), y ~ 1e6 * x + (1 | g),
                    y ~ x + ("v" | g), y ~ 1 + 2)) {
    expect_error(relm_design(formula, data), class = "relm_error")
    parts <- list(data, NULL)
    in_chunks <- function() {
      part <- parts[[1]]
      parts <<- parts[-1]
      part
    }
    expect_error(crossprods(formula, in_chunks), class = "relm_error")
  }
  expect_error(relm_design(), "`formula` is missing", class = "relm_error")
})

test_that("a dot beside a name that the data have not is refused without a warning of R's", {
  expect_no_warning(expect_error(relm_design(y ~ . + (1 | none), grouped_data()), "none",
                                 class = "relm_error"))
})

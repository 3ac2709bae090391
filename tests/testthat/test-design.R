test_that("design matrices are those of model.matrix", {
  data <- grouped_data()
  design <- relm_design(y ~ x * f + poly(v, 2) + (1 + x || g), data, offset = w)
  rows <- relm:::design_rows(design)
  expect_equal(rows$X, model.matrix(~ x * f + poly(v, 2), data), ignore_attr = TRUE)
  expect_equal(colnames(rows$X), colnames(model.matrix(~ x * f + poly(v, 2), data)))
  expect_equal(unname(rows$Z), cbind(1, data$x))
  expect_equal(rows$y, data$y - data$w)
  part <- relm:::design_rows(design, 5:9)
  expect_equal(part$X, rows$X[5:9, ], ignore_attr = TRUE)
})

test_that("splines, contrasts and an offset in the formula are read as lm reads them", {
  data <- grouped_data()
  formula <- y ~ splines::ns(x, 3) + f + offset(v)
  contrasts <- list(f = "contr.sum")
  rows <- relm:::design_rows(relm_design(formula, data, contrasts = contrasts))
  reference <- lm(formula, data, contrasts = contrasts)
  expect_equal(rows$X, model.matrix(reference), ignore_attr = TRUE)
  expect_equal(unname(coef(lm.fit(rows$X, rows$y))), unname(coef(reference)))
})

test_that("double bars and several terms become blocks, as lme4 reads them", {
  data <- grouped_data()
  blocks <- function(formula) relm:::design_rows(relm_design(formula, data))$block
  expect_identical(blocks(y ~ x + (1 + x | g)), c(1L, 1L))
  expect_identical(blocks(y ~ x + (1 + x || g)), c(1L, 2L))
  expect_identical(blocks(y ~ x + (1 | g) + (0 + x | g)), c(1L, 2L))
  expect_identical(blocks(y ~ f + (1 + f || g)), c(1L, 2L, 2L, 2L))
})

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

test_that("an interaction is one grouping factor", {
  data <- bass_centered()
  design <- relm_design(log(mercury) ~ x + (1 | river:station), data)
  expect_identical(design$group, "river:station")
  levels <- relm:::group_levels(design$by$group, design$frame)
  expect_identical(levels$labels, unique(paste(data$river, data$station, sep = ":")))
  expect_identical(levels$index, match(data$station, unique(data$station)))
})

test_that("groups are numbered in the order of the rows and shown in that of the levels", {
  frame <- data.frame(g = factor(c("b", "c", "b", "a"), levels = c("c", "b", "a", "unused")))
  levels <- relm:::group_levels(quote(g), frame)
  expect_identical(levels$labels, c("b", "c", "a"))
  expect_identical(levels$index, c(1L, 2L, 1L, 3L))
  expect_identical(levels$labels[levels$display], c("c", "b", "a"))
})

test_that("numbers that group are coded as factor() codes them", {
  x <- c(7L, -2L, 100000L, 7L, 0L, -2L)
  by <- list(7L + 0:5 %% 3L, x, x + 0, -x / 2, c(1e-20, 0, 1, 1, 0, 1), x * 1e9, 3e5 + 0:5 %% 2)
  for (values in by) {
    levels <- relm:::group_levels(quote(g), list(g = values))
    expect_identical(levels$labels[levels$index], as.character(as.factor(values)))
    expect_identical(levels$labels, unique(as.character(as.factor(values))))
    expect_identical(levels$all, levels(as.factor(values)))
    expect_identical(levels$labels[levels$display], levels$all)
  }
})

test_that("weights, offset and subset are found in the data, and where the call was written", {
  data <- grouped_data()
  own <- 2 * data$w
  frame <- relm_design(y ~ x + (1 | g), data, weights = own, subset = x > 0)$frame
  expect_equal(frame[["(weights)"]], own[data$x > 0])
  wrapper <- function(...) relm_design(y ~ x + (1 | g), data, ...)
  expect_equal(wrapper(weights = w, subset = x > 0)$frame[["(weights)"]],
               data$w[data$x > 0])
  inner <- function(given) relm_design(y ~ x + (1 | g), data, weights = given)$frame
  expect_equal(inner(own)[["(weights)"]], own)
})

test_that("rows with missing values are dropped, and their number is said", {
  data <- grouped_data()
  data$x[c(2, 5)] <- c(NA, NaN)
  data$g[7] <- NA
  expect_message(design <- relm_design(y ~ x + (1 | g), data),
                 sprintf("Dropped 3 of %d rows", nrow(data)), class = "relm_message")
  expect_equal(nrow(design$frame), nrow(data) - 3)
  expect_equal(suppressMessages(nobs(relm(y ~ x + (1 | g), data, chains = 1, draws = 2))),
               nrow(data) - 3)
})

test_that("variables outside a data frame are found, and a dot stands for the others", {
  y <- grouped_data()$y
  x <- grouped_data()$x
  expect_equal(nrow(relm_design(y ~ x)$frame), length(y))
  data <- grouped_data()[c("y", "x", "v")]
  expect_identical(colnames(relm:::design_rows(relm_design(y ~ ., data))$X),
                   c("(Intercept)", "x", "v"))
})

test_that("a design says what it is of", {
  text <- capture.output(print(relm_design(y ~ x + (1 | g), grouped_data(), sigma = ~ f)))
  expect_match(text, "y ~ x + (1 | g)", fixed = TRUE, all = FALSE)
  expect_match(text, "(Intercept), x", fixed = TRUE, all = FALSE)
  expect_match(text, "residual variance by f", fixed = TRUE, all = FALSE)
})

test_that("design matrices are those of model.matrix", {
  data <- grouped_data()
  design <- relm_design(y ~ x * f + poly(v, 2) + (1 + x || g), data, offset = w)
  rows <- rows_of(design)
  expect_equal(rows$X, model.matrix(~ x * f + poly(v, 2), data), ignore_attr = TRUE)
  expect_equal(colnames(rows$X), colnames(model.matrix(~ x * f + poly(v, 2), data)))
  expect_equal(unname(rows$Z), cbind(1, data$x))
  expect_equal(rows$y, data$y - data$w)
  whole <- design_rows(design)
  expect_equal(whole[c("y", "offset")], list(y = data$y, offset = data$w))
  expect_null(rows$offset)
  part <- rows_of(design, 5:9)
  expect_equal(part$X, rows$X[5:9, ], ignore_attr = TRUE)
})

test_that("splines, contrasts and an offset in the formula are read as lm reads them", {
  data <- grouped_data()
  formula <- y ~ splines::ns(x, 3) + f + offset(v)
  contrasts <- list(f = "contr.sum")
  rows <- rows_of(relm_design(formula, data, contrasts = contrasts))
  reference <- lm(formula, data, contrasts = contrasts)
  expect_equal(rows$X, model.matrix(reference), ignore_attr = TRUE)
  expect_equal(unname(coef(lm.fit(rows$X, rows$y))), unname(coef(reference)))
})

test_that("double bars and several terms become blocks, as lme4 reads them", {
  data <- grouped_data()
  blocks <- function(formula) rows_of(relm_design(formula, data))$random$block
  expect_identical(blocks(y ~ x + (1 + x | g)), c(1L, 1L))
  expect_identical(blocks(y ~ x + (1 + x || g)), c(1L, 2L))
  expect_identical(blocks(y ~ x + (1 | g) + (0 + x | g)), c(1L, 2L))
  expect_identical(blocks(y ~ f + (1 + f || g)), c(1L, 2L, 2L, 2L))
})

test_that("rows less their offset are of Gaussian responses alone", {
  fits <- family_fits()
  for (fit in fits[c("bernoulli", "counts", "dispersed")]) {
    expect_error(linear_rows(fit$design, 1:3, "It"), "It is of Gaussian responses alone",
                 class = "relm_error")
  }
})

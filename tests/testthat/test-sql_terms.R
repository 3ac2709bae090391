# Columns of cells against the model matrices of their rows.

test_that("codes times numbers are the columns of the rows", {
  set.seed(3)
  data <- data.frame(y = stats::rnorm(60), x = stats::rnorm(60), z = stats::runif(60),
                     f = factor(rep_len(letters[1:3], 60)), k = factor(rep_len(c("u", "v"), 60)),
                     g = rep(1:6, 10))
  formula <- y ~ x * f + z:x + f:k + offset(z) + (0 + f + x:z | g)
  design <- relm_design(formula, data, contrasts = list(f = "contr.sum"))
  variables <- lapply(design$frame, function(column) {
    list(is_number = is.numeric(column), is_key = is.factor(column))
  })
  parts <- numeric_parts(design, variables)
  expect_setequal(vapply(parts, paste, "", collapse = ":"), c("x", "x:z"))
  frame <- design$frame
  frame[vapply(frame, is.numeric, NA)] <- 1
  values <- vapply(parts, function(part) Reduce(`*`, data[part]), numeric(60))
  for (terms in c(list(design$terms), design$bars)) {
    coded <- term_codes(terms, frame, design$coding, parts, variables)
    expect_equal(code_rows(coded, 1:60, 1, values),
                 terms_matrix(terms, design$frame, design$coding), tolerance = 1e-15)
  }
})

# Panels of reflections, which many columns are absorbed by, against the products of the rows.

test_that("factors of many columns have the products of the rows", {
  set.seed(1)
  for (p in c(62, 63, 64, 100)) for (n in c(257, 700)) {
    data <- data.frame(y = rnorm(n, 5), X = I(matrix(rnorm(n * p), n)), g = rep_len(1:9, n))
    for (formula in c(y ~ X, y ~ X + (1 | g))) {
      sums <- crossprods(formula, data)
      shift <- sums$shift[setdiff(seq_along(sums$shift), seq_len(nrow(sums$random)))]
      rows <- sweep(cbind(1, unclass(data$X), data$y), 2, shift)
      factor <- relm:::stratum_totals(sums)[, , 1]
      expect_identical(factor[lower.tri(factor)], numeric((p + 2) * (p + 1) / 2))
      expect_equal(crossprod(factor), crossprod(rows), tolerance = 1e-12, ignore_attr = TRUE)
    }
  }
})

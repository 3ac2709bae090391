# Sums in formulas, however long.

test_that("a sum's terms are those of its left side, from left to right", {
  expect_identical(summands_of(quote(a + b + (c + d) + e:f)),
                   list(quote(a), quote(b), quote((c + d)), quote(e:f)))
  expect_identical(summands_of(quote(a - b)), list(quote(a - b)))
  expect_identical(summands_of(quote(+a)), list(quote(+a)))
})

test_that("a sum of very many terms is taken apart and put together again", {
  terms <- lapply(paste0("x", 1:20000), as.name)
  sum <- sum_up(terms)
  expect_identical(summands_of(sum), terms)
})

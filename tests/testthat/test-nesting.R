# Which groupings are nested in which.

parents_of <- function(formula, data) {
  groupings <- suppressMessages(posterior_of(formula, data, relm_prior(sd = half_t(3, 1))))$groupings
  lapply(groupings, `[[`, "parent")
}

test_that("parents are found from the rows, however the groups are spelled", {
  data <- transform(several_data(), own = paste(a, b), half = a < "e")
  expect_identical(parents_of(y ~ x + (1 | a / b), data), list(NULL, 1L))
  expect_identical(parents_of(y ~ x + (1 | own) + (1 | a), data), list(2L, NULL))
  expect_identical(parents_of(y ~ x + (1 | a) + (1 | b), data), list(NULL, NULL))
  # The parent is the one with the most groups.
  expect_identical(parents_of(y ~ x + (1 | half) + (1 | own) + (1 | a) + (1 | c), data),
                   list(NULL, 3L, 1L, NULL))
  # Of two with the same groups the first is the parent.
  same <- transform(data, twin = toupper(a))
  expect_identical(parents_of(y ~ x + (1 | a) + (1 | twin), same), list(NULL, 1L))
})

test_that("a group that lies in two is in none", {
  cells <- list(group = cbind(c(1L, 2L, 3L, 3L), c(1L, 1L, 2L, 2L), c(1L, 2L, 1L, 2L)))
  expect_identical(group_parents(cells, 1, 2), c(1L, 1L, 2L))
  expect_null(group_parents(cells, 2, 1))
  expect_null(group_parents(cells, 1, 3))
})

test_that("rows of another part can break a nesting", {
  data <- several_data()
  data$d <- ifelse(data$a < "e", "low", "high")
  crossed <- transform(data, d = "low")
  whole <- crossprods(y ~ x + (1 | a) + (1 | d), data)
  prior <- relm_prior(sd = half_t(3, 1))
  expect_identical(relm_posterior(whole, prior)$groupings[[1]]$parent, 2L)
  both <- whole + crossprods(y ~ x + (1 | a) + (1 | d), crossed)
  expect_null(relm_posterior(both, prior)$groupings[[1]]$parent)
})

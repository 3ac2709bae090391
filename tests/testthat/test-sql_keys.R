# What rows are grouped by, and the columns that R makes of its values.

test_that("R makes the factors that it would make of the rows", {
  fish <- data.frame(y = c(1, 2, 4, 3, 5, 9), f = c("b", "a", "c", "a", "b", "c"),
                     k = c(3L, 1L, 2L))
  table <- sqlite_table(fish)
  own <- function(formula, data) crossprods(formula, data)
  formulas <- list(y ~ relevel(factor(f), ref = "b"), y ~ ordered(f),
                   y ~ factor(k, levels = c(3, 1, 2)),
                   y ~ factor(f, labels = c("one", "two", "three")))
  for (formula in formulas) {
    expect_crossprods_of_rows(own(formula, table), own(formula, fish))
  }
})

test_that("rows of which a factor makes missing values are dropped and counted", {
  fish <- data.frame(y = c(1, 2, 4, 3, 5, 9), f = c("b", "a", "c", "a", "b", "a"))
  formula <- y ~ factor(f, levels = c("a", "b"))
  expect_message(own <- crossprods(formula, sqlite_table(fish)), "Dropped 1 of 6 rows")
  expect_crossprods_of_rows(own, suppressMessages(crossprods(formula, fish)))
})

test_that("groups are in the order of their labels as bytes", {
  grouping <- list(code = c(2L, 3L, 1L, 3L), labels = c("a", "B", "\u00e9"))
  own <- sorted_levels(grouping)
  expect_identical(own$labels, c("B", "a", "\u00e9"))
  expect_identical(own$index, c(1L, 3L, 2L, 3L))
  expect_identical(own$labels[own$display], c("a", "B", "\u00e9"))
})

test_that("cells are counted first where first rows show many", {
  fish <- fish_data()
  fish$tag <- paste0("t", seq_len(nrow(fish)) %% 90)
  fish$id <- seq_len(nrow(fish))
  table <- sqlite_table(fish)
  expect_error(crossprods(y ~ x + tag + (1 | id), table, max_cells = 100),
               "The rows make 239 cells", class = "relm_error")
  expect_error(crossprods(y ~ x + kind + (1 | lake), table, max_cells = 4), "more than 4 cells",
               class = "relm_error")
})

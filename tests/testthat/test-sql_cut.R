# cut() with breaks that are given, in SQLite against R; on other engines the model `cut` of
# helper-sql.R and those of tools/engines.

test_that("intervals are those of R, at their ends and beyond", {
  expect_cuts_agree(sqlite_table(numbers_to_cut))
})

test_that("labels are looked at as text, and numbers of intervals reckoned with", {
  fish <- fish_data()
  table <- sqlite_table(fish)
  limits <- c(0, 18, 22, Inf)
  own <- function(data) suppressMessages(crossprods(
    y ~ I(cut(x, limits, labels = FALSE)^2) + relevel(cut(z, 0:2 / 2), ref = "(0.5,1]") + (1 | lake),
    data, subset = cut(x, limits, c("low", "mid", "high")) != "mid"
  ))
  expect_crossprods_of_rows(own(table), own(fish))
})

test_that("rows beyond the breaks are dropped and counted", {
  fish <- fish_data()
  table <- sqlite_table(fish)
  formula <- y ~ cut(x, c(15, 20, 25)) + (1 | lake)
  n <- sum(is.na(fish$y) | fish$x <= 15 | fish$x > 25)
  expect_message(made <- crossprods(formula, table), sprintf("Dropped %d of 240 rows", n))
  expect_crossprods_of_rows(made, suppressMessages(crossprods(formula, fish)))
})

test_that("an interval that no row is in is a column, which fits leave out", {
  fish <- fish_data()
  table <- sqlite_table(fish)
  formula <- y ~ cut(x, c(-10, 0, 20, 50)) + (1 | lake)
  whole <- suppressMessages(crossprods(formula, fish))
  expect_crossprods_of_rows(suppressMessages(crossprods(formula, table)), whole)
  expect_length(whole$fixed, 3)
  fit <- function(data) suppressMessages(relm(formula, data, chains = 1, draws = 40, seed = 2))
  of_table <- fit(table)
  expect_length(of_table$posterior$fixed, 2)
  expect_lt(distance_of_draws(of_table, fit(fish)), 1e-8)
})

test_that("a fit predicts new rows by the same breaks", {
  fish <- fish_data()
  fit <- suppressMessages(relm(y ~ cut(x, c(0, 18, 22, Inf)) + (1 | lake), sqlite_table(fish),
                               chains = 1, draws = 20, seed = 3))
  beta <- as.matrix(fit)[, 1:3]
  new <- data.frame(x = c(18, 18.5, 22.01), lake = "Oe")
  expect_equal(unname(posterior_linpred(fit, newdata = new, re_formula = NA)),
               unname(beta %*% t(cbind(1, c(0, 1, 0), c(0, 0, 1)))), tolerance = 1e-12)
})

test_that("what cut() cannot make of a table is refused", {
  table <- sqlite_table(fish_data())
  refused <- function(formula, says) {
    expect_error(crossprods(formula, table), says, fixed = TRUE, class = "relm_error")
  }
  refused(y ~ cut(x, 3) + (1 | lake), "must be two numbers or more")
  refused(y ~ cut(x, c(0, max(x))) + (1 | lake), "`breaks` of")
  refused(y ~ cut(x, c(0, 20, 20)) + (1 | lake), "not unique")
  refused(y ~ cut(x, c(0, nowhere)) + (1 | lake), "nowhere")
  refused(y ~ cut(x, c(0, 20, 99), labels = "one") + (1 | lake), "labels")
  refused(y ~ cut(x, c(0, 20, 99), digits = 3) + (1 | lake), "digits")
  refused(y ~ cut(kind, c(0, 20, 99)) + (1 | lake), "must be numeric")
  refused(y ~ cut(scale(x), c(0, 20, 99)) + (1 | lake), "`scale()` is not among")
})

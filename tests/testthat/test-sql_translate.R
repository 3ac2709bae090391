# Expressions in SQLite against R.

values_of <- data.frame(x = c(-1000, -2.5, -1, 0, 0.3, 1, 2, 7.5, 750),
                        z = c(2, 0, -3, 0, 1, 5, -1, 0.5, 9),
                        i = c(7L, 2L, 3L, -1L, 0L, 1L, 5L, 4L, 3L),
                        k = c("a", "b", "it's", "A", "b", "b", "a", "a", "c"))

# list(values, given) of an expression of a table's rows, in their order.
asked_of <- function(table, expression, envir = globalenv()) {
  table <- probe_table(new_table(table, envir), colnames(table))$table
  check_translatable(expression, table)
  made <- translate(expression, table)
  all_given <- if (length(made$given)) paste(made$given, collapse = " AND ") else "1"
  answer <- ask(table, select_text(table, c(v = made$sql, given = all_given)))
  list(values = answer$v, given = answer$given == 1, type = made$type)
}

test_that("functions on the list are those of R", {
  table <- sqlite_table(values_of, "v")
  expressions <- expression(
    x + z, x - z, -x, x * z, x / z, i / 2L, i * i, x^2, x^3, abs(x)^0.5, z^-1, 2^z, (x + 1) * 3,
    I(x), log(x), log10(x), exp(x), sqrt(x), abs(x), floor(x), ceiling(x), sin(x), cos(z), tanh(z), tanh(x),
    atan2(x, z), pmin(x, z), pmax(x, z, 1), ifelse(x > 0, log(x), z), ifelse(k == "b", 1, 0),
    x > 0, x <= z, i == 3, i != 3L, k == "it's", k != "a", x > 0 & z > 0, x > 0 | z > 0, !(x > 0),
    as.numeric(x > 0), (x > 0) * z, x / 3 + log(2), x * exp(-1)
  )
  for (expression in expressions) {
    own <- suppressWarnings(eval(expression, values_of))
    asked <- asked_of(table, expression)
    is_known <- !is.na(own)
    expect_identical(asked$given, is_known, label = deparse1(expression))
    expect_equal(as.numeric(asked$values[is_known]), as.numeric(own[is_known]), tolerance = 1e-14,
                 label = deparse1(expression))
    expect_identical(asked$type, if (is.logical(own)) "logical" else "number")
  }
})

test_that("a value is missing where R's is", {
  table <- sqlite_table(data.frame(x = c(1, NA, NA), z = c(NA, 1, 1), w = 1:3), "v")
  given <- function(expression) asked_of_types(table, expression)
  asked_of_types <- function(source, expression) {
    table <- new_table(source, globalenv())
    table$types <- list(x = numeric(), z = numeric(), w = integer())
    made <- translate(expression, table)
    ask(table, select_text(table, c(given = paste(made$given, collapse = " AND "))))$given == 1
  }
  expect_identical(given(quote(x + w)), c(TRUE, FALSE, FALSE))
  expect_identical(given(quote(ifelse(w > 1, z, x))), c(TRUE, TRUE, TRUE))
  # TRUE | NA is TRUE.
  expect_identical(given(quote(x > 0 | z > 0)), c(TRUE, TRUE, TRUE))
  expect_identical(given(quote(x > 0 & z > 0)), c(FALSE, FALSE, FALSE))
})

test_that("what has no column is found in R", {
  table <- sqlite_table(values_of, "v")
  limit <- 2
  own <- function(v) v + 1
  asked <- asked_of(table, quote(x * own(limit)), environment())
  expect_equal(asked$values, values_of$x * 3)
  expect_error(asked_of(table, quote(x * nobody)), "`nobody` cannot be evaluated",
               class = "relm_error")
  expect_error(asked_of(table, quote(x * c(1, 2)), environment()), "must be one value",
               class = "relm_error")
})

test_that("types that do not fit are refused", {
  table <- sqlite_table(values_of, "v")
  expect_error(asked_of(table, quote(k < "b")), "compares a text and a text", class = "relm_error")
  expect_error(asked_of(table, quote(k == 1)), "compares a text and a number", class = "relm_error")
  expect_error(asked_of(table, quote(log(k))), "takes a number", class = "relm_error")
  expect_error(asked_of(table, quote(x & z)), "takes a logical", class = "relm_error")
  expect_error(asked_of(table, quote(x %% 2)), "not among the functions", class = "relm_error")
  expect_error(asked_of(table, quote(ifelse(x > 0, k, 1))), "of one type", class = "relm_error")
})

# What databases differ in.

test_that("numbers are written in full, and never as whole ones", {
  x <- c(0, 1, -2, 1 / 3, 0.1, 1e300, -1e-300, 123456789012345680, pi * 1e10, 5e-324)
  text <- sql_number(x)
  expect_identical(vapply(text, function(one) eval(str2lang(one)), 0, USE.NAMES = FALSE), x)
  expect_match(text, "[.e]")
  expect_identical(sql_number(c(2, -0.5)), c("2.0", "(-0.5)"))
})

test_that("engines are known by their connections", {
  skip_if_not_installed("dbplyr")
  label <- function(connection) engine_of(connection)$label
  expect_identical(label(dbplyr::simulate_sqlite()), "SQLite")
  expect_identical(label(dbplyr::simulate_postgres()), "PostgreSQL")
  expect_identical(label(dbplyr::simulate_dbi("ClickhouseConnection")), "ClickHouse")
  expect_identical(label(dbplyr::simulate_dbi("nobody's")), "the database")
})

test_that("names and texts are quoted as the engine quotes them", {
  hostile <- "\"`; drop table fish; --"
  table <- new_table(sqlite_table(data.frame(x = 1)), globalenv())
  expect_identical(sql_name(table, hostile), "`\"``; drop table fish; --`")
  expect_identical(sql_text(table, "it's"), "'it''s'")
})

test_that("ClickHouse is asked by its own names, of two at a time, and sends means to its servers", {
  table <- list(connection = NULL, engine = engines$clickhouse, where = character(), from = "fish")
  expect_identical(sql_call(table, "abs", "x"), "abs(x)")
  expect_identical(sql_call(table, "pmin", list("x", "z", "1.0")), "least(least(x, z), 1.0)")
  sums <- list(keys = "k", v = "(x)", given = character())
  text <- moments_query(table, sums, list(shift = 0, T = diag(1)), TRUE)$text
  expect_match(text, "GLOBAL INNER JOIN (SELECT", fixed = TRUE)
})

# Engines that are not run here -------------------------------------------------------------------

# Functions that they document, read in 2026. BigQuery: "Mathematical functions" of the GoogleSQL
# reference, which has GREATEST and LEAST too. SQL Server: "Mathematical Functions (Transact-SQL)"
# (2017), "Logical functions - GREATEST" and "- LEAST" (SQL Server 2022): no hyperbolic functions.
# MySQL: "Mathematical Functions" and "Comparison Functions and Operators" of its reference manual
# (8.0): none either. Snowflake: "Numeric functions" and "ANSI SQL - Built-in functions": LOG takes a
# base, and CEILING is CEIL. Spark: the mathematical functions of two services that run it, AWS Clean
# Rooms and Data Lake Insight (2023), and isnan() in "functions" of its own reference (3.3).
common <- c("ABS", "COS", "EXP", "FLOOR", "LOG10", "POWER", "SIN", "SQRT", "SUM", "COUNT", "MIN",
            "AVG", "CAST", "GREATEST", "LEAST")
documented <- list(
  spark = c(common, "ATAN2", "CEIL", "CEILING", "ISNAN", "LN", "LOG"),
  bigquery = c(common, "ATAN2", "CEIL", "CEILING", "IS_NAN", "LN", "LOG", "TANH"),
  snowflake = c(setdiff(common, "LOG10"), "ATAN2", "CEIL", "LN", "LOG"),
  mssql = c(common, "ATN2", "CEILING", "LOG"),
  mysql = c(common, "ATAN2", "CEIL", "CEILING", "LN", "LOG")
)

simulated <- function(engine) {
  skip_if_not_installed("dbplyr")
  switch(engine, spark = dbplyr::simulate_dbi("Spark SQL"),
         bigquery = dbplyr::simulate_dbi("BigQueryConnection"),
         snowflake = dbplyr::simulate_snowflake(), mssql = dbplyr::simulate_mssql(),
         mysql = dbplyr::simulate_mysql())
}

# A table of numbers x and z and a text k, of which nothing can be asked.
simulated_table <- function(engine) {
  connection <- simulated(engine)
  list(connection = connection, engine = engine_of(connection), from = "fish", where = character(),
       types = list(x = numeric(), z = integer(), k = character()), envir = globalenv())
}

functions_called <- function(sql) {
  words <- regmatches(sql, gregexpr("[A-Za-z_][A-Za-z_0-9]*\\s*\\(", sql))[[1]]
  words <- toupper(sub("\\s*\\($", "", words))
  setdiff(words, c("AND", "OR", "NOT", "WHEN", "THEN", "ELSE", "IN", "ON", "JOIN", "FROM", "CASE",
                   "FISH"))
}

calls_of_every_kind <- expression(
  x + z, x / z, x^2, x^3, abs(x)^0.5, 2^z, log(x), log10(x), exp(x), sqrt(x), abs(x), floor(x),
  ceiling(x), sin(x), cos(x), tanh(x), atan2(x, z), pmin(x, z), pmax(x, z), ifelse(x > z, x, z),
  ifelse(k == "pike", 1, x), (x > 0 & !(z > 1)) * 2, cut(x, c(0, 1, Inf))
)

test_that("engines are asked for functions alone that they document", {
  for (engine in names(documented)) {
    table <- simulated_table(engine)
    expect_identical(table$engine$label, engines[[engine]]$label)
    for (expression in calls_of_every_kind) {
      check_translatable(expression, table)
      made <- tryCatch(translate(expression, table), relm_error = conditionMessage)
      if (is.character(made)) {
        # Older versions of dbplyr have no least and greatest of SQL Server.
        expect_match(made, "SQL Server has no `pm(in|ax)\\(\\)`")
        next
      }
      asked <- functions_called(paste(c(made$sql, made$given), collapse = " AND "))
      expect_identical(setdiff(asked, documented[[engine]]), character(),
                       label = paste(engine, deparse1(expression)))
    }
    sums <- list(keys = sql_name(table, "k"), v = c("(x)", "(z)"), given = "x IS NOT NULL",
                 weight = "w", log_weight = sql_call(table, "log", "w"))
    coordinates <- list(shift = c(1, 0), T = rbind(c(1, 0.5), c(0, 1)))
    for (about_means in c(FALSE, TRUE)) {
      text <- moments_query(table, sums, coordinates, about_means)$text
      expect_identical(setdiff(functions_called(text), documented[[engine]]), character())
      expect_identical(lengths(regmatches(text, gregexpr("SELECT", text))), 1L + about_means)
    }
  }
})

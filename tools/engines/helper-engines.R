# Servers, and what tests of tables in databases share with those of the package.

for (file in c("helper-sql.R", "helper-sql-digits.R", "helper-products.R", "helper-session.R",
               "helper-every_source.R")) {
  source(file.path("..", "..", "tests", "testthat", file), local = TRUE)
}
source("postgres.R", local = TRUE)
# Where it is not set, R asks the system for it, and some have nobody to answer.
if (!nzchar(Sys.getenv("TZ"))) Sys.setenv(TZ = "UTC")

# The text of the last query that code asks.
last_query <- function(code) {
  asked <- NULL
  plain <- ask
  with_relm("ask", function(table, query, ...) {
    asked <<- query
    plain(table, query, ...)
  }, code)
  asked
}

explain <- function(connection, query, how) {
  DBI::dbGetQuery(connection, paste0("EXPLAIN (", how, ") ", query))[[1]]
}

numbers_to_ask <- data.frame(x = c(-2.5, -1, 0, 0.3, 1, 2, 700, -800, NA, NaN),
                             z = c(2, 0, -3, 0, 1, 5, -1, 2, 1, 1),
                             i = c(7L, 2L, 3L, -1L, 0L, 1L, 5L, 4L, 3L, 1L), id = 1:10)

functions_to_ask <- expression(
  x / z, i / 2L, i * 1000000L * 3000, x^2, x^3, abs(x)^0.5, z^-1, 2^z, log(x), log10(x), exp(x),
  sqrt(x), abs(x), floor(x), ceiling(x), sin(x), cos(x), tanh(z), tanh(x), atan2(x, z), pmin(x, z),
  pmax(x, z, 1), ifelse(x > 0, log(x), z), as.numeric(x > 0), (x > 0) * z, x > 0 & z > 0, !(x > 0)
)

# absent: functions that the server has not.
expect_functions_agree <- function(source, values, absent = character()) {
  table <- probe_table(new_table(source, globalenv()), names(values))$table
  for (expression in functions_to_ask) {
    if (any(all.names(expression) %in% absent)) next
    made <- translate(expression, table)
    given <- paste(c("(1 = 1)", made$given), collapse = " AND ")
    value <- sprintf("CASE WHEN %s THEN %s END", given, made$sql)
    answer <- ask(table, select_text(table, c(id = "id", v = value)))
    answer <- as.numeric(answer$v[order(answer$id)])
    own <- suppressWarnings(as.numeric(eval(expression, values)))
    expect_identical(is.na(answer), is.na(own), label = deparse1(expression))
    expect_equal(answer, own, tolerance = 1e-14, label = deparse1(expression))
  }
}

# A year and its square lose no digits, seconds since 1970 few. make: a table of rows.
expect_digits_agree <- function(make, kinds = c("years", "far", "seconds")) {
  for (kind in kinds) {
    data <- digits_data(kind)
    own <- crossprods(digits_formula(kind), make(data))
    errors <- relative_errors(within_of_crossprods(own),
                              within_in_250_bits(data, kind != "seconds"))
    expect_lt(errors[["beta"]], if (kind == "seconds") 1e-7 else 1e-11)
    expect_lt(errors[["rss"]], 1e-12)
  }
}

# Makes tables of a connection, each with a name of its own.
table_maker <- function(connection) {
  tables <- 0
  function(data) {
    tables <<- tables + 1
    write_table(connection, data, paste0("\"; drop table made; --", tables))
  }
}

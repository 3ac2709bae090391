# What databases differ in beside what dbplyr knows of them: a row for each, found by the class of
# the connection.
#
#   label     what messages call it
#   cast      %s in double precision
#   infinity  such a number
#   not_nan   is the number %s none that is not a number? NULL where there are no such numbers
#   columns   the most columns of a result
#   loose     may a column of numbers hold text?
#   join      joins the means of cells to rows
#   names     names of functions that dbplyr writes otherwise, by those that R has
new_engine <- function(label, cast, infinity, not_nan = NULL, columns = 1000, loose = FALSE,
                       join = "INNER JOIN", names = character()) {
  list(label = label, cast = cast, infinity = infinity, not_nan = not_nan, columns = columns,
       loose = loose, join = join, names = names)
}

# Those with a number of columns of their own have been run; what the others take is from their
# manuals.
engines <- list(
  sqlite = new_engine("SQLite", "CAST(%s AS REAL)", "9e999", columns = 2000, loose = TRUE),
  postgres = new_engine("PostgreSQL", "CAST(%s AS double precision)",
                        "CAST('Infinity' AS double precision)", "%s <> 'NaN'", columns = 1664),
  duckdb = new_engine("DuckDB", "CAST(%s AS DOUBLE)", "CAST('Infinity' AS DOUBLE)",
                      "NOT isnan(%s)", columns = 5000),
  # Servers that have a part of the rows each are sent the means of all.
  clickhouse = new_engine("ClickHouse", "toFloat64(%s)", "inf", "NOT isNaN(%s)", columns = 5000,
                          join = "GLOBAL INNER JOIN",
                          names = c(abs = "abs", pmin = "least", pmax = "greatest")),
  spark = new_engine("Spark", "CAST(%s AS DOUBLE)", "CAST('Infinity' AS DOUBLE)",
                     "NOT isnan(%s)"),
  snowflake = new_engine("Snowflake", "CAST(%s AS DOUBLE)", "CAST('inf' AS DOUBLE)",
                         "%s <> 'NaN'"),
  bigquery = new_engine("BigQuery", "CAST(%s AS FLOAT64)", "CAST('inf' AS FLOAT64)",
                        "NOT IS_NAN(%s)"),
  mysql = new_engine("MySQL", "CAST(%s AS DOUBLE)", "1.7e308"),
  mssql = new_engine("SQL Server", "CAST(%s AS FLOAT)", "1.7e308"),
  other = new_engine("the database", "CAST(%s AS DOUBLE PRECISION)", "1.7e308")
)

engine_of_class <- c(
  SQLiteConnection = "sqlite", PqConnection = "postgres", PostgreSQLConnection = "postgres",
  PostgreSQL = "postgres", RedshiftConnection = "postgres", duckdb_connection = "duckdb",
  AdbiConnection = "duckdb", ClickhouseConnection = "clickhouse",
  ClickHouseHTTPConnection = "clickhouse", spark_connection = "spark", "Spark SQL" = "spark",
  Hive = "spark", Snowflake = "snowflake", BigQueryConnection = "bigquery",
  MariaDBConnection = "mysql", MySQLConnection = "mysql", MySQL = "mysql",
  "Microsoft SQL Server" = "mssql"
)

engine_of <- function(connection) {
  known <- engine_of_class[intersect(class(connection), names(engine_of_class))]
  engines[[if (length(known)) known[[1]] else "other"]]
}

# A number in full, exponent or not, which no engine takes for a whole one.
sql_number <- function(x) {
  text <- sprintf("%.17g", x)
  shorter <- sprintf("%.15g", x)
  same <- as.numeric(shorter) == x
  text[same] <- shorter[same]
  whole <- !grepl("[.e]", text)
  text[whole] <- paste0(text[whole], ".0")
  ifelse(x < 0, paste0("(", text, ")"), text)
}

sql_name <- function(table, name) {
  as.character(dbplyr::escape(dbplyr::ident(name), con = table$connection))
}

sql_text <- function(table, text) as.character(dbplyr::escape(text, con = table$connection))

sql_cast <- function(table, sql) sprintf(table$engine$cast, sql)

# A call of one of dbplyr's functions of values, in the words of the engine.
sql_call <- function(table, name, arguments, ...) {
  own <- table$engine$names[name]
  if (length(own) && !is.na(own)) return(call_by_name(own, arguments))
  call <- as.call(c(as.name(name), lapply(arguments, dbplyr::sql), list(...)))
  tryCatch(as.character(dbplyr::translate_sql_(list(call), con = table$connection)),
           error = function(e) {
             abort("{table$engine$label} has no {.fn {name}}.", x = "{conditionMessage(e)}",
                   i = "Make a column of the table of it.")
           })
}

# Of several arguments two at a time, which older versions take.
call_by_name <- function(name, arguments) {
  if (length(arguments) == 1) return(sprintf("%s(%s)", name, arguments))
  Reduce(function(a, b) sprintf("%s(%s, %s)", name, a, b), arguments)
}

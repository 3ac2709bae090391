# Servers, and what tests of tables in databases share with those of the package.

for (file in c("helper-sql.R", "helper-sql-digits.R", "helper-products.R", "helper-session.R")) {
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

expect_models_agree <- function(table, fish, models = models_of_tables) {
  for (name in names(models)) {
    own <- crossprods_of_model(models[[name]], table)
    expect_crossprods_of_rows(own, crossprods_of_model(models[[name]], fish))
  }
}

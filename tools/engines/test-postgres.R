# A PostgreSQL server against data frames.

server <- start_postgres()
connection <- connect_to_postgres(server)
withr::defer({
  try(DBI::dbDisconnect(connection), silent = TRUE)
  server$stop()
}, teardown_env())

make <- table_maker(connection)

test_that("a table has the cross-products of its rows", {
  fish <- fish_of_sources()
  expect_table_serves(write_table(connection, fish, "\"; drop table fish; --"), fish)
})

test_that("parts and fits of a table are those of the data frame", {
  fish <- fish_of_sources()
  expect_parts_agree(make, fish)
  expect_fits_agree(make, fish)
})

test_that("rows of other responses are counted", {
  fish <- fish_data()
  fish$x <- round(fish$x)
  table <- write_table(connection, fish, "counted")
  for (model in list(list(caught ~ x + (1 | lake), family = "binomial"),
                     list(count ~ x + kind + (1 | lake) + (1 | boat), family = "poisson"))) {
    own <- crossprods_of_model(model, table)
    theirs <- crossprods_of_model(model, fish)
    expect_crossprods_of_rows(own, theirs)
    expect_identical(length(own$responses$y), length(theirs$responses$y))
    expect_identical(sum(own$responses$y), sum(theirs$responses$y))
  }
})

test_that("draws are those of the data frame", {
  fish <- fish_data()
  table <- write_table(connection, fish, "drawn")
  exact <- safe_covariance
  for (name in c("slopes", "products")) {
    fit <- function(data) {
      with_relm("safe_covariance", function(hessian) exact(signif(hessian, 5)), {
        suppressMessages(relm(crossprods_of_model(models_of_tables[[name]], data), chains = 1,
                              draws = 100, seed = 4))
      })
    }
    expect_lt(distance_of_draws(fit(table), fit(fish)), 1e-8)
  }
})

test_that("functions are those of R where R has a finite value", {
  expect_functions_agree(write_table(connection, numbers_to_ask, "numbers"), numbers_to_ask)
})

test_that("intervals of numbers are those of R", {
  expect_cuts_agree(write_table(connection, numbers_to_cut, "cut"))
  rows <- transform(numbers_to_cut, x = ifelse(is.na(x), NaN, x))
  expect_cuts_agree(write_table(connection, rows, "cut_nan"), rows)
})

test_that("types of PostgreSQL are those of R", {
  fish <- fish_data()
  fish$day <- as.Date("2024-05-01") + rep_len(0:3, nrow(fish))
  write_table(connection, fish, "typed")
  DBI::dbExecute(connection, "ALTER TABLE typed ALTER x TYPE numeric, ALTER boat TYPE bigint,
                              ALTER count TYPE smallint")
  table <- dplyr::tbl(connection, "typed")
  read <- DBI::dbReadTable(connection, "typed")
  read$boat <- as.numeric(read$boat)
  for (formula in list(y ~ x + count + caught + (1 | boat), y ~ x + boat + (1 | day))) {
    own <- suppressMessages(crossprods(formula, table))
    expect_crossprods_of_rows(own, suppressMessages(crossprods(formula, read)))
  }
  expect_error(crossprods(y ~ day + (1 | lake), table), "is a time", class = "relm_error")
})

test_that("infinite and missing numbers are told apart", {
  fish <- fish_data()
  fish$x[3] <- NaN
  fish$z[4] <- Inf
  table <- write_table(connection, fish, "odd")
  expect_message(own <- crossprods(y ~ x + (1 | lake), table), "Dropped 2 of 240 rows")
  expect_crossprods_of_rows(own, suppressMessages(crossprods(y ~ x + (1 | lake), fish)))
  expect_crossprods_of_rows(
    suppressMessages(crossprods(y ~ w + (1 | lake), table, subset = x > 18)),
    suppressMessages(crossprods(y ~ w + (1 | lake), fish, subset = which(x > 18)))
  )
  expect_error(suppressMessages(crossprods(y ~ z + (1 | lake), table)), "`z` must be finite",
               class = "relm_error")
  expect_error(suppressMessages(crossprods(log(x - x) + y ~ w + (1 | lake), table)),
               "must be finite", class = "relm_error")
})

test_that("digits are those of SQLite", {
  expect_digits_agree(make)
})

test_that("names that try to inject are names", {
  expect_names_are_names(make, fish_of_sources())
})

# Faults ------------------------------------------------------------------------------------------

# A table of which each row takes 4 thousandths of a second.
slow_table <- function(connection) {
  write_table(connection, fish_data(), "quick")
  DBI::dbExecute(connection, "CREATE FUNCTION slowly(double precision) RETURNS double precision
                              AS 'SELECT $1 FROM pg_sleep(0.004)' LANGUAGE SQL VOLATILE")
  DBI::dbExecute(connection, "CREATE VIEW slow AS SELECT slowly(y) AS y, x, lake FROM quick")
  dplyr::tbl(connection, "slow")
}

after <- function(seconds, command) {
  system2("sh", c("-c", shQuote(paste("sleep", seconds, ";", command))), wait = FALSE,
          stdout = FALSE, stderr = FALSE)
}

test_that("a connection that is lost half-way is told, and leaves nothing behind", {
  table <- slow_table(connection)
  lost <- connect_to_postgres(server)
  id <- DBI::dbGetQuery(lost, "SELECT pg_backend_pid() AS id")$id
  # The main query, after the two that read the first rows, runs by then.
  kill <- sprintf("kill -TERM %d", id)
  after(3, kill)
  expect_error(crossprods(y ~ x + (1 | lake), dplyr::tbl(lost, "slow")),
               "PostgreSQL did not answer a query", class = "relm_error")
  try(DBI::dbDisconnect(lost), silent = TRUE)
  left <- DBI::dbGetQuery(connection, "SELECT count(*) AS n FROM pg_class
                                       WHERE relname LIKE 'relm%'")
  expect_equal(as.numeric(left$n), 0)
  expect_no_error(suppressMessages(crossprods(y ~ x + (1 | lake), dplyr::tbl(connection, "quick"))))
})

test_that("an interrupt stops a query, and the connection serves on", {
  patient <- connect_to_postgres(server, check_interrupts = TRUE)
  withr::defer(DBI::dbDisconnect(patient))
  after(1, sprintf("kill -INT %d", Sys.getpid()))
  started <- proc.time()[["elapsed"]]
  stopped <- tryCatch({
    crossprods(y ~ x + (1 | lake), dplyr::tbl(patient, "slow"))
    "not at all"
  }, interrupt = function(e) "by hand", error = function(e) conditionMessage(e))
  expect_match(stopped, "by hand|did not answer a query")
  expect_lt(proc.time()[["elapsed"]] - started, 2.5)
  expect_identical(DBI::dbGetQuery(patient, "SELECT 1 AS one")$one, 1L)
})

test_that("a server that is killed is told", {
  other <- start_postgres()
  own <- connect_to_postgres(other)
  table <- write_table(own, fish_data())
  other$stop()
  expect_error(suppressWarnings(crossprods(y ~ x + (1 | lake), table)), "PostgreSQL did not answer",
               class = "relm_error")
  try(suppressWarnings(DBI::dbDisconnect(own)), silent = TRUE)
})

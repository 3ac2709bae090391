# ClickHouse: one server, and a table whose rows lie on two.

skip_if_not(nzchar(Sys.which("clickhouse-server")), "no ClickHouse server was to be had: it")
skip_if_not_installed("RClickhouse")

source("clickhouse.R", local = TRUE)
servers <- start_clickhouse()
connections <- lapply(servers, connect_to_clickhouse)
withr::defer({
  for (connection in connections) try(DBI::dbDisconnect(connection), silent = TRUE)
  for (server in servers) server$stop()
}, teardown_env())

# No missing values: the driver writes none.
fish <- stats::na.omit(fish_of_sources())
fish$caught <- as.integer(fish$caught)

make <- table_maker(connections[[1]])

test_that("a table has the cross-products of its rows", {
  expect_table_serves(write_table(connections[[1]], fish, "\"; drop table fish; --"), fish)
})

test_that("a table of two shards has the cross-products of all rows", {
  first <- fish$lake %in% sort(unique(fish$lake))[1:2]
  for (k in 1:2) write_table(connections[[k]], fish[first == (k == 1), ], "part")
  DBI::dbExecute(connections[[1]],
                 "CREATE TABLE fish AS part ENGINE = Distributed(two, default, part)")
  expect_table_serves(dplyr::tbl(connections[[1]], "fish"), fish)
})

test_that("parts and fits of a table are those of the data frame", {
  expect_parts_agree(make, fish)
  expect_fits_agree(make, fish)
})

test_that("functions are those of R where R has a finite value", {
  rows <- stats::na.omit(numbers_to_ask)
  # This came to ClickHouse in 2020.
  expect_functions_agree(write_table(connections[[1]], rows, "asked"), rows, absent = "atan2")
})

test_that("intervals of numbers are those of R", {
  rows <- stats::na.omit(numbers_to_cut)
  expect_cuts_agree(write_table(connections[[1]], rows, "numbers"), rows)
})

test_that("digits are those of SQLite", {
  expect_digits_agree(make)
})

test_that("names that try to inject are names", {
  expect_names_are_names(make, fish)
})

test_that("missing values are dropped and counted", {
  write_table(connections[[1]], transform(fish, row = seq_len(nrow(fish))), "whole")
  DBI::dbExecute(connections[[1]], "CREATE TABLE holes ENGINE = Memory AS
    SELECT if(row % 5 = 0, NULL, x) AS x, if(row % 7 = 0, 0 / 0, z) AS z, y, lake FROM whole")
  row <- seq_len(nrow(fish))
  left <- fish[row %% 5 != 0 & row %% 7 != 0, ]
  expect_warning(made <- crossprods(y ~ x + z + (1 | lake), dplyr::tbl(connections[[1]], "holes")),
                 sprintf("Dropped %d of %d rows", nrow(fish) - nrow(left), nrow(fish)))
  expect_crossprods_of_rows(made, crossprods(y ~ x + z + (1 | lake), left))
})

# Faults, after which the servers are no longer all there ----------------------------------------

test_that("an answer that is broken off is no answer", {
  groups <- data.frame(y = stats::rnorm(2e5), x = stats::rnorm(2e5), g = seq_len(2e5))
  table <- write_table(connections[[1]], groups, "groups")
  # The driver gives what it has when R is interrupted.
  whole <- ask
  expect_error(with_relm("ask", function(table, query, ...) {
    answer <- whole(table, query, ...)
    if (nrow(answer) > 1e5) answer[seq_len(65536), ] else answer
  }, crossprods(y ~ x + (1 | g), table)), "has not all rows: 65,536 of 200,000", class = "relm_error")
  expect_identical(crossprods(y ~ x + (1 | g), table)$n_rows, 2e5)
})

test_that("a server that is killed is told, by itself and by one that asks it", {
  own <- dplyr::tbl(connections[[2]], "part")
  asked <- dplyr::tbl(connections[[1]], "fish")
  servers[[2]]$stop()
  for (table in list(own, asked)) {
    expect_error(crossprods(y ~ x + (1 | lake), table), "ClickHouse did not answer",
                 class = "relm_error")
  }
  # RClickhouse's connection is of no use after an error.
  again <- connect_to_clickhouse(servers[[1]])
  withr::defer(DBI::dbDisconnect(again))
  table <- dplyr::tbl(again, "\"; drop table fish; --")
  expect_crossprods_of_rows(crossprods(y ~ x + (1 | lake), table),
                            crossprods(y ~ x + (1 | lake), fish))
})

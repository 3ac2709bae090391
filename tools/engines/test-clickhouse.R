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
  tables <- 0
  make <- function(data) {
    tables <<- tables + 1
    write_table(connections[[1]], data, paste0("part", tables))
  }
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

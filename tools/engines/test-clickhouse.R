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
fish <- stats::na.omit(fish_data())
fish$caught <- as.integer(fish$caught)
some <- models_of_tables[c("intercepts", "slopes", "interaction", "products", "weights", "offset",
                           "strata", "subset", "several", "nested", "cut")]

test_that("a table has the cross-products of its rows", {
  table <- write_table(connections[[1]], fish, "whole")
  expect_models_agree(table, fish, some)
})

test_that("so has one of two shards", {
  first <- fish$lake %in% sort(unique(fish$lake))[1:2]
  for (k in 1:2) write_table(connections[[k]], fish[first == (k == 1), ], "part")
  DBI::dbExecute(connections[[1]],
                 "CREATE TABLE fish AS part ENGINE = Distributed(two, default, part)")
  expect_models_agree(dplyr::tbl(connections[[1]], "fish"), fish, some)
})

test_that("intervals of numbers are those of R", {
  rows <- stats::na.omit(numbers_to_cut)
  expect_cuts_agree(write_table(connections[[1]], rows, "numbers"), rows)
})

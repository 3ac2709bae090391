# A table of PostgreSQL whose rows lie on two other servers, by their lakes.

fish <- fish_of_sources()
fish$row <- seq_len(nrow(fish))
sharded <- start_sharded(fish, "fish", "lake")
withr::defer(sharded$stop(), teardown_env())
table <- dplyr::tbl(sharded$connection, "fish")

test_that("shards have the cross-products of all their rows", {
  expect_table_serves(table, fish)
})

test_that("parts and fits of shards are those of the data frame", {
  make <- function(data) dplyr::filter(table, row %in% !!data$row)
  expect_parts_agree(make, fish)
  expect_fits_agree(make, fish)
})

test_that("each shard adds up its own rows, and sends no more than its cells", {
  query <- last_query(suppressMessages(crossprods(y ~ x * kind + (1 + x | lake), table)))
  plan <- explain(sharded$connection, query, "VERBOSE, COSTS OFF")
  pushed <- grepl("Relations: Aggregate on", plan, fixed = TRUE)
  expect_identical(sum(pushed), 2L)
  asked <- grep("Remote SQL", plan, value = TRUE)
  expect_length(asked, 2)
  expect_match(asked, "GROUP BY")
  run <- explain(sharded$connection, query, "ANALYZE, COSTS OFF, TIMING OFF")
  sent <- as.numeric(sub(".*rows=([0-9]+).*", "\\1", grep("Foreign Scan", run, value = TRUE)))
  n_cells <- nrow(unique(stats::na.omit(fish[c("lake", "kind", "y")])[c("lake", "kind")]))
  expect_length(sent, 2)
  expect_identical(sum(sent), as.numeric(n_cells))
  expect_true(all(sent > 0))
})

# A table like this one, of other rows.
with_shards <- function(data, by, use) {
  servers <- start_sharded(data, "\"; drop table fish; --", by)
  on.exit(servers$stop())
  use(dplyr::tbl(servers$connection, "\"; drop table fish; --"))
}

test_that("digits of shards are those of SQLite", {
  data <- digits_data("seconds")
  with_shards(data, "g", function(table) expect_digits_agree(function(data) table, "seconds"))
})

test_that("names that try to inject are names to shards", {
  data <- stats::na.omit(fish)
  names(data)[names(data) == "x"] <- "\"; drop table fish; --"
  with_shards(data, "lake", function(table) expect_names_are_names(function(data) table, fish))
})

test_that("a shard that is killed is told, and the connection serves on", {
  data <- stats::na.omit(fish)
  servers <- start_sharded(data, "fish", "lake")
  withr::defer(servers$stop())
  table <- dplyr::tbl(servers$connection, "fish")
  expect_identical(crossprods(y ~ x + (1 | lake), table)$n_rows, as.numeric(nrow(data)))
  servers$stop_shard(2)
  expect_error(crossprods(y ~ x + (1 | lake), table), "PostgreSQL did not answer",
               class = "relm_error")
  expect_identical(DBI::dbGetQuery(servers$connection, "SELECT 1 AS one")$one, 1L)
})

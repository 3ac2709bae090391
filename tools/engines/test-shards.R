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

# A table of PostgreSQL whose rows lie on two other servers, by their lakes.

fish <- fish_data()
sharded <- start_sharded(fish, "fish", "lake")
withr::defer(sharded$stop(), teardown_env())
table <- dplyr::tbl(sharded$connection, "fish")

test_that("shards have the cross-products of all their rows", {
  some <- c("intercepts", "slopes", "interaction", "weights", "strata", "several", "nested")
  expect_models_agree(table, fish, models_of_tables[some])
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

# Other responses than Gaussian ones: rows with the same response, covariates and groups are counted
# in the database, and a row of the answer stands for that many. Of a family that keeps each row it is
# repeated so often.

counts_of_model <- function(model, max_cells, by_group) {
  counted <- count_table(model, unlist(lapply(model$keys, `[[`, "given")))
  answer <- ask_counts(model, max_cells)
  check_all_came(sum(answer$n), counted, model$table)
  cells <- known_cells(if (model$family$rows == "each") repeat_counted(answer) else answer, model)
  design <- design_of_cells(model, cells$columns, length(cells$n))
  check_finite_columns(design$frame)
  check_rows_of(model$family, design$frame)
  made <- crossprods_of_counts(design, cells$n, model$family, by_group)
  made$schema <- schema_of(design)
  made$n_asked <- counted$n
  made
}

repeat_counted <- function(answer) {
  list(keys = lapply(answer$keys, rep, times = answer$n), n = rep(1, sum(answer$n)))
}

# list(keys, n)
ask_counts <- function(model, max_cells) {
  table <- model$table
  keys <- vapply(model$keys, `[[`, "", "sql")
  given <- unlist(lapply(model$keys, `[[`, "given"))
  count_cells(table, list(keys = keys, given = given), max_cells)
  columns <- c(named(keys, "g"), n = "COUNT(*)")
  answer <- ask(table, select_text(table, columns, c(table$where, given), keys), max_cells,
                function(n) refuse_cells(n, max_cells))
  if (nrow(answer) == 0) abort("No rows are left to fit.")
  list(keys = unname(as.list(answer[seq_along(keys)])), n = as.double(answer$n))
}

# Those of a design whose rows stand for n rows each.
crossprods_of_counts <- function(design, n, family, by_group) {
  found <- find_cells(design, sorted_levels)
  found$cells$rows <- as.numeric(rowsum(n, found$cell))
  collection <- new_collection()
  accumulation <- by_cell <- NULL
  for (some in pieces_of(length(n), chunk_rows)) {
    chunk <- design_rows(design, some)
    check_columns(chunk)
    chunk$count <- n[some]
    collection <- collect_rows(collection, chunk, number_groups(found, design, some),
                               found$cells$stratum[found$cell[some]], family)
    weights <- chunk$weights
    chunk <- if (is_linear(design)) less_offset(chunk) else without_response(chunk)
    if (is.null(accumulation)) {
      accumulation <- new_crossprods(design, chunk, found)
      if (keeps_rest(by_group, accumulation)) by_cell <- new_cell_factors(accumulation)
    }
    if (has_groups(accumulation)) accumulation <- keep_paired(accumulation, chunk)
    chunk$weights <- if (is.null(weights)) n[some] else weights
    absorb(accumulation, chunk, found$cell[some])
    if (!is.null(by_cell)) absorb(by_cell, chunk, found$cell[some])
  }
  accumulation$n_rows <- sum(n)
  accumulation$cells$rest <- by_cell$strata$factor
  accumulation$responses <- collected_responses(collection)
  check_in_range(accumulation)
}

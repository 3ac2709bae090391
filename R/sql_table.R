# A table in a database, and what is asked of it.
#
#   connection, engine   see R/sql_engines.R
#   from                 what stands after FROM
#   types                its columns without rows, by name; NULL where they are not known yet
#   envir                where the formula finds what is no column
#   where                conditions of all queries, each a text

new_table <- function(source, envir) {
  check_installed("DBI", "A table in a database")
  check_installed("dbplyr", "A table in a database")
  connection <- dbplyr::remote_con(source)
  names <- colnames(source)
  list(connection = connection, engine = engine_of(connection), from = from_clause(source),
       types = stats::setNames(vector("list", length(names)), names), envir = envir,
       where = character())
}

# A table as it is; a query as a subquery, which engines of several servers may read row by row.
from_clause <- function(source) {
  query <- source$lazy_query
  text <- as.character(dbplyr::sql_render(source))
  plain <- "^SELECT \\*\\s+FROM "
  if (inherits(query, "lazy_base_query") && !inherits(query$x, "sql") && grepl(plain, text)) {
    return(sub(plain, "", text))
  }
  paste0("(", text, ") relm_rows")
}

# columns: texts, named by what the answer is to have them under. To ClickHouse the name that a
# column is given may stand for it anywhere, so that it must not be one of the table.
select_text <- function(table, columns, where = table$where, group = NULL, tail = NULL,
                        from = table$from) {
  paste0("SELECT ", paste0(columns, " AS relm_", names(columns), collapse = ", "), "\nFROM ", from,
         if (length(where)) paste0("\nWHERE ", paste(unique(where), collapse = " AND ")),
         if (length(group)) paste0("\nGROUP BY ", paste(group, collapse = ", ")), tail)
}

# Columns that are numbered.
named <- function(texts, letter) {
  stats::setNames(texts, paste0(rep(letter, length(texts)), seq_along(texts)))
}

pilot_text <- function(table, columns, where, n) {
  if (inherits(table$connection, "Microsoft SQL Server")) {
    return(sub("^SELECT ", sprintf("SELECT TOP %d ", n), select_text(table, columns, where)))
  }
  select_text(table, columns, where, tail = sprintf("\nLIMIT %d", n))
}

# Rows of an answer that are taken at once, between which R can be interrupted.
rows_of_answer <- 50000L

# The answer to a query, a data frame. most: rows beyond which it is refused by `refuse()`.
ask <- function(table, query, most = Inf, refuse = NULL) {
  result <- tryCatch(DBI::dbSendQuery(table$connection, query), error = refuse_answer(table))
  on.exit(try(DBI::dbClearResult(result), silent = TRUE))
  blocks <- list()
  n <- 0
  repeat {
    block <- tryCatch(DBI::dbFetch(result, n = rows_of_answer), error = refuse_answer(table))
    # Some engines write names in capitals.
    names(block) <- sub("^relm_", "", tolower(names(block)))
    blocks[[length(blocks) + 1L]] <- block
    n <- n + nrow(block)
    if (n > most) refuse(n)
    if (nrow(block) < rows_of_answer) break
  }
  join_blocks(blocks)
}

join_blocks <- function(blocks) {
  if (length(blocks) > 1) blocks <- Filter(nrow, blocks)
  if (length(blocks) <= 1) return(plain_columns(blocks[[1]]))
  columns <- lapply(seq_along(blocks[[1]]), function(k) do.call(c, lapply(blocks, `[[`, k)))
  names(columns) <- names(blocks[[1]])
  plain_columns(structure(columns, row.names = .set_row_names(length(columns[[1]])),
                          class = "data.frame"))
}

refuse_answer <- function(table) {
  function(e) {
    abort("{table$engine$label} did not answer a query.", x = "{conditionMessage(e)}",
          i = "Nothing was changed, and nothing is kept of what had been read.")
  }
}

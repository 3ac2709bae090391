# Cross-products of a table in a database: what is asked of it, one query after another.
#
#   1. the types of its columns, and the design of a few rows
#   2. the same rows with what the database makes of the formula's variables
#   3. numbers of rows, and of cells where keys are several
#   4. moments of all cells, in one SELECT with GROUP BY
#   5. these again about the means of cells, where digits were lost

#' Tables in databases
#'
#' [crossprods()] and [relm()] take a table of \pkg{dbplyr}, as `dplyr::tbl(connection, "fish")` is,
#' in the place of a data frame. The database sums products of the columns within groups; what comes
#' into R depends on the numbers of groups and columns, not on that of rows.
#'
#' @section What is asked:
#' Rows are grouped by the grouping factors, by the factor of the residual variances and by all
#' factors among the terms: a combination that occurs is a *cell*. Numbers alone are summed, so that
#' contrasts are those of [lm()]. A model of several grouping factors has a cell for each
#' combination of their groups. More than the argument `max_cells`, 5 million, are refused; where
#' the first rows show many combinations they are counted first. Each takes the memory of about
#' \eqn{k^2 / 2} numbers, with k the number of numeric columns, the response among them.
#'
#' The query is one `SELECT` with `GROUP BY`, which servers with several shards can share, where the
#' table is one of the database; rows are chosen by the argument `subset`. A table that \pkg{dplyr}
#' has changed stands in it as a subquery.
#'
#' Of a first 1,000 rows the columns get a shift, and are made far from parallel, so that few digits
#' cancel in the sums. If the means of cells lie so far apart that four digits or more are lost
#' within cells, as with seconds since 1970 in groups of some minutes, or if columns are nearly
#' parallel by all rows, a second query sums products about the means of the cells.
#'
#' With another family than the Gaussian one rows with equal responses, covariates and groups are
#' counted in the database. This serves models with few different rows.
#'
#' @section What can be asked:
#' Variables of the formula, `weights`, `offset` and `subset` are columns or expressions of these
#' with `+`, `-`, `*`, `/`, `^` (a number as exponent or as base), `log()`, `log10()`, `exp()`,
#' `sqrt()`, `abs()`, `floor()`, `ceiling()`, `sin()`, `cos()`, `tanh()`, `atan2()`, `pmin()`,
#' `pmax()`, `ifelse()`, `as.numeric()`, `I()`, comparisons, `&`, `|` and `!`, and `cut()` with
#' breaks that are given. `factor()`, `ordered()`, `relevel()` and `as.character()` may stand around
#' them. Anything else is refused by name before anything runs, `poly()`, `scale()` and splines
#' among them: they depend on all rows. Objects beside the table are found where the formula was
#' written. The values of expressions in the first 1,000 rows are compared with R's; an engine that
#' differs is refused.
#'
#' Columns of numbers are cast to double precision first, so that whole numbers are not divided as
#' such and do not overflow. Rows with missing values (`NULL`; `NaN`; the logarithm of a negative
#' number) are dropped and counted as those of a data frame are. Infinite values are refused. SQLite
#' has no logical values: a column of these is one of the numbers 0 and 1. Dates can be grouping
#' factors.
#'
#' @section Groups:
#' Rows of a table have no order. Groups are drawn in the order of their labels, as `sort(labels,
#' method = "radix")` has them in any locale. A data frame whose groups appear in this order has the
#' same draws from the same seed, but for rounding: to some 1e-9 posterior standard deviations.
#' Text has the levels that occur, in the order that [factor()] gives them. Levels that are given,
#' as in `factor(f, levels)` and `cut()`, stay, but those that do not occur where
#' `drop.unused.levels` is `TRUE`, as it is in [relm()].
#'
#' @section Engines:
#' SQLite is run in the tests of the package; PostgreSQL, with and without shards behind
#' \pkg{postgres_fdw}, and ClickHouse (a version of 2018), with and without shards, by its
#' developers. What Spark (by \pkg{sparklyr}), BigQuery, Snowflake, MySQL, SQL Server and others are
#' asked has been checked against their documentation, and has not been run: try first whether a
#' part of the table gives what a data frame of it gives. Shards of PostgreSQL add up their own rows
#' where the table is partitioned by a grouping factor and `enable_partitionwise_aggregate` is on;
#' else, and for the second query, which joins means to rows, they send these.
#'
#' If the connection is lost, or the database's disk is full, an error says so, and nothing is left
#' behind: there are no temporary tables. R can be interrupted between blocks of the answer. While
#' the database sums it listens as far as the driver lets it: that of PostgreSQL does where the
#' connection was made with `check_interrupts = TRUE`.
#' @name sql-sources
#' @examplesIf all(vapply(c("RSQLite", "dbplyr"), requireNamespace, NA, quietly = TRUE))
#' connection <- DBI::dbConnect(RSQLite::SQLite(), ":memory:")
#' DBI::dbWriteTable(connection, "bass", bass)
#' table <- dplyr::tbl(connection, "bass")
#' model <- crossprods(log(mercury) ~ log(length) + (1 | station), table)
#' model
#' relm(model, chains = 1, draws = 100, seed = 1)
#' DBI::dbDisconnect(connection)
NULL

crossprods_of_source.tbl_lazy <- function(source, formula, sigma = ~ 1, weights, offset, subset,
                                          na.action = getOption("na.action"), contrasts = NULL,
                                          family = "gaussian", drop.unused.levels = TRUE,
                                          by_group = NULL, max_cells = 5e6, reading = NULL, ...) {
  check_dots_empty(list(...), sql_arguments, "crossprods")
  refuse_reading(reading)
  family <- check_family(tryCatch(family, error = identity))
  check_formula(formula)
  read <- read_sigma(rlang::enquo(sigma), tryCatch(sigma, error = identity),
                     rlang::enquo(weights), family)
  if (!is.null(by_group)) check_flag(by_group, "by_group")
  max_cells <- check_number(max_cells, "max_cells", above = 0)
  quosures <- list(weights = read$weights, offset = rlang::enquo(offset),
                   subset = rlang::enquo(subset))
  missing <- vapply(quosures, function(q) rlang::quo_is_missing(q) || rlang::quo_is_null(q), NA)
  model <- survey_model(source, formula, read$sigma, quosures[!missing], contrasts, family)
  model$drops_levels <- check_flag(drop.unused.levels, "drop.unused.levels")
  made <- if (!collects_rows(family)) moments_of_model(model, max_cells, by_group)
    else counts_of_model(model, max_cells, by_group)
  dropped <- max(0, made$n_asked - made$n_rows)
  made$n_asked <- NULL
  check_na_action(dropped, na.action)
  tell_dropped(dropped, made$n_rows)
  made
}

sql_arguments <- c("x", "data", "sigma", "weights", "offset", "subset", "na.action", "contrasts",
                   "family", "drop.unused.levels", "by_group", "max_cells")

check_na_action <- function(dropped, na.action) {
  action <- read_na_action(na.action)
  if (dropped > 0 && (identical(action, stats::na.pass) || identical(action, stats::na.fail))) {
    abort("Missing values stand in {dropped} row{?s} of the table.",
          i = "{.arg na.action} must be {.fn na.omit} for these to be dropped.")
  }
}

# Levels are those that occur.
refuse_reading <- function(reading) {
  if (!reads_in_order(reading)) refuse_cores("A table is read by its database.")
  for (name in c("levels", "like")) {
    if (is.null(reading[[name]])) next
    abort("{.arg {name}} has no place with a table in a database, whose levels are those that
           occur.", i = "Leave it out.")
  }
}

# Gaussian responses --------------------------------------------------------------------------

moments_of_model <- function(model, max_cells, by_group) {
  table <- model$table
  parts <- numeric_parts(model$design, model$variables)
  sums <- sums_of_model(model, parts)
  counted <- count_table(model, sums$given, sums)
  if (may_have_many_cells(model)) count_cells(table, sums, max_cells)
  coordinates <- new_coordinates(pilot_values(model, parts))
  moments <- ask_moments(table, sums, coordinates, max_cells)
  if (length(moments$n) == 0 || sum(moments$n) == 0) abort("No rows are left to fit.")
  check_all_came(sum(moments$n), counted, table)
  if (needs_second_pass(moments)) {
    moments <- ask_moments(table, sums, better_coordinates(moments), max_cells, TRUE)
    check_all_came(sum(moments$n), counted, table)
  }
  moments <- known_cells(moments, model)
  check_varied(moments, names(model$variables)[1])
  design <- design_of_cells(model, moments$columns, length(moments$n))
  made <- crossprods_of_cells(design, moments, parts, model$variables, by_group)
  made$schema <- schema_of(design)
  made$n_asked <- counted$n
  made
}

# Texts of what is summed, by what, and where.
sums_of_model <- function(model, parts) {
  variables <- model$variables
  made <- lapply(parts, part_in_sql, variables, model$table)
  made <- c(made, list(response_in_sql(variables, model$table)))
  weights <- variables[["(weights)"]]
  weight <- if (!is.null(weights)) translate_in(weights$expression, weights, model$table)$sql
  list(keys = vapply(model$keys, `[[`, "", "sql"), v = vapply(made, `[[`, "", "sql"),
       names = c(vapply(parts, paste, "", collapse = " * "), names(variables)[1]),
       given = unique(unlist(c(lapply(made, `[[`, "given"), lapply(model$keys, `[[`, "given")))),
       weight = weight, log_weight = if (!is.null(weight)) sql_call(model$table, "log", weight))
}

# Columns of numbers of the first rows, the response last.
pilot_values <- function(model, parts) {
  numbers <- Filter(function(variable) variable$is_number, model$variables)
  expressions <- lapply(numbers, function(variable) made_of(variable$expression)[[1]])
  values <- values_in_r(expressions, lapply(numbers, `[[`, "envir"), model$pilot)
  values <- lapply(values, as.numeric)
  is_offset <- vapply(names(values), is_offset_name, NA)
  response <- Reduce(`-`, c(values[1], values[is_offset]))
  cbind(vapply(parts, function(part) Reduce(`*`, values[part]), numeric(nrow(model$pilot))),
        response, deparse.level = 0)
}

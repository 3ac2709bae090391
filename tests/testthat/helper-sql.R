# Tables in databases, and cross-products of these against those of the same rows in R.

# A table in SQLite, in memory; the connection ends with the test that asked for it.
sqlite_table <- function(data, name = "fish", envir = parent.frame()) {
  skip_if_not_installed("RSQLite")
  skip_if_not_installed("dbplyr")
  connection <- DBI::dbConnect(RSQLite::SQLite(), ":memory:")
  do.call("on.exit", list(bquote(DBI::dbDisconnect(.(connection))), add = TRUE), envir = envir)
  write_table(connection, data, name)
}

write_table <- function(connection, data, name = "fish") {
  DBI::dbWriteTable(connection, name, as.data.frame(data), row.names = FALSE)
  dplyr::tbl(connection, name)
}

# Fish with everything that a model may ask for. The groups appear in the order of their labels.
fish_data <- function(n = 240) {
  set.seed(33)
  fish <- data.frame(
    lake = rep(c("Anna", "anna", "\"; drop table fish; --", "Oe", "b'c"), each = n / 5),
    boat = rep(1:8, n / 8), x = round(stats::rnorm(n, 20, 4), 3), z = stats::runif(n),
    kind = rep_len(c("pike", "Gar", "it's", "\"; drop table fish; --"), n),
    caught = rep_len(c(TRUE, FALSE, TRUE), n), w = round(stats::rexp(n) + 0.2, 2),
    count = rep_len(c(2L, 5L, 1L, 7L, 3L), n)
  )
  fish <- fish[order(fish$lake, method = "radix"), ]
  fish$kind[c(11, 40)] <- "pike"
  fish$y <- 1e3 + fish$x / 5 + fish$count / 2 + stats::rnorm(n) +
    stats::rnorm(5)[match(fish$lake, unique(fish$lake))]
  fish$y[7] <- fish$z[9] <- fish$kind[12] <- NA
  row.names(fish) <- NULL
  fish
}

# R'R of all rows and of each cell by its labels, unshifted, over the lengths of the columns.
scaled_products <- function(crossprods) {
  total <- total_products(crossprods)
  cells <- crossprods$cells$factor
  q <- dim(cells)[1]
  p <- length(crossprods$fixed)
  raw <- if (q > 0) lapply(order_of_cells(crossprods), function(j) {
    own <- matrix(cells[, , j], q)
    crossprod(shift_columns(own, crossprods$shift, crossprods$intercepts, q)[, seq_len(q + p + 1)])
  })
  list(total = total, cells = raw)
}

# Labels of the groups and of the stratum of each cell, in one text.
labels_of_cells <- function(crossprods) {
  groups <- lapply(seq_along(crossprods$groupings), function(g) {
    own <- crossprods$cells$group
    crossprods$groupings[[g]]$groups[if (is.matrix(own)) own[, g] else own]
  })
  strata <- crossprods$strata$labels[crossprods$cells$stratum]
  do.call(paste, c(groups, if (length(strata)) list(strata), list(sep = "|")))
}

order_of_cells <- function(crossprods) {
  order(labels_of_cells(crossprods), method = "radix")
}

# Products relative to the lengths of their columns.
expect_close_products <- function(own, theirs, tolerance) {
  scale <- sqrt(outer(diag(theirs), diag(theirs)))
  scale[scale == 0] <- 1
  expect_lt(max(abs(own - theirs) / scale), tolerance)
}

expect_crossprods_of_rows <- function(own, theirs, tolerance = 1e-10) {
  expect_identical(own$n_rows, theirs$n_rows)
  expect_identical(own$fixed, theirs$fixed)
  expect_identical(own$weighted, theirs$weighted)
  expect_identical(lapply(own$groupings, `[[`, "random"), lapply(theirs$groupings, `[[`, "random"))
  for (g in seq_along(own$groupings)) {
    expect_identical(own$groupings[[g]]$order, theirs$groupings[[g]]$order)
    expect_identical(own$groupings[[g]]$groups,
                     sort(theirs$groupings[[g]]$groups, method = "radix"))
  }
  expect_identical(groups_shown(own), groups_shown(theirs))
  order <- list(order_of_cells(own), order_of_cells(theirs))
  expect_identical(labels_of_cells(own)[order[[1]]], labels_of_cells(theirs)[order[[2]]])
  expect_identical(own$cells$rows[order[[1]]], theirs$cells$rows[order[[2]]])
  expect_equal(own$cells$log_weights[order[[1]]], theirs$cells$log_weights[order[[2]]],
               tolerance = 1e-12)
  own <- scaled_products(own)
  theirs <- scaled_products(theirs)
  expect_close_products(own$total, theirs$total, tolerance)
  for (cell in seq_along(own$cells)) {
    expect_close_products(own$cells[[cell]], theirs$cells[[cell]], tolerance)
  }
}

groups_shown <- function(crossprods) lapply(crossprods$groupings, groups_in_order)

# The greatest difference of two fits' draws, in posterior standard deviations.
distance_of_draws <- function(own, theirs) {
  own <- as.matrix(own)
  theirs <- as.matrix(theirs)
  expect_identical(colnames(own), colnames(theirs))
  max(abs(sweep(own - theirs, 2, apply(theirs, 2, stats::sd), "/")))
}

# model: a list of arguments, the formula first.
crossprods_of_model <- function(model, data) {
  suppressMessages(do.call(crossprods, c(model[1], list(data), model[-1])))
}

# Models of fish_data(): arguments of crossprods(), the formula first.
models_of_tables <- list(
  intercepts = list(y ~ x + (1 | lake)),
  slopes = list(y ~ x + (1 + x | lake)),
  no_groups = list(y ~ x + kind),
  interaction = list(y ~ x * kind + (1 + x || lake)),
  factors = list(y ~ 0 + kind + factor(count) + (0 + kind | lake),
                 contrasts = list(kind = "contr.sum")),
  products = list(y ~ x:z + I(x^2) + log(x) + x:kind + (1 + x:z | lake)),
  logical = list(y ~ caught + (x > 20) + (1 | lake)),
  weights = list(y ~ x + (1 + x | lake), weights = quote(w)),
  offset = list(y - z ~ x + offset(x / 3) + (1 | lake), offset = quote(z * 2)),
  strata = list(y ~ x + (1 | lake), sigma = ~ kind, weights = quote(w)),
  subset = list(y ~ x + (1 | lake), subset = quote(x > 18 & kind != "pike")),
  number = list(y ~ x + boat + (1 | boat)),
  text = list(y ~ x + (1 | factor(boat))),
  cut = list(y ~ cut(x, c(-Inf, 18, 22, 30)) * z + (1 | lake), sigma = ~ cut(w, c(0, 1, 99), FALSE)),
  several = list(y ~ x + (1 + x | lake) + (1 | boat)),
  nested = list(y ~ x + (1 | lake / kind)),
  pair = list(y ~ x + (1 | lake:boat), weights = quote(w), sigma = ~ kind)
)

# Calls of cut() of a column x, with text `labels` of three intervals.
calls_of_cut <- list(
  quote(cut(x, c(0, 1, 2.5, 4))), quote(cut(x, c(4, 0, 1, 2.5), right = FALSE)),
  quote(cut(x, c(0, 1, 2.5, 4), include.lowest = TRUE)),
  quote(cut(x, c(0, 1, 2.5, 4), right = FALSE, include.lowest = TRUE)),
  quote(cut(x, c(-Inf, 0, 2.5, Inf), labels)), quote(cut(x, 0:2, labels = FALSE)),
  quote(cut(x, c(0, 1 / 3, 4), ordered_result = TRUE, dig.lab = 5)),
  quote(cut(x, c(0, 1, 2, 4), c("a", "b", "a"), TRUE)), quote(cut(-2 * x, c(-5, -1, 1))),
  quote(cut(breaks = 0:4, x = x, label = NULL, right = FALSE))
)
numbers_to_cut <- data.frame(x = c(-3, 0, 0.5, 1, 1.5, 2, 2.5, 4, 9, NA), id = 1:10)

# source: a table of numbers_to_cut, or of some of its rows.
expect_cuts_agree <- function(source, rows = numbers_to_cut) {
  labels <- c("it's", "\"; drop table v; --", "b")
  envir <- list2env(list(labels = labels), parent = globalenv())
  table <- probe_table(new_table(source, envir), colnames(source))$table
  for (call in calls_of_cut) {
    own <- eval(call, c(rows, list(labels = labels)))
    check_translatable(call, table)
    made <- translate(call, table)
    given <- sprintf("CASE WHEN %s THEN 1 ELSE 0 END", paste(made$given, collapse = " AND "))
    answer <- ask(table, select_text(table, c(id = "id", v = made$sql, given = given)))
    answer <- answer[order(answer$id), ]
    values <- typed_values(made, answer$v)
    expect_identical(if (is.factor(own)) values else as.integer(values), own, label = deparse1(call))
    expect_identical(answer$given == 1, !is.na(own), label = deparse1(call))
  }
}

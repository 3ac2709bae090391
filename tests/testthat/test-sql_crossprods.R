# A table in SQLite against the same rows as a data frame.

skip_on_cran()

test_that("a table has the cross-products of its rows", {
  fish <- fish_data()
  table <- sqlite_table(fish)
  # SQLite has no logical values; these come back as numbers.
  fish$caught <- as.integer(fish$caught)
  for (name in names(models_of_tables)) {
    own <- crossprods_of_model(models_of_tables[[name]], table)
    expect_crossprods_of_rows(own, crossprods_of_model(models_of_tables[[name]], fish))
  }
})

test_that("the order of rows in the table does not matter", {
  fish <- fish_data()
  set.seed(2)
  tables <- list(sqlite_table(fish), sqlite_table(fish[sample(nrow(fish)), ]))
  own <- lapply(tables, function(table) crossprods_of_model(models_of_tables$strata, table))
  expect_crossprods_of_rows(own[[1]], own[[2]], 1e-13)
  expect_identical(own[[1]]$groupings, own[[2]]$groupings)
})

test_that("draws are those of the data frame", {
  fish <- fish_data()
  table <- sqlite_table(fish)
  fish$caught <- as.integer(fish$caught)
  for (name in c("intercepts", "slopes", "interaction", "products", "weights", "offset")) {
    fit <- function(data) {
      suppressMessages(relm(crossprods_of_model(models_of_tables[[name]], data), chains = 1,
                            draws = 100, seed = 4))
    }
    expect_lt(distance_of_draws(fit(table), fit(fish)), 1e-8)
  }
})

test_that("relm() takes a table", {
  fish <- fish_data()
  table <- sqlite_table(fish)
  fit <- suppressMessages(relm(y ~ x + (1 | lake), table, chains = 1, draws = 50, seed = 1))
  own <- suppressMessages(crossprods(y ~ x + (1 | lake), table))
  expect_identical(as.matrix(fit), as.matrix(relm(own, chains = 1, draws = 50, seed = 1)))
  expect_identical(deparse1(fit$call$data), "table")
})

test_that("rows are dropped as na.omit() drops them, and counted", {
  fish <- fish_data()
  table <- sqlite_table(fish)
  expect_message(crossprods(y ~ z + kind + (1 | lake), table),
                 "Dropped 3 of 240 rows with missing values.", fixed = TRUE)
  expect_message(crossprods(y ~ x + (1 | lake), table, subset = w > 0 & boat != 1),
                 "Dropped 1 of 210 rows", fixed = TRUE)
  expect_error(crossprods(y ~ x + (1 | lake), table, na.action = na.fail), "in 1 row of the table")
  expect_no_message(crossprods(x ~ w + (1 | lake), table))
  fish$y[1:100] <- NA
  expect_warning(crossprods(y ~ x + (1 | lake), sqlite_table(fish)), "Dropped 100 of 240")
  # log() of a negative number is missing in R too.
  fish$y[101:110] <- -1
  suppressWarnings(expect_crossprods_of_rows(
    crossprods(log(y) ~ x + (1 | lake), sqlite_table(fish)),
    suppressMessages(crossprods(log(y) ~ x + (1 | lake), fish))
  ))
})

test_that("a query is read as a table is", {
  table <- sqlite_table(fish_data())
  some <- dplyr::filter(table, x > 18)
  own <- function(...) suppressMessages(crossprods(y ~ x + (1 | lake), ...))
  expect_crossprods_of_rows(own(some), own(table, subset = x > 18), 1e-13)
  connection <- dbplyr::remote_con(table)
  asked <- dplyr::tbl(connection, dplyr::sql("SELECT * FROM fish WHERE x > 18"))
  expect_crossprods_of_rows(own(asked), own(some), 1e-13)
})

test_that("objects beside the table are found where the formula was written", {
  fish <- fish_data()
  table <- sqlite_table(fish)
  limit <- 19
  own <- function(data) {
    suppressMessages(crossprods(y ~ I(x - limit) + (1 | lake), data, subset = x > limit + 1))
  }
  expect_crossprods_of_rows(own(table), own(fish))
})

test_that("a dot stands for the other columns of the table", {
  fish <- stats::na.omit(fish_data()[c("y", "x", "z", "kind", "lake")])
  own <- function(data) crossprods(y ~ . - lake + (1 | lake), data)
  expect_crossprods_of_rows(own(sqlite_table(fish)), own(fish))
})

test_that("what cannot be asked for is refused by name", {
  fish <- fish_data()
  fish$day <- "2020-01-01"
  table <- sqlite_table(fish)
  refused <- function(formula, says, ...) {
    expect_error(crossprods(formula, table, ...), says, fixed = TRUE, class = "relm_error")
  }
  refused(y ~ poly(x, 2) + (1 | lake), "`poly()` is not among the functions")
  refused(y ~ round(x) + (1 | lake), "`round()` is not among")
  refused(y ~ x + (1 | lake), "`scale()` is not among", weights = scale(w))
  refused(y ~ I(x^z) + (1 | lake), "exponent")
  refused(y ~ x + nowhere + (1 | lake), "`nowhere`")
  refused(y ~ log(x, 2) + (1 | lake), "arguments without names")
  refused(y ~ I(kind * 2) + (1 | lake), "non-numeric argument")
  refused(y ~ x + (1 | lake), "takes a number", subset = -kind > 2)
  refused(y ~ x + (1 | lake), "must be TRUE or FALSE", subset = x)
  refused(y ~ x + (1 | lake), "no argument `chunks`", chunks = 1)
  refused(y ~ x + (1 | lake), "`levels` has no place", levels = list(kind = "pike"))
  refused(lake ~ x + (1 | boat), "must be one column of numbers")
  refused(y ~ x + (1 | lake), "No rows are left", subset = x > 1e6)
})

test_that("values that no fit can take are refused", {
  fish <- fish_data()
  fish$inf <- ifelse(seq_len(240) == 200, Inf, fish$x)
  fish$zero <- ifelse(seq_len(240) == 200, 0, fish$x)
  fish$half <- ifelse(seq_len(240) == 200, NA, fish$x)
  fish$one <- 0.1
  table <- sqlite_table(fish)
  refused <- function(formula, says, ...) {
    expect_error(suppressMessages(crossprods(formula, table, ...)), says, fixed = TRUE,
                 class = "relm_error")
  }
  refused(y ~ inf + (1 | lake), "`inf` must be finite")
  refused(y ~ log(zero) + (1 | lake), "`log(zero)` must be finite")
  refused(I(1 / zero) ~ x + (1 | lake), "must be finite")
  refused(y ~ x + (1 | lake), "In 1 row the weight is not, or is missing", weights = half)
  refused(y ~ x + (1 | lake), "In 240 rows the weight is not", weights = -w)
  refused(one ~ x + (1 | lake), "`one` is constant")
  refused(I(y * 1e160) ~ x + (1 | lake), "overflow")
})

test_that("a column of numbers that holds text is refused", {
  table <- sqlite_table(fish_data())
  DBI::dbExecute(dbplyr::remote_con(table), "UPDATE fish SET x = 'much' WHERE rowid = 150")
  expect_error(suppressWarnings(crossprods(y ~ x + (1 | lake), table)), "holds text in 1 row",
               class = "relm_error")
})

test_that("cells are counted before they are asked for", {
  table <- sqlite_table(fish_data())
  expect_error(crossprods(y ~ x + (1 | lake) + (1 | boat), table, max_cells = 39),
               "The rows make 40 cells", fixed = TRUE, class = "relm_error")
  expect_error(crossprods(y ~ x + (1 | lake), table, max_cells = 4), "more than 4 cells")
  expect_identical(suppressMessages(
    crossprods(y ~ x + (1 | lake) + (1 | boat), table, max_cells = 40)
  )$n_rows, 239)
})

test_that("a fit of a table predicts new rows", {
  fish <- fish_data()
  fit <- suppressMessages(relm(y ~ x * kind + log(z + 1) + (1 + x | lake), sqlite_table(fish),
                               contrasts = list(kind = "contr.sum"), chains = 1, draws = 40,
                               seed = 3))
  new <- data.frame(x = c(18, 22, 25), kind = c("pike", "Gar", "it's"), z = 0.3,
                    lake = c("Oe", "anna", "nowhere"))
  coded <- transform(new, kind = factor(kind, levels(factor(fish$kind))))
  X <- stats::model.matrix(~ x * kind + log(z + 1), coded,
                           contrasts.arg = list(kind = "contr.sum"))
  beta <- as.matrix(fit)[, seq_len(ncol(X))]
  expect_equal(unname(posterior_linpred(fit, newdata = new, re_formula = NA)),
               unname(beta %*% t(X)), tolerance = 1e-12)
  expect_identical(dim(posterior_predict(fit, newdata = new, allow_new_levels = TRUE)), c(40L, 3L))
  expect_error(posterior_predict(fit), "newdata", class = "relm_error")
})

test_that("groups that come in another order than their labels' are predicted as themselves", {
  fish <- data.frame(boat = rep(1:12, each = 10), x = rep_len(c(1, 4, 2, 7, 5), 120))
  fish$y <- 10 * fish$boat + fish$x + rep_len(c(0.1, -0.2, 0, 0.1), 120)
  fit <- relm(y ~ x + (1 | boat), sqlite_table(fish), chains = 1, draws = 40, seed = 3)
  mean <- colMeans(posterior_epred(fit, newdata = data.frame(boat = c(2, 10, 12), x = 0)))
  expect_equal(unname(mean), c(20, 100, 120), tolerance = 0.01)
})

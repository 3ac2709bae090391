# What a fit keeps of where it was made.

size_of <- function(object) length(serialize(object, NULL))

test_that("a fit made in a function is saved without what else the function had", {
  make <- function(..., draws = 10) {
    data <- bass_centered()
    large <- rnorm(1e6)
    heavy <- rep(1, nrow(data))
    relm(log(mercury) ~ x + (1 | station), data, weights = heavy, chains = 1,
         draws = draws, seed = 1, ...)
  }
  expect_lt(size_of(make()), 60000)
  expect_lt(size_of(make(sigma = ~ river)), 60000)
  expect_lt(size_of(do.call(relm, list(log(mercury) ~ x + (1 | station), bass_centered(),
                                       chains = 1, draws = 10, seed = 1))), 60000)
  expect_lt(size_of(suppressMessages(update(make(), . ~ . - x))), 60000)
  started <- relm(log(mercury) ~ x + (1 | station), bass_centered(), init = make(draws = 1e4),
                  chains = 1, draws = 10, seed = 1)
  expect_lt(size_of(started), 60000)
})

test_that("what a formula names beside the data is kept, wherever it was found", {
  outer <- function() {
    shift <- 2
    inner <- function() {
      twice <- function(v) 2 * v
      large <- rnorm(10)
      own_formula <- mercury ~ twice(length) + shift * exp(length)
      own_environment(own_formula, environment(own_formula), bass)
    }
    inner()
  }
  kept <- outer()
  expect_setequal(ls(kept), c("twice", "shift"))
  expect_identical(get("shift", kept), 2)
  expect_identical(own_environment(y ~ x, globalenv(), NULL), globalenv())
  expect_identical(own_environment(y ~ x, asNamespace("stats"), NULL), asNamespace("stats"))
  # Columns of the data come before objects of the same name.
  length <- 3
  expect_length(ls(own_environment(mercury ~ length, environment(), bass)), 0)
  given <- function(absent) own_environment(y ~ absent, environment(), NULL)
  expect_length(ls(given()), 0)
})

test_that("the data can be made again from a design, without a copy of what the frame has", {
  data <- grouped_data(9)
  data$text <- as.character(data$f)
  data$h <- factor(data$f, levels = c("none", "a", "b", "c"))
  rownames(data) <- paste0("row", seq_len(nrow(data)))
  design <- relm_design(y ~ log(w) + x + text + h + (1 | g), data, weights = between^2)
  names <- c("y", "w", "x", "text", "h", "g", "between")
  expect_identical(data_of(design)[names], data[names])
  expect_setequal(names(design$kept$columns), c("w", "text", "h", "g", "between"))
  expect_setequal(design$kept$in_frame, c("y", "x"))
})

test_that("where rows were left out the data are whole", {
  data <- grouped_data(9)
  data$x[3] <- NA
  design <- suppressMessages(relm_design(y ~ x + (1 | g), data))
  expect_identical(data_of(design), data[c("y", "x", "g")])
  reversed <- relm_design(y ~ v + (1 | g), data, subset = rev(seq_along(y)))
  expect_identical(data_of(reversed), data[c("y", "v", "g")])
  expect_null(data_of(with(data, relm_design(y ~ v + (1 | g)))))
})

test_that("names of rows are kept where some of them were left out", {
  data <- grouped_data(9)
  rownames(data) <- paste0("row", seq_len(nrow(data)))
  design <- relm_design(y ~ v + (1 | g), data, subset = v > 0)
  expect_identical(data_of(design), data[c("y", "v", "g")])
})

test_that("columns are referred to, not copied", {
  n <- 2e5
  data <- data.frame(y = rnorm(n), x = rnorm(n), g = rep(1:100, length.out = n))
  design <- relm_design(y ~ exp(x) + (1 | g), data)
  expect_identical(rlang::obj_address(design$kept$columns$x), rlang::obj_address(data$x))
})

test_that("objects of the workspace that a call names are those of the fit, whatever they are later", {
  values <- values_in_session("relm", quote({
    level <- "l1"
    square <- function(z) z^2
    fit <- relm(log(mercury) ~ square(length) + (1 | station), bass, subset = station != level,
                seed = 1, chains = 1, draws = 30)
    level <- "l4"
    square <- function(z) z
    refit <- update(fit, draws = 5)
  }), expression(nobs(refit), any(model.frame(refit)$station == "l1"),
                 identical(model.frame(refit)[[2]], model.frame(fit)[[2]])))
  expect_identical(unname(values), list(161L, FALSE, TRUE))
})

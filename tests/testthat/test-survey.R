# What is agreed before rows are absorbed.

d <- grouped_data(20)
d$h <- rep_len(c("v", "u", "w"), nrow(d))
d$ff <- factor(d$f, c("c", "a", "b"))

model_of_formula <- function(formula, drop = FALSE) {
  list(formula = formula, sigma = ~ 1, family = check_family("gaussian"), quosures = list(),
       subset = list(), na.action = stats::na.omit, contrasts = NULL, drop.unused.levels = drop,
       progress = FALSE)
}

schema_found <- function(formula, pieces, ...) {
  find_schema(new_reader(function_source(function_of(pieces))), model_of_formula(formula), ...)
}

split_rows <- function(data, size) {
  lapply(split(seq_len(nrow(data)), (seq_len(nrow(data)) - 1) %/% size), function(rows) data[rows, ])
}

test_that("the schema is that of the design of all rows", {
  formulas <- list(y ~ x + f + (1 | g), y ~ poly(x, 2) * f + (1 | g), y ~ scale(v) + ff + (ff | h),
                   y ~ paste(f, h) + cut(x, c(-9, 0, 9)) + (1 | g:h), log(w) ~ ordered(f) + (1 | g))
  for (formula in formulas) {
    design <- relm_design(formula, d)
    schema <- schema_of(design, character())
    for (size in c(7, 60)) {
      found <- schema_found(formula, split_rows(d, size), NULL)
      in_terms <- unique(unlist(lapply(c(list(schema$terms), schema$bars), term_variables)))
      expect_equal(found$columns[in_terms], schema$columns[in_terms])
      expect_equal(attr(found$whole, "predvars"), attr(schema$whole, "predvars"), tolerance = 1e-12)
      expect_identical(found$coding, schema$coding)
      expect_identical(found$raw$x, schema$raw$x)
    }
  }
})

test_that("factors have the levels that rbind() gives", {
  pieces <- list(transform(d[1:30, ], f = factor(f, c("b", "a", "c"))),
                 transform(d[31:60, ], f = factor(f, c("d", "c", "b", "a"))),
                 transform(d[61:90, ], f = as.character(f)))
  expect_identical(levels(schema_found(y ~ f, pieces, NULL)$columns$f), levels(do.call(rbind, pieces)$f))
  text <- pieces[3:1]
  expect_identical(levels(schema_found(y ~ f, text, NULL)$columns$f), c("a", "b", "c"))
})

test_that("there is a first pass only where something depends on all rows", {
  passes <- function(formula, given = NULL) {
    starts <- 0
    chunks <- chunks_of(d, 30)
    counted <- function(reset = FALSE) {
      if (reset) starts <<- starts + 1
      chunks(reset)
    }
    find_schema(new_reader(function_source(counted)), model_of_formula(formula), given)
    starts
  }
  # One is before anything is read.
  expect_identical(passes(y ~ x + log(w) + I(x > 0) + (1 | g) + (1 | factor(h))), 1)
  expect_identical(passes(y ~ f), 3)
  expect_identical(passes(y ~ f, list(f = c("a", "b", "c"))), 1)
  expect_identical(passes(y ~ poly(x, 2)), 3)
})

test_that("variables that depend on all rows are told by their functions", {
  asked <- variables_asked(model_of_formula(y ~ x + poly(x, 2) + factor(h) + I(x^2) + rank(x) +
                                              ifelse(x > 0, "a", "b") + f:ff + offset(v) + (w | g)), d)
  depends <- vapply(asked, `[[`, "", "depends")
  expect_identical(names(depends)[depends == "whole"], c("poly(x, 2)", "rank(x)"))
  expect_identical(names(depends)[depends == "levels"], c("factor(h)", "ifelse(x > 0, \"a\", \"b\")",
                                                          "f", "ff"))
})

test_that("combinations of values are kept once", {
  rows <- data.frame(a = c(2, 1, 2, 1, 2), b = c("x", "x", "x", "y", "x"))
  expect_identical(distinct_rows(rows), data.frame(a = c(2, 1, 1), b = c("x", "x", "y")))
  expect_identical(distinct_rows(rows["a"]), data.frame(a = c(2, 1)))
  expect_identical(join_sets(list(c("b", "c"), "a", character(), c("c", "d"))),
                   list("a", c("b", "c", "d")))
  filled <- fill_rows(data.frame(a = 1:3, b = 4:6), list(data.frame(b = 1:5)))
  expect_identical(filled, data.frame(a = c(1:3, 1:2), b = 1:5))
})

test_that("a column that shows no type is refused before all rows are held", {
  with_relm("most_untyped", 100, {
    expect_error(schema_found(y ~ x, split_rows(transform(d, x = NA), 30), NULL),
                 "`x` is missing in all of the first 120 rows", class = "relm_error")
  })
})

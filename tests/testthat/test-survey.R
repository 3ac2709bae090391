# What is agreed before rows are absorbed.

d <- grouped_data(20)
d$h <- rep_len(c("v", "u", "w"), nrow(d))
d$ff <- factor(d$f, c("c", "a", "b"))

model_of_formula <- function(formula, drop = FALSE) {
  list(formula = formula, sigma = ~ 1, family = check_family("gaussian"), quosures = list(),
       subset = list(), na.action = stats::na.omit, contrasts = NULL, drop.unused.levels = drop,
       progress = FALSE)
}

schema_found <- function(formula, pieces, given = NULL) {
  reader <- new_reader(function_source(function_of(pieces)))
  find_schema(reader, new_survey(reader, model_of_formula(formula), given))
}

# The schema of the first chunk, and which of the others show more.
first_found <- function(formula, pieces, drop = FALSE) {
  reader <- new_reader(function_source(function_of(pieces)))
  survey <- new_survey(reader, model_of_formula(formula, drop), NULL)
  schema <- first_schema(reader, survey)
  more <- logical()
  while (!is.null(chunk <- next_chunk(reader))) more <- c(more, shows_more(reader, survey, chunk))
  list(schema = schema, more = more)
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
      found <- schema_found(formula, split_rows(d, size))
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
  expect_identical(levels(schema_found(y ~ f, pieces)$columns$f), levels(do.call(rbind, pieces)$f))
  text <- pieces[3:1]
  expect_identical(levels(schema_found(y ~ f, text)$columns$f), c("a", "b", "c"))
})

test_that("there is a first pass only where something depends on all rows", {
  passes <- function(formula, given = NULL) {
    starts <- 0
    chunks <- chunks_of(d, 30)
    counted <- function(reset = FALSE) {
      if (reset) starts <<- starts + 1
      chunks(reset)
    }
    reader <- new_reader(function_source(counted))
    find_schema(reader, new_survey(reader, model_of_formula(formula), given))
    starts
  }
  # One is before anything is read.
  expect_identical(passes(y ~ x + log(w) + I(x > 0) + (1 | g) + (1 | factor(h))), 1)
  expect_identical(passes(y ~ f), 2)
  expect_identical(passes(y ~ f, list(f = c("a", "b", "c"))), 1)
  expect_identical(passes(y ~ poly(x, 2)), 2)
})

test_that("the schema of the first chunk is that of all where it shows all levels", {
  pieces <- split_rows(d, 30)
  for (formula in list(y ~ x + f + (ff | h), log(w) ~ ordered(f) * factor(h) + (1 | g))) {
    found <- first_found(formula, pieces)
    all <- schema_found(formula, pieces)
    expect_identical(found$schema[names(all) != "known"], all[names(all) != "known"])
    expect_false(any(found$more))
  }
  expect_null(first_found(y ~ f + poly(x, 2), pieces)$schema)
  expect_null(first_found(y ~ f + cut(x, c(-9, 0, 9)), pieces)$schema)
  expect_null(first_found(y ~ x + (1 | f), pieces)$schema)
})

test_that("chunks show more by levels, not by values", {
  pieces <- split_rows(d, 30)[1:3]
  more <- function(formula, third, drop = FALSE) {
    found <- first_found(formula, c(pieces[1:2], list(third)), drop)$more
    expect_false(any(found[1:2]))
    found[3]
  }
  last <- pieces[[3]]
  expect_true(more(y ~ f, transform(last, f = replace(f, 30, "z"))))
  expect_true(more(y ~ f + h, transform(last, h = replace(h, 1, "z"))))
  # The same levels in another order, and fewer, are the same; a level that no row has is another.
  expect_false(more(y ~ ff, transform(last, ff = factor(f, c("a", "b", "c")))))
  expect_false(more(y ~ ff, transform(last, ff = "b")))
  expect_true(more(y ~ ff, transform(last, ff = factor(f, c("c", "a", "b", "unused")))))
  # Missing values are no level, but where a function makes them one.
  gap <- transform(last, f = replace(f, 2, NA))
  expect_false(more(y ~ f + factor(f), gap))
  expect_true(more(y ~ ifelse(is.na(f), "none", f), gap))
  expect_true(more(y ~ factor(f, exclude = NULL), gap))
  # New values of numbers may be of levels that there were.
  expect_false(more(y ~ ifelse(x > 0, "plus", "minus") + factor(round(x > 9)), last))
  expect_true(more(y ~ factor(round(x > 9)), transform(last, x = replace(x, 4, 10))))
  whole <- lapply(pieces, transform, k = as.integer(factor(f)))
  pieces <- whole
  expect_false(more(y ~ factor(k), whole[[3]]))
  expect_true(more(y ~ factor(k), transform(whole[[3]], k = as.numeric(k))))
  # Labels go by the place among all values.
  expect_true(more(y ~ factor(k, labels = "l"), transform(whole[[3]], k = replace(k, 1, 0L))))
})

test_that("all rows of the first chunk count, and chunks up to where columns have a type", {
  long <- d[rep_len(seq_len(nrow(d)), most_pilot + 1), ]
  long$f[most_pilot + 1] <- "late"
  expect_identical(levels(first_found(y ~ f, list(long, d))$schema$columns$f), c("a", "b", "c", "late"))
  expect_false(any(first_found(y ~ f, list(long, transform(d, f = "late")))$more))
  pieces <- list(d[0, ], transform(d[1:5, ], f = NA), d[6:30, ], d[31:60, ])
  found <- first_found(y ~ f, pieces)
  expect_identical(levels(found$schema$columns$f), c("a", "b", "c"))
  expect_false(any(found$more))
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
    expect_error(schema_found(y ~ x, split_rows(transform(d, x = NA), 30)),
                 "`x` is missing in all of the first 120 rows", class = "relm_error")
  })
})

test_that("labels of factors and values that are missing are those of all rows", {
  data <- transform(grouped_data(), k = rep(c(3, 1, 2), c(16, 15, 15)), f = rep_len(c("u", NA, "v"), 46))
  draws_of <- function(crossprods) as.matrix(relm(crossprods, seed = 1, chains = 1, draws = 10))
  for (formula in list(y ~ factor(k, labels = "L") + (1 | g), y ~ factor(k, labels = c("a", "b", "c")) + (1 | g),
                       y ~ ifelse(is.na(f), "none", f) + (1 | g), y ~ ifelse(is.na(f), paste("k", k), f) + (1 | g))) {
    whole <- draws_of(crossprods(formula, data, by_group = FALSE))
    for (n in c(10, 25, 46)) expect_equal(draws_of(crossprods(formula, chunks_of(data, n), by_group = FALSE)), whole)
  }
})

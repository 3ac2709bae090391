set.seed(8)
n <- 300
data <- data.frame(id = rep(c(4, 2, 30, 1, 7), each = n / 5), x = round(rnorm(n, 5, 2), 2),
                   v = runif(n), w = rexp(n) + 0.1)
data$f <- factor(sample(c("lo", "mid", "hi"), n, TRUE), c("mid", "unused", "lo", "hi"))
data$o <- factor(data$f, c("lo", "mid", "hi"), ordered = TRUE)
data$text <- sample(c("b", "a", "c"), n, TRUE)
data$yes <- data$v > 0.5
data$day <- as.Date("2020-03-01") + sample(9, n, TRUE)
data$time <- as.POSIXct("2020-10-25 00:30:00", tz = "Europe/Berlin") + 1800 * sample(9, n, TRUE)
data$wait <- as.difftime(sample(9, n, TRUE), units = "hours")
data$one <- scale(data$x)
data$two <- cbind(first = data$v, second = data$x^2)
data$y <- data$x / 3 + rnorm(n)

design_of_data <- function(formula, ...) suppressMessages(relm_design(formula, data, ...))

# A schema as it would come from elsewhere.
lone_schema <- function(design) unserialize(serialize(schema_of(design), NULL))

# list(X, Z, y, offset, weights, block, group, level) of a data frame, read through a schema.
read_through <- function(schema, chunk) {
  rows <- read_rows(schema, in_types_of(schema, named_columns(chunk)))
  c(schema_rows(schema, frame_of_rows(rows)), list(group = rows$group$code, level = rows$stratum$code))
}

# The same of some rows of a design.
rows_in <- function(design, rows) {
  code <- function(grouping) if (!is.null(grouping)) groups_in(grouping)$index[rows]
  c(design_rows(design, rows), list(group = code(design$factors$group),
                                    level = code(design$factors$sigma)))
}

chunks <- list(1:50, n, c(250, 3, 120), 51:n)

expect_reads <- function(design, of = data, expect = expect_identical) {
  schema <- lone_schema(design)
  for (rows in chunks) {
    expect(read_through(schema, of[rows, , drop = FALSE]), rows_in(design, rows),
           label = deparse1(design$formula))
  }
}

# The length of the longest vector in an object, its attributes and its environments.
longest_vector <- function(x) {
  if (is.null(x) || is.name(x) || is.function(x)) return(0)
  if (is.environment(x)) {
    return(if (is_saved_by_name(x)) 0 else longest_vector(as.list(x, all.names = TRUE)))
  }
  described <- attributes(x)
  attributes(x) <- NULL
  parts <- c(if (!is.atomic(x)) as.list(x), described)
  max(length(x), vapply(unname(parts), longest_vector, 0))
}

every_kind <- function(data, ...) {
  suppressMessages(relm_design(
    log(y + 9) ~ poly(x, 2) + f + o + text + yes + day + time + wait + one + two +
      splines::ns(v, 3) + (1 + x | id:text), data, sigma = ~ f, weights = w, offset = v / 2, ...
  ))
}

test_that("a schema has no rows", {
  design <- every_kind(data)
  schema <- schema_of(design)
  # The longest tells which variables are in which terms.
  expect_lt(longest_vector(schema), 200)
  expect_gte(longest_vector(design), n)
  expect_identical(unique(vapply(schema$columns, NROW, 0L)), 0L)
  expect_identical(unique(vapply(schema$raw, NROW, 0L)), 0L)

  many <- schema_of(every_kind(data[rep(seq_len(n), 20), ]))
  # Version 2 spells out what R has not yet made of numbers as text.
  size <- function(x) length(serialize(x, NULL, version = 2))
  expect_identical(size(many), size(schema))
})

test_that("it has none where the variables are not in a data frame, nor the arguments' values", {
  y <- data$y
  x <- data$x
  g <- data$id
  w <- data$w
  knots <- c(3, 5)
  design <- relm_design(y ~ splines::ns(x, knots = knots) + (1 | g), weights = w)
  expect_lt(longest_vector(schema_of(design)), 40)
  expect_reads(design, data.frame(x = x, y = y, g = g, w = w))

  by_vector <- do.call(relm_design, list(y ~ x + (1 | id), data, offset = data$v,
                                         weights = quote(data$w)))
  schema <- schema_of(by_vector)
  expect_lt(longest_vector(schema), 40)
  expect_error(read_through(schema, data), "offset` `<dbl>`.*cannot be had", class = "relm_error")
})

test_that("a function that bears the name of a column stays", {
  x <- function(v) v / 2
  design <- design_of_data(y ~ x(v) + x)
  expect_true(has_rows(design))
  expect_false(has_rows(schema_of(design)))
  expect_reads(design)
})

test_that("chunks are read as the rows of the whole, to the last bit", {
  degree <- 2
  formulas <- list(
    y ~ f * x + (1 + f | id), y ~ o + (0 + o | text), log(y + 9) ~ text + yes + (1 | id:text),
    y ~ splines::ns(x, 3) + splines::bs(v, knots = c(0.3, 0.6)) + (1 | f), y ~ scale(x) + (1 | o),
    y ~ poly(x, degree, raw = TRUE) + day + (day | id), y ~ time + wait + (1 | day),
    y ~ I(wait / 60) + as.numeric(day) + (1 | time), y ~ one + two + (one | wait),
    y ~ factor(text) + cut(v, c(0, 0.4, 1)) + (1 | factor(id)), y ~ offset(2 * v) + x + (1 | yes),
    y ~ 0 + f:x + (x || text:(id:yes)), one ~ x + (1 | id), y ~ x, y ~ 1 + (1 | round(v, 1))
  )
  for (formula in formulas) {
    expect_reads(design_of_data(formula))
    expect_reads(design_of_data(formula, sigma = ~ f:text, weights = w^2, offset = v + log(w)))
  }
})

test_that("poly() of a chunk has the basis of the whole, to rounding", {
  # Of all rows it is made by an orthogonalization, of others by the recursion that this leaves.
  design <- design_of_data(y ~ poly(x, 3) + (1 + poly(v, 2) | id))
  expect_reads(design, expect = function(...) expect_equal(..., tolerance = 1e-12))
})

test_that("contrasts and levels are those of the whole", {
  contrasts <- list(f = "contr.sum", text = "contr.helmert")
  expect_reads(design_of_data(y ~ f + text + (f | id), contrasts = contrasts))
  old <- options(contrasts = c("contr.sum", "contr.poly"))
  design <- design_of_data(y ~ f + (1 | id))
  options(old)
  expect_reads(design)
  expect_reads(design_of_data(y ~ f + (1 | f), drop.unused.levels = FALSE))

  design <- design_of_data(y ~ f + as.integer(f) + o + (1 | f))
  expect_reads(design, transform(data, f = factor(f, rev(levels(f))), o = as.character(o)))
  expect_reads(design, transform(data, f = as.character(f)))
})

test_that("columns of other types that hold the same are read as such", {
  design <- design_of_data(y ~ wait + I(wait * 2) + one + (1 | id))
  other <- transform(data, wait = as.difftime(60 * as.numeric(wait), units = "mins"),
                     id = as.character(id))
  other$one <- as.vector(data$one)
  expect_reads(design, other)
  expect_reads(design_of_data(y ~ x + (1 | id)), transform(data, id = as.integer(id)))
  expect_reads(design_of_data(y ~ x + (1 | day)),
               transform(data, day = as.POSIXct(format(day), tz = "UTC")))
})

test_that("ids of 64 bits are read, with those beyond 2^53", {
  as_integer64 <- function(high, low) {
    words <- writeBin(as.integer(rbind(low, high)), raw(), endian = "little")
    structure(readBin(words, "double", length(low), endian = "little"), class = "integer64")
  }
  # Some versions of subsetting leave out the class of numbers whose package is not there.
  rows_of_ids <- function(high) {
    of <- function(rows) {
      part <- data[rows, ]
      part$id <- as_integer64(rep(high, length(rows)), data$id[rows])
      part
    }
    design <- relm_design(y ~ x + (1 | id), of(seq_len(n)))
    schema <- lone_schema(design)
    for (rows in chunks) expect_identical(read_through(schema, of(rows)), rows_in(design, rows))
  }
  rows_of_ids(0)
  rows_of_ids(2^22)
})

test_that("groups that a schema does not know come after those it does", {
  design <- design_of_data(y ~ x + (1 | id:text))
  schema <- lone_schema(design)
  rows <- read_rows(schema, transform(data[1:4, ], id = c(4, 99, 98, 99)))
  known <- schema$known$group$labels
  expect_identical(rows$group$code[1], match(paste0("4:", data$text[1]), known))
  expect_identical(rows$group$new, unique(paste0(c(99, 98, 99), ":", data$text[2:4])))
  expect_true(all(rows$group$code[2:4] > length(known)))
})

test_that("a fit predicts new rows without the rows of its design", {
  new <- data[c(7, 200, 90, 4), ]
  new$id[4] <- 5
  fits <- list(
    relm(y ~ poly(x, 2) + f + (1 + v | id), data, sigma = ~ text, weights = w, offset = v,
         prior = relm_prior(sigma = pooled()), seed = 1, chains = 1, draws = 20),
    suppressMessages(relm(y ~ wait + o + (1 | id:text), data, seed = 1, chains = 1, draws = 20)),
    relm(y ~ splines::ns(x, 3), data, seed = 1, chains = 1, draws = 20)
  )
  for (fit in fits) {
    rowless <- fit
    rowless$design <- schema_of(fit$design)
    same <- function(of, ...) {
      expect_identical(of(rowless, newdata = new, ...), of(fit, newdata = new, ...))
    }
    same(posterior_predict, allow_new_levels = TRUE, seed = 2)
    same(posterior_predict, allow_new_levels = TRUE, sample_new_levels = "uncertainty", seed = 2)
    same(posterior_epred, re_formula = NA)
    same(predict, allow_new_levels = TRUE, seed = 3)
    same(fitted, allow_new_levels = TRUE, seed = 3)
    same(log_lik, allow_new_levels = TRUE, seed = 4)
    same(residuals, allow_new_levels = TRUE, seed = 5)
    if (length(ngrps(fit))) same(log_lik, by = "group")
  }
  some <- fits[[1]]
  some$design <- schema_of(some$design)
  expect_identical(posterior_epred(some, new[1:3, ], re_formula = ~ (1 | id)),
                   posterior_epred(fits[[1]], new[1:3, ], re_formula = ~ (1 | id)))
})

test_that("a chunk that cannot be read is refused, by name", {
  schema <- schema_of(design_of_data(log(y + 9) ~ f + wait + x + (1 | id), sigma = ~ text,
                                     weights = w, offset = v))
  refused <- function(pattern, ...) {
    chunk <- utils::modifyList(data[1:3, ], list(...))
    expect_error(read_through(schema, chunk), pattern, class = "relm_error")
  }
  refused("`x`.*not of the type.*was a numeric", x = c("a", "b", "c"))
  refused("`f`.*factor or text.*1:3", f = 1:3)
  refused("`f`.*level.*\"new\".*knows.*\"mid\", \"lo\", and \"hi\"", f = c("mid", "new", "lo"))
  refused("`wait`.*class.*was a difftime", wait = 1:3)
  refused("no column `x`", x = NULL)
  refused("no column `id`", id = NULL)
  refused("no column `text`", text = NULL)
  refused("no column `y`", y = NULL)
  refused("`id`.*finite.*row 2", id = c(4, NA, 2))
  refused("`offset` `v`.*cannot be had", v = NULL)
  refused("weights.*positive", w = c(1, -1, 1))
})

test_that("types have no more than class, levels, units and shape", {
  expect_identical(zero_rows(structure(data$f, note = seq_len(n))), data$f[0])
  expect_identical(zero_rows(data$o), data$o[0])
  expect_identical(zero_rows(data$wait), data$wait[0])
  expect_identical(zero_rows(data$time), data$time[0])
  expect_identical(zero_rows(as.POSIXlt(data$time)), as.POSIXlt(data$time)[0])
  expect_identical(zero_rows(data$two), data$two[0, ])
  expect_identical(zero_rows(I(data$two)), I(data$two[0, ]))
  expect_identical(zero_rows(c(a = 1, b = 2)), numeric())
  expect_identical(zero_rows(data[2:3]), data[0, 2:3])
  expect_identical(dim(zero_rows(array(1, c(4, 2, 3)))), c(0L, 2L, 3L))
  expect_null(zero_rows(sum))
})

test_that("a design that version 0.1.0 saved has a schema", {
  skip_if(length(saved_fits()) == 0, "no saved fits")
  fits <- Filter(function(fit) !is.null(fit$design), saved_fits())
  expect_gt(length(fits), 5)
  for (name in names(fits)) {
    rowless <- fits[[name]]
    rowless$design <- schema_of(rowless$design)
    expect_lt(longest_vector(rowless$design), nobs(fits[[name]]))
    predicted <- saved_answers(rowless)$predicted
    expect_type(predicted, "double")
    expect_identical(predicted, saved_answers(fits[[name]])$predicted, label = name)
  }
})

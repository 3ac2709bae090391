# A chunk is read as its rows in the data frame are.

d <- grouped_data(20)
d$wait <- as.difftime(round(d$v, 1), units = "hours")
d$day <- as.Date("2020-01-01") + round(d$x)
d$two <- cbind(a = d$v, b = d$w)

test_that("frames of chunks are rows of the frame of all", {
  formula <- log(w) ~ poly(x, 2) + f + wait + two + day + (1 | g) + (1 | factor(round(v)))
  design <- relm_design(formula, d, weights = w, offset = v)
  schema <- schema_of(design, character())
  for (rows in list(1:50, nrow(d), c(50, 3, 12))) {
    frame <- chunk_frame(schema, d[rows, ], list())
    got <- schema_rows(schema, frame)
    expect_equal(got, design_rows(design, rows), tolerance = 1e-12)
    keys <- chunk_keys(schema, frame)
    expect_identical(as.character(keys$group[[1]]), d$g[rows])
    expect_identical(as.character(keys$group2[[1]]), as.character(round(d$v[rows])))
  }
})

test_that("subset and missing values leave out what they leave out of the whole", {
  gaps <- transform(d, x = replace(x, 3, NA), f = replace(f, 7, NA))
  schema <- schema_of(relm_design(y ~ x + f + (1 | g), d), character())
  kept <- rlang::quo(w > 1)
  schema$row_variables <- c(schema$row_variables, "w")
  frame <- chunk_frame(schema, gaps[1:20, ], list(subset = kept, na.action = stats::na.omit))
  whole <- model.frame(y ~ x + f + g, gaps[1:20, ], subset = w > 1)
  expect_identical(frame$x, whole$x)
  expect_identical(length(attr(frame, "na.action")), sum((gaps$w > 1)[c(3, 7)]))
  frame <- chunk_frame(schema, transform(d[1:5, ], x = NA), list(na.action = stats::na.omit))
  expect_identical(nrow(frame), 0L)
  expect_error(chunk_keys(schema, transform(d, g = NA)), "`g` must be given in every row",
               class = "relm_error")
})

test_that("types are told apart as far as values are", {
  same <- list(list(1L, 2.5), list("a", factor("b")), list(Sys.Date(), Sys.Date() + 1L),
               list(as.difftime(1, units = "mins"), as.difftime(2, units = "hours")))
  for (pair in same) expect_silent(check_same_type(pair[[1]], pair[[2]], "x"))
  others <- list(list(1, "a"), list(TRUE, 1), list(Sys.Date(), Sys.time()), list(1, Sys.Date()),
                 list(cbind(1, 2), 1))
  for (pair in others) {
    expect_error(check_same_type(pair[[1]], pair[[2]], "x"), "`x` is not of the type",
                 class = "relm_error")
  }
})

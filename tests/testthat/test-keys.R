# Labels numbered in the order in which they come, whatever the chunks.

number_in_chunks <- function(columns, sizes, is_made = rep(FALSE, length(columns))) {
  labels <- new_labels(is_made)
  ends <- cumsum(sizes)
  numbers <- Map(function(start, end) {
    number_by_label(labels, lapply(columns, `[`, start:end))
  }, c(1, utils::head(ends, -1) + 1), ends)
  list(labels = labels, numbers = unlist(numbers))
}

test_that("numbers are those of match() with unique values", {
  set.seed(1)
  n <- 5000
  columns <- list(
    text = sample(c("b", "a", "", "z z", "\u00e4"), n, TRUE), many = sample(9999, n, TRUE) / 7,
    whole = sample(1e6, n, TRUE), signs = sample(c(-1, 1, 0, -0, 1e-300), n, TRUE),
    factor = factor(sample(letters, n, TRUE), c(rev(letters), "none")), yes = runif(n) > 0.5,
    day = as.Date("2020-01-01") + sample(999, n, TRUE),
    wait = as.difftime(sample(9, n, TRUE), units = "hours")
  )
  for (name in names(columns)) {
    for (sizes in list(n, rep(1, n), c(10, 990, 4000))) {
      got <- number_in_chunks(columns[name], sizes)
      plain <- if (name == "factor") as.character(columns[[name]]) else columns[[name]]
      expect_identical(got$numbers, match(plain, unique(plain)), label = name)
    }
  }
  pairs <- paste(columns$text, columns$signs)
  got <- number_in_chunks(columns[c("text", "signs")], c(1, 999, 4000))
  expect_identical(got$numbers, match(pairs, unique(pairs)))
})

test_that("keys stay apart when a table grows", {
  set.seed(2)
  x <- sample(3e5)
  labels <- new_labels(FALSE)
  for (start in seq(1, 3e5, by = 1e4)) {
    rows <- start:(start + 9999)
    expect_identical(number_by_label(labels, list(x[rows])), rows)
  }
  expect_identical(number_by_label(labels, list(rev(x))), rev(seq_along(x)))
  expect_identical(labels$n, 300000L)
})

test_that("text is text in any encoding", {
  latin <- "\xe4"
  Encoding(latin) <- "latin1"
  got <- number_in_chunks(list(c("\u00e4", latin, "a")), c(1, 2))
  expect_identical(got$numbers, c(1L, 1L, 2L))
})

test_that("strings are kept as long as their table", {
  labels <- new_labels(FALSE)
  name <- function(i) paste("no", "other", "string", i)
  expect_identical(number_by_label(labels, list(name(1:2000))), 1:2000)
  gc()
  other <- paste("in", "their", "place", 1:5000)
  gc()
  expect_identical(number_by_label(labels, list(name(2000:1))), 2000:1)
  expect_identical(number_by_label(labels, list(other)), 2001:7000)
})

test_that("the columns of labels are those of the rows, with the levels that rbind() gives", {
  columns_of_labels <- function(pieces, drop = FALSE, made = FALSE) {
    labels <- new_labels(made)
    for (piece in pieces) number_by_label(labels, list(piece))
    label_columns(labels, drop)[[1]]
  }
  as_in_rows <- function(pieces) {
    all <- do.call(rbind, lapply(pieces, function(piece) data.frame(x = piece)))$x
    all[!duplicated(all)]
  }
  factors <- list(factor(c("b", "a"), c("b", "a", "u")), factor("d"), factor(c("c", "u"), c("c", "u")))
  expect_identical(columns_of_labels(factors), as_in_rows(factors))
  expect_identical(columns_of_labels(factors[1:2], TRUE), droplevels(as_in_rows(factors[1:2])))
  text <- list(c("z", "b"), factor("a"), "c")
  expect_identical(columns_of_labels(text), factor(as_in_rows(text)))
  for (x in list(c(5, 2, 5, 1.5), as.Date("2020-01-01") + c(3, 1, 3, 2),
                 as.POSIXct(c(9, 7, 9, 8), origin = "1970-01-01", tz = "UTC"),
                 as.difftime(c(3, 1, 3, 2), units = "mins"))) {
    expect_equal(columns_of_labels(list(x[1:2], x[3:4])), x[!duplicated(x)])
  }
  made <- lapply(list(c(10, 9), c(2, 100)), factor)
  expect_identical(levels(columns_of_labels(made, made = TRUE)), c("2", "9", "10", "100"))
  given <- list(factor("a", c("b", "a")), factor("b", c("b", "a")))
  expect_identical(levels(columns_of_labels(given, made = TRUE)), c("b", "a"))
})

test_that("groups that change their type are refused", {
  labels <- new_labels(FALSE)
  number_by_label(labels, list(1:3))
  expect_error(number_by_label(labels, list(c("1", "a"))), "were numbers.*are text",
               class = "relm_error")
})

test_that("totals change in place", {
  totals <- c(1, 2, 3)
  .Call(ffi_add_at, totals, c(3L, 1L, 3L), c(10, 20, 30))
  expect_identical(totals, c(21, 2, 43))
  .Call(ffi_add_at, totals, c(2L, 2L), 0.5)
  expect_identical(totals, c(21, 3, 43))
  expect_error(.Call(ffi_add_at, totals, 4L, 1), "internal error")
  expect_error(.Call(ffi_number_keys, totals, list(1)), "internal error")
  keys <- .Call(ffi_new_keys, 2L)
  expect_error(.Call(ffi_number_keys, keys, list(1)), "internal error")
  expect_error(.Call(ffi_number_keys, keys, list(1, 1:2)), "internal error")
  expect_error(.Call(ffi_number_keys, keys, list(1, TRUE)), "internal error")
})

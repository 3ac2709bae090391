# How far the reading has come.

# Values of cli's variables of a bar that has come to 100 of so many rows, without a clock.
shown_at <- function(total) {
  format <- gsub("cli::pb_", "pb_", reading_format("Reading", total), fixed = TRUE)
  values <- list2env(list(pb_current = 100, pb_rate = "250/s", pb_percent = "25%",
                          pb_eta_str = "ETA: 1s"))
  as.character(cli::format_inline(format, .envir = values))
}

test_that("it shows rows and their rate, and the rest where it is known", {
  expect_identical(shown_at(NULL), "Reading 100 rows, 250/s")
  expect_identical(shown_at(400), "Reading 100 rows, 250/s | 25% | ETA: 1s")
})

test_that("its total is that of a first pass, or of the source", {
  totals <- list()
  note <- function(total, ...) totals[[length(totals) + 1]] <<- total
  source <- new_source(function() NULL, "rows", rows = 300)
  reader <- new_reader(source)
  plain <- new_reader(function_source(function() NULL))
  counted <- new_reader(source)
  counted$n_all <- 400
  for (one in list(plain, reader, counted)) {
    with_relm("reading_format", function(doing, total) {
      note(if (is.null(total)) NA else total)
      "{cli::pb_current}"
    }, reading_bar(one, TRUE, "Reading")$done())
  }
  expect_identical(totals, list(NA, 300, 400))
})

test_that("none is shown where none is asked for", {
  bar <- reading_bar(NULL, FALSE, "Reading")
  expect_silent({
    bar$set(10)
    bar$done()
  })
})

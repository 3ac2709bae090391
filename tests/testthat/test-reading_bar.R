# How far the reading has come.

test_that("it shows rows and their rate, and the rest where it is known", {
  reader <- new_reader(function_source(function() NULL))
  lines_of <- function(reader) {
    old <- options(cli.progress_show_after = 0, cli.progress_clear = FALSE, cli.dynamic = FALSE,
                   cli.progress_handlers_only = "cli", cli.width = 100)
    on.exit(options(old))
    paste(cli::cli_fmt({
      bar <- reading_bar(reader, TRUE, "Reading")
      bar$set(50)
      Sys.sleep(0.3)
      bar$set(100)
      bar$done()
    }), collapse = "\n")
  }
  expect_match(lines_of(reader), "Reading 100 rows, [0-9.]+[k]?/s")
  expect_no_match(lines_of(reader), "%")
  reader$n_all <- 400
  expect_match(lines_of(reader), "Reading 100 rows.*25%.*ETA")
})

test_that("none is shown where none is asked for", {
  bar <- reading_bar(NULL, FALSE, "Reading")
  expect_silent({
    bar$set(10)
    bar$done()
  })
})

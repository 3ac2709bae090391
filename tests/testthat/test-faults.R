# The faults that tools/faults.R puts into a copy of the sources, which are there in the repository
# only. To try them all takes half an hour: here it is held that the list is up with the sources.

fault_tools <- function() {
  root <- test_path("..", "..")
  file <- file.path(root, "tools", "faults.R")
  skip_if_not(file.exists(file), "no sources")
  tools <- new.env()
  sys.source(file, tools)
  tools$root <- root
  tools
}

test_that("the text of each fault stands once in its file, and another comes in its place", {
  tools <- fault_tools()
  faults <- tools$read_faults(tools$root)

  expect_gte(nrow(faults), 80)
  for (i in seq_len(nrow(faults))) {
    fault <- faults[i, ]
    broken <- tools$broken_text(tools$root, fault)
    expect_false(broken == tools$read_text(file.path(tools$root, fault$file)), label = fault$fault)
    files <- test_path(paste0("test-", tools$test_files_of(fault), ".R"))
    expect_identical(files[!file.exists(files)], character(), label = fault$fault)
  }
})

test_that("a text that has gone, or stands twice, is an error that names the fault", {
  tools <- fault_tools()
  fault <- list(fault = "lost", file = "src/slice.c", was = "no such text", is = "")
  expect_error(tools$broken_text(tools$root, fault), "lost.*0 times.*faults.dcf")
  fault$was <- "log(unif_rand())"
  expect_error(tools$broken_text(tools$root, fault), "stands 2 times in src/slice.c")
  expect_error(tools$named_faults(tools$read_faults(tools$root), "lost"), "No such fault: lost")
})

test_that("what is replaced is taken word for word", {
  tools <- fault_tools()
  file <- tempfile()
  on.exit(unlink(file))
  writeLines(c("a <- f(x)[1] * 2", "b <- 3"), file)
  fault <- list(fault = "it", file = basename(file), was = "f(x)[1] *", is = "\\1 + (x. |")
  expect_identical(tools$broken_text(dirname(file), fault), "a <- \\1 + (x. | 2\nb <- 3")
})

# A row that lacks is made by `Rscript tools/faults.R` and the fault's name.
test_that("each fault of the list was tried and caught, by tests that are still there", {
  tools <- fault_tools()
  faults <- tools$read_faults(tools$root)
  saved <- read.csv(tools$saved_file(tools$root))

  expect_identical(saved$fault, faults$fault)
  expect_identical(saved$breaks, faults$breaks)
  expect_true(all(saved$n_failed > 0))
  caught <- strsplit(saved$failed, " | ", fixed = TRUE)
  expect_identical(lengths(caught), saved$n_failed)
  files <- test_path(unique(sub(": .*", "", unlist(caught))))
  expect_identical(files[!file.exists(files)], character())
})

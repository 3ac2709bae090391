test_that("all files that are listed are there, and no others", {
  listed <- relm_example()
  expect_named(listed, c("file", "about"))
  paths <- vapply(listed$file, relm_example, "")
  expect_true(all(file.exists(paths)))
  folders <- system.file(c("teaching", "slides", "cheatsheet"), package = "relm")
  expect_setequal(normalizePath(paths), normalizePath(list.files(folders, "[.](R|Rmd|pdf)$", full.names = TRUE)))
  expect_lt(sum(file.size(paths)), 3e5)
})

test_that("a file is opened where somebody can see it", {
  seen <- NULL
  old <- options(pager = function(files, ...) seen <<- files, browser = function(url) seen <<- url)
  on.exit(options(old))
  rlang::with_interactive(relm_example("gibbs.R"), value = FALSE)
  expect_null(seen)
  path <- rlang::with_interactive(withVisible(relm_example("gibbs.R")), value = TRUE)
  expect_false(path$visible)
  expect_identical(seen, path$value)
  path <- rlang::with_interactive(relm_example("cheatsheet.pdf"), value = TRUE)
  expect_identical(basename(path), "relm.pdf")
  expect_identical(seen, path)
})

test_that("names that no file has are refused with those there are", {
  expect_error(relm_example("gibs.R"), "must be one of \"gibbs.R\"", class = "relm_error")
  expect_error(relm_example(c("gibbs.R", "slides.Rmd")), class = "relm_error")
  expect_error(relm_example(3), "It is 3", class = "relm_error")
})

test_that("functions that the cheat sheet names are there", {
  constants <- function(code) {
    if (is.character(code)) return(code)
    if (is.recursive(code)) unlist(lapply(as.list(code), constants))
  }
  drawn <- as.list(parse(relm_example("cheatsheet.R"), keep.source = FALSE))
  columns <- Filter(function(code) is.call(code) && identical(code[[2]], quote(columns)), drawn)
  text <- constants(columns[[1]][[3]])
  named <- unlist(regmatches(text, gregexpr("[A-Za-z_][A-Za-z0-9_.]*(?=[(])", text, perl = TRUE)))
  known <- c(getNamespaceExports("relm"), unlist(lapply(c("base", "stats", "utils", "coda", "posterior"),
                                                        getNamespaceExports)))
  expect_gt(length(unique(named)), 40)
  expect_identical(setdiff(named, known), character())
})

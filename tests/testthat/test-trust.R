# inst/trust/standards.csv has a row for each number of rOpenSci's standards for statistical software:
# general ones, those of Bayesian and of regression software. inst/trust/checklists.csv has what CRAN and
# the Journal of Statistical Software ask. Files and tests that they name are there.

trust_table <- function(name) {
  utils::read.csv(system.file("trust", name, package = "relm", mustWork = TRUE),
                  colClasses = "character", na.strings = character())
}

# Numbers from the first to the last, and those with letters.
numbers_of_standards <- c(
  G1 = "0-6 4a", G2 = "0-16 0a 1a 3a 3b 4a 4b 4c 4d 4e 14a 14b 14c", G3 = "0-1 1a", G4 = "0-0",
  G5 = "0-12 2a 2b 4a 4b 4c 6a 6b 8a 8b 8c 8d 9a 9b 11a", BS1 = "0-5 2a 2b 2c 3a 3b", BS2 = "1-15 1a",
  BS3 = "0-2", BS4 = "0-7", BS5 = "0-5", BS6 = "0-5", BS7 = "0-4 4a", RE1 = "0-4 3a", RE2 = "0-4 4a 4b",
  RE3 = "0-3", RE4 = "0-18", RE5 = "0-0", RE6 = "0-3", RE7 = "0-4 0a 1a"
)

expand_numbers <- function(section, text) {
  parts <- strsplit(text, " ")[[1]]
  ends <- as.integer(strsplit(parts[1], "-")[[1]])
  paste0(section, ".", c(seq(ends[1], ends[2]), parts[-1]))
}

repository_root <- function() {
  root <- test_path("..", "..")
  skip_if_not(file.exists(file.path(root, "DESIGN.md")), "no sources")
  root
}

files_that_lack <- function(table, root) {
  files <- unique(unlist(strsplit(table$files[table$files != "-"], " ")))
  files[!file.exists(file.path(root, files))]
}

# Cells are "file: name of the test", several of them between bars.
tests_that_lack <- function(table) {
  named <- unique(unlist(strsplit(table$tests[table$tests != "-"], " | ", fixed = TRUE)))
  stems <- sub(": .*", "", named)
  known <- lapply(stats::setNames(nm = unique(stems)), function(stem) {
    file <- test_path(paste0("test-", stem, ".R"))
    if (file.exists(file)) names_of_tests(file)
  })
  named[!unlist(Map(`%in%`, sub("^[^:]*: ", "", named), known[stems]))]
}

names_of_tests <- function(file) {
  calls <- Filter(function(code) is.call(code) && identical(code[[1]], quote(test_that)),
                  as.list(parse(file, keep.source = FALSE)))
  vapply(calls, function(call) call[[2]], "")
}

expect_whole_table <- function(table) {
  expect_true(all(nzchar(trimws(unlist(table)))))
  expect_true(all(table$met %in% c("yes", "no", "not applicable")))
  expect_true(all(table$files != "-" | table$tests != "-" | table$met == "not applicable"))
  # What is not met has its reason.
  expect_true(all(nchar(table$how[table$met != "yes"]) > 40))
  expect_false(any(grepl("not yet|todo|later", table$how, ignore.case = TRUE)))
}

test_that("each number of the standards has one row, with no empty cell", {
  table <- trust_table("standards.csv")
  expected <- unlist(Map(expand_numbers, names(numbers_of_standards), numbers_of_standards))

  expect_named(table, c("number", "met", "files", "tests", "how"))
  expect_length(expected, 172)
  expect_identical(anyDuplicated(table$number), 0L)
  expect_setequal(table$number, expected)
  expect_whole_table(table)
})

test_that("each entry of the checklists has one row, with no empty cell", {
  table <- trust_table("checklists.csv")

  expect_named(table, c("list", "entry", "met", "files", "tests", "how"))
  expect_identical(anyDuplicated(table[c("list", "entry")]), 0L)
  expect_setequal(table$list, c("CRAN policy", "R CMD check --as-cran", "Journal of Statistical Software"))
  expect_whole_table(table)
})

test_that("files and tests that the tables name are there", {
  root <- repository_root()
  for (name in c("standards.csv", "checklists.csv")) {
    table <- trust_table(name)
    expect_identical(files_that_lack(table, root), character(), label = name)
    expect_identical(tests_that_lack(table), character(), label = name)
  }
  table <- data.frame(files = "R/relm.R R/nothing.R", tests = "trust: a test that nobody wrote")
  expect_identical(files_that_lack(table, root), "R/nothing.R")
  expect_length(tests_that_lack(table), 1)
})

test_that("tests and commands behind the promises of the vignette are there", {
  root <- repository_root()
  table <- utils::read.csv(file.path(root, "vignettes", "promises.csv"), colClasses = "character")
  expect_named(table, c("section", "promise", "tests", "command", "figure"))
  expect_true(all(nzchar(unlist(table))))
  # Each is kept by a test or by a command.
  expect_true(all(table$tests != "-" | table$command != "-"))
  stems <- setdiff(unlist(strsplit(table$tests, " ")), "-")
  expect_identical(stems[!file.exists(test_path(paste0("test-", stems, ".R")))], character())
  scripts <- sub("^Rscript ([^ ]+).*$", "\\1", setdiff(table$command, "-"))
  expect_identical(scripts[!file.exists(file.path(root, scripts))], character())
})

test_that("results that vignettes show are those that were written last", {
  root <- repository_root()
  for (kept in list.files(file.path(root, "vignettes", "results"))) {
    written <- file.path(root, c("bench/results", "bench/checks", "tools"), kept)
    written <- written[file.exists(written)]
    expect_length(written, 1)
    expect_identical(readLines(file.path(root, "vignettes", "results", kept)), readLines(written),
                     label = kept)
  }
})

# matrix.csv has a row for each exported function, method of a fit, argument of the main ones, covariance,
# sampler and structure, and a cell for one grouping, nested and crossed ones of Gaussian responses, for
# each other family with one grouping, and for several groupings of any of these. It names a test, or says
# why there cannot be one: "file: name of the test", or "none: the reason".

# Methods whose arguments have rows of their own, beside relm() and relm_prior().
main_methods <- c(
  "predict", "fitted", "residuals", "posterior_predict", "posterior_epred", "posterior_linpred",
  "predictive_error", "predictive_interval", "simulate", "log_lik", "loo", "waic", "kfold", "logml",
  "bayes_R2", "pp_check", "ranef", "coef", "fixef", "VarCorr", "plot", "as.matrix", "as.array",
  "as.data.frame", "summary", "extend", "update", "refit", "getME", "tidy", "augment", "glance", "confint",
  "posterior_interval", "vcov", "loo_compare", "add_criterion", "hypothesis", "conditional_effects"
)
kinds <- c("one", "nested", "crossed", "binomial", "poisson", "negative_binomial", "family_several")

matrix_of_tests <- function() {
  utils::read.csv(test_path("matrix.csv"), colClasses = "character", na.strings = character())
}

# What the package exports: functions, methods of a fit by their generics, methods of other classes.
exported_items <- function() {
  space <- parseNamespaceFile("relm", dirname(system.file(package = "relm")))
  generic <- sub("^.*::", "", space$S3methods[, 1])
  class <- space$S3methods[, 2]
  other <- !class %in% c("relm", "default")
  unique(c(space$exports, generic[class == "relm"], paste0(generic, ".", class)[other]))
}

exported_arguments <- function() {
  of <- function(item, f, first = TRUE) {
    names <- names(formals(f))
    paste(item, setdiff(if (first) names else names[-1], c("...", "x", "object")))
  }
  own <- asNamespace("relm")
  methods <- lapply(main_methods, function(name) of(name, get(paste0(name, ".relm"), own), FALSE))
  unique(c(of("relm", get("relm.formula", own)), of("relm_prior", relm_prior), unlist(methods)))
}

# Tests of database engines lie in a folder of their own, which R CMD check has not; those of the other
# folder come first.
engines_folder <- function() test_path("..", "..", "tools", "engines")

file_of_test <- function(stem) {
  own <- test_path(paste0("test-", stem, ".R"))
  of_engines <- file.path(engines_folder(), paste0("test-", stem, ".R"))
  ifelse(file.exists(own) | !file.exists(of_engines), own, of_engines)
}

# Names of the tests in a file.
tests_in <- function(file) {
  calls <- Filter(function(code) is.call(code) && identical(code[[1]], quote(test_that)),
                  as.list(parse(file, keep.source = FALSE)))
  vapply(calls, function(call) if (is.character(call[[2]])) call[[2]] else "", "")
}

# The code of a test file, with that of the helpers that have its name, or tables that it uses.
code_of_test <- function(stem) {
  file <- test_path(paste0("test-", stem, ".R"))
  helpers <- list.files(test_path("."), "^helper-.*\\.R$", full.names = TRUE)
  named <- startsWith(basename(helpers), paste0("helper-", stem))
  used <- vapply(helpers, function(helper) any(tables_in(helper) %in% all.names(parse(file))), NA)
  paste(unlist(lapply(c(file, helpers[named | used]), readLines, warn = FALSE)), collapse = "\n")
}

# Lists that a helper begins with nothing in them, or has whole: tables of rows.
tables_in <- function(helper) {
  calls <- Filter(function(code) is.call(code) && identical(code[[1]], quote(`<-`)) && is.name(code[[2]]) &&
                    is.call(code[[3]]) && identical(code[[3]][[1]], quote(list)),
                  as.list(parse(helper, keep.source = FALSE)))
  vapply(calls, function(code) as.character(code[[2]]), "")
}

# Cells as a table: file and test; NA where a cell gives a reason alone.
named_tests <- function(table, columns = kinds) {
  cells <- unlist(table[columns], use.names = FALSE)
  named <- sub("^none: .*; .*tested by ", "", cells)
  named[grepl("^none: ", named)] <- NA
  data.frame(item = rep(table$item, length(columns)),
             argument = rep(if (is.null(table$argument)) "" else table$argument, length(columns)),
             column = rep(columns, each = nrow(table)), cell = cells,
             file = sub(": .*", "", named), test = sub("^[^:]*: ", "", named))
}

items_without_rows <- function(table) {
  c(setdiff(exported_items(), table$item[table$argument == ""]),
    setdiff(exported_arguments(), paste(table$item, table$argument)))
}

# Cells whose test is not there.
without_tests <- function(named) {
  named <- named[!is.na(named$file), ]
  files <- unique(named$file)
  known <- lapply(stats::setNames(file_of_test(files), files), function(file) {
    if (file.exists(file)) tests_in(file)
  })
  there <- mapply(function(file, test) test %in% known[[file]], named$file, named$test)
  unique(named$cell[!there])
}

# Cells whose test's code has not the word that the row is about.
without_words <- function(named) {
  named <- named[!is.na(named$file) & !grepl("^(covariance|sampler|structure) ", named$item), ]
  files <- unique(named$file)
  code <- lapply(stats::setNames(files, files), code_of_test)
  words <- sub("(.)\\.(relm.*|formula|character|.*\\.relm)$", "\\1", named$item)
  words[named$item %in% c("relm", "relm.formula", "relm.character", "relm.relm_crossprods", "relm_prior",
                          "c", "Ops.relm_crossprods", "Ops.relm_logml")] <- ""
  there <- mapply(function(file, word, argument) {
    grepl(word, code[[file]], fixed = TRUE) && grepl(argument, code[[file]], fixed = TRUE)
  }, named$file, words, named$argument)
  unique(paste(named$item, named$argument, named$file)[!there])
}

test_that("everything that is exported has a row, and each cell a test or a reason", {
  table <- matrix_of_tests()
  expect_named(table, c("item", "argument", kinds))
  expect_identical(anyDuplicated(table[c("item", "argument")]), 0L)
  expect_identical(items_without_rows(table), character())
  cells <- unlist(table[kinds], use.names = FALSE)
  expect_true(all(nzchar(trimws(cells))))
  expect_false(any(grepl("not yet|todo|later", cells, ignore.case = TRUE)))
  expect_true(all(grepl("^[A-Za-z_-]+: .", cells)))
  reasons <- grep("^none: ", cells, value = TRUE)
  expect_true(all(nchar(reasons) > 60))
})

test_that("the tests that cells name are there, and are about what the row says", {
  named <- named_tests(matrix_of_tests())
  expect_identical(without_tests(named), character())
  expect_identical(without_words(named), character())
})

test_that("a row or a test that is missing would be found", {
  table <- matrix_of_tests()
  expect_identical(items_without_rows(table[table$item != "ranef", ])[1], "ranef")
  expect_true("relm draws" %in% items_without_rows(table[table$argument != "draws", ]))
  named <- named_tests(table)[1:3, ]
  named$test[2] <- "a test that nobody wrote"
  expect_length(without_tests(named), 1)
  named$argument[3] <- "an_argument_of_no_method"
  expect_length(without_words(named[-2, ]), 1)
})

# matrix-sources.csv has a row for each model of helper-every_source.R, for each argument about data,
# for what is done with cross-products, for values and for faults; and a column for each source.

sources_of_rows <- c("data_frame", "function", "file", "parquet", "connection", "sqlite", "postgres",
                     "shards", "clickhouse", "duckdb")
tables_of_rows <- sources_of_rows[6:10]
engines_of_rows <- c("postgres", "shards", "clickhouse", "duckdb", "full_disk")

matrix_of_sources <- function() {
  utils::read.csv(test_path("matrix-sources.csv"), colClasses = "character", check.names = FALSE,
                  na.strings = character())
}

models_without_rows <- function(table) {
  of_models <- sub("^(model|argument) ", "", grep("^(model|argument) ", table$item, value = TRUE))
  setdiff(names(models_of_sources), of_models)
}

arguments_without_rows <- function(table) {
  arguments <- c(names(formals(get("crossprods.formula", asNamespace("relm")))),
                 names(formals(relm_design)), "max_cells")
  arguments <- setdiff(arguments, c("x", "data", "formula", "..."))
  setdiff(paste("argument", arguments), table$item)
}

# Engines' tests are looked for where their folder is.
named_tests_here <- function(table) {
  named <- named_tests(table, sources_of_rows)
  if (dir.exists(engines_folder())) named else named[!named$file %in% engines_of_rows, ]
}

test_that("each model, argument, use and fault has a test of each source, or a reason", {
  table <- matrix_of_sources()
  expect_named(table, c("item", sources_of_rows))
  expect_identical(anyDuplicated(table$item), 0L)
  expect_identical(models_without_rows(table), character())
  expect_identical(arguments_without_rows(table), character())
  expect_true(all(grepl("^(model|argument|use|value|fault) ", table$item)))
  cells <- unlist(table[sources_of_rows], use.names = FALSE)
  expect_true(all(grepl("^[A-Za-z_-]+: .", cells)))
  expect_false(any(grepl("not yet|todo|later", cells, ignore.case = TRUE)))
  expect_true(all(nchar(grep("^none: ", cells, value = TRUE)) > 60))
  expect_identical(without_tests(named_tests_here(table)), character())
})

test_that("models that a table is said to serve are asked of it, and no others", {
  table <- matrix_of_sources()
  models <- table[grepl("^model ", table$item), ]
  for (source in tables_of_rows) {
    served <- sub("^model ", "", models$item[!grepl("^none: ", models[[source]])])
    expect_setequal(served, intersect(names(models_in_sql), sub("^model ", "", models$item)))
  }
})

test_that("a model, an argument or a test of a source that is missing would be found", {
  table <- matrix_of_sources()
  expect_identical(models_without_rows(table[table$item != "model poly", ]), "poly")
  expect_identical(arguments_without_rows(table[table$item != "argument cores", ]), "argument cores")
  table$file[1] <- "every_source: a test that nobody wrote"
  expect_length(without_tests(named_tests_here(table)), 1)
})

# matrix-models.csv has the rows of matrix.csv, and a column for each newer kind of Gaussian model: residual
# variances that are known, structured covariances, and t residuals. A column more is a name more here.

kinds_of_models <- c("known", "structured", "student")

matrix_of_models <- function() {
  utils::read.csv(test_path("matrix-models.csv"), colClasses = "character", na.strings = character())
}

rows_of_one <- function(table, other) {
  setdiff(paste(table$item, table$argument), paste(other$item, other$argument))
}

test_that("newer kinds of models have the rows of the others, and each cell a test or a reason", {
  table <- matrix_of_models()
  expect_named(table, c("item", "argument", kinds_of_models))
  expect_identical(anyDuplicated(table[c("item", "argument")]), 0L)
  expect_identical(rows_of_one(matrix_of_tests(), table), character())
  expect_identical(rows_of_one(table, matrix_of_tests()), character())
  cells <- unlist(table[kinds_of_models], use.names = FALSE)
  expect_true(all(grepl("^[A-Za-z_-]+: .", cells)))
  expect_false(any(grepl("not yet|todo|later", cells, ignore.case = TRUE)))
  expect_true(all(nchar(grep("^none: ", cells, value = TRUE)) > 60))
  named <- named_tests(table, kinds_of_models)
  expect_identical(without_tests(named), character())
  expect_identical(without_words(named), character())
})

test_that("a row or a test of a newer kind that is missing would be found", {
  table <- matrix_of_models()
  expect_identical(rows_of_one(matrix_of_tests(), table[table$item != "ranef", ])[1], "ranef ")
  table$structured[1] <- "structured-models: a test that nobody wrote"
  expect_length(without_tests(named_tests(table, kinds_of_models)), 1)
})

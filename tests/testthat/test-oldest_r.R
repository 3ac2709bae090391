# The code runs on the oldest R that DESCRIPTION names. newer-r.csv has functions of R's own packages,
# and arguments of older functions, that R 4.1.0 has not: found by comparing the sources of R 4.1.0
# with those of the branches for 4.2 to 4.4 and of what became 4.5.

newer_r <- function() utils::read.csv(test_path("newer-r.csv"), colClasses = "character")

# The repository's code, by folder; there are no sources beside an installed package.
sources_of_repository <- function() {
  root <- dirname(source_folder())
  folders <- c("R", "tests", "vignettes", "inst", "tools", "bench", "data-raw")
  list.files(file.path(root, folders), "\\.(R|Rmd)$", recursive = TRUE, full.names = TRUE)
}

# Lines of a file of R, or of the chunks of a document.
code_lines <- function(file) {
  lines <- readLines(file, encoding = "UTF-8", warn = FALSE)
  if (grepl("\\.R$", file)) return(lines)
  opens <- grepl("^[ >]*```+ *\\{[rR][ ,}]", lines)
  closes <- grepl("^[ >]*```+ *$", lines)
  inside <- Reduce(function(within, i) (within && !closes[i]) || opens[i], seq_along(lines), FALSE,
                   accumulate = TRUE)[-1]
  ifelse(inside & !opens, lines, "")
}

packages_of_r <- c("base", "stats", "utils", "tools", "methods", "graphics", "grDevices", "parallel",
                   "splines")

# Names that code uses, with those in defaults of arguments, which all.names() leaves out; "f argument"
# for each argument that a call of f names; and "<- name" for what is assigned, or an argument.
words_in <- function(code) {
  if (is.name(code)) return(as.character(code))
  if (is.pairlist(code)) return(c(paste("<-", names(code)), words_of_parts(code)))
  if (is.expression(code)) return(words_of_parts(code))
  if (!is.call(code) || is_of_other_package(code)) return(character())
  assigned <- identical(code[[1]], quote(`<-`)) && is.name(code[[2]])
  c(if (assigned) paste("<-", code[[2]]),
    if (!is.null(names(code))) paste(name_called(code), names(code)), words_of_parts(code))
}

# What follows $ is no name that is looked for.
words_of_parts <- function(code) {
  parts <- if (identical(code[[1]], quote(`$`))) list(code[[2]]) else as.list(code)
  parts <- Filter(function(part) is.language(part) || is.pairlist(part), parts)
  unlist(lapply(unname(parts), words_in))
}

is_qualified <- function(code) {
  is.call(code) && is.name(code[[1]]) && as.character(code[[1]]) %in% c("::", ":::")
}

is_of_other_package <- function(code) {
  is_qualified(code) && !as.character(code[[2]]) %in% packages_of_r
}

# f of f(...), and of package::f(...).
name_called <- function(call) {
  called <- if (is_qualified(call[[1]])) call[[1]][[3]] else call[[1]]
  if (is.name(called)) as.character(called) else ""
}

# What code uses of a table's rows, less names that are its own.
newer_than_oldest <- function(code, table, own = character()) {
  words <- words_in(code)
  found <- setdiff(intersect(trimws(paste(table$name, table$argument)), words), own)
  found[!paste("<-", found, recycle0 = TRUE) %in% words]
}

# Those of a file, which is parsed where its words are any of the table's.
newer_in_file <- function(file, table, own) {
  lines <- code_lines(file)
  words <- unlist(regmatches(lines, gregexpr("[A-Za-z.][A-Za-z0-9._]*|%[|]{2}%", lines)))
  table <- table[table$name %in% words & table$argument %in% c("", words), ]
  if (nrow(table) == 0) return(character())
  found <- newer_than_oldest(parse(text = lines, keep.source = FALSE), table, own)
  paste(found, "in", basename(file), recycle0 = TRUE)
}

# A pipe's placeholder is gone once code is parsed: its token is there.
has_placeholder <- function(lines) {
  if (!any(grepl("= *_", lines))) return(FALSE)
  any(utils::getParseData(parse(text = lines, keep.source = TRUE))$token == "PLACEHOLDER")
}

# Imported from packages that relm depends on.
imported_names <- function() {
  imports <- parseNamespaceFile("relm", dirname(system.file(package = "relm")))$imports
  unlist(lapply(Filter(is.list, imports), `[[`, 2))
}

# Entry points of R's C interface that R 4.1 has not.
newer_c <- c("R_ParentEnv", "R_getVar", "R_getVarEx", "R_existsVarInFrame", "R_mkClosure",
             "R_ClosureFormals", "R_ClosureBody", "R_ClosureEnv", "R_BytecodeExpr", "R_ParseString",
             "R_mkhashtab", "R_gethash", "R_sethash", "R_typeToChar", "Rf_isDataFrame", "Rf_allocLang",
             "Rf_pow1p", "Rf_reEnc3", "ANY_ATTRIB", "CLEAR_ATTRIB", "VECTOR_PTR_RO", "R_isTRUE",
             "R_make_altlist_class", "R_chk_memcpy", "OBJSXP", "R_PRIdXLEN_T")

test_that("code uses no function, argument or syntax that the oldest R has not", {
  files <- sources_of_repository()
  table <- newer_r()

  expect_match(utils::packageDescription("relm")$Depends, "R (>= 4.1)", fixed = TRUE)
  expect_gt(length(files), 500)
  expect_identical(unlist(lapply(files, newer_in_file, table, imported_names())), character())
  piped <- vapply(files, function(file) has_placeholder(code_lines(file)), NA)
  expect_identical(basename(files)[piped], character())
})

test_that("C code calls no entry point that the oldest R has not", {
  folder <- file.path(dirname(source_folder()), "src")
  files <- list.files(folder, "\\.[ch]$", full.names = TRUE)
  text <- unlist(lapply(files, readLines, warn = FALSE))

  expect_gt(length(files), 100)
  used <- vapply(newer_c, function(name) any(grepl(paste0("\\b", name, "\\b"), text)), NA)
  expect_identical(names(which(used)), character())
})

test_that("what is newer would be found", {
  found <- function(text) newer_than_oldest(parse(text = text, keep.source = FALSE), newer_r())
  expect_identical(found("a <- function(x) b %||% x"), "%||%")
  expect_identical(found("lapply(x, grepv, pattern = 1)"), "grepv")
  expect_identical(found("stats::reorder(x, y, decreasing = TRUE)"), "reorder decreasing")
  expect_identical(found("function(x, f = pretty(x, f.min = 1)) x[[1, ]]"), "pretty f.min")
  expect_identical(found("use <- function(sort_by) use(sort_by); x$Exec; rlang::`%||%`(1, 2)"), character())
  file <- tempfile(fileext = ".Rmd")
  on.exit(unlink(file))
  writeLines(c("```{r}", "grepv('a', x)", "```", "sort_by(x)"), file)
  expect_identical(newer_in_file(file, newer_r(), "b"), paste("grepv in", basename(file)))
  expect_identical(found("sort(x, decreasing = TRUE); (\\(x) x)(1) |> sum()"), character())
  expect_false(has_placeholder("f(x) # y = _"))
  skip_if(getRversion() < "4.2")
  expect_true(has_placeholder("x |> f(y = _)"))
})

test_that("the table of what is newer holds for the R that runs", {
  table <- newer_r()
  exported <- unlist(lapply(packages_of_r, getNamespaceExports))
  functions <- table[table$argument == "", ]
  there <- functions$name %in% c(exported, ls(baseenv(), all.names = TRUE))
  since <- as.numeric_version(functions$since)
  here <- paste(getRversion()$major, getRversion()$minor, sep = ".")

  expect_setequal(table$since, c("4.2", "4.3", "4.4", "4.5"))
  expect_identical(functions$name[there & since > here], character())
  expect_identical(functions$name[!there & since < here], character())
})

# Files call each other one way: no file's functions call, through others, back into it. A reader
# can take any file with those below it, and leave the rest.

names_used <- function(code) {
  is_function <- is.call(code) && identical(code[[1]], quote(`function`))
  if (is_function) codetools::findGlobals(eval(code, baseenv())) else all.names(code)
}

# Files (rows) that call files (columns).
calls_between_files <- function(defined) {
  files <- unique(defined$file)
  calls <- matrix(FALSE, length(files), length(files), dimnames = list(files, files))
  for (i in seq_len(nrow(defined))) {
    called <- match(names_used(defined$value[[i]]), defined$name)
    calls[defined$file[i], defined$file[called[!is.na(called)]]] <- TRUE
  }
  diag(calls) <- FALSE
  calls
}

# Files that are left when those that call none of the rest have been taken away, again and again.
in_circles <- function(calls) {
  repeat {
    free <- rowSums(calls) == 0
    if (!any(free)) return(rownames(calls))
    calls <- calls[!free, !free, drop = FALSE]
    if (nrow(calls) == 0) return(character())
  }
}

# Does a call of one of `functions` have a text that is one of `names`?
calls_by_text <- function(code, functions, names) {
  if (!is.call(code) && !is.pairlist(code)) return(FALSE)
  if (is.call(code) && is.name(code[[1]]) && as.character(code[[1]]) %in% functions) {
    texts <- Filter(is.character, as.list(code)[-1])
    if (any(unlist(texts) %in% names)) return(TRUE)
  }
  for (part in as.list(code)) {
    if (!missing(part) && (is.call(part) || is.pairlist(part)) &&
          calls_by_text(part, functions, names)) return(TRUE)
  }
  FALSE
}

test_that("files call each other one way", {
  defined <- definitions(source_folder())

  expect_gt(nrow(defined), 900)
  expect_false(anyDuplicated(defined$name) > 0)
  expect_identical(in_circles(calls_between_files(defined)), character())
})

# A test that means the package's own function would get the other.
test_that("no function of the tests has the name of one of the package", {
  defined <- definitions(source_folder())
  of_tests <- definitions(test_path("."))
  is_function <- vapply(of_tests$value, function(value) {
    is.call(value) && identical(value[[1]], quote(`function`))
  }, NA)
  expect_gt(sum(is_function), 300)
  expect_identical(intersect(of_tests$name[is_function], defined$name), character())
})

test_that("a circle would be found", {
  calls <- matrix(FALSE, 4, 4, dimnames = list(letters[1:4], letters[1:4]))
  calls["a", "b"] <- calls["b", "c"] <- calls["c", "d"] <- TRUE
  expect_identical(in_circles(calls), character())
  calls["c", "a"] <- TRUE
  expect_identical(in_circles(calls), c("a", "b", "c"))
})

test_that("no function is called by a name that is made, which the graph does not see", {
  defined <- definitions(source_folder())
  hidden <- c("get", "match.fun", "do.call", "get0", "getFunction", "mget")
  uses <- vapply(seq_len(nrow(defined)), function(i) {
    calls_by_text(defined$value[[i]], hidden, defined$name)
  }, NA)
  expect_identical(defined$name[uses], character())
})

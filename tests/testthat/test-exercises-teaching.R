# inst/teaching: the code of the solutions runs, and says what their words say.

teaching_lines <- function(name) readLines(relm_example(name), encoding = "UTF-8")

# The lines of all chunks of an R Markdown file.
chunks_of <- function(lines) {
  starts <- grep("^```[{]r", lines)
  ends <- grep("^```$", lines)
  unlist(lapply(starts, function(start) lines[seq(start + 1, ends[ends > start][1] - 1)]))
}

test_that("every exercise has its solution, and no other", {
  headings <- function(name) grep("^## [0-9]+[.]", teaching_lines(name), value = TRUE)
  expect_identical(headings("solutions.Rmd"), headings("exercises.Rmd"))
  expect_gte(length(headings("exercises.Rmd")), 8)
})

test_that("solutions run, and their numbers are what the words say", {
  skip_if_not_installed("loo")
  lines <- teaching_lines("solutions.Rmd")
  space <- new.env(parent = globalenv())
  utils::capture.output(suppressWarnings(eval(parse(text = chunks_of(lines)), space)))
  inline <- unlist(regmatches(lines, gregexpr("`r [^`]+`", lines)))
  values <- vapply(inline, function(code) {
    paste(eval(parse(text = substr(code, 4, nchar(code) - 1)), space), collapse = " ")
  }, "")
  expect_true(all(nzchar(values)))

  expect_lt(space$difference, 0.05)
  expect_gt(mean(space$uniform_square), mean(space$lecture))
  expect_gt(space$effective["b_Intercept", "centered"],
            3 * space$effective["b_Intercept", "uncentered"])
  expect_equal(sapply(space$two, space$lag1), space$theory, tolerance = 0.1)
  expect_gt(space$invented[["centered"]], space$invented[["uncentered"]])
  expect_equal(log(space$intervals["by_hand", ]), log(space$intervals["in_one_call", ]),
               tolerance = 0.15)
  expect_match(space$refusal, "does not exist", fixed = TRUE)
  expect_gt(diff(space$correlation), 1)
})

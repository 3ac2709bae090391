# The table at the end of vignettes/bass.Rmd; the sources are there in the repository only.

formula_lines_root <- function() {
  root <- test_path("..", "..")
  skip_if_not(file.exists(file.path(root, "tools", "formula-lines.R")), "no sources")
  root
}

formula_lines_tools <- function(root) {
  tools <- new.env()
  sys.source(file.path(root, "tools", "formula-lines.R"), tools)
  tools
}

test_that("each formula of the lecture is computed in the line that the vignette's table gives", {
  root <- formula_lines_root()
  formulas <- read.csv(file.path(root, "vignettes", "formula-lines.csv"))

  expect_identical(formulas$line, formula_lines_tools(root)$find_formula_lines(root))
})

test_that("code that has gone, or stands twice, is an error", {
  root <- formula_lines_root()
  find_line <- formula_lines_tools(root)$find_line
  sweep <- function(code, name = "centered_sweep") find_line(root, "src/centered.c", name, code)

  expect_identical(readLines(file.path(root, "src/centered.c"))[sweep("draw_covariance(model")],
                   "        RETURN_IF_FAILED(draw_covariance(model, state, g));")
  expect_error(sweep("draw_nothing"), "stands 0 times")
  expect_error(sweep("model, state"), "times in centered_sweep")
  expect_error(sweep("draw_covariance(model", "no_sweep"), "defined 0 times")
})

# Random terms that are refused, and what is said to write in their place.

data <- transform(grouped_data(), h = as.integer(factor(f)), id = as.integer(factor(g)))

expect_refusal <- function(formula, ...) {
  for (says in c(...)) {
    expect_error(relm(formula, data, chains = 1, draws = 2), says, class = "relm_error",
                 label = deparse1(formula))
  }
}

test_that("arithmetic in a grouping expression is refused by its operator", {
  operators <- list("-" = y ~ x + (1 | id - h), "-" = y ~ x + (1 | -id), "\\+" = y ~ x + (1 | id + 0),
                    "\\^" = y ~ (1 | id^2), "\\*" = y ~ (1 | id * h), "%in%" = y ~ (1 | id %in% h),
                    "-" = y ~ (1 | id:(h - 1)), "\\|" = y ~ (1 | (id | h)), "/" = y ~ (1 | id:(h / x)))
  for (k in seq_along(operators)) {
    expect_refusal(operators[[k]], paste0("the operator `", names(operators)[k], "`"))
  }
  expect_refusal(y ~ x + (1 | id:1), "`1` is no variable")
  expect_refusal(y ~ x + (1 + x || id - h), "the operator `-`")
  expect_error(relm(y ~ x, data, sigma = ~ id - h), "`sigma` groups by.*operator `-`",
               class = "relm_error")
  expect_error(relm(y ~ x, data, sigma = ~ (id | h)), "`sigma` groups by.*operator `|`",
               class = "relm_error")
  expect_error(relm(y ~ x, data, sigma = ~ id / h), "operator `/`", class = "relm_error")
})

test_that("calls of functions, interactions and parentheses make groups", {
  by <- function(formula) {
    factor <- relm_design(formula, data)$factors$group
    factor$labels[factor$code]
  }
  expect_identical(by(y ~ (1 | I(id - h))), as.character(data$id - data$h))
  expect_identical(by(y ~ (1 | factor(id))), as.character(data$id))
  expect_identical(by(y ~ (1 | cut(id, 3))), as.character(cut(data$id, 3)))
  expect_identical(by(y ~ (1 | interaction(id, h))), paste(data$id, data$h, sep = "."))
  expect_identical(by(y ~ (1 | (id):(factor(h)))), paste(data$id, data$h, sep = ":"))
  expect_identical(by(y ~ (1 | id %% 3)), as.character(data$id %% 3))
  expect_identical(by(y ~ (1 | x > 0)), as.character(data$x > 0))
  expect_identical(by(y ~ (1 | data$id)), as.character(data$id))
})

test_that("several groupings are refused by name", {
  expect_refusal(y ~ x + (1 | g / f), "one grouping factor", "`f:g` and `g`")
  expect_refusal(y ~ x + (1 | g) + (1 | f), "`g` and `f`")
})

test_that("bars are added, and nothing else", {
  expect_refusal(y ~ x - (1 | g), "under the operator `-`")
  expect_refusal(y ~ x * (1 | g), "under the operator `\\*`")
  expect_refusal(y ~ x + (v:(1 | g)), "under the operator `:`")
  expect_refusal(y ~ x + (1 | id | g), "two bars")
  expect_refusal(y ~ x + (1 | id || g), "two bars")
  expect_refusal(y ~ x + (1 + (1 | id) | g), "two bars")
  expect_refusal(y | w ~ x + (1 | g), "response has a bar", "`weights`")
})

test_that("random terms name columns and groups", {
  expect_refusal(y ~ x + (. | g), "A dot stands in a random term")
  expect_refusal(y ~ x + (1 | .), "A dot stands in a random term")
  expect_refusal(y ~ x + (x | 1), "no grouping factor")
  expect_refusal(y ~ x + (x | "g"), "no grouping factor")
  expect_refusal(y ~ x + (x | factor(1)), "no grouping factor")
})

test_that("structures of other packages are refused with what to write", {
  expect_refusal(y ~ x + us(1 + x | g), "`us\\(\\)`", "Write `\\(1 \\+ x \\| g\\)`")
  expect_refusal(y ~ us(1 + x | g), "Write `\\(1 \\+ x \\| g\\)`")
  expect_refusal(y ~ x + diag(1 + x | g), "Write `\\(1 \\+ x \\|\\| g\\)`")
  expect_refusal(y ~ x + cs(1 + x | g), "`cs\\(\\)`.*\\(1 \\+ x \\| g\\).*\\(1 \\+ x \\|\\| g\\)")
  expect_refusal(y ~ x + (1 + x | gr(g, by = f)), "`gr\\(\\)`", "Write `\\(1 \\+ x \\| g\\)`")
  expect_refusal(y ~ x + (1 | mm(g, f)), "`mm\\(\\)`", "one group: `\\(1 \\| g\\)`")
  # Functions of these names within terms are the user's own.
  us <- function(z) z
  expect_identical(colnames(rows_of(relm_design(y ~ us(x) + (1 | g), data))$X),
                   c("(Intercept)", "us(x)"))
})

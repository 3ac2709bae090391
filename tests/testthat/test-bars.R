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

test_that("bars have groupings of their own, those of nested ones outermost first", {
  groups <- function(formula) {
    design <- relm_design(formula, data)
    list(design$group, design$of_grouping, vapply(design$bars, function(bar) {
      paste(c(if (attr(bar, "intercept")) "1", attr(bar, "term.labels")), collapse = " ")
    }, ""))
  }
  expect_identical(groups(y ~ x + (1 | g) + (1 + x | f)), list(c("g", "f"), 1:2, c("1", "1 x")))
  expect_identical(groups(y ~ x + (1 | g / f)), list(c("g", "g:f"), 1:2, c("1", "1")))
  expect_identical(groups(y ~ (x | id / h / g)), list(c("id", "id:h", "id:h:g"), 1:3, rep("1 x", 3)))
  expect_identical(groups(y ~ (x || g / f)), list(c("g", "g:f"), c(1L, 1L, 2L, 2L), c("1", "x", "1", "x")))
  expect_identical(groups(y ~ (1 | (g / f) / id)), groups(y ~ (1 | g / f / id)))
  expect_identical(groups(y ~ (1 | g / factor(f))), list(c("g", "g:factor(f)"), 1:2, c("1", "1")))
  # The same groups in other words, and a second block of a grouping.
  expect_identical(groups(y ~ (1 | g:f) + (0 + x | f:g)), list("g:f", c(1L, 1L), c("1", "x")))
  expect_identical(groups(y ~ (1 | g) + (1 | f) + (0 + x | (g))),
                   list(c("g", "f"), c(1L, 2L, 1L), c("1", "1", "x")))
})

test_that("groupings are those that reformulas finds", {
  skip_if_not_installed("reformulas")
  for (formula in list(y ~ (1 | g / f), y ~ (1 | g / f / id) + (1 | h), y ~ (x | g / (f:id)))) {
    ours <- lapply(strsplit(relm_design(formula, data)$group, ":"), sort)
    theirs <- lapply(reformulas::findbars(formula), function(bar) sort(all.vars(bar[[3]])))
    expect_setequal(ours, theirs)
  }
})

test_that("bars are added, and nothing else", {
  expect_refusal(y ~ x - (1 | g), "under the operator `-`")
  expect_refusal(y ~ x * (1 | g), "under the operator `\\*`")
  expect_refusal(y ~ x + (v:(1 | g)), "under the operator `:`")
  expect_refusal(y ~ x + (1 | id | g), "two bars")
  expect_refusal(y ~ x + (1 | id || g), "two bars")
  expect_refusal(y ~ x + (1 + (1 | id) | g), "two bars")
  expect_refusal(y | w ~ x + (1 | g), "response has a bar", "`weights`")
  expect_refusal(y | se(w) ~ x + (1 | g), "response has a bar", "`sigma = known\\(se\\)`")
})

test_that("random terms name columns and groups", {
  expect_refusal(y ~ x + (. | g), "A dot stands in a random term")
  expect_refusal(y ~ x + (1 | .), "A dot stands in a random term")
  expect_refusal(y ~ x + (x | 1), "no grouping factor")
  expect_refusal(y ~ x + (x | "g"), "no grouping factor")
  expect_refusal(y ~ x + (x | factor(1)), "no grouping factor")
})

test_that("structures of other packages are refused with what to write", {
  expect_refusal(y ~ x + toep(1 + x | g), "`toep\\(\\)`", "`us\\(\\)`, `diag\\(\\)`, `cs\\(\\)` and `ar1\\(\\)`")
  expect_refusal(y ~ homcs(1 + x | g), "Write `cs\\(1 \\+ x \\| g, hom = TRUE\\)`")
  expect_refusal(y ~ x + homdiag(1 + x | g), "Write `diag\\(1 \\+ x \\| g, hom = TRUE\\)`")
  expect_refusal(y ~ x + hetar1(0 + f | g), "Write `ar1\\(0 \\+ f \\| g, hom = FALSE\\)`")
  expect_refusal(y ~ x + (1 + x | gr(g, by = f)), "`gr\\(\\)`", "Write `\\(1 \\+ x \\| g\\)`")
  expect_refusal(y ~ x + (1 | mm(g, f)), "`mm\\(\\)`", "one group: `\\(1 \\| g\\)`")
  # Functions of these names within terms are the user's own.
  us <- function(z) z
  expect_identical(colnames(rows_of(relm_design(y ~ us(x) + (1 | g), data))$X),
                   c("(Intercept)", "us(x)"))
})

test_that("a response with its number of trials is told how relm has it", {
  expect_refusal(y | trials(h) ~ x + (1 | g), "cbind\\(y, h - y\\)")
  expect_refusal(y | trials(h + 1) ~ x, "cbind\\(y, h \\+ 1 - y\\)")
  expect_refusal(y | weights(h) ~ x, "Weights are given")
  expect_refusal(y | h ~ x, "Weights are given")
})

test_that("a bar without parentheses that takes all of the right side is told", {
  told <- function(formula) {
    tell <- NULL
    withCallingHandlers(relm_design(formula, data), relm_message = function(m) {
      tell <<- plain_text(conditionMessage(m))
      invokeRestart("muffleMessage")
    })
    tell
  }
  writes <- function(formula) sub(".*write\\s+`(.*)`.*", "\\1", told(formula))
  expect_identical(writes(y ~ x | g), "y ~ x + (x | g)")
  expect_identical(writes(y ~ x + 1 | g), "y ~ x + (1 | g)")
  expect_identical(writes(y ~ x + v + 1 | g), "y ~ x + v + (1 | g)")
  expect_identical(writes(y ~ 0 + x || g), "y ~ 0 + x + (0 + x || g)")
  for (formula in c(y ~ 1 | g, y ~ (x | g), y ~ x + (1 | g), y ~ 1 + (x | g), y ~ x)) {
    expect_null(told(formula))
  }
})

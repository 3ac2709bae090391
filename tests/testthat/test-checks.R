test_that("counts are whole numbers in range, of any numeric type", {
  expect_identical(check_count(3, "draws"), 3L)
  expect_identical(check_count(0L, "warmup", least = 0), 0L)
  for (bad in list(0, 2.5, -1, "3", c(1, 2), NA_real_, Inf, 3e9, NULL, TRUE)) {
    expect_error(check_count(bad, "draws"), "`draws`", class = "relm_error")
  }
})

test_that("numbers, flags and choices are checked", {
  expect_identical(check_number(2L, "sd", above = 0), 2)
  expect_identical(check_number(Inf, "upper", finite = FALSE), Inf)
  for (bad in list(0, NaN, Inf, "1", c(1, 2), NULL)) {
    expect_error(check_number(bad, "sd", above = 0), "`sd`.*above 0", class = "relm_error")
  }
  for (bad in list(NA, 1, "TRUE", c(TRUE, TRUE), NULL)) {
    expect_error(check_flag(bad, "summary"), "`summary`", class = "relm_error")
  }
  for (bad in list("c", NA_character_, 1, c("a", "b"), NULL)) {
    expect_error(check_choice(bad, "type", c("a", "b")), "a.*or.*b", class = "relm_error")
  }
})

test_that("a value is described in a few words", {
  expect_identical(describe(NULL), "NULL")
  expect_identical(describe("a"), "\"a\"")
  expect_identical(describe(0.5), "0.5")
  expect_identical(describe(c(1, 2)), "c(1, 2)")
  expect_identical(describe(1:100), "an integer of size 100")
  expect_identical(describe(diag(2)), "a matrix of size 2 x 2")
  expect_identical(describe(bass), "a data.frame of size 171 x 5")
})

test_that("every control of relm() is checked before sampling, and named in the error", {
  wrong <- list(sampler = "nuts", chains = 0, draws = 0, warmup = -1, thin = 0.5, cores = 0,
                progress = NA, seed = 1.5)
  for (name in names(wrong)) {
    call <- as.call(c(quote(relm), quote(mercury ~ length), quote(bass), wrong[name]))
    expect_error(eval(call), paste0("`", name, "`"), class = "relm_error")
  }
})

test_that("arguments that relm() does not know are refused, with what was meant", {
  expect_error(relm(mercury ~ length, bass, seeed = 1), "Did you mean `seed`",
               class = "relm_error")
  expect_error(relm(mercury ~ length, bass, iterations = 1), "`draws`", class = "relm_error")
  expect_error(relm(mercury ~ length, random = ~ 1 | station, data = bass),
               "no argument `random`.*\\(1 \\+ x \\| group\\)", class = "relm_error")
  for (name in names(arguments_elsewhere)) {
    call <- as.call(c(quote(relm), quote(mercury ~ length), quote(bass), setNames(list(1), name)))
    expect_error(eval(call), paste0("no argument `", name, "`"), class = "relm_error")
    expect_no_match(conditionMessage(tryCatch(eval(call), error = identity)), "Its arguments are")
  }
  expect_error(relm(crossprods(mercury ~ length, data = bass), weights = 1), "`weights`",
               class = "relm_error")
})

test_that("a method refuses what its dots hold by the names of its own arguments", {
  method <- function(object, probs = 0.5, ..., digits = 3) {
    refuse_dots(list(...), "summary")
    "answered"
  }
  generic <- function(object, ...) UseMethod("generic")
  registered <- structure(list(), class = "refusing")
  generic.refusing <- method
  expect_identical(method(1, 0.9, digits = 2), "answered")
  expect_error(method(1, digit = 2), "summary.*no argument `digit`.*Did you mean `digits`",
               class = "relm_error")
  expect_error(generic(registered, dots = 1), "no argument `dots`", class = "relm_error")
  expect_error(do.call(method, list(1, caller = 2)), "`caller`.*`object`, `probs`, and `digits`",
               class = "relm_error")
  expect_error(method(1, 0.9, 3), "without a name.*`object`, `probs`", class = "relm_error")
})

test_that("braces in what a user writes are shown, not evaluated", {
  expect_error(relm(mercury ~ length, bass, sampler = "{stop('evaluated')}"),
               "{stop('evaluated')}", fixed = TRUE, class = "relm_error")
  expect_error(relm(mercury ~ `{len}`, bass), "{len}", fixed = TRUE, class = "relm_error")
})

test_that("a missing package is named with the command that installs it", {
  expect_error(check_installed("relm.no.such.package", "plot()"),
               "plot\\(\\).*install.packages\\(\"relm.no.such.package\"\\)",
               class = "relm_error")
})

test_that("arguments of lme4 and nlme are told by every function that fits", {
  data <- grouped_data()
  fit <- relm(y ~ x, data, seed = 1, chains = 1, draws = 5)
  fits <- list(relm = function(...) relm(y ~ x + (1 | g), data, ...),
               update = function(...) update(fit, ...),
               relm_multiple = function(...) relm_multiple(y ~ x, list(data, data), ...))
  for (name in names(fits)) {
    refuses <- function(text, ...) {
      expect_error(fits[[name]](...), paste0("`", name, "\\(\\)` has no.*", text), class = "relm_error")
    }
    refuses("neither REML nor ML", REML = TRUE)
    refuses("neither REML nor ML", method = "ML")
    refuses("no optimizer", control = list())
    refuses("`progress`", verbose = 1)
    refuses("every fit\\s+measures", nAGQ = 1)
    refuses("Did you mean `seed`", sed = 1)
  }
})

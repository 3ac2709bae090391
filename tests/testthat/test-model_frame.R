test_that("weights, offset and subset are found in the data, and where the call was written", {
  data <- grouped_data()
  own <- 2 * data$w
  frame <- relm_design(y ~ x + (1 | g), data, weights = own, subset = x > 0)$frame
  expect_equal(frame[["(weights)"]], own[data$x > 0])
  wrapper <- function(...) relm_design(y ~ x + (1 | g), data, ...)
  expect_equal(wrapper(weights = w, subset = x > 0)$frame[["(weights)"]],
               data$w[data$x > 0])
  inner <- function(given) relm_design(y ~ x + (1 | g), data, weights = given)$frame
  expect_equal(inner(own)[["(weights)"]], own)
})

test_that("rows with missing values are dropped, and their number is said", {
  data <- grouped_data()
  data$x[c(2, 5)] <- c(NA, NaN)
  data$g[7] <- NA
  expect_message(design <- relm_design(y ~ x + (1 | g), data),
                 sprintf("Dropped 3 of %d rows", nrow(data)), class = "relm_message")
  expect_equal(nrow(design$frame), nrow(data) - 3)
  expect_equal(suppressMessages(nobs(relm(y ~ x + (1 | g), data, chains = 1, draws = 2))),
               nrow(data) - 3)
})

test_that("weights and offset are one column", {
  data <- grouped_data()
  expect_error(relm(y ~ x, data, offset = cbind(x, x)), "`offset` must be one column",
               class = "relm_error")
  expect_error(relm(y ~ x, data, weights = cbind(w, w)), "`weights` must be one column",
               class = "relm_error")
  plain <- relm(y ~ x, data, weights = w, offset = v, chains = 1, draws = 5, seed = 1)
  for (form in list(matrix, array)) {
    fit <- relm(y ~ x, data, weights = form(w), offset = form(v), chains = 1, draws = 5, seed = 1)
    expect_identical(fit$sampling$hyper, plain$sampling$hyper)
    expect_identical(log_lik(fit), log_lik(plain))
  }
})

test_that("what cannot be evaluated is named", {
  data <- grouped_data()
  refused <- function(formula, says) {
    expect_error(relm(formula, data), says, class = "relm_error")
  }
  refused(y ~ x + sapply(v, function(q) q * nowhere), "names `nowhere`, not in `data`")
  refused(y ~ df + x, "names `df`, not in `data`")
  refused(y ~ x + (1 | c), "names `c`, not in `data`")
  refused(y ~ nofunction(x), "could not find function")
  refused(y ~ C(f, nowhere), "names `nowhere`")
  refused(y ~ x %in% 1:3, "cannot be evaluated")
  expect_error(relm(absent ~ x), "`absent`.*nowhere to be found", class = "relm_error")
})

test_that("rows that are dropped are told, and more than a quarter of them warned of", {
  data <- grouped_data()
  some <- function(n) transform(data, x = replace(x, seq_len(n), NA))
  expect_message(relm_design(y ~ x, some(11)), "Dropped 11 of 46", class = "relm_message")
  expect_warning(relm_design(y ~ x, some(12)), "Dropped 12 of 46", class = "relm_warning")
})

test_that("what is nowhere, and functions of packages that are not attached, are told", {
  says <- function(formula, ..., text) {
    expect_error(relm_design(formula, ...), text, class = "relm_error")
  }
  data <- grouped_data()
  says(nowhere ~ 1, text = "`nowhere`, which is nowhere.*that has it")
  says(nowhere ~ never + 1, text = "`nowhere` and `never`,\\s+which are nowhere.*that has\\s+them")
  says(y ~ s(x) + (1 | g), data, text = "could not find function.*splines::ns")
  says(y ~ t2(x, v) + (1 | g), data, text = "splines::ns")
  says(y ~ bs(x) + (1 | g), data, text = "library\\(splines\\)")
  refused <- tryCatch(relm_design(y ~ nofunction(x), data), error = conditionMessage)
  expect_match(refused, "could not find function")
  expect_no_match(refused, "splines")
})

test_that("na.action is a function or the name of one", {
  data <- transform(grouped_data(), x = replace(x, 1, NA))
  for (wrong in list("none", "", NA_character_, 1, TRUE, c("na.omit", "na.pass"), list())) {
    expect_error(relm_design(y ~ x, data, na.action = wrong), "`na.action` must be a function",
                 class = "relm_error")
  }
  n <- nrow(data) - 1
  expect_message(design <- relm_design(y ~ x, data, na.action = "na.omit"), class = "relm_message")
  expect_equal(nrow(design$frame), n)
})

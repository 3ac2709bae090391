set.seed(3)
n <- 60
data <- data.frame(g = rep(1:10, each = 6), x = round(rnorm(n, 50, 20)), f = gl(3, 1, n))
data$day <- as.Date("2020-03-01") + data$x
data$time <- as.POSIXct("2020-03-01", tz = "UTC") + 3600 * data$x
data$wait <- as.difftime(data$x, units = "days")
data$y <- data$x / 20 + rnorm(10)[data$g] + rnorm(n)
fit_of <- function(formula, ...) fit_to(data, formula, ...)
fit_to <- function(data, formula, ...) relm(formula, data, seed = 1, chains = 1, draws = 50, ...)

# bit64's numbers, without bit64.
integer64 <- function(x) {
  low <- x %% 2^32
  words <- rbind(ifelse(low >= 2^31, low - 2^32, low), floor(x / 2^32))
  # The least high word is NA, and the least low word with it.
  bits <- writeBin(suppressWarnings(as.integer(words)), raw(), endian = "little")
  structure(readBin(bits, "double", length(x), endian = "little"), class = "integer64")
}

test_that("times in other units are the same times", {
  rows <- data[c(3, 20, 41), ]
  for (formula in list(y ~ wait, y ~ as.numeric(wait) + (1 | g), y ~ I(wait / 7))) {
    fit <- fit_of(formula)
    hours <- transform(rows, wait = as.difftime(as.numeric(wait) * 24, units = "hours"))
    expect_equal(posterior_epred(fit, hours), posterior_epred(fit, rows),
                 label = deparse1(formula))
  }
  by_day <- fit_of(y ~ day)
  by_number <- fit_of(y ~ as.numeric(day))
  for (zone in c("UTC", "America/New_York")) {
    moments <- transform(rows, day = as.POSIXct(format(day), tz = zone))
    expect_equal(posterior_epred(by_day, moments), posterior_epred(by_day, rows))
    expect_equal(posterior_epred(by_number, moments), posterior_epred(by_number, rows))
  }
  by_time <- fit_of(y ~ time)
  dates <- data.frame(time = as.Date("2020-03-01") + 0:2)
  moments <- data.frame(time = as.POSIXct("2020-03-01", tz = "UTC") + 86400 * 0:2)
  expect_equal(posterior_epred(by_time, dates), posterior_epred(by_time, moments))
  half <- data.frame(day = as.POSIXct("2020-03-02 12:00", tz = "UTC"))
  expect_equal(posterior_epred(by_day, half),
               posterior_epred(by_day, data.frame(day = as.Date("2020-03-02") + 0.5)))
})

test_that("dates that group are found as date-times", {
  data$when <- as.Date("2020-03-01") + data$g
  fit <- relm(y ~ x + (1 | when), data, seed = 1, chains = 1, draws = 20)
  rows <- data[c(1, 30), ]
  expect_identical(posterior_epred(fit, transform(rows, when = as.POSIXct(format(when)))),
                   posterior_epred(fit, rows))
})

test_that("times for numbers, and numbers for times, are refused", {
  refused <- function(formula, ...) {
    expect_error(posterior_epred(fit_of(formula), data.frame(...)), "not of the",
                 class = "relm_error")
  }
  refused(y ~ as.numeric(wait), wait = 3)
  refused(y ~ wait, wait = 3)
  refused(y ~ as.numeric(day), day = 18300)
  refused(y ~ as.numeric(x), x = as.Date("2020-03-01"))
  refused(y ~ x, x = as.difftime(1, units = "hours"))
  refused(y ~ wait, wait = as.Date("2020-03-01"))
})

test_that("factors have the fit's levels before functions of them are evaluated", {
  fit <- fit_of(y ~ as.integer(f))
  expect_equal(posterior_epred(fit, data.frame(f = c("3", "2"))),
               posterior_epred(fit, data[c(3, 2), ]), ignore_attr = TRUE)
  expect_equal(posterior_epred(fit, data.frame(f = factor("3"))),
               posterior_epred(fit, data[3, ]), ignore_attr = TRUE)
})

test_that("matrices of one column are vectors, here and there", {
  data$z <- scale(data$x)
  data$named <- scale(data["x"])
  data$s <- scale(data$y)
  number <- transform(data, z = as.vector(z), named = as.vector(named), s = as.vector(s))
  for (formula in list(y ~ z + (z | g), y ~ named + I(named^2) + (1 | g), s ~ x + (1 | g))) {
    fit <- relm(formula, data, seed = 1, chains = 1, draws = 20)
    plain <- relm(formula, number, seed = 1, chains = 1, draws = 20)
    expect_identical(as.matrix(fit), as.matrix(plain))
    rows <- number[c(2, 9), ]
    expect_identical(posterior_epred(fit, rows), posterior_epred(plain, rows))
    expect_identical(posterior_epred(fit, data[c(2, 9), ]), posterior_epred(plain, rows))
    expect_identical(log_lik(fit), log_lik(plain))
    expect_identical(residuals(fit, rows), residuals(plain, rows))
    expect_identical(residuals(fit), residuals(plain))
  }
})

test_that("pictures take matrices of one column", {
  skip_if_not_installed("bayesplot")
  data$z <- scale(data["x"])
  fit <- relm(y ~ z + (z | g), data, seed = 1, chains = 1, draws = 20)
  shown <- suppressWarnings(pp_check(fit, "intervals", x = "z", seed = 1))
  expect_equal(sort(unique(shown$data$x)), sort(unique(as.vector(data$z))))
  shown <- pp_check(fit, "intervals", x = "z", newdata = data[1:9, ], seed = 1)
  expect_equal(shown$data$x, as.vector(data$z)[1:9])
  expect_s3_class(plot(fit, "groups"), "ggplot")
})

test_that("whole numbers of 64 bits are numbers, whatever their size and sign", {
  values <- c(0, 5, -1, -5, 2^31, -2^31, 2^32, -2^32 - 1, 2^53, -2^53)
  expect_identical(plain_integer64(integer64(values)), values)
  missing <- structure(readBin(as.raw(c(rep(0, 7), 0x80)), "double"), class = "integer64")
  expect_identical(plain_integer64(c(integer64(7), missing)), c(7, NA))
  wide <- transform(data, x = integer64(x))
  for (formula in list(y ~ x + (1 | g), y ~ log(x + 100) + (1 + x | g), y ~ scale(x))) {
    fit <- relm(formula, wide, seed = 1, chains = 1, draws = 20)
    plain <- fit_of(formula)
    expect_identical(as.matrix(fit), as.matrix(relm(formula, data, seed = 1, chains = 1,
                                                    draws = 20)))
    # Without bit64, rows that are taken out of a data frame are none of its numbers any more.
    rows <- transform(data[2:4, ], x = integer64(x))
    expect_equal(posterior_epred(fit, rows), posterior_epred(fit, data[2:4, ]))
    expect_identical(as.matrix(update(fit)), as.matrix(fit))
  }
})

test_that("groups numbered beyond 2^53 are told apart, and no predictors", {
  data$g <- integer64(2^53 + 2 * data$g)
  # The next odd numbers, which doubles have not.
  bits <- unclass(data$g)
  odd <- rep(c(FALSE, TRUE), each = 30)
  words <- matrix(readBin(writeBin(bits, raw(), endian = "little"), "integer", 120,
                          endian = "little"), 2)
  words[1, odd] <- words[1, odd] + 1L
  data$g <- structure(readBin(writeBin(as.integer(words), raw(), endian = "little"), "double", 60,
                              endian = "little"), class = "integer64")
  fit <- relm(y ~ x + (1 | g), data, seed = 1, chains = 1, draws = 20)
  expect_identical(ngrps(fit), c(g = 10L))
  expect_identical(rownames(ranef(fit)$g)[c(1, 6)], c("9007199254740994", "9007199254741005"))
  rows <- data.frame(x = data$x[c(1, 40)], g = c("9007199254740994", "9007199254741007"))
  expect_identical(unname(posterior_epred(fit, rows)), unname(posterior_epred(fit)[, c(1, 40)]))
  expect_error(relm(y ~ g, data), "`g`.*2\\^53", class = "relm_error")
  negative <- digits_of_words(c(-1, -2097153), c(2^32 - 7, 3))
  expect_identical(negative, c("-7", "-9007203549708285"))
})

test_that("a number in the place of a level is refused with the levels", {
  fit <- fit_of(y ~ f + (1 | g))
  expect_error(posterior_epred(fit, data.frame(f = 1, g = 1)), "It is 1.*\"1\", \"2\", and \"3\"",
               class = "relm_error")
})

# Tables whose `[` gives tables always, as those of data.table do, and vectors of classes without methods.
test_that("data frames and vectors of any class are read as plain ones", {
  never_drops <- function(x, i, j, ..., drop) {
    table <- as.data.frame(unclass(x))
    structure(if (nargs() < 3) table[i] else table[i, j, drop = FALSE], class = class(x))
  }
  registerS3method("[", "table_that_never_drops", never_drops, envir = environment())
  plain <- as.matrix(fit_of(y ~ x + f + (1 | g)))
  strict <- structure(data, class = c("table_that_never_drops", "data.frame"))
  expect_s3_class(strict[, "x"], "data.frame")
  expect_identical(as.matrix(fit_to(strict, y ~ x + f + (1 | g))), plain)
  measured <- transform(data, x = structure(x, class = "measured", unit = "cm"),
                        y = structure(y, class = "measured", unit = "ppm"))
  expect_identical(as.matrix(fit_to(measured, y ~ x + f + (1 | g))), plain)
  skip_if_not_installed("dplyr")
  expect_identical(as.matrix(fit_to(dplyr::as_tibble(data), y ~ x + f + (1 | g))), plain)
})

test_that("columns that are lists or complex are refused by name, unless the model has them not", {
  for (name in c("x", "y", "g")) {
    listed <- data
    listed[[name]] <- as.list(data[[name]])
    expect_error(fit_to(listed, y ~ x + (1 | g)), paste0("list.*'", name, "'"), class = "relm_error")
  }
  listed <- data
  listed$other <- as.list(data$y)
  expect_identical(as.matrix(fit_to(listed, y ~ x + (1 | g))), as.matrix(fit_of(y ~ x + (1 | g))))
  expect_error(fit_to(transform(data, x = x + 1i), y ~ x + (1 | g)), "complex", class = "relm_error")
})

test_that("whole numbers of 64 bits are split by group, and tell groups apart, without bit64", {
  data <- data.frame(g = rep(1:3, each = 2), x = c(1, 4, 2, 6, -3, 5))
  plain <- split_by_group(data, "x", "g")
  wide <- transform(data, x = integer64(x), g = integer64(2^53 + 2 * g))
  split <- split_by_group(wide, "x", "g")
  expect_identical(split$x_within, plain$x_within)
  expect_identical(split$x_between, plain$x_between)
  wide$g <- integer64(c(1e15 + 1:5, 1e15 + 5))
  expect_identical(split_by_group(wide, "x", "g")$x_between, c(1, 4, 2, 6, 1, 1))
  missing <- structure(readBin(as.raw(c(rep(0, 7), 0x80)), "double"), class = "integer64")
  wide$g <- integer64(data$g)
  wide$g[3] <- missing
  expect_identical(is.na(split_by_group(wide, "x", "g")$x_between), seq_len(6) == 3)
})

# Rows by groups, for grouping expressions of all kinds.

groups_of <- function(frame, expression = quote(g)) {
  groups_in(read_grouping(expression, frame))
}

# Rows with pairs, or triples, whose labels paste alike; two rows of each.
alike <- function() {
  rows <- expand.grid(a = c("1", "1:1"), b = c("1:2", "2"), u = c("3", "2:3", "(2", "1"),
                      rep = 1:3, stringsAsFactors = FALSE)
  set.seed(5)
  rows$x <- rnorm(nrow(rows))
  rows$y <- rows$x + rnorm(16)[as.integer(interaction(rows$a, rows$b, rows$u, sep = "|"))] +
    rnorm(nrow(rows))
  rows
}

fit_groups <- function(formula, data, ...) {
  relm(formula, data, chains = 1, draws = 20, seed = 1, ...)
}

test_that("an interaction is one grouping factor", {
  data <- bass_centered()
  design <- relm_design(log(mercury) ~ x + (1 | river:station), data)
  expect_identical(design$group, "river:station")
  levels <- groups_in(design$factors$group)
  expect_identical(levels$labels, unique(paste(data$river, data$station, sep = ":")))
  expect_identical(levels$index, match(data$station, unique(data$station)))
})

test_that("groups are numbered in the order of the rows and shown in that of the levels", {
  frame <- data.frame(g = factor(c("b", "c", "b", "a"), levels = c("c", "b", "a", "unused")))
  levels <- groups_of(frame)
  expect_identical(levels$labels, c("b", "c", "a"))
  expect_identical(levels$index, c(1L, 2L, 1L, 3L))
  expect_identical(levels$labels[levels$display], c("c", "b", "a"))
})

test_that("an interaction is shown in the order of interaction()'s levels", {
  data <- data.frame(a = factor(c("z", "b", "z", "b", "z"), c("z", "b")), b = c(10, 9, 9, 10, 10),
                     u = c(TRUE, FALSE, FALSE, TRUE, FALSE))
  levels <- groups_of(data, quote(a:(b:u)))
  expected <- interaction(data$a, data$b, data$u, sep = ":", lex.order = TRUE, drop = TRUE)
  expect_identical(levels$labels[levels$index], as.character(expected))
  expect_identical(levels$labels[levels$display], levels(expected))
})

test_that("numbers that group are coded as factor() codes them", {
  x <- c(7L, -2L, 100000L, 7L, 0L, -2L)
  by <- list(7L + 0:5 %% 3L, x, x + 0, -x / 2, c(1e-20, 0, 1, 1, 0, 1), x * 1e9, 3e5 + 0:5 %% 2)
  for (values in by) {
    levels <- groups_of(list(g = values))
    expect_identical(levels$index, match(values, unique(values)))
    expect_identical(as.numeric(levels$labels), unique(as.numeric(values)))
    expect_identical(as.numeric(levels$all), as.numeric(levels(as.factor(values))))
    expect_identical(levels$labels[levels$display], levels$all)
  }
})

test_that("whole numbers are spelled in full, others in as many digits as tell them", {
  expect_identical(groups_of(list(g = c(1e5, 1e15, -3e6, 2^53 - 1, 0)))$labels,
                   c("100000", "1000000000000000", "-3000000", "9007199254740991", "0"))
  expect_identical(groups_of(list(g = c(100000L, 2000000L)))$labels, c("100000", "2000000"))
  expect_identical(groups_of(list(g = c(0.5, 1e300, 0.1 + 0.2, 0.3)))$labels,
                   c("0.5", "1e+300", "0.30000000000000004", "0.3"))
  expect_identical(groups_of(list(g = c(-0, 0, 1)))$index, c(1L, 1L, 2L))
})

test_that("numbers are told apart by their values", {
  data <- grouped_data()
  id <- match(data$g, unique(data$g))
  by_text <- fit_groups(y ~ x + (1 | g), data)
  for (scaled in list(2024e12 + id, id * 2^-40 + 1, 1e5 * id)) {
    fit <- fit_groups(y ~ x + (1 | g), transform(data, g = scaled))
    expect_identical(fit$sampling$hyper, by_text$sampling$hyper)
    expect_identical(as.numeric(grouping_of(fit$posterior)$groups), unique(as.numeric(scaled)))
    # In any order, and one group alone.
    rows <- c(30, 2, 11)
    expect_identical(posterior_epred(fit, transform(data, g = scaled)[rows, ]),
                     posterior_epred(by_text, data[rows, ]))
  }
})

test_that("times within a second, and in the hour that comes twice, are groups of their own", {
  data <- grouped_data()
  id <- match(data$g, unique(data$g))
  expect_distinct <- function(times, n, labels = NULL) {
    fit <- fit_groups(y ~ x + (1 | g), transform(data, g = times))
    expect_length(unique(grouping_of(fit$posterior)$groups), n)
    if (!is.null(labels)) expect_identical(grouping_of(fit$posterior)$groups[seq_along(labels)], labels)
    rows <- c(40, 3)
    expect_identical(unname(posterior_epred(fit, transform(data, g = times)[rows, ])),
                     unname(posterior_epred(fit)[, rows]))
  }
  n <- max(id)
  start <- as.POSIXct("2020-10-25 00:30:00", tz = "UTC")
  expect_distinct(start + id / 10, n, c("2020-10-25 00:30:00.1", "2020-10-25 00:30:00.2"))
  expect_distinct(start - 1800 + 86400 * id, n, c("2020-10-26", "2020-10-27"))
  autumn <- .POSIXct(unclass(start) + 3600 * (id - 1), tz = "Europe/Berlin")
  attributes(autumn) <- list(class = c("POSIXct", "POSIXt"), tzone = "Europe/Berlin")
  expect_distinct(autumn, n)
  expect_distinct(as.Date("2020-01-01") + id / 4, n)
  expect_distinct(as.difftime(id / 3, units = "days"), n)
  times <- as.difftime(id / 2, units = "days")
  fit <- fit_groups(y ~ x + (1 | g), transform(data, g = times))
  in_hours <- transform(data, g = as.difftime(12 * id, units = "hours"))[c(40, 3), ]
  expect_identical(unname(posterior_epred(fit, in_hours)), unname(posterior_epred(fit)[, c(40, 3)]))
})

test_that("a label of a time does not depend on the other times", {
  seconds <- c(0, 86400, 1603585800, 1603589400, 1603593000, 1603585800.25)
  together <- time_labels(seconds, "Europe/Berlin")
  alone <- vapply(seconds, time_labels, "", "Europe/Berlin")
  expect_identical(together, alone)
  expect_identical(anyDuplicated(together), 0L)
})

test_that("new rows find groups by value, whatever the type they come in", {
  data <- transform(grouped_data(), id = 100000 * match(g, unique(g)))
  double <- fit_groups(y ~ x + (1 | id), data)
  integer <- fit_groups(y ~ x + (1 | id), transform(data, id = as.integer(id)))
  factor <- fit_groups(y ~ x + (1 | id), transform(data, id = factor(id)))
  rows <- data[c(44, 3, 20), ]
  expected <- unname(posterior_epred(double)[, c(44, 3, 20)])
  spellings <- list(rows$id, as.integer(rows$id), as.character(rows$id), factor(rows$id),
                    format(rows$id, scientific = FALSE))
  for (fit in list(double, integer, factor)) {
    for (id in spellings) {
      expect_identical(unname(posterior_epred(fit, transform(rows, id = id))), expected)
    }
    expect_error(posterior_epred(fit, transform(rows, id = id + 0.5)),
                 "700000.5", class = "relm_error")
  }
})

test_that("pairs whose labels paste alike are groups of their own", {
  data <- alike()
  plain <- transform(data, g = match(paste(a, b, u, sep = "|"), unique(paste(a, b, u, sep = "|"))))
  expected <- fit_groups(y ~ x + (1 | g), plain)
  for (formula in c(y ~ x + (1 | a:b:u), y ~ x + (1 | a:(b:u)))) {
    fit <- fit_groups(formula, data)
    expect_identical(unname(fit$sampling$hyper), unname(expected$sampling$hyper))
    expect_length(unique(grouping_of(fit$posterior)$groups), 16)
    rows <- c(33, 1, 7, 18)
    expect_identical(unname(posterior_epred(fit, data[rows, ])),
                     unname(posterior_epred(expected)[, rows]))
    expect_identical(unname(log_lik(fit, data[rows, ])), unname(log_lik(fit)[, rows]))
  }
  expect_identical(groups_of(data[1:4, ], quote(a:b))$labels,
                   c("1:(1:2)", "1:1:1:2", "1:2", "(1:1):2"))
})

test_that("residual variances of pairs that paste alike are of their own", {
  data <- alike()
  # Draws are shown in the order of levels.
  plain <- transform(data, g = factor(match(paste(a, b), unique(paste(a, b))), c(1, 3, 2, 4)))
  fit <- fit_groups(y ~ x, data, sigma = ~ a:b)
  expect_identical(unname(fit$sampling$hyper),
                   unname(fit_groups(y ~ x, plain, sigma = ~ g)$sampling$hyper))
  rows <- c(33, 2, 7)
  own <- fit_groups(y ~ x, plain, sigma = ~ g)
  expect_identical(posterior_predict(fit, data[rows, ], seed = 1),
                   posterior_predict(own, plain[rows, ], seed = 1))
})

test_that("new groups are told from known ones that read alike", {
  data <- alike()
  known <- data[!(data$a == "1:1" & data$b == "2"), ]
  fit <- fit_groups(y ~ x + (1 | a:b), known)
  new <- data[data$a == "1:1" & data$b == "2", ][1:2, ]
  expect_error(posterior_epred(fit, new), "1 level of `a:b`.*\\(1:1\\):2", class = "relm_error")
  effects <- posterior_epred(fit, rbind(new, new, known[1, ]), allow_new_levels = TRUE, seed = 2)
  expect_identical(effects[, 1], effects[, 3])
  expect_identical(unname(effects[, 5]), unname(posterior_epred(fit)[, 1]))
})

test_that("parts of the data with pairs that paste alike add up", {
  data <- alike()
  of <- function(rows, ...) crossprods(y ~ x + (1 | a:b), data[rows, ], sigma = ~ b:u)
  first <- which(data$a == "1" & data$b == "1:2" | data$a == "1:1" & data$b == "1:2")
  sum <- of(first) + of(-first)
  whole <- of(c(first, seq_len(nrow(data))[-first]))
  expect_identical(grouping_of(sum)$groups, grouping_of(whole)$groups)
  expect_identical(sum$strata$labels, whole$strata$labels)
  expect_identical(sum$cells$rows, whole$cells$rows)
  draws <- function(x) relm(x, chains = 1, draws = 20, seed = 1)$sampling$hyper
  expect_equal(draws(sum), draws(whole), tolerance = 1e-6)
  expect_identical(grouping_of(sum + of(1:5))$groups, grouping_of(whole)$groups)
})

test_that("groups left out and fitted anew keep their labels", {
  data <- alike()
  fit <- relm(y ~ x + (1 | a:b:u), data, sigma = ~ a:b, chains = 1, draws = 50, seed = 1)
  without <- fit_without(fit, which(data$a == "1:1"), "rows", 1)
  expect_true(all(grouping_of(without$posterior)$groups %in% grouping_of(fit$posterior)$groups))
  rows <- rows_of_fit(fit$design, without$posterior, 1:16)
  expect_identical(which(is.na(rows$group)), which(data$a[1:16] == "1:1"))
})

test_that("an interaction costs rows, not the product of its levels", {
  set.seed(1)
  n <- 60000
  frame <- list(a = factor(sample(300, n, TRUE)), b = factor(sample(30000, n, TRUE)))
  expect_lt(system.time(levels <- groups_of(frame, quote(a:b)))[["user.self"]], 3)
  expect_identical(levels$labels[levels$index], paste(frame$a, frame$b, sep = ":"))
})

test_that("arrays and matrices of one column, and raw bytes, are groups", {
  data <- grouped_data()
  id <- match(data$g, unique(data$g))
  expected <- fit_groups(y ~ x + (1 | g), data)
  rows <- c(30, 2)
  for (form in list(array, function(v) matrix(v), function(v) scale(v), as.raw,
                    function(v) I(v), function(v) I(matrix(v)), as.complex)) {
    new <- data
    new$g <- form(id)
    for (formula in c(y ~ x + (1 | g), y ~ x + (1 | f:g))) {
      fit <- fit_groups(formula, transform(new, f = 1))
      expect_identical(unname(fit$sampling$hyper), unname(expected$sampling$hyper))
      expect_identical(unname(posterior_epred(fit, transform(new, f = 1)[rows, ])),
                       unname(posterior_epred(fit)[, rows]))
    }
  }
  text <- data
  text$g <- array(data$g)
  expect_identical(fit_groups(y ~ x + (1 | g), text)$sampling$hyper, expected$sampling$hyper)
  data$g <- cbind(id, id)
  expect_error(fit_groups(y ~ x + (1 | g), data), "`g` must be one column", class = "relm_error")
})

test_that("labelled numbers and text are groups without the package of their class", {
  data <- grouped_data()
  expected <- fit_groups(y ~ x + (1 | g), data)
  labelled <- function(x) {
    structure(x, labels = c(first = x[1]), class = c("haven_labelled", "vctrs_vctr", typeof(x)))
  }
  data$id <- labelled(as.numeric(match(data$g, unique(data$g))))
  data$g <- labelled(data$g)
  for (formula in c(y ~ x + (1 | g), y ~ x + (1 | id))) {
    fit <- fit_groups(formula, data)
    expect_identical(unname(fit$sampling$hyper), unname(expected$sampling$hyper))
    expect_identical(unname(posterior_epred(fit, data[c(30, 2), ])),
                     unname(posterior_epred(expected)[, c(30, 2)]))
    some <- data
    some$id[2] <- some$g[2] <- NA
    expect_identical(nobs(suppressMessages(fit_groups(formula, some))), nrow(data) - 1L)
  }
})

test_that("missing groups that na.action lets pass are refused", {
  data <- grouped_data()
  data$g[4] <- data$f[7] <- NA
  expect_error(fit_groups(y ~ x + (1 | g), data, na.action = na.pass), "`g` must be given.*row 4",
               class = "relm_error")
  expect_error(fit_groups(y ~ x + (1 | g:f), data, na.action = na.pass),
               "`g:f` must be given.*2 rows.*row 4", class = "relm_error")
  expect_error(fit_groups(y ~ x, data, sigma = ~ f, na.action = NULL), "`f` must be given.*row 7",
               class = "relm_error")
})

test_that("one level of residual variance is one variance", {
  data <- transform(grouped_data(), k = "all")
  for (formula in c(y ~ x + (1 + x | g), y ~ x)) {
    for (sampler in c("collapsed", "interweaved")) {
      one <- fit_groups(formula, data, sampler = sampler)
      level <- fit_groups(formula, data, sampler = sampler, sigma = ~ k)
      expect_identical(unname(level$sampling$hyper), unname(one$sampling$hyper))
      expect_identical(unname(posterior_predict(level, seed = 1)),
                       unname(posterior_predict(one, seed = 1)))
      expect_identical(unname(log_lik(level)), unname(log_lik(one)))
    }
  }
  expect_identical(dimnames(level$sampling$hyper)[[3]], c("b_Intercept", "b_x", "sigma_k[all]"))
})

test_that("pairs of codes are numbered in their order, and none has a missing part", {
  codes <- list(c(2L, 1L, NA, 2L, 1L, 3L, 2L), c(1, 2, 1, 1, NA, 5, 7))
  crossed <- cross_codes(codes, c(3, 7))
  expect_identical(crossed$code, c(2L, 1L, NA, 2L, NA, 4L, 3L))
  expect_equal(crossed$places, list(c(1, 2, 2, 3), c(2, 1, 7, 5)))
  expect_identical(cross_codes(list(integer(), integer()), c(0, 0))$code, integer())
})

data <- grouped_data()
fit <- relm(y ~ x + (1 + x | g), data, seed = 1, chains = 2, draws = 100, weights = w)
rows <- rbind(data[c(40, 3, 20, 21), c("x", "g", "w")], data.frame(x = 0, g = "new", w = 2))

table_of <- function(draws, probs = c(0.025, 0.975)) {
  quantiles <- apply(draws, 2, quantile, c(0.5, probs), names = FALSE)
  table <- cbind(quantiles[1, ], apply(draws, 2, sd), t(quantiles[-1, , drop = FALSE]))
  dimnames(table) <- list(colnames(draws), c("Estimate", "Est.Error", paste0("Q", 100 * probs)))
  table
}

test_that("predict() summarizes what posterior_predict() draws with the same seed", {
  drawn <- posterior_predict(fit, rows, allow_new_levels = TRUE, seed = 3)
  predicted <- predict(fit, rows, allow_new_levels = TRUE, seed = 3)
  expect_equal(predicted, table_of(drawn), tolerance = 1e-14)
  expect_equal(predict(fit, seed = 2), table_of(posterior_predict(fit, seed = 2)),
               tolerance = 1e-14)
  expect_equal(predict(fit, rows, allow_new_levels = TRUE, seed = 3, probs = c(0.9, 0.1, 0.333)),
               table_of(drawn, c(0.9, 0.1, 0.333)), tolerance = 1e-14)
  expect_equal(predict(fit, rows, summary = NULL, allow_new_levels = TRUE, seed = 3),
               predicted[, "Estimate"])
  expect_identical(predict(fit, rows, summary = FALSE, allow.new.levels = TRUE, seed = 3), drawn)
  some <- posterior_predict(fit, rows, re_formula = ~ (1 | g), draw_ids = 5:9, seed = 3,
                            weights = 1:5, allow_new_levels = TRUE, new_sigma = "prior")
  expect_equal(predict(fit, rows, re.form = ~ (1 | g), draw_ids = 5:9, seed = 3, weights = 1:5,
                       allow_new_levels = TRUE), table_of(some), tolerance = 1e-14)
})

test_that("rows are summarized alike in blocks of any size", {
  whole <- predict(fit, rows, allow_new_levels = TRUE, seed = 3)
  for (size in c(1, 900)) {
    in_blocks <- with_relm("block_doubles", size, {
      predict(fit, rows, allow_new_levels = TRUE, seed = 3)
    })
    expect_identical(in_blocks, whole)
    expect_identical(with_relm("block_doubles", size, fitted(fit)), fitted(fit))
  }
})

test_that("fitted() has medians, or brms's table, of the means", {
  means <- posterior_epred(fit)
  expect_equal(fitted(fit), apply(means, 2, median))
  expect_equal(fitted(fit, summary = TRUE), table_of(means), tolerance = 1e-14)
  expect_equal(fitted(fit, rows[1:2, ], re_formula = NA),
               apply(posterior_epred(fit, rows[1:2, ], re_formula = NA), 2, median))
  expect_identical(names(fitted(fit)), rownames(data))
})

test_that("rows that na.exclude left out come back as NA", {
  data$x[c(2, 9)] <- NA
  excluded <- suppressMessages(relm(y ~ x + (1 | g), data, na.action = na.exclude, seed = 1,
                                    chains = 1, draws = 20))
  expect_identical(which(is.na(fitted(excluded))), c("2" = 2L, "9" = 9L))
  expect_identical(dim(predict(excluded)), c(46L, 4L))
  expect_identical(which(is.na(residuals(excluded))), c("2" = 2L, "9" = 9L))
  omitted <- suppressMessages(relm(y ~ x + (1 | g), data, seed = 1, chains = 1, draws = 20))
  expect_identical(fitted(omitted), fitted(excluded)[-c(2, 9)])
})

test_that("draws are had as brms has them, in blocks of any size", {
  expect_identical(fitted(fit, rows[1:3, ], summary = FALSE), posterior_epred(fit, rows[1:3, ]))
  errors <- residuals(fit, summary = FALSE)
  expect_identical(errors, rep(data$y, each = 200) - posterior_epred(fit))
  expect_identical(with_relm("block_doubles", 900, residuals(fit, summary = FALSE)), errors)
})

test_that("every method pads the rows that na.exclude left out, and none those of na.omit", {
  data$x[c(2, 9)] <- NA
  fit_with <- function(action) {
    suppressMessages(relm(y ~ x + (1 | g), data, na.action = action, seed = 1, chains = 1,
                          draws = 20))
  }
  excluded <- fit_with(na.exclude)
  omitted <- fit_with(na.omit)
  rows <- list(fitted, residuals, predict, predictive_interval, simulate,
               function(x, ...) weights(x), function(x, ...) fitted(x, summary = TRUE, ...),
               function(x, ...) residuals(x, summary = TRUE, ...))
  for (method in rows) {
    padded <- as.matrix(method(excluded, seed = 3))
    expect_identical(unname(which(is.na(padded[, 1]))), c(2L, 9L))
    expect_identical(unname(padded[-c(2, 9), , drop = FALSE]),
                     unname(as.matrix(method(omitted, seed = 3))))
  }
  columns <- list(posterior_predict, posterior_epred, posterior_linpred, predictive_error,
                  function(x, ...) predict(x, summary = FALSE, ...))
  for (method in columns) {
    padded <- method(excluded, seed = 3)
    expect_identical(which(is.na(padded[1, ])), c("2" = 2L, "9" = 9L))
    expect_identical(padded[, -c(2, 9)], method(omitted, seed = 3))
  }
  # New rows are as they are given.
  expect_identical(posterior_epred(excluded, data[3:5, ]), posterior_epred(omitted, data[3:5, ]))
})

test_that("what overflows is refused", {
  for (method in list(predict, fitted, posterior_epred, posterior_predict, log_lik, residuals)) {
    for (x in c(1e308, -1e308, 1e200)) {
      expect_error(method(fit, data.frame(x = x, g = "g1", y = 1, w = 1)), "overflow",
                   class = "relm_error")
    }
  }
  expect_error(posterior_epred(fit, data.frame(x = 0, g = "g1"), offset = 1e308), "overflow",
               class = "relm_error")
  large <- fitted(fit, data.frame(x = 1e140, g = "g1"), summary = TRUE)
  expect_true(all(is.finite(large)))
})

test_that("a formula without group effects says neither all nor none", {
  for (form in list(~ 1, ~ -1, ~ 1 + 0)) {
    expect_error(fitted(fit, re_formula = form), "no group effects.*~ 0", class = "relm_error")
  }
  expect_identical(fitted(fit, re.form = ~ 0), fitted(fit, re.form = NA))
  expect_identical(fitted(fit, re.form = ~ 1 + (1 | g)), fitted(fit, re.form = ~ (1 | g)))
})

test_that("lme4's spelling of new levels is taken", {
  for (method in list(predict, fitted, posterior_predict, posterior_epred, simulate)) {
    expect_identical(method(fit, newdata = rows, allow.new.levels = TRUE, seed = 1),
                     method(fit, newdata = rows, allow_new_levels = TRUE, seed = 1))
  }
  expect_error(fitted(fit, rows, allow.new.levels = FALSE), "that the data had not",
               class = "relm_error")
  expect_error(fitted(fit, rows, allow.new.levels = TRUE, allow_new_levels = TRUE), "mean the same",
               class = "relm_error")
})

test_that("many rows are summarized without holding their draws", {
  rows <- data[rep(1:46, 2000), ]
  plan <- plan_of(fit, "predict", rows)
  expect_lte(max(lengths(plan$blocks)) * 200, block_doubles)
  expect_identical(sort(unlist(plan$blocks)), seq_len(92000))
})

test_that("what cannot be asked for is refused", {
  expect_error(predict(fit, probs = 1.2), "`probs`", class = "relm_error")
  expect_error(predict(fit, summary = 1), "`summary`", class = "relm_error")
  expect_error(predict(fit, se.fit = TRUE), "predict.*se.fit", class = "relm_error")
  expect_error(fitted(fit, weights = 2), "fitted.*weights", class = "relm_error")
  expect_error(fitted(fit, new_sigma = "prior"), "fitted.*new_sigma", class = "relm_error")
  expect_error(predict(fit, data.frame(x = 1)), "no column.*g", class = "relm_error")
  small <- relm(crossprods(y ~ x, data = data), seed = 1, chains = 1, draws = 5)
  for (method in list(predict, fitted, residuals, simulate, predictive_error,
                      predictive_interval)) {
    expect_error(method(small), "needs the data", class = "relm_error")
  }
})

test_that("many rows share normals in their summaries, and each has its own distribution", {
  fit <- relm(y ~ x + (1 | g), grouped_data(), sigma = ~ f, chains = 2, draws = 1000, seed = 1)
  one <- grouped_data()[c(1, 20, 40), c("x", "f", "g")]
  many <- one[rep(1:3, length.out = 12000), ]
  table <- predict(fit, many, seed = 3)
  # The same row has the same summary anywhere, which rows with normals of their own have not.
  expect_identical(unname(table[1:3, ]), unname(table[3001:3003, ]))
  expect_equal(unname(predict(fit, many, summary = NULL, seed = 3)), unname(table[, 1]),
               tolerance = 1e-12)
  interval <- predictive_interval(fit, newdata = many, seed = 3)
  expect_equal(unname(interval), unname(table[, c("Q2.5", "Q97.5")]), tolerance = 1e-12)
  # Quantiles of the mixture of normals that a row's prediction is.
  mean <- posterior_epred(fit, one)
  sigma <- as.matrix(fit, variable = paste0("sigma_f[", one$f, "]"))[, as.integer(factor(one$f))]
  for (k in 1:3) {
    covered <- function(q) mean(stats::pnorm((q - mean[, k]) / sigma[, k]))
    at <- vapply(table[k, c("Q2.5", "Estimate", "Q97.5")], covered, 0)
    expected <- c(0.025, 0.5, 0.975)
    expect_true(all(abs(at - expected) < 4 * sqrt(expected * (1 - expected) / 2000)))
  }
  # Draws are each row's own.
  draws <- predict(fit, many[1:3001, ], summary = FALSE, seed = 3)
  expect_false(identical(unname(draws[, 1]), unname(draws[, 3001])))
})

test_that("predict() summarizes observations, means or linear predictors", {
  data <- response_data()
  fits <- family_fits(data)
  for (fit in c(fits, list(gaussian = relm(linear ~ x + (1 | g), data, chains = 2, draws = 25, seed = 1,
                                           prior = relm_prior(sd = half_t(3, 1)))))) {
    medians <- function(draws) apply(draws, 2, stats::median)
    expect_equal(predict(fit, summary = NULL, seed = 2), medians(posterior_predict(fit, seed = 2)))
    expect_equal(predict(fit, type = "response", summary = NULL), medians(posterior_epred(fit)))
    expect_equal(predict(fit, type = "response"), fitted(fit, summary = TRUE))
    expect_equal(predict(fit, type = "link", summary = FALSE), posterior_linpred(fit))
  }
  expect_error(predict(fit, type = "terms"), "`type` must be one of \"prediction\"", class = "relm_error")
})

test_that("shares of trials always have a variance, and counts of new groups never", {
  data <- response_data()
  fits <- family_fits(data)
  new <- transform(data[1:3, ], g = c("a", "new", "b"))
  error <- function(fit, ...) {
    unname(!is.na(predict(fit, new, allow_new_levels = TRUE, seed = 1, ...)[, "Est.Error"]))
  }
  for (type in c("prediction", "response", "link")) {
    expect_identical(error(fits$bernoulli, type = type), rep(TRUE, 3))
    expect_identical(error(fits$dispersed, type = type), c(TRUE, type == "link", TRUE))
  }
  heavy <- fits$bernoulli
  heavy$posterior$parameters$tail[3] <- 2.5
  expect_identical(error(heavy, type = "link"), rep(FALSE, 3))
  expect_identical(error(heavy, type = "response"), rep(TRUE, 3))
})

test_that("many rows of counts and successes share their random numbers", {
  data <- response_data()
  fits <- family_fits(data)
  for (fit in fits[c("shares", "dispersed")]) {
    own <- predict(fit, draw_ids = rep(1:50, 20), seed = 1)
    shared <- with_relm("most_own_variates", 10L, predict(fit, draw_ids = rep(1:50, 20), seed = 1))
    # 1,000 draws of a discrete number that falls within 3 of its mean: half a number is four standard
    # errors of a median.
    expect_lt(max(abs(own[, "Estimate"] - shared[, "Estimate"])), 1.01)
    expect_lt(abs(mean(own[, "Est.Error"] / shared[, "Est.Error"]) - 1), 0.1)
  }
})

test_that("intervals widen the farther new rows lie from the data", {
  fit <- relm(y ~ x + (1 + x | g), grouped_data(9), draws = 2000, seed = 1)
  rows <- data.frame(x = c(0, 2, 4, 8, 16, 32), g = "another")
  for (method in list(predict, fitted)) {
    table <- as.data.frame(method(fit, rows, allow_new_levels = TRUE, summary = TRUE, seed = 2))
    widths <- table[["Q97.5"]] - table[["Q2.5"]]
    expect_true(all(diff(widths) > 0))
    # Far out the slope is all that counts: twice as far is twice as wide.
    expect_equal(widths[6] / widths[5], 2, tolerance = 0.15)
  }
})

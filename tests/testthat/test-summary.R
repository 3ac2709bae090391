fit <- relm(log(mercury) ~ x + (1 | station), bass_centered(), seed = 1, sampler = "centered")

# Three groups have no mean of their sd; five have a variance, but not of their sd's error.
fit_of_groups <- function(n_groups) {
  set.seed(3)
  data <- data.frame(g = rep(letters[seq_len(n_groups)], each = 10), x = rnorm(10 * n_groups))
  data$y <- data$x + seq_len(n_groups)[factor(data$g)] + rnorm(10 * n_groups)
  relm(y ~ x + (1 | g), data, seed = 1, sampler = "centered")
}

text_of <- function(x) gsub("[[:space:]]+", " ", paste(capture.output(print(x)), collapse = " "))

test_that("the table has posterior's numbers for the same draws", {
  table <- summary(fit)
  draws <- as_draws(fit, table$variable)
  expect_identical(table$variable, c("b_Intercept", "b_x", "sd_station__Intercept", "sigma"))
  for (k in seq_along(table$variable)) {
    values <- unclass(draws)[, , k]
    expect_identical(table[table$variable[k], "mean"], table$mean[k])
    expect_equal(unlist(table[k, -1]), c(
      mean = mean(values), sd = sd(c(values)), median = median(values),
      q2.5 = quantile(values, 0.025, names = FALSE),
      q97.5 = quantile(values, 0.975, names = FALSE), rhat = posterior::rhat(values),
      ess_bulk = posterior::ess_bulk(values), ess_tail = posterior::ess_tail(values)))
  }
})

test_that("other variables are summarized when asked for", {
  expect_identical(summary(fit, "^r_", regex = TRUE)$variable,
                   sprintf("r_station[%s,Intercept]", levels(bass$station)))
  coefficient <- summary(fit, "coef_station[w3,Intercept]")
  expect_equal(coefficient$median, coef(fit)$station["w3", "(Intercept)"])
})

test_that("three groups leave no mean of what depends on their sd, and a note says so", {
  table <- summary(fit_of_groups(3))
  expect_identical(is.na(table$mean), table$variable %in% c("b_Intercept", "sd_g__Intercept"))
  expect_identical(is.na(table$sd), is.na(table$mean))
  expect_false(anyNA(table[c("median", "q2.5", "q97.5")]))
  expect_match(text_of(table), "Note:.*b_Intercept, sd_g__Intercept")
  effects <- summary(fit_of_groups(3), "^(r|coef)_", regex = TRUE)
  expect_true(all(is.na(effects$mean[grepl("Intercept", effects$variable)])))
})

test_that("four groups have means but no variances; five an unreliable sd; many are sound", {
  four <- summary(fit_of_groups(4))
  expect_false(anyNA(four$mean))
  expect_identical(four$variable[is.na(four$sd)], c("b_Intercept", "sd_g__Intercept"))
  five <- summary(fit_of_groups(5))
  expect_false(anyNA(five))
  expect_match(text_of(five), "sd is not estimated reliably: b_Intercept, sd_g__Intercept")
  expect_false(grepl("Note|Warning", text_of(summary(fit))))
})

test_that("coefficients of too few rows have no mean either: theirs is Cauchy's distribution", {
  table <- summary(relm(y ~ x, data.frame(y = c(1, 0, 3), x = c(0, 1, 3)), seed = 1))
  expect_true(all(is.na(table$mean)))
  expect_false(anyNA(table$median))
})

test_that("residual variances of two rows each leave no mean of theirs, nor of their lines", {
  data <- data.frame(y = c(1, 4, 2, 8, 5, 7), f = c("a", "a", "b", "b", "c", "c"))
  table <- summary(relm(y ~ 0 + f, data, sigma = ~ f, seed = 1))
  expect_true(all(is.na(table$mean)))
})

test_that("chains that disagree are told by name, and only those variables", {
  bad <- fit
  bad$sampling$hyper[, 2, "b_x"] <- bad$sampling$hyper[, 2, "b_x"] + 1
  warning <- "Warning: the chains have not converged \\(R-hat above 1.01\\): b_x\\."
  expect_match(gsub("\\s+", " ", text_of(summary(bad))), warning)
  expect_match(gsub("\\s+", " ", text_of(bad)), warning)
  expect_false(grepl("Warning", text_of(fit)))
})

test_that("few effective draws, and chains that do not move, are told", {
  short <- relm(log(mercury) ~ x, bass_centered(), seed = 1, draws = 90)
  expect_match(text_of(summary(short)), "fewer than 400 effective draws")
  stuck <- fit
  stuck$sampling$hyper[, , "sigma"] <- 1
  expect_match(text_of(summary(stuck)), "R-hat cannot be computed: sigma")
})

test_that("the summary prints each variable on one line of 80 columns", {
  lines <- capture.output(print(summary(fit)))
  expect_lte(max(nchar(lines)), 80)
  expect_length(grep("^sigma ", lines), 1)
  expect_match(grep("median", lines, value = TRUE), "mean +sd +median.*rhat.*bulk.*tail")
})

test_that("parts of the table print as data frames do", {
  expect_output(print(summary(fit)[c("variable", "rhat")]), "sigma.*1\\.0")
  expect_output(print(head(summary(fit), 1)), "b_Intercept")
})

test_that("estimates show as many digits as their intervals have, small ones as powers", {
  shown <- format_estimates(rbind(c(1.2345, 0.5), c(1234.567, 900), c(1.25e-12, -1e-12)),
                            c(0.7, 700, 3e-12), 3)
  expect_identical(unname(shown), rbind(c("1.234", "0.500"), c("1235", "900"),
                                        c("1.25e-12", "-1e-12")))
})

test_that("prob, probs and robust change the columns, as their names say", {
  draws <- as.matrix(fit, "b_x")[, 1]
  numbers <- function(...) unlist(summary(fit, "b_x", ...)[1, -1])
  quantiles <- function(probs) quantile(draws, probs, names = FALSE)
  expect_equal(numbers(prob = 0.5)[4:5], c(q25 = quantiles(0.25), q75 = quantiles(0.75)))
  expect_equal(numbers(probs = c(0.9, 0.001, 0.5))[4:6],
               c(q90 = quantiles(0.9), q0.1 = quantiles(0.001), q50 = quantiles(0.5)))
  expect_named(numbers(robust = TRUE), c("median", "mad", "q2.5", "q97.5", "rhat", "ess_bulk",
                                         "ess_tail"))
  expect_equal(numbers(robust = TRUE)[1:2], c(median = median(draws), mad = mad(draws)))
  # The median and its deviation exist where means do not.
  expect_false(anyNA(summary(fit_of_groups(3), robust = TRUE)))
})

test_that("each form of the table prints, with the digits asked for", {
  for (table in list(summary(fit, prob = 0.5), summary(fit, probs = 0.5, robust = TRUE),
                     summary(fit, probs = c(0.1, 0.5, 0.9), digits = 2))) {
    lines <- capture.output(print(table))
    expect_match(lines, "^ +(mean|median).*% +rhat bulk tail$", all = FALSE)
    expect_length(grep("^sigma ", lines), 1)
  }
  digits <- function(table, ...) nchar(sub(".*\\.", "", strsplit(grep(
    "^sigma ", capture.output(print(table, ...)), value = TRUE), " +")[[1]][2]))
  expect_identical(digits(summary(fit, digits = 2)) - digits(summary(fit)), -1L)
  expect_identical(digits(summary(fit), digits = 5) - digits(summary(fit)), 2L)
})

test_that("what summary() does not know, and values that mean nothing, are refused", {
  expect_error(summary(fit, prb = 0.5), "Did you mean `prob`", class = "relm_error")
  expect_error(summary(fit, mc_se = TRUE), "no argument `mc_se`", class = "relm_error")
  expect_error(summary(fit, prob = 0.5, probs = 0.1), "`prob` and `probs`", class = "relm_error")
  bad <- list(prob = 1, prob = c(0.1, 0.9), probs = 2, probs = "a", robust = NA, digits = "a")
  for (k in seq_along(bad)) {
    expect_error(do.call(summary, c(list(fit), bad[k])), paste0("`", names(bad)[k], "`"),
                 class = "relm_error")
  }
  expect_error(print(summary(fit), digits = "a"), "`digits`", class = "relm_error")
})

test_that("rows bear the names of variables, which a plain data frame has once", {
  table <- summary(fit)
  expect_identical(rownames(table), table$variable)
  expect_identical(rownames(as.data.frame(table)), as.character(1:4))
  expect_identical(as.list(as.data.frame(table)), lapply(as.list(table), identity),
                   ignore_attr = TRUE)
})

test_that("independent draws are said not to converge once in a hundred tables at most", {
  set.seed(1)
  largest <- replicate(400, max(replicate(5, posterior::rhat(matrix(rnorm(200), 50)))))
  alarms <- function(rate) mean(largest > rhat_limit(4, 50, 5, rate))
  # Bonferroni's limit, less what its bound gives away, which is most where the rate is high.
  for (rate in c(0.01, 0.2)) expect_lte(alarms(rate), rate + 4 * sqrt(rate * (1 - rate) / 400))
  expect_gte(alarms(0.2), 0.2 * 0.6)
  expect_gt(mean(largest > 1.01), 0.5)
  expect_identical(rhat_limit(4, 1000, 5), 1.01)
})

test_that("short chains that stand apart are still told", {
  short <- relm(log(mercury) ~ x, bass_centered(), seed = 1, draws = 50)
  expect_no_match(text_of(short), "not converged")
  short$sampling$hyper[, 2, "b_x"] <- short$sampling$hyper[, 2, "b_x"] + 0.5
  expect_match(text_of(summary(short)), "not converged \\(R-hat above 1.04\\d?\\): b_x\\.")
})

test_that("coef() of a summary is the table of the population's coefficients", {
  table <- coef(summary(fit))
  expect_true(is.matrix(table) && is.numeric(table))
  expect_identical(rownames(table), c("b_Intercept", "b_x"))
  expect_identical(unname(table[, "median"]), unname(fixef(fit)))
  own <- as.matrix(fit)[, "b_x"]
  robust <- coef(summary(fit, robust = TRUE, probs = c(0.1, 0.6)))
  expect_equal(unname(robust["b_x", c("median", "mad", "q10", "q60")]),
               c(median(own), mad(own), quantile(own, c(0.1, 0.6), names = FALSE)))
  expect_identical(nrow(coef(summary(fit, "sigma"))), 0L)
  expect_identical(rownames(coef(summary(fit, c("sigma", "b_x")))), "b_x")
  expect_error(coef(summary(fit), complete = TRUE), "no argument|no arguments", class = "relm_error")
})

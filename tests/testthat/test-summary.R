fit <- relm(log(mercury) ~ x + (1 | station), bass_centered(), seed = 1, sampler = "centered")

# Three groups have no mean of their sd; five have a variance, but not of their sd's error.
few_groups <- function(n_groups) {
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
  table <- summary(few_groups(3))
  expect_identical(is.na(table$mean), table$variable %in% c("b_Intercept", "sd_g__Intercept"))
  expect_identical(is.na(table$sd), is.na(table$mean))
  expect_false(anyNA(table[c("median", "q2.5", "q97.5")]))
  expect_match(text_of(table), "Note:.*b_Intercept, sd_g__Intercept")
  effects <- summary(few_groups(3), "^(r|coef)_", regex = TRUE)
  expect_true(all(is.na(effects$mean[grepl("Intercept", effects$variable)])))
})

test_that("four groups have means but no variances; five an unreliable sd; many are sound", {
  four <- summary(few_groups(4))
  expect_false(anyNA(four$mean))
  expect_identical(four$variable[is.na(four$sd)], c("b_Intercept", "sd_g__Intercept"))
  five <- summary(few_groups(5))
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
  shown <- relm:::format_estimates(rbind(c(1.2345, 0.5), c(1234.567, 900), c(1.25e-12, -1e-12)),
                                   c(0.7, 700, 3e-12), 3)
  expect_identical(unname(shown), rbind(c("1.234", "0.500"), c("1235", "900"),
                                        c("1.25e-12", "-1e-12")))
})

successes_data <- function() {
  set.seed(3)
  n <- 40
  data <- data.frame(x = rep(c(0, 1), n / 2), g = rep(letters[1:4], each = n / 4),
                     m = 1 + rpois(n, 4))
  data$s <- rbinom(n, data$m, 0.4)
  data$b <- rbinom(n, 1, 0.4)
  data$k <- rpois(n, 3)
  data
}

reads <- function(formula, data, ..., family = binomial()) {
  rows <- rows_of(eval(substitute(relm_design(formula, data, ..., family = family))))
  rows[c("y", "trials", "times")]
}

test_that("two values are read as glm() reads them", {
  data <- successes_data()
  ones <- list(y = as.numeric(data$b), trials = NULL, times = NULL)
  expect_identical(reads(b ~ x, data), ones)
  expect_identical(reads(b == 1 ~ x, data), ones)
  expect_identical(reads(factor(b, 0:1, c("z", "a")) ~ x, data), ones)
  expect_identical(reads(factor(b, 1:0) ~ x, data)$y, 1 - ones$y)
  # Text of two values is no factor.
  expect_error(reads(ifelse(b == 1, "a", "z") ~ x, data), "Convert it with `factor",
               class = "relm_error")
  with_trials <- list(y = as.numeric(data$s), trials = as.numeric(data$m), times = NULL)
  expect_identical(reads(cbind(s, m - s) ~ x, data), with_trials)
  expect_identical(reads(s / m ~ x, data, weights = m), with_trials)
  expect_identical(reads(b ~ x, data, weights = m),
                   list(y = as.numeric(data$b * data$m), trials = as.numeric(data$m), times = NULL))
})

test_that("counts are numbers, and their weights how often they stand there", {
  data <- successes_data()
  expect_identical(reads(k ~ x, data, family = poisson()),
                   list(y = as.numeric(data$k), trials = NULL, times = NULL))
  weighted <- reads(k ~ x, data, weights = m, family = negative_binomial())
  expect_identical(weighted, list(y = as.numeric(data$k), trials = NULL, times = data$m))
})

test_that("rows without their number of trials go by na.action, as missing responses do", {
  data <- successes_data()
  data$m[c(2, 7)] <- NA
  expect_message(design <- relm_design(cbind(s, m - s) ~ x, data, family = binomial()),
                 "Dropped 2 of 40")
  expect_identical(nrow(design$frame), 38L)
  expect_message(relm_design(b ~ x, data, weights = m, family = binomial()), "Dropped 2 of 40")
  expect_error(relm_design(b ~ x, data, weights = m, family = binomial(), na.action = na.fail),
               "missing values", class = "relm_error")
  expect_error(relm_design(b ~ x, data, weights = m, family = binomial(), na.action = na.pass),
               "must be finite", class = "relm_error")
  # Of a Gaussian response they are an error, as before.
  expect_error(relm_design(b ~ x, data, weights = m), "`weights` must be finite and positive",
               class = "relm_error")
})

test_that("a bad response is refused with what it is and what to do", {
  data <- successes_data()
  data$three <- factor(rep_len(c("u", "v", "w"), nrow(data)))
  refused <- function(formula, says, ..., family = binomial()) {
    formula <- substitute(formula)
    expect_error(eval(bquote(relm_design(.(formula), data, ..., family = family))), says,
                 class = "relm_error")
  }
  refused(b + 1 ~ x, "`b \\+ 1`.*must be 0 or 1.*In \\d+ rows.*it is 2.*`b \\+ 1 == 2`")
  refused(b - 1 ~ x, "must be 0 or 1.*it is -1")
  refused(s ~ x, "must be 0 or 1.*cbind\\(successes")
  refused(s / m ~ x, "Proportions need the numbers of their trials.*`weights`")
  refused(cbind(s, s - m) ~ x, "The failures.*must not be negative.*more successes than trials")
  refused(cbind(s - m, m) ~ x, "The successes.*must not be negative")
  refused(cbind(s + 0.5, m) ~ x, "must be whole numbers.*\\.5")
  refused(cbind(0 * s, 0 * s) ~ x, "must have a trial.*it is 0.*`subset`")
  refused(cbind(s, m, m) ~ x, "It is a matrix of size 40 x 3")
  refused(three ~ x, "two levels.*It has 3: \"u\", \"v\", and \"w\".*three == \"w\"")
  refused(factor(rep("u", 40)) ~ x, "two levels.*It has 1")
  expect_error(relm_design(s ~ x, data, weights = m, family = binomial()),
               "proportions, from 0 to 1", class = "relm_error")
  expect_error(relm_design(s / (m + 1) ~ x, data, weights = m, family = binomial()),
               "proportions of the trials that `weights` are", class = "relm_error")
  expect_error(relm_design(b ~ x, data, weights = m / 2, family = binomial()),
               "`weights` must be whole numbers.*it is", class = "relm_error")
  expect_error(relm_design(cbind(s, m - s) ~ x, data, weights = m, family = binomial()),
               "`weights` have no place beside", class = "relm_error")
  for (family in list(poisson(), negative_binomial())) {
    refused(k - 9 ~ x, "counts, which are not negative.*it is -", family = family)
    refused(k / 2 ~ x, "counts, whole numbers.*it is .*`offset`", family = family)
    refused(three ~ x, "one column of counts.*a factor of size 40", family = family)
    refused(cbind(k, k) ~ x, "one column of counts", family = family)
    expect_error(relm_design(k ~ x, data, weights = m / 2, family = family),
                 "how often each row stands in the data", class = "relm_error")
  }
})

test_that("a linear model's response that is none is told what it may be", {
  data <- transform(successes_data(), text = as.character(k), yes = ifelse(b == 1, "yes", "no"),
                    word = paste("no", k))
  says <- function(formula, text) expect_error(relm_design(formula, data), text, class = "relm_error")
  says(cbind(s, m - s) ~ x, "family = binomial\\(\\)")
  says(text ~ x, "as.numeric")
  says(yes ~ x, "factor\\(yes\\).*family\\s+=\\s+binomial\\(\\)")
  says(word ~ x, "look at\\s+\"no ")
  data$text[2:3] <- c(NA, "none")
  says(text ~ x, "look at\\s+\"none\"")
  refused <- tryCatch(relm_design(cbind(s, m, k) ~ x, data), error = conditionMessage)
  expect_no_match(refused, "binomial")
})

fit <- relm(log(mercury) ~ x + (1 + x || station), bass_centered(), seed = 1,
            sampler = "centered")
printed <- function(fit, ...) capture.output(print(fit, ...))

test_that("a fit of bass prints within 80 columns and 24 lines, and ends without a gap", {
  for (shown in list(fit, relm(log(mercury) ~ x + (1 + x | station), bass_centered(), seed = 1),
                     relm(log(mercury) ~ x, bass_centered(), seed = 1))) {
    lines <- printed(shown)
    expect_lte(max(nchar(lines)), 80)
    expect_lte(length(lines), 24)
    expect_true(nzchar(tail(lines, 1)))
  }
})

test_that("the model, the data, the sampler and the priors are told", {
  text <- paste(printed(fit), collapse = "\n")
  expect_match(text, "log(mercury) ~ x + (1 + x || station)", fixed = TRUE)
  expect_match(text, "171 rows, 16 levels of station")
  expect_match(text, "centered Gibbs, 4 chains of 1000 draws after 500")
  expect_match(text, "seed 1")
  expect_match(text, "sd_station__x +uniform\\(\\)")
  expect_match(text, "sigma +jeffreys\\(\\)")
  expect_false(grepl("weighted|one in", text))
  other <- relm(y ~ x, grouped_data(), weights = w, sigma = ~ f, seed = 1, chains = 1, draws = 50,
                thin = 3)
  expect_match(paste(printed(other), collapse = "\n"),
               "residual variance by f, weighted.*1 chain of 50 draws.*one in 3")
})

test_that("each hyperparameter has its median and interval, with three digits at least", {
  draws <- as.matrix(fit, grep("^(b|sd|sigma)", variables(fit), value = TRUE))
  lines <- printed(fit)
  lines <- trimws(lines[(grep("median", lines) + 1):length(lines)])
  for (name in colnames(draws)) {
    row <- strsplit(grep(paste0("^", name, " "), lines, value = TRUE), " +")[[1]]
    expected <- quantile(draws[, name], c(0.5, 0.025, 0.975), names = FALSE)
    # A unit in the third digit of the interval's width.
    unit <- 10^(floor(log10(diff(expected[2:3]))) - 2)
    expect_lte(max(abs(as.numeric(row[-1]) - expected)), unit / 2, label = name)
  }
})

test_that("digits are those asked for", {
  sigma <- function(digits) {
    line <- tail(grep("^ +sigma", printed(fit, digits = digits), value = TRUE), 1)
    strsplit(trimws(line), " +")[[1]][2]
  }
  median <- median(as.matrix(fit, "sigma"))
  expect_identical(sigma(2), sprintf("%.3f", median))
  expect_identical(sigma(4), sprintf("%.5f", median))
})

test_that("many parameters are cut, with how many there are", {
  data <- data.frame(y = rnorm(120), g = factor(rep(1:30, 4)))
  expect_warning(lines <- printed(relm(y ~ 0 + g, data, seed = 1, chains = 1, draws = 50)), NA)
  expect_match(paste(lines, collapse = "\n"), "b_g1 ... b_g30 +flat\\(\\).*11 more")
  expect_length(grep("^  b_g[0-9]+ ", lines), 20 + 1)
  expect_lte(length(lines), 35)
})

test_that("printing answers with the fit and says nothing more for chains that are sound", {
  lines <- capture.output(result <- withVisible(print(fit)))
  expect_identical(result$value, fit)
  expect_false(result$visible)
  expect_false(any(grepl("Warning|Note", printed(relm(log(mercury) ~ x, bass_centered(),
                                                      seed = 1)))))
})

test_that("a million draws print as fast as they can be sorted, with the same notes", {
  skip_on_cran()
  long <- fit
  rows <- rep(seq_len(1000), 100)
  long$sampling$hyper <- fit$sampling$hyper[rows, , ]
  long$sampling$draws <- length(rows)
  seconds <- system.time(lines <- printed(long))[["elapsed"]]
  expect_lt(seconds, system.time(summary(long))[["elapsed"]] / 2)
  apart <- long
  apart$sampling$hyper[, 1, "b_x"] <- apart$sampling$hyper[, 1, "b_x"] + 1
  expect_match(paste(printed(apart), collapse = " "), "not converged.*b_x")
})

test_that("a fit prints as it is in a chunk of knitr", {
  skip_if_not_installed("knitr")
  chunk <- c("```{r}", "library(relm)",
             "relm(log(mercury) ~ length + (1 | station), bass, chains = 2, draws = 100, seed = 1)",
             "```")
  text <- strsplit(knitr::knit(text = chunk, quiet = TRUE), "\n")[[1]]
  shown <- sub("^## ", "", grep("^## ", text, value = TRUE))
  fit <- relm(log(mercury) ~ length + (1 | station), bass, chains = 2, draws = 100, seed = 1)
  expect_identical(shown[nzchar(shown)], Filter(nzchar, printed(fit)))
  expect_lte(length(shown), 24)
})

test_that("README shows what its example prints", {
  readme <- test_path("..", "..", "README.md")
  skip_if_not(file.exists(readme), "no sources")
  shown <- readLines(readme)
  first <- grep("^Random-effects linear model", shown)
  last <- first + which(shown[-seq_len(first)] == "```")[1] - 1
  fit <- relm(log(mercury) ~ x + (1 + x || station), data = bass_centered(), seed = 1)
  expect_identical(shown[first:last], printed(fit))
})

test_that("estimates stand below what they are about", {
  heads <- function(fit) {
    lines <- printed(fit)
    lines <- lines[-seq_len(grep("median", lines))]
    trimws(ifelse(grepl("^ ", lines), sub("^ +(\\S+).*", "\\1", lines), toupper(lines)))
  }
  expect_identical(heads(relm(y ~ x + (1 + v | g), grouped_data(), sigma = ~ f, seed = 1)),
                   c("POPULATION", "b_Intercept", "b_x", "GROUPS (G)", "sd_g__Intercept", "sd_g__v",
                     "cor_g__Intercept__v", "RESIDUAL", "sigma_f[a]", "sigma_f[b]", "sigma_f[c]"))
  expect_identical(heads(relm(log(mercury) ~ 0 + x, bass_centered(), seed = 1)),
                   c("POPULATION", "b_x", "RESIDUAL", "sigma"))
  expect_identical(heads(relm(y ~ 0 + (1 | g), grouped_data(), seed = 1)),
                   c("GROUPS (G)", "sd_g__Intercept", "RESIDUAL", "sigma"))
})

test_that("acceptance is told where it is low, with what it means", {
  good <- relm(log(mercury) ~ x + (1 | station), bass_centered(), seed = 1)
  expect_no_match(paste(printed(good), collapse = " "), "proposals|Note")
  low <- good
  low$sampling$accepted <- 0.3 * low$sampling$proposals
  for (shown in list(low, summary(low))) {
    expect_match(paste(printed(shown), collapse = " "),
                 "Note: 30% of the proposals.*draws +depend on each other.*effective sample +sizes")
  }
})

test_that("the rows that a subset chose are told, and long code is cut", {
  fit <- relm(log(mercury) ~ x, bass_centered(), subset = length > 30 & river == "lumber", seed = 1)
  rows <- with(bass, sum(length > 30 & river == "lumber"))
  expect_match(paste(printed(fit), collapse = " "),
               paste0("Data: ", rows, " rows, subset length > 30 & river == \"lumber\""),
               fixed = TRUE)
  chosen <- do.call(relm, list(log(mercury) ~ x, quote(bass_centered()), seed = 1,
                               subset = rep(c(TRUE, FALSE), length.out = 171)))
  expect_lte(max(nchar(printed(chosen))), 80)
  expect_lte(length(printed(chosen)), 20)
})

test_that("code is cut without being written out", {
  skip_on_cran()
  expect_identical(short_code(quote(fit$a)), "fit$a")
  whole <- call("update", as.numeric(1:1e6), quote(z))
  expect_identical(nchar(short_code(whole)), 60L)
  seconds <- function(call) system.time(eval(call))[["elapsed"]]
  expect_lt(seconds(quote(short_code(whole))), seconds(quote(deparse1(whole))) / 10)
})

test_that("print() refuses digits that are none, and what it does not know", {
  for (digits in list("a", 0, 2.5, NA, 40, NULL)) {
    expect_error(print(fit, digits = digits), "`digits`", class = "relm_error")
  }
  expect_error(print(fit, digit = 2, 3), "digit", class = "relm_error")
  expect_error(print(fit, detail = FALSE), "print.*no argument `detail`", class = "relm_error")
})

test_that("str() of a fit stays short, unless more is asked for", {
  lines <- capture.output(str(fit))
  expect_lt(length(lines), 40)
  expect_match(lines, "sampling", all = FALSE)
  expect_gt(length(capture.output(str(fit, max.level = 2))), 40)
  expect_lt(length(capture.output(str(list(a = fit, b = 1)))), 40)
})

test_that("a shape is shown, and a model without groups is not called one of random effects", {
  fit <- family_fits()$dispersed
  lines <- capture.output(print(fit))
  expect_match(lines, "^Dispersion$", all = FALSE)
  expect_match(lines, "^  shape ", all = FALSE)
  plain <- relm(y ~ x, grouped_data(), seed = 1, chains = 1, draws = 20)
  expect_match(capture.output(print(plain))[1], "^Linear model: y ~ x$")
})

test_that("str() of a fit refuses depths that are none", {
  fit <- suppressMessages(relm(y ~ x, grouped_data(), chains = 1, draws = 5, seed = 1))
  for (wrong in list("a", letters, list(), quote(x), -1, 1.5)) {
    expect_error(str(fit, max.level = wrong), "max.level", class = "relm_error")
  }
})

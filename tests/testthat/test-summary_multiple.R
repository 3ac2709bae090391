# Summaries of pooled fits, against the draws of each fit.

skip_on_cran()

data <- transform(several_data(100), k = rpois(100, 2), s = rbinom(100, 5, 0.4))
apart <- lapply(c(-1, 0, 1.5), function(shift) transform(data, x = x + shift * (y > 1) * w, k = k + (shift > 1)))
models <- list(
  one = list(y ~ x + (1 | a)), nested = list(y ~ x + (1 | a) + (1 | a:b)),
  crossed = list(y ~ x + (1 | a) + (1 | c)), binomial = list(cbind(s, 5 - s) ~ x + (1 | a), family = "binomial"),
  poisson = list(k ~ x + (1 | a), family = "poisson"),
  negative_binomial = list(k ~ x + (1 | a), family = negative_binomial()),
  structured = list(y ~ x + ar1(1 + x + w | a)), known = list(y ~ x + (1 + x | a), sigma = ~ known(w)),
  student = list(y ~ x + (1 + x | a), family = student()),
  several = list(k ~ x + (1 | a) + (1 | c), family = "poisson")
)
fit_of <- function(kind) {
  suppressMessages(do.call(relm_multiple, c(models[[kind]][1], list(apart), models[[kind]][-1],
                                            list(chains = 2, draws = 60, seed = 1))))
}

test_that("summaries of any model tell what is within and between", {
  for (kind in names(models)) {
    fit <- fit_of(kind)
    table <- summary(fit)
    draws <- lapply(fit$fits, as.matrix, variable = "b_x")
    all <- unlist(draws)
    row <- table["b_x", ]
    expect_equal(c(row$mean, row$sd, row$median), c(mean(all), sd(all), median(all)), label = kind)
    B <- var(vapply(draws, mean, 0))
    W <- mean(vapply(draws, function(x) var(as.numeric(x)), 0))
    expect_equal(row$between, 2 / 3 * B / (W + 2 / 3 * B))
    each <- lapply(fit$fits, function(one) summary(one, "b_x"))
    expect_equal(row$rhat_within, max(vapply(each, `[[`, 0, "rhat")))
    expect_equal(row$rhat_between, posterior::rhat(as.array(fit, "b_x")[, , 1]))
    expect_equal(row$ess_bulk, sum(vapply(each, `[[`, 0, "ess_bulk")))
    expect_equal(row$ess_tail, sum(vapply(each, `[[`, 0, "ess_tail")))
    expect_output(print(table), "3 imputations, 2 chains each.*between.*within.*all.*bulk.*tail")
  }
})

test_that("imputations that differ are no warning, and chains of a fit that do are", {
  fit <- fit_of("one")
  table <- summary(fit)
  expect_gt(table["b_x", "rhat_between"], 1.5)
  expect_false(any(grepl("converged", attr(table, "notes"))))
  expect_match(attr(table, "notes"), "with 3 imputations intervals are too narrow", all = FALSE)
  fit$fits[[2]]$sampling$hyper[, 1, "b_x"] <- fit$fits[[2]]$sampling$hyper[, 1, "b_x"] + 5
  expect_match(attr(summary(fit), "notes"), "have not converged.*b_x", all = FALSE)
  expect_output(print(fit), "Pooled: the draws of 3 imputations.*have not converged")
})

test_that("other variables, probabilities and robust estimates are given", {
  fit <- fit_of("nested")
  table <- summary(fit, "^r_a\\[", regex = TRUE, prob = 0.5)
  expect_true(all(c("q25", "q75", "rhat_within") %in% names(table)))
  expect_identical(nrow(table), 8L)
  robust <- summary(fit, probs = c(0.1, 0.9), robust = TRUE)
  expect_true(all(c("mad", "q10", "q90", "between") %in% names(robust)))
  expect_output(print(robust), "mad.*10%.*90%")
  expect_error(summary(fit, prob = 0.5, probs = 0.1), "both choose", class = "relm_error")
  expect_s3_class(as.data.frame(table), "data.frame")
  # print.summary() of a part is that of a data frame.
  expect_output(print(table[1:2, c("mean", "rhat_within")]), "rhat_within")
})

test_that("the share between is that of the formula", {
  means <- rbind(c(0, 2), c(1, 1))
  sds <- rbind(c(1, 1), c(2, 3))
  # W + (1 - 1/2) B with B = 2: 1 + 1.
  expect_equal(between_share(means, sds), c(0.5, 0))
})

# What marginaleffects asks of a fit, one of its classes or not.

data <- with_response_of(several_data(60), "binomial")
fit <- relm(y ~ x + (1 | a), data, family = binomial(), prior = relm_prior(sd = half_normal(1)), chains = 2,
            draws = 50, seed = 1)

test_that("rows have the medians of their draws, and these beside", {
  for (type in c("response", "link", "prediction")) {
    draw <- list(response = posterior_epred, link = posterior_linpred, prediction = posterior_predict)[[type]]
    table <- get_predict.relm(fit, data[1:4, ], type = type, seed = 1)
    draws <- draw(fit, newdata = data[1:4, ], seed = 1)
    expect_identical(table$rowid, 1:4)
    expect_equal(table$estimate, unname(apply(draws, 2, median)))
    expect_equal(attr(table, "posterior_draws"), unname(t(draws)))
  }
  expect_equal(get_predict.relm(fit, data, re_formula = NA)$estimate,
               unname(fitted(fit, data, re_formula = NA)))
  expect_error(get_predict.relm(fit, data, type = "terms"), "`type`", class = "relm_error")
})

test_that("average slopes are those of the draws", {
  skip_if_not_installed("marginaleffects")
  # It uses `%||%`, which base has from R 4.4.0 on.
  if (getRversion() < "4.4.0") {
    attach(list("%||%" = rlang::`%||%`), name = "null_default", warn.conflicts = FALSE)
    on.exit(detach("null_default", character.only = TRUE))
  }
  old <- options(marginaleffects_model_classes = "relm")
  on.exit(options(old), add = TRUE)
  slopes <- marginaleffects::avg_comparisons(fit, variables = "x", newdata = data)
  more <- posterior_epred(fit, transform(data, x = x + 1)) - posterior_epred(fit, data)
  expect_equal(slopes$estimate, median(rowMeans(more)))
})

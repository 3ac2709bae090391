test_that("the arguments that predictions share are taken from the method that calls", {
  method <- function(object, newdata = NULL, seed = NULL, re.form, draws, other = 1, ...) {
    shared_arguments(...)
  }
  formula <- ~ (1 | g)
  asked <- method("fit", data.frame(x = 1), re.form = formula, sample_new_levels = "old_levels")
  expect_identical(asked$newdata, data.frame(x = 1))
  expect_identical(asked$re_formula, formula)
  expect_identical(asked$sample_new_levels, "old_levels")
  expect_identical(asked$called, c(re_formula = "re.form", ndraws = "ndraws"))
  expect_length(asked$beside, 0)
  expect_identical(method("fit"), asked_prediction())
  expected <- asked_prediction(ndraws = 3, allow_new_levels = TRUE, what = 2)
  expected$called[["ndraws"]] <- "draws"
  expect_identical(method("fit", allow.new.levels = TRUE, draws = 3, what = 2), expected)
  expect_error(method("fit", re.form = NA, re_formula = formula), "mean the\\s+same",
               class = "relm_error")
})

test_that("predictions refuse arguments that are not theirs, and those of other predictions", {
  fit <- relm(y ~ x + (1 | g), grouped_data(), chains = 1, draws = 20, seed = 1)
  for (name in c("response", "sigma", "new_groups", "called", "beside", "asked")) {
    given <- stats::setNames(list(TRUE), name)
    expect_error(do.call(predict, c(list(fit), given)), name, class = "relm_error")
  }
  expect_error(fitted(fit, weights = 1), "weights", class = "relm_error")
  expect_error(posterior_epred(fit, new_sigma = "prior"), "new_sigma", class = "relm_error")
  expect_error(predict(fit, NULL, NULL, TRUE, 0.5, "link", 3), "without a name", class = "relm_error")
})

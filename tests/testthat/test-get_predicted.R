skip_if_not_installed("insight")

fit <- relm(log(mercury) ~ x + river + (1 + x | station), bass_centered(), chains = 2,
            draws = 200, seed = 1)
new <- data.frame(x = c(0, 0.3), river = "lumber", station = c("l1", "l3"))
predicted <- function(...) as.data.frame(insight::get_predicted(fit, ...), keep_iterations = FALSE)

test_that("means of rows are those of posterior_epred(), with intervals", {
  means <- predicted(data = new, ci = 0.9)
  draws <- posterior_epred(fit, new)
  expect_equal(plain(means$Predicted), unname(colMeans(draws)))
  expect_equal(plain(means$SE), unname(apply(draws, 2, sd)))
  expect_equal(plain(means$CI_low), unname(apply(draws, 2, quantile, 0.05)))
  expect_equal(plain(means$CI_high), unname(apply(draws, 2, quantile, 0.95)))
  expect_null(predicted(data = new)$CI_low)
  expect_equal(plain(predicted(ci = 0.5)$Predicted), unname(colMeans(posterior_epred(fit))))
  shortest <- predicted(data = new, ci = 0.9, ci_method = "hdi")
  expect_equal(plain(shortest$CI_low), ignore_attr = TRUE,
               coda::HPDinterval(coda::mcmc(draws), 0.9)[, "lower"], tolerance = 0.01)
  medians <- predicted(data = new, centrality_function = median)
  expect_equal(plain(medians$Predicted), unname(fitted(fit, new)))
  wide <- as.data.frame(insight::get_predicted(fit, data = new, iterations = 7))
  expect_equal(plain(wide$iter_3), unname(posterior_epred(fit, new, ndraws = 7)[3, ]))
})

test_that("group effects come in where groups are known, or as asked for", {
  without <- unname(colMeans(posterior_epred(fit, new, re_formula = NA)))
  for (include in list(FALSE, NA, ~ 0)) {
    expect_equal(plain(predicted(data = new, include_random = include)$Predicted), without)
  }
  expect_equal(plain(predicted(data = new[-3])$Predicted), without)
  expect_equal(plain(predicted(data = transform(new, station = c("l1", "none")))$Predicted),
               without)
  expect_equal(plain(predicted(data = new, include_random = ~ (1 | station))$Predicted),
               unname(colMeans(posterior_epred(fit, new, re_formula = ~ (1 | station)))))
  expect_error(predicted(data = transform(new, station = "none"), include_random = TRUE), "none",
               class = "relm_error")
  line <- relm(mercury ~ length, bass, chains = 1, draws = 20, seed = 1)
  expect_equal(as.numeric(insight::get_predicted(line, data = data.frame(length = 40),
                                                 include_random = TRUE)),
               mean(posterior_epred(line, data.frame(length = 40))))
})

test_that("new observations have residuals, of the same seed", {
  observations <- predicted(data = new, predict = "prediction", ci = 0.8, seed = 4)
  draws <- posterior_predict(fit, new, seed = 4)
  expect_equal(plain(observations$CI_high), unname(apply(draws, 2, quantile, 0.9)))
  expect_equal(predicted(data = new, predict = NULL, type = "response"),
               predicted(data = new))
  expect_equal(insight::get_varcov(fit), vcov(fit))
})

test_that("arguments of the wrong kind are refused", {
  refused <- function(code, pattern) expect_error(code, pattern, class = "relm_error")
  refused(predicted(data = 3), "`newdata`.*data frame")
  refused(predicted(data = new, predict = "terms"), "`predict`.*expectation")
  refused(predicted(data = new, type = "terms"), "`type`.*expectation")
  refused(predicted(data = new, ci = 95), "`ci`.*between 0 and 1")
  refused(predicted(data = new, ci = "a"), "`ci`.*between 0 and 1")
  refused(predicted(data = new, ci = 0.9, ci_method = "wald"), "`ci_method`.*quantile")
  refused(predicted(data = new, include_random = "yes"), "`include_random`")
  refused(predicted(data = new, iterations = "a"), "ndraws")
  refused(predicted(data = new, centrality_function = "mean"), "`centrality_function`")
  refused(predicted(data = new, centrality_function = range), "one number")
  refused(predicted(data = new, iteration = 5, levels = 3), "`levels`")
})

test_that("of several groupings, all have to be known by default, and a formula takes some", {
  skip_if_not_installed("insight")
  data <- several_data()
  fit <- nested_fit()
  known <- data[1:3, ]
  new <- transform(known, b = c(1, 99, 1))
  get <- function(rows, ...) as.numeric(insight::get_predicted(fit, data = rows, ...))
  expect_equal(get(known), unname(colMeans(posterior_epred(fit, known))))
  expect_equal(get(new), unname(colMeans(posterior_epred(fit, new, re_formula = NA))))
  expect_equal(get(new, include_random = ~ (1 | a)),
               unname(colMeans(posterior_epred(fit, new, re_formula = ~ (1 | a)))))
})

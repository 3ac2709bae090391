test_that("log densities of proposals are those of the folded t", {
  posterior <- posterior_of(y ~ x + (1 + x + v | g), grouped_data())
  model <- model_of(posterior)
  estimate <- scales_of(model)
  tuning <- tuning_at_mode(model, role_of_sigma(posterior), estimate)
  tuning$near <- 5L
  # So that neither of the points that are the same L is always the nearer one.
  tuning$center[3] <- -0.3
  set.seed(1)
  drawn <- proposals_of(model, tuning, 300)
  n <- nrow(drawn$points)
  root <- matrix(tuning$root, n)
  log_t <- function(x) {
    -(tuning$df + n) / 2 * log1p(sum((root %*% (x - tuning$center))^2) / tuning$df)
  }
  # The points that are the same L, by the signs of columns 1 and 3.
  folded <- function(x) {
    signs <- list(integer(), 1L, 3L, c(1L, 3L))
    log(sum(vapply(signs, function(columns) {
      exp(log_t(ifelse(signs_changed(tuning$sign_columns, columns), -x, x)))
    }, 0)))
  }
  inside <- !is.na(drawn$log_density)
  expect_gt(sum(inside), 100)
  expect_true(all(drawn$points[1:3, ] >= 0))
  expect_equal(drawn$log_density[inside], apply(drawn$points[, inside], 2, folded))
})

skip_if_not_installed("tidybayes")
skip_if_not_installed("rstantools")

fit <- relm(log(mercury) ~ x + (1 + x | station), bass_centered(), chains = 2, draws = 100,
            seed = 1)
rows <- bass_centered()[c(3, 80, 140), ]
y <- log(rows$mercury)

# The column of draws of the rows, one row's after another's.
column <- function(table, name) plain(table[[name]][order(plain(table$.row), plain(table$.draw))])

test_that("residual draws are the response less draws of the mean, or of an observation", {
  epred <- posterior_epred(fit, rows)
  expect_equal(column(tidybayes::residual_draws(fit, rows), ".residual"),
               rep(y, each = 200) - as.numeric(epred))
  expect_identical(tidybayes::add_residual_draws(rows, fit), tidybayes::residual_draws(fit, rows))
  some <- tidybayes::residual_draws(fit, rows, value = "e", ndraws = 7, re_formula = NA)
  population <- posterior_epred(fit, rows, ndraws = 7, re_formula = NA)
  expect_equal(column(some, "e"), rep(y, each = 7) - as.numeric(population))
  observed <- tidybayes::residual_draws(fit, rows, method = "posterior_predict", seed = 3)
  predicted <- tidybayes::predicted_draws(fit, rows, seed = 3)
  expect_equal(column(observed, ".residual"),
               rep(y, each = 200) - column(predicted, ".prediction"))
  new <- transform(rows, station = "none")
  of_new <- function(draw) draw(fit, new, allow_new_levels = TRUE, seed = 2)
  expect_equal(column(of_new(tidybayes::residual_draws), ".residual"),
               rep(y, each = 200) - column(of_new(tidybayes::epred_draws), ".epred"))
})

test_that("draws of means have tidybayes's arguments, or refuse them", {
  table <- tidybayes::epred_draws(fit, rows, value = "mu", ndraws = 5, re_formula = NA)
  expect_equal(column(table, "mu"),
               as.numeric(posterior_epred(fit, rows, ndraws = 5, re_formula = NA)))
  table <- tidybayes::linpred_draws(fit, rows, value = "eta", ndraws = 5, transform = TRUE)
  expect_equal(column(table, "eta"), as.numeric(posterior_epred(fit, rows, ndraws = 5)))
  expect_identical(tidybayes::add_epred_draws(rows, fit, dpar = FALSE),
                   tidybayes::add_epred_draws(rows, fit))
  refused <- function(code, pattern) expect_error(code, pattern, class = "relm_error")
  refused(tidybayes::epred_draws(fit, rows, dpar = TRUE), "`dpar`.*sigma")
  refused(tidybayes::linpred_draws(fit, rows, dpar = "sigma"), "`dpar`.*sigma")
  refused(tidybayes::predicted_draws(fit, rows, n_draws = 1), "`n_draws`.*`ndraws`")
  refused(tidybayes::residual_draws(fit, rows, method = "fitted"), "`method`")
  refused(tidybayes::residual_draws(fit, rows[c("x", "station")]), "mercury")
  refused(tidybayes::residual_draws(fit, rows, n_draws = 1), "`n_draws`.*`ndraws`")
})

test_that("draws of several groupings are spread by their names", {
  fit <- nested_fit(draws = 20)
  spread <- tidybayes::spread_draws(fit, r_a[level, term])
  expect_setequal(spread$level, letters[1:8])
  expect_identical(spread$r_a[spread$level == "c"],
                   unname(as.matrix(fit, "r_a[c,Intercept]")[, 1]))
  spread <- tidybayes::spread_draws(fit, `r_a:b`[level, term])
  own <- spread[spread$level == "c:1" & spread$term == "x", ]
  expect_identical(own[["r_a:b"]], unname(as.matrix(fit, "r_a:b[c:1,x]")[, 1]))
})

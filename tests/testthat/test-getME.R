data <- transform(grouped_data(), f = factor(f))
fit <- relm(y ~ x + f + (1 + x || g), data, offset = v, weights = w, seed = 1, chains = 1,
            draws = 50)

test_that("the data and their sizes are those that lme4 gives", {
  skip_if_not_installed("lme4")
  merMod <- suppressMessages(lme4::lmer(y ~ x + f + (1 + x || g), data, offset = v, weights = w))
  expect_equal(getME(fit, "weights"), data$w)
  for (name in c("X", "y", "offset", "n", "p", "q", "n_rtrms", "n_rfacs", "k", "p_i",
                 "l_i", "q_i", "cnms")) {
    expect_equal(getME(fit, name), lme4::getME(merMod, name), ignore_attr = TRUE, label = name)
  }
  expect_equal(as.character(getME(fit, "flist")$g), as.character(lme4::getME(merMod, "flist")$g))
  expect_equal(unname(getME(fit, "mmList")), unname(lme4::getME(merMod, "mmList")),
               ignore_attr = TRUE)
})

test_that("estimates are the fit's own, in the order of lme4's vectors", {
  expect_identical(getME(fit, "fixef"), fixef(fit))
  expect_identical(getME(fit, "beta"), unname(fixef(fit)))
  expect_identical(getME(fit, "b")[1:4], c(t(as.matrix(ranef(fit)$g))[1:4]))
  expect_identical(getME(fit, "mu"), unname(fitted(fit)))
  expect_identical(getME(fit, c("sigma", "n")), list(sigma = sigma(fit), n = 46L))
  expect_true(all(c("X", "b", "q_i") %in% names(getME(fit, "ALL"))))
})

test_that("what a posterior has not is refused, and other packages' fits are passed on", {
  for (name in list("theta", c("X", "L"), 3, character())) {
    expect_error(getME(fit, name), "name.*must be among", class = "relm_error")
  }
  expect_error(getME(fit), "missing", class = "relm_error")
  expect_error(getME(fit, "X", sparse = TRUE), "no argument", class = "relm_error")
  plain <- relm(y ~ x, data, seed = 1, chains = 1, draws = 5)
  expect_identical(getME(plain, "b"), numeric())
  expect_length(getME(plain, "flist"), 0)
  skip_if_not_installed("lme4")
  merMod <- lme4::lmer(y ~ x + (1 | g), data)
  expect_identical(getME(merMod, "n"), lme4::getME(merMod, "n"))
  expect_identical(lme4::getME(fit, "n"), 46L)
})

test_that("all that there is leaves out the residual standard deviation where a family has none", {
  all <- names(getME(fit, "ALL"))
  data$k <- seq_along(data$x) %% 4
  for (formula in list(k ~ x, k ~ x + (1 | g))) {
    counts <- relm(formula, data, family = poisson(), prior = relm_prior(beta = normal(0, 2), sd = half_t(3, 1)),
                   seed = 1, chains = 1, draws = 5)
    expect_identical(names(getME(counts, "ALL")), setdiff(all, "sigma"))
    expect_error(getME(counts, "sigma"), "no residual standard deviation", class = "relm_error")
  }
})

test_that("sizes and names of several groupings are lme4's, in the order of the formula", {
  skip_if_not_installed("lme4")
  data <- several_data()
  formula <- y ~ x + (1 | c) + (1 | a) + (0 + x | c)
  ours <- crossed_fit(formula)
  theirs <- suppressMessages(suppressWarnings(lme4::lmer(formula, data)))
  for (name in c("n", "p", "q", "n_rtrms", "n_rfacs", "k", "X", "y")) {
    expect_equal(getME(ours, name), lme4::getME(theirs, name), ignore_attr = TRUE, label = name)
  }
  expect_identical(getME(ours, "l_i"), c(c = 5L, a = 8L))
  expect_equal(getME(ours, "l_i")[c("a", "c")], lme4::getME(theirs, "l_i")[c("a", "c")])
  expect_identical(getME(ours, "p_i"), c(c = 1L, c = 1L, a = 1L))
  expect_identical(getME(ours, "q_i"), c(c = 5L, c = 5L, a = 8L))
  expect_identical(getME(ours, "cnms"), list(c = "(Intercept)", c = "x", a = "(Intercept)"))
  flist <- getME(ours, "flist")
  expect_named(flist, c("c", "a"))
  for (name in names(flist)) {
    expect_identical(as.character(flist[[name]]),
                     as.character(lme4::getME(theirs, "flist")[[name]]))
  }
  matrices <- getME(ours, "mmList")
  expect_named(matrices, c("c", "c", "a"))
  expect_equal(matrices[[2]][, "x"], data$x)
  expect_identical(getME(ours, "b"), c(t(as.matrix(ranef(ours)$c)), ranef(ours)$a[[1]]))
})

test_that("names that are no text are refused", {
  fit <- suppressMessages(relm(y ~ x + (1 | g), grouped_data(), chains = 1, draws = 5, seed = 1))
  for (wrong in list(sum, quote(X), list("X"), 1, NULL, NA)) {
    expect_error(getME(fit, wrong), "`name` must be among", class = "relm_error")
  }
})

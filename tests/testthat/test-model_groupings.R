# The list of a model's groupings.

test_that("a model has a list of groupings, also where it has one or none", {
  data <- grouped_data(9)
  one <- crossprods(y ~ x + (1 + x | g), data)
  expect_length(one$groupings, 1)
  grouping <- one$groupings[[1]]
  expect_identical(grouping$name, "g")
  expect_setequal(grouping$groups, as.character(unique(data$g)))
  expect_identical(grouping$groups, as.character(unique(data$g)))
  expect_identical(grouping$random$column, c("(Intercept)", "x"))
  expect_identical(grouping$random$paired, 1:2)
  expect_null(grouping$parent)

  none <- crossprods(y ~ x, data)
  expect_identical(none$groupings, list())
  expect_false(has_groups(none))
  expect_identical(c(n_groups(none), n_random(none)), c(0L, 0L))
})

test_that("groupings are chosen by their names, parts of an interaction in any order", {
  posterior <- posterior_of(y ~ x + (1 | a / b) + (1 | c), several_data())
  expect_identical(names_of_groupings(posterior), c("a", "a:b", "c"))
  expect_identical(chosen_groupings(posterior, NULL, "groups"), 1:3)
  expect_identical(chosen_groupings(posterior, c("c", "b:a"), "groups"), 2:3)
  expect_identical(chosen_grouping(posterior, "b:a", "grouping", "f"), 2L)
  for (given in list("b", c("a", NA), character(), 1, list())) {
    expect_error(chosen_groupings(posterior, given, "groups"), "`groups`.*\"a:b\"",
                 class = "relm_error")
  }
  expect_error(chosen_grouping(posterior, NULL, "grouping", "f"),
               "one grouping.*\"a\", \"a:b\", and \"c\".*`grouping`", class = "relm_error")
  expect_error(chosen_grouping(posterior, c("a", "c"), "grouping", "f"), "`grouping`",
               class = "relm_error")
  one <- posterior_of(y ~ x + (1 | a), several_data())
  expect_identical(chosen_grouping(one, NULL, "grouping", "f"), 1L)
})

test_that("groupings are named by text", {
  fit <- suppressMessages(relm(y ~ x + (1 | g), grouped_data(), chains = 1, draws = 5, seed = 1))
  for (wrong in list(mean, list("g"), quote(g), new.env(), 1, NA, character(), "none")) {
    expect_error(coef(fit, groups = wrong), "`groups` must be", class = "relm_error")
  }
})

test_that("random terms without columns are refused of several groupings as of one", {
  data <- transform(grouped_data(), h = rep_len(1:3, length(y)))
  for (formula in c(y ~ x + (0 | g), y ~ x + (0 | g) + (0 | h), y ~ x + (0 | g/h))) {
    expect_no_warning(expect_error(relm(formula, data), "has no columns", class = "relm_error"))
  }
})

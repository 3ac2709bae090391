# Bad input by grouping: the error names the argument and the grouping, what it was, and what to do.

data <- several_data()
crossed_formula <- y ~ x + (1 | a) + (1 + x | c)
fit <- function(formula, d = data, ...) {
  relm(formula, d, ..., chains = 1, warmup = 1, draws = 2)
}
prior <- function(...) fit(crossed_formula, prior = relm_prior(...))
crossed <- crossed_fit()
nested <- made_up_fit(y ~ x + (1 | a) + (1 + x | a:b))
# Within a group of `a` its branches are crossed.
branches <- made_up_fit(y ~ x + (1 | a) + (1 | a:b) + (1 | a:c))
first <- data[1, ]
lost <- function(column) replace(data, column, list(replace(data[[column]], 3, NA)))

case <- function(call, ...) {
  # All of these words, in this order.
  list(call = substitute(call), says = paste0("(?s)", paste(c(...), collapse = ".*")),
       where = parent.frame())
}
expect_refused <- function(cases) {
  for (one in cases) {
    expect_error(eval(one$call, one$where), one$says, perl = TRUE, class = "relm_error",
                 label = deparse1(one$call))
  }
}

test_that("priors of groupings and columns that are not there are refused, each by its name", {
  wishart <- function(q) inverse_wishart(q + 1, diag(q))
  expect_refused(list(
    case(prior(sd = list(nowhere = half_t(3, 1))), "`sd`.*\"nowhere\"", "columns are",
         "groupings are \"a\" and \"c\""),
    case(prior(sd = list(a = list(x = half_t(3, 1)))), "`sd`.*\"x\", which `a` has not",
         "columns are \"Intercept\""),
    case(prior(sd = list(a = list(half_t(3, 1)))), "list of priors for `sd` must have"),
    case(prior(sd = list(a = lkj(1))), "prior of `sd` must be", "It is `lkj\\(1\\)`"),
    case(prior(sd = list(a = list(Intercept = list(x = half_t(3, 1))))), "prior of `sd` must be"),
    case(prior(sd = list(a = half_t(3, 1), a = exponential(1))), "`sd` has two priors for \"a\""),
    case(prior(cor = list(nowhere = lkj(2))), "`cor`.*\"nowhere\"", "groupings are \"a\" and \"c\""),
    case(prior(cor = list(x = lkj(2))), "`cor`.*\"x\"", "groupings are"),
    case(prior(cor = list(c = half_t(3, 1))), "prior of `cor` must be `lkj"),
    case(prior(cov = list(nowhere = wishart(2))), "`cov`.*\"nowhere\"", "groupings are"),
    case(prior(cov = list(c = wishart(3))), "must be 2 x 2", "\"x\" of\\s+`c`", "3 x 3"),
    case(prior(cov = wishart(2)), "must be 1 x 1", "of `a` are", "2 x 2", "Each grouping may"),
    case(prior(cov = list(c = inverse_wishart(1, diag(2)))), "must be above 1 for 2 effects of\\s+`c`"),
    case(prior(cov = list(c = huang_wand(2, c(1, 1, 1)))), "2 numbers", "`c` are"),
    case(prior(sd = list(c = half_t(3, 1)), cov = list(c = wishart(2))),
         "`sd` and `cov` are both given for effects of `c`"),
    case(fit(y ~ x + (1 | a) + (1 + x || c), prior = relm_prior(cov = list(c = wishart(2)))),
         "of `c` are\\s+independent"),
    case(prior(beta = list(a = normal())), "`beta`.*\"a\"", "columns are"),
    case(fit(y ~ v + (1 + x | a) + (1 | x), transform(data, v = x, x = round(x)),
             prior = relm_prior(sd = list(x = exponential(1)))),
         "\"x\" in `sd` is a grouping and a random column", "Rename")
  ))
})

test_that("a prior of one grouping leaves another's in peace", {
  both <- prior(sd = list(a = half_t(3, 1)), cov = list(c = inverse_wishart(3, diag(2))))
  distributions <- lapply(both$posterior$groupings, function(grouping) {
    format(grouping$blocks[[1]]$distribution)
  })
  expect_identical(distributions[[1]], "half_t(3, 1)")
  expect_match(distributions[[2]], "inverse_wishart")
})

test_that("ids that cannot be groups are refused by the grouping's name, the others being right", {
  expect_refused(list(
    case(fit(crossed_formula, transform(data, c = I(as.list(seq_len(200))))), "type \\(list\\)", "'c'"),
    case(fit(crossed_formula, transform(data, c = I(cbind(x > 0, 1)))), "`c` must be one column"),
    case(fit(crossed_formula, transform(data, c = "one")), "`c` has one level, \"one\""),
    case(fit(crossed_formula, transform(data, c = NA_character_)), "No rows are left"),
    case(fit(crossed_formula, lost("c"), na.action = na.fail), "missing values"),
    case(fit(crossed_formula, lost("c"), na.action = na.pass), "`c` must be given", "row 3"),
    case(fit(y ~ x + (1 | a / b), lost("b"), na.action = na.pass), "`b` must be finite", "row 3"),
    case(fit(y ~ x + (1 | a) + (1 | c), transform(data, c = seq_len(200))), "No residual is left"),
    case(fit(y ~ x + (1 | a) + (1 | nowhere)), "`nowhere`, not in `data`"),
    case(fit(y ~ x + (1 | a / nowhere)), "`nowhere`, not in `data`"),
    case(fit(y ~ x + (1 | a) + (1 | c + b)), "groups by `c \\+ b`"),
    case(fit(y ~ x + (1 | a) + (0 | c)), "random term of `c` has no columns"),
    case(fit(y ~ x + (1 | a / b) + (1 | a)), "stands in two terms of `a`", "once"),
    case(fit(y ~ x + (1 | a:b) + (1 | b:a)), "stands in two terms of `a:b`")
  ))
  # Rows without a group are dropped, from all groupings.
  expect_identical(fit(crossed_formula, lost("c"))$posterior$n_rows, 199)
})

test_that("two groups of one of several groupings have no posterior under uniform, and one under half-t", {
  two <- transform(data, c = x > 0)
  for (formula in c(y ~ x + (1 | a) + (1 | c), y ~ x + (1 | a / b) + (1 | c))) {
    expect_error(fit(formula, two), "(?s)Two groups.*`c`.*proper prior", perl = TRUE,
                 class = "relm_error")
    drawn <- relm(formula, two, prior = relm_prior(sd = list(c = half_t(3, 1))), chains = 2,
                  draws = 100, seed = 1)
    expect_true(all(is.finite(as.matrix(drawn))))
  }
  # A chain's root with two groups.
  root <- transform(data, r = a %in% c("a", "b", "c"))
  expect_error(fit(y ~ x + (1 | r) + (1 | a), root), "(?s)Two groups.*`r`", perl = TRUE,
               class = "relm_error")
  drawn <- relm(y ~ x + (1 | r) + (1 | a), root, prior = relm_prior(sd = list(r = half_t(3, 1))),
                chains = 2, draws = 100, seed = 1)
  expect_true(all(is.finite(as.matrix(drawn))))
})

test_that("new rows that lack a grouping, or have new groups of it, are refused by its name", {
  expect_refused(list(
    case(predict(crossed, transform(first, c = "new")), "`c` that the data had not, \"new\"",
         "allow_new_levels"),
    case(predict(nested, transform(first, b = 77)), "`a:b` that the data had not, \"e:77\""),
    case(predict(crossed, first[c("x", "a")]), "no column `c`", "`x`, `a`, and `c`"),
    case(predict(crossed, transform(first, c = NA)), "`c` must be given in every row of `newdata`"),
    case(predict(crossed, transform(first, c = 3)), "`c` that the data had not, \"3\"")
  ))
})

test_that("a re_formula of a grouping that is not there is refused as it was written", {
  expect_refused(list(
    case(predict(crossed, first, re_formula = ~ (1 | nowhere)), "`re_formula`", "~\\(1 \\| nowhere\\)",
         "model is"),
    case(predict(crossed, first, re_formula = ~ (1 | a) + (1 + x | a)), "~\\(1 \\| a\\) \\+ \\(1 \\+ x \\| a\\)"),
    case(predict(crossed, first, re_formula = ~ (1 + x | a)), "It is `~\\(1 \\+ x \\| a\\)`", "model is"),
    case(predict(nested, first, re_formula = ~ (1 | b)), "~\\(1 \\| b\\)"),
    case(predict(crossed, first, re.form = ~ (1 | nowhere)), "`re.form`"),
    case(predict(crossed, first, re_formula = "a"), "NULL, NA or a formula", "\"a\"")
  ))
})

test_that("a grouping that is not there, or not meant, is refused by the argument that names it", {
  known <- "must name some of the groupings \"a\" and \"c\""
  expect_refused(list(
    case(plot(crossed, "groups", grouping = "nowhere"), "`grouping`", known, "It is \"nowhere\""),
    case(plot(crossed, "groups", grouping = 2), "`grouping`", known, "It is 2"),
    case(plot(crossed, "groups", grouping = c("a", "c")), "`grouping` must be one of"),
    case(plot(crossed, "trace", grouping = "a"), "`grouping` is not for"),
    case(plot(crossed, "groups", grouping = "a", groups = "zz"), "levels of `a`", "\"zz\""),
    case(ranef(crossed, groups = "nowhere"), "`groups`", known),
    case(ranef(crossed, whichel = "nowhere"), "`whichel`", known),
    case(coef(crossed, groups = "nowhere"), "`groups`", known),
    case(log_lik(crossed, by = "group", grouping = 1), "`grouping`", known),
    case(log_lik(nested, by = "group", grouping = "nowhere"), "\"a\" and \"a:b\"", "\"nowhere\""),
    case(log_lik(nested, by = "group", grouping = "a:b"), "lie in those of \"a\"", "kfold"),
    case(log_lik(nested, grouping = "a"), "`grouping`", "by = \"group\""),
    case(log_lik(crossed, by = "group"), "\"a\" and \"c\" are crossed", "kfold"),
    case(log_lik(branches, by = "group", grouping = "a"), "\"a:b\" and \"a:c\" are crossed", "kfold"),
    case(loo(crossed, by = "group", grouping = "c"), "\"a\" and \"c\" are crossed", "kfold"),
    case(kfold(crossed, group = "nowhere"), "`group` must be one of \"a\", \"c\"", "\"nowhere\""),
    case(kfold(crossed, group = c("a", "c")), "`group` must be one of"),
    case(pp_check(crossed, "stat_grouped", group = "nowhere"), "`group` must be", "\"nowhere\""),
    case(as.matrix(crossed, "r_c[zz,Intercept]"), "no `variable` \"r_c\\[zz,Intercept\\]\""),
    case(as.matrix(crossed, "sd_nowhere__Intercept"), "no `variable` \"sd_nowhere__Intercept\""),
    case(update(crossed, . ~ . - (1 | nowhere)), "takes out `\\(1 \\| nowhere\\)`")
  ))
})

test_that("draws to keep, and what chains start from, are refused by grouping", {
  expect_refused(list(
    case(fit(crossed_formula, group_draws = list(nowhere = "p")), "`group_draws` names \"nowhere\"",
         "groupings are \"a\" and \"c\""),
    case(fit(crossed_formula, group_draws = list(c = "zz")), "\"zz\", which `c` has not"),
    case(fit(crossed_formula, group_draws = list("p")), "`group_draws`", "list of size 1",
         "group_draws = list\\(g = TRUE\\)"),
    case(fit(crossed_formula, group_draws = "p"), "of which grouping", "\"a\" and \"c\""),
    case(fit(crossed_formula, init = nested), "`init` has no \"sd_c__Intercept\""),
    case(c(crossed, nested), "differ in their model")
  ))
})

test_that("cross-products of other groupings do not add up", {
  one <- crossprods(crossed_formula, data)
  expect_refused(list(
    case(one + crossprods(y ~ x + (1 | a / b), data), "differ in their group",
         "first has \"a\" and \"c\"", "second has \"a\" and \"a:b\""),
    case(one + crossprods(y ~ x + (1 + x | a) + (1 | c), data), "differ in their random columns"),
    case(one + crossprods(crossed_formula, data, sigma = ~ c), "differ in their sigma",
         "first has \"none\"", "second has \"c\"")
  ))
})

# Bad input: each case is an error of the package's own class whose message names the
# culprit. A case is a call and what its message must say.

data <- grouped_data()
fit <- function(formula, d = data, ...) {
  relm(formula, d, ..., chains = 1, warmup = 1, draws = 2)
}
replaced <- function(column, value, row = 3) {
  data[row, column] <- value
  data
}
with_column <- function(value) transform(data, new = value)

expect_refused <- function(cases) {
  for (i in seq_along(cases)) {
    call <- cases[[i]]$call
    expect_error(eval(call, cases[[i]]$where), cases[[i]]$says, class = "relm_error", label = deparse1(call))
  }
}
case <- function(call, says) {
  list(call = substitute(call), says = says, where = parent.frame())
}

test_that("a bad formula or bad data are refused", {
  text <- transform(data, y = as.character(y))
  listed <- data
  listed$y <- as.list(data$y)
  wide <- data
  wide$y <- cbind(data$y, data$x)
  cases <- list(
    case(fit(nowhere ~ x + (1 | g)), "`nowhere`, not in `data`"),
    case(fit(y ~ nowhere + (1 | g)), "`nowhere`, not in `data`"),
    case(fit(y ~ x + (1 | nowhere)), "`nowhere`, not in `data`"),
    case(fit(y ~ x + (1 | g), sigma = ~ nowhere), "`nowhere`, not in `data`"),
    case(fit(y ~ x + (1 | g), text), "response `y` must be one column of numbers"),
    case(fit(y ~ x + (1 | g), listed), "invalid type \\(list\\) for variable 'y'"),
    case(fit(y ~ x + (1 | g), wide), "response `y` must be one column of numbers"),
    case(fit(f ~ x + (1 | g), transform(data, f = factor(f))), "response `f` must be"),
    case(fit(~ x + (1 | g)), "`formula` has no response"),
    case(relm(), "`formula` is missing"),
    case(relm(3, data), "`formula` must be a formula"),
    case(fit(y ~ x + (1 | g), as.list(data)), "`data` must be a data frame"),
    case(fit(y ~ x + (1 | g), as.matrix(data[c("x", "y")])), "`data` must be a data frame"),
    case(fit(y ~ x + (1 | g), sigma = y ~ g), "`sigma` must have no left-hand side"),
    case(fit(y ~ x + (1 | g), sigma = "g"), "`sigma` must be a formula"),
    case(fit(y ~ x + (1 | g), sigma = ~ g + f), "`sigma` groups by `g \\+ f`"),
    case(fit(y ~ f, contrasts = list(z = "contr.sum")), "`contrasts` names `z`"),
    case(fit(y ~ f, contrasts = "contr.sum"), "`contrasts` must be a list")
  )
  expect_refused(cases)
})

test_that("missing and infinite values are refused where they cannot be dropped", {
  cases <- list(
    case(fit(y ~ x + (1 | g), replaced("y", NA), na.action = na.fail), "missing values"),
    case(fit(y ~ x + (1 | g), replaced("x", NaN), na.action = na.fail), "missing values"),
    case(fit(y ~ x + (1 | g), replaced("y", NA), na.action = NULL), "`y` must be finite"),
    case(fit(y ~ x + (1 | g), replaced("y", Inf)), "`y` must be finite.*row 3"),
    case(fit(y ~ x + (1 | g), replaced("x", -Inf)), "`x` must be finite.*row 3"),
    case(fit(y ~ log(abs(x)) + (1 | g), replaced("x", 0)), "`log\\(abs\\(x\\)\\)` must be finite"),
    case(fit(y ~ x + (1 | g), replaced("w", NA), weights = w), "`weights` must be finite"),
    case(fit(y ~ x + (1 | g), replaced("w", NaN), weights = w), "`weights` must be finite"),
    case(fit(y ~ x + (1 | g), replaced("w", Inf), weights = w), "`weights` must be finite"),
    case(fit(y ~ x + (1 | g), replaced("w", 0), weights = w), "positive.*the weight is 0"),
    case(fit(y ~ x + (1 | g), replaced("w", -1), weights = w), "positive.*the weight is -1"),
    case(fit(y ~ x + (1 | g), weights = 1:3), "`weights` must have one number for each"),
    case(fit(y ~ x + (1 | g), weights = "w"), "`weights` must be numbers"),
    case(fit(y ~ x + (1 | g), weights = nowhere), "`nowhere` cannot be evaluated"),
    case(fit(y ~ x + (1 | g), offset = 1:3), "`offset` must have one number for each"),
    case(fit(y ~ x + (1 | g), subset = x > 100), "No rows are left"),
    case(fit(y ~ x + (1 | g), transform(data, y = NA_real_)), "No rows are left"),
    case(fit(y ~ x + (1 | g), data[0, ]), "No rows are left"),
    case(fit(y ~ x + (1 | g), transform(data, y = 1e200 * y)), "squares overflow")
  )
  expect_refused(cases)
})

test_that("models without a posterior, and groups that cannot vary, are refused", {
  cases <- list(
    case(fit(y ~ x + (1 | new), with_column("a")), "`new` has one level"),
    case(fit(y ~ x + (1 | new), with_column(data$x > 0)), "^Two groups cannot.*at least 2"),
    case(fit(y ~ x + (1 | new), with_column(seq_len(nrow(data)))), "No residual is left"),
    case(fit(y ~ x + (1 | g), transform(data, y = 5)), "response `y` is constant"),
    case(fit(y ~ x + (1 | g), transform(data, y = 1 + 2 * x)), "No residual is left"),
    case(fit(y ~ x, transform(data, y = 1 + 2 * x)), "No residual is left"),
    case(fit(y ~ x + (1 | g), sigma = ~ new, d = with_column(seq_len(nrow(data)))),
         "No residual is left in .* levels of `new`"),
    case(fit(y ~ x + (1 | g) + (1 | new), with_column("a")), "`new` has one level"),
    case(fit(y ~ x + (1 | g) + (1 + x | f), sampler = "centered", prior = relm_prior(cor = lkj(0.3))),
         "centered.*lkj\\(0.3\\)"),
    case(fit(y ~ x + (1 | g) + (1 + x | f) + (0 + x | f)), "stands in two terms of.*`f`"),
    case(fit(y ~ x + (1 | g) + (1 + x | g)), "stands in two terms"),
    case(fit(y ~ x + (0 | g)), "has no columns"),
    case(fit(y ~ x + (x | 1)), "no grouping factor"),
    case(fit(y ~ x + (1 | k | g)), "two bars"),
    case(fit(y ~ x + (1 + offset(v) | g)), "`offset\\(\\)` stands in a random term"),
    case(fit(y ~ x + new, with_column("one")), "model matrix cannot be made")
  )
  expect_refused(cases)
})

test_that("aliased columns are dropped with a message, as lme4 drops them", {
  expect_message(aliased <- fit(y ~ x + I(2 * x) + v + (1 | g)), "dropped 1 aliased column",
                 class = "relm_message")
  expect_identical(names(fixef(aliased)), c("(Intercept)", "x", "v"))
  expect_equal(aliased$sampling$hyper,
               relm(y ~ x + v + (1 | g), data, chains = 1, warmup = 1, draws = 2,
                    seed = aliased$sampling$seed)$sampling$hyper)
})

test_that("numbers that are not positive and whole are refused", {
  for (bad in list(0, -1, 1.5, NA, NaN, Inf, "4", c(1, 2), NULL, TRUE)) {
    for (name in c("draws", "thin", "chains", "cores")) {
      arguments <- c(list(y ~ x + (1 | g), data), stats::setNames(list(bad), name))
      expect_error(do.call(relm, arguments), sprintf("`%s` must be one whole number", name),
                   class = "relm_error")
    }
  }
  expect_error(relm(y ~ x, data, warmup = -1), "`warmup` must be", class = "relm_error")
  expect_error(relm(y ~ x, data, progress = NA), "`progress` must be", class = "relm_error")
  expect_error(relm(y ~ x, data, seed = 1.5), "`seed` must be", class = "relm_error")
})

test_that("unknown samplers, arguments and priors are refused", {
  cases <- list(
    case(fit(y ~ x + (1 | g), sampler = "nuts"), '`sampler` must be one of'),
    case(fit(y ~ x + (1 | g), drws = 3), "no argument `drws`.*Did you mean `draws`"),
    case(fit(y ~ x + (1 | g), iter = 3), "no argument `iter`"),
    case(fit(y ~ x + (1 | g), prior = uniform()), "`prior` must be made by `relm_prior"),
    case(relm_prior(sd = normal()), "prior of `sd` must be `uniform"),
    case(relm_prior(beta = uniform()), "prior of `beta` must be `flat"),
    case(relm_prior(sigma = 3), "prior of `sigma` must be"),
    case(uniform(-1), "`upper` must be"),
    case(inverse_gamma(0, 1), "`shape` must be"),
    case(inverse_gamma(1, -1), "`rate` must be"),
    case(normal(0, 0), "`sd` must be"),
    case(normal(NA, 1), "`mean` must be"),
    case(lkj(0), "`eta` must be"),
    case(inverse_wishart(3, matrix(c(1, 2, 2, 1), 2)), "`scale` must be"),
    case(fit(y ~ x + (1 | g), prior = relm_prior(beta = list(z = normal()))),
         '`beta` has a prior for "z"'),
    case(fit(y ~ x, prior = relm_prior(beta = list(Intercept = flat(), "(Intercept)" = normal()))),
         '`beta` has two priors for "Intercept"'),
    case(fit(y ~ x + (1 + x | g),
             prior = relm_prior(sd = inverse_gamma(1, 1), cov = inverse_wishart(3, diag(2)))),
         "`sd` and `cov` are both given"),
    case(fit(y ~ x + (1 + x | g), prior = relm_prior(cov = inverse_wishart(1, diag(2)))),
         "`df` of `inverse_wishart"),
    case(fit(y ~ x + (1 + x | g), prior = relm_prior(cov = inverse_wishart(3, diag(3)))),
         "must be 2 x 2"),
    case(fit(y ~ x + (1 + x || g), prior = relm_prior(cov = inverse_wishart(3, diag(2)))),
         "are independent"),
    case(fit(y ~ x + (1 + x | g), prior = relm_prior(cov = huang_wand(2, c(1, 1, 1)))),
         "`scale` of `huang_wand\\(\\)` must be 2 numbers"),
    case(fit(y ~ x + (1 + x || g), prior = relm_prior(cov = huang_wand(2, 1))),
         "are independent.*half_t"),
    case(fit(y ~ x + (1 | g), prior = relm_prior(sigma = pooled())),
         "several residual variances.*sigma = ~ f"),
    case(fit(y ~ x + (1 | g), transform(data, f = "a"), sigma = ~ f,
             prior = relm_prior(sigma = pooled())), "at least two residual variances"),
    case(relm_prior(sd = pooled()), "prior of `sd` must be `uniform"),
    case(fit(y ~ x, prior = relm_prior(cov = inverse_wishart(3, 1))), "has no group effects")
  )
  expect_refused(cases)
})

test_that("more draws than memory are refused", {
  skip_on_os(c("windows", "mac"))
  expect_error(relm(y ~ x + (1 | g), data, draws = 2e9), "of memory", class = "relm_error")
  expect_error(relm(y ~ x + (1 | g), data, draws = 1e6, thin = 1e6), "sweeps",
               class = "relm_error")
})

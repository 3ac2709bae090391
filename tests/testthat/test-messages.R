# What is said of what users are most likely to get wrong, word for word.

skip_on_cran()

data <- grouped_data()
two <- data[data$g %in% c("g1", "g2"), ]
few <- data[data$g %in% c("g1", "g2", "g3"), ]
fit <- relm(y ~ x + f + (1 | g), data, seed = 1, chains = 1, draws = 10)
weighted <- relm(y ~ x, data, weights = w, sigma = ~ f, seed = 1, chains = 1, draws = 10)

test_that("a message is the same text in every locale, width and color", {
  under <- function(...) {
    old <- options(...)
    on.exit(options(old))
    plain_text(conditionMessage(tryCatch(relm(y ~ nowhere + (1 | g), data), error = identity)))
  }
  narrow <- under(cli.unicode = TRUE, cli.num_colors = 256L, cli.condition_width = 25)
  wide <- under(cli.unicode = FALSE, cli.num_colors = 1L, cli.condition_width = Inf)
  expect_identical(narrow, wide)
  expect_match(narrow, "^[ -~]+$")
  expect_match(narrow, "The formula names `nowhere`, not in `data`. i `data` has", fixed = TRUE)
  fancy <- "\u001b[31m\u2716\u001b[39m It is\n  \u2018a\u2019, \u201cb\u201d, and `c`, and \u2026"
  expect_identical(plain_text(fancy), "x It is 'a', \"b\" and `c`, and ...")
})

test_that("formulas", {
  expect_messages(expression(
    relm(),
    relm(3, data),
    relm(~ x + (1 | g), data),
    relm("y ~ x + (", data),
    relm(nowhere ~ x, data),
    relm(y ~ nowhere + (1 | g), data),
    relm(y ~ x + (1 | nowhere), data),
    relm(y ~ x, as.list(data)),
    relm(y ~ x, transform(data, y = as.character(y))),
    relm(y ~ x, transform(data, y = factor(f))),
    relm(y ~ x, transform(data, y = 5)),
    relm(y ~ x, data[0, ]),
    relm(y ~ x, transform(data, x = x / 0)),
    relm(y ~ x, data, weights = w - w),
    relm(y ~ x, data, weights = 1:3),
    relm(y ~ x + y, data)
  ))
})

test_that("bars", {
  expect_messages(expression(
    relm(y ~ x - (1 | g), data),
    relm(y ~ x * (1 | g), data),
    relm(y ~ x + (1 | k | g), data),
    relm(y ~ x + (. | g), data),
    relm(y ~ x + (x | 1), data),
    relm(y ~ x + (0 | g), data),
    relm(y ~ x + (1 + offset(v) | g), data),
    relm(y ~ x + homcs(1 + x | g), data),
    relm(y ~ x + (1 | gr(g)), data),
    relm(y ~ x + (1 | mm(g, f)), data)
  ))
})

test_that("groupings", {
  expect_messages(expression(
    relm(y ~ x + (1 | g) + (1 + x | g), data),
    relm(y ~ x + (1 | g - 1), data),
    relm(y ~ x + (1 | g:1), data),
    relm(y ~ x, data, sigma = "g"),
    relm(y ~ x, data, sigma = y ~ g),
    relm(y ~ x, data, sigma = ~ g + f)
  ))
})

test_that("priors", {
  expect_messages(expression(
    relm(y ~ x, data, prior = uniform()),
    relm_prior(sd = normal()),
    relm_prior(beta = uniform()),
    relm_prior(sigma = 3),
    uniform(-1),
    half_t(0, 1),
    lkj(0),
    inverse_wishart(3, matrix(c(1, 2, 2, 1), 2)),
    relm(y ~ x, data, prior = relm_prior(beta = list(z = normal()))),
    relm(y ~ x + (1 + x | g), data,
         prior = relm_prior(sd = half_t(3, 1), cov = inverse_wishart(3, diag(2)))),
    relm(y ~ x + (1 + x | g), data, prior = relm_prior(cov = inverse_wishart(1, diag(2)))),
    relm(y ~ x + (1 + x | g), data, prior = relm_prior(cov = inverse_wishart(3, diag(3)))),
    relm(y ~ x + (1 + x || g), data, prior = relm_prior(cov = huang_wand(2, 1))),
    relm(y ~ x, data, prior = relm_prior(sigma = pooled())),
    relm(y ~ x, data, prior = relm_prior(cov = inverse_wishart(3, 1)))
  ))
})

test_that("posteriors that do not exist", {
  expect_messages(expression(
    relm(y ~ x + (1 | g), two),
    relm(y ~ x + (1 | g), data[data$g == "g1", ]),
    relm(y ~ x + (1 + x + v | g), few),
    relm(y ~ x + factor(g) + (1 | g), data),
    relm(y ~ x + (0 + z | g), transform(data, z = 0)),
    relm(y ~ x + (1 | id), transform(data, id = seq_along(y))),
    relm(y ~ x, transform(data, y = 1 + 2 * x)),
    relm(y ~ x, data[1:3, ], prior = relm_prior(sigma = uniform())),
    relm(y ~ 1, transform(data, y = ifelse(f == "a", 1, y)), sigma = ~ f)
  ))
})

test_that("unknown arguments", {
  expect_messages(expression(
    relm(y ~ x, data, drws = 3),
    relm(y ~ x, data, iter = 3),
    relm(y ~ x, data, REML = TRUE),
    relm(y ~ x, data, prior_aux = 3),
    relm(y ~ x, data, sampler = "nuts"),
    relm(y ~ x, data, draws = 0),
    relm(y ~ x, data, warmup = -1),
    relm(y ~ x, data, progress = NA),
    relm(y ~ x, data, seed = 1.5),
    print(fit, detail = FALSE),
    summary(fit, probs = 2),
    VarCorr(fit, sigma = 2),
    bayes_R2(fit, nsamples = 3)
  ))
})

test_that("new data", {
  rows <- data[1:3, ]
  expect_messages(expression(
    posterior_predict(fit, as.matrix(rows$x)),
    posterior_predict(fit, rows[0, ]),
    posterior_predict(fit, rows["x"]),
    posterior_predict(fit, transform(rows, x = NA_real_)),
    posterior_predict(fit, transform(rows, g = NA)),
    posterior_predict(fit, transform(rows, g = c("new", "g1", "other"))),
    posterior_predict(weighted, transform(rows, f = "z")),
    posterior_predict(fit, rows, offset = 1),
    posterior_predict(weighted, rows, weights = c(1, 0, 1)),
    posterior_predict(fit, rows, ndraws = 0)
  ))
})

test_that("messages and warnings", {
  expect_messages(expression(
    relm(y ~ x + I(2 * x), data, chains = 1, draws = 10),
    posterior_predict(weighted, data[1:3, c("x", "f")])
  ), class = "relm_message")
})

test_that("several groupings", {
  nested <- nested_fit(draws = 5)
  priors <- function(...) nested_fit(draws = 5, prior = relm_prior(...))
  expect_messages(expression(
    ranef(nested, groups = "b"),
    ranef(nested, groups = "a", whichel = "b:a"),
    coef(nested, pars = "w"),
    as.matrix(nested, "r_b[1,Intercept]"),
    nested_fit(group_draws = "c"),
    nested_fit(group_draws = list(c = TRUE)),
    nested_fit(group_draws = list(a = "z")),
    priors(sd = list(b = exponential(1))),
    priors(cor = list(b = lkj(2))),
    c(nested, nested_fit(formula = y ~ x + (1 | a / b), draws = 5, seed = 2))
  ))
})

test_that("responses, families and links of other families", {
  rows <- data.frame(x = 1:12 / 4, g = rep(letters[1:4], 3), b = rep(0:1, 6), s = rep(0:2, 4), m = rep(3:5, 4),
                     k = c(0:5, 2, 1, 3, 1, 0, 2))
  read <- function(formula, ..., family = binomial()) relm_design(formula, rows, ..., family = family)
  of_trials <- function(weights) relm(s / m ~ x, rows, weights = weights, family = binomial())
  count <- function(formula, ...) relm(formula, rows, family = poisson(), ...)
  expect_messages(expression(
    read(b + 1 ~ x),
    read(2 * b ~ x),
    read(-b ~ x),
    read(s ~ x),
    read(s / m ~ x),
    read(cbind(m, s - m) ~ x),
    read(cbind(s - m, m) ~ x),
    read(cbind(s + 0.5, m) ~ x),
    read(cbind(0 * s, 0 * m) ~ x),
    read(cbind(s, NA * m) ~ x),
    read(cbind(s, m, k) ~ x),
    read(factor(s) ~ x),
    read(factor(rep("a", 12)) ~ x),
    read(as.character(b) ~ x),
    read(as.list(b) ~ x),
    of_trials(rows$m / 2),
    of_trials(0 * rows$m),
    of_trials(rows$m + 1),
    of_trials("m"),
    relm(cbind(s, m - s) ~ x, rows, weights = m, family = binomial()),
    count(k - 3 ~ x),
    count(k / 2 ~ x),
    count(1e16 * k ~ x),
    count(factor(k) ~ x),
    count(b == 1 ~ x),
    count(cbind(k, k) ~ x),
    count(k ~ x, weights = m / 2),
    count(k ~ x, offset = log(0 * m)),
    count(k ~ x, offset = 0 * m / 0),
    count(k ~ x + offset(cbind(x, x))),
    count(k ~ x + offset(factor(x))),
    count(k ~ x, sigma = ~ g),
    count(k ~ x + (1 | g), prior = relm_prior(sigma = half_t(3, 1))),
    count(k ~ x + (1 | g), prior = relm_prior(shape = exponential(1))),
    count(0 * k ~ x + (1 | g)),
    relm(x > 1.6 ~ x + (1 | g), rows, family = binomial()),
    relm(k ~ x, rows, family = quasipoisson()),
    relm(k ~ x, rows, family = "negbin"),
    relm(k ~ x, rows, family = poisson("sqrt")),
    relm(b ~ x, rows, family = binomial("cauchit")),
    relm(k ~ x, rows, family = 3),
    negative_binomial("identity")
  ))
})

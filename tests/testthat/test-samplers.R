# What each sampler is, in one table.

test_that("the table of samplers has what the rest asks of each", {
  for (sampler in samplers) {
    expect_named(sampler, c("label", "parameterization", "asked", "tuned", "check"))
    expect_true(sampler$parameterization %in% c("centered", "uncentered"))
  }
  expect_setequal(samplers_by_name(), c("collapsed", "interweaved", "centered", "uncentered"))
})

test_that("the sampler that runs is the one that was asked for, or that suits the model", {
  data <- grouped_data(9)
  grouped <- posterior_of(y ~ x + (1 | g), data)
  expect_identical(sampler_that_runs(grouped, NULL), "collapsed")
  expect_identical(sampler_that_runs(grouped, "centered"), "centered")
  plain <- posterior_of(y ~ x, data)
  expect_identical(sampler_that_runs(plain, "centered"), "common_line")
  known <- posterior_of(y ~ x, data, relm_prior(beta = normal(0, 1)))
  expect_identical(sampler_that_runs(known, NULL), "interweaved")
  expect_error(check_sampler(known, "collapsed"), "needs group effects", class = "relm_error")
  near <- posterior_of(y ~ x + (1 + x | g), data, relm_prior(cor = lkj(0.2)))
  expect_error(check_sampler(near, "centered"), "lkj\\(0.2\\)", class = "relm_error")
  expect_silent(check_sampler(near, "interweaved"))
})

test_that("effects are drawn in the chain but by the collapsed sampler with one residual variance", {
  data <- grouped_data(9)
  one <- posterior_of(y ~ x + (1 | g), data)
  several <- posterior_of(y ~ x + (1 | g), data, sigma = ~ f)
  expect_false(effects_in_chain(one, "collapsed"))
  expect_true(effects_in_chain(several, "collapsed"))
  expect_true(effects_in_chain(one, "centered"))
})

test_that("what runs where the collapsed sampler cannot is said, of one grouping and of several", {
  data <- transform(joint_data(200), h = factor(rep_len(1:8, 200)))
  prior <- relm_prior(sd = half_normal(1), cor = lkj(2))
  short <- function(formula, ...) {
    relm(formula, data, prior = prior, seed = 1, chains = 1, draws = 20, warmup = 20, ...)
  }
  formulas <- list(y ~ x + (1 + x + h | b), y ~ x + (1 + x + h || b) + (1 | c),
                   y ~ x + (1 + x + h | b) + (1 | a))
  for (formula in formulas) {
    expect_message(fit <- short(formula), "interweaved sampler runs.*at most eight",
                   class = "relm_message")
    expect_identical(fit$sampling$sampler_run, "interweaved")
    expect_true(all(is.finite(as.matrix(fit))))
    expect_no_message(short(formula, sampler = "interweaved"))
    expect_error(short(formula, sampler = "collapsed"), "at most eight.*interweaved",
                 class = "relm_error")
    expect_true(all(is.finite(posterior_predict(fit, data[1:3, ]))))
    expect_identical(sum(ngrps(fit)), sum(vapply(ranef(fit), nrow, 0L)))
  }
  # Two chains, of which neither has too many.
  expect_no_message(fit <- short(y ~ x + (1 + x + v || b) + (0 + h || c)))
  expect_identical(fit$sampling$sampler_run, "collapsed")
})

test_that("where a step has no mode the interweaved sampler runs, unless the collapsed one was asked for", {
  for (formula in c(y ~ x + (1 | b) + (1 | c), y ~ x + (1 | a / b))) {
    with_relm("tune_at_mode", function(...) NULL, {
      expect_message(fit <- relm(formula, joint_data(), seed = 1, draws = 5, chains = 1),
                     "interweaved sampler runs", class = "relm_message")
      expect_error(relm(formula, joint_data(), sampler = "collapsed"), "no mode.*interweaved",
                   class = "relm_error")
    })
    alike <- relm(formula, joint_data(), seed = 1, draws = 5, chains = 1, sampler = "interweaved")
    expect_identical(as.matrix(fit), as.matrix(alike))
  }
})

test_that("every sampler runs with each family and structure of groupings, or is refused, as the help page says", {
  skip_on_cran()
  data <- augmented_data(30)
  data$y <- data$v
  data$one <- as.numeric(data$v > 0)
  families <- list(gaussian = gaussian(), binomial = binomial(), probit = binomial("probit"),
                   cloglog = binomial("cloglog"), poisson = poisson(),
                   negative_binomial = negative_binomial())
  terms <- list(none = ~ x, one = ~ x + (1 | a), nested = ~ x + (1 | a / b), crossed = ~ x + (1 | a) + (1 | c))
  runs <- function(family, sampler, structure) {
    collapsed <- sampler == "collapsed"
    if (family == "gaussian") !(collapsed && structure == "none")
    else if (collapsed) TRUE
    else family %in% c("binomial", "negative_binomial")
  }
  for (family in names(families)) {
    response <- switch(families[[family]]$family, gaussian = quote(y), binomial = quote(one), quote(k))
    prior <- relm_prior(beta = normal(0, 2), sd = half_normal(1))
    for (structure in names(terms)) {
      formula <- as.formula(call("~", response, terms[[structure]][[2]]))
      for (sampler in samplers_by_name()) {
        fit <- tryCatch(relm(formula, data, family = families[[family]], prior = prior, sampler = sampler,
                             chains = 1, draws = 3, warmup = 2, seed = 1), relm_error = identity)
        label <- paste(family, structure, sampler)
        expect_identical(inherits(fit, "relm"), runs(family, sampler, structure), label = label)
        if (!inherits(fit, "relm")) next
        expect_identical(fit$sampling$sampler_run, sampler, label = label)
        expect_true(all(is.finite(as.matrix(fit))), label = label)
      }
    }
  }
})

test_that("more random columns than a lattice takes have the interweaved sampler where there are weights", {
  data <- transform(augmented_data(60), h = factor(rep_len(1:8, 60)), one = as.numeric(v > 0))
  prior <- relm_prior(beta = normal(0, 2), sd = half_normal(1))
  short <- function(...) {
    relm(one ~ x + (1 + x + h || a), data, prior = prior, seed = 1, chains = 1, draws = 10, warmup = 5, ...)
  }
  expect_message(fit <- short(family = binomial()), "interweaved sampler runs.*at most eight",
                 class = "relm_message")
  expect_identical(fit$sampling$sampler_run, "interweaved")
  expect_error(short(family = binomial(), sampler = "collapsed"), "at most eight", class = "relm_error")
  expect_error(short(family = binomial("probit")), "at most eight", class = "relm_error")
})

# A fit from a file, in a session that did not make it, answers as it does here.

fits <- list(
  stored = relm(y ~ x + (1 + x | g), grouped_data(9), weights = w, chains = 2, draws = 30,
                seed = 1),
  deferred = relm(y ~ x + (1 | g), grouped_data(9), chains = 2, draws = 30, seed = 1,
                  group_draws = FALSE),
  again = relm(y ~ x + (1 | g), grouped_data(9), sigma = ~ f, chains = 2, draws = 30, seed = 1,
               group_draws = "g3"),
  gibbs = relm(y ~ x + (1 | g), grouped_data(9), chains = 2, draws = 30, seed = 1,
               sampler = "centered", group_draws = FALSE),
  line = relm(y ~ x, grouped_data(9), chains = 2, draws = 30, seed = 1),
  crossprods = relm(crossprods(y ~ x + (1 | g), grouped_data(9)), chains = 2, draws = 30, seed = 1)
)

# All that a method says of each fit; an error by its class.
answers_of <- quote({
  library(relm)
  say <- function(code) tryCatch(code, error = function(e) class(e)[1])
  lapply(object, function(fit) list(
    print = capture.output(print(fit)), summary = summary(fit), fixef = fixef(fit),
    ranef = say(ranef(fit, summary = TRUE)), coef = coef(fit), VarCorr = VarCorr(fit),
    sigma = sigma(fit), ngrps = ngrps(fit), nobs = nobs(fit), formula = deparse(formula(fit)),
    terms = say(attr(terms(fit), "term.labels")), frame = say(lapply(model.frame(fit), identity)),
    X = say(model.matrix(fit)), Z = say(model.matrix(fit, "random")), weights = say(weights(fit)),
    priors = prior_summary(fit), effects = say(as.matrix(fit, "^(r|coef)_", regex = TRUE)),
    array = as_draws_array(fit), df = as_draws_df(fit), rvars = as_draws_rvars(fit),
    coda = as.mcmc.list(fit), frame_of_draws = as.data.frame(fit),
    extended = as.matrix(extend(fit, 10)), updated = as.matrix(say(suppressMessages(
      update(fit, sampler = if (length(ngrps(fit))) "interweaved" else NULL))))
  ))
})

test_that("every method answers in another session as in this one", {
  skip_on_cran()
  there <- eval(bquote(in_another_session(fits, .(answers_of))))
  here <- eval(answers_of, list(object = fits))
  for (fit in names(fits)) {
    for (method in names(here[[fit]])) {
      expect_identical(there[[fit]][[method]], here[[fit]][[method]], label = paste(fit, method))
    }
  }
})

test_that("a fit from a file starts another fit and is joined to one", {
  skip_on_cran()
  there <- in_another_session(fits$gibbs, {
    other <- suppressMessages(stats::update(object, seed = 2))
    list(joined = c(object, other),
         started = suppressMessages(stats::update(object, init = object)))
  })
  other <- suppressMessages(update(fits$gibbs, seed = 2))
  expect_identical(as_draws_array(there$joined), as_draws_array(c(fits$gibbs, other)))
  third <- suppressMessages(update(other, seed = 3))
  expect_identical(as_draws_array(c(there$joined, third))[, 3:4, ],
                   as_draws_array(there$joined)[, 3:4, ])
  started <- suppressMessages(update(fits$gibbs, init = fits$gibbs))
  expect_identical(as_draws_array(there$started), as_draws_array(started))
})

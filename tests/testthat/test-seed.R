skip_on_cran()

fit_with <- function(seed, chains = 2, cores = 1, ...) {
  relm(log(mercury) ~ length + (1 + length || station), bass, seed = seed, chains = chains,
       cores = cores, draws = 5, warmup = 2, ...)
}

draws_with <- function(...) unclass(as_draws_array(fit_with(...)))

with_kinds <- function(code) {
  old <- RNGkind()
  on.exit(suppressWarnings(RNGkind(old[1], old[2], old[3])))
  force(code)
}

kinds <- list(
  c("L'Ecuyer-CMRG", "Inversion", "Rejection"), c("Wichmann-Hill", "Inversion", "Rounding"),
  c("Marsaglia-Multicarry", "Ahrens-Dieter", "Rejection"),
  c("Super-Duper", "Kinderman-Ramage", "Rounding"), c("Knuth-TAOCP", "Box-Muller", "Rejection")
)

test_that("a seed gives the same draws for any number of cores", {
  expect_identical(draws_with(7, cores = 2), draws_with(7, cores = 1))
  expect_identical(draws_with(7, chains = 3, cores = 2), draws_with(7, chains = 3))
})

test_that("a seed gives the same draws under any generator, which it leaves as it was", {
  expected <- draws_with(7)
  for (kind in kinds) with_kinds({
    suppressWarnings(RNGkind(kind[1], kind[2], kind[3]))
    set.seed(3)
    before <- .Random.seed
    expect_identical(draws_with(7), expected, label = kind[1])
    expect_identical(draws_with(7, cores = 2), expected, label = kind[1])
    expect_identical(.Random.seed, before, label = kind[1])
    expect_identical(RNGkind(), kind)
  })
})

test_that("different seeds, and different chains, give different draws", {
  draws <- draws_with(7)
  expect_false(any(draws[, 1, ] == draws[, 2, ]))
  expect_false(any(draws == draws_with(8)))
})

test_that("the first chains are the same when more are asked for", {
  expect_identical(draws_with(7, chains = 5)[, 1:2, ], draws_with(7, chains = 2)[, , ])
})

test_that("a fit without a seed takes one from the caller's stream", {
  set.seed(11)
  first <- fit_with(NULL)
  second <- fit_with(NULL)
  after <- .Random.seed
  set.seed(11)
  expect_identical(as_draws_array(fit_with(NULL)), as_draws_array(first))
  expect_identical(as_draws_array(fit_with(NULL)), as_draws_array(second))
  expect_identical(.Random.seed, after)
  expect_false(any(as.matrix(first) == as.matrix(second)))
  expect_identical(as_draws_array(fit_with(first$sampling$seed)), as_draws_array(first))
})

test_that("a stream that is not there is still not there after a fit with a seed", {
  old <- get0(".Random.seed", globalenv(), inherits = FALSE)
  on.exit(if (!is.null(old)) assign(".Random.seed", old, globalenv()))
  with_kinds({
    RNGkind("Wichmann-Hill")
    rm(".Random.seed", envir = globalenv())
    fit_with(7)
    expect_false(exists(".Random.seed", globalenv(), inherits = FALSE))
    expect_identical(RNGkind()[1], "Wichmann-Hill")
  })
})

test_that("an error on a chain's stream gives the caller's stream back", {
  set.seed(5)
  before <- .Random.seed
  expect_error(with_stream(1, stop("broken")), "broken")
  expect_identical(.Random.seed, before)
})

test_that("seeds are whole numbers, of either sign", {
  expect_identical(check_seed(-3), -3L)
  expect_false(identical(draws_with(-3), draws_with(3)))
  for (bad in list(1.5, NA, "1", c(1, 2), 2^31, Inf)) {
    expect_error(check_seed(bad), "`seed`", class = "relm_error")
  }
})

# Draws of a fit and of what is had from them later: effects that were not kept, and predictions.
all_draws <- function(fit, data) {
  new <- data[1:3, ]
  new$g[1] <- "new"
  weights <- if (isTRUE(fit$posterior$sigma_known)) list(weights = c(1, 1, 1))
  list(hyper = fit$sampling$hyper, effects = if (length(ngrps(fit))) ranef(fit),
       predicted = suppressWarnings(do.call(posterior_predict, c(list(
         fit, new, allow_new_levels = TRUE, seed = 4, ndraws = 10), weights))))
}

test_that("a seed gives the same draws on two cores, with threads and after other draws, of every model", {
  data <- every_model_data()
  for (model in every_model()) {
    fit <- function(...) all_draws(fit_every(model, ..., chains = 2, draws = 12, data = data), data)
    expected <- fit(group_draws = FALSE)
    expect_identical(fit(cores = 2, group_draws = FALSE), expected)
    stats::runif(3)
    expect_identical(fit(threads = 2, group_draws = FALSE), expected)
    expect_identical(fit(group_draws = TRUE), expected)
  }
})

test_that("another session, locale and generator has the same draws, and goes on from a file to the same", {
  data <- every_model_data()
  models <- every_model()
  fits <- lapply(models, fit_every, chains = 2, draws = 12, data = data)
  expected <- lapply(fits, function(fit) {
    list(fit = all_draws(fit, data), longer = all_draws(extend(fit, 5), data))
  })
  object <- list(models = models, fits = fits, data = data, fit_every = fit_every, all_draws = all_draws)
  set.seed(1)
  old <- Sys.getenv(c("LC_ALL", "LANGUAGE", "TZ", "OMP_NUM_THREADS"), NA, names = TRUE)
  on.exit({
    Sys.unsetenv(names(old)[is.na(old)])
    do.call(Sys.setenv, as.list(old[!is.na(old)]))
  })
  Sys.setenv(LC_ALL = "C", LANGUAGE = "de", TZ = "Asia/Tokyo", OMP_NUM_THREADS = "1")
  answers <- in_another_session(object, {
    library(relm)
    suppressWarnings(RNGkind("Wichmann-Hill", "Box-Muller", "Rounding"))
    options(OutDec = ",", digits = 3, scipen = -5)
    for (name in c("fit_every", "all_draws")) environment(object[[name]]) <- globalenv()
    Map(function(model, fit) {
      again <- object$fit_every(model, chains = 2, draws = 12, data = object$data)
      list(fit = object$all_draws(again, object$data),
           longer = object$all_draws(extend(fit, 5), object$data))
    }, object$models, object$fits)
  })
  expect_identical(names(answers), names(expected))
  for (name in names(expected)) expect_identical(answers[[name]], expected[[name]], label = name)
})

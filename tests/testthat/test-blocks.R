# Every method of a fit with structured covariances gives what it gives of a fit with a full covariance
# matrix and the same draws, which has been tested against other answers.

skip_on_cran()

# A fit of a structured model, and one of the same rows with full matrices and the structured one's
# draws.
twins <- function(structured, plain, data, ...) {
  fits <- lapply(list(structured, plain), relm, data = data, seed = 1, chains = 2, draws = 30, ...)
  fits[[2]]$sampling$hyper <- fits[[1]]$sampling$hyper
  fits[[2]]$sampling["effects"] <- fits[[1]]$sampling["effects"]
  fits[[2]]$sampling["ends"] <- fits[[1]]$sampling["ends"]
  fits
}

grouped_counts <- function() {
  data <- grouped_data(12)
  data$count <- rep_len(c(0L, 3L, 1L, 0L, 2L), nrow(data))
  data
}

several_counts <- function() {
  data <- several_data(120)
  data$count <- rep_len(c(0L, 3L, 1L, 0L, 2L), nrow(data))
  data
}

proper <- relm_prior(beta = normal(0, 5), sd = half_t(3, 1), sigma = half_t(3, 1))

twin_cases <- list(
  one = function() twins(y ~ x + ar1(1 + x + v | g), y ~ x + (1 + x + v | g), grouped_data()),
  strata = function() {
    twins(y ~ x + cs(1 + x + v | g, hom = TRUE), y ~ x + (1 + x + v | g), grouped_data(), sigma = ~ f)
  },
  nested = function() {
    twins(y ~ x + (1 | a) + cs(1 + x + w | a:b), y ~ x + (1 | a) + (1 + x + w | a:b), several_data())
  },
  crossed = function() {
    twins(y ~ x + (1 | c) + ar1(1 + x + w | a), y ~ x + (1 | c) + (1 + x + w | a), several_data())
  },
  diagonal = function() {
    twins(y ~ x + diag(1 + x + v | g, hom = TRUE), y ~ x + (1 + x + v || g), grouped_data())
  },
  terms = function() {
    twins(y ~ x + cs(1 + x + v | g) + (0 + w | g), y ~ x + (1 + x + v | g) + (0 + w | g), grouped_data())
  },
  poisson = function() {
    twins(count ~ x + ar1(1 + x + v | g), count ~ x + (1 + x + v | g), grouped_counts(),
          family = "poisson", prior = relm_prior(beta = normal(0, 2), sd = half_t(3, 1)))
  },
  dispersed = function() {
    twins(count ~ x + ar1(1 + x + v | g), count ~ x + (1 + x + v | g), grouped_counts(), family = negative_binomial(),
          prior = relm_prior(beta = normal(0, 2), sd = half_t(3, 1), shape = half_normal(1)))
  },
  crossed_counts = function() {
    twins(count ~ x + (1 | c) + cs(1 + x | a, hom = TRUE), count ~ x + (1 | c) + (1 + x | a),
          several_counts(), family = "poisson",
          prior = relm_prior(beta = normal(0, 2), sd = half_t(3, 1)))
  }
)

new_rows <- function(fit) {
  data <- utils::head(as.data.frame(fit$design$frame), 4)
  for (name in intersect(c("g", "a"), names(data))) data[[name]] <- c("new", as.character(data[[name]][-1]))
  data
}

twin_methods <- list(
  summary = function(fit) as.data.frame(summary(fit, c("b_x", "^cor_", "^sd_"), regex = TRUE)),
  VarCorr = function(fit) as.data.frame(VarCorr(fit)),
  covariance = function(fit) VarCorr(fit, summary = FALSE),
  ranef = ranef, coef = coef, fixef = fixef, vcov = vcov, confint = confint, fitted = fitted,
  residuals = function(fit) residuals(fit, type = "pearson"),
  predict = function(fit) predict(fit, seed = 2),
  epred = function(fit) posterior_epred(fit, new_rows(fit), allow_new_levels = TRUE, seed = 3),
  old_levels = function(fit) {
    posterior_epred(fit, new_rows(fit), allow_new_levels = TRUE, seed = 3,
                    sample_new_levels = "old_levels")
  },
  gaussian = function(fit) {
    posterior_predict(fit, new_rows(fit), allow_new_levels = TRUE, seed = 3,
                      sample_new_levels = "gaussian")
  },
  linpred = function(fit) posterior_linpred(fit, draws = 5),
  simulate = function(fit) simulate(fit, 2, seed = 1, use.u = FALSE),
  log_lik = log_lik,
  R2 = function(fit) bayes_R2(fit, summary = FALSE),
  tidy = function(fit) generics::tidy(fit, effects = c("fixed", "ran_pars", "ran_vals")),
  augment = generics::augment,
  draws = function(fit) as.matrix(fit),
  effects = function(fit) as.matrix(fit, "^r_|^coef_", regex = TRUE),
  hypothesis = function(fit) hypothesis(fit, "x > 0")$hypothesis,
  conditional = function(fit) as.data.frame(conditional_effects(fit, "x")[[1]])[, 1:6],
  check = function(fit) pp_check(fit, seed = 1)$data,
  getME = function(fit) getME(fit, "theta"),
  interval = function(fit) posterior_interval(fit)
)

test_that("methods do not mind how a covariance matrix came to be", {
  for (case in names(twin_cases)) {
    fits <- suppressMessages(twin_cases[[case]]())
    for (method in names(twin_methods)) {
      answers <- lapply(fits, function(fit) {
        tryCatch(suppressWarnings(suppressMessages(twin_methods[[method]](fit))), relm_error = conditionMessage)
      })
      expect_equal(answers[[1]], answers[[2]], tolerance = 1e-10, label = paste(case, method),
                   ignore_attr = TRUE)
    }
  }
})

test_that("criteria of rows and groups do not either", {
  for (case in c("one", "nested", "crossed", "poisson")) {
    fits <- suppressMessages(twin_cases[[case]]())
    answers <- lapply(fits, function(fit) {
      suppressWarnings(suppressMessages(list(
        loo(fit)$pointwise, waic(fit)$pointwise,
        if (case != "crossed") loo(fit, by = "group")$pointwise
      )))
    })
    expect_equal(answers[[1]], answers[[2]], tolerance = 1e-8)
  }
})

test_that("structures are the same of a data frame, cross-products and chunks", {
  data <- grouped_data()
  formula <- y ~ x + ar1(1 + x + v | g)
  draw <- function(...) as.matrix(relm(..., seed = 1, draws = 20, chains = 2))
  whole <- draw(formula, data)
  expect_identical(draw(crossprods(formula, data)), whole)
  expect_equal(draw(formula, chunks_of(data, 11)), whole, tolerance = 1e-6)
  skip_if_not_installed("RSQLite")
  # A database has the groups in another order, and so other random numbers for their effects.
  hyper <- seq_len(9)
  expect_equal(draw(formula, sqlite_table(data))[, hyper], whole[, hyper], tolerance = 1e-6)
})

test_that("a structured fit is continued, joined, saved and refitted", {
  data <- grouped_data()
  fit <- relm(y ~ x + cs(1 + x + v | g, hom = TRUE), data, seed = 1, draws = 40, chains = 2)
  short <- relm(y ~ x + cs(1 + x + v | g, hom = TRUE), data, seed = 1, draws = 15, chains = 2)
  expect_identical(as.matrix(extend(short, 25, progress = FALSE)), as.matrix(fit))
  file <- tempfile(fileext = ".rds")
  on.exit(unlink(file))
  saveRDS(fit, file)
  expect_identical(as.matrix(readRDS(file)), as.matrix(fit))
  expect_identical(ndraws(c(fit, update(fit, seed = 2))), 160L)
  again <- update(fit, init = fit, seed = 3)
  expect_identical(dim(as.matrix(again)), dim(as.matrix(fit)))
  expect_identical(as.matrix(refit(fit, data$y)), as.matrix(fit))
})

test_that("many levels of one standard deviation are few coordinates", {
  set.seed(2)
  data <- data.frame(g = rep(1:30, each = 24), visit = factor(rep(1:12, 60)))
  effects <- matrix(rnorm(360), 30) %*% chol(0.6^abs(outer(1:12, 1:12, "-")))
  data$y <- effects[cbind(data$g, as.integer(data$visit))] + rnorm(720, sd = 0.5)
  fit <- relm(y ~ 1 + ar1(0 + visit | g), data, seed = 1)
  drawn <- as.matrix(fit, c("sd_g__visit1", "cor_g__visit1__visit2", "sigma"))
  expect_lt(max(abs(colMeans(drawn) - c(1, 0.6, 0.5)) / apply(drawn, 2, sd)), 4)
  expect_error(relm(y ~ 1 + cs(0 + visit | g), data), "at most eight random columns", class = "relm_error")
  expect_false(grepl("interweaved", tryCatch(relm(y ~ 1 + cs(0 + visit | g), data),
                                             error = conditionMessage)))
})

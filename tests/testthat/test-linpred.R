data <- transform(grouped_data(), f = factor(f))
fit <- relm(y ~ x + f + (1 + x | g) + (0 + v | g), data, seed = 1, chains = 2, draws = 50,
            weights = w)

# X b + Z gamma of each draw, from the draws by name.
by_hand <- function(fit, X, Z = NULL, g = NULL) {
  draws <- as.matrix(fit)
  mean <- draws[, grep("^b_", colnames(draws)), drop = FALSE] %*% t(X)
  for (k in seq_along(colnames(Z))) {
    mean <- mean + draws[, sprintf("r_g[%s,%s]", g, colnames(Z)[k])] *
      rep(Z[, k], each = nrow(draws))
  }
  unname(mean)
}

Z_of <- function(data) cbind(Intercept = 1, x = data$x, v = data$v)

test_that("the mean of the fit's rows is X b + Z gamma in each draw", {
  expected <- by_hand(fit, model.matrix(~ x + f, data), Z_of(data), data$g)
  drawn <- posterior_linpred(fit)
  expect_equal(unname(drawn), expected, tolerance = 1e-12)
  expect_identical(dimnames(drawn), list(NULL, rownames(data)))
  expect_identical(posterior_epred(fit), drawn)
  expect_identical(posterior_linpred(fit, transform = TRUE), drawn)
  expect_identical(posterior_linpred(fit, newdata = data), drawn)
})

test_that("re_formula takes up all, some or no group effects", {
  X <- model.matrix(~ x + f, data)
  none <- by_hand(fit, X)
  for (formula in list(NA, ~ 0)) {
    expect_equal(unname(posterior_epred(fit, re_formula = formula)), none, tolerance = 1e-12)
  }
  some <- function(formula, columns) {
    expect_equal(unname(posterior_epred(fit, re_formula = formula)), tolerance = 1e-12,
                 by_hand(fit, X, Z_of(data)[, columns, drop = FALSE], data$g))
  }
  some(~ (1 | g), "Intercept")
  some(~ (0 + x | g), "x")
  some(~ (0 + v | g) + (1 | g), c("v", "Intercept"))
  some(~ (1 + v || g), c("Intercept", "v"))
  expect_identical(posterior_epred(fit, re.form = ~ (1 | g)),
                   posterior_epred(fit, re_formula = ~ (1 | g)))
})

test_that("a re_formula that the model has not is refused", {
  refused <- function(formula) {
    expect_error(posterior_epred(fit, re_formula = formula), "re_formula", class = "relm_error")
  }
  for (formula in list(~ (1 | f), ~ (0 + f | g), ~ (z | g), ~ x, ~ x + (1 | g), y ~ (1 | g), 3,
                       "NA", ~ (1 | g) + (1 | g))) refused(formula)
  line <- relm(y ~ x, data, seed = 1, chains = 1, draws = 5)
  expect_error(posterior_epred(line, re_formula = ~ (1 | g)), "re_formula", class = "relm_error")
  expect_identical(posterior_epred(line, re_formula = NA), posterior_epred(line))
})

several <- several_data()
nested <- relm(y ~ x + (1 | a) + (1 + x | a:b), several, seed = 1, chains = 2, draws = 50,
               weights = w)
X <- model.matrix(~ x, several)
pairs <- paste0(several$a, ":", several$b)
part_of <- function(number, columns, data = several) {
  list(number = number, group = if (number == 1) data$a else paste0(data$a, ":", data$b),
       Z = cbind("(Intercept)" = 1, x = data$x)[, columns, drop = FALSE])
}

test_that("several groupings add their effects to the mean", {
  all <- list(part_of(1, 1), part_of(2, 1:2))
  expected <- predictor_by_hand(nested, X, all)
  expect_equal(unname(posterior_linpred(nested)), expected, tolerance = 1e-12)
  expect_equal(unname(posterior_linpred(nested, newdata = several)), expected, tolerance = 1e-12)
  rows <- several[c(150, 3, 77, 3), ]
  expect_equal(unname(posterior_linpred(nested, newdata = rows[c("x", "b", "a")])),
               expected[, c(150, 3, 77, 3)], tolerance = 1e-12)
})

test_that("re_formula takes some groupings and leaves others", {
  some <- function(formula, ...) {
    expect_equal(unname(posterior_epred(nested, re_formula = formula)),
                 predictor_by_hand(nested, X, list(...)), tolerance = 1e-12)
  }
  some(NA)
  some(~ 0)
  some(NULL, part_of(1, 1), part_of(2, 1:2))
  some(~ (1 | a), part_of(1, 1))
  some(~ (1 | a:b), part_of(2, 1))
  some(~ (1 | b:a), part_of(2, 1))
  some(~ (0 + x | a:b), part_of(2, 2))
  some(~ (1 + x | a:b), part_of(2, 1:2))
  some(~ (1 | a/b), part_of(1, 1), part_of(2, 1))
  some(~ (0 + x | a:b) + (1 | a), part_of(1, 1), part_of(2, 2))
  for (formula in list(~ (1 | b), ~ (x | a), ~ (x | a/b), ~ (1 | a) + (1 | a))) {
    expect_error(posterior_epred(nested, re_formula = formula), "re_formula", class = "relm_error")
  }
})

test_that("groupings that are left out are not asked of new rows", {
  expect_identical(unname(posterior_epred(nested, several[1:3, c("x", "a")], re_formula = ~ (1 | a))),
                   unname(posterior_epred(nested, re_formula = ~ (1 | a))[, 1:3]))
  expect_error(posterior_epred(nested, several[1:3, c("x", "a")]), "no column.*b",
               class = "relm_error")
})

test_that("blocks of any size, and effects that are had again, give the same predictions", {
  rows <- rbind(several[c(40, 2, 17, 3, 90), ], transform(several[1:3, ], b = c(1, 88, 99)),
                transform(several[1:2, ], a = c("new", "newer")))
  predict_rows <- function(fit) posterior_predict(fit, rows, allow_new_levels = TRUE, seed = 4)
  predicted <- predict_rows(nested)
  deferred <- update(nested, group_draws = FALSE)
  expect_identical(predict_rows(deferred), predicted)
  for (size in c(1, 4000)) {
    expect_identical(with_relm("block_doubles", size, predict_rows(deferred)), predicted)
  }
})

test_that("of crossed groupings effects that were not kept are had again in one run of the chains", {
  formula <- y ~ x + (1 + x | c) + (1 | a/b)
  kept <- relm(formula, several, seed = 1, chains = 2, draws = 50)
  again <- update(kept, group_draws = FALSE)
  runs <- 0
  counted <- function(...) {
    runs <<- runs + 1
    run_again(...)
  }
  run_again <- run_again
  with_relm("run_again", counted, {
    expect_identical(posterior_epred(again), posterior_epred(kept))
  })
  expect_identical(runs, 1)
  rows <- data.frame(x = 0:1, c = c("p", "new"), a = c("zz", "b"), b = c(1, 99))
  expect_identical(posterior_predict(again, rows, allow_new_levels = TRUE, seed = 3),
                   posterior_predict(kept, rows, allow_new_levels = TRUE, seed = 3))
})

test_that("two spellings of one argument are refused together", {
  expect_error(posterior_epred(fit, re_formula = NA, re.form = NA), "re_formula.*re.form",
               class = "relm_error")
  expect_error(posterior_predict(fit, ndraws = 3, draws = 3), "ndraws.*draws",
               class = "relm_error")
})

test_that("draws are chosen by number or spread over the chains", {
  all <- posterior_epred(fit)
  expect_identical(posterior_epred(fit, draw_ids = c(100, 3, 3)), all[c(100, 3, 3), ])
  expect_identical(posterior_epred(fit, ndraws = 4), all[c(1, 34, 67, 100), ])
  expect_identical(posterior_epred(fit, draws = 1), all[1, , drop = FALSE])
  expect_identical(posterior_epred(fit, ndraws = 100), all)
})

test_that("draws that do not exist are refused", {
  expect_error(posterior_epred(fit, ndraws = 101), "at most 100.*101", class = "relm_error")
  expect_error(posterior_epred(fit, ndraws = 0), "`ndraws`", class = "relm_error")
  expect_error(posterior_epred(fit, draw_ids = 101), "from 1 to 100.*101", class = "relm_error")
  expect_error(posterior_epred(fit, draw_ids = 1.5), "`draw_ids`", class = "relm_error")
  expect_error(posterior_epred(fit, draw_ids = integer()), "`draw_ids`", class = "relm_error")
  expect_error(posterior_epred(fit, draw_ids = 1, ndraws = 1), "ndraws.*draw_ids",
               class = "relm_error")
})

test_that("stored and deferred group effects give the same predictions, in blocks of any size", {
  for (sigma in c(~ 1, ~ f)) {
    stored <- relm(y ~ x + (1 + x | g), data, sigma = sigma, seed = 1, chains = 2, draws = 300)
    deferred <- relm(y ~ x + (1 + x | g), data, sigma = sigma, seed = 1, chains = 2, draws = 300,
                     group_draws = FALSE)
    rows <- rbind(data[c(40, 2, 17, 3), ], transform(data[1:2, ], g = c("new", "newer")))
    predicted <- posterior_predict(stored, rows, allow_new_levels = TRUE, seed = 4)
    expect_identical(posterior_predict(deferred, rows, allow_new_levels = TRUE, seed = 4),
                     predicted)
    for (size in c(1, 4000)) {
      in_small_blocks <- with_relm("block_doubles", size, posterior_predict(
        deferred, rows, allow_new_levels = TRUE, seed = 4))
      expect_identical(in_small_blocks, predicted)
    }
  }
})

test_that("more draws than memory holds are refused before they are made", {
  skip_if(is.na(free_memory()))
  expect_error(check_draws_memory(4000, 1e10), "320 TB.*free.*ndraws", class = "relm_error")
  expect_silent(check_draws_memory(4000, 1e4))
})

test_that("a prediction that is stopped leaves the generator after what it drew", {
  n_rows <- 20000
  n_draws <- 1000
  predictor <- list(X = matrix(1, n_rows, 1), beta = matrix(0, n_draws, 1), random = list(),
                    offset = NULL)
  noise <- list(family = "gaussian", scale = matrix(1, n_draws, 1), stratum = NULL, size = NULL,
                variates = NULL)
  on.exit(setTimeLimit())
  # The time that is left is over before the first question whether to stop. NULL where R itself
  # came to that first.
  stopped_draws <- function() {
    values <- matrix(0, n_draws, n_rows)
    columns <- seq_len(n_rows) - 1L
    set.seed(1)
    finished <- tryCatch({
      setTimeLimit(elapsed = 1e-3, transient = TRUE)
      .Call(ffi_fill_predictor, values, columns, predictor, noise)
    }, error = function(e) NULL)
    setTimeLimit()
    if (!is.null(finished)) list(finished = finished, values = values, seed = .Random.seed)
  }
  for (attempt in 1:5) {
    said <- utils::capture.output(saw <- with_stream(1, stopped_draws()), type = "message")
    if (!is.null(saw)) break
  }

  expect_false(saw$finished)
  n_filled <- sum(saw$values[1, ] != 0)
  expect_gt(n_filled, 0)
  expect_lt(n_filled, n_rows)
  with_stream(1, {
    expect_identical(saw$values[, seq_len(n_filled)],
                     matrix(rnorm(n_draws * n_filled), n_draws))
    expect_identical(saw$seed, .Random.seed)
  })
})

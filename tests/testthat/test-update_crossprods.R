# Rows that are added and removed, against cross-products that never had them.

d <- grouped_data(40)
set.seed(6)
d$h <- rep_len(c("u", "v", "w", "z", "y"), nrow(d))
d$one <- as.numeric(d$y > 1)
d$count <- rpois(nrow(d), exp(pmin(d$y, 2) / 2))
d$times <- 1L + rpois(nrow(d), 1)
# Some rows of some groups, and all of others.
out <- d$g %in% c("g3", "g17") | seq_len(nrow(d)) %in% c(20, 51, 52, 130, 200)
large <- ave(d$y, d$g, FUN = length) > 4

without_rest <- function(x) {
  x$cells$rest <- NULL
  x
}

expect_removes <- function(formula, ..., data = d, from = out) {
  of <- function(rows) crossprods(formula, data[rows, ], ...)
  left <- update(of(rep(TRUE, nrow(data))), remove = of(from))
  expect_same_crossprods(left, without_rest(of(!from)))
  invisible(left)
}

test_that("what is left is what never had the rows", {
  expect_removes(y ~ x + f + (1 | g))
  expect_removes(y ~ x)
  expect_removes(y ~ x + v + (1 | g), by_group = TRUE)
  expect_removes(y ~ x + (1 | g) + (1 | h), weights = w)
  expect_removes(y ~ x + (1 | g), sigma = ~ f, weights = w, offset = v)
  expect_removes(y ~ x + (1 + x | g), data = d[large, ], from = (out & seq_len(nrow(d)) != 20)[large])
  expect_removes(y ~ 0 + x + f + (1 | h))
  expect_removes(y ~ x + ar1(1 + x + v | g))
  expect_removes(y ~ x + (1 | g), sigma = ~ known(w))
  expect_removes(y ~ x + (1 | g), sigma = ~ f, weights = w, family = student())
})

test_that("so it is of other families", {
  expect_removes(one ~ x + f + (1 | g), family = binomial())
  expect_removes(count ~ x + (1 | g), family = poisson(), weights = times, offset = v)
  expect_removes(count ~ 1 + (1 | g) + (1 | h), family = negative_binomial())
})

test_that("draws after rows were added and removed are those without", {
  formula <- y ~ x + f + (1 + x | g)
  few <- function(x) suppressMessages(relm(x, chains = 2, draws = 50, seed = 2))
  without <- crossprods(formula, chunks_of(d[!out, ], 50), levels = list(f = c("a", "b", "c")))
  both <- update(without, add = d[out, ])
  expect_identical(both$n_rows, nrow(d) + 0)
  expect_identical(tail(both$groupings[[1]]$groups, 2), unique(d$g[d$g %in% c("g3", "g17")]))
  back <- update(both, remove = d[out, ])
  expect_same_crossprods(back, without_rest(without))
  expect_identical(back$schema$known$group$labels, without$schema$known$group$labels)
  expect_same_draws(few(back), few(without), tolerance = 1e-6)
  new <- d[!out, ][c(3, 99), ]
  expect_equal(posterior_epred(few(back), new), posterior_epred(few(without), new), tolerance = 1e-6)
  expect_error(posterior_epred(few(back), d[d$g == "g3", ]), "\"g3\"", class = "relm_error")
  expect_same_crossprods(update(without, add = chunks_of(d[out, ], 3), remove = chunks_of(d[out, ], 4)),
                         without_rest(without))
  # One row, or rows of one response, are a part like any other.
  expect_identical(update(without, add = d[out, ][1, ])$n_rows, without$n_rows + 1)
})

test_that("weights and offsets of rows are read as those before", {
  all <- crossprods(y ~ x + (1 | g), chunks_of(d, 50), weights = w, offset = v)
  left <- update(all, remove = d[out, ])
  expect_same_crossprods(left, without_rest(crossprods(y ~ x + (1 | g), d[!out, ], weights = w,
                                                        offset = v)))
})

test_that("a removal that would lose digits is refused", {
  formula <- y ~ x + (1 | g)
  far <- transform(d, x = replace(x, 100, 1e5))
  all <- crossprods(formula, far)
  expect_error(update(all, remove = crossprods(formula, far[100, ])), "lose too many digits.*`x`",
               class = "relm_error")
  near <- transform(d, x = replace(x, 100, 300))
  left <- update(crossprods(formula, near), remove = crossprods(formula, near[100, ]))
  expect_same_crossprods(left, without_rest(crossprods(formula, near[-100, ])), tolerance = 1e-9)
  # A slope that one row is left for.
  formula <- y ~ x + (1 + x | g)
  small <- which(d$g == d$g[1])
  expect_error(update(crossprods(formula, d), remove = crossprods(formula, d[small[-1], ])),
               "lose too many digits", class = "relm_error")
})

test_that("rows that are not there are refused", {
  formula <- y ~ x + (1 | g)
  some <- crossprods(formula, d[!out, ])
  absent <- function(rows, pattern) {
    expect_error(update(some, remove = crossprods(formula, rows)), pattern, class = "relm_error")
  }
  absent(d[out, ], "rows of \"g[0-9]+\" in g")
  absent(rbind(d[!out, ], d[!out, ]), "more rows of a group")
  absent(transform(d[1, ], y = 100 * y), "more of a column's square")
  first <- d[d$g == d$g[1], ]
  absent(transform(first, y = y + 1), "other rows in a group")
  counts <- crossprods(one ~ x + (1 | g), d, family = binomial())
  expect_error(update(counts, remove = crossprods(one ~ x + (1 | g), transform(d, one = 1 - one)[1:20, ],
                                                  family = binomial())), "other responses",
               class = "relm_error")
  expect_error(update(some, remove = some), "No rows would be left", class = "relm_error")
  expect_error(update(some, remove = crossprods(y ~ v + (1 | g), d)), "differ in their fixed",
               class = "relm_error")
  expect_error(update(some, add = d), "of a data frame", class = "relm_error")
  expect_error(update(some, add = 3), "a data frame or a source", class = "relm_error")
  expect_error(update(some, subtract = d), "no argument `subtract`", class = "relm_error")
})

test_that("hyperbolic reflections take out rows in extended precision, too", {
  skip_if_not_installed("Rmpfr")
  set.seed(7)
  rows <- matrix(rnorm(60), 12)
  R <- qr.R(qr(rows))
  R <- R * sign(diag(R))
  from <- 9:12
  removed <- .Call(ffi_remove_rows, array(rows[from, ], c(4, 5, 1)), 0L, 0L,
                   array(R[1:2, ], c(2, 5, 1)), array(R[3:5, 3:5], c(3, 3, 1)), numeric(3), 1e-6)
  left <- rbind(removed$cells[, , 1], cbind(matrix(0, 3, 2), removed$strata[, , 1]))
  exact <- Rmpfr::mpfr(rows[-from, ], 300)
  products <- as.matrix(Rmpfr::asNumeric(t(exact) %*% exact))
  expect_equal(crossprod(left), products, tolerance = 1e-13)
  expect_identical(left[lower.tri(left)], numeric(10))
  expect_true(all(diag(left) > 0))
})

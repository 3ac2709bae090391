# The target of a chain of groupings, of a step of a scan, and of crossed groupings in one step, against an n x n evaluation in 300-bit
# arithmetic, as test-target-precision.R has it of one grouping: up to standard deviations a million
# times sigma's, next to zero, and with effects all but collinear. Densities are compared with that at
# relative standard deviations of 1.

skip_on_cran()
skip_if_not_installed("Rmpfr")

# The coordinate at which a relative standard deviation is lambda; one at which a correlation is
# sqrt(1 - secant^2).
at_sd <- function(lambda, scale) asinh(lambda / scale)
at_secant <- function(secant) acosh(1 / secant)

# The relative covariance factors of a step's groupings at a point, leaf first, each a list of rows.
# A row of a block is that of its partial correlations, z = tanh(x): z_1, s_1 z_2, ..., s_1 s_2 ...,
# s = 1 / cosh(x).
mp_factors <- function(point, model, tuning) {
  lambda <- mp(tuning$scale) * sinh(mp(point[seq_along(tuning$scale)]))
  x <- mp(point[-seq_along(tuning$scale)])
  used <- first <- 0
  lapply(groupings_of_step(model, tuning$step), function(grouping) {
    L <- rep(list(mp(numeric(grouping$n_random))), grouping$n_random)
    for (block in grouping$blocks) {
      for (r in seq_len(block$size)) {
        rest <- lambda[first + block$first + r]
        for (k in seq_len(r - 1)) {
          used <<- used + 1
          L[[block$first + r]][block$first + k] <- rest * tanh(x[used])
          rest <- rest / cosh(x[used])
        }
        L[[block$first + r]][block$first + r] <- rest
      }
    }
    first <<- first + grouping$n_random
    L
  })
}

# What a design has of grouping g: the columns of Z, and the group of each row.
rows_of_grouping <- function(posterior, g, rows) {
  factor <- factors_of(posterior$design)[[grouping_part(g)]]
  grouping <- posterior$groupings[[g]]
  list(Z = rows$Z[, grouping$random$place, drop = FALSE],
       group = match(factor$labels, grouping$groups)[factor$code])
}

# log p(L | y less effects) of the groupings `numbers`; effects: by grouping, 0 for none.
mp_log_marginal <- function(posterior, numbers, L, effects = NULL) {
  rows <- rows_of(posterior$design)
  n <- length(rows$y)
  w <- if (is.null(rows$weights)) rep(1, n) else rows$weights
  y <- mp(rows$y)
  for (g in setdiff(seq_along(effects), numbers)) {
    own <- rows_of_grouping(posterior, g, rows)
    for (k in seq_len(ncol(own$Z))) y <- y - mp(own$Z[, k]) * mp(effects[[g]][k, own$group])
  }
  levels <- Map(function(g, factor) {
    own <- rows_of_grouping(posterior, g, rows)
    list(group = own$group, A = lapply(seq_along(factor), function(k) {
      Reduce(`+`, lapply(seq_along(factor), function(r) mp(own$Z[, r]) * factor[[r]][k]))
    }))
  }, numbers, L)
  B <- c(lapply(seq_len(ncol(rows$X)), function(k) mp(rows$X[, k])), list(y))
  whitened <- mp_factor(lapply(seq_len(n), function(i) {
    v <- mp(replace(numeric(n), i, 1)) / mp(w)
    for (level in levels) {
      for (a in level$A) v <- v + (level$group == level$group[i]) * a[i] * a
    }
    do.call(c, c(list(v), lapply(B, `[`, i)))
  }))
  log_det <- 2 * Reduce(`+`, lapply(seq_len(n), function(i) log(whitened[[i]][i])))
  columns <- lapply(n + seq_along(B), function(k) do.call(c, lapply(whitened, `[`, k)))
  root <- mp_factor(lapply(seq_along(B), function(k) {
    do.call(c, lapply(columns, function(column) sum(column * columns[[k]])))
  }))
  p <- length(B) - 1
  q <- sum(lengths(L))
  on_diagonal <- lapply(seq_along(B), function(k) log(root[[k]][k]))
  as.numeric(-log_det / 2 - Reduce(`+`, on_diagonal[seq_len(p)]) - (n - p - q) * on_diagonal[[p + 1]])
}

# 18 rows: leaves `b` of one to four rows in four `a`, these in three `top`, and `c` across.
uneven_chain <- function() {
  set.seed(31)
  b <- rep(1:8, c(1, 1, 4, 3, 2, 1, 3, 3))
  a <- c(1, 1, 1, 2, 2, 3, 4, 4)[b]
  x <- rnorm(18, 2)
  c <- rep_len(c(1:4, 2, 1, 3), 18)
  data.frame(a, b, x, c, top = c(1, 2, 2, 3)[a], w = runif(18, 0.3, 3),
             y = 3 + x + rnorm(4)[a] + rnorm(8)[b] + rnorm(8)[b] * x / 2 + rnorm(18))
}

# Points of a step, a column each: rows of `lambda`, and secants of the correlations.
points_at <- function(lambda, tuning, secants = rep(0.6, length(tuning$center) - length(tuning$scale))) {
  rbind(at_sd(t(lambda), tuning$scale), matrix(at_secant(secants), length(secants), nrow(lambda)))
}

expect_precise_step <- function(posterior, lambda, secants = NULL, step = 0L, effects = NULL,
                                tolerance = 1e-6, model = model_of(posterior)) {
  scales <- scales_of(model)
  tunings <- lapply(seq_along(model$steps), function(s) {
    tune_at_mode(model, scales, "integrated", step = s - 1L)
  })
  model <- with_tuning(model, tunings)
  tuning <- tunings[[step + 1L]]
  q <- length(tuning$scale)
  if (is.null(secants)) secants <- rep(0.6, length(tuning$center) - q)
  points <- cbind(points_at(matrix(1, 1, q), tuning),
                  points_at(matrix(lambda, ncol = q, byrow = TRUE), tuning, secants))
  numbers <- numbers_of_step(model, step)
  ours <- if (is.null(effects)) log_density_at(model, tuning, points, 1)
    else log_density_beside(model, step, points, 1, effects)
  exact <- apply(points, 2, function(point) {
    mp_log_marginal(posterior, numbers, mp_factors(point, model, tuning), effects) +
      sum(log(cosh(point[seq_len(q)])))
  })
  # LKJ(1)'s density in the coordinates, which tanh() would lose.
  z <- points[-seq_len(q), , drop = FALSE]
  jacobian <- -colSums(2 * log(cosh(z)))
  off <- ours - exact - jacobian
  expect_lt(max(abs(off - off[1])), tolerance)
}

grid_of <- function(...) as.numeric(t(as.matrix(expand.grid(...))))

test_that("the target of a chain of two is precise", {
  data <- uneven_chain()
  expect_precise_step(posterior_of(y ~ x + (1 | a) + (1 | b), data),
                      grid_of(c(0, 1e3, 1e6), c(1e-6, 1e6)))
  weighted <- posterior_of(y ~ x + (1 | a) + (0 + x | b), data, weights = w)
  expect_precise_step(weighted, grid_of(c(1e-6, 1e6), c(1e-3, 1e6)))
})

test_that("it is with slopes in the leaf and in the root, all but collinear", {
  data <- uneven_chain()
  leaf <- posterior_of(y ~ x + (1 | a) + (1 + x | b), data)
  root <- posterior_of(y ~ x + (1 + x | a) + (1 | b), data)
  for (secant in c(1e-3, 1e-6)) {
    expect_precise_step(leaf, c(1, 1, 1, 1e3, 1e3, 1e3, 1e6, 1, 1e6), secant)
    expect_precise_step(root, c(1, 1, 1, 1e6, 1, 1, 1e6, 1e6, 1e6), secant)
  }
})

test_that("the target of a chain of three is precise", {
  three <- posterior_of(y ~ x + (1 | top) + (1 | a) + (1 | b), uneven_chain())
  expect_precise_step(three, c(0, 1e6, 1, 1e6, 1e-6, 1e6, 1e6, 1e3, 0, 1e6, 1e6, 1e6))
})

# Effects of all groupings of this size.
any_effects <- function(posterior, size) {
  set.seed(8)
  lapply(posterior$groupings, function(grouping) {
    matrix(size * rnorm(nrow(grouping$random) * length(grouping$groups)), nrow(grouping$random))
  })
}

test_that("a step of a scan is precise, whatever it takes off y", {
  posterior <- posterior_of(y ~ x + (1 | a) + (1 | b) + (1 + x | c), uneven_chain())
  expect_precise_step(posterior, grid_of(c(0, 1e6), c(1e-6, 1e3)), step = 0L,
                      effects = any_effects(posterior, 1))
  expect_precise_step(posterior, c(1e-6, 1, 1, 1e6, 1e6, 1e6), 1e-3, step = 1L,
                      effects = any_effects(posterior, 1e3))
})

test_that("a step is precise where the others' effects are nearly all of y", {
  data <- uneven_chain()
  shift <- 1e4 * c(1, -2, 0.3, 0.7)
  data$y <- data$y + shift[data$c]
  posterior <- posterior_of(y ~ x + (1 | b) + (1 | c), data)
  effects <- any_effects(posterior, 1)
  effects[[2]] <- matrix(shift[as.integer(posterior$groupings[[2]]$groups)], 1)
  expect_precise_step(posterior, c(0, 1e-6, 1e3, 1e6), step = 0L, effects = effects)
})

test_that("crossed groupings in one step are precise", {
  data <- uneven_chain()
  crossed <- posterior_of(y ~ x + (1 | b) + (1 | c), data, weights = w)
  expect_precise_step(crossed, grid_of(c(0, 1e6), c(1e-6, 1e6)), model = merged_model_of(crossed))
  three <- posterior_of(y ~ x + (1 | a) + (1 | b) + (1 | c), data)
  expect_precise_step(three, c(1e-6, 1e6, 1e6, 1e6, 1e6, 1e6), model = merged_model_of(three))
  slopes <- posterior_of(y ~ x + (1 | b) + (1 + x | c), data)
  expect_precise_step(slopes, c(1e3, 1e3, 1e3, 1e6, 1, 1e6), 1e-6, model = merged_model_of(slopes))
})

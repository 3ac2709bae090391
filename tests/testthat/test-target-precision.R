# The marginal of the relative covariance factor L against an n x n evaluation in 300-bit
# arithmetic: up to standard deviations a million times sigma's, and with effects all but
# collinear. With [X y] in the coordinates of theta, V = W^-1 + Z L L'Z' and R the upper
# Cholesky factor of [X y]'V^-1 [X y], whose last element is r,
#   log p(L | y) = -log|V W|/2 - log|R_X| - (n - p - q)/2 log(r^2/2).

skip_on_cran()

skip_if_not_installed("Rmpfr")

# log|U| and U'^-1 B of a group's V and B, a list of columns.
mp_whiten_group <- function(Z, L, w, B) {
  n <- nrow(Z)
  A <- lapply(seq_len(ncol(L)), function(k) {
    Reduce(`+`, lapply(seq_len(nrow(L)), function(r) mp(Z[, r]) * L[r, k]))
  })
  variance <- 1 / mp(w)
  rows <- mp_factor(lapply(seq_len(n), function(i) {
    v <- Reduce(`+`, lapply(A, function(a) a[i] * a))
    v[i] <- v[i] + variance[i]
    do.call(c, c(list(v), lapply(B, `[`, i)))
  }))
  list(log_det = Reduce(`+`, lapply(seq_len(n), function(i) log(rows[[i]][i]))),
       B = lapply(n + seq_along(B), function(k) do.call(c, lapply(rows, `[`, k))))
}

# X and y of the coordinates, lists of columns.
mp_columns <- function(rows, model) {
  X <- rows$X
  to_beta <- matrix(model$to_beta, ncol(X))
  combine <- function(by) {
    Reduce(`+`, lapply(seq_len(ncol(X)), function(k) mp(X[, k]) * by[k]))
  }
  c(lapply(seq_len(ncol(X)), function(k) combine(to_beta[, k])),
    list(mp(rows$y) - combine(model$beta_shift)))
}

mp_marginal <- function(posterior, model, L) {
  rows <- replay_data(posterior)
  B <- mp_columns(rows, model)
  groups <- lapply(split(seq_along(rows$y), rows$group), function(i) {
    mp_whiten_group(rows$Z[i, , drop = FALSE], L, rows$w[i], lapply(B, `[`, i))
  })
  n_columns <- length(B)
  whitened <- lapply(seq_len(n_columns), function(k) {
    do.call(c, lapply(unname(groups), function(group) group$B[[k]]))
  })
  root <- mp_factor(lapply(seq_len(n_columns), function(k) {
    do.call(c, lapply(whitened, function(column) sum(column * whitened[[k]])))
  }))
  log_det <- 2 * Reduce(`+`, lapply(groups, `[[`, "log_det")) + sum(log(mp(rows$w)))
  p <- n_columns - 1
  r <- root[[n_columns]][n_columns]
  log_R <- Reduce(`+`, lapply(seq_len(p), function(k) log(root[[k]][k])), mp(0))
  df <- length(rows$y) - p - nrow(L)
  list(log_det = as.numeric(log_det),
       root = t(vapply(root, as.numeric, numeric(n_columns))),
       log_density = as.numeric(-log_det / 2 - log_R - df * log(r^2 / 2) / 2))
}

# Errors of log_det and log_density, and of the root's elements relative to their columns.
marginal_errors <- function(posterior, L) {
  model <- model_of(posterior)
  ours <- marginal_at(model, L)
  exact <- mp_marginal(posterior, model, L)
  upper <- function(x) x * upper.tri(x, diag = TRUE)
  sizes <- sqrt(colSums(upper(exact$root)^2))
  c(log_det = abs(ours$log_det - exact$log_det),
    log_density = abs(ours$log_density - exact$log_density),
    root = max(abs(upper(ours$root) - upper(exact$root)) %*% diag(1 / sizes)),
    r = abs(ours$root[length(sizes)^2] / exact$root[length(sizes)^2] - 1))
}

# 30 rows in groups of one to six.
uneven_data <- function() {
  set.seed(21)
  g <- rep(letters[1:10], c(1, 1, 1, 2, 3, 3, 4, 4, 5, 6))
  x <- rnorm(30, 2)
  data.frame(g, x, w = runif(30, 0.3, 3),
             y = 3 + x + rnorm(10)[factor(g)] + rnorm(10)[factor(g)] * x + rnorm(30))
}

expect_precise <- function(posterior, L) {
  elements <- signif(L[lower.tri(L, diag = TRUE)], 3)
  expect_lt(max(marginal_errors(posterior, L)), 1e-6,
            label = paste0("error at L = (", paste(elements, collapse = ", "), ")"))
}

test_that("the target is precise for one random column", {
  data <- uneven_data()
  intercepts <- posterior_of(y ~ x + (1 | g), data)
  for (lambda in c(0, 1e-3, 1, 1e3, 1e6)) expect_precise(intercepts, matrix(lambda))
  # An intercept and its slope far from orthogonal, of which V takes one.
  slopes <- posterior_of(y ~ x + (0 + x | g), data, weights = w)
  for (lambda in c(1, 1e3, 1e6)) expect_precise(slopes, matrix(lambda))
})

test_that("the target is precise for two random columns of any sizes", {
  posterior <- posterior_of(y ~ x + (1 + x || g), uneven_data())
  for (lambda in list(c(1e6, 1e6), c(1e6, 1), c(1, 1e6), c(1e6, 1e-6))) {
    expect_precise(posterior, diag(lambda))
  }
})

test_that("the target is precise for two random columns that are all but collinear", {
  posterior <- posterior_of(y ~ x + (1 + x | g), uneven_data())
  # rho = sqrt(1 - secant^2), about 1 - secant^2 / 2.
  at <- function(lambda, secant) {
    matrix(c(lambda[1], lambda[2] * sqrt(1 - secant^2), 0, lambda[2] * secant), 2)
  }
  expect_precise(posterior, at(c(1, 1), 1e-9))
  expect_precise(posterior, at(c(1e3, 1e3), 1e-6))
  expect_precise(posterior, at(c(1e6, 1e6), 0.1))
  expect_precise(posterior, at(c(1e6, 1e6), 1e-6))
  expect_precise(posterior, at(c(1e6, -1), 1e-3))
  expect_precise(posterior, at(c(1, 1e6), 1e-3))
})

test_that("the target is precise for three and four random columns", {
  data <- uneven_data()
  data$v <- rnorm(30)
  data$u <- rnorm(30, 1)
  three <- posterior_of(y ~ x + (1 + x + v | g), data)
  four <- posterior_of(y ~ x + (1 + x + v + u | g), data, weights = w)
  unit <- matrix(c(1, 0.5, -0.3, 0.2, 0, 0.8, 0.6, -0.4, 0, 0, 0.7, 0.3, 0, 0, 0, 0.9), 4)
  # At 30 some groups of a block have large factors and others have not.
  for (size in c(1e-3, 1, 30, 1e3, 1e6)) {
    expect_precise(three, size * unit[1:3, 1:3])
    expect_precise(four, size * unit)
  }
  expect_precise(three, diag(c(1e6, 1, 1e-6)))
  expect_precise(four, diag(c(1e-6, 1e6, 1, 1e3)))
  # Columns that are all but collinear.
  unit[3, 3] <- 1e-6
  expect_precise(three, 1e3 * unit[1:3, 1:3])
})

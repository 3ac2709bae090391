data <- several_data(120)
formula <- y ~ x + (1 | a) + (1 + x | a:b)
fit <- relm(formula, data, seed = 1, chains = 2, draws = 20, weights = w)
n <- nrow(data)
some_draws <- c(1, 7, 33)

test_that("rows given all data, and left out of them, are those of the dense covariance", {
  moments <- row_moments(fit)
  left_out <- moments(1:n, TRUE)
  given <- moments(1:n, FALSE)
  for (draw in some_draws) {
    dense <- dense_nested(fit, data, draw)
    inverse <- solve(dense$V)
    weighed <- as.numeric(inverse %*% dense$e)
    expect_equal(left_out$mean[draw, ], data$y - weighed / diag(inverse), tolerance = 1e-10)
    expect_equal(left_out$sd[draw, ], 1 / sqrt(diag(inverse)), tolerance = 1e-10)
    expect_equal(given$mean[draw, ], data$y - dense$e + as.numeric(dense$S %*% weighed),
                 tolerance = 1e-10)
    variance <- diag(dense$V - dense$S %*% inverse %*% dense$S)
    expect_equal(given$sd[draw, ], sqrt(variance), tolerance = 1e-10)
  }
  # Any rows in any order.
  expect_equal(moments(c(90, 3, 77), TRUE), lapply(left_out, function(part) {
    if (is.matrix(part)) part[, c(90, 3, 77)] else part[c(90, 3, 77)]
  }))
})

test_that("it does not matter which grouping the formula names first", {
  fit <- relm(y ~ x + (1 + x | a:b) + (1 | a), data, seed = 1, chains = 2, draws = 20, weights = w)
  left_out <- row_moments(fit)(1:n, TRUE)
  dense <- dense_nested(fit, data, 33)
  inverse <- solve(dense$V)
  expect_equal(left_out$mean[33, ],
               data$y - as.numeric(inverse %*% dense$e) / diag(inverse), tolerance = 1e-10)
  expect_equal(left_out$sd[33, ], 1 / sqrt(diag(inverse)), tolerance = 1e-10)
})

test_that("a whole group of the root has the density of its rows", {
  dense <- function(data, draw, a) {
    own <- data[data$a == a, ]
    at <- dense_nested(fit, own, draw)
    log_normal(at$e, 0, at$V)
  }
  expect_dense <- function(ours, data) {
    expect_identical(colnames(ours), sort(unique(data$a)))
    theirs <- vapply(colnames(ours), function(a) {
      vapply(some_draws, function(draw) dense(data, draw, a), 0)
    }, some_draws)
    expect_equal(unname(ours[some_draws, ]), unname(theirs), tolerance = 1e-10)
  }
  ours <- log_lik(fit, by = "group")
  expect_dense(ours, data)
  expect_identical(log_lik(fit, by = "group", grouping = "a"), ours)
  new <- transform(several_data(40, seed = 8), a = ifelse(a == "c", "new", a), b = b + 2)
  expect_dense(log_lik(fit, new, by = "group"), new)
  from_products <- fit
  from_products$posterior <- relm_posterior(crossprods(relm_design(formula, data, weights = w),
                                                       by_group = TRUE))
  from_products["design"] <- list(NULL)
  expect_equal(log_lik(from_products, by = "group"), ours, tolerance = 1e-10)
})

test_that("groups that share effects with others have no density of their own", {
  for (of in list(log_lik, loo, waic)) {
    expect_error(of(fit, by = "group", grouping = "a:b"), 'grouping = "a".*kfold.*group = "a:b"',
                 class = "relm_error")
    expect_error(of(fit, by = "group", grouping = "c"), '"a" and "a:b"', class = "relm_error")
    expect_error(of(fit, grouping = "a"), 'by = "group"', class = "relm_error")
  }
})

test_that("rows that a fit has not had are given the groups that it has", {
  # A pair, a group of `a` with all of its pairs, and single rows.
  for (out in list(which(data$a == "b" & data$b == 1), which(data$a == "c"), c(4, 50, 100))) {
    without <- fit_without(fit, out, "these rows", 3L)
    ours <- left_out_rows(without, fit, out)
    for (draw in some_draws) {
      dense <- dense_nested(without, data, draw)
      weight <- dense$V[out, -out] %*% solve(dense$V[-out, -out])
      mean <- as.numeric(weight %*% dense$e[-out])
      variance <- diag(dense$V[out, out] - weight %*% dense$V[-out, out])
      expect_equal(ours[draw, ], dnorm(dense$e[out], mean, sqrt(variance), log = TRUE),
                   tolerance = 1e-10)
    }
  }
})

test_that("where left-out rows break a nesting, their effects are those that are drawn", {
  broken <- transform(data, b = paste(a, b))
  broken$a[5] <- if (data$a[5] == "a") "b" else "a"
  fit <- suppressMessages(relm(y ~ x + (1 | a) + (1 | b), transform(broken, a = data$a), seed = 1,
                               chains = 2, draws = 20))
  whole <- fit
  whole$design <- relm_design(y ~ x + (1 | a) + (1 | b), broken)
  ours <- left_out_rows(fit, whole, 5)[, 1]
  mean <- predictor_by_hand(fit, cbind(1, broken$x[5]),
                            list(list(number = 1, group = broken$a[5], Z = cbind("(Intercept)" = 1)),
                                 list(number = 2, group = broken$b[5], Z = cbind("(Intercept)" = 1))))
  expect_equal(ours, dnorm(broken$y[5], mean[, 1], as.matrix(fit, "sigma")[, 1], log = TRUE),
               tolerance = 1e-10)
})

test_that("given the effects of other groupings, those of a chain are integrated out", {
  # One of the groupings of a chain as if it were beside it: its effects are given.
  model <- model_of(fit$posterior)
  given <- all_hyper(fit)
  cells <- chain_of_fit(fit$posterior, model, 2L)
  rows <- rows_of_fit(fit$design, fit$posterior, 1:n)
  groups <- groups_of_rows(fit$design, fit$posterior, 1:n)
  rows$group <- place_rows(groups, 2L, cells)
  order <- order(rows$group[, 1])
  rows <- part_of_rows(rows, order)
  cells$others <- others_of_rows(readers_of(fit, 1L), 1L, groups[order, ], cells, rows$group)
  ours <- nested_row_moments(model, cells, given, rows, TRUE)
  effects <- effects_of_grouping(fit, 1)
  for (draw in some_draws) {
    dense <- dense_nested(fit, data, draw)
    h <- as.matrix(fit)[draw, ]
    given_a <- effects[draw, 1, data$a]
    V <- dense$V - outer(data$a, data$a, "==") * h[["sd_a__Intercept"]]^2
    inverse <- solve(V)
    mean <- data$y - as.numeric(inverse %*% (dense$e - given_a)) / diag(inverse)
    expect_equal(ours$mean[draw, ], mean[order], tolerance = 1e-10)
    expect_equal(ours$sd[draw, ], 1 / sqrt(diag(inverse))[order], tolerance = 1e-10)
  }
})

test_that("of a chain and a grouping crossed with it, the chain is integrated out", {
  fit <- relm(y ~ x + (1 + x | c) + (1 | a/b), data, seed = 1, chains = 2, draws = 20)
  left_out <- row_moments(fit)(1:n, TRUE)
  effects <- effects_of_grouping(fit, 1)
  X <- cbind(1, data$x)
  alike <- function(group) outer(group, group, "==")
  for (draw in some_draws) {
    h <- as.matrix(fit)[draw, ]
    V <- alike(data$a) * h[["sd_a__Intercept"]]^2 +
      alike(paste(data$a, data$b)) * h[["sd_a:b__Intercept"]]^2 + diag(h[["sigma"]]^2, n)
    mean <- as.numeric(X %*% h[c("b_Intercept", "b_x")]) + rowSums(X * t(effects[draw, , data$c]))
    inverse <- solve(V)
    expect_equal(left_out$mean[draw, ],
                 data$y - as.numeric(inverse %*% (data$y - mean)) / diag(inverse),
                 tolerance = 1e-10)
    expect_equal(left_out$sd[draw, ], 1 / sqrt(diag(inverse)), tolerance = 1e-10)
  }
  # Without rows: a group of c that no other row has, and one of the pairs.
  out <- which(data$c == "q")
  without <- fit_without(fit, out, "q", 3L)
  ours <- left_out_rows(without, fit, out)
  known <- setdiff(seq_len(n), out)
  effects <- effects_of_grouping(without, 1)
  for (draw in some_draws) {
    h <- as.matrix(without)[draw, ]
    S <- alike(data$a) * h[["sd_a__Intercept"]]^2 +
      alike(paste(data$a, data$b)) * h[["sd_a:b__Intercept"]]^2
    e <- data$y - as.numeric(X %*% h[c("b_Intercept", "b_x")])
    e[known] <- e[known] - rowSums(X[known, ] * t(effects[draw, , data$c[known]]))
    weight <- S[out, known] %*% solve(S[known, known] + diag(h[["sigma"]]^2, length(known)))
    sd <- h[c("sd_c__Intercept", "sd_c__x")]
    Sigma <- matrix(c(1, h[["cor_c__Intercept__x"]])[c(1, 2, 2, 1)], 2) * tcrossprod(sd)
    variance <- diag(S[out, out] - weight %*% S[known, out]) + h[["sigma"]]^2 +
      rowSums(X[out, ] %*% Sigma * X[out, ])
    expect_equal(ours[draw, ], dnorm(e[out], as.numeric(weight %*% e[known]), sqrt(variance),
                                     log = TRUE), tolerance = 1e-10)
  }
})

test_that("a group of the root that is left out has the density that the rest give it", {
  skip_if_not_installed("loo")
  longer <- update(fit, draws = 500)
  smoothed <- suppressWarnings(loo(longer, by = "group"))
  exact <- leave_out_exactly(longer, "group", 3, smoothed, 5L)
  out <- which(data$a == "c")
  without <- fit_without(longer, out, "c", chain_seeds(5L, 1))
  dense <- vapply(seq_len(ndraws(without)), function(draw) {
    at <- dense_nested(without, data[out, ], draw)
    log_normal(at$e, 0, at$V)
  }, 0)
  expect_equal(exact$pointwise[3, "elpd_loo"], log(mean(exp(dense))), ignore_attr = TRUE)
  expect_identical(exact$pointwise[-3, ], smoothed$pointwise[-3, ])
})

test_that("integrated and usual weights of rows estimate the same", {
  skip_if_not_installed("loo")
  longer <- update(fit, draws = 1000)
  integrated <- loo(longer)
  usual <- suppressWarnings(loo(longer, integrated = FALSE))
  fine <- usual$diagnostics$pareto_k < 0.5
  expect_gt(mean(fine), 0.5)
  expect_true(all(integrated$diagnostics$pareto_k < 0.7))
  difference <- (integrated$pointwise - usual$pointwise)[fine, "elpd_loo"]
  error <- sqrt(integrated$pointwise[fine, "mcse_elpd_loo"]^2 +
                  usual$pointwise[fine, "mcse_elpd_loo"]^2)
  expect_lt(max(abs(difference) / error), 4.5)
})

test_that("kfold leaves out groups of any grouping", {
  skip_if_not_installed("loo")
  folds <- kfold(fit, group = "a:b", folds = "grouped", K = 3, seed = 2)
  expect_true(all(tapply(as.integer(attr(folds, "folds")), paste(data$a, data$b),
                         function(fold) length(unique(fold))) == 1))
  each <- kfold(fit, group = "a", seed = 2)
  expect_identical(attr(each, "K"), 8L)
  expect_true(all(is.finite(each$pointwise)))
})

test_that("it is so with several residual variances, of rows and of groups", {
  fit <- relm(formula, data, sigma = ~ c, seed = 1, chains = 2, draws = 20, weights = w)
  left_out <- row_moments(fit)(1:n, TRUE)
  by_group <- log_lik(fit, by = "group")
  for (draw in some_draws) {
    dense <- dense_nested(fit, data, draw)
    inverse <- solve(dense$V)
    expect_equal(left_out$mean[draw, ],
                 data$y - as.numeric(inverse %*% dense$e) / diag(inverse), tolerance = 1e-10)
    expect_equal(left_out$sd[draw, ], 1 / sqrt(diag(inverse)), tolerance = 1e-10)
    own <- dense_nested(fit, data[data$a == "d", ], draw)
    expect_equal(by_group[draw, "d"], log_normal(own$e, 0, own$V), tolerance = 1e-10,
                 ignore_attr = TRUE)
  }
})

test_that("a chain may have three groupings, written in any order, and a column that leaves lack", {
  data$k <- rep(1:2, length.out = n)
  fit <- relm(y ~ x + (1 | a:b:k) + (1 + x | a) + (1 | a:b), data, seed = 1, chains = 2, draws = 20,
              prior = relm_prior(beta = normal(0, 2), sd = half_normal(1), sigma = half_normal(1)))
  expect_identical(find_steps(fit$posterior$groupings), list(c(1L, 3L, 2L)))
  alike <- function(...) outer(paste(...), paste(...), "==")
  X <- cbind(1, data$x)
  covariance <- function(h) {
    sd <- h[c("sd_a__Intercept", "sd_a__x")]
    Sigma <- matrix(c(1, h[["cor_a__Intercept__x"]])[c(1, 2, 2, 1)], 2) * tcrossprod(sd)
    alike(data$a) * (X %*% Sigma %*% t(X)) + alike(data$a, data$b) * h[["sd_a:b__Intercept"]]^2 +
      alike(data$a, data$b, data$k) * h[["sd_a:b:k__Intercept"]]^2 + diag(h[["sigma"]]^2, n)
  }
  left_out <- row_moments(fit)(1:n, TRUE)
  by_group <- log_lik(fit, by = "group")
  integrand <- new_integrand(fit$posterior)
  at_draws <- log_integrand(integrand, drawn_points(fit))
  for (draw in some_draws) {
    h <- as.matrix(fit)[draw, ]
    V <- covariance(h)
    e <- data$y - as.numeric(X %*% h[c("b_Intercept", "b_x")])
    inverse <- solve(V)
    expect_equal(left_out$mean[draw, ], data$y - as.numeric(inverse %*% e) / diag(inverse),
                 tolerance = 1e-10)
    expect_equal(left_out$sd[draw, ], 1 / sqrt(diag(inverse)), tolerance = 1e-10)
    own <- data$a == "b"
    expect_equal(by_group[draw, "b"], log_normal(e[own], 0, V[own, own]), tolerance = 1e-10,
                 ignore_attr = TRUE)
    sds <- h[c("sd_a__Intercept", "sd_a__x", "sd_a:b__Intercept", "sd_a:b:k__Intercept", "sigma")]
    # A correlation that is uniform, as it is in 2 x 2, in its inverse hyperbolic tangent.
    prior <- sum(log_prior_of_sd(half_normal(1), sds)) +
      log((1 - h[["cor_a__Intercept__x"]]^2) / 2)
    expect_equal(at_draws[draw], log_normal(data$y, 0, V + 4 * tcrossprod(X)) + prior,
                 tolerance = 1e-10)
  }
})

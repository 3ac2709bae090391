# Likelihoods of other families with the group effects integrated out, against sums over fine grids of
# the effects in plain R.

data <- transform(family_data(), o = v / 3, w = 1 + (seq_along(v) %% 3 == 0))

likelihood_cases <- function() {
  c(family_cases(), list(
    weighted = list(response = quote(count), family = poisson(), weights = TRUE),
    weighted_dispersed = list(response = quote(count), family = negative_binomial(), weights = TRUE)
  ))
}

# A fit whose draws are made up: those of a linear model of another response, with larger standard
# deviations of the effects.
likelihood_fit <- function(case, terms, rows = data, draws = 6) {
  formula <- formula_of_case(case, terms)
  prior <- relm_prior(sd = half_t(3, 1), beta = normal(0, 3))
  arguments <- list(formula, rows, family = case$family, offset = quote(o))
  if (!is.null(case$weights)) arguments$weights <- quote(w)
  design <- do.call(relm_design, arguments)
  posterior <- relm_posterior(crossprods(design), prior)
  fit <- relm(formula_of_case(list(response = quote(z)), terms), rows, chains = 2, draws = draws,
              seed = 1, prior = relm_prior(beta = normal(0, 3), sd = half_t(3, 1)))
  fit$sampling$effects <- kept_effects(fit)
  names <- dimnames(fit$sampling$hyper)[[3]]
  dimnames(fit$sampling$hyper)[[3]][names == "sigma"] <- "shape"
  hyper <- fit$sampling$hyper[, , posterior$parameters$variable, drop = FALSE]
  sd <- posterior$parameters$part == "sd"
  hyper[, , sd] <- 4 * hyper[, , sd]
  fit$sampling$hyper <- hyper
  fit$posterior <- posterior
  fit$design <- design
  fit
}

# Log densities of rows at linear predictors (rows x points), with dbinom() and its like.
row_densities_at <- function(case, rows, eta, shape) {
  inverse <- switch(case$family$link, logit = plogis, probit = pnorm,
                    cloglog = function(eta) -expm1(-exp(eta)), exp)
  y <- eval(case$response, rows)
  times <- if (is.null(case$weights)) 1 else rows$w
  values <- switch(case$family$family,
    binomial = if (is.matrix(y)) dbinom(y[, 1], y[, 1] + y[, 2], inverse(eta), log = TRUE)
               else dbinom(y, 1, inverse(eta), log = TRUE),
    poisson = dpois(y, inverse(eta), log = TRUE),
    dnbinom(y, size = shape, mu = inverse(eta), log = TRUE)
  )
  times * matrix(values, nrow(rows))
}

# The rows of a group, log densities at a grid of standardized effects, and the grid's log weights.
grid_of_group <- function(case, fit, draw, rows, half = 12) {
  columns <- fit$posterior$groupings[[1]]$random$column
  q <- length(columns)
  one <- if (q == 1) seq(-half, half, by = 0.01) else seq(-8, 8, by = 0.1)
  u <- as.matrix(expand.grid(rep(list(one), q)))
  spelled <- sub("(Intercept)", "Intercept", columns, fixed = TRUE)
  L <- diag(draw[paste0("sd_g__", spelled)], q)
  if (q == 2 && "cor_g__Intercept__x" %in% names(draw)) {
    r <- draw[["cor_g__Intercept__x"]]
    L <- L %*% rbind(c(1, 0), c(r, sqrt(1 - r^2)))
  }
  Z <- cbind(`(Intercept)` = 1, x = rows$x)[, columns, drop = FALSE]
  fixed <- draw[["b_Intercept"]] + draw[["b_x"]] * rows$x + rows$o
  shape <- if ("shape" %in% names(draw)) draw[["shape"]]
  weights <- -rowSums(u^2) / 2
  list(rows = row_densities_at(case, rows, fixed + Z %*% L %*% t(u), shape),
       weights = weights - log(sum(exp(weights))))
}

log_sum <- function(x) max(x) + log(sum(exp(x - max(x))))

# log p(y_i | rest of its group), log p(y_i | all of it), and log p(y_j), at one draw.
by_grid <- function(case, fit, draw, rows, ...) {
  values <- lapply(split(seq_len(nrow(rows)), rows$g), function(own) {
    grid <- grid_of_group(case, fit, draw, rows[own, ], ...)
    total <- colSums(grid$rows) + grid$weights
    of_row <- function(value) vapply(seq_along(own), value, 0)
    list(left_out = of_row(function(i) {
      rest <- total - grid$rows[i, ]
      if (anyNA(rest)) rest <- colSums(grid$rows[-i, , drop = FALSE]) + grid$weights
      log_sum(total) - log_sum(rest)
    }), with_all = of_row(function(i) log_sum(total + grid$rows[i, ]) - log_sum(total)),
    group = log_sum(total), rows = own)
  })
  in_order <- function(part) {
    unlist(lapply(values, `[[`, part))[order(unlist(lapply(values, `[[`, "rows")))]
  }
  list(left_out = unname(in_order("left_out")), with_all = unname(in_order("with_all")),
       group = vapply(values, `[[`, 0, "group"))
}

expect_likelihoods <- function(case, fit, rows, draw_ids, tolerance, ...) {
  density <- row_densities(fit)
  all <- seq_len(nrow(rows))
  left_out <- density(all, TRUE)
  with_all <- density(all, FALSE)
  groups <- log_lik(fit, by = "group")
  draws <- as.matrix(fit)
  for (d in draw_ids) {
    exact <- by_grid(case, fit, draws[d, ], rows, ...)
    expect_lt(max(abs(left_out[d, ] - exact$left_out)), tolerance)
    expect_lt(max(abs(with_all[d, ] - exact$with_all)), tolerance)
    expect_lt(max(abs(groups[d, names(exact$group)] - exact$group)), tolerance)
  }
  expect_gt(diff(range(left_out)), 0.5)
}

test_that("rows and groups of every family and link have the density of a grid of intercepts", {
  for (case in likelihood_cases()) {
    fit <- likelihood_fit(case, ~ x + (1 | g))
    expect_likelihoods(case, fit, data, c(1, 5, 12), 1e-6)
  }
})

test_that("so have those with two random columns, correlated or not", {
  for (case in likelihood_cases()[c("logit", "cloglog", "weighted", "dispersed")]) {
    fit <- likelihood_fit(case, ~ x + (1 + x | g))
    expect_likelihoods(case, fit, data, 3, 1e-5)
  }
  for (case in likelihood_cases()[c("trials", "probit")]) {
    fit <- likelihood_fit(case, ~ x + (1 + x || g))
    expect_likelihoods(case, fit, data, 3, 1e-5)
  }
})

test_that("merged rows, groups of zeros alone and counts that outweigh all others have it too", {
  rows <- data[rep(seq_len(nrow(data)), length.out = 60), ]
  rows <- transform(rows, x = round(x), o = 0, g = ifelse(g == "a", "b", g))
  rows$y[rows$g == "d"] <- 0
  rows$count[rows$g == "c"] <- 0
  rows$count[7] <- 400
  for (case in likelihood_cases()[c("logit", "poisson", "dispersed", "weighted")]) {
    fit <- likelihood_fit(case, ~ x + (1 | g), rows)
    expect_lt(length(fit$posterior$responses$y), nrow(rows))
    expect_likelihoods(case, fit, rows, c(2, 9), 1e-6, half = 40)
  }
})

test_that("nodes of large groups serve, and are those of a lattice of its own", {
  set.seed(2)
  rows <- data.frame(g = rep(c("a", "b"), c(160, 40)), x = rnorm(200), z = rnorm(200), o = 0)
  rows$y <- rbinom(200, 1, plogis(rows$x - 0.5))
  rows$count <- rpois(200, 2)
  for (case in likelihood_cases()[c("logit", "probit", "poisson")]) {
    fit <- likelihood_fit(case, ~ x + (1 | g), rows, draws = 2)
    expect_likelihoods(case, fit, rows, c(1, 4), 1e-6)
  }
})

test_that("without groups a row has its family's density, whatever the others are", {
  case <- family_cases()$dispersed
  fit <- likelihood_fit(case, ~ x)
  expect_equal(unname(row_densities(fit)(1:32, TRUE)), unname(log_lik(fit)), tolerance = 1e-9)
  expect_error(log_lik(fit, by = "group"), "group", class = "relm_error")
})

test_that("groups of new rows are new groups, whose constants are those of their own trials", {
  fit <- likelihood_fit(likelihood_cases()$trials, ~ x + (1 | g))
  own <- log_lik(fit, by = "group")
  expect_identical(colnames(own), letters[1:6])
  expect_identical(log_lik(fit, by = "group", draw_ids = 7), own[7, , drop = FALSE])
  expect_equal(log_lik(fit, data, by = "group", offset = data$o), own, tolerance = 1e-10)
  new <- transform(data[data$g %in% c("c", "e"), ], g = ifelse(g == "c", "new", "e"))
  expect_equal(unname(log_lik(fit, new, by = "group", offset = new$o)[, c("new", "e")]),
               unname(own[, c("c", "e")]), tolerance = 1e-9)
  counted <- likelihood_fit(likelihood_cases()$weighted_dispersed, ~ x + (1 | g))
  twice <- log_lik(counted, data, by = "group", offset = data$o, weights = 2 * data$w)
  rows <- transform(data, w = 2 * w)
  exact <- by_grid(likelihood_cases()$weighted_dispersed, counted, as.matrix(counted)[4, ], rows)
  expect_equal(twice[4, ], exact$group, tolerance = 1e-6)
})

test_that("rows that a fit has not had are given the rows of their groups, or have new ones", {
  for (case in likelihood_cases()[c("cloglog", "dispersed")]) {
    for (terms in list(~ x + (1 | g), ~ x + (1 + x | g))) {
      held_out <- c(3, 10, 25, 1, 2)
      whole <- likelihood_fit(case, terms, draws = 1)
      # Group a, and one row of b, are known to it no more.
      without <- likelihood_fit(case, terms, data[-held_out, ])
      found <- other_row_densities(without, whole$design, held_out)
      draw <- as.matrix(without)[5, ]
      exact <- vapply(held_out, function(i) {
        others <- setdiff(which(data$g == data$g[i]), held_out)
        grid <- grid_of_group(case, without, draw, data[c(i, others), ])
        total <- colSums(grid$rows[-1, , drop = FALSE]) + grid$weights
        log_sum(total + grid$rows[1, ]) - log_sum(total)
      }, 0)
      expect_lt(max(abs(found[5, ] - exact)), 1e-4)
    }
  }
})

test_that("draws of rows that are left out have the moments of their density", {
  # All draws of the hyperparameters are made one, so that draws of rows are independent.
  for (case in likelihood_cases()[c("trials", "weighted_dispersed")]) {
    for (terms in list(~ x + (1 | g), ~ x + (1 + x | g))) {
      data <- data[data$g %in% c("c", "d"), ]
      fit <- likelihood_fit(case, terms, data, draws = 1000)
      hyper <- fit$sampling$hyper
      fit$sampling$hyper[] <- rep(hyper[1, 1, ], each = prod(dim(hyper)[1:2]))
      draw <- hyper[1, 1, ]
      set.seed(3)
      drawn <- draw_rows_left_out(fit)
      for (i in c(1, 6)) {
        others <- setdiff(which(data$g == data$g[i]), i)
        grid <- grid_of_group(case, fit, draw, data[c(i, others), ])
        total <- colSums(grid$rows[-1, , drop = FALSE]) + grid$weights
        p_of <- function(y) {
          row <- data[i, ]
          row$count <- y
          row$w <- 1
          density <- grid_of_group(case, fit, draw, row)$rows[1, ]
          exp(log_sum(total + density) - log_sum(total))
        }
        # Counts as large as the size are that many successes.
        values <- if (is.null(case$weights)) 0:data$size[i] else 0:6
        p <- vapply(values, p_of, 0)
        share <- vapply(values, function(y) mean(drawn[, i] == y), 0)
        expect_lt(max(abs(share - p) / sqrt(p * (1 - p) / 2000 + 1e-9)), 4.5)
      }
    }
  }
})

test_that("several groupings are refused, with what is there for them", {
  fit <- family_fits()$shares
  for (code in expression(loo(fit), row_densities(fit), lattice_of_fit(fit, "It"))) {
    expect_error(eval(code), "one grouping in a logistic regression.*integrated = FALSE.*kfold",
                 class = "relm_error")
  }
  expect_error(logml(fit), "marginal likelihood.*one grouping.*kfold", class = "relm_error")
})

test_that("counts of a large shape are Poisson's", {
  fit <- likelihood_fit(likelihood_cases()$dispersed, ~ x + (1 | g))
  poisson <- likelihood_fit(likelihood_cases()$poisson, ~ x + (1 | g))
  fit$sampling$hyper[, , "shape"] <- c(1e8, 1e12, 1e30)
  for (by in c("row", "group")) {
    density <- function(fit) left_out_density(fit, by, TRUE)$columns(1:6)
    expect_equal(density(fit), density(poisson), tolerance = 1e-5)
  }
  expect_equal(rowSums(shape_terms(c(0.3, 7), c(0, 3, 3), c(1, 1, 2))),
               3 * (lgamma(3 + c(0.3, 7)) - lgamma(c(0.3, 7))))
})

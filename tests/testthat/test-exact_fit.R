# Does a residual remain where there are several groupings: against the whole matrices.

skip_on_cran()

# [X, all Z] of some rows.
whole_matrix <- function(posterior, own) {
  rows <- rows_of(posterior$design)
  found <- find_cells(posterior$design)
  Z <- lapply(seq_along(posterior$groupings), function(g) {
    group <- found$cells$group[found$cell, g]
    names <- posterior$groupings[[g]]$random$column
    lapply(names, function(name) {
      model.matrix(~ 0 + factor(group)) * rows$Z[, match(name, colnames(rows$Z))]
    })
  })
  cbind(rows$X, do.call(cbind, unlist(Z, recursive = FALSE)))[own, , drop = FALSE]
}

# A posterior that any data have, with its design.
any_posterior <- function(formula, data, ...) {
  posterior_of(formula, data, relm_prior(sd = half_t(3, 1), sigma = inverse_gamma(1, 1)), ...)
}

refusal <- function(posterior, sigma) {
  tried <- try(suppressMessages(relm_posterior(
    crossprods(posterior$design), relm_prior(sd = half_t(3, 1), sigma = sigma)
  )), silent = TRUE)
  if (inherits(tried, "relm_posterior")) "" else conditionMessage(attr(tried, "condition"))
}

thin_data <- function(n, J, K, seed) {
  set.seed(seed)
  data <- data.frame(a = sample(rep_len(seq_len(J), n)), b = sample(rep_len(seq_len(K), n)),
                     x = rnorm(n), f = rep_len(c("u", "v"), n))
  data$y <- rnorm(n)
  data$sum <- rnorm(J)[data$a] + rnorm(K)[data$b] + 2 * data$x
  data$slopes <- rnorm(J)[data$a] * data$x + rnorm(K)[data$b]
  data
}

test_that("rows are fitted exactly where they are by the whole matrix", {
  formulas <- list(y ~ x + (1 | a) + (1 | b), y ~ 1 + (1 + x | a) + (0 + x | b),
                   y ~ 0 + (0 + x | a) + (1 | b), y ~ 0 + (1 | a) + (1 | b),
                   y ~ x + (1 + x || a) + (1 | b))
  exact <- spare <- 0
  for (seed in 1:3) for (n in c(9, 14, 24)) for (formula in formulas) {
    data <- thin_data(n, 5, 6, seed)
    for (response in list(quote(y), quote(sum), quote(slopes))) {
      formula[[2]] <- response
      posterior <- any_posterior(formula, data)
      A <- whole_matrix(posterior, TRUE)
      fit <- qr(A, tol = 1e-9)
      y <- data[[as.character(response)]]
      no_residual <- max(abs(qr.resid(fit, y))) < 1e-9
      label <- paste(deparse1(formula), n, seed)
      expect_identical(grepl("No residual", refusal(posterior, jeffreys())), no_residual, label = label)
      expect_identical(grepl("No residual", refusal(posterior, half_t(3, 1))),
                       no_residual && n > fit$rank, label = label)
      exact <- exact + no_residual
      spare <- spare + (no_residual && n > fit$rank)
    }
  }
  expect_gt(spare, 8)
  expect_gt(exact - spare, 10)
})

test_that("each residual variance has its own rows", {
  for (seed in 1:3) {
    data <- thin_data(40, 5, 6, seed)
    data$z <- ifelse(data$f == "u", data$sum, data$y)
    posterior <- any_posterior(z ~ x + (1 | a) + (1 | b), data, sigma = ~ f)
    expect_match(refusal(posterior, jeffreys()), 'in 1 of 2 levels of `f`: "u"')
    expect_match(refusal(posterior, half_t(3, 1)), 'in 1 of 2 levels of `f`: "u"')
    expect_match(refusal(posterior, pooled()), 'in 1 of 2 levels of `f`: "u"')
    noisy <- any_posterior(y ~ x + (1 | a) + (1 | b), data, sigma = ~ f)
    expect_identical(refusal(noisy, jeffreys()), "")
    # As many columns as rows in one of them: a Jeffreys prior needs one row more.
    few <- rbind(data[data$f == "u", ], data[data$f == "v", ][1:5, ])
    few <- any_posterior(y ~ x + (1 | a) + (1 | b), few, sigma = ~ f)
    expect_match(refusal(few, jeffreys()), '"v"')
    expect_identical(refusal(few, half_t(3, 1)), "")
    expect_identical(refusal(few, pooled()), "")
  }
})

test_that("pooled variances need a residual in all rows, not in each level's", {
  data <- data.frame(a = c(1, 1, 2, 1, 2, 2), b = c(1, 2, 1, 1, 1, 2), f = rep(c("u", "v"), each = 3))
  data$y <- c(3, 1, 4, 1, 5, 9)
  posterior <- any_posterior(y ~ 1 + (1 | a) + (1 | b), data, sigma = ~ f)
  ranks <- vapply(list(data$f == "u", data$f == "v", TRUE),
                  function(own) qr(whole_matrix(posterior, own))$rank, 0L)
  expect_identical(ranks, c(3L, 3L, 3L))
  expect_identical(refusal(posterior, pooled()), "")
  expect_match(refusal(posterior, jeffreys()), "2 of 2")
  data$y <- data$a + 2 * data$b
  posterior <- any_posterior(y ~ 1 + (1 | a) + (1 | b), data, sigma = ~ f)
  expect_match(refusal(posterior, pooled()), "2 of 2")
})

test_that("a chain of groups with one row in each link leaves nothing", {
  # More links than there are steps of conjugate gradients.
  link <- seq_len(most_steps + 100)
  data <- data.frame(a = c(link, link), b = c(link, link + 1))
  data$y <- sin(c(link, link + 3)^2)
  chain <- any_posterior(y ~ 1 + (1 | a) + (1 | b), data)
  expect_match(refusal(chain, jeffreys()), "No residual")
  # A ring, of which one dimension is left.
  data <- data[data$a <= 60, ]
  data$b <- data$b %% 60
  expect_identical(refusal(any_posterior(y ~ 1 + (1 | a) + (1 | b), data), jeffreys()), "")
  data$y <- data$a^2 - data$b
  expect_match(refusal(any_posterior(y ~ 1 + (1 | a) + (1 | b), data), jeffreys()), "No residual")
})

test_that("rows that are the same leave rows to spare", {
  data <- thin_data(9, 5, 6, 1)
  posterior <- any_posterior(y ~ x + (1 | a) + (1 | b), data)
  expect_identical(qr(whole_matrix(posterior, TRUE))$rank, 9L)
  expect_identical(refusal(posterior, half_t(3, 1)), "")
  twice <- any_posterior(y ~ x + (1 | a) + (1 | b), rbind(data, data))
  expect_match(refusal(twice, half_t(3, 1)), "No residual")
})

test_that("weights, offsets and columns far from zero do not hide an exact fit", {
  data <- thin_data(60, 5, 6, 4)
  data$far <- 1e6 + data$x
  data$w <- runif(60, 0.1, 10)
  data$z <- 1e4 + data$sum + data$far * c(1, 2, 4, 3, 5)[data$a]
  posterior <- any_posterior(z ~ far + (1 + far | a) + (1 | b), data, weights = w, offset = x)
  expect_match(refusal(posterior, jeffreys()), "No residual")
  data$z <- data$z + 1e-3 * data$y
  posterior <- any_posterior(z ~ far + (1 + far | a) + (1 | b), data, weights = w, offset = x)
  expect_identical(refusal(posterior, jeffreys()), "")
})

test_that("groups of one row each are named", {
  data <- transform(grouped_data(), id = seq_along(y), other = rev(seq_along(y)))
  expect_error(relm_posterior(crossprods(y ~ x + (1 | id), data)), "a level of `id` by itself",
               class = "relm_error")
  expect_error(relm_posterior(crossprods(y ~ x + (1 | g) + (1 | id), data)),
               "a level of `id` by itself", class = "relm_error")
  few <- tryCatch(relm_posterior(crossprods(y ~ 1, data[c(1, 1), ])), error = conditionMessage)
  expect_no_match(few, "by itself")
})

data <- grouped_data(9)
fit <- relm(y ~ x + (1 + x | g) + (0 + v | g), data, seed = 1, chains = 2, draws = 200)
new_rows <- function(...) data.frame(x = c(0, 1, 1), v = c(0, 0, 2), g = c("p", "p", "o"))

# Sigma of a draw, from the draws by name.
Sigma_of <- function(fit, draw) {
  h <- as.matrix(fit)[draw, ]
  sd <- h[c("sd_g__Intercept", "sd_g__x", "sd_g__v")]
  C <- diag(3)
  C[1, 2] <- C[2, 1] <- h[["cor_g__Intercept__x"]]
  C * tcrossprod(sd)
}

# Largest distance of a covariance matrix of n normal draws from its expectation, in standard
# errors.
covariance_distance <- function(draws, expected) {
  n <- nrow(draws)
  error <- sqrt((expected^2 + tcrossprod(diag(expected))) / n)
  max(abs(stats::cov(draws) - expected) / error)
}

test_that("given a draw, rows of a new group have the covariance of the model, and others none", {
  rows <- new_rows()
  Z <- cbind(1, rows$x, rows$v)
  for (draw in c(7, 300)) {
    Sigma <- Sigma_of(fit, draw)
    expected <- Z %*% Sigma %*% t(Z) * outer(rows$g, rows$g, "==")
    means <- posterior_epred(fit, rows, draw_ids = rep(draw, 20000), allow_new_levels = TRUE,
                             seed = 5)
    expect_lt(covariance_distance(means, expected), 4)
    drawn <- posterior_predict(fit, rows, draw_ids = rep(draw, 20000), allow_new_levels = TRUE,
                               seed = 5)
    residual <- diag(as.matrix(fit, "sigma")[draw]^2, 3)
    expect_lt(covariance_distance(drawn, expected + residual), 4)
    expect_lt(covariance_distance(drawn - means, residual), 4)
  }
})

test_that("some effects of a new group are those of all that are chosen", {
  rows <- new_rows()
  all <- posterior_epred(fit, rows, allow_new_levels = TRUE, seed = 5)
  some <- function(formula) {
    posterior_epred(fit, rows, re_formula = formula, allow_new_levels = TRUE, seed = 5)
  }
  fixed <- posterior_epred(fit, rows, re_formula = NA)
  expect_equal(some(~ (1 | g)) + some(~ (0 + x | g)) + some(~ (0 + v | g)) - 2 * fixed, all)
})

test_that("what is drawn of a new group depends on its place among the new ones alone", {
  rows <- new_rows()
  all <- posterior_epred(fit, rows, allow_new_levels = TRUE, seed = 5)
  known <- transform(data[1:4, ], g = c("g1", "g5", "g2", "g3"))[c("x", "v", "g")]
  expect_identical(unname(posterior_epred(fit, rbind(known, rows), allow_new_levels = TRUE,
                                          seed = 5)[, 5:7]), unname(all))
  expect_identical(unname(posterior_epred(fit, rows[2, ], allow_new_levels = TRUE, seed = 5)),
                   unname(all[, 2, drop = FALSE]))
})

old_effect <- function(fit, column) as.matrix(fit, sprintf("r_g[g%d,%s]", 1:9, column))

test_that('"old_levels" gives a new group all draws of one group of the data', {
  rows <- data.frame(x = 0, v = 0, g = paste0("new", 1:200))
  drawn <- posterior_epred(fit, rows, allow_new_levels = TRUE, sample_new_levels = "old_levels",
                           seed = 2) - as.numeric(as.matrix(fit, "b_Intercept"))
  whose <- apply(drawn[1:3, ], 2, function(first) {
    which(colSums(abs(old_effect(fit, "Intercept")[1:3, ] - first)) < 1e-10)
  })
  expect_equal(unname(drawn), unname(old_effect(fit, "Intercept")[, whose]))
  expect_gt(stats::chisq.test(tabulate(whose, 9))$p.value, 1e-3)
})

test_that('"uncertainty" gives it in each draw one of the groups of the data', {
  rows <- data.frame(x = c(0, 1), v = 0, g = "new")
  drawn <- posterior_epred(fit, rows, allow_new_levels = TRUE, sample_new_levels = "uncertainty",
                           seed = 2) - as.numeric(as.matrix(fit, "b_Intercept"))
  whose <- apply(abs(old_effect(fit, "Intercept") - drawn[, 1]), 1, which.min)
  draws <- cbind(1:400, whose)
  expect_equal(drawn[, 1], old_effect(fit, "Intercept")[draws])
  # The slope is of the same group.
  expect_equal(drawn[, 2] - drawn[, 1] - as.numeric(as.matrix(fit, "b_x")),
               old_effect(fit, "x")[draws])
  expect_gt(stats::chisq.test(tabulate(whose, 9))$p.value, 1e-3)
})

nested <- relm(y ~ x + (1 | a) + (1 + x | a:b), several_data(), seed = 1, chains = 2, draws = 200)
# A known pair, two new pairs of a known and of a new group, and another row of the first.
new_pairs <- data.frame(x = c(0, 1, 0, 2, 1), a = c("c", "c", "c", "new", "c"),
                        b = c(1, 99, 99, 1, 98))

test_that("a new pair is a new child of its parent, which may be a known one", {
  h <- as.matrix(nested)[9, ]
  sd <- h[c("sd_a:b__Intercept", "sd_a:b__x")]
  Sigma <- matrix(c(1, h[["cor_a:b__Intercept__x"]])[c(1, 2, 2, 1)], 2) * tcrossprod(sd)
  Z <- cbind(1, new_pairs$x)
  a <- new_pairs$a
  pair <- paste(a, new_pairs$b)
  known <- c(TRUE, FALSE, FALSE, FALSE, FALSE)
  expected <- outer(pair, pair, "==") * (Z %*% Sigma %*% t(Z)) +
    outer(a, a, "==") * outer(a == "new", a == "new") * h[["sd_a__Intercept"]]^2
  expected[known, ] <- expected[, known] <- 0
  means <- posterior_epred(nested, new_pairs, draw_ids = rep(9, 20000), allow_new_levels = TRUE,
                           seed = 5)
  expect_lt(covariance_distance(means[, !known], expected[!known, !known]), 4)
  # About the fixed part and the known parent's effect; and the known pair's.
  a_effect <- effects_of_grouping(nested, 1)[9, 1, "c"]
  center <- h[["b_Intercept"]] + h[["b_x"]] * new_pairs$x + ifelse(a == "c", a_effect, 0)
  center[1] <- center[1] + effects_of_grouping(nested, 2)[9, 1, "c:1"]
  expect_equal(unname(means[, 1]), rep(center[1], 20000))
  error <- sqrt(diag(expected)[!known] / 20000)
  expect_lt(max(abs(colMeans(means) - center)[!known] / error), 4)
})

test_that("new groups of each grouping are drawn independently of the others", {
  draw <- function(formula, rows = new_pairs) {
    posterior_epred(nested, rows, re_formula = formula, allow_new_levels = TRUE, seed = 5)
  }
  expect_equal(draw(~ (1 | a)) + draw(~ (1 + x | a:b)) - draw(NA), draw(NULL))
  a <- draw(~ (1 | a)) - draw(NA)
  pair <- draw(~ (1 | a:b)) - draw(NA)
  expect_gt(cor.test(a[, 4], pair[, 4], method = "spearman", exact = FALSE)$p.value, 1e-3)
  # By the place among the new ones of its grouping.
  expect_identical(draw(NULL, new_pairs[2:4, ]), draw(NULL)[, 2:4])
})

test_that("new groups of a grouping can be old ones of it", {
  for (method in c("old_levels", "uncertainty")) {
    drawn <- posterior_epred(nested, new_pairs[2:3, ], re_formula = ~ (1 + x | a:b), seed = 2,
                             allow_new_levels = TRUE, sample_new_levels = method) -
      posterior_epred(nested, new_pairs[2:3, ], re_formula = NA)
    effects <- effects_of_grouping(nested, 2)
    whose <- apply(abs(effects[, 1, ] - drawn[, 2]), 1, which.min)
    draws <- cbind(1:400, whose)
    expect_equal(unname(drawn[, 2]), effects[, 1, ][draws])
    expect_equal(unname(drawn[, 1] - drawn[, 2]), effects[, 2, ][draws])
    expect_length(unique(whose), if (method == "old_levels") 1 else length(unique(whose)))
    if (method == "uncertainty") expect_gt(length(unique(whose)), 10)
  }
})

test_that("new groups are refused by the grouping that has not had them", {
  expect_error(posterior_epred(nested, new_pairs[2, ]), "`a:b`.*c:99", class = "relm_error")
  expect_error(posterior_epred(nested, new_pairs[4, ], re_formula = ~ (1 | a)), "`a`.*new",
               class = "relm_error")
})

test_that("a choice that there is not is refused", {
  expect_error(posterior_epred(fit, new_rows(), allow_new_levels = NA), "allow_new_levels",
               class = "relm_error")
  expect_error(posterior_epred(fit, new_rows(), allow_new_levels = TRUE,
                               sample_new_levels = "normal"), "sample_new_levels.*gaussian",
               class = "relm_error")
  expect_error(posterior_predict(fit, new_rows(), allow_new_levels = TRUE, new_sigma = "old"),
               "new_sigma.*prior", class = "relm_error")
})

sigma_fit <- function(prior, sigma = ~ f, formula = y ~ x) {
  relm(formula, data, sigma = sigma, prior = relm_prior(sigma = prior), seed = 1, chains = 2,
       draws = 500)
}
# Draws of sigma of a new level and of one of the data.
new_sigma_of <- function(fit, ...) {
  rows <- data.frame(x = 0, f = c("z", "a"), g = c("z", "g1"))
  plan <- plan_of(fit, "posterior_predict", rows, allow_new_levels = TRUE, seed = 8, ...)
  stratum_sigmas(plan, plan$rows$stratum$code)
}

test_that("a new level's residual standard deviation is drawn from its prior", {
  cdf <- list(
    list(half_t(4, 2), function(s) 2 * pt(s / 2, 4) - 1),
    list(half_cauchy(2), function(s) 2 * pcauchy(s / 2) - 1),
    list(half_normal(2), function(s) 2 * pnorm(s / 2) - 1),
    list(exponential(2), function(s) pexp(s, 2)),
    list(uniform(3), function(s) punif(s, 0, 3)),
    list(inverse_gamma(3, 2), function(s) pgamma(1 / s^2, 3, rate = 2, lower.tail = FALSE))
  )
  for (case in cdf) {
    fit <- sigma_fit(case[[1]])
    drawn <- new_sigma_of(fit)
    expect_gt(ks.test(drawn[, 1], case[[2]])$p.value, 1e-3, label = format(case[[1]]))
    expect_identical(drawn[, 2], as.numeric(as.matrix(fit, "sigma_f[a]")))
  }
})

test_that("pooled, it is drawn from what the levels have learnt", {
  fit <- sigma_fit(pooled())
  learnt <- as.matrix(fit, c("sigma_f__df", "sigma_f__scale"))
  u <- pchisq(learnt[, 1] * (learnt[, 2] / new_sigma_of(fit)[, 1])^2, learnt[, 1])
  expect_gt(ks.test(u, "punif")$p.value, 1e-3)
})

test_that("under an improper prior it is refused, or taken from the data's levels", {
  fit <- sigma_fit(jeffreys())
  rows <- data.frame(x = 0, f = "z")
  expect_error(posterior_predict(fit, rows), "1 level of `f`.*\"z\"", class = "relm_error")
  expect_error(posterior_predict(fit, rows, allow_new_levels = TRUE),
               "jeffreys\\(\\).*improper.*uncertainty.*old_levels.*pooled", class = "relm_error")
  expect_error(new_sigma_of(sigma_fit(uniform())), "improper", class = "relm_error")
  own <- as.matrix(fit, sprintf("sigma_f[%s]", c("a", "b", "c")))
  one <- new_sigma_of(fit, new_sigma = "old_levels")[, 1]
  expect_true(any(apply(own == one, 2, all)))
  each <- new_sigma_of(fit, new_sigma = "uncertainty")[, 1]
  whose <- apply(own == each, 1, which)
  expect_gt(chisq.test(tabulate(whose, 3))$p.value, 1e-3)
  expect_identical(new_sigma_of(fit, sample_new_levels = "uncertainty")[, 1], each)
  # The mean needs no residual variance.
  expect_identical(dim(posterior_epred(fit, rows)), c(1000L, 1L))
})

test_that("where residual variances go by group, effects and sigma are of the same old group", {
  fit <- sigma_fit(pooled(), ~ g, y ~ x + (1 | g))
  effects <- as.matrix(fit, sprintf("r_g[g%d,Intercept]", 1:9))
  sigmas <- as.matrix(fit, sprintf("sigma_g[g%d]", 1:9))
  rows <- data.frame(x = 0, g = c("p", "g4", "q"))
  for (method in c("uncertainty", "old_levels")) {
    plan <- plan_of(fit, "posterior_predict", rows, allow_new_levels = TRUE,
                    sample_new_levels = method, seed = 8)
    for (new in c(10L, 11L)) {
      whose <- max.col(-abs(effects - as.numeric(group_effects(plan, plan$random[[1]], new))))
      expect_identical(as.numeric(stratum_sigmas(plan, new)), sigmas[cbind(1:1000, whose)])
    }
  }
  # From the prior it has nothing to do with the effects.
  plan <- plan_of(fit, "posterior_predict", rows, allow_new_levels = TRUE, seed = 8)
  scaled <- as.numeric(group_effects(plan, plan$random[[1]], 10L)) / as.matrix(fit, "sd_g__Intercept")
  sigma <- stratum_sigmas(plan, 10L)
  expect_gt(cor.test(scaled, sigma, method = "spearman", exact = FALSE)$p.value, 1e-3)
})

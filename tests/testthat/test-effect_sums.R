# Moments of group effects that are added up as chains run.

fit_of <- function(..., draws = 60) {
  relm(y ~ x + (1 + x | c) + (1 | a), several_data(), seed = 1, chains = 2, draws = draws,
       warmup = 30, ...)
}
# As if effects were too many to keep, and a piece had these draws.
with_few_bytes <- function(code, piece_draws = 7) {
  with_relm("kept_bytes", 1, with_relm("piece_bytes", piece_draws * 8 * 18, code))
}

test_that("sums of pieces are means and covariances of all draws", {
  set.seed(1)
  effects <- array(rnorm(3 * 4 * 20, 5), c(3, 4, 20))
  hyper <- matrix(rnorm(2 * 20, -3), 2)
  paired <- c(2L, NA, 1L)
  piece <- function(own) {
    sum_effects(list(effects[, , own, drop = FALSE]), hyper[, own, drop = FALSE], list(paired))
  }
  sums <- Reduce(add_sums, lapply(list(1:7, 8L, 9:20), piece), NULL)
  expect_equal(sums, piece(1:20))
  expect_equal(sums[[1]]$n, 20)
  expect_equal(sums[[1]]$mean, apply(effects, 1:2, mean))
  for (j in 1:4) {
    draws <- t(effects[, j, ])
    expect_equal(sums[[1]]$covariance[, , j], cov(draws))
    expect_equal(sums[[1]]$with_beta[, j],
                 c(cov(draws[, 1], hyper[2, ]), 0, cov(draws[, 3], hyper[1, ])))
  }
  one <- sum_effects(list(effects[1, 1, 1:9, drop = FALSE]), hyper[, 1:9], list(1L))
  expect_equal(one[[1]]$covariance[1], var(effects[1, 1, 1:9]))
})

test_that("chains of crossed groupings add up the effects that they do not keep", {
  by_scan({
    kept <- fit_of()
    draws <- ranef(kept, summary = FALSE)
    for (case in list(list(), list(cores = 2), list(target_ess = 1e6, max_draws = 60, draws = 25),
                      list(group_draws = list(c = c("s", "q"))))) {
      many <- suppressMessages(with_few_bytes(do.call(fit_of, case)))
      expect_identical(as.matrix(many, "^(b|sd|cor|sigma)", regex = TRUE),
                       as.matrix(kept, "^(b|sd|cor|sigma)", regex = TRUE))
      estimates <- ranef(many)
      for (name in c("c", "a")) {
        expect_equal(as.matrix(estimates[[name]]), apply(draws[[name]], 2:3, mean), ignore_attr = TRUE)
        expect_equal(attr(estimates[[name]], "postVar")[, , 3], cov(cbind(draws[[name]][, 3, ])),
                     ignore_attr = TRUE)
      }
      coefs <- as.matrix(kept, c("coef_a[c,Intercept]", "coef_c[s,x]"))
      frames <- coef(many)
      expect_equal(c(frames$a["c", "(Intercept)"], frames$c["s", "x"]), unname(colMeans(coefs)))
      expect_equal(c(attr(frames$a, "condsd")[3, 1], attr(frames$c, "condsd")[4, 2]),
                   unname(apply(coefs, 2, sd)))
    }
    expect_identical(grep("^r_", variables(many), value = TRUE),
                     sprintf("r_c[%s,%s]", rep(c("q", "s"), each = 2), c("Intercept", "x")))
    names <- c("r_c[q,x]", "r_a[h,Intercept]")
    expect_identical(as.matrix(many, names), as.matrix(kept, names))
  })
})

test_that("the Gibbs samplers' chains do, in pieces that go on from each other", {
  for (sampler in c("centered", "interweaved")) {
    kept <- fit_of(sampler = sampler)
    many <- with_few_bytes(fit_of(sampler = sampler))
    expect_identical(many$sampling$hyper, kept$sampling$hyper)
    draws <- ranef(kept, summary = FALSE)
    for (name in c("c", "a")) {
      expect_equal(as.matrix(ranef(many)[[name]]), apply(draws[[name]], 2:3, mean), ignore_attr = TRUE)
    }
  }
})

test_that("sums go on where chains are extended or joined, whether effects were kept before or not", {
  by_scan({
    whole <- with_few_bytes(fit_of())
    for (before in list(with_few_bytes(fit_of(draws = 25)), fit_of(draws = 25),
                        fit_of(draws = 25, group_draws = FALSE))) {
      before$sampling["group_draws"] <- list(NULL)
      longer <- with_few_bytes(extend(before, 35))
      expect_equal(longer$sampling$moments, whole$sampling$moments)
    }
    other <- with_few_bytes(update(whole, seed = 2))
    joined <- with_few_bytes(c(whole, other))
    both <- c(fit_of(), update(fit_of(), seed = 2))
    expect_equal(as.matrix(ranef(joined)$c), apply(ranef(both, summary = FALSE)$c, 2:3, mean),
                 ignore_attr = TRUE)
  })
})

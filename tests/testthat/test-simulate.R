data <- grouped_data()
fit <- relm(y ~ x + (1 | g), data, seed = 1, chains = 2, draws = 50)

test_that("replicates are predictions from draws of their own", {
  simulated <- simulate(fit, nsim = 30, seed = 4)
  expect_identical(dim(simulated), c(46L, 30L))
  expect_identical(names(simulated)[c(1, 30)], c("sim_1", "sim_30"))
  expect_identical(rownames(simulated), rownames(data))
  mean <- t(posterior_epred(fit))
  sigma <- as.numeric(as.matrix(fit, "sigma"))
  # Each column is nearer to its own draw's means, by chi-square, than all draws are on average.
  chisq <- vapply(simulated, function(y) min(colSums((y - mean)^2) / sigma^2), 0)
  expect_true(all(chisq < qchisq(1 - 1e-4, 46)))
})

test_that("the seed is kept as stats keeps it", {
  set.seed(3)
  before <- .Random.seed
  first <- simulate(fit, 2)
  expect_identical(attr(first, "seed"), before)
  expect_false(identical(.Random.seed, before))
  assign(".Random.seed", attr(first, "seed"), globalenv())
  expect_identical(simulate(fit, 2), first)
  before <- .Random.seed
  given <- simulate(fit, 2, seed = 7)
  expect_identical(.Random.seed, before)
  expect_identical(as.integer(attr(given, "seed")), 7L)
  expect_identical(attr(given, "seed"), structure(7L, kind = list("Mersenne-Twister", "Inversion",
                                                                  "Rejection")))
  expect_identical(simulate(fit, 2, seed = 7), given)
})

test_that("each replicate has a draw of its own until they run out", {
  # Without residuals to speak of a replicate is the mean of its draw.
  exact <- function(nsim) t(simulate(fit, nsim, seed = 1, weights = rep(1e20, 46)))
  whose <- function(simulated) {
    apply(simulated, 1, function(y) which.min(colSums((t(posterior_epred(fit)) - y)^2)))
  }
  expect_identical(sort(unname(whose(exact(100)))), 1:100)
  more <- whose(exact(1000))
  expect_gt(stats::chisq.test(tabulate(more, 100))$p.value, 1e-3)
})

test_that("weights are those of new rows", {
  rows <- data.frame(x = 0, g = rep(c("g1", "g3"), each = 500))
  light <- simulate(fit, 1, seed = 2, newdata = rows, weights = rep(0.01, 1000))[[1]]
  heavy <- simulate(fit, 1, seed = 2, newdata = rows, weights = rep(4, 1000))[[1]]
  ratio <- tapply(light, rows$g, var) / tapply(heavy, rows$g, var)
  expect_equal(as.numeric(ratio), c(400, 400))
  new <- simulate(fit, 3, seed = 2, newdata = data.frame(x = 0, g = "new"), allow_new_levels = TRUE)
  expect_identical(dim(new), c(1L, 3L))
})

test_that("draws are not chosen by hand", {
  expect_error(simulate(fit, 2, ndraws = 3), "simulate.*ndraws", class = "relm_error")
  expect_error(simulate(fit, 2, draw_ids = 3), "simulate.*draw_ids", class = "relm_error")
  expect_error(simulate(fit, 0), "`nsim`", class = "relm_error")
})

test_that("group effects are those of the draw or new ones, by lme4's arguments", {
  given <- simulate(fit, 3, seed = 1)
  expect_identical(simulate(fit, 3, seed = 1, use.u = TRUE), given)
  expect_identical(simulate(fit, 3, seed = 1, re.form = NULL), given)
  expect_identical(simulate(fit, 3, seed = 1, re.form = ~ (1 | g)), given)
  anew <- simulate(fit, 3, seed = 1, use.u = FALSE)
  expect_identical(simulate(fit, 3, seed = 1, re.form = NA), anew)
  expect_identical(simulate(fit, 3, seed = 1, re.form = ~ 0), anew)
  # New effects vary between replicates like sd, and are those of a group's rows together.
  many <- simulate(fit, 400, seed = 2, use.u = FALSE, weights = rep(1e12, 46))
  zero <- simulate(fit, 400, seed = 2, re_formula = NA, weights = rep(1e12, 46))
  effects <- as.matrix(many - zero)
  expect_lt(max(abs(effects - effects[match(data$g, data$g), ])), 1e-4)
  ids <- with_stream(chain_seeds(2, 5)[5], sample.int(100, 400, replace = TRUE))
  scaled <- effects[match(unique(data$g), data$g), ] /
    rep(as.matrix(fit, "sd_g__Intercept")[ids], each = 7)
  expect_gt(ks.test(as.numeric(scaled[, !duplicated(ids)]), "pnorm")$p.value, 1e-3)
})

test_that("what chooses group effects twice, or some of them, is refused", {
  two <- relm(y ~ x + (x || g), data, seed = 1, chains = 1, draws = 20)
  expect_error(simulate(two, use.u = TRUE, re.form = NA), "use.u.*re.form", class = "relm_error")
  expect_error(simulate(two, use.u = TRUE, re_formula = NA), "choose group effects",
               class = "relm_error")
  expect_error(simulate(two, re.form = ~ (1 | g)), "re.form.*re_formula", class = "relm_error")
  expect_error(simulate(two, use.u = 1), "use.u", class = "relm_error")
})

test_that("of several groupings all groups are new, and rows of a pair stay together", {
  several <- several_data()
  fit <- relm(y ~ x + (1 | a) + (1 | a:b), several, seed = 1, chains = 2, draws = 200)
  drawn <- function(...) simulate(fit, 400, seed = 2, weights = rep(1e12, 200), ...)
  effects <- as.matrix(drawn(use.u = FALSE) - drawn(re_formula = NA))
  pair <- paste(several$a, several$b)
  expect_lt(max(abs(effects - effects[match(pair, pair), ])), 1e-4)
  ids <- with_stream(chain_seeds(2, 5)[5], sample.int(400, 400))
  h <- as.matrix(fit)[ids, ]
  # Two rows of a pair, one of another pair of their parent, and one of another parent.
  rows <- c(1, which(pair == pair[1])[2], which(several$a == several$a[1] & pair != pair[1])[1],
            which(several$a != several$a[1])[1])
  whole <- sqrt(h[, "sd_a__Intercept"]^2 + h[, "sd_a:b__Intercept"]^2)
  of_parent <- mean(h[, "sd_a__Intercept"]^2 / whole^2)
  found <- cor(t(effects[rows, ]) / whole)[1, ]
  expect_lt(max(abs(found - c(1, 1, of_parent, 0)) / c(1e-4, 1e-4, 0.05, 0.05)), 4)
  expect_gt(ks.test(effects[1, ] / whole, "pnorm")$p.value, 1e-3)
})

test_that("simulated successes have the form of the response", {
  data <- transform(response_data(), f = factor(b, 0:1, c("no", "yes")), l = b == 1)
  fits <- family_fits(data)
  of <- function(formula) family_fit(formula, data, binomial())
  for (fit in c(fits, list(of(f ~ x), of(l ~ x)))) {
    simulated <- simulate(fit, nsim = 2, seed = 3)
    expect_identical(names(simulated), c("sim_1", "sim_2"))
    expect_identical(nrow(simulated), nrow(data))
    # What a model can be fitted to again.
    design <- with_response(fit$design, simulated[1])
    expect_identical(stats::.MFclass(design$frame[[1]]), stats::.MFclass(fit$design$frame[[1]]))
    expect_identical(dim(design$frame[[1]]), dim(fit$design$frame[[1]]))
  }
  y <- simulate(fits$cbind, seed = 3)[[1]]
  expect_identical(colnames(y), colnames(fits$cbind$design$frame[[1]]))
  expect_equal(rowSums(y), data$m + 0)
  shares <- simulate(fits$shares, seed = 3)[[1]]
  expect_equal(shares * data$m, round(shares * data$m))
  expect_true(all(shares <= 1) && any(shares > 0 & shares < 1))
  expect_identical(levels(simulate(of(f ~ x), seed = 1)[[1]]), c("no", "yes"))
  one <- simulate(fits$shares, newdata = data[1:2, ], weights = c(1, 9), seed = 1)[[1]]
  expect_equal(one * c(1, 9), round(one * c(1, 9)))
})

# Fits to several data sets against each fit by itself, and against mixtures in closed form.

skip_on_cran()

# A covariate of which some values are drawn anew in each data set.
imputed_data <- function(m = 3, n = 120, seed = 4) {
  data <- transform(several_data(n), k = stats::rpois(n, 2), s = stats::rbinom(n, 5, 0.4))
  set.seed(seed)
  lost <- sample.int(n, n %/% 4)
  lapply(seq_len(m), function(i) {
    data$x[lost] <- data$y[lost] / 2 + stats::rnorm(length(lost))
    data
  })
}
imputed <- imputed_data()
fit_pooled <- function(formula, data = imputed, ..., chains = 2, draws = 40, seed = 5) {
  relm_multiple(formula, data, ..., chains = chains, draws = draws, seed = seed)
}

models_of_kinds <- list(
  one = list(y ~ x + (1 + x | a)), nested = list(y ~ x + (1 | a) + (1 | a:b)),
  crossed = list(y ~ x + (1 | a) + (1 | c)), none = list(y ~ x, sigma = ~ c),
  binomial = list(cbind(s, 5 - s) ~ x + (1 | a), family = "binomial"),
  poisson = list(k ~ x + (1 | a), family = "poisson"),
  negative_binomial = list(k ~ x + (1 | a), family = negative_binomial()),
  structured = list(y ~ x + ar1(1 + x + w | a)), known = list(y ~ x + (1 + x | a), sigma = ~ known(w)),
  student = list(y ~ x + (1 + x | a), family = student()),
  family_several = list(k ~ x + (1 | a) + (1 | c), family = "poisson")
)

test_that("pooled draws of any model are those of all fits", {
  for (kind in names(models_of_kinds)) {
    fit <- suppressMessages(do.call(fit_pooled, models_of_kinds[[kind]]))
    all <- do.call(rbind, lapply(fit$fits, as.matrix))
    expect_identical(as.matrix(fit), all, label = kind)
    seeds <- vapply(fit$fits, function(one) one$sampling$seed, 0L)
    expect_false(any(duplicated(seeds)))
    own <- c(list(models_of_kinds[[kind]][[1]], imputed[[2]]), models_of_kinds[[kind]][-1],
             list(chains = 2, draws = 40, seed = seeds[2]))
    expect_identical(as.matrix(suppressMessages(do.call(relm, own))), as.matrix(fit$fits[[2]]), label = kind)
    new <- imputed[[1]][1:3, ]
    expect_equal(posterior_epred(fit, newdata = new),
                 do.call(rbind, lapply(fit$fits, posterior_epred, newdata = new)), label = kind)
    # The variance of m n draws, by the variances within and between.
    W <- rowMeans(vapply(fit$fits, function(one) apply(as.matrix(one), 2, var), numeric(ncol(all))))
    B <- apply(vapply(fit$fits, function(one) colMeans(as.matrix(one)), numeric(ncol(all))), 1, var)
    expect_equal(apply(all, 2, var), (3 * 79 * W + 80 * 2 * B) / 239)
  }
})

test_that("draws are the same whatever the processes, and effects that were not kept as well", {
  formula <- y ~ x + (1 | a) + (1 | a:b)
  fit <- fit_pooled(formula)
  expect_identical(as.matrix(fit_pooled(formula, cores = 2)), as.matrix(fit))
  later <- fit_pooled(formula, group_draws = FALSE)
  name <- grep("^r_a:b", colnames(as.matrix(fit)), value = TRUE)[5:4]
  expect_identical(as.matrix(later, name), as.matrix(fit, name))
  expect_equal(ranef(later), ranef(fit))
  set.seed(8)
  first <- as.matrix(fit_pooled(formula, seed = NULL), "sigma")
  set.seed(8)
  expect_identical(as.matrix(fit_pooled(formula, seed = NULL), "sigma"), first)
})

test_that("the mixture is that of the posteriors in closed form", {
  # A flat mean and p(sigma^2) = 1/sigma^2: the mean is t with n - 1 degrees of freedom.
  set.seed(2)
  data <- lapply(1:4, function(i) data.frame(y = stats::rnorm(12, 0.4 * i)))
  draws <- as.matrix(fit_pooled(y ~ 1, data, draws = 2500, chains = 1), "b_Intercept")[, 1]
  mean <- vapply(data, function(d) mean(d$y), 0)
  scale <- vapply(data, function(d) sd(d$y) / sqrt(12), 0)
  mixture <- function(q) rowMeans(vapply(1:4, function(i) stats::pt((q - mean[i]) / scale[i], 11), q))
  expect_lt(max(abs(stats::ecdf(draws)(draws) - mixture(draws))), 1.95 / sqrt(length(draws)))
  W <- mean(scale^2 * 11 / 9)
  expected <- W + (1 - 1 / 4) * var(mean)
  error <- sqrt(var((draws - mean(draws))^2) / length(draws))
  expect_lt(abs(var(draws) - expected), 4 * error)
  # Neither Rubin's variance nor that within.
  expect_gt(abs(W + (1 + 1 / 4) * var(mean) - expected), 8 * error)
  expect_gt(expected - W, 8 * error)
})

test_that("a mids object is read as its completed data frames", {
  skip_if_not_installed("mice")
  data <- several_data(60)
  data$x[1:9] <- NA
  mids <- mice::mice(data[c("y", "x")], m = 2, maxit = 1, seed = 1, printFlag = FALSE)
  fit <- fit_pooled(y ~ x, mids)
  completed <- lapply(1:2, function(i) mice::complete(mids, i))
  expect_identical(as.matrix(fit), as.matrix(fit_pooled(y ~ x, completed)))
  expect_identical(as.matrix(update(fit$fits[[2]])), as.matrix(fit$fits[[2]]))
})

test_that("arguments in the data are evaluated in each of them, and calls are those of relm()", {
  fit <- fit_pooled(y ~ 1, weights = x^2 + 1, subset = w > 0.3)
  by_hand <- relm(y ~ 1, imputed[[3]], weights = x^2 + 1, subset = w > 0.3, chains = 2, draws = 40,
                  seed = fit$fits[[3]]$sampling$seed)
  expect_identical(as.matrix(fit$fits[[3]]), as.matrix(by_hand))
  expect_identical(fit$fits[[3]]$call$data, quote(data[[3L]]))
  expect_identical(as.matrix(fit_pooled("y ~ 1", weights = x^2 + 1, subset = w > 0.3)), as.matrix(fit))
})

test_that("data frames that differ are refused by their numbers", {
  with_third <- function(change) {
    imputed[[3]] <- change(imputed[[3]])
    imputed
  }
  refused <- function(change, pattern, formula = y ~ x + (1 | a)) {
    expect_error(suppressMessages(fit_pooled(formula, with_third(change), draws = 5)), pattern, class = "relm_error")
  }
  refused(function(d) d[-1, ], "Imputation 3 has 119 rows")
  refused(function(d) d[names(d) != "w"], "Imputation 3 has no column `w`")
  refused(function(d) cbind(d, z = 1), "Imputation 3 has a column `z`")
  refused(function(d) transform(d, x = as.character(x)), "Imputation 3 .*`x` of class character")
  refused(function(d) transform(d, y = 1), "Imputation 3 could not be fitted.*constant")
  refused(function(d) transform(d, y = replace(y, 1, NA)), "imputation 3 has other numbers of rows.*119.*120")
  refused(function(d) transform(d, a = rev(a)), "imputation 3 has other groups of a")
  refused(function(d) transform(d, c = replace(c, c == "p", "q")), "imputation 3 has other coefficients", y ~ c)
  refused(identity, "imputation 2 has other bases", y ~ poly(x, 2))
  factors <- lapply(imputed, transform, f = factor(c))
  factors[[2]]$f <- factor(factors[[2]]$c, levels = c("t", "s", "r", "q", "p"))
  expect_error(fit_pooled(y ~ f, factors), "Imputation 2 has other levels of `f`", class = "relm_error")
  expect_error(fit_pooled(y ~ x, imputed[[1]]), "list of two or more data frames.*relm", class = "relm_error")
  expect_error(fit_pooled(y ~ x, list(imputed[[1]], 3)), "Element 2 of `data`", class = "relm_error")
  expect_error(relm_multiple(y ~ x), "`data` is missing", class = "relm_error")
  # An integer is a number too.
  whole <- lapply(imputed, transform, k = as.numeric(k))
  whole[[1]]$k <- as.integer(whole[[1]]$k)
  expect_s3_class(fit_pooled(y ~ k, whole, draws = 5), "relm_multiple")
})

test_that("arguments without a meaning are refused by name", {
  expect_error(fit_pooled(y ~ x, target_ess = 10), "target_ess.*as many draws", class = "relm_error")
  expect_error(fit_pooled(y ~ x, prior_only = TRUE), "prior_only", class = "relm_error")
  expect_error(fit_pooled(y ~ x, init = NULL), "init", class = "relm_error")
  expect_error(fit_pooled(y ~ x, drwas = 10), "no argument `drwas`", class = "relm_error")
})

test_that("messages are told once, and of which imputation they are", {
  all <- lapply(imputed, transform, y = replace(y, 1:2, NA))
  expect_message(fit_pooled(y ~ x, all, draws = 5), "^Dropped 2 of 120 rows")
  said <- capture.output(invisible(fit_pooled(y ~ x, all, draws = 5)), type = "message")
  expect_length(grep("Dropped", said), 1)
  own <- imputed
  own[[2]]$w <- 1
  expect_message(fit_pooled(y ~ x + w, lapply(own, transform, w = replace(w, 1, NA)), draws = 5), "Dropped 1 of 120") |>
    expect_error("imputation 2 has other coefficients", class = "relm_error") |>
    expect_message("Imputation 2: The model matrix is rank deficient")
})

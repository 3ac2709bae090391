# projpred's projections of a fit: least squares by hand, and what projpred would read otherwise.

set.seed(21)
rows <- data.frame(x = rnorm(90), z = rnorm(90), a = factor(rep(paste0("a", 1:9), 10)),
                   b = factor(rep(paste0("b", 1:10), each = 9)), n = rep(1:3, 30), e = rnorm(90, 0, 0.2))
rows$y <- 1 + rows$x + rnorm(9)[rows$a] + rnorm(90)
rows$k <- rbinom(90, rows$n, plogis(rows$x))
rows$count <- rpois(90, exp(0.3 * rows$x + rows$e))

fit_of <- function(formula, data = rows, ...) {
  relm(formula, data, prior = relm_prior(sd = half_normal(1)), seed = 1, chains = 2, draws = 50, ...)
}
reference <- function(fit, ...) projpred::get_refmodel(fit, ...)

# projpred's projection to these terms, with all draws, draws x coefficients.
projected <- function(fit, terms) {
  # Its name in later versions.
  name <- intersect(c("predictor_terms", "solution_terms"), names(formals(projpred::project)))[1]
  asked <- c(list(fit, ndraws = 100, regul = 0, verbose = FALSE), stats::setNames(list(terms), name))
  suppressMessages(as.matrix(do.call(projpred::project, asked)))
}

test_that("the reference predicts as the fit does", {
  skip_if_not_installed("projpred")
  fits <- list(fit_of(y ~ x + z + (1 + x || a) + (1 | b)), fit_of(exp(y) ~ x * z),
               fit_of(cbind(k, n - k) ~ x + (1 | a), family = binomial()),
               fit_of(k / n ~ x, weights = n, family = binomial("probit")),
               fit_of(count ~ x + offset(e) + (1 | a), family = poisson()))
  for (fit in fits) {
    made <- reference(fit)
    expect_equal(unname(made$eta + made$offset), unname(t(posterior_linpred(fit))))
    expect_equal(unname(made$family$linkinv(made$eta + made$offset)), unname(t(posterior_epred(fit))))
    new <- rows[c(3, 70), ]
    expect_equal(as.numeric(predict(made, newdata = new)), unname(colMeans(posterior_epred(fit, new))))
  }
})

test_that("responses are numbers, of trials the successes, whose weights are the trials", {
  skip_if_not_installed("projpred")
  fits <- list(fit_of(cbind(k, n - k) ~ x, family = binomial()),
               fit_of(k / n ~ x, weights = n, family = binomial()))
  for (made in lapply(fits, reference)) {
    expect_equal(as.numeric(made$y), rows$k)
    expect_equal(as.numeric(made$wobs), rows$n)
  }
  hit <- transform(rows, hit = factor(k > 0, labels = c("no", "yes")))
  made <- reference(fit_of(hit ~ x, hit, family = binomial()))
  expect_equal(as.numeric(made$y), as.numeric(rows$k > 0))
  expect_identical(all.vars(made$formula), c("hit.1", "x"))
  expect_identical(all.vars(reference(fit_of(y ~ x))$formula), c("y", "x"))
  logged <- reference(fit_of(log(n) ~ x))
  expect_identical(as.character(logged$formula[[2]]), "log_n")
  expect_equal(as.numeric(logged$y), log(rows$n))
  times <- reference(fit_of(count ~ x, weights = n, family = poisson()))
  expect_equal(as.numeric(times$wobs), rows$n)
})

test_that("a projection is least squares of each draw's means, and keeps the full model", {
  skip_if_not_installed("projpred")
  fit <- fit_of(y ~ x + z)
  draws <- as.matrix(fit)
  expect_equal(reference(fit)$dis, unname(draws[, "sigma"]))
  full <- projected(fit, c("x", "z"))
  expect_equal(unname(full[, 1:3]), unname(draws[, 1:3]), tolerance = 1e-6)
  less <- projected(fit, "x")
  X <- cbind(1, rows$x)
  least <- t(qr.coef(qr(X), t(posterior_linpred(fit))))
  expect_equal(unname(less[, 1:2]), unname(least), tolerance = 1e-6)
  lost <- rowMeans((posterior_linpred(fit) - least %*% t(X))^2)
  expect_equal(unname(less[, 3]), unname(sqrt(draws[, "sigma"]^2 + lost)), tolerance = 1e-6)
})

test_that("a search finds the predictor and the groups that matter first", {
  skip_if_not_installed("projpred")
  skip_if_not_installed("lme4")
  found <- suppressMessages(projpred::varsel(fit_of(y ~ z + x + (1 | a)), nclusters = 1, nclusters_pred = 1,
                                             nterms_max = 2, seed = 1, verbose = FALSE))
  terms <- if ("ranking" %in% getNamespaceExports("projpred")) projpred::ranking(found)$fulldata
    else projpred::solution_terms(found)
  expect_setequal(terms, c("x", "(1 | a)"))
})

test_that("bars are written one by one, without offsets", {
  skip_if_not_installed("projpred")
  made <- reference(fit_of(count ~ x + offset(e) + (x || a) + (1 | b), family = poisson()))
  expect_equal(made$formula, count ~ x + (1 | a) + (0 + x | a) + (1 | b), ignore_formula_env = TRUE)
  dotted <- reference(fit_of(y ~ ., rows[c("y", "x", "z")]))
  expect_identical(all.vars(dotted$formula), c("y", "x", "z"))
})

test_that("groups that the fit has not are new ones, and offsets are those of the rows", {
  skip_if_not_installed("projpred")
  fit <- fit_of(count ~ x + offset(e) + (1 | a), family = poisson())
  new <- transform(rows[1:2, ], a = c("a1", "other"), e = c(0, 5))
  values <- projected_linpred(fit, new)
  expect_equal(values[1, ], unname(posterior_linpred(fit, newdata = new[1, ])[, 1]))
  known <- as.matrix(fit)[, c("b_Intercept", "b_x", "sd_a__Intercept")]
  z <- (values[2, ] - known[, 1] - known[, 2] * new$x[2] - 5) / known[, 3]
  expect_lt(abs(mean(z)), 4 / sqrt(100))
  expect_lt(abs(mean(z^2) - 1), 4 * sqrt(2 / 100))
  given <- projected_rows(fit, new, orhs = ~ z, wrhs = c(2, 3))
  expect_equal(given$offset, new$e + new$z)
  expect_equal(given$weights, c(2, 3))
  expect_equal(given$y, new$count)
  expect_null(projected_rows(fit, new[names(new) != "count"])$y)
  expect_null(projected_rows(fit, new, extract_y = FALSE)$y)
})

test_that("folds are fitted again without their rows", {
  skip_if_not_installed("projpred")
  made <- reference(fit_of(y ~ x + z, na.action = na.exclude, data = replace(rows, cbind(4, 2), NA)))
  folds <- rep_len(1:3, 89)
  parts <- lapply(made$cvfun(folds), made$cvrefbuilder)
  kept <- rows[-4, ]
  for (k in 1:3) {
    own <- kept[folds != k, ]
    expect_equal(as.numeric(parts[[k]]$y), own$y)
    line <- lm(y ~ x + z, own)
    left <- kept[folds == k, ]
    values <- parts[[k]]$ref_predfun(parts[[k]]$fit, left)
    # Draws of the conjugate posterior are independent.
    error <- rowMeans(values) - predict(line, left)
    expect_lt(max(abs(error) / (apply(values, 1, sd) / sqrt(100))), 4.5)
  }
})

test_that("K-fold cross-validation runs with its own search", {
  skip_if_not_installed("projpred")
  fit <- fit_of(y ~ x + z)
  found <- suppressMessages(projpred::cv_varsel(fit, cv_method = "kfold", K = 2, nclusters = 1,
                                                nclusters_pred = 1, seed = 1, verbose = FALSE))
  expect_s3_class(found, "vsel")
  expect_true(all(is.finite(unlist(found$summaries$ref))))
})

test_that("what projpred cannot project is refused by name", {
  skip_if_not_installed("projpred")
  refused <- function(fit, word) expect_error(reference(fit), word, class = "relm_error")
  refused(fit_of(count ~ x, family = negative_binomial()), "negative_binomial")
  refused(fit_of(y ~ x, weights = n), "`weights`")
  refused(relm(y ~ x, rows, sigma = ~ a, prior = relm_prior(sigma = half_normal(1)), chains = 1, draws = 5), "`sigma`")
  refused(fit_of(y ~ 0 + x), "without an intercept")
  refused(fit_of(y ~ poly(x, 2)), "poly\\(x, 2\\)")
  refused(fit_of(y ~ x + (1 | a / n)), "`a:n`.*column")
  refused(relm(crossprods(y ~ x, data = rows), chains = 1, draws = 5), "needs the data")
  y <- rows$y
  x <- rows$x
  refused(relm(y ~ x, chains = 1, draws = 5), "data frame")
})

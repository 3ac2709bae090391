skip_if_not_installed("emmeans")

data <- grouped_data()

# Medians of linear combinations of the coefficients' draws.
medians <- function(fit, X) {
  apply(as.matrix(fit, "^b_", regex = TRUE) %*% t(X), 2, stats::median)
}

medians_of <- function(grid) as.data.frame(summary(grid))

test_that("means of factors in interactions, with a basis of the fit, are combinations of draws", {
  fit <- relm(y ~ f * poly(x, 2) + v + (1 | g), data, seed = 1, chains = 2, draws = 100)
  grid <- expand.grid(f = c("a", "b", "c"), x = c(-1, 0.5), v = mean(data$v))
  basis <- stats::poly(data$x, 2)
  X <- stats::model.matrix(~ f * predict(basis, x) + v, grid)
  X <- X[, c(1:3, 4:5, 6, 7:10)]
  found <- emmeans::emmeans(fit, ~ f * x, at = list(x = c(-1, 0.5)))
  expect_equal(medians_of(found)$emmean, unname(medians(fit, X)))
  draws <- as.matrix(fit, "^b_", regex = TRUE) %*% t(X)
  shortest <- coda::HPDinterval(coda::mcmc(draws))
  expect_equal(as.matrix(medians_of(found)[c("lower.HPD", "upper.HPD")]), shortest,
               ignore_attr = TRUE)
  contrasts <- emmeans::contrast(found, "revpairwise", by = "x")
  expect_equal(medians_of(contrasts)$estimate[4:6],
               unname(medians(fit, X[c(5, 6, 6), ] - X[c(4, 4, 5), ])))
})

test_that("slopes by a factor are the coefficient and its interaction", {
  fit <- relm(y ~ f * x + (1 | g), data, seed = 1, chains = 1, draws = 50)
  slopes <- emmeans::emtrends(fit, pairwise ~ f, var = "x")
  X <- cbind(0, 0, 0, 1, diag(3)[, -1])
  expect_equal(medians_of(slopes$emtrends)$x.trend, unname(medians(fit, X)))
  expect_equal(medians_of(slopes$contrasts)$estimate,
               unname(medians(fit, X[c(1, 1, 2), ] - X[c(2, 3, 3), ])))
})

test_that("contrasts, weights, subsets and missing values are those of the fit", {
  data$x[4] <- NA
  fit <- suppressMessages(relm(y ~ f + x + (1 | g), data, weights = w, subset = v < 1,
                               contrasts = list(f = "contr.sum"), seed = 1, chains = 1,
                               draws = 50))
  used <- subset(data, v < 1 & !is.na(x))
  X <- stats::model.matrix(~ f + x, data.frame(f = c("a", "b", "c"), x = mean(used$x)),
                           contrasts.arg = list(f = "contr.sum"))
  expect_equal(medians_of(emmeans::emmeans(fit, ~ f))$emmean, unname(medians(fit, X)))
})

test_that("the data may be gone, and what stands beside them is a constant", {
  make <- function() {
    here <- data[46:1, ]
    degree <- 2
    relm(y ~ f + poly(x, degree) + (1 | g), here, subset = 40:1, seed = 1, chains = 1,
         draws = 50)
  }
  used <- data[46:1, ][40:1, ]
  fit <- make()
  # As in lm(), terms are evaluated before rows are chosen.
  basis <- stats::poly(data$x, 2)
  X <- stats::model.matrix(~ f + predict(basis, x),
                           data.frame(f = c("a", "b", "c"), x = mean(used$x)))
  expect_equal(medians_of(emmeans::emmeans(fit, ~ f))$emmean, unname(medians(fit, X)))
})

test_that("offsets are averaged", {
  fit <- relm(y ~ f + offset(v) + (1 | g), data, seed = 1, chains = 1, draws = 50)
  X <- stats::model.matrix(~ f, data.frame(f = c("a", "b", "c")))
  expect_equal(medians_of(emmeans::emmeans(fit, ~ f))$emmean,
               unname(medians(fit, X)) + mean(data$v))
})

test_that("cells of aliased columns are not estimable", {
  data$h <- rep_len(c("u", "v"), nrow(data))
  data <- subset(data, !(f == "c" & h == "v"))
  fit <- suppressMessages(relm(y ~ f * h + (1 | g), data, seed = 1, chains = 1, draws = 50))
  found <- medians_of(emmeans::emmeans(fit, ~ f * h))
  expect_identical(is.na(found$emmean), found$f == "c" & found$h == "v")
})

test_that("a transformed response is known, and draws come chain by chain", {
  fit <- relm(log(mercury) ~ river + (1 | station), bass, seed = 1, chains = 2, draws = 50)
  means <- emmeans::emmeans(fit, ~ river)
  response <- as.data.frame(summary(means, type = "response"))$response
  expect_equal(response[1], stats::median(exp(as.matrix(fit, "b_Intercept"))))
  chains <- coda::as.mcmc.list(means)
  expect_length(chains, 2)
  expect_equal(as.numeric(as.matrix(chains)[, 1]), as.numeric(as.matrix(fit, "b_Intercept")))
})

test_that("normal approximations have no standard errors where these do not exist", {
  few <- relm(y ~ f + (1 | g), subset(data, g %in% unique(g)[1:3]), seed = 1, chains = 1,
              draws = 50)
  means <- emmeans::emmeans(few, ~ f)
  expect_false(anyNA(medians_of(means)))
  expect_true(all(is.na(summary(means, frequentist = TRUE)$SE)))
})

test_that("a fit of cross-products is refused", {
  small <- relm(crossprods(y ~ f + (1 | g), data = data), seed = 1, chains = 1, draws = 5)
  expect_error(suppressMessages(emmeans::recover_data(small)), "needs the data",
               class = "relm_error")
})

test_that("means are those of the contrasts that the fit was made with", {
  skip_if_not_installed("emmeans")
  set.seed(2)
  data <- data.frame(f = factor(rep(c("a", "b", "c"), 20)), g = factor(rep(1:10, each = 6)))
  data$y <- as.integer(data$f) * 2 + rnorm(10)[data$g] + rnorm(60, 0, 0.1)
  # Names of sum contrasts that are those of treatment contrasts.
  contrasts(data$f) <- structure(contr.sum(3), dimnames = list(NULL, c("b", "c")))
  fit <- relm(y ~ f + (1 | g), data, seed = 1, chains = 2, draws = 300)
  expected <- apply(posterior_epred(fit, data.frame(f = c("a", "b", "c")), re_formula = NA), 2,
                    median)
  means <- function(fit) as.data.frame(emmeans::emmeans(fit, ~ f))$emmean
  expect_equal(means(fit), unname(expected))
  plain <- transform(data, f = as.character(f))
  old <- options(contrasts = c("contr.helmert", "contr.poly"))
  fit <- relm(y ~ f + (1 | g), plain, seed = 1, chains = 2, draws = 300)
  options(old)
  expected <- apply(posterior_epred(fit, data.frame(f = c("a", "b", "c")), re_formula = NA), 2,
                    median)
  expect_equal(means(fit), unname(expected))
})

test_that("emmeans' own arguments are obeyed", {
  fit <- relm(y ~ f * x + (1 | g), data, seed = 1, chains = 1, draws = 50)
  value <- function(...) medians_of(suppressMessages(emmeans::emmeans(fit, ...)))$emmean
  levels <- c("a", "b", "c")
  X <- function(f, x) stats::model.matrix(~ f * x, data.frame(f = factor(f, levels), x = x))
  expect_equal(value(~ f, at = list(x = 2)), unname(medians(fit, X(levels, 2))))
  expect_equal(value(~ f, cov.reduce = median), unname(medians(fit, X(levels, median(data$x)))))
  expect_equal(value(~ f, re_formula = NA), value(~ f))
  expect_equal(value(~ f, re.form = ~ 0), value(~ f))
  # ggeffects gives a mode to all models.
  expect_equal(value(~ f, mode = "response"), value(~ f))
  share <- as.numeric(prop.table(table(data$f)))
  expect_equal(value(~ 1, weights = "proportional"),
               unname(medians(fit, share %*% X(levels, mean(data$x)))))
  some <- subset(data, x > 0)
  expect_equal(value(~ f, data = some), unname(medians(fit, X(levels, mean(some$x)))))
  wide <- as.data.frame(summary(suppressMessages(emmeans::emmeans(fit, ~ f)), level = 0.5))
  draws <- as.matrix(fit, "^b_", regex = TRUE) %*% t(X("a", mean(data$x)))
  expect_equal(plain(wide$upper.HPD[1]), ignore_attr = TRUE,
               coda::HPDinterval(coda::mcmc(draws), 0.5)[, "upper"])
})

test_that("arguments for other packages' fits are refused", {
  fit <- relm(y ~ f + (1 | g), data, seed = 1, chains = 1, draws = 20)
  refused <- function(..., pattern) {
    expect_error(suppressMessages(emmeans::emmeans(fit, ~ f, ...)), pattern, class = "relm_error")
  }
  refused(vcov. = diag(3), pattern = "vcov\\.")
  refused(lmer.df = "satterthwaite", pattern = "lmer.df")
  refused(epred = TRUE, pattern = "epred")
  refused(dpar = "sigma", pattern = "dpar")
  refused(re_formula = NULL, pattern = "re_formula")
  refused(re.form = ~ (1 | g), pattern = "re_formula")
  expect_error(emmeans::emtrends(relm(y ~ f * x + (1 | g), data, chains = 1, draws = 5, seed = 1),
                                 ~ f, "x", vcov. = diag(6)), "vcov\\.", class = "relm_error")
})

test_that("a scaled response is taken back to its scale", {
  data$y <- 300 + 60 * data$y
  fit <- relm(scale(y) ~ f + (1 | g), data, seed = 1, chains = 2, draws = 200)
  found <- as.data.frame(summary(emmeans::emmeans(fit, ~ f), type = "response"))
  X <- stats::model.matrix(~ f, data.frame(f = c("a", "b", "c")))
  expect_equal(found$response, unname(mean(data$y) + sd(data$y) * medians(fit, X)))
})

test_that("means of other families are on the response's scale where they are asked for", {
  skip_if_not_installed("emmeans")
  data <- response_data()
  fits <- family_fits(data)
  for (name in c("bernoulli", "cbind", "dispersed")) {
    fit <- fits[[name]]
    at <- list(x = c(-1, 1))
    on_link <- as.matrix(fit, c("b_Intercept", "b_x")) %*% rbind(1, at$x)
    means <- as.data.frame(emmeans::emmeans(fit, ~ x, at = at, offset = 0, type = "response"))
    scale <- if (name == "dispersed") "rate" else "prob"
    expected <- apply(stats::make.link(fit$posterior$link)$linkinv(on_link), 2, stats::median)
    expect_equal(means[[scale]], expected, tolerance = 1e-8)
  }
})

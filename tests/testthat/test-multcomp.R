# What multcomp's glht() makes of a fit, from means and covariances of the draws and a normal distribution.

data <- transform(grouped_data(), f = factor(f))
fit <- relm(y ~ x + f + (1 | g), data, seed = 1, chains = 2, draws = 500)
b <- as.matrix(fit, regex_pars = "^b_")

test_that("estimates and covariances are those of the draws", {
  made <- modelparm.relm(fit)
  expect_equal(made$coef, stats::setNames(colMeans(b), names(fixef(fit))))
  expect_equal(unname(made$vcov), unname(cov(b)))
  expect_identical(made$df, 0)
  expect_identical(made$estimable, rep(TRUE, 4))
})

test_that("levels are compared by their draws, with normal quantiles", {
  skip_if_not_installed("multcomp")
  compared <- multcomp::glht(fit, linfct = multcomp::mcp(f = "Tukey"))
  levels <- cbind(0, b[, 3:4])
  differences <- cbind(levels[, 2] - levels[, 1], levels[, 3] - levels[, 1], levels[, 3] - levels[, 2])
  z <- colMeans(differences) / apply(differences, 2, sd)
  each <- summary(compared, test = multcomp::univariate())$test
  expect_equal(unname(each$coefficients), colMeans(differences))
  expect_equal(unname(each$sigma), apply(differences, 2, sd))
  expect_equal(as.numeric(each$pvalues), 2 * pnorm(-abs(z)))
  three <- summary(compared, test = multcomp::adjusted("bonferroni"))$test
  expect_equal(as.numeric(three$pvalues), pmin(1, 6 * pnorm(-abs(z))))
  intervals <- confint(compared, calpha = multcomp::univariate_calpha())$confint
  expect_equal(unname(intervals[, "upr"]), colMeans(differences) + qnorm(0.975) * apply(differences, 2, sd))
  # Wider for all at a time, but not as wide as Bonferroni's.
  set.seed(1)
  quantile <- attr(confint(compared)$confint, "calpha")
  expect_true(quantile > qnorm(0.975) && quantile < qnorm(1 - 0.025 / 3))
})

test_that("differences are those that emmeans has of the same means and covariances", {
  skip_if_not_installed("multcomp")
  skip_if_not_installed("emmeans")
  means <- emmeans::emmeans(fit, ~ f)
  theirs <- summary(emmeans::contrast(means, "revpairwise"), frequentist = TRUE, adjust = "none")
  ours <- summary(multcomp::glht(fit, linfct = multcomp::mcp(f = "Tukey")), test = multcomp::univariate())$test
  expect_equal(unname(ours$coefficients), plain(theirs$estimate))
  expect_equal(unname(ours$sigma), plain(theirs$SE))
  expect_equal(as.numeric(ours$pvalues), plain(theirs$p.value))
})

test_that("linear functions of coefficients are tested, one by one and together", {
  skip_if_not_installed("multcomp")
  tested <- multcomp::glht(fit, linfct = c("x = 1", "x - 2 * fb = 0"))
  values <- cbind(b[, 2] - 1, b[, 2] - 2 * b[, 3])
  expect_equal(unname(summary(tested)$test$tstat), colMeans(values) / apply(values, 2, sd))
  joint <- summary(tested, test = multcomp::Chisqtest())$test
  distance <- sum(colMeans(values) * solve(cov(values), colMeans(values)))
  expect_equal(as.numeric(joint$SSH), distance)
  expect_equal(as.numeric(joint$pvalue), pchisq(distance, 2, lower.tail = FALSE))
  by_matrix <- multcomp::glht(fit, linfct = rbind(one = c(0, 1, 0, 0)), rhs = 1, alternative = "greater")
  p <- as.numeric(summary(by_matrix)$test$pvalues)
  expect_equal(p, pnorm(mean(b[, 2] - 1) / sd(b[, 2]), lower.tail = FALSE))
})

test_that("levels that do not differ share a letter", {
  skip_if_not_installed("multcomp")
  set.seed(2)
  apart <- data.frame(f = gl(3, 20, labels = c("a", "b", "c")), g = rep(1:10, 6))
  apart$y <- c(0, 0.01, 8)[apart$f] + rnorm(10, 0, 0.3)[apart$g] + rnorm(60)
  letters_of <- function(fit) {
    multcomp::cld(multcomp::glht(fit, linfct = multcomp::mcp(f = "Tukey")))$mcletters$Letters
  }
  found <- letters_of(relm(y ~ f + (1 | g), apart, seed = 1, chains = 2, draws = 500))
  expect_identical(found[["a"]], found[["b"]])
  expect_false(found[["a"]] == found[["c"]])
})

test_that("aliased columns are not among the coefficients", {
  skip_if_not_installed("multcomp")
  aliased <- suppressMessages(relm(y ~ x + twice + f + (1 | g), transform(data, twice = 2 * x),
                                   seed = 1, chains = 2, draws = 100))
  compared <- multcomp::glht(aliased, linfct = multcomp::mcp(f = "Dunnett"))
  expect_equal(unname(coef(compared)), unname(colMeans(as.matrix(aliased, c("b_fb", "b_fc")))))
})

test_that("what is not of a posterior is refused", {
  for (df in list(10, ~ x, "0", quote(x))) {
    expect_error(modelparm.relm(fit, df = df), "`df`", class = "relm_error")
  }
  expect_error(modelparm.relm(fit, vcov. = diag(4)), "`vcov.`", class = "relm_error")
  expect_error(modelparm.relm(fit, coef. = coef), "`coef.`", class = "relm_error")
  expect_error(modelparm.relm(fit, other = 1), "other", class = "relm_error")
  expect_identical(modelparm.relm(fit, df = 0), modelparm.relm(fit))
  expect_identical(modelparm.relm(fit, df = NULL), modelparm.relm(fit))
})

test_that("coefficients without a variance are refused by name", {
  # Of three groups with a flat prior: the intercept has no variance.
  three <- relm(y ~ x + (1 | g), subset(data, g %in% unique(g)[1:3]), seed = 1, chains = 1, draws = 50)
  expect_error(modelparm.relm(three), "\\(Intercept\\)", class = "relm_error")
})

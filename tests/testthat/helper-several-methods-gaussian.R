# Rows, as helper-several-methods.R has them, of what Gaussian responses alone have: noise that is added
# to the mean, residual standard deviations, and strata of these.

with_gaussian_rows <- function(scene) {
  scene$noise <- posterior_predict(scene$fit, scene$one, seed = 1) - scene$hand(scene$one)
  scene$strata <- relm(formula(scene$fit), transform(scene$data, k = rep_len(c("u", "v"), 120)), sigma = ~ k,
                       chains = 2, draws = 50, seed = 1, prior = relm_prior(sigma = half_normal(1)))
  scene
}

gaussian_methods <- list()

gaussian_methods$predictions <- list(
  sigma = list(gives(as.numeric(sigma(fit)), median(sigma))),
  posterior_predict = list(
    newdata = same(unname(posterior_predict(fit, newdata = one, seed = 1)), unname(hand(one) + noise)),
    re_formula = same(unname(posterior_predict(fit, one, re_formula = NA, seed = 1)),
                      unname(hand(one, list()) + noise)),
    re.form = same(unname(posterior_predict(fit, one, re.form = ~ (1 | a), seed = 1)),
                   unname(hand(one, list(a = "Intercept")) + noise)),
    weights = same(unname(posterior_predict(fit, one, weights = 4, seed = 1)), unname(hand(one) + noise / 2)),
    offset = same(unname(posterior_predict(fit, one, offset = 3, seed = 1)), unname(hand(one) + noise + 3)),
    fun = same(unname(posterior_predict(fit, one, fun = exp, seed = 1)), unname(exp(hand(one) + noise))),
    seed = same(unname(posterior_predict(fit, one, seed = 1)), unname(hand(one) + noise)),
    sample_new_levels = same({
      predicted <- posterior_predict(fit, stranger, allow_new_levels = TRUE, seed = 1,
                                     sample_new_levels = "old_levels")
      mean <- posterior_epred(fit, stranger, allow_new_levels = TRUE, seed = 1, sample_new_levels = "old_levels")
      from_old(mean) && sd(predicted - mean) < 2 * max(sigma)
    }, TRUE)
  ),
  predict = list(
    newdata = same(unname(predict(fit, newdata = new, summary = FALSE, seed = 1)),
                   unname(posterior_predict(fit, new, seed = 1))),
    re_formula = same(unname(predict(fit, one, re_formula = NA, summary = FALSE, seed = 1)),
                      unname(hand(one, list()) + noise)),
    summary = same(unname(predict(fit, one, summary = FALSE, seed = 1)), unname(hand(one) + noise)),
    probs = same(unname(predict(fit, one, summary = TRUE, probs = 0.9, seed = 1)[, 3]),
                 unname(quantile(hand(one) + noise, 0.9))),
    type = same(unname(predict(fit, type = "response", summary = NULL)), median_of(mu)),
    type = same(unname(predict(fit, type = "link", summary = FALSE)), eta)
  ),
  residuals = list(
    scaled = same(unname(residuals(fit, scaled = TRUE)), median_of((rep(data$y, each = 100) - mu) / sigma)),
    method = same(unname(residuals(fit, newdata = one, method = "posterior_predict", summary = FALSE, seed = 1)),
                  unname(one$y - hand(one) - noise))
  ),
  predictive_error = list(
    newdata = same(unname(predictive_error(fit, newdata = one, seed = 1)), unname(one$y - hand(one) - noise))
  ),
  predictive_interval = list(
    prob = same(unname(predictive_interval(fit, newdata = one, prob = 0.5, seed = 1)[1, ]),
                unname(quantile(hand(one) + noise, c(0.25, 0.75)))),
    fun = same(unname(predictive_interval(fit, newdata = one, fun = exp, prob = 0.5, seed = 1)[1, ]),
               unname(quantile(exp(hand(one) + noise), c(0.25, 0.75))))
  ),
  bayes_R2 = list(
    weights = same(as.numeric(bayes_R2(fit, new, weights = rep(4, 3), summary = FALSE)), r2(hand(new), 4))
  ),
  simulate = list(
    re_formula = gives({
      s <- as.matrix(simulate(fit, nsim = 100, seed = 1, newdata = one, re_formula = NULL))
      abs(mean(s) - mean(hand(one))) < 4 * sqrt((var(as.numeric(hand(one))) + mean(sigma^2)) / 100)
    }, TRUE),
    weights = same({
      heavy <- unlist(simulate(fit, nsim = 1, newdata = one, seed = 1, use.u = TRUE, weights = 1e20))
      min(abs(hand(one) - heavy)) < 1e-8
    }, TRUE)
  ),
  glance = list(looic = same(!is.null(generics::glance(fit, looic = TRUE)$looic), TRUE))
)

# With a residual variance for each level of k.
gaussian_methods$strata <- list(
  posterior_predict = list(new_sigma = gives(dim(posterior_predict(
    strata, transform(one, k = "new"), allow_new_levels = TRUE, new_sigma = "old_levels")), c(100L, 1L))),
  log_lik = list(new_sigma = same({
    l <- log_lik(strata, transform(one, k = "new"), allow_new_levels = TRUE, new_sigma = "old_levels", seed = 1)
    old <- as.matrix(strata)[, grep("^sigma", colnames(as.matrix(strata)))]
    mean <- as.numeric(posterior_epred(strata, transform(one, k = "u")))
    all(apply(abs(dnorm(one$y, mean, old, log = TRUE) - as.numeric(l)), 1, min) < 1e-10)
  }, TRUE)),
  bayes_R2 = list(
    new_sigma = gives(length(bayes_R2(strata, transform(data, k = "new"), allow_new_levels = TRUE, summary = FALSE,
                                     new_sigma = "old_levels", seed = 1)), 100L)
  )
)

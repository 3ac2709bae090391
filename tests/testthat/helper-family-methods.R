# Rows, as helper-several-methods.R has them, of what other families have: counts and numbers of
# successes that are drawn, in place of a mean and noise.

with_family_rows <- function(scene) {
  n <- nrow(scene$data)
  # Do observations, draws x rows, of w trials each, have these means and the family's spread? By the sum of
  # the squares of each row's sum over draws, which is of a chi-square distribution.
  scene$fits <- function(observed, mu, w = 1) {
    counts <- if (scene$family_name == "binomial") w else 1
    off <- colSums(unname(observed) - counts * mu)
    Q <- sum(off^2 / colSums((counts * scene$sd_of(mu, counts))^2))
    abs(Q - ncol(mu)) < 4 * sqrt(2 * ncol(mu))
  }
  scene$first <- unname(posterior_predict(scene$fit, seed = 1))
  scene$sevens <- posterior_predict(scene$fit, seed = 7)
  scene$saturated <- switch(scene$family_name, binomial = numeric(n),
    poisson = dpois(scene$data$y, scene$data$y, log = TRUE),
    outer(scene$draws[, "shape"], scene$data$y, function(r, y) dnbinom(y, size = r, mu = y, log = TRUE)))
  if (!is.matrix(scene$saturated)) scene$saturated <- rep(scene$saturated, each = scene$S)
  scene$is_binomial <- scene$family_name == "binomial"
  scene$refused <- function(code) inherits(tryCatch(code, error = identity), "relm_error")
  scene
}

family_methods <- list()

family_methods$predictions <- list(
  posterior_predict = list(
    gives(fits(posterior_predict(fit, seed = 1), mu), TRUE),
    newdata = same(fits(posterior_predict(fit, newdata = data[1:40, ], seed = 1), mu[, 1:40]), TRUE),
    re_formula = same(fits(posterior_predict(fit, data, re_formula = NA, seed = 1),
                           mean_of(hand(data, list()))), TRUE),
    re.form = same(fits(posterior_predict(fit, data, re.form = NA, seed = 1), mean_of(hand(data, list()))), TRUE),
    offset = same(fits(posterior_predict(fit, data, offset = rep(0.8, 120), seed = 1), mean_of(eta + 0.8)), TRUE),
    weights = gives(if (is_binomial) fits(posterior_predict(fit, data, weights = rep(5, 120), seed = 1), mu, 5)
                    else refused(posterior_predict(fit, data, weights = rep(5, 120))), TRUE),
    fun = same(unname(posterior_predict(fit, fun = exp, seed = 1)), exp(first)),
    seed = same(posterior_predict(fit, seed = 7), sevens),
    sample_new_levels = gives({
      drawn <- function(f) f(fit, newdata = stranger, allow_new_levels = TRUE, seed = 1,
                             sample_new_levels = "old_levels")
      from_old(drawn(posterior_linpred)) && fits(drawn(posterior_predict), unname(drawn(posterior_epred)))
    }, TRUE),
    new_sigma = gives(refused(posterior_predict(fit, new_sigma = "old_levels")), TRUE)
  ),
  predict = list(
    newdata = same(unname(predict(fit, newdata = new, summary = FALSE, seed = 1)),
                   unname(posterior_predict(fit, new, seed = 1))),
    re_formula = same(unname(predict(fit, data, re_formula = NA, summary = FALSE, seed = 1)),
                      unname(posterior_predict(fit, data, re_formula = NA, seed = 1))),
    summary = same(unname(predict(fit, summary = FALSE, seed = 1)), first),
    probs = same(unname(predict(fit, summary = TRUE, probs = 0.9, seed = 1)[, 3]),
                 apply(first, 2, quantile, 0.9, names = FALSE)),
    type = same(unname(predict(fit, type = "response", summary = NULL)), median_of(mu)),
    type = same(unname(predict(fit, type = "link", summary = FALSE)), eta)
  ),
  residuals = list(
    type = same(unname(residuals(fit, type = "deviance")), median_of({
      errors <- rep(data$y, each = 100) - mu
      sign(errors) * sqrt(2 * pmax(saturated - lik(data), 0))
    })),
    scaled = gives(refused(residuals(fit, scaled = TRUE)), TRUE),
    method = same(unname(residuals(fit, method = "posterior_predict", summary = FALSE, seed = 1)),
                  rep(data$y, each = 100) - first)
  ),
  predictive_error = list(
    newdata = same(unname(predictive_error(fit, newdata = data[1:9, ], seed = 1)),
                   rep(data$y[1:9], each = 100) - unname(posterior_predict(fit, data[1:9, ], seed = 1)))
  ),
  predictive_interval = list(
    prob = same(unname(predictive_interval(fit, prob = 0.5, seed = 1)),
                t(apply(first, 2, quantile, c(0.25, 0.75), names = FALSE))),
    fun = same(unname(predictive_interval(fit, fun = exp, seed = 1)),
               t(apply(exp(first), 2, quantile, c(0.025, 0.975), names = FALSE)))
  ),
  log_lik = list(new_sigma = gives(refused(log_lik(fit, new_sigma = "old_levels")), TRUE)),
  bayes_R2 = list(
    weights = gives(as.numeric(bayes_R2(fit, new, weights = c(2, 1, 3), summary = FALSE)),
                    if (is_binomial) r2(mean_of(hand(new)), rep(c(2, 1, 3), each = 100))
                    else r2(mean_of(hand(new))[, rep(1:3, c(2, 1, 3))])),
    new_sigma = gives(refused(bayes_R2(fit, new_sigma = "old_levels")), TRUE)
  ),
  simulate = list(
    re_formula = same(fits(t(as.matrix(simulate(fit, nsim = 100, seed = 1, newdata = data, re_formula = NA))),
                           mean_of(hand(data, list()))), TRUE),
    weights = gives(if (is_binomial) {
      s <- as.matrix(simulate(fit, nsim = 100, seed = 1, newdata = data, weights = rep(5, 120)))
      all(5 * s == round(5 * s)) && abs(mean(s) - mean(mu)) < 4 * mean(sd_of(mu, 5)) / sqrt(100)
    } else refused(simulate(fit, weights = rep(5, 120))), TRUE)
  ),
  sigma = list(gives(refused(sigma(fit)), TRUE)),
  VarCorr = list(gives(is.null(attr(VarCorr(fit), "sc")), TRUE)),
  glance = list(gives(is.na(generics::glance(fit)$sigma), TRUE)),
  tidy = list(effects = gives(
    generics::tidy(fit, effects = "auxiliary")$term,
    if (family_name == "negative_binomial") "shape" else character()
  ))
)

# Rows, as helper-several-methods.R has them, of what leaves rows or groups out, and of pictures.

# A group shares effects with others where groupings are crossed, and of t residuals it has no density:
# -1 for a refusal.
with_criticism <- function(scene) {
  scene$is_crossed <- "c" %in% scene$names || scene$family_name == "student"
  scene$elpd_of <- function(fit) suppressWarnings(loo(fit))$estimates["elpd_loo", "Estimate"]
  scene$or_refused <- function(code) tryCatch(code, relm_error = function(e) -1)
  scene$expected <- function(value) if (scene$is_crossed) -1 else value
  delayedAssign("plain_loo", suppressWarnings(loo(fit)), scene, scene)
  delayedAssign("ks", sort(plain_loo$diagnostics$pareto_k, decreasing = TRUE), scene, scene)
  scene$built <- function(plot) suppressWarnings(ggplot2::ggplot_build(plot))$data
  scene$rows_shown <- function(plot) nrow(scene$built(plot)[[1]])
  scene$panels <- function(plot) length(unique(scene$built(plot)[[1]]$PANEL))
  scene$is_picture <- function(plot) inherits(plot, "ggplot")
  scene
}

left_out_of <- function(fit, ...) suppressWarnings(loo_predict(fit, ...))$value

# The mean and variance of a row given the others, by draws weighted as loo(save_psis = TRUE) has it.
weighted_left_out <- function(fit, row) {
  shares <- stats::weights(suppressWarnings(loo(fit, save_psis = TRUE))$psis_object, log = FALSE)[, row]
  at <- row_moments(fit)(row, TRUE)
  mean <- sum(shares * at$mean)
  c(mean, sum(shares * (at$mean^2 + at$sd^2)) - mean^2)
}

criticism <- list(
  log_lik = list(
    by = same(or_refused(dim(log_lik(fit, by = "group"))), expected(c(100L, 8L))),
    grouping = gives(or_refused(unname(log_lik(fit, by = "group", grouping = "a"))),
                     or_refused(unname(log_lik(fit, by = "group"))))
  ),
  loo = list(
    gives(all(is.finite(plain_loo$pointwise[, "elpd_loo"])), TRUE),
    by = same(or_refused(nrow(loo(fit, by = "group")$pointwise)), expected(8L)),
    grouping = gives(or_refused(nrow(loo(fit, by = "group", grouping = "a")$pointwise)), expected(8L)),
    integrated = same(unname(loo(fit, integrated = FALSE, r_eff = rep(1, 120))$pointwise[, "elpd_loo"]),
                      unname(loo::loo(log_lik(fit), r_eff = rep(1, 120))$pointwise[, "elpd_loo"])),
    r_eff = gives(dim(loo(fit, r_eff = rep(1, 120))$pointwise), dim(plain_loo$pointwise)),
    cores = gives(loo(fit, cores = 2)$estimates, plain_loo$estimates),
    save_psis = same(is.null(loo(fit, save_psis = TRUE)$psis_object), FALSE),
    reloo = same({
      exact <- loo(fit, reloo = TRUE, k_threshold = ks[2], seed = 2)
      changed <- exact$pointwise[, "elpd_loo"] != plain_loo$pointwise[, "elpd_loo"]
      which(changed)
    }, which.max(plain_loo$diagnostics$pareto_k)),
    k_threshold = same({
      exact <- loo(fit, k_threshold = ks[5], reloo = TRUE, seed = 2)
      sum(exact$pointwise[, "elpd_loo"] != plain_loo$pointwise[, "elpd_loo"])
    }, 4L),
    seed = gives(loo(fit, reloo = TRUE, k_threshold = ks[2], seed = 2)$estimates,
                 loo(fit, reloo = TRUE, k_threshold = ks[2], seed = 2)$estimates)
  ),
  waic = list(
    by = gives(or_refused(nrow(waic(fit, by = "group")$pointwise)), expected(8L)),
    grouping = gives(or_refused(nrow(waic(fit, by = "group", grouping = "a")$pointwise)), expected(8L))
  ),
  loo_compare = list(
    gives(compared_models(loo_compare(loo(fit), loo(single))) %in% c("fit", "single", "model1", "model2"), c(TRUE, TRUE)),
    by = gives(or_refused(nrow(loo_compare(fit, single, by = "group"))), expected(2L)),
    criterion = gives(nrow(loo_compare(fit, single, criterion = "waic")), 2L),
    model_names = gives(sort(rownames(loo_compare(fit, single, model_names = c("u", "v")))), c("u", "v"))
  ),
  loo_predict = list(
    gives(unname(left_out_of(fit)[7]), weighted_left_out(fit, 7)[1]),
    type = same(unname(left_out_of(fit, type = "var")[7]), weighted_left_out(fit, 7)[2]),
    probs = gives(diff(left_out_of(fit, type = "quantile", probs = c(0.2, 0.7))[7, ]) > 0, c(`70%` = TRUE)),
    seed = gives(left_out_of(fit, seed = 1), left_out_of(fit, seed = 2))
  ),
  loo_predictive_interval = list(
    gives(suppressWarnings(loo_predictive_interval(fit))$value,
          left_out_of(fit, type = "quantile", probs = c(0.025, 0.975))),
    prob = same(unname(suppressWarnings(loo_predictive_interval(fit, prob = 0.5))$value),
                unname(left_out_of(fit, type = "quantile", probs = c(0.25, 0.75)))),
    seed = gives(dim(suppressWarnings(loo_predictive_interval(fit, seed = 1))$value), c(120L, 2L))
  ),
  loo_model_weights = list(gives(sum(loo_model_weights(fit, single)), 1)),
  model_weights = list(gives(
    unname(model_weights(fit, single, weights = "loo")),
    exp(c(elpd_of(fit), elpd_of(single)) - max(elpd_of(fit), elpd_of(single))) /
      sum(exp(c(elpd_of(fit), elpd_of(single)) - max(elpd_of(fit), elpd_of(single))))
  )),
  print.relm_loos = list(gives(length(grep("^Model ", utils::capture.output(print(loo(fit, single))))), 2L)),
  add_criterion = list(
    criterion = gives(names(add_criterion(fit, criterion = "waic")$criteria), "waic"),
    model_name = gives(names(add_criterion(fit, criterion = "waic", model_name = "u")$criteria), "waic"),
    overwrite = gives(add_criterion(add_criterion(fit, "waic"), "waic", overwrite = TRUE)$criteria$waic$estimates,
                      waic(fit)$estimates)
  ),
  kfold = list(
    K = gives(attr(kfold(fit, K = 3, seed = 1), "K"), 3L),
    folds = gives(as.integer(attr(kfold(fit, folds = rep(1:2, 60), seed = 1), "folds")), rep(1:2, 60)),
    group = gives(attr(kfold(fit, group = "a", seed = 1), "K"), 8L),
    seed = gives(kfold(fit, K = 2, seed = 1)$estimates, kfold(fit, K = 2, seed = 1)$estimates)
  ),
  pp_check = list(
    gives(is_picture(pp_check(fit)), TRUE),
    type = gives(is_picture(pp_check(fit, type = "stat", seed = 1)), TRUE),
    ndraws = gives(is_picture(pp_check(fit, ndraws = 5, seed = 1)), TRUE),
    nreps = gives(is_picture(pp_check(fit, nreps = 5, seed = 1)), TRUE),
    draw_ids = gives(is_picture(pp_check(fit, draw_ids = 1:4, seed = 1)), TRUE),
    newdata = gives(is_picture(pp_check(fit, newdata = data[1:50, ], seed = 1)), TRUE),
    plotfun = gives(is_picture(pp_check(fit, plotfun = "stat", seed = 1)), TRUE),
    seed = gives(built(pp_check(fit, seed = 3))[[1]]$y, built(pp_check(fit, seed = 3))[[1]]$y),
    group = gives(panels(pp_check(fit, type = "stat_grouped", group = names[1], seed = 1)), 8L)
  ),
  plot = list(
    type = gives(is_picture(plot(fit, type = "trace")), TRUE),
    variable = gives(panels(plot(fit, "trace", variable = c(known, "b_x"))), 2L),
    regex = gives(panels(plot(fit, "trace", variable = "^b_", regex = TRUE)), 2L),
    pars = gives(panels(plot(fit, "trace", pars = "x")), 1L),
    regex_pars = gives(panels(plot(fit, "trace", regex_pars = "^b_")), 2L),
    lags = gives(is_picture(plot(fit, "acf", variable = known, lags = 7)), TRUE),
    groups = gives(panels(plot(fit, "groups", grouping = "a", groups = c("a", "c"))), 2L),
    max_groups = gives(panels(plot(fit, "groups", grouping = "a", max_groups = 3)), 3L),
    against = gives(is_picture(plot(fit, "groups", grouping = "a", against = "x")), TRUE),
    columns = gives(is_picture(plot(fit, "ranef", grouping = "a", columns = "(Intercept)")), TRUE),
    grouping = gives(is_picture(plot(fit, "shrinkage", grouping = rev(names)[1])), TRUE),
    with = gives(is_picture(plot(fit, "compare", with = list(other = single), variable = "b_x")), TRUE),
    by = gives(inherits(tryCatch(plot(fit, "groups", by = data$b), error = identity), "relm_error"), TRUE),
    plotfun = gives(is_picture(plot(fit, plotfun = "areas", variable = known)), TRUE)
  )
)

prior_of_marginal <- function(...) relm_prior(beta = normal(0, 2), sd = half_normal(1), ...)

# Marginal likelihoods of two models, by quadrature and by bridge sampling, and what is made of both.
expect_marginal_likelihoods <- function(first, second, ..., prior = prior_of_marginal(sigma = half_normal(1))) {
  data <- several_data(100)
  fits <- lapply(list(first, second), relm, data, prior = prior, chains = 2, draws = 500, seed = 1, ...)
  for (fit in fits) {
    exact <- logml(fit, method = "quadrature")
    bridge <- logml(fit, method = "bridge", seed = 3)
    expect_lt(abs(bridge - exact), 4 * attr(bridge, "error"))
    expect_identical(as.numeric(logml(fit, method = "bridge", seed = 3, threads = 2)), as.numeric(bridge))
  }
  marginal <- lapply(rev(fits), logml, seed = 1)
  difference <- as.numeric(marginal[[1]]) - as.numeric(marginal[[2]])
  expect_equal(log(as.numeric(bayes_factor(marginal[[1]], marginal[[2]])$bf)), difference)
  expect_lt(abs(bridge_sampler(fits[[2]], silent = TRUE)$logml - exact), 4 * attr(bridge, "error"))
  expect_equal(sum(post_prob(marginal[[1]], marginal[[2]])), 1)
  expect_equal(as.numeric(marginal[[1]] - marginal[[2]]), difference)
  expect_output(print(marginal[[1]]), format(as.numeric(marginal[[1]]), digits = 6), fixed = TRUE)
  expect_output(print(bayes_factor(marginal[[1]], marginal[[2]])))
}

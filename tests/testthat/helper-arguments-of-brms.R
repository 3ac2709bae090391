# Rows as in helper-argument-tables.R, for arguments that brms's methods have beside those there.

argument_tables$brms <- list(
  as.matrix = list(
    variable = same(as.matrix(fit, variable = "sigma"), draws[, "sigma", drop = FALSE]),
    draw = same(as.matrix(fit, draw = 3:5), draws[3:5, ]),
    subset = same(as.matrix(fit, subset = 3:5), draws[3:5, ]),
    subset = refused(as.matrix(fit, subset = 201))
  ),
  as.array = list(
    variable = same(dim(as.array(fit, variable = "sigma")), c(100L, 2L, 1L)),
    draw = same(as.numeric(as.array(fit, draw = 101:103)[, , "sigma"]), unname(sigma[101:103])),
    subset = same(as.numeric(as.array(fit, subset = 7)[, , "sigma"]), unname(sigma[7]))
  ),
  as.data.frame = list(
    row.names = same(rownames(as.data.frame(fit, row.names = paste0("d", 1:200)))[7], "d7"),
    optional = idle(as.data.frame(fit, optional = TRUE)$sigma, unname(sigma)),
    variable = same(names(as.data.frame(fit, variable = "sigma")), "sigma"),
    draw = same(as.data.frame(fit, draw = 3)$sigma, unname(sigma[3])),
    subset = same(as.data.frame(fit, subset = 3)$sigma, unname(sigma[3])),
    subset = refused(as.data.frame(fit, subset = 0))
  ),
  bayes_R2 = c(list(
    summary = same(bayes_R2(fit, summary = FALSE, re_formula = NA),
                   variances_explained(by_hand(d, FALSE, FALSE)))
  ), all_refused(bayes_R2(fit), "resp")),
  posterior_interval = list(
    variable = same(rownames(posterior_interval(fit, variable = "sigma")), "sigma")
  ),
  posterior_epred = c(list(
    re_formula = same(posterior_epred(fit, one, re_formula = NA)[, 1],
                      by_hand(one, FALSE, FALSE)[, 1]),
    ndraws = same(unname(posterior_epred(fit, new, ndraws = 7)), unname(by_hand(new)[seven, ])),
    draw_ids = same(unname(posterior_epred(fit, new, draw_ids = 5:3)), unname(by_hand(new)[5:3, ]))
  ), all_refused(posterior_epred(fit), "resp", "dpar", "nlpar", "sort")),
  posterior_linpred = c(list(
    re_formula = same(posterior_linpred(fit, newdata = one, re_formula = NA)[, 1],
                      by_hand(one, FALSE, FALSE)[, 1]),
    ndraws = same(nrow(posterior_linpred(fit, ndraws = 7)), 7L),
    draw_ids = same(posterior_linpred(fit, newdata = one, draw_ids = 5:3)[, 1],
                    by_hand(one)[5:3, 1])
  ), all_refused(posterior_linpred(fit), "resp", "dpar", "nlpar", "incl_thres", "sort")),
  posterior_predict = c(list(
    re_formula = same(posterior_predict(fit, one, re_formula = ~ (1 | g), seed = 1),
                      by_hand(one, TRUE, FALSE) + noise),
    ndraws = same(dim(posterior_predict(fit, new, ndraws = 7)), c(7L, 2L)),
    draw_ids = same(dim(posterior_predict(fit, new, draw_ids = 3:7)), c(5L, 2L))
  ), all_refused(posterior_predict(fit), "transform", "resp", "negative_rt", "sort", "ntrys",
                 "cores")),
  predictive_error = c(list(
    re_formula = same(predictive_error(fit, one, re_formula = NA, seed = 1),
                      1 - by_hand(one, FALSE, FALSE) - noise),
    ndraws = same(dim(predictive_error(fit, new, ndraws = 7)), c(7L, 2L)),
    draw_ids = same(dim(predictive_error(fit, new, draw_ids = 3:7)), c(5L, 2L))
  ), all_refused(predictive_error(fit), "resp", "sort")),
  log_lik = c(list(
    re_formula = same(unname(log_lik(fit, one, re_formula = NA))[, 1],
                      stats::dnorm(1, by_hand(one, FALSE, FALSE)[, 1], unname(sigma), log = TRUE)),
    ndraws = same(nrow(log_lik(fit, ndraws = 7)), 7L),
    draw_ids = same(unname(log_lik(fit, new, draw_ids = 5)),
                    density_by_hand(new, 0)[5, , drop = FALSE])
  ), all_refused(log_lik(fit), "resp", "pointwise", "combine", "add_point_estimate", "cores")),
  loo = c(list(
    reloo = refused(loo(fit, reloo = 1))
  ), all_refused(loo(fit), "compare", "resp", "pointwise", "moment_match", "moment_match_args",
                 "reloo_args", "model_names")),
  waic = all_refused(waic(fit), "compare", "resp", "pointwise", "model_names"),
  loo_model_weights = list(
    model_names = same(names(loo_model_weights(fit, single, model_names = c("a", "b"))), c("a", "b"))
  ),
  model_weights = list(
    weights = same(diff(log(unname(model_weights(fit, single, weights = "waic")))),
                   waic(single)$estimates[1, 1] - waic(fit)$estimates[1, 1]),
    model_names = same(names(model_weights(fit, single, model_names = c("a", "b"))), c("a", "b"))
  ),
  kfold = c(list(
    group = same(nlevels(attr(kfold(single, group = "g", seed = 1), "folds")), 7L)
  ), all_refused(kfold(fit), "Ksub", "exact_loo", "compare", "resp", "model_names", "future_args")),
  loo_compare = list(
    model_names = same(sort(rownames(loo_compare(fit, single, model_names = c("a", "b")))),
                       c("a", "b"))
  ),
  pp_check = c(list(
    type = same(levels(pp_check(fit, type = "stat_grouped", group = "g")$data$group),
                paste0("g", 1:7)),
    ndraws = same(nlevels(factor(pp_check(fit, ndraws = 3)$data$rep_id)), 3L),
    group = refused(pp_check(fit, group = "g")),
    x = refused(pp_check(fit, x = "x")),
    newdata = same(nrow(pp_check(fit, "intervals", newdata = new)$data), 2L),
    draw_ids = same(nlevels(factor(pp_check(fit, draw_ids = 5:7)$data$rep_id)), 3L)
  ), all_refused(pp_check(fit), "prefix", "resp", "nsamples", "subset")),
  vcov = list(pars = same(dimnames(vcov(fit, pars = "x"))[[1]], "x")),
  plot = c(list(
    variable = same(levels(plot(fit, "areas", variable = "sigma")$data$parameter), "sigma"),
    regex = same(levels(plot(fit, "areas", variable = "^sd_", regex = TRUE)$data$parameter),
                 c("sd_g__Intercept", "sd_g__x"))
  ), all_refused(plot(fit), "combo", "N", "fixed", "theme", "plot", "ask", "newpage")),
  pairs = c(list(
    variable = same(length(pairs(line, variable = c("b_x", "sigma"))$bayesplots), 4L),
    regex = same(length(pairs(line, variable = "^b_", regex = TRUE)$bayesplots), 4L)
  ), all_refused(pairs(line), "fixed")),
  hypothesis = list(
    hypothesis = same(hypothesis(fit, hypothesis = "x > 1")$samples$H1, unname(draws[, "b_x"]) - 1),
    class = same(hypothesis(fit, "x > 1", class = "sd")$samples$H1, unname(draws[, "sd_g__x"]) - 1),
    group = idle(hypothesis(fit, "x^2 > g__x", "sd", group = "g")$samples$H1,
                 unname(draws[, "sd_g__x"]^2 - draws[, "sd_g__x"])),
    group = refused(hypothesis(fit, "x > 1", group = "g")),
    scope = same(hypothesis(fit, "x > 1", scope = "coef")$samples$H2, unname(draws[, "b_x"] + draws[, "r_g[g2,x]"]) - 1),
    alpha = same(hypothesis(fit, "x > 1", alpha = 0.2)$hypothesis$CI.Lower,
                 stats::quantile(draws[, "b_x"], 0.2, names = FALSE) - 1),
    robust = same(hypothesis(fit, "x > 1", robust = FALSE)$hypothesis$Estimate, mean(draws[, "b_x"]) - 1),
    seed = idle(hypothesis(fit, "x = 1", seed = 3)$hypothesis$Evid.Ratio, NA_real_)
  ),
  conditional_effects = c(list(
    effects = same(names(conditional_effects(weighted_by_f, effects = "f")), "f"),
    conditions = same(conditional_effects(weighted_by_f, "x", conditions = data.frame(f = "b"))$x$f[1],
                      "b"),
    int_conditions = same(levels(conditional_effects(weighted_by_f, "f:x", int_conditions = list(x = 1:2))[[1]]$effect2__),
                          c("1", "2")),
    re_formula = same(conditional_effects(fit, "x", one["g"], re_formula = ~ (1 | g))$x$estimate__[101],
                      stats::median(by_hand(data.frame(x = min(d$x), g = "g1"), TRUE, FALSE))),
    prob = same(conditional_effects(fit, prob = 0.5)$x$lower__[1],
                stats::quantile(by_hand(data.frame(x = min(d$x), g = "g1"), FALSE, FALSE), 0.25, names = FALSE)),
    robust = same(conditional_effects(line, robust = FALSE)$x$estimate__[1],
                  mean(column(line, "b_Intercept") + min(d$x) * column(line, "b_x"))),
    method = same(conditional_effects(fit, method = "posterior_predict", seed = 1)$x$estimate__[2] ==
                    conditional_effects(fit)$x$estimate__[2], FALSE),
    transform = same(conditional_effects(fit, transform = function(y) 2 * y)$x$upper__,
                     2 * conditional_effects(fit)$x$upper__),
    resolution = same(nrow(conditional_effects(fit, resolution = 7)$x), 7L)
  ), all_refused(conditional_effects(fit), "spaghetti", "surface", "categorical", "ordinal", "select_points",
                 "too_far", "probs")),
  family = all_refused(family(fit), "resp"),
  nobs = all_refused(nobs(fit), "resp"),
  nsamples = all_refused(rstantools::nsamples(fit), "subset", "incl_warmup"),
  prior_summary = all_refused(prior_summary(fit), "all"),
  update = c(list(
    newdata = same(nobs(update(fit, newdata = d[-(1:3), ])), nrow(d) - 3L),
    newdata = refused(update(fit, newdata = d, data = d))
  ), all_refused(update(fit), "recompile"))
)

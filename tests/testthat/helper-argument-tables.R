# What a fit of relm() makes of the arguments of methods of rstanarm, lme4, brms and broom.mixed:
# for each generic rows by helper-argument-rows.R, evaluated where test-arguments.R has its fits.

argument_tables <- list()

# Draws ---------------------------------------------------------------------------------------

argument_tables$draws <- list(
  as.matrix = list(
    pars = same(as.matrix(fit, pars = "sigma"), draws[, "sigma", drop = FALSE]),
    pars = same(colnames(as.matrix(fit, pars = c("(Intercept)", "b[x g:g1]"))),
                c("b_Intercept", "r_g[g1,x]")),
    regex_pars = same(as.matrix(fit, regex_pars = "^b_"), draws[, c("b_Intercept", "b_x")])
  ),
  as.array = list(
    pars = same(as.numeric(as.array(fit, pars = "sigma")[, 2, 1]), sigma[101:200]),
    regex_pars = same(dim(as.array(fit, regex_pars = "^b_|^sigma")), c(100L, 2L, 3L))
  ),
  as.data.frame = list(
    pars = same(as.data.frame(fit, pars = "sigma"), data.frame(sigma = sigma)),
    regex_pars = same(names(as.data.frame(fit, regex_pars = "^b_")), c("b_Intercept", "b_x"))
  ),
  posterior_interval = list(
    prob = same(posterior_interval(fit, prob = 0.5)["sigma", ],
                quantiles(sigma, c(0.25, 0.75), c("25%", "75%"))),
    type = idle(posterior_interval(fit, type = "central")["sigma", ],
                quantiles(sigma, c(0.025, 0.975), c("2.5%", "97.5%"))),
    type = refused(posterior_interval(fit, type = "hpd")),
    pars = same(rownames(posterior_interval(fit, pars = c("x", "sigma"))), c("b_x", "sigma")),
    regex_pars = same(rownames(posterior_interval(fit, regex_pars = "^sd_")),
                      c("sd_g__Intercept", "sd_g__x"))
  ),
  nsamples = list(),
  confint = c(list(
    parm = same(rownames(confint(fit, parm = "x")), "x"),
    level = same(confint(fit, level = 0.5)["x", ],
                 quantiles(draws[, "b_x"], c(0.25, 0.75), c("25 %", "75 %")))
  ), all_refused(confint(fit), "method", "zeta", "nsim", "boot.type", "FUN", "quiet", "oldNames",
                 "signames", "boot.scale")),
  summary = c(list(
    pars = same(rownames(summary(fit, pars = c("x", "sigma"))), c("b_x", "sigma")),
    regex_pars = same(rownames(summary(fit, regex_pars = "^sd_")),
                      c("sd_g__Intercept", "sd_g__x")),
    probs = same(unlist(as.data.frame(summary(fit, probs = c(0.1, 0.6)))[6, c("q10", "q60")]),
                 quantiles(sigma, c(0.1, 0.6), c("q10", "q60"))),
    digits = same(output(summary(fit, digits = 6)), output(print(summary(fit), digits = 6))),
    prob = same(summary(fit, prob = 0.5)["sigma", "q75"], stats::quantile(sigma, 0.75,
                                                                           names = FALSE)),
    robust = same(summary(fit, robust = TRUE)["sigma", "mad"], stats::mad(sigma))
  ), all_refused(summary(fit), "correlation", "use.hessian", "priors", "mc_se"))
)

# Estimates -----------------------------------------------------------------------------------

argument_tables$estimates <- list(
  fixef = list(
    add.dropped = same(names(fixef(aliased, add.dropped = TRUE)), c("(Intercept)", "x", "twice")),
    summary = same(unname(fixef(fit, summary = FALSE)), unname(draws[, c("b_Intercept", "b_x")])),
    robust = same(fixef(fit, robust = TRUE)["x", "Est.Error"], stats::mad(draws[, "b_x"])),
    robust = same(fixef(fit, robust = FALSE)["(Intercept)", "Estimate"],
                  mean(draws[, "b_Intercept"])),
    probs = same(fixef(fit, probs = c(0.1, 0.9))["x", c("Q10", "Q90")],
                 quantiles(draws[, "b_x"], c(0.1, 0.9), c("Q10", "Q90"))),
    pars = same(fixef(fit, pars = "x"), c(x = stats::median(draws[, "b_x"]))),
    noScale = refused(fixef(fit, noScale = TRUE))
  ),
  ranef = list(
    condVar = same(attr(ranef(fit, condVar = FALSE)$g, "postVar"), NULL),
    condVar = idle(attr(ranef(fit, condVar = TRUE)$g, "postVar")[1, 2, 1],
                   stats::cov(effect(fit, "g1", "Intercept"), effect(fit, "g1", "x"))),
    drop = same(ranef(single, drop = TRUE)$g[["g2"]],
                stats::median(effect(single, "g2", "Intercept"))),
    whichel = idle(names(ranef(fit, whichel = "g")), "g"),
    whichel = refused(ranef(fit, whichel = "h")),
    postVar = refused(ranef(fit, postVar = TRUE)),
    summary = same(ranef(fit, summary = FALSE)$g[, "g1", "x"], unname(effect(fit, "g1", "x"))),
    robust = same(ranef(fit, robust = TRUE)$g["g1", "Est.Error", "x"],
                  stats::mad(effect(fit, "g1", "x"))),
    probs = same(ranef(fit, probs = 0.8)$g["g1", "Q80", "x"],
                 stats::quantile(effect(fit, "g1", "x"), 0.8, names = FALSE)),
    pars = same(names(ranef(fit, pars = "x")$g), "x"),
    groups = idle(names(ranef(fit, groups = "g")), "g"),
    groups = refused(ranef(fit, groups = "h"))
  ),
  coef = list(
    summary = same(coef(fit, summary = FALSE)$g[, "g1", "x"], unname(coefficients)),
    robust = same(coef(fit, robust = TRUE)$g["g1", "Est.Error", "x"], stats::mad(coefficients)),
    probs = same(coef(fit, probs = 0.8)$g["g1", "Q80", "x"],
                 stats::quantile(coefficients, 0.8, names = FALSE))
  ),
  VarCorr = list(
    sigma = idle(attr(VarCorr(fit, sigma = 1), "sc"), stats::median(sigma)),
    sigma = refused(VarCorr(fit, sigma = 2)),
    summary = same(VarCorr(fit, summary = FALSE)$residual__$sd[, 1], unname(sigma)),
    robust = same(VarCorr(fit, robust = TRUE)$g$sd["x", "Est.Error"],
                  stats::mad(draws[, "sd_g__x"])),
    probs = same(VarCorr(fit, probs = 0.8)$g$sd["x", "Q80"],
                 stats::quantile(draws[, "sd_g__x"], 0.8, names = FALSE))
  ),
  vcov = c(list(
    correlation = same(vcov(fit, correlation = TRUE)["x", "(Intercept)"],
                       stats::cor(draws[, "b_x"], draws[, "b_Intercept"]))
  ), all_refused(vcov(fit), "sigm", "use.hessian", "full", "noScale")),
  sigma = list(), ngrps = list(), nobs = list(), family = list()
)

# What estimates of lme4's classes are printed with, or made tables of.
argument_tables$classes <- list(
  print.VarCorr = list(
    digits = same(output(print(VarCorr(single), digits = 7)),
                  output(print(VarCorr(single), digits = 7, comp = "Std.Dev."))),
    comp = same(grepl(format(signif(stats::median(column(single, "sigma"))^2, 3)),
                      output(print(VarCorr(single), comp = "Variance")), fixed = TRUE), TRUE),
    comp = refused(print(VarCorr(fit), comp = "Corr")),
    formatter = same(grepl("[1, 2]", output(print(VarCorr(single), formatter = function(x, digits) {
      rep(sprintf("[%d, 2]", 1), length(x))
    })), fixed = TRUE), TRUE)
  ),
  as.data.frame.ranef = list(
    row.names = same(rownames(as.data.frame(ranef(single), row.names = letters[1:7])), letters[1:7])
  ),
  as.data.frame.VarCorr = list(
    row.names = refused(as.data.frame(VarCorr(single), row.names = "a")),
    row.names = same(rownames(as.data.frame(VarCorr(single), row.names = c("a", "b"))),
                     c("a", "b")),
    optional = idle(names(as.data.frame(VarCorr(single), optional = TRUE))[1], "grp"),
    order = same(as.data.frame(VarCorr(fit), order = "lower.tri")$var2, c(NA, "x", NA, NA))
  ),
  dotplot.ranef = list(
    data = refused(lattice::dotplot(ranef(fit), data = d)),
    level = same(low_ends(lattice::dotplot(ranef(single), level = 0.5)),
                 ranef(single)$g[[1]] -
                   stats::qnorm(0.75) * sqrt(attr(ranef(single)$g, "postVar")[1, 1, ])),
    main = same(lattice::dotplot(ranef(fit), main = FALSE)$g$main, NULL),
    transf = same(lattice::dotplot(ranef(single), transf = exp)$g$panel.args[[1]]$x,
                  exp(ranef(single)$g[[1]]))
  ),
  plot.ranef = list(y = refused(plot(ranef(fit), y = d))),
  plot.coef = list(y = refused(plot(coef(fit), y = d))),
  dotplot.coef = list(data = refused(lattice::dotplot(coef(fit), data = d))),
  print.summary = c(list(
    digits = same(output(print(summary(fit), digits = 6)), output(summary(fit, digits = 6)))
  ), all_refused(print(summary(fit)), "correlation", "symbolic.cor", "signif.stars",
                 "ranef.comp", "ranef.corr", "show.resids"))
)

# The model -----------------------------------------------------------------------------------

argument_tables$model <- list(
  formula = c(list(
    fixed.only = same(deparse1(formula(fit, fixed.only = TRUE)), "y ~ x"),
    random.only = same(deparse1(formula(fit, random.only = TRUE)), "y ~ (1 + x | g)")
  ), all_refused(formula(fit), "m")),
  terms = list(
    fixed.only = same(attr(terms(fit, fixed.only = FALSE), "term.labels"), c("x", "g")),
    random.only = same(all.vars(terms(fit, random.only = TRUE)), c("y", "x", "g"))
  ),
  model.frame = list(
    fixed.only = same(names(model.frame(fit, fixed.only = TRUE)), c("y", "x"))
  ),
  # lme4's Z has columns for each group, relm's those that each group has.
  model.matrix = list(
    type = same(colnames(model.matrix(single, type = "random")), "(Intercept)"),
    type = refused(model.matrix(fit, type = "randomListRaw")),
    noScale = refused(model.matrix(fit, noScale = TRUE))
  ),
  weights = list(
    type = idle(weights(weighted, type = "prior"), d$w),
    type = refused(weights(weighted, type = "working"))
  ),
  getData = list(),
  getME = list(name = same(getME(fit, name = "p"), 2L), name = refused(getME(fit, name = "theta"))),
  prior_summary = all_refused(prior_summary(fit), "digits"),
  print = c(list(
    digits = same(grepl(sprintf(" %.6f ", stats::median(sigma)), output(print(fit, digits = 6)),
                        fixed = TRUE), TRUE)
  ), all_refused(print(fit), "detail", "correlation", "symbolic.cor", "signif.stars",
                 "ranef.comp", "ranef.corr")),
  update = list(
    formula. = same(names(fixef(update(fit, formula. = . ~ . - x))), "(Intercept)"),
    evaluate = same(class(update(fit, draws = 50, evaluate = FALSE)), "call")
  ),
  refit = c(list(
    newresp = same(fixef(refit(single, newresp = rev(d$y))),
                   fixef(update(single, data = transform(d, y = rev(y)))))
  ), all_refused(refit(single, d$y), "rename.response", "maxit", "newweights"))
)

# Predictions ---------------------------------------------------------------------------------

argument_tables$predictions <- list(
  posterior_epred = c(list(
    newdata = same(unname(posterior_epred(fit, newdata = new)), unname(by_hand(new))),
    draws = same(unname(posterior_epred(fit, new, draws = 7)), unname(by_hand(new)[seven, ])),
    re.form = same(unname(posterior_epred(fit, new, re.form = NA)),
                   unname(by_hand(new, FALSE, FALSE))),
    re.form = same(unname(posterior_epred(fit, new, re.form = ~ (1 | g))),
                   unname(by_hand(new, TRUE, FALSE))),
    re.form = refused(posterior_epred(fit, new, re.form = ~ 1)),
    re.form = refused(posterior_epred(fit, new, re.form = ~ (1 | h))),
    draws = refused(posterior_epred(fit, new, draws = 1000)),
    offset = same(unname(posterior_epred(fit, new, offset = c(5, 7))),
                  unname(by_hand(new) + rep(c(5, 7), each = 200)))
  ), all_refused(posterior_epred(fit, new), "XZ")),
  posterior_linpred = c(list(
    transform = idle(unname(posterior_linpred(fit, transform = TRUE, newdata = new)),
                     unname(by_hand(new))),
    newdata = same(unname(posterior_linpred(fit, newdata = new)), unname(by_hand(new))),
    draws = same(unname(posterior_linpred(fit, newdata = new, draws = 7)),
                 unname(by_hand(new)[seven, ])),
    re.form = same(unname(posterior_linpred(fit, newdata = new, re.form = ~ 0)),
                   unname(by_hand(new, FALSE, FALSE))),
    offset = same(unname(posterior_linpred(fit, newdata = one, offset = 5)),
                  unname(by_hand(one) + 5))
  ), all_refused(posterior_linpred(fit), "XZ")),
  posterior_predict = list(
    newdata = same(posterior_predict(fit, newdata = transform(one, x = 3), seed = 1),
                   by_hand(transform(one, x = 3)) + noise),
    draws = same(dim(posterior_predict(fit, new, draws = 7)), c(7L, 2L)),
    allow.new.levels = refused(posterior_predict(fit, stranger, allow.new.levels = NA)),
    re.form = same(posterior_predict(fit, one, re.form = NA, seed = 1),
                   by_hand(one, FALSE, FALSE) + noise),
    fun = same(posterior_predict(fit, one, fun = exp, seed = 1), exp(by_hand(one) + noise)),
    seed = same(posterior_predict(fit, one, seed = 1), by_hand(one) + noise),
    offset = same(posterior_predict(fit, one, offset = 5, seed = 1), by_hand(one) + noise + 5)
  ),
  predictive_error = list(
    newdata = same(predictive_error(fit, newdata = one, seed = 1), 1 - by_hand(one) - noise),
    draws = same(dim(predictive_error(fit, new, draws = 7)), c(7L, 2L)),
    re.form = same(predictive_error(fit, one, re.form = NA, seed = 1),
                   1 - by_hand(one, FALSE, FALSE) - noise),
    seed = same(predictive_error(fit, one, seed = 1), 1 - by_hand(one) - noise),
    offset = same(predictive_error(fit, one, offset = 5, seed = 1), 1 - by_hand(one) - noise - 5)
  ),
  predictive_interval = list(
    prob = same(predictive_interval(fit, prob = 0.5, newdata = one, seed = 1)[1, ],
                quantiles(by_hand(one) + noise, c(0.25, 0.75), c("25%", "75%"))),
    newdata = same(predictive_interval(fit, newdata = one, seed = 1)[1, ],
                   quantiles(by_hand(one) + noise, c(0.025, 0.975), c("2.5%", "97.5%"))),
    draws = same(unname(predictive_interval(fit, newdata = one, draws = 1, seed = 1)[1, 1]),
                 unname(posterior_predict(fit, one, draws = 1, seed = 1)[1, 1])),
    re.form = same(predictive_interval(fit, newdata = one, re.form = NA, seed = 1)[[1]],
                   stats::quantile(by_hand(one, FALSE, FALSE) + noise, 0.025, names = FALSE)),
    fun = same(predictive_interval(fit, newdata = one, fun = exp, seed = 1)[[2]],
               stats::quantile(exp(by_hand(one) + noise), 0.975, names = FALSE)),
    seed = same(predictive_interval(fit, newdata = one, seed = 1)[[1]],
                stats::quantile(by_hand(one) + noise, 0.025, names = FALSE)),
    offset = same(predictive_interval(fit, newdata = one, offset = 5, seed = 1)[[1]],
                  stats::quantile(by_hand(one) + noise + 5, 0.025, names = FALSE))
  ),
  predict = c(list(
    newdata = same(predict(fit, newdata = one, seed = 1)[[1]], stats::median(by_hand(one) + noise)),
    re.form = same(predict(fit, one, re.form = NA, seed = 1)[[1]],
                   stats::median(by_hand(one, FALSE, FALSE) + noise)),
    allow.new.levels = same(predict(fit, stranger, allow.new.levels = TRUE, seed = 1),
                            predict(fit, stranger, allow_new_levels = TRUE, seed = 1)),
    re_formula = same(predict(fit, one, re_formula = ~ (1 | g), seed = 1)[[1]],
                      stats::median(by_hand(one, TRUE, FALSE) + noise)),
    ndraws = same(dim(predict(fit, one, ndraws = 7, summary = FALSE)), c(7L, 1L)),
    draw_ids = same(unname(predict(fit, one, draw_ids = 3, summary = FALSE, seed = 1)),
                    unname(posterior_predict(fit, one, draw_ids = 3, seed = 1))),
    summary = same(unname(predict(fit, one, summary = FALSE, seed = 1)),
                   unname(by_hand(one) + noise)),
    probs = same(unname(predict(fit, one, probs = 0.3, seed = 1)[1, 3]),
                 stats::quantile(by_hand(one) + noise, 0.3, names = FALSE)),
    type = same(unname(predict(fit, one, type = "link", summary = FALSE)), unname(by_hand(one))),
    type = same(predict(fit, one, type = "response"), fitted(fit, one, summary = TRUE)),
    type = refused(predict(fit, type = "terms"))
  ), all_refused(predict(fit), "se.fit", "newparams", "random.only", "terms", "na.action",
                 "transform", "resp", "negative_rt", "sort", "ntrys", "cores", "robust",
                 "ReForm", "REForm", "REform")),
  fitted = c(list(
    newdata = same(unname(fitted(fit, newdata = new)), apply(by_hand(new), 2, stats::median)),
    re_formula = same(unname(fitted(fit, one, re_formula = NA)),
                      stats::median(by_hand(one, FALSE, FALSE))),
    ndraws = same(dim(fitted(fit, one, ndraws = 7, summary = FALSE)), c(7L, 1L)),
    draw_ids = same(unname(fitted(fit, one, draw_ids = 3)), by_hand(one)[3]),
    summary = same(unname(fitted(fit, one, summary = FALSE)), by_hand(one)),
    probs = same(unname(fitted(fit, one, probs = 0.3)[1, 3]),
                 stats::quantile(by_hand(one), 0.3, names = FALSE)),
    probs = refused(fitted(fit, one, summary = FALSE, probs = 0.3))
  ), all_refused(fitted(fit), "scale", "resp", "dpar", "nlpar", "sort", "robust")),
  residuals = c(list(
    type = same(unname(residuals(single, type = "pearson", summary = FALSE)),
                unname(residuals(single, summary = FALSE)) / column(single, "sigma")),
    type = same(unname(residuals(weighted, type = "deviance")),
                unname(sqrt(d$w) * residuals(weighted))),
    type = refused(residuals(fit, type = "working")),
    scaled = same(unname(residuals(single, scaled = TRUE, summary = FALSE)),
                  unname(residuals(single, summary = FALSE)) / column(single, "sigma")),
    newdata = same(unname(residuals(fit, newdata = one)), 1 - stats::median(by_hand(one))),
    re_formula = same(unname(residuals(fit, one, re_formula = NA)),
                      1 - stats::median(by_hand(one, FALSE, FALSE))),
    method = same(unname(residuals(fit, one, method = "posterior_predict", seed = 1)),
                  1 - stats::median(by_hand(one) + noise)),
    ndraws = same(dim(residuals(fit, one, ndraws = 7, summary = FALSE)), c(7L, 1L)),
    draw_ids = same(unname(residuals(fit, one, draw_ids = 3)), 1 - by_hand(one)[3]),
    summary = same(unname(residuals(fit, one, summary = FALSE)), 1 - by_hand(one)),
    probs = same(unname(residuals(fit, one, probs = 0.3)[1, 3]),
                 stats::quantile(1 - by_hand(one), 0.3, names = FALSE)),
    probs = refused(residuals(fit, one, summary = FALSE, probs = 0.3))
  ), all_refused(residuals(fit), "resp", "sort", "robust")),
  simulate = c(list(
    nsim = same(names(simulate(fit, nsim = 2)), c("sim_1", "sim_2")),
    seed = same(as.data.frame(simulate(fit, seed = 3)),
                {set.seed(9); as.data.frame(simulate(fit, seed = 3))}),
    use.u = idle(simulate(fit, seed = 1, use.u = TRUE), simulate(fit, seed = 1)),
    use.u = same(simulate(fit, seed = 1, use.u = FALSE), simulate(fit, seed = 1, re.form = NA)),
    re.form = same(simulate(fit, seed = 1, re.form = ~ 0), simulate(fit, seed = 1, use.u = FALSE)),
    newdata = same(nrow(simulate(fit, newdata = new)), 2L),
    allow.new.levels = same(dim(simulate(fit, newdata = stranger, allow.new.levels = TRUE)),
                            c(1L, 1L))
  ), all_refused(simulate(fit), "newparams", "family", "na.action", "cluster.rand", "ReForm",
                 "REForm", "REform")),
  bayes_R2 = list(
    re.form = same(bayes_R2(fit, re.form = NA, summary = FALSE),
                   variances_explained(by_hand(d, FALSE, FALSE))),
    robust = refused(bayes_R2(fit, summary = FALSE, robust = TRUE)),
    probs = refused(bayes_R2(fit, summary = FALSE, probs = 0.3))
  ),
  log_lik = list(
    newdata = same(unname(log_lik(fit, newdata = new)), density_by_hand(new, 0)),
    offset = same(unname(log_lik(fit, one, offset = 5)), density_by_hand(one, 5)),
    allow.new.levels = same(log_lik(fit, stranger, allow.new.levels = TRUE, seed = 1),
                            log_lik(fit, stranger, allow_new_levels = TRUE, seed = 1)),
    allow.new.levels = same(log_lik(levels, new_level, by = "group", allow.new.levels = TRUE,
                                    seed = 1),
                            log_lik(levels, new_level, by = "group", allow_new_levels = TRUE,
                                    seed = 1)),
    re.form = refused(log_lik(fit, by = "group", re.form = NA))
  )
)

# Criticism -----------------------------------------------------------------------------------

argument_tables$criticism <- list(
  loo = list(
    cores = idle(loo(fit, cores = 2)$estimates,
                 loo(fit, cores = 1)$estimates),
    save_psis = same(class(loo(fit, save_psis = TRUE)$psis_object)[1], "psis"),
    k_threshold = same(grepl("above 0.01", condition_of(loo(fit, k_threshold = 0.01))), TRUE)
  ),
  waic = list(),
  loo_predict = c(list(
    type = same(loo_predict(fit, type = "var")$value[[1]] < sd(d$y)^2, TRUE),
    probs = same(colnames(loo_predict(fit, type = "quantile", probs = c(0.2, 0.7))$value), c("20%", "70%"))
  ), all_refused(loo_predict(fit), "psis_object", "resp")),
  loo_predictive_interval = c(list(
    prob = same(colnames(loo_predictive_interval(fit, prob = 0.5)$value), c("25%", "75%"))
  ), all_refused(loo_predictive_interval(fit), "psis_object")),
  loo_compare = c(list(
    criterion = same("elpd_waic" %in% colnames(loo_compare(fit, single,
                                                                 criterion = "waic")), TRUE)
  ), all_refused(loo_compare(fit, single), "detail"),
  all_refused(loo_compare(list(fit, single)), "detail")),
  kfold = c(list(
    K = same(attr(kfold(single, K = 2, seed = 1), "K"), 2L),
    folds = same(as.integer(attr(kfold(single, folds = rep_len(1:3, nrow(d)), seed = 1),
                                 "folds"))[1:4], c(1:3, 1L))
  ), all_refused(kfold(single), "save_fits", "cores")),
  pp_check = list(
    plotfun = same(class(pp_check(fit, plotfun = "stat", stat = "sd")$layers[[1]]$geom)[1],
                   "GeomBar"),
    nreps = same(nlevels(factor(pp_check(fit, nreps = 3)$data$rep_id)), 3L),
    nreps = refused(pp_check(fit, nreps = 1000)),
    plotfun = refused(pp_check(fit, plotfun = "picture")),
    seed = same(pp_check(fit, nreps = 3, seed = 1)$data,
                {set.seed(9); pp_check(fit, nreps = 3, seed = 1)$data})
  ),
  plot = c(list(
    plotfun = same(levels(plot(fit, plotfun = "areas", pars = c("x", "sigma"))$data$parameter),
                   c("b_x", "sigma")),
    plotfun = refused(plot(fit, plotfun = "ess")),
    pars = same(levels(plot(fit, "areas", pars = c("x", "sigma"))$data$parameter),
                c("b_x", "sigma")),
    regex_pars = same(levels(plot(fit, "areas", regex_pars = "^sd_")$data$parameter),
                      c("sd_g__Intercept", "sd_g__x"))
  ), all_refused(plot(fit), "form", "abline", "id", "idLabels", "grid")),
  pairs = list(
    pars = same(length(pairs(line, pars = c("x", "sigma"))$bayesplots), 4L),
    regex_pars = same(length(pairs(line, regex_pars = "^b_")$bayesplots), 4L),
    condition = same(nrow(pairs(line, pars = c("x", "sigma"),
                                condition = ten_draws)$bayesplots[[3]]$data), 10L)
  )
)

# Tables of broom.mixed; its names of terms are those of the model matrix.
argument_tables$tables <- list(
  tidy = c(list(
    effects = same(generics::tidy(fit, effects = "fixed")$term, c("(Intercept)", "x")),
    conf.int = same("conf.low" %in% names(generics::tidy(fit, conf.int = FALSE)), FALSE),
    conf.level = same(generics::tidy(fit, conf.level = 0.8)$conf.low[2],
                      stats::quantile(draws[, "b_x"], 0.1, names = FALSE)),
    conf.method = same(generics::tidy(fit, conf.method = "HPDinterval")$conf.low[2],
                       coda::HPDinterval(coda::mcmc(draws[, "b_x"]))[[1]]),
    scales = same(generics::tidy(fit, "ran_pars", scales = "vcov")$term[1], "var__(Intercept)"),
    exponentiate = same(generics::tidy(fit, exponentiate = TRUE)$estimate[2],
                        exp(stats::median(draws[, "b_x"]))),
    rhat = same(generics::tidy(fit, rhat = TRUE)$rhat[2],
                posterior::rhat(matrix(draws[, "b_x"], 100))),
    ess = same(generics::tidy(fit, ess = TRUE)$ess[2],
               min(posterior::ess_bulk(matrix(draws[, "b_x"], 100)),
                   posterior::ess_tail(matrix(draws[, "b_x"], 100)))),
    robust = same(generics::tidy(fit, robust = TRUE)$std.error[2], stats::mad(draws[, "b_x"]))
  ), all_refused(generics::tidy(fit), "ran_prefix", "ddf.method", "profile", "debug",
                 "exponentiate_ran_coefs",
                 "parameters", "fix.intercept")),
  glance = list(
    looic = same(generics::glance(fit, looic = TRUE)$elpd_loo,
                 loo(fit)$estimates[["elpd_loo", 1]])
  ),
  augment = list(
    data = refused(generics::augment(fit, data = d, newdata = one)),
    data = same(generics::augment(fit, data = transform(d, other = 7))$other,
                rep(7, nrow(d))),
    newdata = same(generics::augment(fit, newdata = one)$.fitted, stats::median(by_hand(one))),
    se.fit = same(".se.fit" %in% names(generics::augment(fit, newdata = one, se.fit = FALSE)),
                  FALSE)
  )
)

# What a posterior does not have, whatever the arguments.
absent_generics <- list(
  anova = c("refit", "model.names"),
  deviance = "REML",
  df.residual = character(),
  drop1 = c("scope", "scale", "test", "k", "trace", "sumFun"),
  extractAIC = c("scale", "k"),
  logLik = c("REML", "newdata", "re_formula", "resp", "ndraws", "draw_ids", "pointwise", "combine",
             "cores"),
  isSingular = "tol",
  profile = c("which", "alphamax", "maxpts", "delta", "delta.cutoff", "verbose", "devtol",
              "maxmult", "devmatchtol", "startmethod", "optimizer", "control", "signames",
              "parallel", "ncpus", "cl", "prof.scale")
)

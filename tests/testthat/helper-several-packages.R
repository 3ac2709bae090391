# Rows, as helper-several-methods.R has them, of what other packages and pictures make of a fit, and of
# what a posterior has not.

packages_of_rows <- c("bayestestR", "insight", "parameters", "performance", "bayesplot", "rstantools",
                      "emmeans", "tidybayes", "ggplot2", "lattice", "knitr", "loo")

# A function of another package on the fit is what it is on a data frame of the draws.
as_of_draws <- function(...) {
  names <- c(...)
  rows <- lapply(names, function(name) {
    f <- call("::", quote(bayestestR), as.name(name))
    list(kind = "gives", call = bquote(as.data.frame(.(f)(fit))), value = bquote(as.data.frame(.(f)(beta))))
  })
  stats::setNames(lapply(rows, list), names)
}

with_range <- function(...) {
  names <- c(...)
  rows <- lapply(names, function(name) {
    f <- call("::", quote(bayestestR), as.name(name))
    list(kind = "gives", call = bquote(as.data.frame(.(f)(fit, c(-0.1, 0.2)))),
         value = bquote(as.data.frame(.(f)(beta, c(-0.1, 0.2)))))
  })
  stats::setNames(lapply(rows, list), names)
}

# An error of the package's own, whatever the groupings.
absent <- function(...) {
  names <- c(...)
  rows <- lapply(names, function(name) {
    list(kind = "gives", value = TRUE, call = bquote(
      inherits(tryCatch(.(as.name(name))(fit), error = identity), "relm_error")))
  })
  stats::setNames(lapply(rows, list), names)
}

with_packages <- function(scene) {
  family <- scene$family_name
  scene$beta <- as.data.frame(scene$draws[, c("b_Intercept", "b_x")])
  scene$ess <- function(variables) summary(scene$fit, variables)$ess_bulk
  scene$built <- function(plot) suppressWarnings(ggplot2::ggplot_build(plot))$data
  scene$random <- grep("^(sd|cor)_", scene$hyper, value = TRUE)
  # bayestestR's range for a logit, and for other links.
  scene$negligible <- c(-0.1, 0.1) * switch(family, gaussian = , student = sd(scene$data$y), binomial = pi / sqrt(3), 1)
  scene$n_residual <- if (family %in% c("gaussian", "student")) 1L else 0L
  scene$wide <- made_up_fit(update(formula(scene$fit), . ~ . + w), several_data(120), draws = 30)
  # The mean over rows with all effects integrated out, in each draw.
  scene$mean_count <- function() {
    X <- cbind(1, scene$data$x)
    apply(scene$draws, 1, function(h) {
      spread <- 0
      for (name in scene$names) {
        sd <- h[grep(paste0("^sd_", name, "__"), names(h))]
        Z <- X[, c("Intercept", "x") %in% sub(".*__", "", names(sd)), drop = FALSE]
        cor <- diag(length(sd))
        if (length(sd) == 2) cor[1, 2] <- cor[2, 1] <- h[[paste0("cor_", name, "__Intercept__x")]]
        spread <- spread + rowSums((Z %*% (cor * tcrossprod(sd))) * Z)
      }
      mean(exp(X %*% h[c("b_Intercept", "b_x")] + spread / 2))
    })
  }
  scene
}

package_methods <- list()

package_methods$bayestestR <- c(
  as_of_draws("hdi", "eti", "ci", "bci", "p_direction", "p_map", "point_estimate", "map_estimate",
              "estimate_density"),
  with_range("rope", "p_rope", "equivalence_test"),
  list(
    spi = list(gives(suppressWarnings(as.data.frame(bayestestR::spi(fit))),
                     suppressWarnings(as.data.frame(bayestestR::spi(beta))))),
    p_significance = list(gives(as.data.frame(bayestestR::p_significance(fit, 0.1)),
                                as.data.frame(bayestestR::p_significance(beta, 0.1)))),
    describe_posterior = list(
      gives(bayestestR::describe_posterior(fit, test = NULL, diagnostic = NULL)$Median,
            unname(apply(beta, 2, median))),
      effects = same(sort(bayestestR::describe_posterior(fit, effects = "all", test = NULL,
                                                         diagnostic = NULL)$Parameter),
                     sort(colnames(draws)))
    ),
    describe_prior = list(gives(nrow(bayestestR::describe_prior(fit)) >= 2, TRUE)),
    diagnostic_posterior = list(gives(bayestestR::diagnostic_posterior(fit)$ESS, ess(c("b_Intercept", "b_x")))),
    effective_sample = list(gives(bayestestR::effective_sample(fit)$ESS, ess(c("b_Intercept", "b_x")))),
    mcse = list(gives(bayestestR::mcse(fit)$MCSE, {
      unname(apply(beta, 2, function(x) posterior::mcse_mean(matrix(x, 50))))
    })),
    rope_range = list(gives(bayestestR::rope_range(fit), negligible))
  )
)

package_methods$easystats <- list(
  find_formula = list(gives(length(as.list(insight::find_formula(fit)$random)) >= 1, TRUE)),
  find_parameters = list(gives(sort(insight::find_parameters(fit, flatten = TRUE)), sort(colnames(draws)))),
  get_parameters = list(gives(as.matrix(insight::get_parameters(fit)), unname(as.matrix(beta)))),
  clean_parameters = list(gives(sort(insight::clean_parameters(fit)$Parameter), sort(colnames(draws)))),
  get_data = list(gives(insight::get_data(fit)$y, data$y)),
  get_intercept = list(gives(as.numeric(insight::get_intercept(fit)), unname(draws[, "b_Intercept"]))),
  get_predicted = list(gives(as.numeric(insight::get_predicted(fit)), colMeans(mu))),
  get_priors = list(gives(nrow(insight::get_priors(fit)) >= 2, TRUE)),
  get_residuals = list(gives(as.numeric(insight::get_residuals(fit)), data$y - apply(mu, 2, median))),
  get_deviance = list(gives(
    tryCatch(insight::get_deviance(fit), relm_error = function(e) -1),
    if (family_name == "gaussian") sum(residuals(fit)^2) else -1
  )),
  get_variance = list(gives(insight::get_variance(fit, "residual"), switch(
    family_name, gaussian = , student = median(rowMeans(sd_of(mu)^2)), binomial = pi^2 / 3,
    median(log1p(1 / mean_count() + if (family_name == "poisson") 0 else 1 / draws[, "shape"]))
  ))),
  model_info = list(gives(insight::model_info(fit)$is_mixed, TRUE)),
  n_parameters = list(gives(insight::n_parameters(fit), ncol(draws))),
  find_algorithm = list(gives(insight::find_algorithm(fit)$chains, 2)),
  find_transformation = list(gives(c(insight::find_transformation(fit), "identity")[1], "identity")),
  ellipsis_info = list(gives(length(insight::ellipsis_info(list(fit, single), verbose = FALSE)), 2L)),
  model_parameters = list(gives(parameters::model_parameters(fit)$Median, unname(apply(beta, 2, median))),
                          effects = same(setdiff(random, parameters::model_parameters(fit, effects = "all")$Parameter),
                                         character())),
  standard_error = list(gives(parameters::standard_error(fit)$SE, unname(apply(beta, 2, sd)))),
  p_value = list(gives(parameters::p_value(fit)$p,
                       as.numeric(bayestestR::pd_to_p(bayestestR::p_direction(beta)$pd)))),
  r2 = list(gives(unlist(unclass(performance::r2(fit))[1:2]),
                  c(bayes_R2(fit)[[1]], bayes_R2(fit, re_formula = NA)[[1]]))),
  r2_posterior = list(gives(performance::r2_posterior(fit)[[1]], as.numeric(bayes_R2(fit, summary = FALSE)))),
  model_performance = list(gives(performance::model_performance(fit)$RMSE, sqrt(mean(residuals(fit)^2))))
)

package_methods$others <- list(
  rhat = list(gives(as.numeric(posterior::rhat(fit)), unname(apply(as_draws_array(fit), 3, posterior::rhat)))),
  neff_ratio = list(gives(as.numeric(bayesplot::neff_ratio(fit)), {
    array <- as_draws_array(fit)
    unname(pmin(apply(array, 3, posterior::ess_bulk), apply(array, 3, posterior::ess_tail)) / 100)
  })),
  nsamples = list(gives(rstantools::nsamples(fit), 100)),
  emm_basis = list(gives(unname(emmeans::emmeans(fit, ~ x, at = list(x = 1))@post.beta), unname(as.matrix(beta)))),
  recover_data = list(gives(emmeans::recover_data(fit)$x, data$x)),
  vif = list(gives(as.numeric(vif.relm(wide)), {
    cor <- cov2cor(vcov(wide)[-1, -1])
    rep(1 / (1 - cor[1, 2]^2), 2)
  })),
  modelparm = list(gives(unname(modelparm.relm(fit)$coef), unname(colMeans(beta)))),
  get_refmodel = list(gives(t(projected_linpred(fit, new)), hand(new))),
  launch_shinystan = list(gives(as.numeric(shinystan_draws(fit)[, 2, hyper[2]]), unname(draws[51:100, hyper[2]]))),
  epred_draws = list(gives(tidybayes::epred_draws(fit, new)$.epred, as.numeric(mean_of(hand(new))))),
  get_predict = list(gives(get_predict.relm(fit, new)$estimate, apply(mean_of(hand(new)), 2, median))),
  getSimulations = list(gives(getSimulations.relm(fit, 3, seed = 1), unname(as.matrix(simulate(fit, 3, seed = 1))))),
  getObservedResponse = list(gives(getObservedResponse.relm(fit), as.numeric(data$y))),
  getFitted = list(gives(getFitted.relm(fit), apply(mean_of(hand(data, list())), 2, median))),
  getResiduals = list(gives(getResiduals.relm(fit), data$y - apply(mu, 2, median))),
  getFixedEffects = list(gives(unname(getFixedEffects.relm(fit)), unname(apply(draws[, grep("^b_", colnames(draws)), drop = FALSE], 2, median)))),
  getRefit = list(gives(as.matrix(getRefit.relm(single, data$y)), as.matrix(single))),
  linpred_draws = list(gives(tidybayes::linpred_draws(fit, new)$.linpred, as.numeric(hand(new)))),
  residual_draws = list(gives(tidybayes::residual_draws(fit, new)$.residual,
                              as.numeric(rep(new$y, each = 100) - mean_of(hand(new))))),
  as.mcmc = list(gives(inherits(tryCatch(coda::as.mcmc(fit), error = identity), "relm_error") ||
                         coda::is.mcmc(coda::as.mcmc(single)), TRUE)),
  knit_print = list(gives(any(grepl(known, utils::capture.output(knitr::knit_print(fit)))), TRUE)),
  print = list(gives(all(vapply(names, function(name) {
    any(grepl(paste0("sd_", name, "__Intercept"), utils::capture.output(print(fit)), fixed = TRUE))
  }, NA)), TRUE)),
  str = list(gives(length(utils::capture.output(str(fit))) < 40, TRUE))
)

package_methods$pictures <- list(
  plot = list(
    gives(inherits(plot(fit), "ggplot"), TRUE),
    type = gives(inherits(plot(fit, type = "ranef", grouping = rev(names)[1]), "ggplot"), TRUE),
    variable = same(length(unique(built(plot(fit, "trace", variable = known))[[1]]$PANEL)), 1L)
  ),
  pairs = list(gives(is.null(tryCatch(pairs(fit, variable = c(known, "b_x")), error = identity)$message), TRUE)),
  plot.ranef.relm = list(gives(inherits(plot(ranef(fit)), "ggplot"), TRUE)),
  plot.relm_conditional_effects = list(gives(
    built(plot(conditional_effects(fit, resolution = 5), plot = FALSE)$x)[[2]]$x, unique(conditional_effects(fit, resolution = 5)$x$x))),
  plot.relm_hypothesis = list(gives(
    length(unique(built(plot(hypothesis(fit, "Intercept > 0", scope = "ranef", group = "a")))[[2]]$PANEL)), 8L)),
  plot.coef.relm = list(gives(inherits(plot(coef(fit)), "ggplot"), TRUE)),
  dotplot = list(gives(c(length(lattice::dotplot(ranef(fit))), length(lattice::dotplot(coef(fit)))),
                       rep(length(names), 2))),
  pp_check = list(
    gives(inherits(pp_check(fit, seed = 1), "ggplot"), TRUE),
    group = gives(inherits(pp_check(fit, "stat_grouped", group = names[1], seed = 1), "ggplot"), TRUE)
  )
)

package_methods$tables <- list(
  as.data.frame.ranef.relm = list(gives(nrow(as.data.frame(ranef(fit))), ncol(draws) - length(hyper))),
  as.data.frame.coef.relm = list(gives(length(unique(as.data.frame(coef(fit))$grpvar)), length(names))),
  as.data.frame.VarCorr.relm = list(gives(nrow(as.data.frame(VarCorr(fit))), length(random) + n_residual)),
  coef.summary.relm = list(gives(coef(summary(fit))[, "median"],
                                 apply(draws[, hyper[startsWith(hyper, "b_")], drop = FALSE], 2, median))),
  as.data.frame.summary.relm = list(gives(as.data.frame(summary(fit))$variable, summarized)),
  print.ranef.relm = list(gives(any(grepl("(Intercept)", utils::capture.output(print(ranef(fit))), fixed = TRUE)), TRUE)),
  print.coef.relm = list(gives(any(grepl("(Intercept)", utils::capture.output(print(coef(fit))), fixed = TRUE)), TRUE)),
  print.VarCorr.relm = list(gives(all(vapply(names, function(name) {
    any(grepl(name, utils::capture.output(print(VarCorr(fit))), fixed = TRUE))
  }, NA)), TRUE)),
  print.summary.relm = list(gives(all(vapply(intersect(random, summarized), function(name) {
    any(grepl(name, utils::capture.output(print(summary(fit))), fixed = TRUE))
  }, NA)), TRUE)),
  print.relm_conditional_effects = list(gives(any(grepl("estimate", fixed = TRUE,
    utils::capture.output(print(conditional_effects(fit))))), TRUE)),
  print.relm_hypothesis = list(gives(any(grepl("x)-(0.3) >", fixed = TRUE,
    utils::capture.output(print(hypothesis(fit, "x > 0.3"))))), TRUE)),
  print.relm_design = list(gives(length(utils::capture.output(print(relm_design(formula(fit), data, family = family_name)))) > 2, TRUE)),
  print.relm_crossprods = list(gives(length(utils::capture.output(print(crossprods(formula(fit), data, family = family_name)))) > 2, TRUE)),
  print.relm_posterior = list(gives(length(utils::capture.output(
    print(relm_posterior(crossprods(formula(fit), data, family = family_name))))) > 2, TRUE)),
  relm_design = list(gives(class(relm_design(formula(fit), data, family = family_name)), "relm_design")),
  crossprods = list(gives(crossprods(formula(fit), data, family = family_name)$n_rows, 120)),
  relm_posterior = list(gives(relm_posterior(crossprods(formula(fit), data, family = family_name))$parameters$variable, hyper))
)

package_methods$absent <- absent("add1", "anova", "deviance", "df.residual", "drop1", "extractAIC",
                                 "isSingular", "logLik", "profile")

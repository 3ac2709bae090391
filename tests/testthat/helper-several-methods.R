# What methods and their arguments make of fits with one grouping, with nested and with crossed ones, of
# any family: for each generic rows of a call and of its value by hand, from the draws. A row without a
# name is the method without arguments; one with a name gives another value, or an error, without that
# argument. What only Gaussian responses have is in helper-several-methods-gaussian.R, what only others
# have in helper-family-methods.R.

values_in <- function(code, scene) suppressWarnings(suppressMessages(eval(code, scene)))

expect_rows_of_methods <- function(methods, scene) {
  for (generic in names(methods)) {
    rows <- methods[[generic]]
    for (k in seq_along(rows)) {
      row <- rows[[k]]
      label <- deparse1(row$call)
      value <- values_in(row$value, scene)
      expect_equal(values_in(row$call, scene), value, ignore_attr = TRUE, label = label)
      if (row$kind != "same" || paste(generic, names(rows)[k]) %in% scene$idle_here) next
      bare <- without_argument(row$call, names(rows)[k])
      other <- tryCatch(values_in(bare, scene), error = identity)
      expect_false(isTRUE(all.equal(other, value, check.attributes = FALSE)),
                   label = paste(deparse1(bare), "gives the same"))
    }
  }
}

# Fits that several scenes have are made once.
fits_of_scenes <- new.env()

fit_of_scenes <- function(formula, family, data, ...) {
  key <- paste(family, deparse1(formula), deparse1(list(...)))
  if (is.null(fits_of_scenes[[key]])) {
    fits_of_scenes[[key]] <- relm(formula, data, family = family, chains = 2, draws = 50, seed = 1, ...)
  }
  fits_of_scenes[[key]]
}

# What the rows see. hand(): the linear predictor; take: by grouping the columns whose effects are
# added, all of them for TRUE. known: a hyperparameter. summarized: hyperparameters that a summary has. ...: of
# relm().
scene_of <- function(formula, family = "gaussian", ..., data = several_data(120)) {
  scene <- new.env()
  scene$data <- with_response_of(data, family)
  scene$fit <- fit_of_scenes(formula, family, scene$data, ...)
  scene$single <- fit_of_scenes(scenes$single, family, scene$data, ...)
  scene$draws <- as.matrix(scene$fit)
  scene$family_name <- family
  scene$known <- "sd_a__Intercept"
  if (family %in% c("gaussian", "student")) {
    scene$sigma <- scene$draws[, "sigma"]
    scene$known <- "sigma"
  }
  scene$S <- 100
  groupings <- scene$fit$posterior$groupings
  scene$names <- vapply(groupings, `[[`, "", "name")
  labels <- function(name, rows) do.call(paste, c(rows[strsplit(name, ":")[[1]]], sep = ":"))
  scene$hand <- function(rows, take = TRUE) {
    mean <- scene$draws[, c("b_Intercept", "b_x")] %*% rbind(1, rows$x)
    for (g in seq_along(groupings)) {
      name <- scene$names[g]
      effects <- effects_of_grouping(scene$fit, g)
      dimnames(effects)[[2]] <- sub("(Intercept)", "Intercept", dimnames(effects)[[2]], fixed = TRUE)
      columns <- if (isTRUE(take)) dimnames(effects)[[2]] else take[[name]]
      place <- match(labels(name, rows), groupings[[g]]$groups)
      for (column in intersect(columns, dimnames(effects)[[2]])) {
        z <- if (column == "Intercept") rep(1, nrow(rows)) else rows[[column]]
        mean <- mean + matrix(effects[, column, place], nrow(mean)) * rep(z, each = nrow(mean))
      }
    }
    unname(mean)
  }
  with_rows_of_family(scene, family)
  scene$eta <- scene$hand(scene$data)
  scene$mu <- scene$mean_of(scene$eta)
  scene$new <- scene$data[c(3, 17, 50), ]
  scene$one <- scene$new[1, ]
  scene$stranger <- transform(scene$one, a = "stranger", b = 99, c = "stranger")
  scene$seven <- round(seq(1, 100, length.out = 7))
  scene$hyper <- scene$summarized <- scene$fit$posterior$parameters$variable
  scene$effect_names <- grep("^r_", colnames(scene$draws), value = TRUE)
  scene$parts <- unique(unlist(strsplit(scene$names, ":")))
  scene$along <- transform(scene$data[rep(1, 5), ], w = mean(scene$data$w), x = seq(min(scene$data$x), max(scene$data$x), length.out = 5))
  scene$m <- scene$mean_of(scene$hand(scene$along, list()))
  scene$strange <- scene$stranger[scene$parts]
  # What known residual variances have otherwise.
  scene$row_weights <- rep(1, 120)
  scene$predicts_curves <- TRUE
  scene$is_error <- function(code) inherits(tryCatch(code, error = identity), "relm_error")
  scene$effects_of_a <- function() {
    own <- grep("^r_a\\[.*,Intercept\\]$", colnames(scene$draws), value = TRUE)
    scene$draws[, own]
  }
  scene
}

# Another response of the same rows.
with_response_of <- function(data, family) {
  if (family %in% c("gaussian", "student")) return(data)
  set.seed(9)
  eta <- as.numeric(scale(data$y))
  data$y <- switch(family, binomial = rbinom(nrow(data), 1, plogis(2 * eta)),
                   poisson = rpois(nrow(data), exp(0.5 + 0.8 * eta)),
                   rnbinom(nrow(data), size = 3, mu = exp(0.5 + 0.8 * eta)))
  data
}

# What a row's response is given its linear predictor, in plain R: mean_of(), link_of(), sd_of() the mean
# of y, and lik() of rows, which have weights w.
with_rows_of_family <- function(scene, family) {
  shape <- if (family == "negative_binomial") scene$draws[, "shape"]
  df <- if (family == "student") scene$draws[, "df"]
  of_links <- switch(family, gaussian = , student = list(identity, identity), binomial = list(plogis, qlogis),
                     list(exp, log))
  scene$mean_of <- of_links[[1]]
  scene$link_of <- of_links[[2]]
  scene$sd_of <- function(mu, w = 1) {
    switch(family, gaussian = scene$sigma / sqrt(w) + 0 * mu,
           student = scene$sigma * sqrt(ifelse(df > 2, df / (df - 2), Inf)) / sqrt(w) + 0 * mu, binomial = sqrt(mu * (1 - mu) / w),
           poisson = sqrt(mu), sqrt(mu + mu^2 / shape))
  }
  scene$lik <- function(rows, take = TRUE, add = 0, w = 1) {
    y <- matrix(rows$y, scene$S, nrow(rows), byrow = TRUE)
    mu <- scene$mean_of(scene$hand(rows, take) + add)
    unname(switch(family,
      gaussian = dnorm(y, mu, scene$sigma / sqrt(w), log = TRUE),
      student = dt((y - mu) * sqrt(w) / scene$sigma, df, log = TRUE) - log(scene$sigma / sqrt(w)),
      binomial = dbinom(w * y, w, mu, log = TRUE), poisson = w * dpois(y, mu, log = TRUE),
      w * dnbinom(y, size = shape, mu = mu, log = TRUE)
    ))
  }
}

# Of one grouping with a correlation, of others as well.
scenes <- list(one = y ~ x + (1 + x | a), nested = y ~ x + (1 | a) + (1 + x | a:b),
               crossed = y ~ x + (1 | a) + (1 + x | c), single = y ~ x + (1 | a))

several_methods <- list()

several_methods$draws <- list(
  as.matrix = list(
    gives(dim(as.matrix(fit)), c(100L, ncol(draws))),
    variable = same(as.matrix(fit, variable = known), draws[, known, drop = FALSE]),
    regex = same(colnames(as.matrix(fit, "^sd_", regex = TRUE)), grep("^sd_", hyper, value = TRUE)),
    pars = same(as.matrix(fit, pars = effect_names[2]), draws[, effect_names[2], drop = FALSE]),
    regex_pars = same(colnames(as.matrix(fit, regex_pars = "^r_")), effect_names),
    chain = same(as.matrix(fit, chain = 2), draws[51:100, ]),
    iteration = same(as.matrix(fit, iteration = 2:3), draws[c(2:3, 52:53), ]),
    draw = same(as.matrix(fit, draw = c(2, 60)), draws[c(2, 60), ]),
    subset = same(as.matrix(fit, subset = c(2, 60)), draws[c(2, 60), ])
  ),
  as.array = list(
    gives(matrix(as.array(fit), 100), unname(draws)),
    variable = same(as.numeric(as.array(fit, variable = effect_names[1])), unname(draws[, effect_names[1]])),
    chain = same(matrix(as.array(fit, chain = 1), 50), unname(draws[1:50, ]))
  ),
  as.data.frame = list(
    gives(as.matrix(as.data.frame(fit)), draws),
    variable = same(names(as.data.frame(fit, variable = effect_names)), effect_names)
  ),
  as_draws_array = list(gives(matrix(as_draws_array(fit), 100), unname(draws))),
  as_draws_matrix = list(gives(matrix(as_draws_matrix(fit), 100), unname(draws))),
  as_draws_df = list(gives(as_draws_df(fit)[[known]], unname(draws[, known]))),
  as_draws_list = list(gives(as_draws_list(fit)[[2]][[known]], unname(draws[51:100, known]))),
  as_draws_rvars = list(gives(as.numeric(posterior::draws_of(as_draws_rvars(fit)[[known]])),
                            unname(draws[, known]))),
  as_draws = list(gives(matrix(as_draws(fit, variable = effect_names), 100), unname(draws[, effect_names]))),
  as.mcmc.list = list(gives(unname(as.matrix(as.mcmc.list(fit)[[2]])), unname(draws[51:100, ]))),
  variables = list(gives(variables(fit), colnames(draws))),
  ndraws = list(gives(ndraws(fit), 100)),
  nchains = list(gives(nchains(fit), 2)),
  niterations = list(gives(niterations(fit), 50)),
  nvariables = list(gives(nvariables(fit), ncol(draws)))
)

several_methods$tables <- list(
  fixef = list(
    gives(unname(fixef(fit)), unname(apply(draws[, c("b_Intercept", "b_x")], 2, median))),
    summary = same(unname(fixef(fit, summary = FALSE)), unname(draws[, c("b_Intercept", "b_x")])),
    pars = same(rownames(fixef(fit, summary = TRUE, pars = "x")), "x")
  ),
  vcov = list(gives(unname(vcov(fit)), unname(cov(draws[, c("b_Intercept", "b_x")])))),
  confint = list(
    gives(unname(confint(fit)["x", ]), unname(quantile(draws[, "b_x"], c(0.025, 0.975)))),
    parm = same(rownames(confint(fit, parm = "x")), "x"),
    level = same(unname(confint(fit, level = 0.5)["x", ]), unname(quantile(draws[, "b_x"], c(0.25, 0.75))))
  ),
  posterior_interval = list(
    gives(rownames(posterior_interval(fit)), colnames(draws)),
    prob = same(unname(posterior_interval(fit, prob = 0.5)[known, ]),
                unname(quantile(draws[, known], c(0.25, 0.75)))),
    variable = same(rownames(posterior_interval(fit, variable = effect_names)), effect_names),
    pars = same(rownames(posterior_interval(fit, pars = "x")), "b_x")
  ),
  summary = list(
    gives(as.data.frame(summary(fit))$median, unname(apply(draws[, summarized], 2, median))),
    variable = same(rownames(summary(fit, variable = effect_names)), effect_names),
    regex_pars = same(rownames(summary(fit, regex_pars = "^sd_")), grep("^sd_", hyper, value = TRUE)),
    prob = same(summary(fit, prob = 0.5)[known, "q75"], unname(quantile(draws[, known], 0.75))),
    robust = same(summary(fit, robust = TRUE)[known, "mad"], mad(draws[, known]))
  ),
  ngrps = list(gives(ngrps(fit), vapply(fit$posterior$groupings, function(g) length(g$groups), 0L))),
  nobs = list(gives(nobs(fit), 120)),
  formula = list(
    gives(deparse1(formula(fit)), deparse1(fit$posterior$formula)),
    fixed.only = same(formula(fit, fixed.only = TRUE), y ~ x)
  ),
  terms = list(gives(attr(terms(fit), "term.labels"), "x")),
  family = list(gives(family(fit)$family, family_name)),
  weights = list(gives(weights(fit), row_weights)),
  model.frame = list(gives(all(c("y", "x", unlist(strsplit(names, ":"))) %in% names(model.frame(fit))), TRUE)),
  model.matrix = list(gives(unname(model.matrix(fit)[, 2]), data$x)),
  getData = list(gives(getData(fit)$y, data$y)),
  getME = list(name = gives(unname(getME(fit, "X")[, "x"]), data$x)),
  prior_summary = list(gives(nrow(prior_summary(fit)) >= 4, TRUE))
)

several_methods$predictions <- list(
  posterior_epred = list(
    gives(unname(posterior_epred(fit)), mu),
    newdata = same(unname(posterior_epred(fit, newdata = new)), mean_of(hand(new))),
    re_formula = same(unname(posterior_epred(fit, new, re_formula = ~ (1 | a))),
                      mean_of(hand(new, list(a = "Intercept")))),
    re_formula = same(unname(posterior_epred(fit, new, re_formula = NA)), mean_of(hand(new, list()))),
    re.form = same(unname(posterior_epred(fit, new, re.form = NA)), mean_of(hand(new, list()))),
    ndraws = same(unname(posterior_epred(fit, new, ndraws = 7)), mean_of(hand(new))[seven, ]),
    draws = same(unname(posterior_epred(fit, new, draws = 7)), mean_of(hand(new))[seven, ]),
    draw_ids = same(unname(posterior_epred(fit, new, draw_ids = c(5, 2))), mean_of(hand(new))[c(5, 2), ]),
    offset = same(unname(posterior_epred(fit, new, offset = 1:3)),
                  mean_of(hand(new) + rep(1:3, each = 100)))
  ),
  posterior_linpred = list(
    gives(unname(posterior_linpred(fit)), eta),
    newdata = same(unname(posterior_linpred(fit, newdata = new)), hand(new)),
    re_formula = same(unname(posterior_linpred(fit, newdata = new, re_formula = ~ (1 | a))),
                      hand(new, list(a = "Intercept"))),
    draw_ids = same(unname(posterior_linpred(fit, newdata = new, draw_ids = 3)), hand(new)[3, , drop = FALSE])
  ),
  predict = list(gives(nrow(predict(fit, seed = 1)), 120L)),
  fitted = list(
    gives(unname(fitted(fit)), apply(mu, 2, median)),
    newdata = same(unname(fitted(fit, newdata = new)), apply(mean_of(hand(new)), 2, median)),
    re_formula = same(unname(fitted(fit, re_formula = NA)), apply(mean_of(hand(data, list())), 2, median)),
    summary = same(unname(fitted(fit, summary = FALSE)), mu),
    probs = same(unname(fitted(fit, summary = TRUE, probs = 0.9)[, 3]), apply(mu, 2, quantile, 0.9, names = FALSE))
  ),
  residuals = list(
    gives(unname(residuals(fit)), data$y - apply(mu, 2, median)),
    newdata = same(unname(residuals(fit, newdata = new)), new$y - apply(mean_of(hand(new)), 2, median)),
    re_formula = same(unname(residuals(fit, re_formula = NA)),
                      data$y - apply(mean_of(hand(data, list())), 2, median))
  ),
  log_lik = list(
    gives(unname(log_lik(fit)), lik(data)),
    newdata = same(unname(log_lik(fit, newdata = new)), lik(new)),
    re_formula = same(unname(log_lik(fit, new, re_formula = NA)), lik(new, list())),
    ndraws = same(unname(log_lik(fit, new, ndraws = 7)), lik(new)[seven, ]),
    draw_ids = same(unname(log_lik(fit, new, draw_ids = 3)), lik(new)[3, , drop = FALSE]),
    weights = same(unname(log_lik(fit, one, weights = 4)), lik(one, w = 4))
  ),
  bayes_R2 = list(summary = same(as.numeric(bayes_R2(fit, summary = FALSE)), r2(mu))),
  simulate = list(
    nsim = same(dim(simulate(fit, nsim = 3, seed = 1)), c(120L, 3L)),
    seed = same(simulate(fit, nsim = 2, seed = 4), simulate(fit, nsim = 2, seed = 4))
  ),
  waic = list(gives(unname(waic(fit)$estimates["waic", 1]), unname(loo::waic(lik(data))$estimates["waic", 1])))
)

# Effects of every grouping, known by its name.
several_methods$effects <- list(
  ranef = list(
    gives(lapply(names, function(g) as.numeric(as.matrix(ranef(fit)[[g]]))),
          lapply(seq_along(names), function(g) {
            own <- effects_of_grouping(fit, g)
            as.numeric(t(apply(own, 2:3, median)[, rownames(ranef(fit)[[names[g]]])]))
          })),
    summary = same(dim(ranef(fit, summary = FALSE)[[1]])[1], 100L),
    whichel = gives(names(ranef(fit, whichel = names[1])), names[1])
  ),
  coef = list(gives(as.numeric(as.matrix(coef(fit)[[1]][, "(Intercept)"])), {
    own <- effects_of_grouping(fit, 1)[, "(Intercept)", rownames(coef(fit)[[1]])]
    unname(apply(own + draws[, "b_Intercept"], 2, median))
  })),
  VarCorr = list(
    gives(vapply(names, function(g) unname(attr(VarCorr(fit)[[g]], "stddev")[1]), 0, USE.NAMES = FALSE),
          vapply(names, function(g) median(draws[, paste0("sd_", g, "__Intercept")]), 0, USE.NAMES = FALSE))
  ),
  tidy = list(gives(subset(as.data.frame(generics::tidy(fit, effects = "fixed")), term == "x")$estimate,
                    median(draws[, "b_x"]))),
  augment = list(gives(as.data.frame(generics::augment(fit))$.fitted, apply(mu, 2, median))),
  glance = list(gives(as.data.frame(generics::glance(fit))$nobs, 120))
)

several_methods$hypotheses <- list(
  hypothesis = list(
    gives(hypothesis(fit, "x > 0.5")$hypothesis$Post.Prob, mean(draws[, "b_x"] > 0.5)),
    class = gives(hypothesis(fit, "sd_a__Intercept^2 < 0.7", class = NULL)$samples$H1,
                 draws[, "sd_a__Intercept"]^2 - 0.7),
    class = same(hypothesis(fit, "a__Intercept > 0.7", class = "sd")$hypothesis$Post.Prob,
                 mean(draws[, "sd_a__Intercept"] > 0.7)),
    group = gives(hypothesis(fit, "Intercept > 0.7", class = "sd", group = "a")$samples$H1,
                  draws[, "sd_a__Intercept"] - 0.7),
    scope = same(hypothesis(fit, "Intercept > 0", scope = "ranef", group = "a")$hypothesis$Post.Prob,
                 colMeans(effects_of_a() > 0)),
    scope = same(hypothesis(fit, "Intercept > 1", scope = "coef", group = "a")$hypothesis$Post.Prob,
                 colMeans(effects_of_a() + draws[, "b_Intercept"] > 1)),
    alpha = same(unlist(hypothesis(fit, "x > 0", alpha = 0.1)$hypothesis[4:5]),
                 quantile(draws[, "b_x"], c(0.1, 0.9), names = FALSE)),
    robust = same(hypothesis(fit, "x > 0", robust = TRUE)$hypothesis$Est.Error, mad(draws[, "b_x"])),
    seed = gives(hypothesis(fit, "x = 0", seed = 1)$hypothesis$Evid.Ratio, NA_real_)
  ),
  # along: rows over the range of x; m: means of the population there, draws x rows.
  conditional_effects = list(
    gives(conditional_effects(fit, resolution = 5)$x$estimate__, median_of(m)),
    effects = gives(names(conditional_effects(fit, effects = "x")), "x"),
    conditions = same(nrow(conditional_effects(fit, conditions = unique(data[parts])[1:2, , drop = FALSE], resolution = 5)$x), 10L),
    int_conditions = gives(is_error(conditional_effects(fit, int_conditions = list(z = 1))), TRUE),
    re_formula = same(conditional_effects(fit, "x", along[1, parts, drop = FALSE], re_formula = NULL, resolution = 5)$x$estimate__,
                      c(median_of(m), median_of(mean_of(hand(along))))),
    prob = same(conditional_effects(fit, prob = 0.5, resolution = 5)$x$lower__,
                unname(apply(m, 2, quantile, 0.25))),
    robust = gives({
      shown <- conditional_effects(fit, robust = FALSE, resolution = 5)$x$estimate__
      all(is.na(shown) | abs(shown - colMeans(m)) < 1e-10)
    }, TRUE),
    method = gives(conditional_effects(fit, method = "linpred", resolution = 5)$x$estimate__,
                   median_of(hand(along, list()))),
    transform = same(conditional_effects(fit, transform = function(y) 2 * y, resolution = 5)$x$estimate__,
                     2 * median_of(m)),
    resolution = same(nrow(conditional_effects(fit, resolution = 7)$x), 7L),
    newdata = same(range(conditional_effects(fit, newdata = data[1:9, ])$x$x), range(data$x[1:9])),
    ndraws = same(conditional_effects(fit, ndraws = 7, resolution = 5)$x$estimate__, median_of(m[seven, ])),
    draw_ids = same(conditional_effects(fit, draw_ids = 3:6, resolution = 5)$x$estimate__, median_of(m[3:6, ])),
    allow_new_levels = same(nrow(conditional_effects(fit, "x", strange, re_formula = NULL, allow_new_levels = TRUE,
                                                     resolution = 5)$x), 10L),
    sample_new_levels = gives(all(is.finite(conditional_effects(fit, "x", strange, re_formula = NULL,
      allow_new_levels = TRUE, sample_new_levels = "old_levels")$x$estimate__)), TRUE),
    seed = gives(tryCatch(conditional_effects(fit, method = "predict", seed = 1)$x$upper__, relm_error = function(e) -1),
                 if (predicts_curves) conditional_effects(fit, method = "predict", seed = 1)$x$upper__ else -1)
  )
)

# More rows, as helper-several-methods.R has them: arguments that methods share, and those of tables.

# A method on a row whose groups are all new: with effects of old groups, a draw's predictor is that of
# the coefficients and of some old group of each grouping. predictor: what makes that of its value.
new_level_rows <- function(name, predictor) {
  f <- as.name(name)
  to <- as.name(predictor)
  lapply(list(
    allow_new_levels = bquote(all(is.finite(.(f)(fit, newdata = stranger, allow_new_levels = TRUE)))),
    sample_new_levels = bquote(from_old(.(to)(.(f)(fit, newdata = stranger, allow_new_levels = TRUE,
                                                   sample_new_levels = "old_levels")))),
    seed = bquote(isTRUE(all.equal(.(to)(.(f)(fit, newdata = stranger, allow_new_levels = TRUE, seed = 7)),
                                   seventh)))
  ), function(call) list(kind = "same", call = call, value = TRUE))
}

with_more_rows <- function(scene) {
  groupings <- scene$fit$posterior$groupings
  # All sums of old effects of each grouping in a row, by draw.
  sums <- function(row) {
    each <- lapply(seq_along(groupings), function(g) {
      own <- effects_of_grouping(scene$fit, g)
      z <- vapply(dimnames(own)[[2]], function(name) if (name == "(Intercept)") 1 else row[[name]], 0)
      apply(own, c(1, 3), function(effect) sum(effect * z))
    })
    if (length(each) == 1) return(each[[1]])
    t(vapply(seq_len(100), function(s) as.numeric(outer(each[[1]][s, ], each[[2]][s, ], "+")),
             numeric(ncol(each[[1]]) * ncol(each[[2]]))))
  }
  scene$from_old <- function(predicted) {
    base <- scene$hand(scene$stranger, list())
    extra <- as.numeric(predicted) - as.numeric(base)
    all(apply(abs(sums(scene$stranger) - extra), 1, min) < 1e-10)
  }
  scene$seventh <- posterior_linpred(scene$fit, newdata = scene$stranger, allow_new_levels = TRUE, seed = 7)
  scene$spread <- function(f, ...) vapply(groupings, function(g) f(g), 0)
  scene$median_of <- function(x) unname(apply(x, 2, median))
  scene$r2 <- function(mu, w = 1) {
    v <- apply(mu, 1, var)
    unname(v / (v + rowMeans(scene$sd_of(mu, w)^2)))
  }
  scene
}

more_methods <- list()

more_methods$predictions <- list(
  posterior_epred = new_level_rows("posterior_epred", "link_of"),
  posterior_linpred = c(new_level_rows("posterior_linpred", "identity"), list(
    transform = gives(unname(posterior_linpred(fit, transform = TRUE)), mu),
    ndraws = same(unname(posterior_linpred(fit, newdata = new, ndraws = 7)), hand(new)[seven, ]),
    draws = same(unname(posterior_linpred(fit, newdata = new, draws = 7)), hand(new)[seven, ]),
    re.form = same(unname(posterior_linpred(fit, newdata = new, re.form = NA)), hand(new, list())),
    offset = same(unname(posterior_linpred(fit, newdata = new, offset = 1:3)), hand(new) + rep(1:3, each = 100))
  )),
  posterior_predict = list(
    gives(dim(posterior_predict(fit)), c(100L, 120L)),
    ndraws = same(dim(posterior_predict(fit, one, ndraws = 7)), c(7L, 1L)),
    draw_ids = same(dim(posterior_predict(fit, one, draw_ids = c(3, 9))), c(2L, 1L)),
    draws = same(dim(posterior_predict(fit, one, draws = 7)), c(7L, 1L)),
    allow_new_levels = same(all(is.finite(posterior_predict(fit, stranger, allow_new_levels = TRUE))), TRUE)
  ),
  residuals = list(
    summary = same(unname(residuals(fit, summary = FALSE)), rep(data$y, each = 100) - mu),
    probs = same(unname(residuals(fit, probs = 0.9)[, 3]),
                 unname(apply(rep(data$y, each = 100) - mu, 2, quantile, 0.9))),
    type = same(unname(residuals(fit, type = "pearson")), median_of((rep(data$y, each = 100) - mu) / sd_of(mu)))
  ),
  log_lik = list(
    re.form = same(unname(log_lik(fit, new, re.form = NA)), lik(new, list())),
    draws = same(unname(log_lik(fit, new, draws = 7)), lik(new)[seven, ]),
    offset = same(unname(log_lik(fit, new, offset = 1:3)), lik(new, add = rep(1:3, each = 100))),
    allow_new_levels = same(all(is.finite(log_lik(fit, stranger, allow_new_levels = TRUE))), TRUE),
    allow.new.levels = same(all(is.finite(log_lik(fit, stranger, allow.new.levels = TRUE))), TRUE),
    sample_new_levels = gives({
      l <- log_lik(fit, stranger, allow_new_levels = TRUE, seed = 2, sample_new_levels = "old_levels")
      drawn <- posterior_linpred(fit, newdata = stranger, allow_new_levels = TRUE, seed = 2,
                                 sample_new_levels = "old_levels")
      max(abs(l - lik(stranger, list(), add = drawn - hand(stranger, list())))) < 1e-10
    }, TRUE),
    seed = same(identical(log_lik(fit, stranger, allow_new_levels = TRUE, seed = 7),
                          log_lik(fit, stranger, allow_new_levels = TRUE, seed = 7)), TRUE)
  ),
  bayes_R2 = list(
    newdata = same(as.numeric(bayes_R2(fit, newdata = data[1:40, ], summary = FALSE)), r2(mu[, 1:40])),
    re_formula = same(as.numeric(bayes_R2(fit, re_formula = NA, summary = FALSE)), r2(mean_of(hand(data, list())))),
    re.form = same(as.numeric(bayes_R2(fit, re.form = NA, summary = FALSE)), r2(mean_of(hand(data, list())))),
    draw_ids = same(as.numeric(bayes_R2(fit, draw_ids = 3:9, summary = FALSE)), r2(mu)[3:9]),
    ndraws = same(as.numeric(bayes_R2(fit, ndraws = 7, summary = FALSE)), r2(mu)[seven]),
    draws = same(as.numeric(bayes_R2(fit, draws = 7, summary = FALSE)), r2(mu)[seven]),
    probs = same(unname(bayes_R2(fit, probs = 0.9)[1, 3]), unname(quantile(r2(mu), 0.9))),
    robust = same(unname(bayes_R2(fit, summary = TRUE, robust = TRUE)[1, 2]), mad(r2(mu))),
    residual = same({
      v <- apply(mu, 1, var)
      e <- apply(rep(data$y, each = 100) - mu, 1, var)
      max(abs(as.numeric(bayes_R2(fit, residual = TRUE, summary = FALSE)) - v / (v + e))) < 1e-10
    }, TRUE)
  ),
  predictive_interval = list(
    newdata = same(dim(predictive_interval(fit, newdata = new, seed = 1)), c(3L, 2L))
  ),
  simulate = list(
    newdata = same(dim(simulate(fit, nsim = 2, newdata = new, seed = 1)), c(3L, 2L))
  )
)

more_methods$tables <- list(
  fixef = list(
    probs = same(unname(fixef(fit, probs = 0.9)[, 3]), unname(apply(draws[, 1:2], 2, quantile, 0.9))),
    robust = same(unname(fixef(fit, robust = TRUE)[, 2]), unname(apply(draws[, 1:2], 2, mad)))
  ),
  ranef = list(
    probs = same(length(dim(ranef(fit, probs = 0.9)[[1]])), 3L),
    robust = same(unname(ranef(fit, summary = TRUE, robust = TRUE)[[1]]["a", "Est.Error", 1]),
                  mad(draws[, "r_a[a,Intercept]"])),
    pars = same(unname(dimnames(ranef(fit, pars = "x", summary = TRUE)[[length(names(ranef(fit, pars = "x")))]])[[3]]), "x"),
    groups = gives(names(ranef(fit, groups = names[1])), names[1]),
    condVar = same(is.null(attr(ranef(fit, condVar = FALSE)[[1]], "postVar")), TRUE),
    drop = gives(is.numeric(unlist(ranef(fit, drop = TRUE)[[1]])), TRUE)
  ),
  coef = list(
    summary = same(dim(coef(fit, summary = FALSE)[[1]])[1], 100L),
    probs = same(length(dim(coef(fit, probs = 0.9)[[1]])), 3L),
    # Columns that only vary come first.
    robust = same({
      table <- coef(fit, summary = TRUE, robust = TRUE)[[1]]
      unname(table["a", "Est.Error", grep("Intercept", dimnames(table)[[3]])])
    }, mad(draws[, "b_Intercept"] + draws[, "r_a[a,Intercept]"])),
    groups = gives(names(coef(fit, groups = names[1])), names[1])
  ),
  VarCorr = list(
    summary = same(unname(VarCorr(fit, summary = TRUE)$a$sd[1, "Estimate"]),
                   median(draws[, "sd_a__Intercept"])),
    probs = same(dim(VarCorr(fit, summary = TRUE, probs = 0.9)$a$sd)[2], 3L),
    robust = same(unname(VarCorr(fit, summary = TRUE, robust = TRUE)$a$sd[1, "Est.Error"]),
                  mad(draws[, "sd_a__Intercept"]))
  ),
  vcov = list(
    correlation = same(unname(vcov(fit, correlation = TRUE)), unname(cor(draws[, c("b_Intercept", "b_x")]))),
    pars = same(dim(vcov(fit, pars = "x")), c(1L, 1L))
  ),
  posterior_interval = list(
    regex = same(rownames(posterior_interval(fit, variable = "^sd_", regex = TRUE)), grep("^sd_", hyper, value = TRUE)),
    regex_pars = same(rownames(posterior_interval(fit, regex_pars = "^sd_")), grep("^sd_", hyper, value = TRUE)),
    type = idle(nrow(posterior_interval(fit, type = "central")), ncol(draws))
  ),
  summary = list(
    regex = same(rownames(summary(fit, "^sd_", regex = TRUE)), grep("^sd_", hyper, value = TRUE)),
    pars = same(rownames(summary(fit, pars = "x")), "b_x"),
    probs = same(as.data.frame(summary(fit, probs = 0.9))$q90, unname(apply(draws[, summarized], 2, quantile, 0.9))),
    digits = same(utils::capture.output(summary(fit, digits = 6)), utils::capture.output(print(summary(fit), digits = 6)))
  ),
  tidy = list(
    effects = same(sum(generics::tidy(fit, effects = "ran_vals")$group %in% names), ncol(draws) - length(hyper)),
    conf.level = same(as.data.frame(generics::tidy(fit, effects = "fixed", conf.int = TRUE, conf.level = 0.5))$conf.low,
                      unname(apply(draws[, 1:2], 2, quantile, 0.25))),
    conf.int = gives(as.data.frame(generics::tidy(fit, effects = "fixed", conf.int = TRUE))$conf.low,
                    unname(apply(draws[, 1:2], 2, quantile, 0.025))),
    rhat = same(as.data.frame(generics::tidy(fit, effects = "fixed", rhat = TRUE))$rhat,
                unname(summary(fit, c("b_Intercept", "b_x"))$rhat)),
    ess = same(!is.null(generics::tidy(fit, effects = "fixed", ess = TRUE)$ess), TRUE),
    exponentiate = same(as.data.frame(generics::tidy(fit, effects = "fixed", exponentiate = TRUE))$estimate,
                        exp(median_of(draws[, 1:2]))),
    scales = same(generics::tidy(fit, effects = "ran_pars", scales = "vcov")$estimate[1],
                  median(draws[, "sd_a__Intercept"]^2)),
    robust = same(as.data.frame(generics::tidy(fit, effects = "fixed", robust = FALSE))$estimate,
                  unname(colMeans(draws[, 1:2]))),
    conf.method = same(as.data.frame(generics::tidy(fit, effects = "fixed", conf.int = TRUE,
                                                    conf.method = "HPDinterval"))$conf.low,
                       unname(coda::HPDinterval(coda::as.mcmc(draws[, 1:2]))[, 1]))
  ),
  terms = list(fixed.only = gives(attr(terms(fit, fixed.only = TRUE), "term.labels"), "x")),
  weights = list(type = gives(weights(fit, type = "prior"), row_weights))
)

more_methods$new_levels <- list(
  bayes_R2 = list(
    allow_new_levels = same(all(is.finite(bayes_R2(fit, rbind(stranger, new), allow_new_levels = TRUE))), TRUE),
    sample_new_levels = gives({
      f <- function(f, ...) f(fit, rbind(stranger, new), allow_new_levels = TRUE, sample_new_levels = "old_levels",
                              seed = 3, ...)
      max(abs(as.numeric(f(bayes_R2, summary = FALSE)) - r2(f(posterior_epred))))
    }, 0),
    seed = same(identical(bayes_R2(fit, rbind(stranger, new), allow_new_levels = TRUE, seed = 1, summary = FALSE),
                          bayes_R2(fit, rbind(stranger, new), allow_new_levels = TRUE, seed = 1, summary = FALSE)), TRUE),
    offset = same(as.numeric(bayes_R2(fit, new, offset = c(1, 5, 2), summary = FALSE)),
                  r2(mean_of(hand(new) + rep(c(1, 5, 2), each = 100))))
  ),
  simulate = list(
    use.u = same(simulate(fit, nsim = 2, seed = 1, use.u = FALSE), simulate(fit, nsim = 2, seed = 1, re.form = NA)),
    re.form = same(simulate(fit, nsim = 2, seed = 1, re.form = NA), simulate(fit, nsim = 2, seed = 1, use.u = FALSE))
  )
)

more_methods$draws <- list(
  as.array = list(
    regex = same(dimnames(as.array(fit, "^sd_", regex = TRUE))[[3]], grep("^sd_", hyper, value = TRUE)),
    pars = same(as.numeric(as.array(fit, pars = "x")), unname(draws[, "b_x"])),
    regex_pars = same(dimnames(as.array(fit, regex_pars = "^r_"))[[3]], effect_names),
    iteration = same(matrix(as.array(fit, iteration = 2:3), 4), unname(draws[c(2:3, 52:53), ])),
    draw = same(length(as.array(as_draws(fit, draw = 4))), ncol(draws)),
    subset = same(length(as.array(fit, subset = 4)), ncol(draws))
  ),
  as.data.frame = list(
    row.names = same(rownames(as.data.frame(fit, row.names = paste0("d", 1:100)))[3], "d3"),
    optional = idle(dim(as.data.frame(fit, optional = TRUE)), dim(draws)),
    regex = same(names(as.data.frame(fit, variable = "^sd_", regex = TRUE)), grep("^sd_", hyper, value = TRUE)),
    pars = same(names(as.data.frame(fit, pars = "x")), "b_x"),
    regex_pars = same(names(as.data.frame(fit, regex_pars = "^r_")), effect_names),
    iteration = same(as.data.frame(fit, iteration = 2:3)[[known]], unname(draws[c(2:3, 52:53), known])),
    chain = same(as.data.frame(fit, chain = 2)[[known]], unname(draws[51:100, known])),
    draw = same(as.data.frame(fit, draw = 7)[[known]], unname(draws[7, known])),
    subset = same(as.data.frame(fit, subset = 7)[[known]], unname(draws[7, known]))
  ),
  coef = list(pars = same(names(as.data.frame(coef(fit, pars = "x")[[1]])), "x")),
  fixef = list(add.dropped = idle(fixef(fit, add.dropped = TRUE), fixef(fit))),
  vcov = list(complete = idle(vcov(fit, complete = TRUE), cov(draws[, 1:2]))),
  VarCorr = list(sigma = gives(inherits(tryCatch(VarCorr(fit, sigma = 2), error = identity), "relm_error"), TRUE)),
  augment = list(
    data = gives(generics::augment(fit, data = data)$b, data$b),
    newdata = same(generics::augment(fit, newdata = new)$.fitted, median_of(mean_of(hand(new)))),
    re_formula = same(generics::augment(fit, re_formula = NA)$.fitted, median_of(mean_of(hand(data, list())))),
    re.form = same(generics::augment(fit, re.form = NA)$.fitted, median_of(mean_of(hand(data, list())))),
    se_fit = same(is.null(generics::augment(fit, se_fit = FALSE)$.se.fit), TRUE),
    se.fit = same(is.null(generics::augment(fit, se.fit = FALSE)$.se.fit), TRUE),
    interval = same(generics::augment(fit, interval = "confidence")$.lower, unname(apply(mu, 2, quantile, 0.025))),
    conf.level = same(generics::augment(fit, interval = "confidence", conf.level = 0.5)$.lower,
                      unname(apply(mu, 2, quantile, 0.25))),
    # At a low level, where bounds of predictions that are 0 or 1 go by the seed too.
    seed = same(identical(generics::augment(fit, interval = "prediction", conf.level = 0.1, seed = 1)$.lower,
                          generics::augment(fit, interval = "prediction", conf.level = 0.1, seed = 1)$.lower), TRUE)
  )
)

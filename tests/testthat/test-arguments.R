# Each argument that methods of rstanarm, lme4, brms and broom.mixed have, of generics that relm has
# too: it means the same, or it is refused by name. Values are computed from the draws.

skip_on_cran()

d <- grouped_data()
fit <- relm(y ~ x + (1 + x | g), d, chains = 2, draws = 100, seed = 1)
single <- relm(y ~ x + (1 | g), d, chains = 2, draws = 100, seed = 1)
line <- relm(y ~ x, d, chains = 2, draws = 100, seed = 1)
weighted <- relm(y ~ x + (1 | g), d, weights = w, chains = 2, draws = 100, seed = 1)
aliased <- suppressMessages(relm(y ~ x + twice + (1 | g), transform(d, twice = 2 * x),
                                 chains = 2, draws = 100, seed = 1))
levels <- relm(y ~ x + (1 | g), d, sigma = ~ f, prior = relm_prior(sigma = half_normal(1)),
               chains = 1, draws = 50, seed = 1)
weighted_by_f <- relm(y ~ x * f, d, chains = 1, draws = 50, seed = 1)

draws <- as.matrix(fit)
new <- data.frame(x = c(0.5, -1), g = c("g1", "g3"), y = c(1, 2))
one <- new[1, ]
stranger <- transform(one, g = "stranger")
new_level <- transform(new, f = "another")

# Linear predictors, draws x rows.
by_hand <- function(data, intercepts = TRUE, slopes = TRUE) {
  vapply(seq_len(nrow(data)), function(i) {
    effect <- function(column) draws[, sprintf("r_g[%s,%s]", data$g[i], column)]
    draws[, "b_Intercept"] + draws[, "b_x"] * data$x[i] +
      (if (intercepts) effect("Intercept") else 0) + (if (slopes) effect("x") * data$x[i] else 0)
  }, numeric(nrow(draws)))
}

# What a prediction of one row with seed 1 adds to its mean.
noise <- posterior_predict(fit, one, seed = 1) - by_hand(one)

seven <- round(seq(1, 200, length.out = 7))
sigma <- draws[, "sigma"]
quantiles <- function(x, probs, names) {
  stats::setNames(stats::quantile(x, probs, names = FALSE), names)
}
variances_explained <- function(mu) {
  variances <- apply(mu, 1, stats::var)
  variances / (variances + sigma^2)
}
column <- function(fit, name) as.matrix(fit, name)[, 1]
effect <- function(fit, group, column) column(fit, sprintf("r_g[%s,%s]", group, column))
coefficients <- draws[, "b_x"] + draws[, "r_g[g1,x]"]
density_by_hand <- function(data, offset) {
  unname(stats::dnorm(matrix(data$y, 200, nrow(data), byrow = TRUE), by_hand(data) + offset, sigma,
                      log = TRUE))
}
ten_draws <- if (requireNamespace("bayesplot", quietly = TRUE)) {
  bayesplot::pairs_condition(draws = rep(c(TRUE, FALSE), c(10, 190)))
}
low_ends <- function(plots) environment(plots[[1]]$panel)$table$low
output <- function(code) paste(utils::capture.output(code), collapse = "\n")

test_that("predictions of one row add noise with standard deviation sigma", {
  z <- as.numeric(noise / sigma)
  expect_lt(abs(mean(z)), 4 / sqrt(200))
  expect_lt(abs(mean(z^2) - 1), 4 * sqrt(2 / 200))
})

here <- environment()
for (part in names(argument_tables)) {
  for (generic in names(argument_tables[[part]])) {
    test_that(paste0(generic, "() obeys other packages' arguments or refuses them"), {
      if (part == "tables") skip_if_not_installed("generics")
      if (part == "tables") skip_if_not_installed("loo")
      if (part == "classes") skip_if_not_installed("lattice")
      if (part %in% c("criticism", "brms")) {
        skip_if_not_installed("loo")
        skip_if_not_installed("bayesplot")
      }
      expect_rows(argument_tables[[part]][[generic]], here)
      succeed()
    })
  }
}

# The tables have every argument of these releases.
releases <- c(rstanarm = "2.21.3", lme4 = "2.1.0", brms = "2.18.0", broom.mixed = "0.2.9.7")
# "mer" ends the names of lme4's classes of estimates.
classes_of_fits <- list(rstanarm = "stanreg", lme4 = c("merMod", "mer"), brms = "brmsfit",
                        broom.mixed = c("stanreg", "merMod", "brmsfit"))

# brms has methods of these, too, which other packages' pages describe.
owned_by_others <- c("as_draws", paste0("as_draws_", c("array", "df", "list", "matrix", "rvars")),
                     "as.mcmc", "emm_basis", "recover_data", "bayes_factor", "post_prob",
                     "neff_ratio", "rhat", "add_criterion", "get_refmodel")

# Of shinystan's pages, in test-shinystan.R.
tested_elsewhere <- "launch_shinystan"

# "VarCorr.relm" ends those of estimates, which come as generics named "print.VarCorr" here.
generics_of_relm <- sub("\\.relm$", "", ls(asNamespace("relm"), pattern = "\\.relm$"))

arguments_listed <- function(generic) {
  rows <- do.call(c, unname(lapply(argument_tables, `[[`, generic)))
  c(names(rows), absent_generics[[generic]])
}

# What another package's method takes beside the fit, and the tables have not. Of a later release
# relm may take some; the others it has to refuse.
unlisted <- function(package, generic, class) {
  method <- get0(paste0(generic, ".", class), asNamespace(package), inherits = FALSE)
  if (is.null(method)) return(NULL)
  missing <- setdiff(names(formals(method))[-1], c("...", arguments_listed(generic)))
  if (utils::packageVersion(package) <= releases[[package]]) return(missing)
  own <- get(paste0(generic, ".relm"), asNamespace("relm"))
  Filter(function(name) {
    !inherits(try(do.call(own, c(list(fit), stats::setNames(list(TRUE), name))), TRUE), "try-error")
  }, setdiff(missing, names(formals(own))))
}

for (package in names(classes_of_fits)) {
  test_that(paste("the tables have all arguments of", package), {
    suppressWarnings(skip_if_not_installed(package))
    found <- 0
    for (class in classes_of_fits[[package]]) {
      others <- c(tested_elsewhere, if (package == "brms") owned_by_others)
      for (generic in setdiff(generics_of_relm, others)) {
        missing <- unlisted(package, generic, class)
        if (is.null(missing)) next
        found <- found + 1
        expect_identical(missing, character(), label = paste0(package, "'s ", generic, "()"))
      }
    }
    expect_gt(found, 2)
  })
}

test_that("arguments in other packages' order are not taken for others", {
  calls <- expression(
    posterior_predict(fit, new, 7), predictive_error(fit, new, 7), log_lik(fit, new, 3),
    predictive_interval(fit, 0.5, new), posterior_epred(fit, new, 7), bayes_R2(fit, NA),
    posterior_linpred(fit, FALSE, new, 7), kfold(fit, 2, NULL, TRUE), waic(fit, 1), loo(fit, 1),
    pp_check(fit, "dens_overlay", 5, 123), summary(fit, "x"), summary(fit, "sigma", "^b_"),
    as.matrix(fit, "(Intercept)"), as.array(fit, "sigma", "^b_"), as.data.frame(fit, "sigma"),
    posterior_interval(fit, 0.5, "central", "sigma", "^b_"), plot(fit, "areas", "sigma", "^sd_"),
    plot(fit, resid(.) ~ fitted(.)), loo_compare(fit, single, "waic"), print(fit, 3, TRUE),
    prior_summary(fit, 2), predict(fit, new, NULL, NA), simulate(fit, 1, 1, TRUE),
    refit(single, d$y, TRUE), residuals(fit, "pearson", TRUE), update(fit, . ~ . - x, FALSE)
  )
  for (call in as.list(calls)) {
    expect_error(eval(call, here), class = "relm_error", label = deparse1(call))
  }
  expect_error(update(fit, . ~ . - x, FALSE), "data.*na.action.*progress", class = "relm_error")
})

test_that("what lme4's own functions ask a fit for is refused with the reason", {
  expect_error(getME(fit, "theta"), "VarCorr.*isSingular", class = "relm_error")
  skip_if_not_installed("lme4")
  expect_error(lme4::isSingular(fit), "Draws of .*standard deviation", class = "relm_error")
})

test_that("what a posterior does not have says so whatever the arguments", {
  for (generic in names(absent_generics)) {
    for (arguments in c(list(list()), lapply(absent_generics[[generic]], function(name) {
      stats::setNames(list(TRUE), name)
    }))) {
      expect_error(do.call(generic, c(list(fit), arguments)), paste0("no `", generic, "\\(\\)`"),
                   class = "relm_error")
    }
  }
})
